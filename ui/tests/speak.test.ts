import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError } from "@/api/client";
import { aLaw, encode } from "@/speak/g711";
import { levelOf, QUIET_MS, Talker, Trouble, type SpeakState, type TalkerDeps } from "@/speak/talker";

describe("G.711 A-law", () => {
  /** The same samples through `civicam.media.core.g711`, which is held against ffmpeg. */
  const SAMPLES = [0, 1, -1, 7, 8, -8, 15, 16, 100, -100, 255, 256, 1000, -1000, 4095, -4096, 8191, 12345, -12345, 32767, -32768, -32767];
  const BYTES = [213, 213, 85, 213, 213, 85, 213, 212, 211, 83, 218, 197, 250, 122, 154, 26, 138, 189, 61, 170, 42, 42];

  it("is what the server's own encoder makes", () => {
    expect(SAMPLES.map(aLaw)).toEqual(BYTES);
  });

  it("cuts what is too loud, and keeps one byte a sample", () => {
    expect([...encode(new Float32Array([0, 1, 2, -1, -2]))]).toEqual([0xd5, 0xaa, 0xaa, 0x2a, 0x2a]);
  });
});

describe("the level meter", () => {
  it("shows 60 dB below full scale as nothing and full scale as all", () => {
    expect(levelOf(new Float32Array(160))).toBe(0);
    expect(levelOf(new Float32Array([0.0001]))).toBe(0);
    expect(levelOf(new Float32Array([0.1]))).toBeCloseTo(2 / 3);
    expect(levelOf(new Float32Array([-1, 0.5]))).toBe(1);
  });
});

describe("speaking", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function rig(changes: Partial<TalkerDeps> = {}) {
    const seen: string[] = [];
    const sent: number[] = [];
    const did: string[] = [];
    let take: (samples: Float32Array) => void = () => undefined;
    let closed: (code: string) => void = () => undefined;
    const talker = new Talker(
      {
        microphone: (next) => {
          take = next;
          did.push("microphone");
          return Promise.resolve({ close: () => void did.push("microphone closed") });
        },
        open: (purpose) => {
          did.push(`open ${purpose}`);
          return Promise.resolve({ url: "ws://door", ticket: "t" });
        },
        close: () => void did.push("closed"),
        connect: (_url, _ticket, events) => {
          closed = events.closed;
          did.push("connected");
          return { send: (data) => void sent.push(data.length), close: () => void did.push("hung up") };
        },
        ...changes,
      },
      { state: (state: SpeakState) => void seen.push(state.kind), level: () => undefined, note: () => undefined },
    );
    return { talker, seen, sent, did, say: () => take(new Float32Array(160)), close: (code: string) => closed(code) };
  }

  it("takes the microphone before the device is called, and sends only while something is held", async () => {
    const { talker, seen, sent, did, say } = rig();
    await talker.start("duty");
    expect(did).toEqual(["microphone", "open duty", "connected"]);
    expect(seen).toEqual(["microphone", "calling", "open"]);
    say();
    talker.hold();
    say();
    say();
    talker.release();
    say();
    expect(sent).toEqual([160, 160]);
    talker.end();
    talker.end();
    expect(did.slice(3)).toEqual(["microphone closed", "hung up", "closed"]);
    expect(talker.state.kind).toBe("idle");
  });

  it("calls no device when there is no microphone", async () => {
    const { talker, did } = rig({ microphone: () => Promise.reject(new Trouble("denied")) });
    await talker.start("duty");
    expect(talker.state).toEqual({ kind: "failed", trouble: "denied", reason: null });
    expect(did).toEqual([]);
  });

  it("says why the device does not listen, and lets the microphone go", async () => {
    const error = new ApiError("gateway.broadcast-busy", 409, { en: "busy" });
    const { talker, did } = rig({ open: () => Promise.reject(error) });
    await talker.start("duty");
    expect(talker.state).toEqual({ kind: "failed", trouble: "", reason: { code: error.code, message: { en: "busy" } } });
    expect(did).toEqual(["microphone", "microphone closed"]);
  });

  it("hangs up a device that answers after the person has left", async () => {
    let answer: (opened: { url: string; ticket: string }) => void = () => undefined;
    const { talker, did } = rig({ open: () => new Promise((done) => (answer = done)) });
    const started = talker.start("duty");
    await vi.advanceTimersByTimeAsync(0);
    expect(talker.state.kind).toBe("calling");
    talker.end();
    expect(did).toEqual(["microphone", "microphone closed"]);
    answer({ url: "ws://door", ticket: "t" });
    await started;
    expect(did).toEqual(["microphone", "microphone closed", "closed"]);
    expect(talker.state.kind).toBe("idle");
  });

  it("lets a microphone go that is allowed after the person has left", async () => {
    let allow: () => void = () => undefined;
    const closed = vi.fn();
    const { talker, did } = rig({ microphone: () => new Promise((done) => (allow = () => done({ close: closed }))) });
    const started = talker.start("duty");
    talker.end();
    allow();
    await started;
    expect(closed).toHaveBeenCalledOnce();
    expect(did).toEqual([]);
  });

  it("ends when the device hangs up, with its reason, and can begin anew", async () => {
    const { talker, close, seen } = rig();
    await talker.start("duty");
    talker.hold();
    close("media.stream-gone");
    expect(talker.state).toEqual({ kind: "ended", trouble: "", reason: { code: "media.stream-gone" } });
    expect(talker.speaking).toBe(false);
    close("late");
    await talker.start("maintenance");
    expect(seen.at(-1)).toBe("open");
  });

  it("frees the loudspeaker when nobody speaks, but not while somebody does", async () => {
    const { talker } = rig();
    await talker.start("duty");
    talker.hold();
    await vi.advanceTimersByTimeAsync(2 * QUIET_MS);
    expect(talker.state.kind).toBe("open");
    talker.release();
    await vi.advanceTimersByTimeAsync(QUIET_MS);
    expect(talker.state).toEqual({ kind: "ended", trouble: "quiet", reason: null });
  });

  it("cannot be held before the device listens", () => {
    const { talker } = rig();
    talker.hold();
    expect(talker.speaking).toBe(false);
  });
});
