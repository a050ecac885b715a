/**
 * Which way a picture reaches the pane: WebCodecs (lowest latency) → MSE → key-frame snapshots.
 * The order is fixed; what the browser cannot do is skipped, and the pane says which way it is on and why.
 */
import type { Way } from "./state";

export interface Abilities {
  /** WebCodecs needs a secure context (HTTPS or localhost). */
  webcodecs: boolean;
  mse: boolean;
}

export function detectAbilities(scope: typeof globalThis): Abilities {
  return {
    webcodecs: "VideoDecoder" in scope && "OffscreenCanvas" in scope && scope.isSecureContext,
    mse: "MediaSource" in scope,
  };
}

/** The ways still open, best first. `forced` (settings, tests, bench) is tried first when the browser has it. */
export function waysFor(abilities: Abilities, tried: readonly Way[], forced: Way | null): Way[] {
  const all: Way[] = [];
  if (abilities.webcodecs) all.push("webcodecs");
  if (abilities.mse) all.push("mse");
  all.push("snapshots");
  const left = all.filter((way) => !tried.includes(way));
  return forced !== null && left.includes(forced) ? [forced, ...left.filter((way) => way !== forced)] : left;
}

/** The words of the industry for an RFC 6381 codec string, or for the server's short name. */
export function codecName(codec: string): string {
  if (/^(avc[13]|h264)/.test(codec)) return "H.264";
  if (/^(hvc1|hev1|h265)/.test(codec)) return "H.265";
  return codec === "" ? "–" : codec;
}
