"""The SQL of site forms: one instance lives inside one transaction."""

from __future__ import annotations

from sqlalchemy import Connection, select, update

from civicam.fleet import register_rows
from civicam.fleet.site_register import Place, SiteForm, SiteSheet
from civicam.fleet.tables import district, site, street
from civicam.fleet.views import Text


class SiteStore:
    """Fills `civicam.fleet.site_register.SiteStore`."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def sheet(self, site_id: str) -> SiteSheet | None:
        row = self._db.execute(select(site).where(site.c.site_id == site_id)).one_or_none()
        if row is None:
            return None
        name = Text(row.name_zh, row.name_en)
        return SiteSheet(
            site_id,
            SiteForm(name, row.district, row.street or "", row.kind, row.lanes),
            row.lon if row.placed else None,
            row.lat if row.placed else None,
            register_rows.site_parties(self._db, site_id),
        )

    def places(self) -> list[Place]:
        districts = self._db.execute(select(district).order_by(district.c.code))
        found = [Place(row.code, Text(row.name_zh, row.name_en), "") for row in districts]
        streets = self._db.execute(select(street).order_by(street.c.code))
        return found + [Place(row.code, Text(row.name_zh, row.name_en), row.district) for row in streets]

    def put(self, site_id: str, form: SiteForm) -> bool:
        values = {
            "name_zh": form.name.zh,
            "name_en": form.name.en,
            "district": form.district,
            "street": form.street or None,
            "kind": form.kind,
            "lanes": form.lanes,
        }
        return bool(self._db.execute(update(site).where(site.c.site_id == site_id).values(**values)).rowcount)
