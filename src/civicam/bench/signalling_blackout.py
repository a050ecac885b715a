"""A power cut: every camera registers again within ten seconds, and the net loses 5 % of the datagrams.

Meanwhile those that are back raise alarms; each is to be answered, and to be in the store when the platform
is killed at the end. The time of an alarm includes what the lossy net costs both sides in retransmissions
(RFC 3261: half a second for the first, one more for the second, two for the third), which nobody can take
away: a device whose alarm is lost three times has waited 3.5 s before the platform hears of it. So the
platform's own share is told too, and has to be within the goal for every single alarm.

Admission, questions and the rest are as operators have them; only heartbeats come faster than usual, so that
a device wrongly called lost shows within the measurement.
"""

from __future__ import annotations

import threading
import time

from civicam.bench.report import Goal, Report
from civicam.bench.signalling_city import cores
from civicam.bench.signalling_devices import cameras
from civicam.bench.signalling_platform import Platform, platform
from civicam.bench.signalling_work import Work, percentile

LOSS = 0.05
SPREAD_S = 10.0
HEARTBEAT_S = 10
ALL_BACK_S = 60.0
ALARMS = 20.0
"""A second, from the whole city."""
ALARM_S = 2.0


def run(count: int = 5_892, seconds: float = 120.0) -> Report:
    """Watch for ``seconds`` how ``count`` cameras come back.

    Raises `Operational` ``bench.no-answer``.
    """
    report = Report(
        "blackout", load={"cameras": count, "loss": LOSS, "spread_s": SPREAD_S, "alarms_per_s": ALARMS}
    )
    with (
        platform(count, cores()[0], heartbeat_s=HEARTBEAT_S) as peer,
        cameras(peer.port, count, cores()[1]) as work,
    ):
        watch = _Watch(peer, count)
        before = peer.cpu_s()
        watch.start()
        rate = count / HEARTBEAT_S
        done = work(Work("blackout", seconds, rate=rate, loss=LOSS, spread_s=SPREAD_S, alarms=ALARMS))
        cpu = peer.cpu_s() - before
        watch.stop()
        peer.kill()
        kept = peer.kept()
    report.figures["cpu_s"] = cpu
    report.figures["registered"] = len(done.registered_after_s)
    report.figures["last_registered_after_s"] = max(done.registered_after_s, default=0.0)
    report.figures["online"] = kept["online"]
    report.figures["all_online_after_s"] = watch.all_online_after_s
    report.figures["called_lost"] = kept["lost"]
    for percent in (50, 99):
        report.figures[f"alarm_p{percent}_s"] = percentile(done.alarm_s, percent)
    report.figures["alarm_longest_s"] = max(done.alarm_s, default=0.0)
    for percent in (50, 99):
        report.figures[f"alarm_own_p{percent}_s"] = percentile(done.alarm_own_s, percent)
    report.figures["alarm_own_longest_s"] = max(done.alarm_own_s, default=0.0)
    report.figures["alarms"] = done.alarms
    report.figures["alarms_kept"] = kept["alarms"]
    after = watch.all_online_after_s
    report.goals["all_online"] = Goal(ALL_BACK_S, seconds if after is None else after, "s")
    report.goals["false_offline"] = Goal(0, kept["lost"], "devices")
    report.goals["alarms_answered_p99"] = Goal(ALARM_S, percentile(done.alarm_s, 99), "s")
    report.goals["alarms_own_longest"] = Goal(ALARM_S, max(done.alarm_own_s, default=0.0), "s")
    report.goals["alarms_unanswered"] = Goal(0, done.alarms - len(done.alarm_s), "alarms")
    report.goals["alarms_kept"] = Goal(done.alarms, kept["alarms"], "alarms", at_most=False)
    return report


class _Watch(threading.Thread):
    """Looks into the database once a second until everyone is online."""

    def __init__(self, peer: Platform, count: int) -> None:
        super().__init__(daemon=True)
        self.all_online_after_s: float | None = None
        self._peer = peer
        self._count = count
        self._stopped = threading.Event()

    def run(self) -> None:
        """Until all are online or `stop`."""
        begun = time.monotonic()
        while not self._stopped.wait(1.0):
            if self._peer.kept()["online"] >= self._count:
                self.all_online_after_s = time.monotonic() - begun
                return

    def stop(self) -> None:
        """No more looking."""
        self._stopped.set()
        self.join()
