/** The words for a reason: the server's own first, then ours for the player's codes, then the bare code. */
import type { Reason } from "./player/state";

/** The codes the player itself gives, or gets without words from the media door. */
export const CLIENT_CODES: readonly string[] = [
  "player.connection-lost",
  "player.server-unreachable",
  "player.server-going-away",
  "player.no-key-frame",
  "player.no-pictures",
  "player.snapshots",
  "player.decoder-limit",
  "player.worker-failed",
  "player.too-slow",
  "player.buffer-failed",
  "media.bad-ticket",
  "media.stream-gone",
  "media.speaker-busy",
  "media.device-absent",
  "media.viewer-too-slow",
];

export function reasonText(
  reason: Reason,
  locale: string,
  t: (key: string) => string,
  te: (key: string) => boolean,
): string {
  const said = reason.message?.[locale] ?? reason.message?.["en"];
  if (said !== undefined) return said;
  const key = `reason.${reason.code.replace(".", "_")}`;
  return te(key) ? t(key) : reason.code;
}
