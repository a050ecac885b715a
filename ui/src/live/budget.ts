/**
 * How many pictures a desktop may decode at once. A weak machine that decodes too much shows every picture late;
 * it is better to show the last panes as key-frame pictures and to say so.
 */

/** Cost in units: a main stream (1080p) is about six sub-streams. */
export const COST = { sub: 1, main: 6 } as const;

export function budgetUnits(cores: number): number {
  return Math.min(Math.max(Math.floor(cores) * 6, 9), 48);
}

/** Which panes may decode, in the order given (the active pane first); the rest get key-frame pictures. */
export function grant(wants: readonly { id: number; stream: "sub" | "main" }[], units: number): Set<number> {
  const granted = new Set<number>();
  let left = units;
  for (const want of wants) {
    const cost = COST[want.stream];
    // The first pane always decodes: one picture the operator asked for is never refused.
    if (cost > left && granted.size > 0) continue;
    granted.add(want.id);
    left -= cost;
  }
  return granted;
}
