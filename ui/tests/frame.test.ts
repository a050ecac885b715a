import { describe, expect, it } from "vitest";
import { gap, HEADER_BYTES, parseFrame } from "@/live/player/frame";

function message(flags: number, payload: number[]): ArrayBuffer {
  const buffer = new ArrayBuffer(HEADER_BYTES + payload.length);
  const view = new DataView(buffer);
  view.setUint8(0, 1);
  view.setUint8(1, flags);
  view.setUint16(2, 2);
  view.setUint32(4, 0xfffffffe);
  view.setBigUint64(8, 95_443_000_000n);
  view.setBigUint64(16, 1_795_000_000_123_500n);
  new Uint8Array(buffer, HEADER_BYTES).set(payload);
  return buffer;
}

describe("media message header", () => {
  it("reads every field big-endian", () => {
    const frame = parseFrame(message(1, [0, 0, 0, 1, 0x65]));
    expect(frame).toMatchObject({
      kind: 1,
      key: true,
      damaged: false,
      discontinuity: false,
      codec: 2,
      sequence: 0xfffffffe,
      ptsUs: 95_443_000_000,
      arrivalMs: 1_795_000_000_123.5,
    });
    expect([...(frame?.payload ?? [])]).toEqual([0, 0, 0, 1, 0x65]);
  });

  it.each([
    [0, false, false, false],
    [2, false, true, false],
    [5, true, false, true],
    [7, true, true, true],
  ])("flags %i", (flags, key, damaged, discontinuity) => {
    expect(parseFrame(message(flags, []))).toMatchObject({ key, damaged, discontinuity });
  });

  it("refuses what is shorter than a header, and takes an empty payload", () => {
    expect(parseFrame(new ArrayBuffer(HEADER_BYTES - 1))).toBeNull();
    expect(parseFrame(message(0, []))?.payload.byteLength).toBe(0);
  });

  it.each([
    [5, 6, 0],
    [5, 9, 3],
    [0xffffffff, 0, 0],
    [0xfffffffe, 2, 3],
    [9, 5, 0],
    [5, 5, 0],
  ])("missing between %i and %i: %i", (previous, next, missing) => {
    expect(gap(previous, next)).toBe(missing);
  });
});
