/** Devices, their SIP ladder and their test, as `civicam/web/api/devices.py` gives them. */
import { useQuery } from "@tanstack/vue-query";
import { computed, toValue, type MaybeRefOrGetter } from "vue";
import { getJson } from "@/api/client";
import type { Channel, ChannelState, Text, Transition } from "@/api/types";

export interface Device {
  id: string;
  gb_id: string;
  name: string;
  kind: string;
  protocol: "gb28181" | "rtsp";
  enabled: boolean;
  state: ChannelState;
  reason: string | null;
  since: string | null;
  last_seen: string | null;
  site_id: string | null;
  site_name: Text | null;
  manufacturer: string;
  model: string;
  version: string;
  online: number;
  total: number;
}

export interface DevicePage {
  devices: Device[];
  next: string | null;
  total: number;
}

export interface Sight {
  presence: ChannelState;
  missed: number;
  heard_by: string | null;
  expires_at: string | null;
  address: string;
  transport: string;
  host: string;
  catalogue: { state: string; received: number; announced: number | null; at: string | null };
  subscriptions: { kind: string; state: string; until: string | null }[];
  faults: string[];
  habits: string[];
  sessions: number;
}

export interface DeviceOut {
  stored: {
    device: Device;
    source: string;
    transport: string;
    registered_at: string | null;
    expires_s: number;
    heartbeat_s: number;
    misses: number;
    user_agent: string;
    firmware: string;
    channels: Channel[];
    recent: Transition[];
  };
  sight: Sight | null;
}

export interface TraceRow {
  number: number;
  at: string;
  incoming: boolean;
  label: string;
  peer: string;
  transport: string;
  size: number;
  text: string;
  gap_ms: number | null;
  took_ms: number | null;
  answers: number | null;
  copy_of: number | null;
  cut: boolean;
}

export type StepState = "pending" | "running" | "passed" | "failed" | "skipped";

export interface Step {
  name: string;
  state: StepState;
  code: string;
  measured: number | null;
  limit: number | null;
  unit: string;
  source: string;
  detail: string;
  why: Text | null;
}

export interface Checkup {
  device_id: string;
  started: string;
  finished: string | null;
  passed: boolean | null;
  steps: Step[];
}

export interface DeviceFilter {
  q: string;
  state: string;
  protocol: string;
  after: string;
  limit: number;
}

export const deviceKeys = { devices: ["devices"], device: ["device"], checkup: ["checkup"] } as const;

export const useDevices = (filter: MaybeRefOrGetter<DeviceFilter>) =>
  useQuery({
    queryKey: computed(() => [...deviceKeys.devices, toValue(filter)]),
    queryFn: () => getJson<DevicePage>("/api/devices", { ...toValue(filter) }),
    placeholderData: (old) => old,
    refetchInterval: 15_000,
  });

export const useDevice = (id: MaybeRefOrGetter<string>) =>
  useQuery({
    queryKey: computed(() => [...deviceKeys.device, toValue(id)]),
    queryFn: () => getJson<DeviceOut>(`/api/devices/${encodeURIComponent(toValue(id))}`),
    refetchInterval: 3_000,
  });

export const useCheckup = (id: MaybeRefOrGetter<string>, running: MaybeRefOrGetter<boolean>) =>
  useQuery({
    queryKey: computed(() => [...deviceKeys.checkup, toValue(id)]),
    queryFn: async () =>
      (await getJson<{ checkup: Checkup | null }>(`/api/devices/${encodeURIComponent(toValue(id))}/checkup`)).checkup,
    refetchInterval: computed(() => (toValue(running) ? 700 : 15_000)),
  });

export const fetchTrace = async (id: string, after: number): Promise<TraceRow[]> =>
  (await getJson<{ rows: TraceRow[] }>(`/api/devices/${encodeURIComponent(id)}/trace`, { after })).rows;
