"""Puts the HTTP side together: routes, the guard in front of them, the console behind them."""

from __future__ import annotations

from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.responses import JSONResponse
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from civicam import __version__
from civicam.web import errors
from civicam.web.alarms import AlarmNews
from civicam.web.api import (
    access,
    agents,
    alarms,
    audit,
    broadcast,
    control,
    demo,
    devices,
    fleet,
    graph,
    imports,
    live,
    outages,
    overview,
    playback,
    register,
    sites,
    snapshots,
    system,
    usability,
    works,
)
from civicam.web.audited import audited
from civicam.web.broadcast import BroadcastDesk
from civicam.web.events import EventHub
from civicam.web.guard import Guard
from civicam.web.live import LiveDesk
from civicam.web.overview import OverviewDesk
from civicam.web.playback import PlaybackDesk
from civicam.web.ports import Services
from civicam.web.situation import SituationDesk
from civicam.web.static_files import HERE, Console
from civicam.web.uploads import take_upload

COMPRESS_FROM = 2048


class _CompressApi:
    """gzip for the API alone: ranges of the map and hashed files go as they are."""

    def __init__(self, app: ASGIApp) -> None:
        self._plain = app
        self._gzip = GZipMiddleware(app, minimum_size=COMPRESS_FROM, compresslevel=4)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        api = scope["type"] == "http" and scope["path"].startswith("/api/")
        picture = api and (
            scope["path"].endswith(("/snapshot", "/file", ".xlsx")) or "/pictures/" in scope["path"]
        )
        await (self._gzip if api and not picture else self._plain)(scope, receive, send)


def api() -> FastAPI:
    """The API's routes alone: enough to describe it (`civicam openapi`)."""
    app = FastAPI(title="civicam", version=__version__, openapi_url=None, docs_url=None, redoc_url=None)
    for router in (
        access.router,
        agents.router,
        alarms.router,
        audit.router,
        outages.router,
        overview.router,
        works.router,
        fleet.router,
        devices.router,
        usability.router,
        register.router,
        sites.router,
        graph.router,
        imports.router,
        control.router,
        demo.router,
        live.router,
        playback.router,
        broadcast.router,
        snapshots.router,
        system.router,
    ):
        app.include_router(router, prefix="/api", dependencies=[Depends(audited)])
    return app


def create_app(services: Services, static: Path = HERE) -> FastAPI:
    """The application; `EventHub` in ``app.state.hub`` is started by whoever runs it."""
    app = api()
    desk = LiveDesk(services.access, services.streams, services.engine, services.ticket_ttl_s)
    player = PlaybackDesk(services.access, services.operator, services.engine, services.ticket_ttl_s)
    speaking = BroadcastDesk(services.access, services.operator, services.engine, services.ticket_ttl_s)
    desk.companions += [player, speaking]
    situation = SituationDesk(services.fleet, services.engine, desk)
    state: MutableMapping[str, Any] = app.state._state
    state.update(
        services=services,
        live=desk,
        playback=player,
        broadcast=speaking,
        situation=situation,
        overview=OverviewDesk(services.usability, services.outages, services.clock),
        hub=EventHub(
            services.fleet,
            AlarmNews(services.alarms, services.fleet),
            situation,
            services.clock,
            services.settings,
        ),
        began=services.clock.monotonic(),
    )
    services.imports.news.append(app.state.hub.tell_import)
    app.include_router(system.probes)
    app.add_route("/api/openapi.json", _openapi, include_in_schema=False)
    for path in ("/upload/{token}", "/upload/{token}/{name:path}"):  # some devices add a file's name
        app.router.routes.append(Route(path, take_upload, methods=["POST", "PUT"]))
    app.router.routes.append(Route("/{path:path}", _console(Console(static)), methods=["GET", "HEAD"]))
    errors.install(app)
    app.add_middleware(_CompressApi)
    app.add_middleware(Guard, services=services)
    return app


async def _openapi(request: Request) -> Response:
    return JSONResponse(request.app.openapi())


def _console(console: Console) -> Any:
    async def serve(request: Request) -> Response:
        return await console(request)

    return serve
