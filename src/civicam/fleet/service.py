"""The fleet's use cases. The gateway calls what devices cause, the web calls what people ask."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

import structlog

from civicam.fleet.cityfile import CityFile, Problem, read, refuse_bad_url
from civicam.fleet.facts import (
    CatalogueApplied,
    CatalogueItem,
    ChannelId,
    ChannelRoute,
    DeviceCredentials,
    DeviceId,
    DeviceInfo,
    DeviceRecord,
    DeviceRegistered,
    DeviceUnregistered,
    FleetFact,
    Heartbeat,
    PresenceChanged,
)
from civicam.fleet.model import channel_id_for, device_id_for, ha1, take_catalogue
from civicam.fleet.ports import (
    Enrolment,
    FleetQueries,
    FleetStore,
    Imported,
    NewSource,
    StoredDevice,
    Vault,
)
from civicam.fleet.settings import FleetSettings
from civicam.fleet.views import (
    ChannelFilter,
    ChannelPage,
    ChannelRow,
    City,
    DeviceDetail,
    DeviceFilter,
    DevicePage,
    FleetSituation,
    Hit,
    Node,
    SiteRow,
    SourceRow,
)
from civicam.kernel.clock import Clock
from civicam.kernel.errors import CivicamError, Refused
from civicam.kernel.work import Work

log = structlog.get_logger("civicam.fleet")

FACTS: dict[str, type[FleetFact]] = {
    "fleet.registered": DeviceRegistered,
    "fleet.unregistered": DeviceUnregistered,
    "fleet.presence-changed": PresenceChanged,
    "fleet.catalogue-applied": CatalogueApplied,
}
"""Names of this room's facts in the outbox."""


