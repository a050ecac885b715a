/** One viewer's WebSocket: subprotocol ticket, JSON messages in text, media in binary. Runs in the page or in a worker. */
import { parseFrame, type MediaFrame } from "./frame";

export interface InitMessage {
  format: "annexb" | "fmp4";
  codec: string;
  mime: string;
  width: number;
  height: number;
}

export interface SocketEvents {
  opened(): void;
  init(message: InitMessage): void;
  frame(frame: MediaFrame, bytes: number): void;
  /** `stats`, `state` and whatever else the server says about the stream. */
  note(message: Record<string, unknown>): void;
  /** The last event; `code` is the server's `media.…` code, or one of the player's own. */
  closed(code: string): void;
}

const CLOSE_CODES: Record<number, string> = {
  4401: "media.bad-ticket",
  4404: "media.stream-gone",
  4408: "media.viewer-too-slow",
  4409: "media.speaker-busy",
  1001: "player.server-going-away",
};

export const SUBPROTOCOL = "civicam.media.v1";

export class MediaSocket {
  private readonly socket: WebSocket;
  private ended: string | null = null;
  private done = false;

  constructor(
    url: string,
    ticket: string,
    private readonly events: SocketEvents,
  ) {
    this.socket = new WebSocket(url, [SUBPROTOCOL, `ticket.${ticket}`]);
    this.socket.binaryType = "arraybuffer";
    this.socket.onopen = () => this.events.opened();
    this.socket.onmessage = (event: MessageEvent<ArrayBuffer | string>) => this.take(event.data);
    this.socket.onclose = (event) => this.finish(CLOSE_CODES[event.code] ?? "player.connection-lost");
  }

  /** What a speaker says; nothing while the connection is not open. */
  send(data: Uint8Array<ArrayBuffer>): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(data);
  }

  /** Ends quietly: no `closed` event follows. */
  close(): void {
    this.done = true;
    this.socket.close(1000);
  }

  private take(data: ArrayBuffer | string): void {
    if (this.done) return;
    if (typeof data !== "string") {
      const frame = parseFrame(data);
      if (frame !== null) this.events.frame(frame, data.byteLength);
      return;
    }
    const message = JSON.parse(data) as Record<string, unknown>;
    if (message["type"] === "init") this.events.init(message as unknown as InitMessage);
    else if (message["type"] === "end") this.ended = String(message["code"] ?? "media.stream-gone");
    else this.events.note(message);
  }

  private finish(code: string): void {
    if (this.done) return;
    this.done = true;
    this.events.closed(this.ended ?? code);
  }
}
