/** Planned work, as `civicam/web/api/works.py` gives it, and what it will darken. */
import { useQuery } from "@tanstack/vue-query";
import { computed, toValue, type MaybeRefOrGetter } from "vue";
import { getJson, postJson, putJson, remove } from "@/api/client";
import { outageKeys, type Party } from "@/outages/api";

export interface Work {
  work_id: string;
  node: string;
  node_name: string;
  begin: string;
  end: string;
  reason: string;
  attribution: Party;
  contact: string;
  by: string;
  said_at: string;
}

export interface WorksPage {
  works: Work[];
  next: string | null;
}

export interface WorkFilter {
  when: string;
  after: string;
  limit: number;
}

export interface Terms {
  begin: string;
  end: string;
  reason: string;
  attribution: Party;
  contact: string;
}

/** Who goes dark, as `civicam/fleet/graph_views.py` says it. */
export interface Dark {
  failed: string[];
  unknown: string[];
  nodes: { id: string; kind: string; name: string; site_id: string | null; minute: number }[];
  strained: string[];
  sites: { site_id: string; channels: number; first_minute: number; last_minute: number }[];
  devices: number;
  channels: number;
}

// Under the outages: work that begins or ends changes rows, and rows tell of work.
export const workKeys = { works: [...outageKeys.outages, "works"] } as const;

export const runs = (work: Work, now: number): boolean => Date.parse(work.begin) <= now && now < Date.parse(work.end);

/** Works that run or come are few and come whole; those that are over are paged. */
export const useWorks = (filter: MaybeRefOrGetter<WorkFilter>) =>
  useQuery({
    queryKey: computed(() => [...workKeys.works, "page", toValue(filter)]),
    queryFn: async (): Promise<WorksPage> => {
      const { when, after, limit } = toValue(filter);
      if (when === "past") return getJson<WorksPage>("/api/works/past", { after, limit });
      const { works } = await getJson<{ works: Work[] }>("/api/works");
      const now = Date.now();
      const wanted = when === "" ? works : works.filter((work) => runs(work, now) === (when === "running"));
      return { works: wanted.sort((a, b) => Date.parse(a.begin) - Date.parse(b.begin)), next: null };
    },
    placeholderData: (old) => old,
    refetchInterval: 30_000,
  });

export const fetchWorks = async (): Promise<Work[]> => (await getJson<{ works: Work[] }>("/api/works")).works;
export const fetchDark = (nodes: string[], sites: string[]): Promise<Dark> =>
  postJson<Dark>("/api/graph/dark", { failed: nodes, sites });
export const announce = (terms: Terms, nodes: string[], sites: string[]): Promise<{ works: Work[] }> =>
  postJson("/api/works", { ...terms, nodes, sites });
export const announceAnew = (work: Work, changes: Partial<Terms>): Promise<Work> => {
  const { begin, end, reason, attribution, contact, node } = { ...work, ...changes };
  return putJson<Work>(`/api/works/${encodeURIComponent(work.work_id)}`, { begin, end, reason, attribution, contact, node });
};
export const takeBack = (work: Work): Promise<void> => remove(`/api/works/${encodeURIComponent(work.work_id)}`);

/** Works that share time with a period and stand at, or below, what it is about. */
export function overlapping(works: readonly Work[], period: { begin: number; end: number }, nodes: ReadonlySet<string>): Work[] {
  return works.filter((work) => nodes.has(work.node) && Date.parse(work.begin) < period.end && Date.parse(work.end) > period.begin);
}

/** By work, how many others of a list are at the same place at the same time. */
export function clashes(works: readonly Work[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const work of works) {
    const period = { begin: Date.parse(work.begin), end: Date.parse(work.end) };
    const others = overlapping(works, period, new Set([work.node])).filter((each) => each.work_id !== work.work_id);
    if (others.length > 0) found.set(work.work_id, others.length);
  }
  return found;
}
