/** G.711 A-law (ITU-T G.711), as loudspeakers of the field take it. */

const SEGMENTS = [0x1f, 0x3f, 0x7f, 0xff, 0x1ff, 0x3ff, 0x7ff, 0xfff];

/** One 16-bit sample as an A-law byte. */
export function aLaw(sample: number): number {
  let value = sample >> 3;
  let mask = 0xd5;
  if (value < 0) {
    mask = 0x55;
    value = -value - 1;
  }
  const segment = SEGMENTS.findIndex((end) => value <= end);
  if (segment === -1) return 0x7f ^ mask;
  const low = segment < 2 ? (value >> 1) & 0x0f : (value >> segment) & 0x0f;
  return ((segment << 4) | low) ^ mask;
}

/** Samples of -1..1 as A-law bytes; what is louder is cut. */
export function encode(samples: Float32Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(samples.length);
  samples.forEach((sample, at) => {
    const scaled = Math.round(Math.min(Math.max(sample, -1), 1) * 32_767);
    out[at] = aLaw(scaled);
  });
  return out;
}
