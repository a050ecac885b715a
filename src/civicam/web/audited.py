"""What a request leaves in the audit log: every route that changes, moves, shows or hands out something.

A dependency of all routes writes the line *before* the route is carried out (``allowed``): no line, nothing
is done. What goes wrong afterwards gets a second line with the same request id (``refused``, ``failed``),
written by the gate before the answer leaves. Where the words are known only inside (a viewing, a log-in) the
route is in `EXPLICIT`: whoever does it writes the line, the gate still writes what goes wrong.

A test holds these tables against the API's description: what is in neither and does not only read is a fault.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import structlog
from starlette.requests import HTTPConnection, Request
from starlette.types import Scope

from civicam.access.facts import User
from civicam.audit.facts import Actor, Entry, Json, Result, Target
from civicam.audit.model import plain
from civicam.fleet.facts import DeviceId
from civicam.kernel.errors import CivicamError
from civicam.web.ports import Services

log = structlog.get_logger("civicam.web")

ASKED: Final = "civicam.audited"
"""Key in the scope: the `Entry` of what was asked."""
CODE: Final = "civicam.code"
"""Key in the scope: the code of the error that is about to be answered."""

Words = tuple[str, str]
"""Action, and the path's parameter that names what it is about (empty: nothing)."""

WRITTEN: Mapping[tuple[str, str], Words] = {
    ("POST", "/agents/{node_id}/test"): ("agent.test", "node_id"),
    ("PUT", "/agents/{node_id}"): ("agent.set", "node_id"),
    ("DELETE", "/agents/{node_id}"): ("agent.remove", "node_id"),
    ("GET", "/audit/entries"): ("audit.search", ""),
    ("GET", "/audit/entries/{seq}"): ("audit.read", "seq"),
    ("GET", "/audit/export.jsonl"): ("audit.export", ""),
    ("POST", "/alarms/{alarm_id}/reset"): ("alarm.reset", "alarm_id"),
    ("GET", "/outages.xlsx"): ("outage.export", ""),
    ("GET", "/outages.csv"): ("outage.export", ""),
    ("GET", "/outages.json"): ("outage.export", ""),
    ("POST", "/outages/{outage_id}/overrule"): ("outage.overrule", "outage_id"),
    ("POST", "/works"): ("work.plan", ""),
    ("PUT", "/works/{work_id}"): ("work.change", "work_id"),
    ("DELETE", "/works/{work_id}"): ("work.cancel", "work_id"),
    ("POST", "/sources"): ("source.add", ""),
    ("DELETE", "/sources/{source_id}"): ("source.remove", "source_id"),
    ("GET", "/devices/{device_id}/trace.txt"): ("device.trace", "device_id"),
    ("POST", "/devices/{device_id}/catalogue"): ("device.catalogue", "device_id"),
    ("PUT", "/register/parties/{party_id}"): ("party.set", "party_id"),
    ("DELETE", "/register/parties/{party_id}"): ("party.remove", "party_id"),
    ("PUT", "/register/cameras"): ("camera.set", ""),
    ("PUT", "/register/sites/{site_id}/parties"): ("site.parties", "site_id"),
    ("POST", "/register/places/accept"): ("place.accept", ""),
    ("PUT", "/register/places/{kind}/{subject}/{source}"): ("place.set", "subject"),
    ("DELETE", "/register/places/{kind}/{subject}/{source}"): ("place.remove", "subject"),
    ("PUT", "/register/sites/{site_id}"): ("site.set", "site_id"),
    ("POST", "/graph/edit"): ("graph.edit", ""),
    ("POST", "/fleet/imports"): ("import.check", ""),
    ("DELETE", "/fleet/imports/{import_id}"): ("import.drop", "import_id"),
    ("POST", "/fleet/imports/{import_id}/confirm"): ("import.confirm", "import_id"),
    ("POST", "/fleet/imports/{import_id}/undo"): ("import.undo", "import_id"),
    ("GET", "/fleet/export.xlsx"): ("fleet.export", ""),
    ("POST", "/channels/{channel_id}/ptz"): ("ptz.move", "channel_id"),
    ("POST", "/channels/{channel_id}/ptz/stop"): ("ptz.stop", "channel_id"),
    ("PUT", "/channels/{channel_id}/presets/{number}"): ("ptz.preset-set", "channel_id"),
    ("DELETE", "/channels/{channel_id}/presets/{number}"): ("ptz.preset-remove", "channel_id"),
    ("POST", "/channels/{channel_id}/presets/{number}/call"): ("ptz.preset-call", "channel_id"),
    ("POST", "/channels/{channel_id}/cruises/{number}/start"): ("ptz.cruise", "channel_id"),
    ("PUT", "/channels/{channel_id}/home-position"): ("ptz.home-set", "channel_id"),
    ("PUT", "/channels/{channel_id}/ptz/position"): ("ptz.position", "channel_id"),
    ("POST", "/channels/{channel_id}/ptz/watch"): ("ptz.watch", "channel_id"),
    ("POST", "/channels/{channel_id}/ptz/drag"): ("ptz.drag", "channel_id"),
    ("POST", "/channels/{channel_id}/switch"): ("device.switch", "channel_id"),
    ("POST", "/channels/{channel_id}/key-frame"): ("device.key-frame", "channel_id"),
    ("POST", "/devices/{device_id}/cards/format"): ("device.format", "device_id"),
    ("POST", "/devices/{device_id}/reboot"): ("device.reboot", "device_id"),
    ("POST", "/devices/{device_id}/guard"): ("device.guard", "device_id"),
    ("POST", "/devices/{device_id}/alarm-reset"): ("device.alarm-reset", "device_id"),
    ("POST", "/devices/{device_id}/record"): ("device.record", "device_id"),
    ("POST", "/devices/{device_id}/upgrades"): ("device.upgrade", "device_id"),
    ("PUT", "/devices/{device_id}/config/basic"): ("device.config", "device_id"),
    ("POST", "/demo/faults"): ("demo.break", ""),
    ("DELETE", "/demo/faults"): ("demo.mend", ""),
    ("POST", "/playback/{session_id}/control"): ("view.control", "session_id"),
    ("DELETE", "/downloads/{download_id}"): ("download.remove", "download_id"),
    ("DELETE", "/channels/{channel_id}/broadcast"): ("voice.end", "channel_id"),
    ("POST", "/devices/{device_id}/broadcast"): ("voice.begin", "device_id"),
    ("DELETE", "/devices/{device_id}/broadcast"): ("voice.end", "device_id"),
    ("DELETE", "/snapshots/{snapshot_id}"): ("snapshot.remove", "snapshot_id"),
    ("POST", "/account/password"): ("account.password", ""),
}
"""Written before it is done."""

