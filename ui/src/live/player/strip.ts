/**
 * Reads the simulator's burned-in strip back from a picture: 64 cells in one row at the bottom,
 * 40 bits Unix ms, 16 bits frame counter, 8 bits CRC-8 (poly 0x07). Used by the journeys and by `civicam bench live`.
 */

export interface Strip {
  /** Unix time in ms, modulo 2^40. */
  ms: number;
  counter: number;
}

export const CELLS = 64;

/** Where the strip lies in a picture of this size, px. */
export function stripBox(width: number, height: number): { x: number; y: number; cell: number } {
  const cell = Math.floor(width / 80) & ~1;
  const x = Math.floor((width - CELLS * cell) / 2) & ~1;
  return { x, y: height - 2 * cell, cell };
}

export function crc8(bytes: readonly number[]): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x80 ? ((crc << 1) ^ 0x07) & 0xff : (crc << 1) & 0xff;
  }
  return crc;
}

/** Decodes 64 luma samples (one a cell, 0..255); null when the CRC says no. */
export function decodeStrip(luma: ArrayLike<number>): Strip | null {
  if (luma.length < CELLS) return null;
  const bytes: number[] = [];
  for (let index = 0; index < 8; index++) {
    let byte = 0;
    for (let bit = 0; bit < 8; bit++) byte = (byte << 1) | ((luma[index * 8 + bit] ?? 0) > 125 ? 1 : 0);
    bytes.push(byte);
  }
  // A black row is all zeros, and the checksum of zeros is zero: that is no strip.
  if (bytes.every((byte) => byte === 0) || crc8(bytes.slice(0, 7)) !== bytes[7]) return null;
  let ms = 0;
  for (const byte of bytes.slice(0, 5)) ms = ms * 256 + byte;
  return { ms, counter: (bytes[5] ?? 0) * 256 + (bytes[6] ?? 0) };
}

/** Age in ms of a picture whose strip says `ms`, at Unix time `now`; both modulo 2^40, so the wrap does not matter. */
export function stripAge(ms: number, now: number): number {
  const span = 2 ** 40;
  const age = (((now - ms) % span) + span) % span;
  return age > span / 2 ? age - span : age;
}
