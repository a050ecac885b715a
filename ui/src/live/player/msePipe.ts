/** Fragmented MP4 over the WebSocket into a MediaSource, kept at the live edge. Works without a secure context. */
import type { MediaFrame } from "./frame";
import { EDGE, followEdge } from "./liveEdge";
import type { Door, Pipe, PipeEvents } from "./pipe";
import { Played } from "./played";
import { MediaSocket, type InitMessage } from "./socket";
import { RateMeter } from "./stats";

// Seconds of played picture to keep, and how much may wait for the SourceBuffer before the page gives up and jumps.
const KEEP_BEHIND_S = 8;
const MAX_QUEUE = 250;

export class MsePipe implements Pipe {
  readonly element: HTMLVideoElement;
  private socket: MediaSocket | null = null;
  private source: MediaSource | null = null;
  private buffer: SourceBuffer | null = null;
  private queue: Uint8Array<ArrayBuffer>[] = [];
  private meter = new RateMeter();
  private played = new Played();
  private lastArrival = 0;
  private dropped = 0;
  private first = true;
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor(
    private readonly events: PipeEvents,
    private readonly clockOffsetMs: number,
  ) {
    this.element = document.createElement("video");
    this.element.muted = true;
    this.element.autoplay = true;
    this.element.playsInline = true;
    this.element.disablePictureInPicture = true;
    this.watchFrames();
  }

  open(door: Door): void {
    this.close();
    this.first = true;
    this.dropped = 0;
    this.meter = new RateMeter();
    this.played = new Played();
    this.socket = new MediaSocket(door.url, door.ticket, {
      opened: () => this.events.opened(),
      init: (message) => this.init(message),
      frame: (frame, bytes) => this.take(frame, bytes),
      note: (message) => {
        this.played.note(message);
        this.events.note(message);
      },
      closed: (code) => {
        this.close();
        this.events.closed(code);
      },
    });
    this.timer = setInterval(() => this.report(), 1000);
  }

  close(): void {
    clearInterval(this.timer);
    this.socket?.close();
    this.socket = null;
    this.queue = [];
  }

  destroy(): void {
    this.close();
    this.detach();
    this.element.remove();
  }

  private init(message: InitMessage): void {
    this.events.codec(message.codec);
    if (!MediaSource.isTypeSupported(message.mime)) {
      this.events.unsupported(message.codec);
      return;
    }
    // A new MediaSource for each connection: absolute timestamps may start anywhere after a restart.
    this.detach();
    const source = new MediaSource();
    this.source = source;
    this.element.src = URL.createObjectURL(source);
    source.addEventListener(
      "sourceopen",
      () => {
        URL.revokeObjectURL(this.element.src);
        if (this.source !== source) return;
        this.buffer = source.addSourceBuffer(message.mime);
        this.buffer.addEventListener("updateend", () => this.appended());
        this.pump();
      },
      { once: true },
    );
  }

  private detach(): void {
    this.buffer = null;
    if (this.source === null) return;
    this.source = null;
    this.queue = [];
    this.element.removeAttribute("src");
    this.element.load();
  }

  private take(frame: MediaFrame, bytes: number): void {
    this.meter.received(bytes, performance.now());
    this.lastArrival = frame.arrivalMs;
    if (frame.kind !== 3 && frame.kind !== 4) return;
    if (frame.kind === 4) this.played.frame(frame.ptsUs, frame.discontinuity);
    this.queue.push(frame.payload);
    if (this.queue.length > MAX_QUEUE) {
      this.dropped += this.queue.length;
      this.close();
      this.events.closed("player.too-slow");
      return;
    }
    this.pump();
  }

  private pump(): void {
    const buffer = this.buffer;
    if (buffer === null || buffer.updating || this.queue.length === 0) return;
    try {
      buffer.appendBuffer(join(this.queue));
      this.queue = [];
    } catch {
      // Full (QuotaExceededError) or a broken segment: start again with a fresh source.
      this.close();
      this.events.closed("player.buffer-failed");
    }
  }

  private appended(): void {
    const buffer = this.buffer;
    const ranges = this.element.buffered;
    if (buffer === null || ranges.length === 0) return this.pump();
    const end = ranges.end(ranges.length - 1);
    const start = ranges.start(ranges.length - 1);
    if (this.element.currentTime < start) this.element.currentTime = Math.max(start, end - EDGE.target);
    const action = followEdge(this.element.currentTime, end, this.element.playbackRate);
    if (action.seekTo !== null) this.element.currentTime = Math.max(start, action.seekTo);
    if (this.element.playbackRate !== action.rate) this.element.playbackRate = action.rate;
    if (this.element.paused) void this.element.play().catch(() => undefined);
    const oldest = this.element.currentTime - KEEP_BEHIND_S;
    if (ranges.start(0) < oldest - KEEP_BEHIND_S && !buffer.updating) buffer.remove(0, oldest);
    else this.pump();
  }

  private watchFrames(): void {
    const next = (): void => {
      if (this.first && this.socket !== null) {
        this.first = false;
        this.events.picture();
      }
      const ranges = this.element.buffered;
      const ahead = ranges.length > 0 ? ranges.end(ranges.length - 1) - this.element.currentTime : 0;
      const age = Date.now() + this.clockOffsetMs - this.lastArrival;
      this.meter.drew(Math.max(0, age + ahead * 1000), performance.now());
      this.element.requestVideoFrameCallback(next);
    };
    this.element.requestVideoFrameCallback(next);
  }

  private report(): void {
    this.events.stats({
      ...this.meter.rates(performance.now()),
      dropped: this.dropped,
      width: this.element.videoWidth,
      height: this.element.videoHeight,
      playedMs: this.played.ms,
    });
  }
}

function join(parts: readonly Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  const only = parts[0];
  if (parts.length === 1 && only !== undefined) return only;
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.byteLength;
  }
  return all;
}