EXPLICIT: Mapping[tuple[str, str], Words] = {
    ("POST", "/session/link"): ("session.begin", ""),
    ("POST", "/session"): ("session.begin", ""),
    ("DELETE", "/session"): ("session.end", ""),
    ("POST", "/live"): ("view.main", ""),
    ("DELETE", "/live/{session_id}"): ("view.end", "session_id"),
    ("GET", "/channels/{channel_id}/snapshot"): ("view.snapshot", "channel_id"),
    ("POST", "/playback"): ("view.playback", ""),
    ("DELETE", "/playback/{session_id}"): ("view.end", "session_id"),
    ("POST", "/downloads"): ("view.download", ""),
    ("GET", "/downloads/{download_id}/file"): ("view.download-file", "download_id"),
    ("POST", "/channels/{channel_id}/broadcast"): ("view.broadcast", "channel_id"),
    ("POST", "/channels/{channel_id}/snapshots"): ("view.snapshot-ask", "channel_id"),
    ("GET", "/snapshots/{snapshot_id}/pictures/{number}"): ("view.device-picture", "snapshot_id"),
    ("POST", "/devices/{device_id}/checkup"): ("view.checkup", "device_id"),
}
"""Written by whoever does it."""

READS: frozenset[tuple[str, str]] = frozenset(
    {("POST", "/register/places/calibrate"), ("POST", "/graph/dark")}
)
"""Asked with POST for the length of the question; they change nothing."""


