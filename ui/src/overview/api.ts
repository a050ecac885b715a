/** The situation in one answer, as `civicam/web/api/overview.py` gives it. */
import { useQuery } from "@tanstack/vue-query";
import { getJson } from "@/api/client";
import type { Text } from "@/api/types";
import { outageKeys, type Kind, type Outage, type Party } from "@/outages/api";

export const LEGS = ["signalling", "media", "picture", "recording", "clock"] as const;
export type Leg = (typeof LEGS)[number];

/** Channels by state; together they are all. */
export interface StateCounts {
  good: number;
  bad: number;
  unknown: number;
  not_configured: number;
}

/** Minutes of channels; `value` null: not computable, `why` says it. */
export interface Rate {
  value: number | null;
  why: Text | null;
  definition: Text;
  numerator: number;
  denominator: number;
  coverage: number | null;
  at_least: number | null;
  at_most: number | null;
}

export interface CauseCounts {
  causes: number;
  sites: number;
  channels: number;
}

export interface Overview {
  at: string;
  channels: StateCounts;
  legs: { leg: Leg; counts: StateCounts }[];
  unknown: { leg: Leg; code: string; why: Text | null; channels: number }[];
  day: Rate;
  day_at: string;
  open: CauseCounts;
  kinds: { kind: Kind; counts: CauseCounts }[];
  parties: { attribution: Party; counts: CauseCounts }[];
  top: Outage[];
  works: { work: { work_id: string; node: string; begin: string; end: string; reason: string }; place_name: string }[];
}

/** Under the key of the outages: what changes them changes this. */
export const useOverview = () =>
  useQuery({
    queryKey: [...outageKeys.outages, "overview"],
    queryFn: () => getJson<Overview>("/api/overview"),
    refetchInterval: 10_000,
  });
