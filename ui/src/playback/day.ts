/** A day of recordings as a bar: what is drawn where, and what a moment on it means. Pure; times in ms. */
import type { Recording } from "./api";

export const DAY_MS = 86_400_000;

export interface Piece {
  start: number;
  end: number;
  kind: string;
}

/** The recordings inside a day, in order; what touches or overlaps and is of one kind becomes one piece. */
export function piecesOf(recordings: readonly Recording[], dayStart: number): Piece[] {
  const inside = recordings
    .map((each) => ({ start: Date.parse(each.start), end: Date.parse(each.end), kind: each.kind }))
    .map((each) => ({ ...each, start: Math.max(each.start, dayStart), end: Math.min(each.end, dayStart + DAY_MS) }))
    .filter((each) => each.end > each.start)
    .sort((one, other) => one.start - other.start);
  const out: Piece[] = [];
  for (const piece of inside) {
    const last = out.at(-1);
    if (last !== undefined && last.kind === piece.kind && piece.start <= last.end + 1000) {
      last.end = Math.max(last.end, piece.end);
    } else out.push(piece);
  }
  return out;
}

/** How much is recorded, ms; pieces of different kinds may overlap and count once. */
export function recorded(pieces: readonly Piece[]): number {
  let until = 0;
  let sum = 0;
  for (const { start, end } of pieces) {
    sum += Math.max(0, end - Math.max(start, until));
    until = Math.max(until, end);
  }
  return sum;
}

/** Where to begin for a wish: the moment itself when it is recorded, else the next piece's start; null: none follows. */
export function beginAt(pieces: readonly Piece[], wish: number): number | null {
  if (pieces.some((piece) => piece.start <= wish && wish < piece.end)) return wish;
  const next = pieces.filter((piece) => piece.start > wish).map((piece) => piece.start);
  return next.length === 0 ? null : Math.min(...next);
}

/** Where the recording around `wish` ends without a gap; null outside of every piece. */
export function runEnd(pieces: readonly Piece[], wish: number): number | null {
  let end: number | null = null;
  for (const piece of pieces) {
    const joins = end === null ? piece.start <= wish && wish < piece.end : piece.start <= end + 1000;
    if (joins) end = Math.max(end ?? 0, piece.end);
  }
  return end;
}
