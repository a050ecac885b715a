"""One open stream of a worker: its source, its hub, and the watch over both.

opened ──first picture──► playing ◄──► stalled (no packets | packets without pictures) ──► ended
                             ▲                         (silence for stream_timeout_s)        ▲
                             └──► paused (a recording; silence means nothing) ──pause_timeout_s──┘
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from civicam.kernel.errors import Refused
from civicam.media.aio.hub import Hub
from civicam.media.aio.source import Source, SourceFigures
from civicam.media.core.codecs import VideoParameters
from civicam.media.core.receive import RtpReceiver
from civicam.media.engine import EngineEvent, Idle, StreamKind, StreamStalled, StreamStarted, StreamStats

_NOTHING = SourceFigures(0, 0, 0, 0.0, "", None, ())
_LOSS_SHOWN = 0.005
"""Share of packets lost in the window from which viewers are told "degraded": a person sees it."""
_SEEK_S = 15.0
"""How long a jump is waited for after it was asked for: a recorder looks for its file."""
_WINDOW_TICKS = 5


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds, see `MediaSettings`."""

    no_packets_s: float
    no_pictures_s: float
    stream_timeout_s: float
    linger_s: float
    pause_timeout_s: float


class LiveStream:
    """``emit`` takes events for the supervisor. The source is set by the worker once it is open."""

    def __init__(
        self,
        stream_id: str,
        patience: Patience,
        emit: Callable[[EngineEvent], None],
        make_hub: Callable[[Callable[[VideoParameters], None]], Hub],
        now: float,
    ) -> None:
        self.stream_id = stream_id
        self.hub = make_hub(self._on_parameters)
        self.source: Source | None = None
        self.receiver: RtpReceiver | None = None
        """That of a device which pushes; None when we pull."""
        self.kind = StreamKind.LIVE
        self.scale = 1.0
        self._paused_since: float | None = None
        self.stalled: str | None = None
        self._patience = patience
        self._emit = emit
        self._expected_since: float | None = None
        self._opened = now
        self._first_packet: float | None = None
        self._watched = now
        self._awaited = False
        self._started = False
        self._shown = False
        """As `_started`, as far as the clock that ticks has seen."""
        self._state: tuple[str, str | None] = ("playing", None)
        self._window: list[tuple[int, int]] = []  # (lost, expected) at each tick

    def expect(self, now: float) -> None:
        """From now on packets are due (the SDP answer came, or we pull)."""
        self._expected_since = now

    def wanted(self, now: float) -> None:
        """Somebody asks for the stream: the linger time starts anew."""
        self._watched = now
        self._awaited = True
        self._pace()

    def play(self, kind: StreamKind) -> None:
        """What the device was asked for; viewers of a recording are told."""
        self.kind = kind
        if kind is not StreamKind.LIVE:
            self.hub.tell_play(kind.value, self.scale)

    def pause(self, paused: bool, now: float) -> None:
        """See `MediaEngine.pause`."""
        self._history()
        self._paused_since = now if paused else None
        if paused:
            self.stalled = None
        else:
            self._expected_since = now
        self._tell_state()

    def rescale(self, scale: float) -> None:
        """See `MediaEngine.scale`."""
        self._history().depacketiser.timeline.pace(scale)
        self.scale = scale
        self.hub.tell_play(self.kind.value, scale)

    def seek(self, now: float) -> None:
        """See `MediaEngine.seek`."""
        self._history().depacketiser.timeline.expect_jump(now + _SEEK_S)
        self.hub.seek()

    def _history(self) -> RtpReceiver:
        if self.kind is StreamKind.LIVE or self.receiver is None:
            raise Refused("media.not-history", stream_id=self.stream_id)
        return self.receiver

    def _on_parameters(self, parameters: VideoParameters) -> None:
        if not self._started:
            self._started = True
            self._emit(
                StreamStarted(
                    self.stream_id,
                    parameters.codec,
                    parameters.codec_string,
                    parameters.width,
                    parameters.height,
                )
            )

    # -- once a second

    def tick(self, now: float, *, awaited: bool) -> str | None:
        """Look after the stream; the code to end it with, or None. ``awaited``: somebody holds a ticket."""
        if self.source is None:
            return None
        self._awaited = awaited
        self._pace()
        self.source.tick(now)
        figures = self.source.figures()
        self._window = [*self._window[-_WINDOW_TICKS:], (figures.lost, figures.expected)]
        if self._first_packet is None:
            self._first_packet = figures.last_packet
        if self._paused_since is not None:
            self._watched = now
            over = now - self._paused_since >= self._patience.pause_timeout_s
            return "media.pause-timeout" if over else None
        if self._started and not self._shown:
            # nobody could watch before: whoever waited for the first picture has the whole time to come
            self._shown, self._watched = True, now
        if self.hub.viewers or awaited or self.hub.sinks or self.kind is StreamKind.DOWNLOAD:
            self._watched = now
        elif now - self._watched >= self._patience.linger_s:
            self._watched = now
            self._emit(Idle(self.stream_id))
        return self._watch(figures, now)

    def _watch(self, figures: SourceFigures, now: float) -> str | None:
        expected = self._expected_since or 0.0
        silent = now - (max(figures.last_packet or 0.0, expected) or self._opened)
        if silent >= self._patience.stream_timeout_s:
            return "media.stream-timeout"
        stalled, seconds = None, 0.0
        if silent >= self._patience.no_packets_s and (figures.last_packet or self._expected_since):
            stalled, seconds = "media.no-packets", silent
        elif self._first_packet is not None and figures.last_packet is not None:
            blind = now - max(self.hub.last_picture or self._first_packet, expected)
            if blind >= self._patience.no_pictures_s:
                stalled, seconds = "media.no-pictures", blind
        if stalled is not None and stalled != self.stalled:
            self._emit(StreamStalled(self.stream_id, stalled, round(seconds, 1)))
        self.stalled = stalled
        self._tell_state()
        return None

    def _tell_state(self) -> None:
        if self._paused_since is not None:
            state: tuple[str, str | None] = ("paused", None)
        elif self.stalled is not None:
            state = ("stalled", self.stalled)
        elif self._loss() >= _LOSS_SHOWN:
            state = ("degraded", "media.loss")
        else:
            state = ("playing", None)
        if state != self._state:
            self._state = state
            self.hub.tell_state(*state)

    def _pace(self) -> None:
        """Packets of a live stream that nobody watches, or is about to, may wait longer to be read."""
        if self.source is not None:
            seen = self.hub.viewers > 0 or self._awaited or not self._started
            self.source.relax(not seen and self.kind is StreamKind.LIVE)

    # -- figures

    def _loss(self) -> float:
        """Lost of expected over the last seconds."""
        if len(self._window) < 2:
            return 0.0
        lost = self._window[-1][0] - self._window[0][0]
        expected = self._window[-1][1] - self._window[0][1]
        return min(1.0, max(0.0, lost / expected)) if expected > 0 else 0.0

    def stats(self, now: float) -> StreamStats:
        """The figures of this moment."""
        figures = self.source.figures() if self.source is not None else _NOTHING
        parameters, rates, loss = self.hub.parameters, self.hub.rates, self._loss()
        age = rates.key_age_s(now)
        return StreamStats(
            stream_id=self.stream_id,
            codec=parameters.codec if parameters else None,
            width=parameters.width if parameters else 0,
            height=parameters.height if parameters else 0,
            kbps=round(rates.kbps(now), 1),
            fps=round(rates.fps(now), 2),
            packets=figures.packets,
            lost=figures.lost,
            loss=round(loss, 5),
            jitter_ms=round(figures.jitter_ms, 2),
            gop_frames=rates.gop_frames,
            key_age_s=None if age is None else round(age, 2),
            viewers=self.hub.viewers,
            viewer_drops=self.hub.drops(),
            source=figures.peer,
            warnings=figures.warnings + (("media.loss",) if loss >= _LOSS_SHOWN else ()),
            foreign=figures.foreign,
            kind=self.kind,
            paused=self._paused_since is not None,
            scale=self.scale,
        )

    def close(self, code: str, now: float) -> None:
        """End source and hub, and let go of them."""
        if self.source is not None:
            self.source.close(now)
        self.source = self.receiver = None
        self.hub.end(code)
