/** One cause on the map, as `GET /api/outages/{id}/map` gives it. */
import { useQuery } from "@tanstack/vue-query";
import { computed, toValue, type MaybeRefOrGetter } from "vue";
import { getJson } from "@/api/client";
import { outageKeys, type Outage } from "@/outages/api";

export interface MapNode {
  id: string;
  kind: string;
  name: string;
  lon: number;
  lat: number;
  /** False: nobody entered a place; it is the middle of what hangs on it. */
  own: boolean;
}

export interface MapLine {
  upper: string;
  lower: string;
  medium: "power" | "fibre" | "logical";
  backup: boolean;
}

export interface CauseMap {
  outage: Outage;
  sites: { site_id: string; channels: number }[];
  /** The cause's own place first; empty when it has none in the graph. */
  nodes: MapNode[];
  lines: MapLine[];
}

export const useCauseMap = (id: MaybeRefOrGetter<string | null>) =>
  useQuery({
    queryKey: computed(() => [...outageKeys.outages, "map", toValue(id)]),
    queryFn: () => getJson<CauseMap>(`/api/outages/${encodeURIComponent(toValue(id) ?? "")}/map`),
    enabled: computed(() => toValue(id) !== null),
    refetchInterval: 15_000,
  });

/** Open causes, those that take away most first: the list beside the map. `at` (Unix ms): those open then. */
export const useOpenCauses = (at: MaybeRefOrGetter<number | null> = null) =>
  useQuery({
    queryKey: computed(() => [...outageKeys.outages, "open", toValue(at)]),
    queryFn: async () => {
      const then = toValue(at);
      const moment = then === null ? "" : new Date(then).toISOString();
      const wanted = then === null ? { state: "open" } : { from: moment, to: moment };
      const { outages } = await getJson<{ outages: Outage[] }>("/api/outages", { ...wanted, limit: 500 });
      return outages.sort((a, b) => b.channels - a.channels || (a.started_at < b.started_at ? -1 : 1));
    },
    placeholderData: (old) => old,
    refetchInterval: computed(() => (toValue(at) === null ? 15_000 : false)),
  });
