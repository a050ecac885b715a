"""``/api/system``, ``/api/events``, and what machines ask: ``/healthz``, ``/readyz``, ``/metrics``."""

from __future__ import annotations

import contextlib
import hmac
import ipaddress
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response, WebSocket

from civicam import __version__
from civicam.kernel.errors import Operational, Refused
from civicam.web import events
from civicam.web.auth import Inside
from civicam.web.errors import body_of, request_id
from civicam.web.ports import Component, WorkerRow

router = APIRouter(tags=["system"])
probes = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class SystemOut:
    """How the platform is."""

    components: list[Component]
    workers: list[WorkerRow]
    version: str
    uptime_s: float


@router.get("/system")
async def system(inside: Inside, request: Request) -> SystemOut:
    """Parts, media workers, version, time since the start."""
    up = inside.clock.monotonic() - request.app.state.began
    return SystemOut(await inside.health.components(), inside.health.workers(), __version__, round(up, 1))


@router.websocket("/events")
async def event_stream(socket: WebSocket) -> None:
    """Presence, situation and streams as they change; ``docs/reference/http-api.md`` lists the messages."""
    state = socket.app.state
    try:
        await events.serve(socket, state.hub, state.situation, state.services.access)
    finally:
        # whoever moved a camera from this console cannot stop it any more
        with contextlib.suppress(Refused):
            state.services.operator.operations.ptz.gone(socket.scope["civicam.user"].user_id)


@probes.get("/healthz")
async def healthz() -> Response:
    """The process answers."""
    return Response("ok\n", media_type="text/plain")


@probes.get("/readyz")
async def readyz(inside: Inside, request: Request, response: Response) -> dict[str, object]:
    """Requests can be served: 200, else 503 with the reason."""
    reason = await inside.health.ready()
    if not reason:
        return {"ready": True, "version": __version__}
    response.status_code = 503
    return {"ready": False, **body_of(Operational("web.not-ready", reason=reason), request_id(request))}


@probes.get("/metrics")
async def metrics(inside: Inside, request: Request) -> Response:
    """Figures for Prometheus: from this machine, or with the token of ``web.metrics_token``."""
    token = inside.settings.metrics_token.get_secret_value()
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    if not (token and hmac.compare_digest(given.encode(), token.encode())) and not _is_loopback(request):
        raise Refused("web.not-found")
    return Response(inside.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


def _is_loopback(request: Request) -> bool:
    host = request.client.host if request.client is not None else ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
