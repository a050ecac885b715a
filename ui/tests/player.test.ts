import { describe, expect, it } from "vitest";
import { budgetUnits, grant } from "@/live/budget";
import { retryDelay } from "@/live/player/backoff";
import { EDGE, followEdge } from "@/live/player/liveEdge";
import { median, RateMeter, serverStats } from "@/live/player/stats";
import { crc8, decodeStrip, stripAge, stripBox } from "@/live/player/strip";
import { codecName, detectAbilities, waysFor } from "@/live/player/ways";

describe("back-off", () => {
  it("grows to a bound and spreads by a fifth", () => {
    expect([1, 2, 3, 4, 5, 6, 99].map((attempt) => retryDelay(attempt, 0.5))).toEqual([
      1000, 2000, 4000, 8000, 15000, 15000, 15000,
    ]);
    expect(retryDelay(1, 0)).toBe(800);
    expect(retryDelay(1, 1)).toBe(1200);
    expect(retryDelay(0, 0.5)).toBe(1000);
  });
});

describe("ways to a picture", () => {
  const all = { webcodecs: true, mse: true };
  it("tries WebCodecs, MSE, pictures, and never one twice", () => {
    expect(waysFor(all, [], null)).toEqual(["webcodecs", "mse", "snapshots"]);
    expect(waysFor(all, ["webcodecs"], null)).toEqual(["mse", "snapshots"]);
    expect(waysFor(all, ["webcodecs", "mse", "snapshots"], null)).toEqual([]);
    expect(waysFor({ webcodecs: false, mse: true }, [], null)).toEqual(["mse", "snapshots"]);
  });
  it("puts a wished way first when the browser has it", () => {
    expect(waysFor(all, [], "mse")[0]).toBe("mse");
    expect(waysFor({ webcodecs: false, mse: true }, [], "webcodecs")[0]).toBe("mse");
  });
  it("asks for a secure context before WebCodecs", () => {
    const scope = { VideoDecoder: 1, OffscreenCanvas: 1, MediaSource: 1, isSecureContext: false };
    expect(detectAbilities(scope as unknown as typeof globalThis)).toEqual({ webcodecs: false, mse: true });
    expect(detectAbilities({ ...scope, isSecureContext: true } as unknown as typeof globalThis).webcodecs).toBe(true);
  });
  it.each([
    ["avc1.640028", "H.264"],
    ["hvc1.1.6.L120.90", "H.265"],
    ["hev1.1", "H.265"],
    ["h264", "H.264"],
    ["h265", "H.265"],
    ["vp09", "vp09"],
    ["", "–"],
  ])("%s is %s", (codec, name) => {
    expect(codecName(codec)).toBe(name);
  });
});

describe("the live edge", () => {
  it.each([
    ["at the target", EDGE.target, 1, 1, null],
    ["a little late", 0.2, 1, 1.1, null],
    ["late", 0.5, 1, 1.25, null],
    ["still catching up", 0.12, 1.1, 1.1, null],
    ["caught up", 0.08, 1.1, 1, null],
  ])("%s", (_, ahead, rate, want, seek) => {
    expect(followEdge(10, 10 + ahead, rate)).toEqual({ rate: want, seekTo: seek });
  });
  it("jumps when far behind or beyond the end", () => {
    expect(followEdge(10, 12, 1).seekTo).toBeCloseTo(12 - EDGE.target);
    expect(followEdge(10, 9, 1).seekTo).toBeCloseTo(9 - EDGE.target);
    expect(followEdge(1, 0.01, 1).seekTo).toBe(0);
  });
});

describe("statistics", () => {
  it("counts over three seconds only", () => {
    const meter = new RateMeter();
    for (let at = 0; at <= 10_000; at += 40) {
      meter.received(5000, at);
      meter.drew(20 + (at % 80 === 0 ? 10 : 0), at);
    }
    const rates = meter.rates(10_000);
    expect(rates.fps).toBeGreaterThan(24);
    expect(rates.fps).toBeLessThan(26);
    expect(rates.kbps).toBeGreaterThan(980);
    expect(rates.kbps).toBeLessThan(1020);
    expect([20, 30]).toContain(rates.latencyMs);
    expect(meter.rates(20_000)).toEqual({ kbps: 0, fps: 0, latencyMs: null });
  });
  it("has no median of nothing", () => {
    expect(median([])).toBeNull();
    expect(median([3, 1, 2])).toBe(2);
  });
  it("takes what the server sent and leaves the rest at zero", () => {
    expect(serverStats({ codec: "h264", width: 1920, loss: 0.01, jitter_ms: 3, fps: "25" })).toEqual({
      codec: "h264",
      width: 1920,
      height: 0,
      kbps: 0,
      fps: 0,
      loss: 0.01,
      jitterMs: 3,
    });
  });
});

describe("the burned-in strip", () => {
  function luma(ms: number, counter: number): number[] {
    const bytes: number[] = [];
    for (let shift = 4; shift >= 0; shift--) bytes.push(Math.floor(ms / 256 ** shift) % 256);
    bytes.push(counter >> 8, counter & 255);
    bytes.push(crc8(bytes));
    return bytes.flatMap((byte) => [...Array(8).keys()].map((bit) => ((byte >> (7 - bit)) & 1 ? 197 : 54)));
  }
  it("knows CRC-8 of the catalogue (poly 0x07): check value 0xF4", () => {
    expect(crc8([..."123456789"].map((digit) => digit.charCodeAt(0)))).toBe(0xf4);
  });
  it("reads time and counter back", () => {
    const ms = 1_795_461_234_567 % 2 ** 40;
    expect(decodeStrip(luma(ms, 0xbeef))).toEqual({ ms, counter: 0xbeef });
  });
  it("refuses a strip with one wrong cell, and one that is cut", () => {
    const cells = luma(123_456, 7);
    cells[17] = 250 - (cells[17] ?? 0);
    expect(decodeStrip(cells)).toBeNull();
    expect(decodeStrip(cells.slice(0, 40))).toBeNull();
  });
  it("is not a black row, though the checksum of zeros is zero", () => {
    expect(decodeStrip(Array(64).fill(16))).toBeNull();
  });
  it("lies where the simulator draws it", () => {
    expect(stripBox(1920, 1080)).toEqual({ x: 192, y: 1032, cell: 24 });
    expect(stripBox(640, 360)).toEqual({ x: 64, y: 344, cell: 8 });
  });
  it("counts its age over the wrap of 2^40 ms", () => {
    expect(stripAge(1000, 1080)).toBe(80);
    expect(stripAge(2 ** 40 - 30, 2 ** 40 * 3 + 50)).toBe(80);
    expect(stripAge(1080, 1000)).toBe(-80);
  });
});

describe("decoders of this desktop", () => {
  it("grows with cores within bounds", () => {
    expect(budgetUnits(1)).toBe(9);
    expect(budgetUnits(2)).toBe(12);
    expect(budgetUnits(64)).toBe(48);
  });
  it("serves the active pane first and never refuses the only one", () => {
    const subs = [...Array(9).keys()].map((id) => ({ id, stream: "sub" as const }));
    expect(grant(subs, 9).size).toBe(9);
    expect(grant([{ id: 4, stream: "main" }], 1)).toEqual(new Set([4]));
    const wants = [{ id: 4, stream: "main" as const }, ...subs.filter(({ id }) => id !== 4)];
    expect([...grant(wants, 9)]).toEqual([4, 0, 1, 2]);
  });
});
