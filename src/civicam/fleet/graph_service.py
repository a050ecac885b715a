"""The graph's use cases: kept in memory while it is the store's, read again when somebody changed it."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from civicam.fleet import graph_views
from civicam.fleet.graph import NodeId
from civicam.fleet.graph_ports import Footing, GraphStore, Snapshot
from civicam.fleet.graph_views import Dark, Drawing, EditOut, NodeDetail, NodeFilter, NodePage
from civicam.fleet.topology import Edit, Topology
from civicam.kernel.errors import Refused
from civicam.kernel.work import Work


class GraphService:
    """One for the process."""

    def __init__(self, work: Work[GraphStore]) -> None:
        self._work = work
        self._known: Snapshot | None = None

    async def snapshot(self) -> Snapshot:
        """The graph as the store has it now, with its revision; one small question when it did not change."""
        found = await self._work.read(lambda store: store.fresh(self._known))
        self._keep(found)
        return found

    async def topology(self) -> Topology:
        """The graph as the store has it now."""
        return (await self.snapshot()).topology

    async def footings(self) -> list[Footing]:
        """Every channel and what it stands on."""
        return await self._work.read(lambda store: store.footings())

    async def edit(self, edit: Edit) -> EditOut:
        """Change the graph, all of it or nothing; the ways it touched are traced in the same transaction.

        `Refused`: ``fleet.graph-…``, ``fleet.unknown-site``, ``fleet.unknown-party``.
        """
        changed = await self._work.write(lambda store: store.apply(edit, self._known))
        self._keep(changed.after)
        return EditOut(changed.after.revision, sorted(changed.touched))

    async def nodes(self, wanted: NodeFilter, after: str = "", limit: int = 100) -> NodePage:
        """A page of nodes by id."""
        made = await self.topology()
        return graph_views.page(made, wanted, after, limit)

    async def node(self, node_id: str) -> NodeDetail:
        """One node and what is around it. `Refused` ``fleet.graph-unknown-node``."""
        made, key = await self.topology(), NodeId(node_id)
        if key not in made:
            raise Refused("fleet.graph-unknown-node", node=node_id)
        kept = await self._work.read(lambda store: store.paths(key))
        return graph_views.detail(made, key, kept or made.paths(key))

    async def site(self, site_id: str) -> Drawing:
        """Everything a site depends on, for a drawing. `Refused` ``fleet.unknown-site``."""
        devices = await self._work.read(lambda store: store.devices_of(site_id))
        if devices is None:
            raise Refused("fleet.unknown-site", site_id=site_id)
        return graph_views.draw(await self.topology(), site_id, devices)

    async def heads(self, site_id: str) -> list[NodeId]:
        """The fewest nodes at a site that everything there hangs on. `Refused` ``fleet.unknown-site``."""
        devices = await self._work.read(lambda store: store.devices_of(site_id))
        if devices is None:
            raise Refused("fleet.unknown-site", site_id=site_id)
        return graph_views.heads(await self.topology(), site_id, devices)

    async def dark(self, failed: Collection[str], *, on_battery: bool = False) -> Dark:
        """Who goes dark if these nodes fail; ``on_battery``: only who does at once."""
        made, channels = await self.topology(), await self.footings()
        return await asyncio.to_thread(graph_views.dark, made, failed, channels, on_battery=on_battery)

    def _keep(self, found: Snapshot) -> None:
        if self._known is None or found.revision >= self._known.revision:
            self._known = found
