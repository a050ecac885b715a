/**
 * What a pane says. Exactly six states, each honest about why:
 *
 *   idle ──ask──► connecting ──picture──► playing ⇄ playing(degraded)
 *     ▲              │  ▲                    │
 *     │           failed └──── retry ◄───────┤ lost
 *     │              ▼                       ▼
 *     └──stop── offline · denied · undecodable
 *
 * "Connecting" names its step and counts its time; a wait before the next attempt is a step of it, with the reason
 * of the last failure. "Undecodable" may still show key-frame pictures (`pictures`); the pane then says both.
 * Pure: `now` (ms) is an argument.
 */

export type Step = "asking" | "opening" | "waiting-key" | "retry";
export type Way = "webcodecs" | "mse" | "snapshots";

export interface Reason {
  /** Stable code of the server (`gateway.device-offline`) or of the player (`player.…`). */
  code: string;
  /** The server's own words for it, by language. */
  message?: Record<string, string>;
}

export type PaneState =
  | { kind: "idle" }
  | { kind: "connecting"; step: Step; since: number; attempt: number; reason: Reason | null; retryAt: number | null }
  | { kind: "playing"; way: Way; since: number; degraded: Reason | null }
  | { kind: "offline"; reason: Reason }
  | { kind: "denied"; reason: Reason }
  | { kind: "undecodable"; codec: string; tried: Way[]; pictures: boolean };

export type PaneEvent =
  | { type: "ask"; now: number }
  | { type: "step"; step: Exclude<Step, "retry"> }
  | { type: "picture"; way: Way; now: number }
  | { type: "degraded"; reason: Reason | null }
  | { type: "lost"; reason: Reason; now: number; retryAt: number }
  | { type: "failed"; reason: Reason }
  | { type: "undecodable"; codec: string; tried: Way[]; pictures: boolean }
  | { type: "stop" };

// A camera without a whole record shows nothing until somebody fills the gap: asking again does not help.
const DENIED = new Set([
  "web.forbidden",
  "web.no-session",
  "media.bad-ticket",
  "fleet.no-owner",
  "fleet.no-ground",
  "fleet.no-purpose",
  "fleet.no-place-class",
  "fleet.place-forbidden",
]);
const OFFLINE = new Set([
  "gateway.device-offline",
  "gateway.device-unknown",
  "gateway.channel-offline",
  "fleet.unknown-channel",
  "fleet.device-offline",
  "fleet.device-disabled",
]);

/** Where a refusal leads: a right that is missing, a device that is away, or something worth another attempt. */
export function classify(code: string, status: number): "denied" | "offline" | "retry" {
  if (DENIED.has(code) || code.startsWith("access.") || status === 401 || status === 403) return "denied";
  if (OFFLINE.has(code) || code.endsWith("-offline")) return "offline";
  return "retry";
}

/** The next state. Events that make no sense in a state leave it as it is: late messages of a closed socket are normal. */
export function reduce(state: PaneState, event: PaneEvent): PaneState {
  switch (event.type) {
    case "ask": {
      const carried = state.kind === "connecting" ? state : null;
      return {
        kind: "connecting",
        step: "asking",
        since: carried?.since ?? event.now,
        attempt: (carried?.attempt ?? 0) + 1,
        reason: carried?.reason ?? null,
        retryAt: null,
      };
    }
    case "step":
      return state.kind === "connecting" && state.step !== "retry" ? { ...state, step: event.step } : state;
    case "picture":
      if (state.kind === "playing") return state.way === event.way ? state : { ...state, way: event.way };
      return state.kind === "connecting"
        ? { kind: "playing", way: event.way, since: event.now, degraded: null }
        : state;
    case "degraded":
      return state.kind === "playing" && state.degraded?.code !== event.reason?.code
        ? { ...state, degraded: event.reason }
        : state;
    case "lost":
      return {
        kind: "connecting",
        step: "retry",
        since: state.kind === "connecting" ? state.since : event.now,
        attempt: state.kind === "connecting" ? state.attempt : 0,
        reason: event.reason,
        retryAt: event.retryAt,
      };
    case "failed":
      return { kind: classify(event.reason.code, 0) === "denied" ? "denied" : "offline", reason: event.reason };
    case "undecodable":
      if (state.kind === "undecodable" && state.pictures === event.pictures) return state;
      return { kind: "undecodable", codec: event.codec, tried: event.tried, pictures: event.pictures };
    case "stop":
      return { kind: "idle" };
  }
}
