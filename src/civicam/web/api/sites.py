"""``/api/register/sites``: the form of a site."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from civicam.fleet.site_register import Place, SiteForm, SiteSheet
from civicam.fleet.views import Text
from civicam.web.auth import Inside

router = APIRouter(prefix="/register", tags=["register"])

SiteKey = Annotated[str, Path(min_length=1, max_length=64)]


class SiteIn(BaseModel):
    """``street`` empty: of the district alone; ``lanes`` (2, 4, 8) of a checkpoint only."""

    model_config = ConfigDict(extra="forbid")

    name_zh: Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]
    name_en: Annotated[str, Field(max_length=200)] = ""
    district: Annotated[str, Field(min_length=1, max_length=12)]
    street: Annotated[str, Field(max_length=12)] = ""
    kind: Annotated[str, Field(max_length=20)]
    lanes: int | None = None


@dataclass(frozen=True, slots=True)
class Places:
    """Districts and streets."""

    places: list[Place]


@router.get("/areas")
async def areas(inside: Inside) -> Places:
    """Districts and streets that sites belong to."""
    return Places(await inside.sites.places())


@router.get("/sites/{site_id}")
async def sheet(site_id: SiteKey, inside: Inside) -> SiteSheet:
    """A site as its form shows it."""
    return await inside.sites.sheet(site_id)


@router.put("/sites/{site_id}")
async def put(site_id: SiteKey, body: SiteIn, inside: Inside) -> SiteSheet:
    """Change a site."""
    zh = body.name_zh.strip()
    name = Text(zh, body.name_en.strip() or zh)
    return await inside.sites.put(site_id, SiteForm(name, body.district, body.street, body.kind, body.lanes))
