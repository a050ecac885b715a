/**
 * Speaking through a loudspeaker: the microphone first, then the device, then push-to-talk. Knows no Vue and no HTTP.
 * Nothing is sent unless something is held, and everything that was opened is closed, in whatever state it ends.
 */
import { ApiError } from "@/api/client";
import type { Reason } from "@/live/player/state";
import { encode } from "./g711";

export type Purpose = "duty" | "maintenance";

export type SpeakState =
  | { kind: "idle" }
  /** The browser asks for the microphone. */
  | { kind: "microphone" }
  /** The device is being called; it may take 20 seconds. */
  | { kind: "calling" }
  /** The device listens. */
  | { kind: "open" }
  | { kind: "ended"; trouble: string; reason: Reason | null }
  | { kind: "failed"; trouble: string; reason: Reason | null };

/** Something here, not at the server: its name under `speak.trouble`. */
export class Trouble extends Error {}

export interface Microphone {
  close(): void;
}

export interface SpeakSocket {
  send(data: Uint8Array<ArrayBuffer>): void;
  close(): void;
}

export interface SpeakNote {
  peer?: string;
  waiting_ms?: number;
  dropped_ms?: number;
}

export interface TalkerDeps {
  microphone(take: (samples: Float32Array) => void): Promise<Microphone>;
  /** Ask the server to call the device; on record before it does. */
  open(purpose: Purpose): Promise<{ url: string; ticket: string }>;
  /** Say that it is over; may be said twice. */
  close(): void;
  connect(url: string, ticket: string, events: { note(note: SpeakNote): void; closed(code: string): void }): SpeakSocket;
}

export interface TalkerEvents {
  state(state: SpeakState): void;
  /** 0..1 of the meter, and whether it is being sent. */
  level(level: number, sent: boolean): void;
  note(note: SpeakNote): void;
}

/** Nobody said anything for so long: the loudspeaker is free for others. */
export const QUIET_MS = 120_000;
const QUIETEST_DB = -60;

/** The loudest sample of a piece on a scale of 60 dB. */
export function levelOf(samples: Float32Array): number {
  let peak = 0;
  for (const sample of samples) peak = Math.max(peak, Math.abs(sample));
  const db = peak === 0 ? QUIETEST_DB : Math.max(QUIETEST_DB, 20 * Math.log10(peak));
  return Math.min(1, 1 - db / QUIETEST_DB);
}

export class Talker {
  state: SpeakState = { kind: "idle" };
  private microphone: Microphone | null = null;
  private socket: SpeakSocket | null = null;
  private talking = false;
  private quiet: ReturnType<typeof setTimeout> | undefined;
  /** Which attempt this is: what an earlier one still brings is thrown away. */
  private turn = 0;

  constructor(
    private readonly deps: TalkerDeps,
    private readonly events: TalkerEvents,
  ) {}

  get busy(): boolean {
    return this.state.kind === "microphone" || this.state.kind === "calling" || this.state.kind === "open";
  }

  get speaking(): boolean {
    return this.talking;
  }

  async start(purpose: Purpose): Promise<void> {
    if (this.busy) return;
    const turn = (this.turn += 1);
    this.enter({ kind: "microphone" });
    try {
      const microphone = await this.deps.microphone((samples) => this.heard(turn, samples));
      if (turn !== this.turn) return microphone.close();
      this.microphone = microphone;
      this.enter({ kind: "calling" });
      const opened = await this.deps.open(purpose);
      if (turn !== this.turn) return this.deps.close();
      this.socket = this.deps.connect(opened.url, opened.ticket, {
        note: (note) => turn === this.turn && this.events.note(note),
        closed: (code) => turn === this.turn && this.finish({ kind: "ended", trouble: "", reason: { code } }),
      });
      this.enter({ kind: "open" });
      this.watch();
    } catch (error) {
      if (turn === this.turn) this.finish({ kind: "failed", ...wordsOf(error) });
    }
  }

  /** The button or the key is held. */
  hold(): void {
    if (this.state.kind !== "open") return;
    this.talking = true;
    clearTimeout(this.quiet);
  }

  release(): void {
    if (!this.talking) return;
    this.talking = false;
    this.events.level(0, false);
    this.watch();
  }

  /** The person has said enough, or leaves. */
  end(): void {
    if (this.busy) this.finish({ kind: "idle" });
  }

  private watch(): void {
    clearTimeout(this.quiet);
    this.quiet = setTimeout(() => this.finish({ kind: "ended", trouble: "quiet", reason: null }), QUIET_MS);
  }

  private heard(turn: number, samples: Float32Array): void {
    if (turn !== this.turn || this.state.kind !== "open") return;
    this.events.level(levelOf(samples), this.talking);
    if (this.talking) this.socket?.send(encode(samples));
  }

  private enter(state: SpeakState): void {
    this.state = state;
    this.events.state(state);
  }

  private finish(state: SpeakState): void {
    const called = this.state.kind === "open";
    this.turn += 1;
    this.talking = false;
    clearTimeout(this.quiet);
    this.microphone?.close();
    this.socket?.close();
    this.microphone = this.socket = null;
    if (called) this.deps.close();
    this.events.level(0, false);
    this.enter(state);
  }
}

function wordsOf(error: unknown): { trouble: string; reason: Reason | null } {
  if (error instanceof Trouble) return { trouble: error.message, reason: null };
  if (error instanceof ApiError) return { trouble: "", reason: { code: error.code, message: error.messages } };
  return { trouble: "audio", reason: null };
}
