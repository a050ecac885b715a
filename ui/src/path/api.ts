/** A site's power and fibre, as `GET /api/graph/sites/{id}` gives it. */
import { useQuery } from "@tanstack/vue-query";
import { computed, toValue, type MaybeRefOrGetter } from "vue";
import { getJson } from "@/api/client";

export type Medium = "power" | "fibre" | "logical";

export interface GraphNode {
  id: string;
  kind: string;
  name: string;
  site_id: string | null;
  battery_minutes: number;
}

export interface GraphEdge {
  upper: string;
  lower: string;
  medium: Medium;
  backup: boolean;
}

export interface Drawing {
  site_id: string;
  nodes: { node: GraphNode; layer: number }[];
  edges: GraphEdge[];
}

export const usePath = (id: MaybeRefOrGetter<string>) =>
  useQuery({
    queryKey: computed(() => ["graph", "site", toValue(id)]),
    queryFn: () => getJson<Drawing>(`/api/graph/sites/${encodeURIComponent(toValue(id))}`),
    refetchInterval: 60_000,
  });