async def audited(connection: HTTPConnection) -> None:
    """Dependency of every route. `Refused` ``audit.no-entry``: nothing is done without its line."""
    if not isinstance(connection, Request):
        return
    path = getattr(connection.scope.get("route"), "path", "").removeprefix("/api")
    key = (connection.method, path)
    words = WRITTEN.get(key) or EXPLICIT.get(key)
    if words is None:
        return
    services: Services = connection.app.state.services
    entry = await _entry(connection, words, services)
    connection.scope[ASKED] = entry
    if key in WRITTEN:
        await services.audit.append(entry)


async def _entry(request: Request, words: Words, services: Services) -> Entry:
    action, parameter = words
    found: User | None = request.scope.get("civicam.user")
    client = request.client.host if request.client is not None else "-"
    given = {name: str(value) for name, value in request.path_params.items()}
    about = None
    if parameter:
        kind = parameter.removesuffix("_id")
        kind = given.get("kind", kind) if kind == "subject" else kind
        about = Target(kind, given[parameter], await name_of(services, kind, given[parameter]))
    rest: dict[str, Json] = {name: value for name, value in given.items() if name != parameter}
    if request.query_params:
        rest["query"] = plain(dict(request.query_params))
    body = await _body(request)
    if body is not None:
        rest["asked"] = body
    return Entry(
        action,
        actor_of(found, client) if found is not None else Actor("", "", client=client),
        about,
        Result.ALLOWED,
        after=rest or None,
    )


async def _body(request: Request) -> Json:
    """The body when it is JSON, else how long it is."""
    body = await request.body()
    if not body:
        return None
    if "json" in request.headers.get("content-type", ""):
        try:
            return plain(json.loads(body))
        except ValueError:
            pass
    return {"bytes": len(body)}


async def name_of(services: Services, kind: str, key: str) -> str:
    """What a thing is called now; the log keeps it when the thing is gone. Empty for what nobody knows."""
    try:
        match kind:
            case "channel":
                return (await services.fleet.channel_names([key])).get(key, "")
            case "device":
                return (await services.fleet.device_names([DeviceId(key)])).get(key, "")
            case "site":
                return (await services.fleet.site(key))[0].name.zh
            case "node":
                return services.outages.name_of(key)
            case _:
                return ""
    except CivicamError:
        return ""


def actor_of(user: User, client: str) -> Actor:
    """A user as the log names one."""
    return Actor(user.user_id, user.name, user.role.value, "", client)


async def went_wrong(scope: Scope, status: int, services: Services) -> None:
    """Write the second line of a request that was refused or failed; what cannot be written is counted."""
    asked: Entry | None = scope.get(ASKED)
    if asked is None or status < 400:
        return
    result = Result.REFUSED if status < 500 else Result.FAILED
    try:
        code = scope.get(CODE, f"http.{status}")
        await services.audit.append(replace(asked, result=result, code=code, after=None))
    except CivicamError as error:
        log.error("audit.outcome-lost", action=asked.action, status=status, code=error.code)


async def turned_away(error: CivicamError, scope: Scope, services: Services) -> None:
    """Write that somebody was not let in; the same one asking again and again is counted, not written."""
    client = scope["client"][0] if scope.get("client") else "-"
    more = services.turned_away.due((client, error.code), services.clock.monotonic())
    if more is None:
        return
    method: str = scope.get("method", "WEBSOCKET")
    path = str(scope["path"])[:200]
    try:
        await services.audit.append(
            Entry(
                "access.refused",
                Actor("", "", client=client),
                Target("endpoint", f"{method} {path}"[:64], f"{method} {path}"),
                Result.REFUSED,
                error.code,
                facts={"more": more} if more else {},
            )
        )
    except CivicamError as failed:
        log.error("audit.refusal-lost", path=path, code=failed.code)
