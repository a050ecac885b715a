"""Reading and changing what a device is set to (ConfigDownload, DeviceConfig; §3.10 of our notes).

A device answers for the kinds it knows and says nothing of the others. Its "OK" to a change proves nothing:
what was changed is read back. Some devices restart when they are configured instead of answering; then
the outcome is "unconfirmed" and reading back is left to the next look.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from civicam.fleet.facts import DeviceId
from civicam.fleet.orders import ConfigBlock, Outcome
from civicam.gateway.addresses import Addresses
from civicam.gateway.commands import Commands
from civicam.kernel.errors import Refused
from civicam.signalling.gb28181.collect import SHORT_TIMES
from civicam.signalling.gb28181.ids import GbId
from civicam.signalling.gb28181.manscdp.config import (
    ConfigDownloadQuery,
    ConfigDownloadResponse,
    DeviceConfig,
    DeviceConfigResponse,
)
from civicam.signalling.gb28181.manscdp.config_types import (
    BasicParam,
    Config,
    ConfigType,
    FrameMirror,
    Mirror,
    OpaqueConfig,
    SnapShotConfig,
)

HEARTBEAT_S = (5, 255)
HEARTBEAT_COUNT = (1, 255)
EXPIRES_S = (60, 86_400 * 7)


class Configuration:
    """The use case."""

    def __init__(self, addresses: Addresses, commands: Commands) -> None:
        self._addresses = addresses
        self._commands = commands

    async def read(self, device_id: DeviceId, names: Iterable[str] = ()) -> tuple[ConfigBlock, ...]:
        """Every kind in ``names`` (all of the edition the device speaks for none), supported or not.

        Raises `Refused` ``gateway.unknown-config``, and as `Commands.collect`.
        """
        entry = self._addresses.device(device_id)
        wanted = tuple(_kind(name) for name in names) or _usual(entry.version)
        gb_id = GbId.parse(entry.gb_id)
        found = await self._commands.collect(
            entry,
            lambda sn: ConfigDownloadQuery(sn, gb_id, types=wanted),
            ConfigDownloadResponse,
            SHORT_TIMES,
            expected=len(wanted),
        )
        self._commands.raise_for(entry, found)
        by_kind = {each.TYPE: each for each in found.items}
        return tuple(
            ConfigBlock(kind.value, kind in by_kind, _fields(by_kind[kind]) if kind in by_kind else ())
            for kind in wanted
        )

    async def set_basic(
        self, device_id: DeviceId, *, name: str | None, heartbeat_s: int | None, misses: int | None
    ) -> Outcome:
        """Name, heartbeat interval and count; None leaves as it is. Absurd values are refused, not sent."""
        _within("HeartBeatInterval", heartbeat_s, HEARTBEAT_S)
        _within("HeartBeatCount", misses, HEARTBEAT_COUNT)
        changed = BasicParam(name=name or "", heartbeat_interval=heartbeat_s, heartbeat_count=misses)
        return await self._set(device_id, changed)

    async def set_mirror(self, device_id: DeviceId, mode: int) -> Outcome:
        """0 none, 1 left-right, 2 up-down, 3 both."""
        return await self._set(device_id, FrameMirror(Mirror(mode)))

    async def _set(self, device_id: DeviceId, item: Config) -> Outcome:
        entry = self._addresses.device(device_id)
        gb_id = GbId.parse(entry.gb_id)
        return await self._commands.answered_order(
            entry, lambda sn: DeviceConfig(sn, gb_id, items=(item,)), DeviceConfigResponse, due=True
        )


def _kind(name: str) -> ConfigType:
    for each in ConfigType:
        if each.value.lower() == name.strip().lower():
            return each
    raise Refused("gateway.unknown-config", name=name[:64])


def _usual(version: str) -> tuple[ConfigType, ...]:
    """The kinds of the device's edition; the makers' opaque ones are left out, a snapshot is no setting."""
    kinds = [ConfigType.BASIC, ConfigType.VIDEO_OPT]
    if version.startswith("3"):
        kinds += [
            ConfigType.VIDEO_ATTRIBUTE,
            ConfigType.RECORD_PLAN,
            ConfigType.ALARM_RECORD,
            ConfigType.PICTURE_MASK,
            ConfigType.FRAME_MIRROR,
            ConfigType.ALARM_REPORT,
            ConfigType.OSD,
        ]
    return tuple(kinds)


def _fields(config: Config) -> tuple[tuple[str, str], ...]:
    """The fields as text, for people; what the device left out is left out."""
    if isinstance(config, OpaqueConfig | SnapShotConfig):
        return ()
    rows = []
    for each in dataclasses.fields(config):  # type: ignore[arg-type]  # every subclass is a dataclass
        value = getattr(config, each.name)
        if value not in (None, "", ()):
            rows.append((each.name, _text(value)))
    return tuple(rows)


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return "; ".join(_text(each) for each in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return ", ".join(f"{each.name}={getattr(value, each.name)}" for each in dataclasses.fields(value))
    return str(value)


def _within(field: str, value: int | None, bounds: tuple[int, int]) -> None:
    if value is not None and not bounds[0] <= value <= bounds[1]:
        raise Refused("gateway.bad-setting", field=field, low=bounds[0], high=bounds[1])
