/**
 * The one live WebSocket. Presence changes refresh what is on screen (at most once every second and a half), the
 * situation comes whole. When the line is down everybody sees since when the data is stale.
 */
import type { QueryClient } from "@tanstack/vue-query";
import { shallowReactive } from "vue";
import { retryDelay } from "@/live/player/backoff";
import { alarmKeys, note } from "@/alarms/api";
import { noteImport } from "@/exchange/api";
import { outageKeys } from "@/outages/api";
import { keys } from "./queries";
import type { ChannelState, LiveEvent } from "./types";

// The server pings every 20 s; more than two of them missing means the line is dead though the socket is open.
const DEAD_AFTER_MS = 50_000;
// A break shorter than this is not worth a banner.
export const GRACE_MS = 3_000;
const REFRESH_MS = 1_500;

export const line = shallowReactive({
  /** Unix ms since which nothing was heard; null while the line is up. */
  brokenSince: null as number | null,
  /** Unix ms of the next attempt. */
  retryAt: null as number | null,
});

type PresenceListener = (state: ChannelState, channels: readonly string[]) => void;
const listeners = new Set<PresenceListener>();

/** Hears every presence change; returns the way to stop. */
export function onPresence(listener: PresenceListener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export class EventLine {
  private socket: WebSocket | null = null;
  private attempt = 0;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private deadTimer: ReturnType<typeof setTimeout> | undefined;
  private refreshTimer: ReturnType<typeof setTimeout> | undefined;
  private stopped = false;

  constructor(private readonly client: QueryClient) {}

  start(): void {
    this.stopped = false;
    this.connect();
  }

  stop(): void {
    this.stopped = true;
    for (const timer of [this.retryTimer, this.deadTimer, this.refreshTimer]) clearTimeout(timer);
    this.socket?.close();
    this.socket = null;
    line.brokenSince = null;
  }

  private connect(): void {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/api/events`);
    this.socket = socket;
    socket.onopen = () => this.opened();
    socket.onmessage = (event: MessageEvent<string>) => {
      this.alive();
      this.take(JSON.parse(event.data) as LiveEvent | { type: "batch"; events: LiveEvent[] });
    };
    socket.onclose = () => {
      if (this.socket === socket) this.broken();
    };
  }

  private opened(): void {
    const missed = line.brokenSince !== null;
    this.attempt = 0;
    line.brokenSince = null;
    line.retryAt = null;
    this.alive();
    // What happened while the line was down is read again.
    if (missed) void this.client.invalidateQueries();
  }

  private alive(): void {
    clearTimeout(this.deadTimer);
    this.deadTimer = setTimeout(() => this.socket?.close(), DEAD_AFTER_MS);
  }

  private broken(): void {
    if (this.stopped) return;
    this.socket = null;
    line.brokenSince ??= Date.now();
    this.attempt += 1;
    const delay = retryDelay(this.attempt, Math.random());
    line.retryAt = Date.now() + delay;
    this.retryTimer = setTimeout(() => this.connect(), delay);
  }

  private take(message: LiveEvent | { type: "batch"; events: LiveEvent[] }): void {
    if (message.type === "batch") {
      for (const event of message.events) this.take(event);
    } else if (message.type === "situation") {
      this.client.setQueryData(keys.situation, message);
    } else if (message.type === "presence") {
      for (const listener of listeners) listener(message.state, message.channels);
      this.refreshSoon([keys.sites, keys.channels, keys.tree, keys.sources]);
    } else if (message.type === "catalogue") {
      this.refreshSoon([keys.sites, keys.channels, keys.tree, keys.situation]);
    } else if (message.type === "alarm") {
      note(message.alarms);
      this.refreshSoon([alarmKeys.alarms]);
    } else if (message.type === "import") {
      noteImport(message);
      if (message.state !== "applying") void this.client.invalidateQueries();
    } else if (message.type === "outage") {
      this.refreshSoon([outageKeys.outages]);
    } else if (message.type === "stream") {
      this.refreshSoon([keys.streams]);
    }
  }

  private waiting = new Set<readonly string[]>();

  private refreshSoon(wanted: (readonly string[])[]): void {
    for (const key of wanted) this.waiting.add(key);
    this.refreshTimer ??= setTimeout(() => {
      this.refreshTimer = undefined;
      for (const key of this.waiting) void this.client.invalidateQueries({ queryKey: key });
      this.waiting.clear();
    }, REFRESH_MS);
  }
}
