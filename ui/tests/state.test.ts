import { describe, expect, it } from "vitest";
import { classify, reduce, type PaneEvent, type PaneState } from "@/live/player/state";

const idle: PaneState = { kind: "idle" };
const run = (...events: PaneEvent[]): PaneState => events.reduce(reduce, idle);
const ask: PaneEvent = { type: "ask", now: 1000 };
const picture: PaneEvent = { type: "picture", way: "webcodecs", now: 1400 };

describe("a pane", () => {
  it("walks from nothing to a picture, naming each step", () => {
    const asking = reduce(idle, ask);
    expect(asking).toMatchObject({ kind: "connecting", step: "asking", since: 1000, attempt: 1 });
    const opening = reduce(asking, { type: "step", step: "opening" });
    expect(opening).toMatchObject({ step: "opening" });
    const waiting = reduce(opening, { type: "step", step: "waiting-key" });
    expect(reduce(waiting, picture)).toEqual({ kind: "playing", way: "webcodecs", since: 1400, degraded: null });
  });

  it("says why it waits for the next attempt, and counts attempts and time from the first", () => {
    const lost = run(ask, { type: "lost", reason: { code: "media.stream-gone" }, now: 2000, retryAt: 3000 });
    expect(lost).toMatchObject({ kind: "connecting", step: "retry", since: 1000, attempt: 1, retryAt: 3000 });
    const again = reduce(lost, { type: "ask", now: 3000 });
    expect(again).toMatchObject({ step: "asking", since: 1000, attempt: 2, reason: { code: "media.stream-gone" } });
  });

  it("starts the clock anew when a playing stream is lost", () => {
    const lost = run(ask, picture, { type: "lost", reason: { code: "player.no-pictures" }, now: 9000, retryAt: 9900 });
    expect(lost).toMatchObject({ kind: "connecting", since: 9000, attempt: 0 });
  });

  it("is degraded with a reason and well again without", () => {
    const degraded = run(ask, picture, { type: "degraded", reason: { code: "media.loss" } });
    expect(degraded).toMatchObject({ kind: "playing", degraded: { code: "media.loss" } });
    expect(reduce(degraded, { type: "degraded", reason: null })).toMatchObject({ degraded: null });
  });

  it("keeps the same object when nothing changes, so that nothing is drawn again", () => {
    const playing = run(ask, picture);
    expect(reduce(playing, picture)).toBe(playing);
    expect(reduce(playing, { type: "degraded", reason: null })).toBe(playing);
    expect(reduce(playing, { type: "step", step: "opening" })).toBe(playing);
    expect(reduce(idle, picture)).toBe(idle);
  });

  it("a late step does not undo the wait for a retry", () => {
    const lost = run(ask, { type: "lost", reason: { code: "x" }, now: 1, retryAt: 2 });
    expect(reduce(lost, { type: "step", step: "waiting-key" })).toBe(lost);
  });

  it("tells a missing right from a device that is away", () => {
    expect(run(ask, { type: "failed", reason: { code: "access.no-right" } }).kind).toBe("denied");
    expect(run(ask, { type: "failed", reason: { code: "gateway.device-offline" } }).kind).toBe("offline");
  });

  it("names the codec it cannot decode, with or without key-frame pictures", () => {
    const event = { type: "undecodable", codec: "hvc1.1", tried: ["webcodecs", "mse"] } as const;
    const state = run(ask, { ...event, tried: [...event.tried], pictures: true });
    expect(state).toMatchObject({ kind: "undecodable", codec: "hvc1.1", pictures: true });
    expect(reduce(state, { ...event, tried: [...event.tried], pictures: true })).toBe(state);
    expect(reduce(state, { type: "stop" })).toEqual(idle);
  });
});

it.each([
  ["access.no-right", 403, "denied"],
  ["access.no-record", 503, "denied"],
  ["web.no-session", 401, "denied"],
  ["fleet.no-owner", 422, "denied"],
  ["fleet.place-forbidden", 422, "denied"],
  ["gateway.device-offline", 409, "offline"],
  ["fleet.unknown-channel", 404, "offline"],
  ["gateway.play-timeout", 504, "retry"],
  ["media.no-ports", 503, "retry"],
  ["player.server-unreachable", 0, "retry"],
] as const)("%s (%i) leads to %s", (code, status, where) => {
  expect(classify(code, status)).toBe(where);
});
