/** Pictures devices take when asked, as `civicam/web/api/snapshots.py` gives them. */
import { useQuery } from "@tanstack/vue-query";
import { getJson, postJson, remove } from "@/api/client";
import type { Text } from "@/api/types";
import type { Purpose } from "@/parts/PurposeField.vue";

export interface Picture {
  number: number;
  bytes: number;
  width: number;
  height: number;
  sha256: string;
}

export interface Snapshot {
  snapshot_id: string;
  channel_id: string;
  channel: string;
  purpose: Purpose;
  wanted: number;
  interval_s: number;
  asked_at: string;
  stage: "asked" | "arriving" | "done" | "failed";
  code: string;
  /** What the device said to a refusal. */
  detail: string;
  /** How many the device says it has sent; null when it never said. */
  told: number | null;
  pictures: Picture[];
  ended_at: string | null;
  until: string | null;
}

export interface SnapshotRow {
  snapshot: Snapshot;
  why: Text | null;
}

export const snapshotKey = ["snapshots"] as const;

export const underWay = (row: SnapshotRow): boolean => row.snapshot.ended_at === null;

export const useSnapshots = () =>
  useQuery({
    queryKey: snapshotKey,
    queryFn: async () => (await getJson<{ snapshots: SnapshotRow[] }>("/api/snapshots")).snapshots,
    refetchInterval: (query) => (query.state.data?.some(underWay) === true ? 1_000 : 15_000),
  });

export const askSnapshot = (channelId: string, count: number, intervalS: number, purpose: Purpose): Promise<SnapshotRow> =>
  postJson<SnapshotRow>(`/api/channels/${encodeURIComponent(channelId)}/snapshots`, { count, interval_s: intervalS, purpose });

export const removeSnapshot = (id: string): Promise<void> => remove(`/api/snapshots/${encodeURIComponent(id)}`);
export const pictureOf = (id: string, number: number): string => `/api/snapshots/${encodeURIComponent(id)}/pictures/${number}`;
