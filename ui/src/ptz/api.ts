/** Orders to a camera, as `civicam/web/api/control.py` takes them. */
import { getJson, postJson, request } from "@/api/client";
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

/** Degrees, zoom as a factor; null where the device does not say. */
export interface PtzPlace {
  pan: number | null;
  tilt: number | null;
  zoom: number | null;
  horizontal_angle: number | null;
  vertical_angle: number | null;
}

export interface PtzNews {
  place: PtzPlace | null;
  received_at: string | null;
  subscription: string;
}

export interface Cruise {
  number: number;
  name: string;
}

export interface Home {
  enabled: boolean;
  reset_s: number | null;
  preset: number | null;
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

export const watchPosition = (channelId: string): Promise<PtzNews> => postJson<PtzNews>(`${of(channelId)}/ptz/watch`, {});
export const fetchPosition = (channelId: string): Promise<PtzPlace> => getJson<PtzPlace>(`${of(channelId)}/ptz/position`);
export const goTo = (channelId: string, place: Record<string, number>): Promise<Outcome> =>
  order("PUT", `${of(channelId)}/ptz/position`, place);
export const fetchCruises = async (channelId: string): Promise<Cruise[]> =>
  (await getJson<{ cruises: Cruise[] }>(`${of(channelId)}/cruises`)).cruises;
export const startCruise = (channelId: string, number: number): Promise<Outcome> =>
  order("POST", `${of(channelId)}/cruises/${number}/start`);
export const fetchHome = async (channelId: string): Promise<Home | null> =>
  (await getJson<{ home: Home | null }>(`${of(channelId)}/home-position`)).home;
export const keepHome = (channelId: string, home: { enabled: boolean; reset_s: number; preset: number }): Promise<Outcome> =>
  order("PUT", `${of(channelId)}/home-position`, home);
export const wiper = (channelId: string, on: boolean): Promise<Outcome> => order("POST", `${of(channelId)}/switch`, { number: 1, on });
