"""The graph's SQL: one instance lives inside one transaction."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select, union

from civicam.fleet import graph_rows, register_rows
from civicam.fleet.graph import NodeId, Path
from civicam.fleet.graph_ports import Changed, Footing, Snapshot
from civicam.fleet.tables import channel, device, site
from civicam.fleet.topology import Edit
from civicam.kernel.errors import Refused


class GraphStore:
    """Fills `civicam.fleet.graph_ports.GraphStore`."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def fresh(self, known: Snapshot | None) -> Snapshot:
        return graph_rows.fresh(self._db, known)

    def apply(self, edit: Edit, known: Snapshot | None) -> Changed:
        register_rows.demand_parties(self._db, (each.party_id for each in edit.nodes))
        for site_id in {each.site_id for each in edit.nodes if each.site_id}:
            found = self._db.execute(select(site.c.site_id).where(site.c.site_id == site_id))
            if found.one_or_none() is None:
                raise Refused("fleet.unknown-site", site_id=site_id)
        return graph_rows.apply(self._db, edit, known)

    def paths(self, node: NodeId) -> list[Path]:
        return graph_rows.paths(self._db, [node])[node]

    def footings(self) -> list[Footing]:
        rows = self._db.execute(select(channel.c.channel_id, channel.c.device_id, channel.c.site_id))
        return [Footing(row.channel_id, row.device_id, row.site_id or "") for row in rows]

    def devices_of(self, site_id: str) -> Sequence[NodeId] | None:
        if self._db.execute(select(site.c.site_id).where(site.c.site_id == site_id)).one_or_none() is None:
            return None
        standing = select(device.c.device_id).where(device.c.site_id == site_id)
        showing = select(channel.c.device_id).where(channel.c.site_id == site_id)
        return [NodeId(each) for each in self._db.execute(union(standing, showing)).scalars()]
