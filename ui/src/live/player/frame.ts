/**
 * The 24-byte header in front of every binary message of the media WebSocket.
 * Layout: docs/reference/media-websocket.md. Big-endian throughout.
 */

export const HEADER_BYTES = 24;

export const Kind = { video: 1, audio: 2, fmp4Init: 3, fmp4Fragment: 4 } as const;
export const Flag = { key: 1, damaged: 2, discontinuity: 4 } as const;

export interface MediaFrame {
  kind: number;
  key: boolean;
  damaged: boolean;
  discontinuity: boolean;
  codec: number;
  sequence: number;
  /** Presentation time, µs. */
  ptsUs: number;
  /** When the last packet of the picture reached the server, Unix ms with fraction. */
  arrivalMs: number;
  payload: Uint8Array<ArrayBuffer>;
}

/** Parses one message; null when it is shorter than its header (a peer's fault, the caller counts it). */
export function parseFrame(buffer: ArrayBuffer): MediaFrame | null {
  if (buffer.byteLength < HEADER_BYTES) return null;
  const view = new DataView(buffer);
  const flags = view.getUint8(1);
  return {
    kind: view.getUint8(0),
    key: (flags & Flag.key) !== 0,
    damaged: (flags & Flag.damaged) !== 0,
    discontinuity: (flags & Flag.discontinuity) !== 0,
    codec: view.getUint16(2),
    sequence: view.getUint32(4),
    ptsUs: Number(view.getBigUint64(8)),
    arrivalMs: Number(view.getBigUint64(16)) / 1000,
    payload: new Uint8Array(buffer, HEADER_BYTES),
  };
}

/** How many messages are missing between two sequence numbers that wrap at 2^32; 0 for in order or older. */
export function gap(previous: number, next: number): number {
  const step = (next - previous) >>> 0;
  return step === 0 || step > 0x7fffffff ? 0 : step - 1;
}
