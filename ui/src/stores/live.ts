/** The wall: which layout, what is in each pane, which pane is active. Kept for this tab, so a reload shows it again. */
import { defineStore } from "pinia";
import { computed, ref, watch } from "vue";

export type Layout = 1 | 4 | 9;
export const LAYOUTS: readonly Layout[] = [1, 4, 9];

export interface PaneContent {
  channelId: string;
  name: string;
  /** What the operator chose for this pane; null: sub in a grid, main when enlarged or alone. */
  stream: "sub" | "main" | null;
}

const KEY = "civicam.wall";

interface Saved {
  layout: Layout;
  panes: (PaneContent | null)[];
}

function load(): Saved {
  const empty: Saved = { layout: 4, panes: Array<PaneContent | null>(9).fill(null) };
  try {
    const saved = JSON.parse(sessionStorage.getItem(KEY) ?? "null") as Saved | null;
    return saved !== null && LAYOUTS.includes(saved.layout) && saved.panes.length === 9 ? saved : empty;
  } catch {
    return empty;
  }
}

export const useWall = defineStore("wall", () => {
  const saved = load();
  const layout = ref<Layout>(saved.layout);
  const panes = ref<(PaneContent | null)[]>(saved.panes);
  const active = ref(0);
  const enlarged = ref<number | null>(null);
  const statsOn = ref(false);

  const columns = computed(() => (enlarged.value !== null ? 1 : Math.sqrt(layout.value)));
  /** Layout 1 shows the active pane, whichever that is. */
  function isVisible(index: number): boolean {
    if (enlarged.value !== null) return enlarged.value === index;
    return layout.value === 1 ? index === active.value : index < layout.value;
  }

  function setLayout(value: Layout): void {
    layout.value = value;
    enlarged.value = null;
    if (value !== 1 && active.value >= value) active.value = 0;
  }

  /** Puts a channel into the active pane and moves on to the next empty one, so clicking down a list fills the wall. */
  function place(channelId: string, name: string): void {
    panes.value[active.value] = { channelId, name, stream: null };
    const empty = panes.value.findIndex((pane, index) => pane === null && index < layout.value);
    if (enlarged.value === null && layout.value !== 1 && empty !== -1) active.value = empty;
  }

  function closePane(index: number): void {
    panes.value[index] = null;
    if (enlarged.value === index) enlarged.value = null;
    active.value = index;
  }

  function closeAll(): void {
    panes.value = panes.value.map(() => null);
    enlarged.value = null;
    active.value = 0;
  }

  function toggleEnlarged(index: number): void {
    if (panes.value[index] === null || layout.value === 1) return;
    enlarged.value = enlarged.value === index ? null : index;
    active.value = index;
    const pane = panes.value[index];
    if (pane) pane.stream = null;
  }

  function streamOf(index: number): "sub" | "main" {
    return panes.value[index]?.stream ?? (enlarged.value === index || layout.value === 1 ? "main" : "sub");
  }

  function toggleStream(index: number): void {
    const pane = panes.value[index];
    if (pane) pane.stream = streamOf(index) === "main" ? "sub" : "main";
  }

  /** Moves the active pane by arrow key; stays inside the layout. */
  function move(columnStep: number, rowStep: number): void {
    if (enlarged.value !== null || layout.value === 1) return;
    const side = Math.sqrt(layout.value);
    const column = Math.min(Math.max((active.value % side) + columnStep, 0), side - 1);
    const row = Math.min(Math.max(Math.floor(active.value / side) + rowStep, 0), side - 1);
    active.value = row * side + column;
  }

  watch(
    [layout, panes],
    () => sessionStorage.setItem(KEY, JSON.stringify({ layout: layout.value, panes: panes.value })),
    { deep: true },
  );

  return {
    layout,
    panes,
    active,
    enlarged,
    statsOn,
    columns,
    isVisible,
    setLayout,
    place,
    closePane,
    closeAll,
    toggleEnlarged,
    streamOf,
    toggleStream,
    move,
  };
});
