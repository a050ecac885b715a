/** Plugs the player into the HTTP API. */
import { postJson, remove, request } from "@/api/client";
import type { LiveTicket } from "@/api/types";
import type { Opened, PlayerDeps } from "./player/player";
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

/** Open sessions and where to say that they are over. */
const open = new Map<string, "/api/live" | "/api/playback">();
const end = (sessionId: string): void => {
  const path = open.get(sessionId);
  if (path === undefined) return;
  open.delete(sessionId);
  void remove(`${path}/${sessionId}`).catch(() => undefined);
};
// A page that is left or reloaded says goodbye: its streams need not wait for the server to notice.
window.addEventListener("pagehide", () => [...open.keys()].forEach(end));

async function ask(path: "/api/live" | "/api/playback", wish: Record<string, string>): Promise<Opened> {
  const opened = await postJson<LiveTicket>(path, { ...wish, purpose: "duty" });
  open.set(opened.session_id, path);
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const { port, path: door } = opened.door;
  return {
    sessionId: opened.session_id,
    url: `${scheme}://${location.hostname}:${port}${door}`,
    ticket: opened.ticket,
  };
}

export function playerDeps(clockOffsetMs: number): PlayerDeps {
  return {
    open: (channelId, stream, format) => ask("/api/live", { channel_id: channelId, stream, format }),
    close: end,
    picture: fetchPicture,
    abilities: detectAbilities(globalThis),
    clockOffsetMs,
  };
}

/** A player of a recording; `period` is asked at every attempt, so that a lost one goes on where it was. */
export function recordingDeps(
  clockOffsetMs: number,
  period: () => [start: number, end: number],
  opened: (sessionId: string) => void,
): PlayerDeps {
  return {
    ...playerDeps(clockOffsetMs),
    async open(channelId, _stream, format) {
      const [start, until] = period().map((moment) => new Date(moment).toISOString()) as [string, string];
      const found = await ask("/api/playback", { channel_id: channelId, start, end: until, format });
      opened(found.sessionId);
      return found;
    },
  };
}

/** `?player=mse` in the address prefers one way: for tests, measurements and a browser with a broken decoder. */
export function forcedWay(query: unknown): Way | null {
  return query === "webcodecs" || query === "mse" || query === "snapshots" ? query : null;
}
