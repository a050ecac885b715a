/** The microphone at 8 kHz, mono, in pieces of 20 ms. Browsers give it to pages of https and of this machine only. */
import capture from "./capture.worklet.ts?worker&url";
import { Trouble, type Microphone } from "./talker";

const RATE = 8_000;
const NAMED: Record<string, string> = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  NotFoundError: "noMicrophone",
  NotReadableError: "busyMicrophone",
  AbortError: "busyMicrophone",
};

export async function openMicrophone(take: (samples: Float32Array) => void): Promise<Microphone> {
  if (!window.isSecureContext || navigator.mediaDevices === undefined) throw new Trouble("insecure");
  const stream = await navigator.mediaDevices
    .getUserMedia({ audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true } })
    .catch((error: unknown) => {
      throw new Trouble(NAMED[error instanceof DOMException ? error.name : ""] ?? "noMicrophone");
    });
  const close = (): void => stream.getTracks().forEach((track) => track.stop());
  const context = new AudioContext({ sampleRate: RATE });
  try {
    await context.audioWorklet.addModule(capture);
    const node = new AudioWorkletNode(context, "capture", { numberOfOutputs: 0 });
    node.port.onmessage = (event: MessageEvent<Float32Array>) => take(event.data);
    context.createMediaStreamSource(stream).connect(node);
    await context.resume();
  } catch {
    close();
    void context.close();
    throw new Trouble("audio");
  }
  return {
    close() {
      close();
      void context.close();
    },
  };
}
