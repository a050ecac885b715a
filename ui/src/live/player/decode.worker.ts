/** One pane's worker: its WebSocket, its decoder and its canvas, so that a busy page never holds up a picture. */
import { DecodeSink } from "./decodeSink";
import type { ClientStats } from "./pipe";
import { Played } from "./played";
import { MediaSocket } from "./socket";
import { RateMeter } from "./stats";

export type ToWorker =
  | { type: "canvas"; canvas: OffscreenCanvas; clockOffsetMs: number }
  | { type: "open"; url: string; ticket: string }
  | { type: "close" };

export type FromWorker =
  | { type: "opened" | "picture" }
  | { type: "codec" | "unsupported"; codec: string }
  | { type: "stats"; stats: ClientStats }
  | { type: "note"; message: Record<string, unknown> }
  | { type: "closed"; code: string };

const say = (message: FromWorker): void => self.postMessage(message);

let sink: DecodeSink | null = null;
let socket: MediaSocket | null = null;
let meter = new RateMeter();
let offset = 0;
let dropped = 0;
let size = { width: 0, height: 0 };
let first = true;
let played = new Played();
let timer: ReturnType<typeof setInterval> | undefined;

function prepare(canvas: OffscreenCanvas, clockOffsetMs: number): void {
  offset = clockOffsetMs;
  sink = new DecodeSink(canvas, {
    unsupported: (codec) => say({ type: "unsupported", codec }),
    drew: (arrivalMs, width, height) => {
      meter.drew(Math.max(0, Date.now() + offset - arrivalMs), performance.now());
      size = { width, height };
      if (first) say({ type: "picture" });
      first = false;
    },
    dropped: (count) => {
      dropped += count;
    },
  });
}

function open(url: string, ticket: string): void {
  close();
  first = true;
  dropped = 0;
  meter = new RateMeter();
  played = new Played();
  socket = new MediaSocket(url, ticket, {
    opened: () => say({ type: "opened" }),
    init: (message) => {
      say({ type: "codec", codec: message.codec });
      void sink?.init(message.codec);
    },
    frame: (frame, bytes) => {
      meter.received(bytes, performance.now());
      if (frame.kind !== 1) return;
      played.frame(frame.ptsUs, frame.discontinuity);
      sink?.push(frame);
    },
    note: (message) => {
      played.note(message);
      say({ type: "note", message });
    },
    closed: (code) => {
      close();
      say({ type: "closed", code });
    },
  });
  timer = setInterval(() => {
    const rates = meter.rates(performance.now());
    say({ type: "stats", stats: { ...rates, dropped, ...size, playedMs: played.ms } });
  }, 1000);
}

function close(): void {
  clearInterval(timer);
  socket?.close();
  socket = null;
  sink?.close();
}

self.onmessage = (event: MessageEvent<ToWorker>) => {
  const message = event.data;
  if (message.type === "canvas") prepare(message.canvas, message.clockOffsetMs);
  else if (message.type === "open") open(message.url, message.ticket);
  else close();
};
