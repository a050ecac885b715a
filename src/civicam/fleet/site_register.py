"""The form of a site: what it is called, where in the city it belongs, what it is; edited by people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from civicam.fleet.cityfile import SITE_KINDS
from civicam.fleet.register import LANES, Role
from civicam.fleet.views import Text
from civicam.kernel.errors import Refused
from civicam.kernel.work import Work


@dataclass(frozen=True, slots=True)
class SiteForm:
    """What a person may change. ``street`` empty: of the district alone; ``lanes`` of a checkpoint only."""

    name: Text
    district: str
    street: str
    kind: str
    lanes: int | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A district (``district`` empty) or a street of one."""

    code: str
    name: Text
    district: str


@dataclass(frozen=True, slots=True)
class SiteSheet:
    """A site as its form shows it; ``parties``: who does what, by party id."""

    site_id: str
    form: SiteForm
    lon: float | None
    lat: float | None
    parties: Mapping[Role, str]


class SiteStore(Protocol):
    """The tables inside one transaction; synchronous."""

    def sheet(self, site_id: str) -> SiteSheet | None:
        """One site."""
        ...

    def places(self) -> list[Place]:
        """Districts and streets, districts first, by code."""
        ...

    def put(self, site_id: str, form: SiteForm) -> bool:
        """Change a site; False when there is none."""
        ...


class SiteRegister:
    """One for the process."""

    def __init__(self, work: Work[SiteStore]) -> None:
        self._work = work

    async def sheet(self, site_id: str) -> SiteSheet:
        """One site. `Refused` ``fleet.unknown-site``."""
        found = await self._work.read(lambda store: store.sheet(site_id))
        if found is None:
            raise Refused("fleet.unknown-site", site_id=site_id)
        return found

    async def places(self) -> list[Place]:
        """Districts and streets a site may belong to."""
        return await self._work.read(lambda store: store.places())

    async def put(self, site_id: str, form: SiteForm) -> SiteSheet:
        """Change a site. `Refused` ``fleet.unknown-site`` and what `refuse_bad_form` says."""

        def work(store: SiteStore) -> None:
            refuse_bad_form(form, store.places())
            if not store.put(site_id, form):
                raise Refused("fleet.unknown-site", site_id=site_id)

        await self._work.write(work)
        return await self.sheet(site_id)


def refuse_bad_form(form: SiteForm, places: list[Place]) -> None:
    """`Refused` ``fleet.unknown-place``: a district that is not there, a street of another one;
    ``fleet.wrong-site-kind``: no such kind, or lanes where there are none."""
    known = {place.code: place.district for place in places}
    if known.get(form.district, "?"):
        raise Refused("fleet.unknown-place", place=form.district)
    if form.street and known.get(form.street) != form.district:
        raise Refused("fleet.unknown-place", place=form.street)
    on_lanes = form.kind == "checkpoint"
    if form.kind not in SITE_KINDS or (form.lanes is not None and not (on_lanes and form.lanes in LANES)):
        raise Refused("fleet.wrong-site-kind", kind=form.kind)
