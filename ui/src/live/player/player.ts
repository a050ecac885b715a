/**
 * One pane's player: asks the server for a stream, picks the way it can be shown, keeps at it with a visible back-off,
 * and says at every moment which of the six states holds. Knows no Vue; the pane listens.
 */
import { retryDelay } from "./backoff";
import { MsePipe } from "./msePipe";
import type { ClientStats, Pipe, PipeEvents } from "./pipe";
import { SnapshotPipe } from "./snapshotPipe";
import { classify, reduce, type PaneEvent, type PaneState, type Reason, type Way } from "./state";
import { serverStats, type PaneStats, type ServerStats } from "./stats";
import { waysFor, type Abilities } from "./ways";
import { WebCodecsPipe } from "./webcodecsPipe";

export interface Opened {
  sessionId: string;
  url: string;
  ticket: string;
}

/** What the player needs from outside; rejections carry `code`, `status` and `message`. */
export interface PlayerDeps {
  open(channelId: string, stream: "sub" | "main", format: "annexb" | "fmp4"): Promise<Opened>;
  close(sessionId: string): void;
  picture(channelId: string, signal: AbortSignal): Promise<Blob>;
  abilities: Abilities;
  /** Server clock minus this machine's, ms. */
  clockOffsetMs: number;
}

export interface PlayerEvents {
  state(state: PaneState): void;
  stats(stats: PaneStats): void;
  element(element: HTMLElement): void;
  /** A recording is over, and is not asked for again. */
  ended?(code: string): void;
}

export interface PlayerWish {
  channelId: string;
  stream: "sub" | "main";
  /** Tried first when the browser has it; null for the usual order. */
  way: Way | null;
  /** The code that says why key-frame pictures were wished for. */
  snapshotsWhy: string;
  /** It can be paused, it comes to an end, and key-frame pictures of now are no way to show it. */
  recording?: boolean;
}

// A socket that opened but brings no picture for this long is given up.
const FIRST_PICTURE_MS = 15_000;
// No new picture for this long while playing is said; three times as long is a lost connection.
const STALL_MS = 5_000;
// How a recording ends when nothing is wrong.
const ENDS = new Set(["gateway.file-ended", "media.pause-timeout"]);

export class Player {
  private state: PaneState = { kind: "idle" };
  private pipe: Pipe | null = null;
  private way: Way | null = null;
  private tried: Way[] = [];
  private codec = "";
  private session: string | null = null;
  private generation = 0;
  private attempt = 0;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private watchTimer: ReturnType<typeof setInterval> | undefined;
  private lastPictureAt = 0;
  private server: ServerStats | null = null;
  private paused = false;

  constructor(
    private readonly wish: PlayerWish,
    private readonly deps: PlayerDeps,
    private readonly events: PlayerEvents,
  ) {}

  start(): void {
    void this.connect();
  }

  /** Forget the waiting time and try at once. */
  retryNow(): void {
    this.tried = [];
    this.dispatch({ type: "stop" });
    void this.connect();
  }

  destroy(): void {
    this.generation += 1;
    this.endSession();
    this.pipe?.destroy();
    this.pipe = null;
  }

  private async connect(): Promise<void> {
    const mine = ++this.generation;
    this.endSession();
    this.paused = false;
    const way = waysFor(this.deps.abilities, this.tried, this.wish.way).filter(
      (each) => this.wish.recording !== true || each !== "snapshots",
    )[0];
    if (way === undefined) {
      this.dispatch({ type: "undecodable", codec: this.codec, tried: this.tried, pictures: false });
      return;
    }
    this.dispatch({ type: "ask", now: Date.now() });
    this.usePipe(way);
    if (way === "snapshots") {
      this.pipe?.open({ url: "", ticket: "" });
      return;
    }
    try {
      const format = way === "mse" ? "fmp4" : "annexb";
      const opened = await this.deps.open(this.wish.channelId, this.wish.stream, format);
      if (mine !== this.generation) {
        this.deps.close(opened.sessionId);
        return;
      }
      this.session = opened.sessionId;
      this.dispatch({ type: "step", step: "opening" });
      this.pipe?.open(opened);
      this.watch();
    } catch (error) {
      if (mine === this.generation) this.refused(error as { code?: string; status?: number; messages?: Record<string, string> });
    }
  }

  private refused(error: { code?: string; status?: number; messages?: Record<string, string> }): void {
    const reason: Reason = { code: error.code ?? "player.server-unreachable" };
    if (error.messages !== undefined) reason.message = error.messages;
    if (classify(reason.code, error.status ?? 0) === "retry") this.lost(reason);
    else this.dispatch({ type: "failed", reason });
  }

