/** The outage ledger, as `civicam/web/api/outages.py` gives it: one row a cause. */
import { useInfiniteQuery, useQuery } from "@tanstack/vue-query";
import { computed, toValue, type MaybeRefOrGetter } from "vue";
import { getJson, postJson } from "@/api/client";
import type { Text } from "@/api/types";

export const KINDS = ["mains", "supply", "fibre", "network", "device", "storage", "platform", "planned", "unknown"] as const;
export type Kind = (typeof KINDS)[number];

export const PARTIES = ["power_company", "carrier", "third_party", "contractor", "owner", "operator", "nobody"] as const;
export type Party = (typeof PARTIES)[number];

export type RowState = "open" | "recovering" | "closed" | "merged";

export interface Verdict {
  at: string;
  kind: Kind;
  place: string;
  attribution: Party;
  /** 0 … 1. */
  confidence: number;
  rule: string;
  /** Places that it could be as well, with probabilities. */
  others: [string, number][];
}

export interface Overruled {
  kind: Kind | null;
  place: string;
  attribution: Party;
  reason: string;
  by: string;
  at: string;
}

export interface Outage {
  id: string;
  state: RowState;
  /** What somebody answered, where it was overruled; else what the rules say. */
  kind: Kind;
  place: string;
  place_name: string;
  attribution: Party;
  confidence: number;
  started_at: string;
  earliest: string;
  latest: string;
  opened_at: string;
  ended_at: string | null;
  closed_at: string | null;
  sites: number;
  devices: number;
  channels: number;
  work_id: string;
  merged_into: string;
  machine: Verdict;
  overruled: Overruled | null;
}

export interface OutagePage {
  outages: Outage[];
  next: string | null;
}

export interface Line {
  line: { code: string; node: string; at: string | null; until: string | null; number: number | null };
  text: Text;
  name: string;
}

export interface OutageDetail {
  outage: Outage;
  evidence: Line[];
  history: Verdict[];
  words: Overruled[];
  unusable_minutes: number;
  unknown_minutes: number;
  names: Record<string, string>;
}

export interface AffectedChannel {
  channel: { channel_id: string; device_id: string; site_id: string; spans: { began: string; ended: string | null; unknown: boolean }[] };
  name: string;
  device_name: string;
  unusable_minutes: number;
  unknown_minutes: number;
}

export interface OutageFilter {
  state: string;
  kind: string;
  attribution: string;
  /** The element, by id. */
  place?: string;
  from: string;
  to: string;
  after: string;
  limit: number;
}

export const outageKeys = { outages: ["outages"] } as const;

export const useOutages = (filter: MaybeRefOrGetter<OutageFilter>) =>
  useQuery({
    queryKey: computed(() => [...outageKeys.outages, "page", toValue(filter)]),
    queryFn: () => getJson<OutagePage>("/api/outages", { ...toValue(filter) }),
    placeholderData: (old) => old,
    refetchInterval: 15_000,
  });

export const useOutage = (id: MaybeRefOrGetter<string>) =>
  useQuery({
    queryKey: computed(() => [...outageKeys.outages, "one", toValue(id)]),
    queryFn: () => getJson<OutageDetail>(`/api/outages/${encodeURIComponent(toValue(id))}`),
    refetchInterval: 15_000,
  });

export const useAffected = (id: MaybeRefOrGetter<string>) =>
  useInfiniteQuery({
    queryKey: computed(() => [...outageKeys.outages, "channels", toValue(id)]),
    queryFn: ({ pageParam }) =>
      getJson<{ channels: AffectedChannel[]; next: string | null }>(`/api/outages/${encodeURIComponent(toValue(id))}/channels`, {
        after: pageParam,
        limit: 50,
      }),
    initialPageParam: "",
    getNextPageParam: (last) => last.next ?? undefined,
  });

export const overrule = (
  id: string,
  answer: { kind: Kind | null; place: string; attribution: Party; reason: string },
): Promise<Outage> => postJson<Outage>(`/api/outages/${encodeURIComponent(id)}/overrule`, answer);

/** Minutes a cause has lasted: to its end, or to now. */
export function minutes(outage: Outage, now: number): number {
  const end = outage.ended_at === null ? now : Date.parse(outage.ended_at);
  return Math.max(0, (end - Date.parse(outage.started_at)) / 60_000);
}

/** The address of an export of what is filtered. */
export function exportOf(kind: "xlsx" | "csv" | "json", filter: OutageFilter, locale: string): string {
  const { state, attribution, from, to, place = "" } = filter;
  const wanted = { state, kind: filter.kind, attribution, place, from, to, ...(kind === "json" ? {} : { language: locale }) };
  const filled = Object.entries(wanted).filter(([, value]) => value !== "");
  return `/api/outages.${kind}?${new URLSearchParams(filled).toString()}`;
}
