/** Waiting times between attempts: 1, 2, 4, 8, 15, 15 … s, so a dead camera costs little and a short break heals fast. */

const STEPS_MS = [1_000, 2_000, 4_000, 8_000, 15_000];

/** Delay before attempt `attempt` (1 = the first retry), spread by `jitter` in 0..1 to ±20 % so panes do not march in step. */
export function retryDelay(attempt: number, jitter: number): number {
  const base = STEPS_MS[Math.min(Math.max(attempt, 1), STEPS_MS.length) - 1] ?? 15_000;
  return Math.round(base * (0.8 + 0.4 * jitter));
}
