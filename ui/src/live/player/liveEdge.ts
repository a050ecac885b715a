/**
 * Keeps an MSE player near the live edge: a little behind, play slightly faster; far behind, jump.
 * Pure: the player asks after every append.
 */

export interface EdgePolicy {
  /** Seconds of buffer to keep ahead of the play head. */
  target: number;
  /** Above this, play faster. */
  hurry: number;
  /** Above this, jump. */
  jump: number;
}

export const EDGE: EdgePolicy = { target: 0.09, hurry: 0.16, jump: 0.8 };

export interface EdgeAction {
  rate: number;
  seekTo: number | null;
}

/** What to do with the play head at `position` when the buffer ends at `end` (seconds of the media timeline). */
export function followEdge(position: number, end: number, rate: number, policy: EdgePolicy = EDGE): EdgeAction {
  const ahead = end - position;
  if (ahead > policy.jump || ahead < 0) return { rate: 1, seekTo: Math.max(0, end - policy.target) };
  if (ahead > policy.hurry) return { rate: ahead > 2 * policy.hurry ? 1.25 : 1.1, seekTo: null };
  // Keep hurrying until the target is reached, so the rate does not flap around one limit.
  return { rate: rate > 1 && ahead > policy.target ? rate : 1, seekTo: null };
}
