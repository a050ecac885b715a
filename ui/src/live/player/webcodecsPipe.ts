/** WebCodecs in a worker, drawing on a canvas handed over to it. */
import type { FromWorker, ToWorker } from "./decode.worker";
import type { Door, Pipe, PipeEvents } from "./pipe";

export class WebCodecsPipe implements Pipe {
  readonly element: HTMLCanvasElement;
  private readonly worker: Worker;

  constructor(
    private readonly events: PipeEvents,
    clockOffsetMs: number,
  ) {
    this.element = document.createElement("canvas");
    this.element.width = 16;
    this.element.height = 9;
    this.worker = new Worker(new URL("./decode.worker.ts", import.meta.url), { type: "module" });
    this.worker.onmessage = (event: MessageEvent<FromWorker>) => this.take(event.data);
    this.worker.onerror = () => this.events.closed("player.worker-failed");
    const canvas = this.element.transferControlToOffscreen();
    this.tell({ type: "canvas", canvas, clockOffsetMs }, [canvas]);
  }

  open(door: Door): void {
    this.tell({ type: "open", url: door.url, ticket: door.ticket });
  }

  close(): void {
    this.tell({ type: "close" });
  }

  destroy(): void {
    this.close();
    this.worker.onmessage = null;
    this.worker.terminate();
    this.element.remove();
  }

  private tell(message: ToWorker, transfer: Transferable[] = []): void {
    this.worker.postMessage(message, transfer);
  }

  private take(message: FromWorker): void {
    switch (message.type) {
      case "opened":
        return this.events.opened();
      case "picture":
        return this.events.picture();
      case "codec":
        return this.events.codec(message.codec);
      case "unsupported":
        return this.events.unsupported(message.codec);
      case "stats":
        return this.events.stats(message.stats);
      case "note":
        return this.events.note(message.message);
      case "closed":
        return this.events.closed(message.code);
    }
  }
}