  private lost(reason: Reason): void {
    this.generation += 1;
    this.endSession();
    this.attempt += 1;
    const delay = retryDelay(this.attempt, Math.random());
    this.dispatch({ type: "lost", reason, now: Date.now(), retryAt: Date.now() + delay });
    this.retryTimer = setTimeout(() => void this.connect(), delay);
  }

  private endSession(): void {
    clearTimeout(this.retryTimer);
    clearInterval(this.watchTimer);
    this.pipe?.close();
    if (this.session !== null) this.deps.close(this.session);
    this.session = null;
  }

  private usePipe(way: Way): void {
    if (this.pipe !== null && this.way === way) return;
    this.pipe?.destroy();
    this.way = way;
    const events = this.pipeEvents(way);
    if (way === "webcodecs") this.pipe = new WebCodecsPipe(events, this.deps.clockOffsetMs);
    else if (way === "mse") this.pipe = new MsePipe(events, this.deps.clockOffsetMs);
    else this.pipe = new SnapshotPipe(events, (signal) => this.deps.picture(this.wish.channelId, signal));
    this.events.element(this.pipe.element);
  }

  private pipeEvents(way: Way): PipeEvents {
    return {
      opened: () => this.dispatch({ type: "step", step: "waiting-key" }),
      codec: (codec) => {
        this.codec = codec;
      },
      unsupported: (codec) => this.nextWay(way, codec),
      picture: () => {
        this.attempt = 0;
        this.lastPictureAt = Date.now();
        if (way === "snapshots" && this.tried.length > 0) {
          this.dispatch({ type: "undecodable", codec: this.codec, tried: this.tried, pictures: true });
          return;
        }
        this.dispatch({ type: "picture", way, now: Date.now() });
        if (way === "snapshots") this.dispatch({ type: "degraded", reason: { code: this.wish.snapshotsWhy } });
      },
      stats: (stats) => this.report(stats),
      note: (message) => this.note(message),
      closed: (code) => this.closed(way, code),
    };
  }

  private nextWay(way: Way, codec: string): void {
    this.codec = codec;
    this.tried = [...this.tried, way];
    void this.connect();
  }

  private closed(way: Way, code: string): void {
    if (way === "snapshots" && code === "media.cannot-decode") return this.nextWay(way, this.codec);
    if (this.wish.recording === true && ENDS.has(code)) {
      this.generation += 1;
      this.endSession();
      this.dispatch({ type: "stop" });
      this.events.ended?.(code);
      return;
    }
    const reason = { code };
    if (classify(code, 0) === "offline") this.dispatch({ type: "failed", reason });
    else this.lost(reason);
  }

  private note(message: Record<string, unknown>): void {
    if (message["type"] === "stats") {
      this.server = serverStats(message);
    } else if (message["type"] === "state") {
      this.lastPictureAt = Date.now();
      this.paused = message["state"] === "paused";
      if (this.paused) return this.dispatch({ type: "degraded", reason: null });
      const code = typeof message["reason"] === "string" ? message["reason"] : `media.${String(message["state"])}`;
      this.dispatch({ type: "degraded", reason: message["state"] === "playing" ? null : { code } });
    }
  }

  private report(stats: ClientStats): void {
    if (stats.fps > 0) this.lastPictureAt = Date.now();
    this.events.stats({
      ...stats,
      codec: this.codec || (this.server?.codec ?? ""),
      loss: this.server?.loss ?? null,
      jitterMs: this.server?.jitterMs ?? null,
    });
  }

  /** Says when pictures stop, and starts again when they do not come back. */
  private watch(): void {
    this.lastPictureAt = Date.now();
    clearInterval(this.watchTimer);
    this.watchTimer = setInterval(() => {
      const silent = Date.now() - this.lastPictureAt;
      if (this.state.kind === "connecting" && silent > FIRST_PICTURE_MS) this.lost({ code: "player.no-key-frame" });
      if (this.state.kind !== "playing" || this.paused) return;
      if (silent > 3 * STALL_MS) this.lost({ code: "player.no-pictures" });
      else if (silent > STALL_MS) this.dispatch({ type: "degraded", reason: { code: "player.no-pictures" } });
      else if (this.state.degraded?.code === "player.no-pictures") this.dispatch({ type: "degraded", reason: null });
    }, 1000);
  }

  private dispatch(event: PaneEvent): void {
    const next = reduce(this.state, event);
    if (next === this.state) return;
    this.state = next;
    this.events.state(next);
  }
}
