/** What the player asks of each way to get pictures on the screen, and what it hears back. */

export interface Door {
  url: string;
  ticket: string;
}

export interface ClientStats {
  fps: number;
  kbps: number;
  latencyMs: number | null;
  dropped: number;
  width: number;
  height: number;
  /** Recordings: ms of recording since the place asked for; null where it is not known. */
  playedMs: number | null;
}

export interface PipeEvents {
  opened(): void;
  /** The stream's codec is known. */
  codec(codec: string): void;
  /** This browser cannot decode `codec` this way. */
  unsupported(codec: string): void;
  /** The first picture since `open`. */
  picture(): void;
  /** Once a second while open. */
  stats(stats: ClientStats): void;
  note(message: Record<string, unknown>): void;
  closed(code: string): void;
}

export interface Pipe {
  /** Goes into the pane; keeps its last picture between connections. */
  readonly element: HTMLElement;
  open(door: Door): void;
  close(): void;
  destroy(): void;
}
