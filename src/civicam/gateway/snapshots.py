"""Pictures that devices take when asked and upload over HTTP (图像抓拍; GB/T 28181-2022 SnapShotConfig).

    person ─ask─▶ DeviceConfig/SnapShotConfig ─▶ device ─HTTP─▶ the door (civicam.web.uploads) ─▶ disk
                  one-time address, SessionID            └─ UploadSnapShotFinished ─▶ us

The address is the right to upload: 160 random bits for one ask, closed soon after its end. Besides it the
source is compared with where the device is known to be, as far as a NAT lets that be known. What is asked for
and by whom is on record before anything is sent to the device; that is the web's part, as for downloads.
"""

from __future__ import annotations

import asyncio
import ipaddress
import secrets
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from civicam.fleet.facts import ChannelId
from civicam.fleet.orders import Outcome, Result, Snapshot, SnapshotPicture
from civicam.gateway import refusals, snapshot_files
from civicam.gateway.addresses import Addresses, Target
from civicam.gateway.commands import Commands
from civicam.gateway.desk import Desk
from civicam.gateway.roster import Entry
from civicam.gateway.shoot import Shoot
from civicam.gateway.snapshot_intake import DISK, Intake
from civicam.kernel.errors import CivicamError, Operational, Refused
from civicam.signalling.gb28181.ids import GbId
from civicam.signalling.gb28181.manscdp.config import DeviceConfig, DeviceConfigResponse
from civicam.signalling.gb28181.manscdp.config_types import SnapShotConfig
from civicam.signalling.gb28181.manscdp.message import Message
from civicam.signalling.gb28181.manscdp.snapshot_finished import SnapshotFinished

UNKNOWN = "gateway.no-snapshot"
BUSY = "gateway.snapshot-busy"
TOO_MANY = "gateway.too-many-snapshots"
NO_DOOR = "gateway.snapshot-no-door"
NO_SPACE = "gateway.snapshot-no-space"
FOREIGN = "gateway.snapshot-foreign-source"
CROWDED = "gateway.snapshot-crowded"
RESTARTED = "gateway.snapshot-restarted"
REFUSED = "gateway.snapshot-refused"
UNSUPPORTED = "gateway.snapshot-unsupported"

MOST_PICTURES = 10
"""GB/T 28181-2022 A.2.3.2.9."""
_CLEAN_S = 60.0


@dataclass(slots=True)
class _Ask:
    """One under way, or just over. ``token`` is its address."""

    token: str
    job: Snapshot
    entry: Entry
    shoot: Shoot
    session_id: str
    timer: asyncio.TimerHandle | None = None


