/** A day of every channel, held in the page: any minute of it is shown without asking again. Pure. */
import type { Site, SiteState } from "@/api/types";

/** As `GET /api/usability/day` gives it; a state is a letter: good, bad, unknown, not configured. */
export interface DayAnswer {
  start: string;
  step_s: number;
  steps: number;
  channels: string[];
  sites: string[];
  /** Each channel's place in `sites`, -1 without. */
  site: number[];
  first: string;
  turns: { step: number; channels: number[]; states: string }[];
}

/** Channels of a site, or of all, at one step; those that are not configured are in none. */
export interface Tally {
  good: number;
  bad: number;
  unknown: number;
}

type Letter = "g" | "b" | "u" | "n";
const FIELDS: Record<Letter, keyof Tally | null> = { g: "good", b: "bad", u: "unknown", n: null };

export class PastDay {
  readonly steps: number;
  private readonly begin: number;

  constructor(private readonly day: DayAnswer) {
    this.steps = day.steps;
    this.begin = Date.parse(day.start);
  }

  /** Unix ms of a step. */
  at(step: number): number {
    return this.begin + step * this.day.step_s * 1000;
  }

  /** Minutes between two steps. */
  get stepMinutes(): number {
    return this.day.step_s / 60;
  }

  /** The state of every channel at a step, a letter each. */
  letters(step: number): string[] {
    const found = [...this.day.first];
    for (const turn of this.day.turns) {
      if (turn.step > step) break;
      turn.channels.forEach((channel, place) => (found[channel] = turn.states[place] ?? "n"));
    }
    return found;
  }

  /** What each site was at a step, and all channels together. */
  tallies(step: number): { sites: Map<string, Tally>; all: Tally } {
    const all: Tally = { good: 0, bad: 0, unknown: 0 };
    const sites = new Map<string, Tally>();
    this.letters(step).forEach((letter, channel) => {
      const field = FIELDS[letter as Letter] ?? null;
      if (field === null) return;
      all[field] += 1;
      const site = this.day.sites[this.day.site[channel] ?? -1];
      if (site === undefined) return;
      let tally = sites.get(site);
      if (tally === undefined) sites.set(site, (tally = { good: 0, bad: 0, unknown: 0 }));
      tally[field] += 1;
    });
    return { sites, all };
  }
}

/** As the server judges a group: what is partly unknown is partial, never online. */
export function stateOf({ good, bad, unknown }: Tally): SiteState {
  const total = good + bad + unknown;
  if (unknown === total) return "unknown";
  if (good === total) return "online";
  return bad === total ? "offline" : "partial";
}

/** Sites as they were: the same places, with the channels and states of then. */
export function sitesThen(sites: readonly Site[], then: ReadonlyMap<string, Tally>): Site[] {
  return sites.map((site) => {
    const tally = then.get(site.id) ?? { good: 0, bad: 0, unknown: 0 };
    const total = tally.good + tally.bad + tally.unknown;
    return { ...site, online: tally.good, total, unknown: tally.unknown, state: stateOf(tally) };
  });
}
