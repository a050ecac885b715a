"""The fleet's use cases. The gateway calls what devices cause, the web calls what people ask."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

import structlog

from civicam.fleet.cityfile import CityFile, Problem, read
from civicam.fleet.facts import (
    CatalogueApplied,
    CatalogueItem,
    ChangesApplied,
    ChannelChange,
    ChannelId,
    ChannelRoute,
    ChannelsChanged,
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
from civicam.fleet.fields import refuse_bad_url
from civicam.fleet.gather import Gather, Settled
from civicam.fleet.hearing import Hearing
from civicam.fleet.model import ha1, take_catalogue, take_changes
from civicam.fleet.ports import (
    Enrolment,
    FleetQueries,
    FleetStore,
    Imported,
    NewSource,
    Registration,
    StoredDevice,
    Vault,
)
from civicam.fleet.pulse import Pulse
from civicam.fleet.register import check_record, demand_live, grace_until
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
    "fleet.channels-changed": ChannelsChanged,
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
        self._lists = settings.lists()
        self._hearing = Hearing(work, settings.heartbeat_flush_s)
        self._known: dict[str, DeviceCredentials] = {}
        self._registrations = Gather(self._register, waiting=settings.registrations_waiting)
        self._transitions = Gather(self._change, waiting=settings.registrations_waiting)
        self.changed: list[Callable[[], None]] = []
        """Called after devices were enrolled or removed: the gateway reads `devices` anew."""

    @property
    def beats_written(self) -> int:
        """Heartbeats that reached the store."""
        return self._hearing.written

    async def start(self) -> None:
        await self._hearing.start()

    async def aclose(self) -> None:
        """Write what was collected and stop."""
        await self._hearing.aclose()

    async def flush(self) -> None:
        """Write the collected heartbeats now; what fails stays collected."""
        await self._hearing.flush()

    # -- what devices cause

    def known(self, gb_id: str) -> DeviceCredentials | None:
        """As `credentials`, from memory: perhaps older than the store, and None for who came after the last
        reading of `devices`. Who was let in by it is checked once more by `register`.
        """
        return self._known.get(gb_id)

    async def credentials(self, gb_id: str) -> DeviceCredentials | None:
        """What to check a registration against, or None for a code nobody enrolled."""
        found = await self._work.read(lambda store: store.credentials(gb_id))
        if found is None:
            self._known.pop(gb_id, None)
        else:
            self._known[gb_id] = found
        return found

    async def devices(self) -> list[DeviceRecord]:
        """Every device, disabled ones too. A source whose secret cannot be opened comes without it."""
        stored = await self._work.read(lambda store: store.devices())
        self._known = {each.record.gb_id: each.credentials for each in stored if each.credentials is not None}
        self._hearing.know([(each.record.device_id, each.record.source) for each in stored])
        return [self._opened(each) for each in stored]

    def register(self, fact: DeviceRegistered, proof: str, settled: Settled) -> None:
        """Keep a registration that was checked against the HA1 ``proof``, together with others.

        ``settled`` hears None once it is durable; `Refused` ``fleet.unknown-device`` when the store has no
        such device with that HA1, enabled; `Operational` ``db.…``. Raises `Operational` ``db.busy``.
        """
        self._registrations.add(Registration(fact, proof), settled)

    async def registered(self, fact: DeviceRegistered) -> None:
        """Keep a registration. Durable when this returns; `Refused` ``fleet.unknown-device``."""
        await self._registrations.put(Registration(fact, None))

    async def _register(self, wanted: Sequence[Registration]) -> list[Exception | None]:
        kept = await self._work.write(lambda store: store.registrations(wanted))
        for each in wanted:
            self._hearing.moved(each.fact.device_id, each.fact.source)
        return [
            None if good else _unknown(each.fact.device_id) for each, good in zip(wanted, kept, strict=True)
        ]

    async def unregistered(self, fact: DeviceUnregistered) -> None:
        """Forget a registration; `Refused` ``fleet.unknown-device``."""

        def work(store: FleetStore) -> None:
            if not store.unregistered(fact):
                raise Refused("fleet.unknown-device", device_id=fact.device_id)
            store.publish("fleet.unregistered", fact, fact.at)

        await self._work.write(work)

    def heard(self, fact: Heartbeat) -> None:
        """Cheap: the newest of each device is kept and written with others (`civicam.fleet.hearing`)."""
        self._hearing.heard(fact)

    def pulse(self, device_id: DeviceId) -> Pulse:
        """Where whoever hears the device all day puts what is no news."""
        return self._hearing.pulse(device_id)

    async def presence(self, fact: PresenceChanged) -> None:
        """Keep a transition and the states of the channels that follow, together with others that come at
        this moment. Durable when this returns.

        `Refused` ``fleet.unknown-device``; `Operational` ``db.…``.
        """
        await self._transitions.put(fact)

    async def _change(self, facts: Sequence[PresenceChanged]) -> list[Exception | None]:
        known = await self.presences(facts)
        return [None if each.device_id in known else _unknown(each.device_id) for each in facts]

    async def presences(self, facts: Sequence[PresenceChanged]) -> set[str]:
        """As `presence` for many, in their order; gives the ids of the devices that exist."""
        return await self._work.write(lambda store: store.transitions(facts))

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

    async def catalogue_changes(
        self, device_id: DeviceId, changes: Sequence[ChannelChange], at: datetime
    ) -> ChangesApplied:
        """Take over news of single channels, in their order; idempotent, and nothing is ever deleted.

        `Refused` ``fleet.unknown-device``.
        """

        def work(store: FleetStore) -> ChangesApplied:
            found = store.key_and_state(device_id)
            if found is None:
                raise Refused("fleet.unknown-device", device_id=device_id)
            change, unknown = take_changes(found[0], store.channels_of(device_id), changes)
            counts = (len(change.added), len(change.updated), len(change.missing))
            applied = CatalogueApplied(device_id, *counts, complete=False)
            if any(counts):
                store.save_catalogue(device_id, change, at)
                store.publish("fleet.catalogue-applied", applied, at)
            return ChangesApplied(applied, unknown)

        return await self._work.write(work)

    async def device_info(self, device_id: DeviceId, info: DeviceInfo) -> None:
        """Keep what a device says of itself."""
        await self._work.write(lambda store: store.device_info(device_id, info))

    async def route(self, channel_id: ChannelId) -> ChannelRoute:
        """Where a channel's picture comes from: the one door to it, live or recorded.

        `Refused` ``fleet.unknown-channel``, ``fleet.disabled``, and for a camera whose record does not let it
        go live ``fleet.place-forbidden``, ``fleet.no-owner``, ``…-ground``, ``…-purpose``, ``…-place-class``.
        """
        found = await self._work.read(lambda store: store.route(channel_id))
        if found is None:
            raise Refused("fleet.unknown-channel", channel_id=channel_id)
        device = found.device.record
        if not device.enabled:
            raise Refused("fleet.disabled", name=device.name)
        until = grace_until(found.enrolled_at, found.register_since, self._settings.grace_days)
        demand_live(found.camera, self._lists, until, self._clock.now())
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
        if (found := await self._queries.read(lambda q: q.site(site_id))) is None:
            raise Refused("fleet.unknown-site", site_id=site_id)
        return found

    async def channels(self, wanted: ChannelFilter, after: str = "", limit: int = 100) -> ChannelPage:
        """A page of channels by name."""
        return await self._queries.read(lambda q: q.channels(wanted, after, limit))

    async def channel(self, channel_id: str) -> ChannelRow:
        """One channel; `Refused` ``fleet.unknown-channel``."""
        if (found := await self._queries.read(lambda q: q.channel(channel_id))) is None:
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
        return await self._queries.read(lambda q: q.channel_ids(device_ids))

    async def device_names(self, device_ids: Sequence[str]) -> dict[str, str]:
        return await self._queries.read(lambda q: q.device_names(device_ids))

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

        Raises `Refused` ``fleet.bad-url``, ``fleet.unknown-site``, and what `check_record` raises.
        """
        refuse_bad_url(wanted.url)
        if wanted.camera is not None:
            check_record(wanted.camera, self._lists)
        source = replace(wanted, sealed=self._vault.seal(password) if password else None)
        at = self._clock.now()
        if not await self._work.write(lambda store: store.add_source(source, at)):
            raise Refused("fleet.unknown-site", site_id=wanted.site_id)
        self.enrolled()
        return source.device_id

    async def remove_source(self, device_id: DeviceId) -> None:
        """Remove an RTSP source; `Refused` ``fleet.unknown-device``."""
        if not await self._work.write(lambda store: store.remove_source(device_id)):
            raise Refused("fleet.unknown-device", device_id=device_id)
        self.enrolled()

    async def import_city(self, text: str) -> tuple[Imported | None, list[Problem]]:
        """Take over a ``civicam-city/1`` file, or nothing of it and the list of its faults.

        Raises `Refused` ``fleet.import-not-json``.
        """
        try:
            document = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise Refused("fleet.import-not-json", reason=str(error)[:200]) from None
        city = await asyncio.to_thread(read, document, self._lists)
        if city.problems:
            return None, city.problems
        enrolment = await asyncio.to_thread(self._enrolment, city)
        imported = await self._work.write(lambda store: store.enrol(enrolment))
        self.enrolled()
        return imported, []

    def _enrolment(self, city: CityFile) -> Enrolment:
        """Turn secrets into what may be stored: HA1 for GB/T 28181, sealed for RTSP."""
        sip = [each for each in city.devices if each.protocol == "gb28181"]
        rtsp = [each for each in city.devices if each.protocol == "rtsp" and each.secret]
        return Enrolment(
            city,
            {each.device_id: ha1(each.username or each.gb_id, city.realm, each.secret) for each in sip},
            {each.device_id: self._vault.seal(each.secret) for each in rtsp},
            self._settings.heartbeat_s,
            self._settings.misses,
            self._clock.now(),
        )

    def enrolled(self) -> None:
        """Say that devices have come, gone or changed."""
        for callback in self.changed:
            callback()


def _unknown(device_id: DeviceId) -> Refused:
    return Refused("fleet.unknown-device", device_id=device_id)
