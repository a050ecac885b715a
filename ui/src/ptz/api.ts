/** Orders to a camera, as `civicam/web/api/control.py` takes them. */
import { getJson, request } from "@/api/client";
import type { Motion } from "./drive";

export type Result = "done" | "taken" | "unconfirmed" | "refused" | "unsupported";

export interface Outcome {
  result: Result;
  /** The SIP status when it was no 200. */
  status: number;
  /** The device's own words, when it gave any. */
  reason: string;
}

export interface Preset {
  number: number;
  name: string;
}

export interface Presets {
  presets: Preset[];
  complete: boolean;
}

const of = (channelId: string): string => `/api/channels/${encodeURIComponent(channelId)}`;

async function order(method: string, path: string, body?: unknown): Promise<Outcome> {
  // keepalive: a stop that is sent while the page closes still arrives.
  return (await (await request(method, path, body, { keepalive: true })).json()) as Outcome;
}

export const move = (channelId: string, motion: Motion, speed: number): Promise<Outcome> =>
  order("POST", `${of(channelId)}/ptz`, { ...motion, speed });
export const stop = (channelId: string): Promise<Outcome> => order("POST", `${of(channelId)}/ptz/stop`);
export const fetchPresets = (channelId: string): Promise<Presets> => getJson<Presets>(`${of(channelId)}/presets`);
export const keepPreset = (channelId: string, number: number, name: string): Promise<Outcome> =>
  order("PUT", `${of(channelId)}/presets/${number}`, { name });
export const callPreset = (channelId: string, number: number): Promise<Outcome> =>
  order("POST", `${of(channelId)}/presets/${number}/call`);
export const deletePreset = (channelId: string, number: number): Promise<Outcome> =>
  order("DELETE", `${of(channelId)}/presets/${number}`);
