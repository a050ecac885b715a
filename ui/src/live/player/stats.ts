/** What the pane's statistics overlay shows: the server's figures of the stream beside what this page really drew. */

export interface ServerStats {
  codec: string;
  width: number;
  height: number;
  kbps: number;
  fps: number;
  loss: number;
  jitterMs: number;
}

export interface PaneStats {
  codec: string;
  width: number;
  height: number;
  /** Drawn by this page, per second. */
  fps: number;
  /** Received by this page, kbit/s. */
  kbps: number;
  /** Share of packets lost between camera and server, 0..1; null until the server said so. */
  loss: number | null;
  jitterMs: number | null;
  /** From arrival at the server to the screen, ms; null until a picture was drawn. */
  latencyMs: number | null;
  /** Pictures this page had to leave out. */
  dropped: number;
  /** Recordings: ms of recording since the place asked for; null where it is not known. */
  playedMs: number | null;
}

interface Sample {
  at: number;
  bytes: number;
  drawn: number;
}

const WINDOW_MS = 3_000;

/** Rates over the last three seconds. Pure: times are arguments (ms). */
export class RateMeter {
  private samples: Sample[] = [];
  private latencies: number[] = [];

  received(bytes: number, now: number): void {
    this.push({ at: now, bytes, drawn: 0 });
  }

  drew(latencyMs: number, now: number): void {
    this.push({ at: now, bytes: 0, drawn: 1 });
    this.latencies.push(latencyMs);
    if (this.latencies.length > 50) this.latencies.shift();
  }

  rates(now: number): { kbps: number; fps: number; latencyMs: number | null } {
    this.trim(now);
    const first = this.samples[0];
    if (first === undefined) return { kbps: 0, fps: 0, latencyMs: null };
    const seconds = Math.max((now - first.at) / 1000, 0.5);
    let bytes = 0;
    let drawn = 0;
    for (const sample of this.samples) {
      bytes += sample.bytes;
      drawn += sample.drawn;
    }
    return { kbps: (bytes * 8) / 1000 / seconds, fps: drawn / seconds, latencyMs: median(this.latencies) };
  }

  private push(sample: Sample): void {
    this.samples.push(sample);
    this.trim(sample.at);
  }

  private trim(now: number): void {
    while (this.samples.length > 0 && now - (this.samples[0]?.at ?? now) > WINDOW_MS) this.samples.shift();
  }
}

export function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? null;
}

/** Takes the server's `stats` message; fields it does not have stay at zero. */
export function serverStats(message: Record<string, unknown>): ServerStats {
  const number = (key: string): number => (typeof message[key] === "number" ? message[key] : 0);
  return {
    codec: typeof message["codec"] === "string" ? message["codec"] : "",
    width: number("width"),
    height: number("height"),
    kbps: number("kbps"),
    fps: number("fps"),
    loss: number("loss"),
    jitterMs: number("jitter_ms"),
  };
}
