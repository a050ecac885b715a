/** Spreadsheets in and out, as `civicam/web/api/imports.py` gives them. */
import { useQuery } from "@tanstack/vue-query";
import { computed, shallowReactive, toValue, type MaybeRefOrGetter } from "vue";
import { getJson, postJson, request } from "@/api/client";
import type { Text } from "@/api/types";

export const SHEETS = ["parties", "areas", "sites", "devices", "channels", "nodes", "edges"] as const;
export type SheetName = (typeof SHEETS)[number];
export const STATES = ["new", "changed", "removed", "unchanged", "faulty"] as const;
export type RowState = (typeof STATES)[number];
export type BatchState = "ready" | "faulty" | "applying" | "applied" | "undone" | "discarded";

export interface Progress {
  sheet: SheetName | null;
  done: number;
  of: number;
}

export interface Batch {
  id: string;
  file_name: string;
  size: number;
  by: string;
  at: string;
  state: BatchState;
  counts: Partial<Record<SheetName, Record<RowState, number>>>;
  /** Why it could not be applied the last time. */
  error: Text | null;
  progress: Progress | null;
  applied_at: string | null;
  applied_by: string;
  undone_at: string | null;
  undone_by: string;
}

export interface Row {
  sheet: SheetName;
  /** As Excel counts; 0 for a link that the file does not name. */
  number: number;
  key: string;
  name: string;
  state: RowState;
  changes: { column: string; label: Text; old: Text | null; new: Text | null }[];
  faults: { column: string; label: Text; code: string; reason: Text }[];
}

export interface Rows {
  rows: Row[];
  next: number | null;
  total: number;
}

export interface Conflict {
  table: string;
  key: string;
  column: string;
  reason: Text;
  wrote: string;
  found: string;
}

export interface Batches {
  imports: Batch[];
  next: string | null;
  file_mb: number;
}

export interface ImportNews extends Progress {
  import_id: string;
  state: BatchState;
}

export const importKeys = { imports: ["imports"] } as const;

/** How far batches under way are, as the event line tells it. */
export const underWay = shallowReactive(new Map<string, Progress>());

/** Takes news of a batch. */
export function noteImport(news: ImportNews): void {
  if (news.state === "applying") underWay.set(news.import_id, { sheet: news.sheet, done: news.done, of: news.of });
  else underWay.delete(news.import_id);
}

export const useBatches = () =>
  useQuery({
    queryKey: importKeys.imports,
    queryFn: () => getJson<Batches>("/api/fleet/imports", { limit: 50 }),
    refetchInterval: 30_000,
  });

export interface RowsFilter {
  id: string;
  state: RowState;
  sheet: string;
  after: number;
}

export const ROWS = 100;

export const useRows = (filter: MaybeRefOrGetter<RowsFilter>, enabled: MaybeRefOrGetter<boolean>) =>
  useQuery({
    queryKey: computed(() => [...importKeys.imports, "rows", toValue(filter)]),
    queryFn: () => {
      const { id, ...query } = toValue(filter);
      return getJson<Rows>(`/api/fleet/imports/${id}/rows`, { ...query, limit: ROWS });
    },
    enabled: computed(() => toValue(enabled)),
    placeholderData: (old) => old,
  });

export async function upload(file: File): Promise<Batch> {
  const name = encodeURIComponent(file.name);
  const response = await request("POST", `/api/fleet/imports?name=${name}`, undefined, {
    body: file,
    headers: { "content-type": "application/octet-stream" },
  });
  return (await response.json()) as Batch;
}

export const confirmBatch = (id: string): Promise<Batch> => postJson<Batch>(`/api/fleet/imports/${id}/confirm`, {});
export const undoBatch = (id: string): Promise<Batch> => postJson<Batch>(`/api/fleet/imports/${id}/undo`, {});
export const conflictsOf = (id: string): Promise<{ conflicts: Conflict[]; total: number }> =>
  getJson(`/api/fleet/imports/${id}/conflicts`);

export async function discardBatch(id: string): Promise<void> {
  await request("DELETE", `/api/fleet/imports/${id}`);
}

/** Rows of a batch in a state, over one sheet or all. */
export function rowsIn(batch: Batch, state: RowState, sheet = ""): number {
  return SHEETS.filter((name) => sheet === "" || name === sheet).reduce((sum, name) => sum + (batch.counts[name]?.[state] ?? 0), 0);
}

type Query = Record<string, string | readonly string[]>;

/** The address of a workbook to download. */
export function workbook(path: string, query: Query): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    for (const each of typeof value === "string" ? [value] : value) if (each !== "") search.append(key, each);
  }
  return `/api/fleet/${path}?${search.toString()}`;
}
