/** Alarms, as `civicam/web/api/alarms.py` gives them, and those that came while nobody looked. */
import { useQuery } from "@tanstack/vue-query";
import { computed, shallowReactive, toValue, type MaybeRefOrGetter } from "vue";
import { getJson, postJson } from "@/api/client";
import type { Text } from "@/api/types";

export type ResetState = "open" | "done" | "taken" | "unconfirmed" | "refused" | "unsupported" | "failed";

export interface Alarm {
  id: string;
  device_id: string;
  device_name: string | null;
  channel_id: string | null;
  channel_name: string | null;
  /** What the device says raised it: 20 or 10 digits. */
  source_id: string;
  /** 1 highest … 4; null: not said. */
  priority: number | null;
  method: number | null;
  type: number | null;
  event: "enter" | "leave" | null;
  name: Text;
  description: string;
  lon: number | null;
  lat: number | null;
  /** The device's own clock; null: not said. */
  at: string | null;
  received_at: string;
  how: "message" | "notify";
  reset: { state: ResetState; at: string | null; by: string };
}

export interface AlarmPage {
  alarms: Alarm[];
  next: string | null;
}

export interface AlarmFilter {
  device: string;
  priority: string;
  method: string;
  from: string;
  to: string;
  after: string;
  limit: number;
}

export const alarmKeys = { alarms: ["alarms"] } as const;

export const useAlarms = (filter: MaybeRefOrGetter<AlarmFilter>) =>
  useQuery({
    queryKey: computed(() => [...alarmKeys.alarms, toValue(filter)]),
    queryFn: () => getJson<AlarmPage>("/api/alarms", { ...toValue(filter) }),
    placeholderData: (old) => old,
    refetchInterval: 60_000,
  });

export const resetAlarm = (id: string): Promise<Alarm> =>
  postJson<Alarm>(`/api/alarms/${encodeURIComponent(id)}/reset`, undefined);

// More than this nobody counts; the badge says "99+".
const MOST = 100;

/** Open alarms that came since somebody last looked at the page. */
export const unseen = shallowReactive(new Set<string>());

/** Takes the rows of an `alarm` event; a row whose reset is known is one that somebody saw. */
export function note(alarms: readonly Alarm[]): void {
  for (const alarm of alarms) {
    if (alarm.reset.state !== "open") unseen.delete(alarm.id);
    else if (unseen.size < MOST) unseen.add(alarm.id);
  }
}
