"""DeviceInfo: ask a device who made it, once it is online."""

from __future__ import annotations

import asyncio

from civicam.fleet.facts import DeviceInfo
from civicam.gateway.desk import Desk
from civicam.gateway.roster import Entry
from civicam.kernel.errors import Operational
from civicam.signalling.gb28181.ids import GbId
from civicam.signalling.gb28181.manscdp import DeviceInfoQuery, DeviceInfoResponse
from civicam.signalling.gb28181.quirks import profile_for


class DeviceInfoReader:
    """One question at a time to each device; answers are matched by (device, SN)."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._waiting: dict[tuple[str, int], asyncio.Future[DeviceInfoResponse]] = {}

    async def read(self, entry: Entry, sn: int) -> DeviceInfoResponse | None:
        """Ask, wait, store. None when the device does not answer: many never do, and that is no fault."""
        peer = entry.peer
        if peer is None:
            return None
        key = (entry.gb_id, sn)
        future: asyncio.Future[DeviceInfoResponse] = asyncio.get_running_loop().create_future()
        self._waiting[key] = future
        try:
            query = DeviceInfoQuery(sn, GbId.parse(entry.gb_id))
            # the 200 counts within the time: the list of channels must not wait for timer F
            async with asyncio.timeout(self._desk.settings.resync.answer_s):
                response = await self._desk.send(entry, peer, query)
                if not response.ok:
                    self._desk.counters["device_info_refused"] += 1
                    return None
                answer = await future
        except (TimeoutError, Operational):
            self._desk.counters["device_info_silent"] += 1
            return None
        finally:
            del self._waiting[key]
        await self._store(entry, answer)
        return answer

    async def _store(self, entry: Entry, answer: DeviceInfoResponse) -> None:
        entry.manufacturer = answer.manufacturer
        entry.profile = profile_for(entry.manufacturer, entry.user_agent, entry.version)
        info = DeviceInfo(answer.manufacturer, answer.model, answer.firmware, answer.channels)
        await self._desk.fleet.device_info(entry.device_id, info)
        self._desk.counters["device_info_read"] += 1

    def offer(self, entry: Entry, answer: DeviceInfoResponse) -> bool:
        """An answer came in; False when nobody waits for it."""
        future = self._waiting.get((entry.gb_id, answer.sn))
        if future is None or future.done():
            return False
        future.set_result(answer)
        return True
