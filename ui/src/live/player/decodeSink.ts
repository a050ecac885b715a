/**
 * Annex B → VideoDecoder → canvas. No waiting for a clean key frame after loss: damaged pictures are passed on,
 * most of them decode; only a decoder that gives up starts again at the next key frame.
 */
import type { MediaFrame } from "./frame";

export interface SinkEvents {
  unsupported(codec: string): void;
  /** A picture is on the canvas. */
  drew(arrivalMs: number, width: number, height: number): void;
  /** Pictures left out, and why: the decoder fell behind or gave up. */
  dropped(count: number, why: "slow" | "error"): void;
}

// Beyond this many undecoded pictures the machine is too slow; start again at the next key frame.
const MAX_QUEUE = 40;
// While catching up (the first GOP, or after a pause) draw at most every so many ms.
const CATCH_UP_DRAW_MS = 100;

type Canvas = OffscreenCanvas | HTMLCanvasElement;

export class DecodeSink {
  private decoder: VideoDecoder | null = null;
  private codec = "";
  private waiting: MediaFrame[] | null = [];
  private needKey = true;
  private readonly arrivals = new Map<number, number>();
  private lastDraw = 0;
  private readonly pen: OffscreenCanvasRenderingContext2D | CanvasRenderingContext2D;

  constructor(
    private readonly canvas: Canvas,
    private readonly events: SinkEvents,
  ) {
    const pen = (canvas as OffscreenCanvas).getContext("2d", { alpha: false, desynchronized: true });
    if (pen === null) throw new Error("no 2d context");
    this.pen = pen;
  }

  /** A new stream or new parameters; frames that come while the browser is being asked wait. */
  async init(codec: string): Promise<void> {
    if (codec === this.codec && this.decoder?.state === "configured") return;
    this.codec = codec;
    this.waiting = [];
    const config: VideoDecoderConfig = { codec, optimizeForLatency: true };
    const support = await VideoDecoder.isConfigSupported(config).catch(() => ({ supported: false }));
    if (support.supported !== true) {
      this.events.unsupported(codec);
      return;
    }
    this.restart();
    const held = this.waiting;
    this.waiting = null;
    for (const frame of held) this.push(frame);
  }

  push(frame: MediaFrame): void {
    if (this.waiting !== null) {
      this.waiting.push(frame);
      return;
    }
    const decoder = this.decoder;
    if (decoder === null || decoder.state !== "configured") return;
    if (this.needKey && !frame.key) return;
    if (!frame.key && decoder.decodeQueueSize > MAX_QUEUE) {
      this.events.dropped(decoder.decodeQueueSize, "slow");
      this.restart();
      return;
    }
    this.needKey = false;
    this.arrivals.set(frame.ptsUs, frame.arrivalMs);
    decoder.decode(
      new EncodedVideoChunk({ type: frame.key ? "key" : "delta", timestamp: frame.ptsUs, data: frame.payload }),
    );
  }

  close(): void {
    if (this.decoder !== null && this.decoder.state !== "closed") this.decoder.close();
    this.decoder = null;
    this.codec = "";
    this.waiting = [];
    this.arrivals.clear();
  }

  private restart(): void {
    if (this.decoder !== null && this.decoder.state !== "closed") this.decoder.close();
    this.arrivals.clear();
    this.needKey = true;
    this.decoder = new VideoDecoder({
      output: (picture) => this.draw(picture),
      error: () => {
        this.events.dropped(1, "error");
        this.restart();
      },
    });
    this.decoder.configure({ codec: this.codec, optimizeForLatency: true });
  }

  private draw(picture: VideoFrame): void {
    const arrival = this.arrivals.get(picture.timestamp) ?? Date.now();
    this.arrivals.delete(picture.timestamp);
    if (this.arrivals.size > 200) this.arrivals.clear();
    const behind = (this.decoder?.decodeQueueSize ?? 0) > 2;
    if (behind && performance.now() - this.lastDraw < CATCH_UP_DRAW_MS) {
      picture.close();
      return;
    }
    const { displayWidth: width, displayHeight: height } = picture;
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
    }
    this.pen.drawImage(picture, 0, 0);
    picture.close();
    this.lastDraw = performance.now();
    this.events.drew(arrival, width, height);
  }
}