class Snapshots:
    """The use case. ``folder`` is ours alone; ``door``: the host and port our HTTP side listens on."""

    def __init__(
        self, desk: Desk, addresses: Addresses, commands: Commands, folder: Path, door: tuple[str, int]
    ) -> None:
        self._desk = desk
        self._settings = desk.settings.snapshot
        self._addresses = addresses
        self._commands = commands
        self._folder = folder
        self._door = door
        self._jobs: OrderedDict[str, Snapshot] = OrderedDict()
        self._asks: dict[str, _Ask] = {}
        """By address."""
        self._uploads = 0
        self._cleaner: asyncio.TimerHandle | None = None
        self._writing = asyncio.Lock()

    def __len__(self) -> int:
        return sum(not ask.shoot.over for ask in self._asks.values())

    @property
    def upload_s(self) -> float:
        """Seconds one upload may take."""
        return self._settings.upload_s

    def start(self) -> None:
        """Find what earlier processes kept: a short list, once. What was under way then is over."""
        now = self._desk.clock.now()
        for job in snapshot_files.stored(self._folder):
            if job.stage in {"asked", "arriving"}:
                job = replace(job, stage="failed", code=RESTARTED, ended_at=now)
            self._jobs[job.snapshot_id] = job
        if self._jobs:
            self._clean()

    async def aclose(self) -> None:
        """Nothing is taken any more; what came is kept."""
        if self._cleaner is not None:
            self._cleaner.cancel()
        for ask in self._asks.values():
            if ask.timer is not None:
                ask.timer.cancel()
        self._asks.clear()

    # -- people

    async def ask(
        self, channel_id: ChannelId, wanted: int, interval_s: int, *, owner: str, purpose: str
    ) -> Snapshot:
        """Have a device take ``wanted`` (1..10) pictures of a channel, ``interval_s`` seconds apart.

        Raises `Refused` ``gateway.bad-setting``, ``gateway.snapshot-busy`` (this channel is being asked),
        ``gateway.snapshot-no-door``, ``gateway.snapshot-no-space``, ``gateway.too-many-snapshots``, as
        `Addresses.channel` does, and `Operational` ``gateway.unreachable``. What the device answers is in
        the result and its later states.
        """
        if not 1 <= wanted <= MOST_PICTURES:
            raise Refused("gateway.bad-setting", field="SnapNum", low=1, high=MOST_PICTURES)
        target = await self._addresses.channel(channel_id)
        self._check(channel_id)
        free = await asyncio.to_thread(snapshot_files.free, self._folder)
        if free < self._settings.free_bytes:
            raise Refused(NO_SPACE)
        token, session_id = secrets.token_hex(20), secrets.token_hex(20)
        url = f"{self._base(target.entry)}/upload/{token}"
        now = self._desk.clock.now()
        job = Snapshot(
            self._desk.line.new_id(),
            channel_id,
            target.channel,
            owner,
            purpose,
            wanted,
            interval_s,
            now,
            "asked",
            until=now + timedelta(hours=self._settings.keep_h),
        )
        patience = self._settings.patience_s + (wanted - 1) * interval_s
        shoot = Shoot(wanted, self._now() + patience, self._settings.tail_s, self._settings.session_bytes)
        ask = self._asks[token] = _Ask(token, job, target.entry, shoot, session_id)
        self._jobs[job.snapshot_id] = job
        self._watch_age()
        self._desk.counters["snapshot_asked"] += 1
        try:
            await asyncio.to_thread(snapshot_files.describe, self._folder / job.snapshot_id, job)
            order = SnapShotConfig(wanted, interval_s, url, session_id)
            self._judge(ask, await self._order(target, order))
        except (OSError, CivicamError) as error:
            shoot.fail(error.code if isinstance(error, CivicamError) else DISK, self._now())
            if isinstance(error, OSError):
                raise Operational(DISK, reason=error.strerror or str(error)) from error
            raise
        finally:
            self._follow(ask)
        return self._jobs[job.snapshot_id]

    def all(self, owner: str = "", channel_id: str = "") -> list[Snapshot]:
        """Newest first; ``owner`` and ``channel_id`` empty: all."""
        return [
            job
            for job in reversed(self._jobs.values())
            if owner in {"", job.owner} and channel_id in {"", job.channel_id}
        ]

    def picture(self, snapshot_id: str, number: int) -> tuple[Snapshot, Path]:
        """An ask and one of its pictures. Raises `Refused` ``gateway.no-snapshot``."""
        job = self._jobs.get(snapshot_id)
        if job is None or job.until is None or job.until <= self._desk.clock.now():
            raise Refused(UNKNOWN)
        if all(each.number != number for each in job.pictures):
            raise Refused(UNKNOWN)
        return job, snapshot_files.picture(self._folder / snapshot_id, number)

    async def remove(self, snapshot_id: str) -> None:
        """Remove an ask with its pictures; what the device still uploads is refused. Idempotent."""
        for token, ask in list(self._asks.items()):
            if ask.job.snapshot_id == snapshot_id:
                self._close(token)
        if self._jobs.pop(snapshot_id, None) is not None:
            async with self._writing:
                await asyncio.to_thread(snapshot_files.remove, self._folder / snapshot_id)

    # -- devices

    def admit(self, token: str, host: str) -> Intake:
        """An upload begins at the address ``token``, from ``host``.

        Raises `Refused` ``gateway.no-snapshot``, ``gateway.snapshot-over``,
        ``gateway.snapshot-foreign-source``, ``gateway.snapshot-crowded``.
        """
        ask = self._asks.get(token)
        if ask is None:
            self._desk.counters["snapshot_stranger"] += 1
            raise Refused(UNKNOWN)
        if not near(host, ask.entry.host, self._settings.source):
            self._desk.counters["snapshot_foreign_source"] += 1
            self._desk.faults.note(FOREIGN, ask.entry.gb_id, self._now(), source=host, other=ask.entry.host)
            raise Refused(FOREIGN, source=host)
        ask.shoot.admit(self._now())
        if self._uploads >= self._settings.concurrent:
            raise Refused(CROWDED)
        self._uploads += 1
        self._desk.counters["snapshot_upload"] += 1
        return Intake(
            ask.shoot,
            self._folder / ask.job.snapshot_id,
            ask.session_id,
            self._settings.picture_bytes,
            (self._now, lambda: self._follow(ask), self._left),
        )

    def finished(self, entry: Entry, notice: Message) -> None:
        """UploadSnapShotFinished: only from the device that was asked, for a session we gave it."""
        if not isinstance(notice, SnapshotFinished):
            return
        for ask in self._asks.values():
            if ask.session_id == notice.session_id and ask.entry.device_id == entry.device_id:
                ask.shoot.finished(len(notice.files), self._now())
                self._follow(ask)
                return
        self._desk.counters["snapshot_unsolicited"] += 1

    # -- inside

    def _check(self, channel_id: ChannelId) -> None:
        if any(ask.job.channel_id == channel_id and not ask.shoot.over for ask in self._asks.values()):
            raise Refused(BUSY)
        if len(self._jobs) >= self._settings.most:
            raise Refused(TOO_MANY, most=self._settings.most)

    def _base(self, entry: Entry) -> str:
        """The beginning of the address we give a device."""
        if self._settings.url:
            return self._settings.url.rstrip("/")
        host, port = self._door
        assert entry.peer is not None
        if host in refusals.WILDCARDS:
            host = self._desk.line.local_host(entry.peer)
        elif _address(host).is_loopback and not _address(entry.peer.host).is_loopback:
            raise Refused(NO_DOOR)
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def _order(self, target: Target, config: SnapShotConfig) -> Outcome:
        gb_id = GbId.parse(target.channel)
        return await self._commands.answered_order(
            target.entry, lambda sn: DeviceConfig(sn, gb_id, items=(config,)), DeviceConfigResponse, due=True
        )

    def _judge(self, ask: _Ask, outcome: Outcome) -> None:
        """An order that was not confirmed may be carried out all the same: the pictures decide."""
        if outcome.result in {Result.UNSUPPORTED, Result.REFUSED}:
            told = outcome.reason or (f"SIP {outcome.status}" if outcome.status else "")
            ask.shoot.fail(UNSUPPORTED if outcome.result is Result.UNSUPPORTED else REFUSED, self._now())
            self._jobs[ask.job.snapshot_id] = replace(self._jobs[ask.job.snapshot_id], detail=told)

    def _follow(self, ask: _Ask) -> None:
        """Let the job say what the ask has come to, here and on the disk, and the timer fit."""
        self._arm(ask)
        before = self._jobs.get(ask.job.snapshot_id)
        if before is None:
            return
        shoot = ask.shoot
        pictures = tuple(
            SnapshotPicture(number, each.bytes, each.width, each.height, each.digest)
            for number, each in enumerate(shoot.pictures, 1)
        )
        ended = before.ended_at or (self._desk.clock.now() if shoot.over else None)
        ask.job = self._jobs[before.snapshot_id] = replace(
            before,
            stage=shoot.stage,
            code=shoot.code,
            told=shoot.told,
            pictures=pictures,
            ended_at=ended,
        )
        if ask.job == before:
            return
        if shoot.over and before.ended_at is None:
            self._desk.counters[f"snapshot_{shoot.stage}"] += 1
        self._desk.tasks.spawn(self._write(ask.job.snapshot_id), "snapshot-described")

    async def _write(self, snapshot_id: str) -> None:
        """The newest state of a job to the disk; a disk that is full has been told of already."""
        async with self._writing:
            job = self._jobs.get(snapshot_id)
            if job is None:
                return
            try:
                await asyncio.to_thread(snapshot_files.describe, self._folder / snapshot_id, job)
            except OSError as error:
                self._desk.faults.note(DISK, job.channel, self._now(), reason=error.strerror or str(error))

    def _arm(self, ask: _Ask) -> None:
        if ask.timer is not None:
            ask.timer.cancel()
        if ask.token in self._asks:
            wait = max(0.0, ask.shoot.get_timer() - self._now())
            ask.timer = asyncio.get_running_loop().call_later(wait, self._tick, ask)

    def _tick(self, ask: _Ask) -> None:
        if ask.shoot.handle_timer(self._now()):
            self._follow(ask)
        else:
            self._close(ask.token)

    def _close(self, token: str) -> None:
        ask = self._asks.pop(token, None)
        if ask is not None and ask.timer is not None:
            ask.timer.cancel()

    def _left(self) -> None:
        self._uploads -= 1

    def _watch_age(self) -> None:
        """Look for what was kept long enough, now and then, while there is anything."""
        if self._cleaner is None and self._jobs:
            self._cleaner = asyncio.get_running_loop().call_later(_CLEAN_S, self._clean)

    def _clean(self) -> None:
        self._cleaner = None
        now = self._desk.clock.now()
        for job in list(self._jobs.values()):
            if job.until is not None and job.until <= now:
                self._desk.tasks.spawn(self.remove(job.snapshot_id), "snapshot-expired")
        self._watch_age()

    def _now(self) -> float:
        return self._desk.clock.monotonic()


def near(host: str, known: str, rule: str) -> bool:
    """Whether an upload from ``host`` may be of the device at ``known``; ``rule``: host, network or any."""
    if rule == "any":
        return True
    try:
        one, other = _address(host), _address(known)
    except ValueError:
        return False
    if one == other:
        return True
    if rule == "host" or one.version != other.version:
        return False
    prefix = 24 if one.version == 4 else 64
    return one in ipaddress.ip_network(f"{other}/{prefix}", strict=False)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An address; IPv4 written as IPv6 is IPv4. Raises `ValueError`."""
    found = ipaddress.ip_address(host.partition("%")[0])
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found
