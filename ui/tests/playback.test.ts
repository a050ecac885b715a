import { describe, expect, it } from "vitest";
import { Played } from "@/live/player/played";
import { houseTime } from "@/parts/format";
import { beginAt, DAY_MS, piecesOf, recorded, runEnd } from "@/playback/day";

const DAY = Date.parse("2026-03-02T00:00:00+08:00");
const MIN = 60_000;
const piece = (from: number, to: number, kind = "time") => ({
  start: new Date(DAY + from * MIN).toISOString(),
  end: new Date(DAY + to * MIN).toISOString(),
  name: "",
  kind,
  size: null,
});
const minutes = (found: { start: number; end: number; kind: string }[]) =>
  found.map((each) => [(each.start - DAY) / MIN, (each.end - DAY) / MIN, each.kind]);

describe("a day of recordings", () => {
  it("joins what touches, cuts at the day's ends, and keeps kinds apart", () => {
    const found = piecesOf([piece(20, 30), piece(-10, 10), piece(10, 20), piece(25, 28, "alarm"), piece(1430, 1500)], DAY);
    expect(minutes(found)).toEqual([
      [0, 30, "time"],
      [25, 28, "alarm"],
      [1430, DAY_MS / MIN, "time"],
    ]);
  });
  it("leaves out another day", () => expect(piecesOf([piece(-20, 0), piece(1440, 1450)], DAY)).toEqual([]));
  it("counts an overlap once", () => expect(recorded(piecesOf([piece(0, 10), piece(5, 15, "alarm")], DAY))).toBe(15 * MIN));
  it("begins where it was wished, else at the next piece", () => {
    const pieces = piecesOf([piece(10, 20), piece(40, 50)], DAY);
    expect(beginAt(pieces, DAY + 15 * MIN)).toBe(DAY + 15 * MIN);
    expect(beginAt(pieces, DAY)).toBe(DAY + 10 * MIN);
    expect(beginAt(pieces, DAY + 20 * MIN)).toBe(DAY + 40 * MIN);
    expect(beginAt(pieces, DAY + 50 * MIN)).toBeNull();
  });
  it("ends a run at the first gap, whatever the kinds", () => {
    const pieces = piecesOf([piece(0, 10), piece(10, 20, "alarm"), piece(30, 40)], DAY);
    expect(runEnd(pieces, DAY + 5 * MIN)).toBe(DAY + 20 * MIN);
    expect(runEnd(pieces, DAY + 25 * MIN)).toBeNull();
    expect(runEnd(pieces, DAY + 30 * MIN)).toBe(DAY + 40 * MIN);
  });
});

describe("how far a recording has played", () => {
  it("counts from the first picture, and over a seek from the key frame of the new place", () => {
    const played = new Played();
    expect(played.ms).toBeNull();
    played.frame(5_000_000, true);
    played.frame(7_000_000, false);
    expect(played.ms).toBe(2000);
    played.note({ type: "seek" });
    played.frame(7_040_000, false);
    expect(played.ms).toBeNull();
    played.frame(7_080_000, true);
    played.frame(8_080_000, false);
    expect(played.ms).toBe(1000);
  });
  it("is not confused by a new timeline nobody asked for", () => {
    const played = new Played();
    played.frame(0, true);
    played.frame(3_000_000, true);
    expect(played.ms).toBe(3000);
  });
});

describe("what a person typed", () => {
  it.each([
    ["", ""],
    ["2026-03-02 08:00", "2026-03-02T08:00:00+08:00"],
    [" 2026-03-02 8:05:09 ", "2026-03-02T08:05:09+08:00"],
    ["2026-13-02 08:00", ""],
    ["yesterday", ""],
    ["2026-03-02T08:00:07", "2026-03-02T08:00:07+08:00"],
  ])("%j", (typed, moment) => expect(houseTime(typed)).toBe(moment));
});
