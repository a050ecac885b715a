/** Key-frame pictures from the server, one every two seconds: for codecs this browser does not have. */
import type { Pipe, PipeEvents } from "./pipe";
import { RateMeter } from "./stats";

const EVERY_MS = 2_000;

/** Fetches one picture; rejects with an object that has a `code`. */
export type FetchPicture = (signal: AbortSignal) => Promise<Blob>;

export class SnapshotPipe implements Pipe {
  readonly element: HTMLImageElement;
  private stopper: AbortController | null = null;
  private meter = new RateMeter();
  private shown: string | null = null;

  constructor(
    private readonly events: PipeEvents,
    private readonly fetchPicture: FetchPicture,
  ) {
    this.element = document.createElement("img");
    this.element.alt = "";
  }

  open(): void {
    this.close();
    this.meter = new RateMeter();
    const stopper = new AbortController();
    this.stopper = stopper;
    this.events.opened();
    void this.run(stopper.signal);
  }

  close(): void {
    this.stopper?.abort();
    this.stopper = null;
  }

  destroy(): void {
    this.close();
    if (this.shown !== null) URL.revokeObjectURL(this.shown);
    this.element.remove();
  }

  private async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const asked = performance.now();
      try {
        const picture = await this.fetchPicture(signal);
        if (signal.aborted) return;
        this.show(picture, performance.now() - asked);
      } catch (error) {
        if (signal.aborted) return;
        this.close();
        this.events.closed((error as { code?: string }).code ?? "player.connection-lost");
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
  }

  private show(picture: Blob, tookMs: number): void {
    const old = this.shown;
    this.shown = URL.createObjectURL(picture);
    this.element.src = this.shown;
    if (old !== null) URL.revokeObjectURL(old);
    const now = performance.now();
    this.meter.received(picture.size, now);
    this.meter.drew(tookMs, now);
    this.events.picture();
    const { naturalWidth: width, naturalHeight: height } = this.element;
    this.events.stats({ ...this.meter.rates(now), dropped: 0, width, height, playedMs: null });
  }
}
