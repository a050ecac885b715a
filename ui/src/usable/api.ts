/** Which channels are usable, as `civicam/web/api/usability.py` gives it; and what the register says of one. */
import { useQuery } from "@tanstack/vue-query";
import { computed, toValue, type MaybeRefOrGetter } from "vue";
import { getJson } from "@/api/client";
import { keys } from "@/api/queries";
import type { Channel, Text } from "@/api/types";
import { outageKeys, type Outage } from "@/outages/api";

export const LEGS = ["signalling", "media", "picture", "recording", "clock"] as const;
export type LegName = (typeof LEGS)[number];
export type UsableState = "good" | "bad" | "unknown" | "not configured";

export interface Leg {
  leg: LegName;
  state: UsableState;
  since: string | null;
  seen: string | null;
  until: string | null;
  proof: { code: string; why: Text | null; source: string; measured: number | null; limit: number | null; unit: string };
  changing_to: UsableState | null;
  changing_since: string | null;
}

export interface Usable {
  channel_id: string;
  state: UsableState;
  since: string | null;
  legs: Leg[];
}

export interface Span {
  start: string;
  end: string;
  state: UsableState;
  legs: LegName[];
  gap: boolean;
}

export interface Strip {
  start: string;
  end: string;
  spans: Span[];
  seconds: Record<UsableState, number>;
}

/** A cause and when it took this channel away. */
export interface Taken {
  outage: Outage;
  spans: { began: string; ended: string | null; unknown: boolean }[];
  unusable_minutes: number;
  unknown_minutes: number;
}

export interface Rate {
  value: number | null;
  code: string;
  why: Text | null;
  definition: Text;
  numerator: number;
  denominator: number;
  coverage: number | null;
  at_least: number | null;
  at_most: number | null;
  exclusions: { code: string; why: Text; minutes: number }[];
}

export interface Rates {
  start: string;
  end: string;
  groups: { key: string; channels: number; rate: Rate }[];
}

const usableKeys = { usability: ["usability"] } as const;
const DAYS = 30;
const DAY_MS = 86_400_000;

export const useChannel = (id: MaybeRefOrGetter<string>) =>
  useQuery({
    queryKey: computed(() => [...keys.channels, "one", toValue(id)]),
    queryFn: () => getJson<Channel>(`/api/channels/${encodeURIComponent(toValue(id))}`),
  });

export const useUsable = (id: MaybeRefOrGetter<string>) =>
  useQuery({
    // Under the channels: a change of presence changes a leg.
    queryKey: computed(() => [...keys.channels, "usable", toValue(id)]),
    queryFn: () => getJson<Usable>(`/api/usability/channels/${encodeURIComponent(toValue(id))}`),
    refetchInterval: 10_000,
  });

export const useStrip = (id: MaybeRefOrGetter<string>) =>
  useQuery({
    queryKey: computed(() => [...usableKeys.usability, "strip", toValue(id)]),
    queryFn: () => getJson<Strip>(`/api/usability/channels/${encodeURIComponent(toValue(id))}/strip`, { days: DAYS }),
    refetchInterval: 60_000,
  });

export const useTaken = (id: MaybeRefOrGetter<string>) =>
  useQuery({
    queryKey: computed(() => [...outageKeys.outages, "of", toValue(id)]),
    queryFn: () =>
      getJson<{ causes: Taken[]; more: boolean }>(`/api/outages-of/${encodeURIComponent(toValue(id))}`, {
        from: new Date(Date.now() - DAYS * DAY_MS).toISOString(),
      }),
    refetchInterval: 15_000,
  });

export const useRate = (id: MaybeRefOrGetter<string>) =>
  useQuery({
    queryKey: computed(() => [...usableKeys.usability, "rate", toValue(id)]),
    queryFn: () =>
      getJson<Rates>("/api/usability/rates", {
        channels: toValue(id),
        from: new Date(Date.now() - DAYS * DAY_MS).toISOString(),
      }),
    refetchInterval: 300_000,
  });
