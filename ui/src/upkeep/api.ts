/** A device's own state and upkeep, as `civicam/web/api/control.py` gives them. */
import { getJson, postJson, request } from "@/api/client";
import type { Outcome } from "@/ptz/api";

export interface Status {
  online: boolean | null;
  working: boolean | null;
  encoding: boolean | null;
  recording: boolean | null;
  device_time: string | null;
  /** Its clock minus ours, seconds. */
  clock_off_s: number | null;
  reason: string;
  alarm_inputs: { gb_id: string; duty: string }[];
}

export interface MemoryCard {
  number: number;
  name: string;
  state: string;
  progress: number | null;
  capacity_mb: number | null;
  free_mb: number | null;
}

export interface ConfigBlock {
  name: string;
  /** False: the device did not answer for it. */
  supported: boolean;
  fields: [string, string][];
}

export interface Upgrade {
  session_id: string;
  firmware: string;
  state: "ordered" | "refused" | "done" | "failed";
  reason: string;
  since: string;
}

export interface BasicChange {
  name?: string;
  heartbeat_s?: number;
  misses?: number;
}

const of = (id: string): string => `/api/devices/${encodeURIComponent(id)}`;

export const fetchStatus = (id: string): Promise<Status> => getJson<Status>(`${of(id)}/status`);
export const fetchCards = async (id: string): Promise<MemoryCard[]> =>
  (await getJson<{ cards: MemoryCard[] }>(`${of(id)}/cards`)).cards;
export const fetchConfigs = async (id: string): Promise<ConfigBlock[]> =>
  (await getJson<{ configs: ConfigBlock[] }>(`${of(id)}/config`)).configs;
export const fetchUpgrades = async (id: string): Promise<Upgrade[]> =>
  (await getJson<{ upgrades: Upgrade[] }>(`${of(id)}/upgrades`)).upgrades;

export const formatCard = (id: string, card: number): Promise<Outcome> =>
  postJson<Outcome>(`${of(id)}/cards/format`, { card, confirm: card });
export const reboot = (id: string): Promise<Outcome> => postJson<Outcome>(`${of(id)}/reboot`, {});
export const arm = (id: string, on: boolean): Promise<Outcome> => postJson<Outcome>(`${of(id)}/guard`, { on });
export const record = (id: string, on: boolean): Promise<Outcome> => postJson<Outcome>(`${of(id)}/record`, { on });
export const upgrade = (id: string, firmware: string, url: string): Promise<Upgrade> =>
  postJson<Upgrade>(`${of(id)}/upgrades`, { firmware, url });
export const setBasic = async (id: string, change: BasicChange): Promise<Outcome> =>
  (await (await request("PUT", `${of(id)}/config/basic`, change)).json()) as Outcome;
