/** Recordings on devices, as `civicam/web/api/playback.py` gives them. */
import { useQuery } from "@tanstack/vue-query";
import { computed, toValue, type MaybeRefOrGetter } from "vue";
import { getJson, postJson, remove } from "@/api/client";
import type { Text } from "@/api/types";
import type { Outcome } from "@/ptz/api";

export interface Recording {
  start: string;
  end: string;
  name: string;
  kind: string;
  size: number | null;
}

export interface Recordings {
  recordings: Recording[];
  /** False: the device announced `announced` pieces and stopped before all had come. */
  complete: boolean;
  announced: number | null;
}

export type Stage = "waiting" | "receiving" | "done" | "failed" | "cancelled";

export interface Download {
  download_id: string;
  channel_id: string;
  channel: string;
  start: string;
  end: string;
  asked_at: string;
  stage: Stage;
  /** 0..1 of the period. */
  progress: number;
  bytes: number;
  code: string;
  sha256: string;
  until: string | null;
  /** Its code in words. */
  why?: Text | null;
}

export const playbackKeys = { recordings: ["recordings"], downloads: ["downloads"] } as const;

export const useRecordings = (channelId: MaybeRefOrGetter<string>, period: MaybeRefOrGetter<[string, string]>) =>
  useQuery({
    queryKey: computed(() => [...playbackKeys.recordings, toValue(channelId), ...toValue(period)]),
    queryFn: () => {
      const [start, end] = toValue(period);
      return getJson<Recordings>(`/api/channels/${encodeURIComponent(toValue(channelId))}/recordings`, { start, end });
    },
    enabled: computed(() => toValue(channelId) !== ""),
    retry: false,
    // A search keeps the recorder busy: it is not repeated because somebody looked at another window.
    refetchOnWindowFocus: false,
    staleTime: 60_000,
  });

const busy = (jobs: Download[] | undefined): boolean =>
  jobs?.some((job) => job.stage === "waiting" || job.stage === "receiving") === true;

export const useDownloads = () =>
  useQuery({
    queryKey: playbackKeys.downloads,
    queryFn: async () => {
      const found = await getJson<{ downloads: Download[]; why: Record<string, Text> }>("/api/downloads");
      return found.downloads.map((job) => ({ ...job, why: found.why[job.code] ?? null }));
    },
    refetchInterval: (query) => (busy(query.state.data) ? 1_000 : 10_000),
  });

export type Action = "pause" | "resume" | "seek" | "scale";

export const control = (sessionId: string, action: Action, about: { at?: string; value?: number } = {}): Promise<Outcome> =>
  postJson<Outcome>(`/api/playback/${encodeURIComponent(sessionId)}/control`, { action, ...about });

export const askDownload = (channelId: string, start: string, end: string): Promise<Download> =>
  postJson<Download>("/api/downloads", { channel_id: channelId, start, end, speed: 4, purpose: "duty" });

export const removeDownload = (id: string): Promise<void> => remove(`/api/downloads/${encodeURIComponent(id)}`);
export const fileOf = (id: string): string => `/api/downloads/${encodeURIComponent(id)}/file`;
