/**
 * Moving a camera while something is held: sent at once, renewed, and stopped whatever lets go. Knows no Vue and no
 * HTTP. The server ends a motion that nobody renews by itself; this is the first guard, that one the second.
 */

export type Axis = "pan" | "tilt" | "zoom" | "focus" | "aperture";

/** A direction on some axes: pan 1 right, tilt 1 up, zoom 1 in, focus 1 far, aperture 1 open. */
export type Motion = Partial<Record<Axis, -1 | 1>>;

export interface DriveDeps {
  move(motion: Motion): Promise<void>;
  stop(): Promise<void>;
}

export const RENEW_MS = 2_000;

export class Drive {
  private motion: Motion | null = null;
  private timer: ReturnType<typeof setInterval> | undefined;
  private inFlight = 0;
  private stopAgain = false;

  constructor(private readonly deps: DriveDeps) {}

  get moving(): boolean {
    return this.motion !== null;
  }

  /** Begin, or change direction. */
  hold(motion: Motion): void {
    if (this.motion !== null && same(this.motion, motion)) return;
    this.motion = motion;
    this.stopAgain = false;
    clearInterval(this.timer);
    this.timer = setInterval(() => this.send(), RENEW_MS);
    this.send();
  }

  /** Let go. Nothing is sent when nothing moved. */
  release(): void {
    if (this.motion === null) return;
    this.halt();
  }

  /** Stop head, lens, cruise and scan, moving or not. */
  halt(): void {
    this.motion = null;
    clearInterval(this.timer);
    // On another connection the stop may overtake the motion it ends: then it is sent once more.
    this.stopAgain = this.inFlight > 0;
    void this.deps.stop();
  }

  private send(): void {
    if (this.motion === null) return;
    this.inFlight += 1;
    void this.deps.move(this.motion).finally(() => {
      this.inFlight -= 1;
      if (!this.stopAgain || this.inFlight > 0) return;
      this.stopAgain = false;
      void this.deps.stop();
    });
  }
}

function same(one: Motion, other: Motion): boolean {
  const axes: Axis[] = ["pan", "tilt", "zoom", "focus", "aperture"];
  return axes.every((axis) => one[axis] === other[axis]);
}

const KEYS: Record<string, Motion> = {
  ArrowLeft: { pan: -1 },
  ArrowRight: { pan: 1 },
  ArrowUp: { tilt: 1 },
  ArrowDown: { tilt: -1 },
  "+": { zoom: 1 },
  "=": { zoom: 1 },
  "-": { zoom: -1 },
};

export const drives = (key: string): boolean => key in KEYS;

/** What the keys that are down ask for together; opposite keys cancel out. Null: nothing. */
export function motionOf(down: ReadonlySet<string>): Motion | null {
  const sum: Partial<Record<Axis, number>> = {};
  for (const key of down) {
    for (const [axis, way] of Object.entries(KEYS[key] ?? {}) as [Axis, number][]) sum[axis] = (sum[axis] ?? 0) + way;
  }
  const ways = Object.entries(sum).filter(([, way]) => way !== 0);
  return ways.length === 0 ? null : Object.fromEntries(ways.map(([axis, way]) => [axis, way > 0 ? 1 : -1]));
}
