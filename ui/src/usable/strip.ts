/** A channel's last days as pieces of one colour each: what it was, and which cause took it away. Pure. */
import { dateTime } from "@/parts/format";
import type { Kind } from "@/outages/api";
import type { Span, Taken, UsableState } from "./api";

/** From `start` to `end` (Unix ms) nothing changed; `cause` null: usable, or nobody named a cause. */
export interface Piece {
  start: number;
  end: number;
  state: UsableState;
  gap: boolean;
  legs: Span["legs"];
  cause: Taken | null;
}

/** What a piece is drawn as: healthy, not known, a kind of cause, or down without a cause. */
export type Look = "good" | "blind" | "none" | "uncaused" | Kind;

interface Held {
  from: number;
  to: number;
  cause: Taken;
}

/** Spans of history, those that are not good cut where a cause of the ledger begins or ends. */
export function pieces(spans: readonly Span[], causes: readonly Taken[], now: number): Piece[] {
  const held: Held[] = causes.flatMap((cause) =>
    cause.spans.map((span) => ({
      from: Date.parse(span.began),
      to: span.ended === null ? now : Date.parse(span.ended),
      cause,
    })),
  );
  const found: Piece[] = [];
  for (const span of spans) {
    const [start, end] = [Date.parse(span.start), Date.parse(span.end)];
    const plain = { state: span.state, gap: span.gap, legs: span.legs };
    if (span.state === "good" || span.state === "not configured") {
      found.push({ start, end, ...plain, cause: null });
      continue;
    }
    const mine = held.filter(({ from, to }) => from < end && to > start);
    const edges = new Set([start, end]);
    for (const { from, to } of mine) for (const edge of [from, to]) if (edge > start && edge < end) edges.add(edge);
    const cuts = [...edges].sort((a, b) => a - b);
    for (let at = 0; at + 1 < cuts.length; at += 1) {
      const [from, to] = [cuts[at] ?? 0, cuts[at + 1] ?? 0];
      const cause = mine.find((each) => each.from <= from && each.to >= to)?.cause ?? null;
      const last = found.at(-1);
      if (last !== undefined && last.end === from && last.cause === cause && last.state === span.state && last.gap === span.gap) last.end = to;
      else found.push({ start: from, end: to, ...plain, cause });
    }
  }
  return found;
}

export function lookOf(piece: Piece): Look {
  if (piece.state === "good") return "good";
  if (piece.state === "not configured") return "none";
  if (piece.cause !== null) return piece.cause.outage.kind;
  return piece.state === "unknown" ? "blind" : "uncaused";
}

export interface Part {
  /** Index of the piece. */
  piece: number;
  /** Minutes from midnight, and how many. */
  from: number;
  minutes: number;
}

export interface Day {
  /** `YYYY-MM-DD` in the house's time. */
  day: string;
  parts: Part[];
}

const MINUTE_MS = 60_000;
const DAY_MS = 1440 * MINUTE_MS;
// The house's time is UTC+8 without summer time.
const OFFSET_MS = 8 * 60 * MINUTE_MS;

/** Pieces by day of the house, the newest day first. */
export function days(all: readonly Piece[]): Day[] {
  const found = new Map<number, Part[]>();
  all.forEach((piece, index) => {
    for (let at = piece.start; at < piece.end; ) {
      const day = Math.floor((at + OFFSET_MS) / DAY_MS);
      const midnight = day * DAY_MS - OFFSET_MS;
      const upto = Math.min(piece.end, midnight + DAY_MS);
      const parts = found.get(day) ?? [];
      parts.push({ piece: index, from: (at - midnight) / MINUTE_MS, minutes: (upto - at) / MINUTE_MS });
      found.set(day, parts);
      at = upto;
    }
  });
  return [...found].sort(([a], [b]) => b - a).map(([day, parts]) => ({ day: dateTime(day * DAY_MS).slice(0, 10), parts }));
}