class FleetService:
    """One for the process. `start` begins to write collected heartbeats, `aclose` writes the last ones."""

    def __init__(
        self,
        work: Work[FleetStore],
        queries: Work[FleetQueries],
        vault: Vault,
        clock: Clock,
        settings: FleetSettings,
    ) -> None:
        self._work = work
        self._queries = queries
        self._vault = vault
        self._clock = clock
        self._settings = settings
        self._beats: dict[DeviceId, Heartbeat] = {}
        self._faulty: dict[DeviceId, frozenset[str]] | None = None
        self._flusher: asyncio.Task[None] | None = None
        self.changed: list[Callable[[], None]] = []
        """Called after devices were enrolled or removed: the gateway reads `devices` anew."""
        self.beats_written = 0

    async def start(self) -> None:
        """Begin to write heartbeats."""
        self._flusher = asyncio.create_task(self._flush_forever(), name="fleet-heartbeats")

    async def aclose(self) -> None:
        """Write what was collected and stop."""
        if self._flusher is not None:
            self._flusher.cancel()
            await asyncio.gather(self._flusher, return_exceptions=True)
            self._flusher = None
        try:
            await self.flush()
        except CivicamError as error:
            log.warning("fleet.heartbeats-lost", code=error.code, devices=len(self._beats))

    # -- what devices cause

    async def credentials(self, gb_id: str) -> DeviceCredentials | None:
        """What to check a registration against, or None for a code nobody enrolled."""
        return await self._work.read(lambda store: store.credentials(gb_id))

    async def devices(self) -> list[DeviceRecord]:
        """Every device, disabled ones too. A source whose secret cannot be opened comes without it."""
        return [self._opened(each) for each in await self._work.read(lambda store: store.devices())]

    async def registered(self, fact: DeviceRegistered) -> None:
        """Keep a registration. Durable when this returns; `Refused` ``fleet.unknown-device``."""

        def work(store: FleetStore) -> None:
            if not store.registered(fact):
                raise Refused("fleet.unknown-device", device_id=fact.device_id)
            store.publish("fleet.registered", fact, fact.at)

        await self._work.write(work)

    async def unregistered(self, fact: DeviceUnregistered) -> None:
        """Forget a registration; `Refused` ``fleet.unknown-device``."""

        def work(store: FleetStore) -> None:
            if not store.unregistered(fact):
                raise Refused("fleet.unknown-device", device_id=fact.device_id)
            store.publish("fleet.unregistered", fact, fact.at)

        await self._work.write(work)

    async def heartbeat(self, fact: Heartbeat) -> None:
        """Cheap: the newest of each device is kept and all are written together every second.

        A crash loses at most that second, and devices say it again.
        """
        self._beats[fact.device_id] = fact

    async def presence(self, fact: PresenceChanged) -> None:
        """Keep a transition and the states of the channels that follow. Durable when this returns."""

        def work(store: FleetStore) -> None:
            if not store.transition(fact):
                raise Refused("fleet.unknown-device", device_id=fact.device_id)
            store.publish("fleet.presence-changed", fact, fact.at)

        await self._work.write(work)

    async def catalogue(
        self, device_id: DeviceId, items: Sequence[CatalogueItem], complete: bool, at: datetime
    ) -> CatalogueApplied:
        """Take over what a device lists; only a complete list marks channels missing, none is deleted."""

        def work(store: FleetStore) -> CatalogueApplied:
            found = store.key_and_state(device_id)
            if found is None:
                raise Refused("fleet.unknown-device", device_id=device_id)
            change = take_catalogue(found[0], store.channels_of(device_id), items, complete)
            store.save_catalogue(device_id, change, at)
            counts = (len(change.added), len(change.updated), len(change.missing))
            applied = CatalogueApplied(device_id, *counts, complete)
            if any(counts):
                store.publish("fleet.catalogue-applied", applied, at)
            return applied

        return await self._work.write(work)

    async def device_info(self, device_id: DeviceId, info: DeviceInfo) -> None:
        """Keep what a device says of itself."""
        await self._work.write(lambda store: store.device_info(device_id, info))

    async def route(self, channel_id: ChannelId) -> ChannelRoute:
        """Where a channel's picture comes from; `Refused` ``fleet.unknown-channel``, ``fleet.disabled``."""
        found = await self._work.read(lambda store: store.route(channel_id))
        if found is None:
            raise Refused("fleet.unknown-channel", channel_id=channel_id)
        device = found.device.record
        if not device.enabled:
            raise Refused("fleet.disabled", name=device.name)
        sealed = found.device.sealed
        return ChannelRoute(
            channel_id=channel_id,
            device_id=device.device_id,
            protocol=device.protocol,
            device_gb_id=device.gb_id,
            channel_gb_id=found.channel_gb_id,
            rtsp_url=device.rtsp_url,
            username=device.username,
            password="" if sealed is None else self._vault.open(sealed),
            transport=device.transport,
        )

    def _opened(self, stored: StoredDevice) -> DeviceRecord:
        if stored.sealed is None:
            return stored.record
        try:
            return replace(stored.record, password=self._vault.open(stored.sealed))
        except CivicamError as error:
            log.error("fleet.secret-unreadable", device_id=stored.record.device_id, code=error.code)
            return stored.record

    # -- heartbeats

    async def flush(self) -> None:
        """Write the collected heartbeats now; what fails stays collected unless something newer came."""
        beats, self._beats = self._beats, {}
        if not beats:
            return
        try:
            if self._faulty is None:
                self._faulty = await self._work.read(lambda store: store.faulty())
            known, none = self._faulty, frozenset[str]()
            changed = [b for b in beats.values() if frozenset(b.faulty) != known.get(b.device_id, none)]

            def work(store: FleetStore) -> None:
                store.heartbeats(list(beats.values()))
                for beat in changed:
                    store.set_faulty(beat.device_id, frozenset(beat.faulty), beat.at)

            await self._work.write(work)
        except BaseException:
            self._beats = beats | self._beats
            raise
        for beat in changed:
            known[beat.device_id] = frozenset(beat.faulty)
        self.beats_written += len(beats)

    async def _flush_forever(self) -> None:
        while True:
            await asyncio.sleep(self._settings.heartbeat_flush_s)
            try:
                await self.flush()
            except CivicamError as error:
                log.warning("fleet.heartbeats-wait", code=error.code, devices=len(self._beats))

    # -- what people ask

    async def city(self) -> City | None:
        """The city's name and middle; None before anything was imported."""
        return await self._queries.read(lambda q: q.city())

    async def situation(self) -> FleetSituation:
        """Counts and the newest transitions."""
        return await self._queries.read(lambda q: q.situation(self._settings.recent))

    async def tree(self, parent: str) -> list[Node]:
        """The children of a node, districts for the empty one."""
        return await self._queries.read(lambda q: q.tree(parent))

    async def sites(self) -> list[SiteRow]:
        """All sites."""
        return await self._queries.read(lambda q: q.sites())

    async def site(self, site_id: str) -> tuple[SiteRow, list[ChannelRow]]:
        """A site and its channels; `Refused` ``fleet.unknown-site``."""
        found = await self._queries.read(lambda q: q.site(site_id))
        if found is None:
            raise Refused("fleet.unknown-site", site_id=site_id)
        return found

    async def channels(self, wanted: ChannelFilter, after: str = "", limit: int = 100) -> ChannelPage:
        """A page of channels by name."""
        return await self._queries.read(lambda q: q.channels(wanted, after, limit))

    async def channel(self, channel_id: str) -> ChannelRow:
        """One channel; `Refused` ``fleet.unknown-channel``."""
        found = await self._queries.read(lambda q: q.channel(channel_id))
        if found is None:
            raise Refused("fleet.unknown-channel", channel_id=channel_id)
        return found

    async def device_page(self, wanted: DeviceFilter, after: str = "", limit: int = 100) -> DevicePage:
        """A page of devices by name. `Refused` ``fleet.bad-cursor``."""
        return await self._queries.read(lambda q: q.devices(wanted, after, limit))

    async def device(self, device_id: str) -> DeviceDetail:
        """One device. `Refused` ``fleet.unknown-device``."""
        found = await self._queries.read(lambda q: q.device(device_id, self._settings.recent))
        if found is None:
            raise Refused("fleet.unknown-device", device_id=device_id)
        return found

    async def channel_ids(self, device_ids: Sequence[DeviceId]) -> dict[DeviceId, list[ChannelId]]:
        """The channels of some devices."""
        return await self._queries.read(lambda q: q.channel_ids(device_ids))

    async def channel_names(self, channel_ids: Sequence[str]) -> dict[str, str]:
        """Names of some channels."""
        return await self._queries.read(lambda q: q.channel_names(channel_ids))

    async def search(self, q: str, limit: int = 20) -> list[Hit]:
        """Districts, sites, devices and channels by name or code."""
        return await self._queries.read(lambda queries: queries.search(q.strip(), limit))

    async def sources(self) -> list[SourceRow]:
        """Third-party RTSP sources."""
        return await self._queries.read(lambda q: q.sources())

    async def add_source(self, wanted: NewSource, password: str) -> DeviceId:
        """Enrol an RTSP source; ids in ``wanted`` are made by `new_source`.

        Raises `Refused` ``fleet.bad-url`` or ``fleet.unknown-site``.
        """
        refuse_bad_url(wanted.url)
        source = replace(wanted, sealed=self._vault.seal(password) if password else None)
        at = self._clock.now()
        if not await self._work.write(lambda store: store.add_source(source, at)):
            raise Refused("fleet.unknown-site", site_id=wanted.site_id)
        self._tell()
        return source.device_id

    async def remove_source(self, device_id: DeviceId) -> None:
        """Remove an RTSP source; `Refused` ``fleet.unknown-device``."""
        if not await self._work.write(lambda store: store.remove_source(device_id)):
            raise Refused("fleet.unknown-device", device_id=device_id)
        self._tell()

    async def import_city(self, text: str) -> tuple[Imported | None, list[Problem]]:
        """Take over a ``civicam-city/1`` file, or nothing of it and the list of its faults.

        Raises `Refused` ``fleet.import-not-json``.
        """
        try:
            document = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise Refused("fleet.import-not-json", reason=str(error)[:200]) from None
        city = await asyncio.to_thread(read, document)
        if city.problems:
            return None, city.problems
        enrolment = await asyncio.to_thread(self._enrolment, city)
        imported = await self._work.write(lambda store: store.enrol(enrolment))
        self._tell()
        return imported, []

    def _enrolment(self, city: CityFile) -> Enrolment:
        """Turn secrets into what may be stored: HA1 for GB/T 28181, sealed for RTSP."""
        sip = [each for each in city.devices if each.protocol == "gb28181"]
        rtsp = [each for each in city.devices if each.protocol == "rtsp" and each.secret]
        return Enrolment(
            city,
            {each.device_id: ha1(each.gb_id, city.realm, each.secret) for each in sip},
            {each.device_id: self._vault.seal(each.secret) for each in rtsp},
            self._settings.heartbeat_s,
            self._settings.misses,
            self._clock.now(),
        )

    def _tell(self) -> None:
        for callback in self.changed:
            callback()


def new_source(key: str, name: str, url: str, username: str, site_id: str | None) -> NewSource:
    """A source with ids made from ``key``, which the caller draws at random."""
    return NewSource(device_id_for(key), channel_id_for(key, ""), name, url, username, None, site_id)
