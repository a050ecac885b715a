import { describe, expect, it } from "vitest";
import type { Site } from "@/api/types";
import { PastDay, sitesThen, stateOf, type DayAnswer } from "@/past/day";

const answer: DayAnswer = {
  start: "2026-03-02T00:00:00Z",
  step_s: 60,
  steps: 10,
  channels: ["c1", "c2", "c3", "c4"],
  sites: ["S1", "S2"],
  site: [0, 0, 1, -1],
  first: "ggun",
  turns: [
    { step: 3, channels: [0, 2], states: "bg" },
    { step: 7, channels: [0], states: "g" },
  ],
};

describe("a day in steps", () => {
  const day = new PastDay(answer);

  it("says what every channel was, forwards and backwards", () => {
    expect([0, 2, 3, 6, 7, 10, 2].map((step) => day.letters(step).join(""))).toEqual(["ggun", "ggun", "bggn", "bggn", "gggn", "gggn", "ggun"]);
  });

  it("knows the moment of a step", () => {
    expect(day.at(3)).toBe(Date.parse("2026-03-02T00:03:00Z"));
    expect(day.stepMinutes).toBe(1);
  });

  it("counts by site, and all; what is not configured is in neither", () => {
    const { sites, all } = day.tallies(3);
    expect(sites.get("S1")).toEqual({ good: 1, bad: 1, unknown: 0 });
    expect(sites.get("S2")).toEqual({ good: 1, bad: 0, unknown: 0 });
    expect(all).toEqual({ good: 2, bad: 1, unknown: 0 });
  });

  it("shows the sites of then at the places of now", () => {
    const site = { id: "S1", name: "x", district: "", lon: 1, lat: 2, kind: "camera", online: 2, total: 2, state: "online" } satisfies Site;
    const [then, gone] = sitesThen([site, { ...site, id: "S9" }], day.tallies(3).sites);
    expect(then).toMatchObject({ lon: 1, online: 1, total: 2, unknown: 0, state: "partial" });
    expect(gone).toMatchObject({ total: 0, state: "unknown" });
  });

  it.each([
    [{ good: 2, bad: 0, unknown: 0 }, "online"],
    [{ good: 0, bad: 2, unknown: 0 }, "offline"],
    [{ good: 0, bad: 0, unknown: 2 }, "unknown"],
    [{ good: 1, bad: 0, unknown: 1 }, "partial"],
    [{ good: 0, bad: 0, unknown: 0 }, "unknown"],
  ])("judges %o as the server does", (tally, state) => {
    expect(stateOf(tally)).toBe(state);
  });
});
