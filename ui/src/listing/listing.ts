/**
 * A list whose filters stand in the address and whose pages follow each other by key: the same link shows the same
 * list, in any window. What is shown is refreshed by the query it is read with (`@/api/events` tells it to).
 */
import { computed, ref, watch, type ComputedRef, type Ref } from "vue";
import { useI18n } from "vue-i18n";
import { useRoute, useRouter } from "vue-router";
import { count } from "@/parts/format";

/** Rows on a page. */
export const LIMIT = 50;

/** What a keyset answer says besides its rows: `next` goes back as `after`; `total` where the server counts. */
export interface KeyPage {
  next: string | null;
  total?: number;
}

interface Reading<P> {
  data: Ref<P | undefined>;
  isError: Ref<boolean>;
  isFetching: Ref<boolean>;
  refetch: () => unknown;
}

interface Wishes<F, P extends KeyPage> {
  /** Query keys that filter. */
  filters: readonly string[];
  /** Query keys that choose something in the list: changing one keeps the page, another filter empties them. */
  choices?: readonly string[];
  /** The filter as the server wants it; `after` and `limit` are added. */
  ask: (one: (key: string) => string) => F;
  read: (filter: ComputedRef<F & { after: string; limit: number }>) => Reading<P>;
  rows: (page: P) => readonly unknown[];
}

export type Condition = "some" | "failed" | "none" | "loading";

export function useListing<F extends object, P extends KeyPage>(wishes: Wishes<F, P>) {
  const { t } = useI18n();
  const route = useRoute();
  const router = useRouter();

  const one = (key: string): string => {
    const value = route.query[key];
    return typeof value === "string" ? value : "";
  };
  const after = computed(() => one("after"));
  const filter = computed(() => ({ ...wishes.ask(one), after: after.value, limit: LIMIT }));
  const { data: page, isError, isFetching, refetch } = wishes.read(filter);

  const filtered = computed(() => wishes.filters.some((key) => one(key) !== ""));
  // Keyset pages only know "next"; the way back is what was walked.
  const walked = ref<string[]>([]);

  function go(changes: Record<string, string>): void {
    const query = Object.fromEntries(
      Object.entries({ ...route.query, ...changes }).filter(([, value]) => value !== "" && value !== null),
    );
    void router.push({ query });
  }

  /** Changes what stands in the address; another filter begins at the first page, with nothing chosen. */
  function set(changes: Record<string, string>): void {
    const choices = wishes.choices ?? [];
    if (Object.keys(changes).every((key) => choices.includes(key))) {
      go(changes);
    } else {
      walked.value = [];
      go({ ...Object.fromEntries(choices.map((key) => [key, ""])), after: "", ...changes });
    }
  }

  const clear = (): void => set(Object.fromEntries(wishes.filters.map((key) => [key, ""])));
  const turn = (to: string): void =>
    go({ ...Object.fromEntries((wishes.choices ?? []).map((key) => [key, ""])), after: to });

  function forward(): void {
    if (!page.value?.next) return;
    walked.value = [...walked.value, after.value];
    turn(page.value.next);
  }

  function back(): void {
    const before = walked.value.at(-1) ?? "";
    walked.value = walked.value.slice(0, -1);
    turn(before);
  }

  const shown = computed(() => (page.value === undefined ? 0 : wishes.rows(page.value).length));
  const condition = computed<Condition>(() => {
    if (shown.value > 0) return "some";
    if (isError.value) return "failed";
    return page.value === undefined ? "loading" : "none";
  });
  /** Which rows of how many; of a page that was come to by its address only how many. */
  const range = computed(() => {
    const total = count(page.value?.total ?? 0);
    if (after.value !== "" && walked.value.length === 0) return t("channels.some", { n: shown.value, total });
    const from = walked.value.length * LIMIT + 1;
    return t("channels.range", { from: shown.value === 0 ? 0 : from, to: from + shown.value - 1, total });
  });

  return {
    one, set, clear, forward, back, filter, page, isError, isFetching, refetch, filtered, shown, condition, range,
    first: computed(() => after.value === ""),
    last: computed(() => !page.value?.next),
  };
}

const WAIT_MS = 250;

/** A text field that becomes a filter once its writer pauses. */
export function useTyped(value: () => string, told: (text: string) => void): { text: Ref<string>; typed: () => void } {
  const text = ref(value());
  watch(value, (now) => (text.value = now));
  let timer: ReturnType<typeof setTimeout> | undefined;
  function typed(): void {
    clearTimeout(timer);
    timer = setTimeout(() => told(text.value.trim()), WAIT_MS);
  }
  return { text, typed };
}

/** What a field or a select says now. */
export const chosen = (event: Event): string => (event.target as HTMLInputElement | HTMLSelectElement).value;
