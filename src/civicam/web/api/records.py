"""A camera's record as it comes over HTTP; shared by the routes that enter one."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from civicam.fleet.register import LANES, CameraKind, CameraRecord

Code = Annotated[str, Field(max_length=40)]


class CameraIn(BaseModel):
    """What the law wants to know of a camera; ``place``, ``ground`` and ``purpose`` are codes of
    ``GET /api/register/lists``. An empty text is a gap, which keeps the camera from going live."""

    model_config = ConfigDict(extra="forbid")

    kind: CameraKind = CameraKind.FIXED
    place: Code = ""
    ground: Code = ""
    purpose: Code = ""
    owner_id: Annotated[str, Field(max_length=64)] = ""
    filed_on: date | None = None
    filing_no: Annotated[str, Field(max_length=100)] = ""
    ground_note: Annotated[str, Field(max_length=200)] = ""
    lane: Annotated[int, Field(ge=0, le=max(LANES))] = 0

    def record(self) -> CameraRecord:
        """As the register keeps it."""
        return CameraRecord(**self.model_dump())
