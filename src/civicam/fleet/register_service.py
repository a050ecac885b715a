"""The register's use cases: parties, camera records, where things are."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from civicam.fleet.crs import Point, calibrate
from civicam.fleet.placing import Source, Statement, Suspicion, chosen, propose, suspicious
from civicam.fleet.register import (
    CameraRecord,
    Party,
    Role,
    check_record,
    filing_due,
    gaps,
    grace_until,
    why_dark,
)
from civicam.fleet.register_ports import (
    Accepted,
    CameraFilter,
    DoubtFilter,
    RegisterStore,
    StoredCamera,
    SubjectKind,
)
from civicam.fleet.register_views import (
    CalibrationOut,
    CameraPage,
    CameraRow,
    ListsOut,
    PartyUse,
    StatementRow,
    SuspicionPage,
    Unplaced,
    calibration_out,
    statement_row,
    suspicion_row,
)
from civicam.fleet.settings import FleetSettings
from civicam.kernel.clock import Clock
from civicam.kernel.errors import Refused
from civicam.kernel.work import Work


class RegisterService:
    """One for the process."""

    def __init__(self, work: Work[RegisterStore], clock: Clock, settings: FleetSettings) -> None:
        self._work = work
        self._clock = clock
        self._settings = settings
        self._lists = settings.lists()

    def lists(self) -> ListsOut:
        """What a camera record may choose from."""
        lists = self._lists
        return ListsOut(
            list(lists.places.values()), list(lists.grounds.values()), list(lists.purposes.values())
        )

    # -- parties

    async def parties(self) -> list[PartyUse]:
        """All parties and how often each is named."""
        return await self._work.read(lambda store: store.parties())

    async def put_party(self, party: Party) -> None:
        """Add or change a party."""
        await self._work.write(lambda store: store.put_party(party))

    async def drop_party(self, party_id: str) -> None:
        """Remove a party. `Refused` ``fleet.unknown-party``, ``fleet.party-in-use``."""
        await self._work.write(lambda store: store.drop_party(party_id))

    async def site_parties(self, site_id: str) -> dict[Role, str]:
        """Who does what for a site. `Refused` ``fleet.unknown-site``."""
        return await self._work.read(lambda store: store.site_parties(site_id))

    async def put_site_parties(self, site_id: str, roles: Mapping[Role, str]) -> None:
        """Say who does what; an empty party takes a role away, one not named stays.

        `Refused` ``fleet.unknown-site``, ``fleet.unknown-party``.
        """
        await self._work.write(lambda store: store.put_site_parties(site_id, roles))

    # -- cameras

    async def cameras(self, wanted: CameraFilter, after: str = "", limit: int = 100) -> CameraPage:
        """A page of cameras by name. `Refused` ``fleet.bad-cursor``."""

        def work(store: RegisterStore) -> CameraPage:
            rows, more, total = store.cameras(wanted, after, limit)
            since = store.since()
            return CameraPage([self._row(row, since) for row in rows], more, total)

        return await self._work.read(work)

    async def camera(self, channel_id: str) -> CameraRow:
        """One camera. `Refused` ``fleet.unknown-channel``."""

        def work(store: RegisterStore) -> CameraRow:
            found = store.camera(channel_id)
            if found is None:
                raise Refused("fleet.unknown-channel", channel_id=channel_id)
            return self._row(found, store.since())

        return await self._work.read(work)

    async def put_records(self, channel_ids: Sequence[str], record: CameraRecord, by: str) -> None:
        """Give some channels the same record, all of them or none.

        `Refused`: what `check_record` says, ``fleet.unknown-channel``, ``fleet.unknown-party``,
        ``fleet.wrong-lane``.
        """
        check_record(record, self._lists)
        at = self._clock.now()
        await self._work.write(lambda store: store.put_records(channel_ids, record, at, by))

    def _row(self, stored: StoredCamera, since: datetime | None) -> CameraRow:
        until = grace_until(stored.enrolled_at, since, self._settings.grace_days)
        filed = stored.record is not None and stored.record.filed_on is not None
        return CameraRow(
            stored.channel_id,
            stored.gb_id,
            stored.name,
            stored.site_id,
            stored.record,
            list(gaps(stored.record)),
            why_dark(stored.record, self._lists, until, self._clock.now()),
            until,
            None if filed else filing_due(stored.enrolled_at, since),
        )

    # -- places

    async def statements(self, kind: SubjectKind, subject: str) -> list[StatementRow]:
        """What is said of a place, source by source. `Refused` ``fleet.unknown-site``, ``…-channel``."""
        said = await self._work.read(lambda store: store.statements(kind, subject))
        best = chosen(said)
        return [statement_row(each, None if best is None else best[0]) for each in said]

    async def state(self, kind: SubjectKind, subject: str, said: Statement, by: str) -> list[StatementRow]:
        """Take a statement down, on its source's own line. `Refused` ``fleet.catalogue-says`` for the line
        that is the devices'."""
        if said.source is Source.CATALOGUE:
            raise Refused("fleet.catalogue-says")
        stamped = replace(said, at=self._clock.now(), by=by)
        await self._work.write(lambda store: store.state(kind, subject, stamped))
        return await self.statements(kind, subject)

    async def unstate(self, kind: SubjectKind, subject: str, source: Source) -> None:
        """Take a statement back. `Refused` ``fleet.unknown-statement``."""
        if not await self._work.write(lambda store: store.unstate(kind, subject, source)):
            raise Refused("fleet.unknown-statement", subject=subject, source=source)

    async def suspicious(
        self, wanted: DoubtFilter | None = None, after: int = 0, limit: int = 100
    ) -> SuspicionPage:
        """Statements that look wrong and that nobody accepted; none before a city was imported."""
        want = wanted or DoubtFilter()
        found, accepted = await self._work.read(self._suspicious)
        chosen = [each for each in found if want.doubt in {"", each.doubt} and want.kind in {"", each.kind}]
        rows = [suspicion_row(each) for each in chosen[after : after + limit]]
        more = after + limit if after + limit < len(chosen) else None
        return SuspicionPage(rows, more, dict(Counter(each.doubt for each in found)), accepted)

    def _suspicious(self, store: RegisterStore) -> tuple[list[Suspicion], int]:
        """What nobody accepted, and how much was."""
        outline = store.outline(self._settings.city_radius_km * 1000)
        if outline is None:
            return [], 0
        found = suspicious(store.stated(self._settings.catalogue_crs), outline)
        known = store.accepted()
        left = [each for each in found if _accepted(each) not in known]
        return sorted(left, key=lambda each: (each.kind, each.subject, each.doubt)), len(found) - len(left)

    async def accept(self, said: Accepted, by: str) -> None:
        """A suspicious statement is right as it is. `Refused` ``fleet.unknown-site``, ``…-channel``."""
        at = self._clock.now()
        await self._work.write(lambda store: store.accept(said, at, by))

    async def unplaced(self) -> list[Unplaced]:
        """Sites without a place, with a proposal where their channels' reports agree."""
        lost = await self._work.read(lambda store: store.unplaced(self._settings.catalogue_crs))
        rows = []
        for each in lost:
            spot = propose(each.points) or (None, None)
            rows.append(Unplaced(each.site_id, each.name_zh, each.name_en, each.channels, spot[0], spot[1]))
        return rows

    async def calibrate(self, known: Sequence[tuple[Point, Point]]) -> CalibrationOut:
        """Which system a list is in, from known sites. `Refused` ``fleet.calibrate-few``."""
        return calibration_out(await asyncio.to_thread(calibrate, known))


def _accepted(found: Suspicion) -> Accepted:
    """What would be kept if somebody accepted it."""
    kind: SubjectKind = "site" if found.kind == "site" else "channel"
    said = found.statement
    return Accepted(kind, found.subject, said.source, found.doubt, said.raw)
