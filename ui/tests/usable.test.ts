import { describe, expect, it } from "vitest";
import type { Outage } from "@/outages/api";
import type { Span, Taken, UsableState } from "@/usable/api";
import { days, lookOf, pieces } from "@/usable/strip";
import { clashes, overlapping, runs, type Work } from "@/works/api";

const at = (text: string): number => Date.parse(`2026-03-${text}:00+08:00`);
const iso = (text: string): string => new Date(at(text)).toISOString();
const span = (from: string, to: string, state: UsableState, gap = false): Span => ({
  start: iso(from), end: iso(to), state, gap, legs: state === "bad" ? ["signalling"] : [],
});
const cause = (kind: Outage["kind"], ...times: [string, string | null][]): Taken => ({
  outage: { id: kind, kind } as Outage,
  spans: times.map(([began, ended]) => ({ began: iso(began), ended: ended === null ? null : iso(ended), unknown: false })),
  unusable_minutes: 0,
  unknown_minutes: 0,
});

describe("a channel's strip", () => {
  const now = at("02T12:00");

  it("colours what was down by its cause, cut where the cause begins and ends", () => {
    const made = pieces(
      [span("01T00:00", "01T10:00", "good"), span("01T10:00", "01T12:00", "bad"), span("01T12:00", "02T12:00", "good")],
      [cause("mains", ["01T10:30", "01T11:00"])],
      now,
    );
    expect(made.map((piece) => [lookOf(piece), piece.start, piece.end])).toEqual([
      ["good", at("01T00:00"), at("01T10:00")],
      ["uncaused", at("01T10:00"), at("01T10:30")],
      ["mains", at("01T10:30"), at("01T11:00")],
      ["uncaused", at("01T11:00"), at("01T12:00")],
      ["good", at("01T12:00"), at("02T12:00")],
    ]);
  });

  it("never colours good minutes by a cause, and tells what is not known from a cause that is not", () => {
    const made = pieces(
      [span("02T09:00", "02T10:00", "good"), span("02T10:00", "02T11:00", "unknown", true), span("02T11:00", "02T12:00", "bad")],
      [cause("unknown", ["02T09:00", "02T10:00"], ["02T11:00", null])],
      now,
    );
    expect(made.map(lookOf)).toEqual(["good", "blind", "unknown"]);
    expect(made[1]?.gap).toBe(true);
  });

  it("covers the period without holes whatever the causes are", () => {
    const spans = [span("01T00:00", "01T07:00", "bad"), span("01T07:00", "01T09:00", "unknown"), span("01T09:00", "02T12:00", "bad")];
    const made = pieces(spans, [cause("fibre", ["01T02:00", "01T08:00"], ["01T20:00", null]), cause("mains", ["01T03:00", "01T04:00"])], now);
    expect(made[0]?.start).toBe(at("01T00:00"));
    expect(made.at(-1)?.end).toBe(now);
    for (let each = 1; each < made.length; each += 1) expect(made[each]?.start).toBe(made[each - 1]?.end);
  });

  it("is cut into days of the house, the newest first, each minute once", () => {
    const made = pieces([span("01T22:00", "02T12:00", "good")], [], now);
    expect(days(made)).toEqual([
      { day: "2026-03-02", parts: [{ piece: 0, from: 0, minutes: 720 }] },
      { day: "2026-03-01", parts: [{ piece: 0, from: 1320, minutes: 120 }] },
    ]);
  });
});

describe("planned work", () => {
  const work = (work_id: string, node: string, begin: string, end: string): Work =>
    ({ work_id, node, begin: iso(begin), end: iso(end) }) as Work;
  const all = [work("a", "feed", "01T10:00", "01T12:00"), work("b", "feed", "01T11:00", "01T13:00"), work("c", "feed", "01T13:00", "01T14:00"), work("d", "odf", "01T11:00", "01T13:00")];

  it("clashes at the same place at the same time; what only touches does not", () => {
    expect([...clashes(all)]).toEqual([["a", 1], ["b", 1]]);
  });

  it("meets what stands below the place, too", () => {
    const period = { begin: at("01T12:00"), end: at("01T13:00") };
    expect(overlapping(all, period, new Set(["feed", "odf"])).map(({ work_id }) => work_id)).toEqual(["b", "d"]);
  });

  it("runs from its beginning until before its end", () => {
    expect([at("01T09:59"), at("01T10:00"), at("01T12:00")].map((now) => runs(all[0]!, now))).toEqual([false, true, false]);
  });
});
