/** Plugs the player into the HTTP API. */
import { postJson, remove, request } from "@/api/client";
import type { LiveTicket } from "@/api/types";
import type { PlayerDeps } from "./player/player";
import type { Way } from "./player/state";
import { detectAbilities } from "./player/ways";

/** Takes pictures of a channel from the server, which writes the line that somebody looked. */
export async function fetchPicture(channelId: string, signal?: AbortSignal): Promise<Blob> {
  const response = await request(
    "GET",
    `/api/channels/${channelId}/snapshot`,
    undefined,
    signal === undefined ? {} : { signal },
  );
  return response.blob();
}

const open = new Set<string>();
const end = (sessionId: string): void => {
  if (open.delete(sessionId)) void remove(`/api/live/${sessionId}`).catch(() => undefined);
};
// A page that is left or reloaded says goodbye: its streams need not wait for the server to notice.
window.addEventListener("pagehide", () => [...open].forEach(end));

export function playerDeps(clockOffsetMs: number): PlayerDeps {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  return {
    async open(channelId, stream, format) {
      const opened = await postJson<LiveTicket>("/api/live", { channel_id: channelId, stream, format, purpose: "duty" });
      open.add(opened.session_id);
      const { port, path } = opened.door;
      return {
        sessionId: opened.session_id,
        url: `${scheme}://${location.hostname}:${port}${path}`,
        ticket: opened.ticket,
      };
    },
    close: end,
    picture: fetchPicture,
    abilities: detectAbilities(globalThis),
    clockOffsetMs,
  };
}

/** `?player=mse` in the address prefers one way: for tests, measurements and a browser with a broken decoder. */
export function forcedWay(query: unknown): Way | null {
  return query === "webcodecs" || query === "mse" || query === "snapshots" ? query : null;
}
