/**
 * How far a recording has played since the place that was asked for. `pts` go on growing over a seek; the new place
 * begins with the key frame that carries the discontinuity flag (docs/reference/media-websocket.md, "Recordings").
 */
export class Played {
  private base: number | null = null;
  private last = 0;
  private seeking = false;

  frame(ptsUs: number, discontinuity: boolean): void {
    if (this.base === null || (this.seeking && discontinuity)) {
      this.base = ptsUs;
      this.seeking = false;
    }
    this.last = ptsUs;
  }

  note(message: Record<string, unknown>): void {
    if (message["type"] === "seek") this.seeking = true;
  }

  /** Null before the first picture, and between a seek and the first picture of the new place. */
  get ms(): number | null {
    return this.base === null || this.seeking ? null : Math.max(0, this.last - this.base) / 1000;
  }
}
