/** One recording on the screen: plays, pauses, jumps, changes speed, and knows where it stands. */
import { onBeforeUnmount, ref, shallowRef, type Ref } from "vue";
import { recordingDeps } from "@/live/deps";
import { Player } from "@/live/player/player";
import type { PaneState } from "@/live/player/state";
import type { Outcome } from "@/ptz/api";
import { control, type Action } from "./api";

export interface TapeEvents {
  /** What came of an order, and what went wrong with one. */
  told(outcome: Outcome): void;
  failed(error: unknown): void;
  /** The asked period is over. */
  ended(code: string): void;
}

const TICK_MS = 200;

export function useTape(surface: Ref<HTMLElement | null>, clockOffsetMs: () => number, events: TapeEvents) {
  const state = shallowRef<PaneState>({ kind: "idle" });
  /** Unix ms in the recording; null while nothing is loaded. */
  const place = ref<number | null>(null);
  const paused = ref(false);
  const scale = ref(1);

  let player: Player | null = null;
  let session: string | null = null;
  let period: [number, number] = [0, 0];
  let asked = 0;
  let heldScale = 1;

  function play(channelId: string, from: number, to: number): void {
    player?.destroy();
    surface.value?.replaceChildren();
    session = null;
    period = [from, to];
    asked = from;
    place.value = from;
    paused.value = false;
    heldScale = 1;
    const mine: Player = new Player(
      { channelId, stream: "main", way: null, snapshotsWhy: "player.snapshots", recording: true },
      recordingDeps(
        clockOffsetMs(),
        () => {
          // Also after a lost connection: on from where it was.
          period = [Math.min(place.value ?? from, to - 1000), to];
          asked = period[0];
          return period;
        },
        (id) => (session = player === mine ? id : session),
      ),
      {
        state: (next) => {
          if (player !== mine) return;
          if (next.kind !== "playing") heldScale = 1;
          state.value = next;
          if (next.kind === "playing" && scale.value !== heldScale) void setScale(scale.value);
        },
        stats: (next) => {
          if (player === mine && next.playedMs !== null) place.value = Math.min(asked + next.playedMs, to);
        },
        element: (element) => {
          element.classList.add("picture");
          surface.value?.append(element);
        },
        ended: (code) => {
          if (player !== mine) return;
          session = null;
          events.ended(code);
        },
      },
    );
    player = mine;
    mine.start();
  }

  async function order(action: Action, about: { at?: string; value?: number } = {}): Promise<boolean> {
    if (session === null) return false;
    try {
      const outcome = await control(session, action, about);
      const good = outcome.result === "done" || outcome.result === "taken";
      if (!good) events.told(outcome);
      return good;
    } catch (error) {
      events.failed(error);
      return false;
    }
  }

  async function toggle(): Promise<void> {
    if (state.value.kind !== "playing") return;
    const wish = !paused.value;
    if (await order(wish ? "pause" : "resume")) paused.value = wish;
  }

  /** Inside the period that plays; false: it is outside, or the device did not jump. */
  async function seek(to: number): Promise<boolean> {
    if (session === null || state.value.kind !== "playing" || to < period[0] || to >= period[1]) return false;
    const [before, wasAsked] = [place.value, asked];
    asked = to;
    place.value = to;
    if (await order("seek", { at: new Date(to).toISOString() })) {
      paused.value = false;
      return true;
    }
    asked = wasAsked;
    place.value = before;
    return false;
  }

  async function setScale(value: number): Promise<void> {
    scale.value = value;
    if (state.value.kind !== "playing") return;
    if (await order("scale", { value })) heldScale = value;
    else scale.value = heldScale;
  }

  function stop(): void {
    player?.destroy();
    player = null;
    session = null;
    state.value = { kind: "idle" };
    place.value = null;
    paused.value = false;
  }

  // Between two reports of the player the place goes on by the clock.
  const timer = setInterval(() => {
    if (place.value !== null && state.value.kind === "playing" && !paused.value)
      place.value = Math.min(place.value + TICK_MS * heldScale, period[1]);
  }, TICK_MS);
  onBeforeUnmount(() => {
    clearInterval(timer);
    player?.destroy();
    player = null;
  });

  return { state, place, paused, scale, play, toggle, seek, setScale, stop, retry: () => player?.retryNow() };
}
