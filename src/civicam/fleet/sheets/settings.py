"""What an operator may set about spreadsheets."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from civicam.fleet.sheets.limits import Limits


class ImportSettings(BaseModel):
    """How much of a spreadsheet is taken, and how long an upload waits."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file_mb: Annotated[int, Field(ge=1, le=500)] = 20
    """Largest upload; what is larger is refused while it arrives."""
    unpacked_mb: Annotated[int, Field(ge=1, le=4096)] = 256
    """Largest workbook once unpacked."""
    rows: Annotated[int, Field(ge=100, le=1_000_000)] = 100_000
    """Rows in one workbook, over all sheets."""
    tabs: Annotated[int, Field(ge=1, le=200)] = 20
    """Tabs in one workbook."""
    seconds: Annotated[float, Field(gt=0)] = 60.0
    """Time to read one workbook."""
    memory_mb: Annotated[int, Field(ge=512)] = 2048
    """Memory that the process reading a workbook may take (address space)."""
    keep_hours: Annotated[float, Field(gt=0)] = 72.0
    """How long an upload that nobody confirms is kept; looked at when the server starts."""
    waiting: Annotated[int, Field(ge=1, le=1000)] = 20
    """Uploads that may wait to be confirmed."""

    def limits(self) -> Limits:
        """In bytes, as the reading process takes them."""
        return Limits(
            self.file_mb << 20,
            self.unpacked_mb << 20,
            self.rows,
            self.tabs,
            self.seconds,
            self.memory_mb << 20,
        )
