"""Error codes become HTTP here and nowhere else; every answer carries both languages and the request's id."""

from __future__ import annotations

from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from civicam.kernel.errors import Bug, CivicamError, Operational, Refused

log = structlog.get_logger("civicam.web")

STATUS: dict[str, int] = {
    "access.bad-link": 401,
    "access.bad-password": 401,
    "access.no-record": 503,
    "access.no-session": 401,
    "access.too-many-attempts": 429,
    "alarms.unknown-alarm": 404,
    "audit.no-entry": 503,
    "audit.unknown-entry": 404,
    "audit.unknown-size": 404,
    "fleet.import-crowded": 429,
    "fleet.import-faulty": 409,
    "fleet.import-outdated": 409,
    "fleet.import-state": 409,
    "fleet.sheet-csv": 415,
    "fleet.sheet-no-workbook": 415,
    "fleet.sheet-old": 415,
    "fleet.sheet-too-large": 413,
    "fleet.undo-changed": 409,
    "fleet.unknown-import": 404,
    "fleet.unknown-agent": 404,
    "fleet.graph-device": 409,
    "fleet.graph-unknown-node": 404,
    "fleet.no-ground": 409,
    "fleet.no-owner": 409,
    "fleet.no-place-class": 409,
    "fleet.no-purpose": 409,
    "fleet.party-in-use": 409,
    "fleet.unknown-channel": 404,
    "fleet.unknown-device": 404,
    "fleet.unknown-party": 404,
    "fleet.unknown-site": 404,
    "fleet.unknown-statement": 404,
    "gateway.bad-period": 422,
    "gateway.bad-scale": 422,
    "gateway.bad-setting": 422,
    "gateway.commands-busy": 429,
    "gateway.broadcast-no-invite": 504,
    "gateway.broadcast-not-connected": 504,
    "gateway.no-answer": 504,
    "gateway.no-download": 404,
    "gateway.no-session": 404,
    "gateway.no-snapshot": 404,
    "gateway.snapshot-beyond": 409,
    "gateway.snapshot-crowded": 503,
    "gateway.snapshot-disk": 507,
    "gateway.snapshot-foreign-session": 403,
    "gateway.snapshot-foreign-source": 403,
    "gateway.snapshot-no-space": 507,
    "gateway.snapshot-over": 410,
    "gateway.snapshot-too-large": 413,
    "gateway.too-many-broadcasts": 429,
    "gateway.too-many-downloads": 429,
    "gateway.too-many-playbacks": 429,
    "gateway.too-many-snapshots": 429,
    "gateway.no-direction": 422,
    "gateway.unknown-config": 422,
    "media.not-jpeg": 415,
    "media.picture-cut": 400,
    "outages.unknown-outage": 404,
    "outages.unknown-work": 404,
    "usability.bad-period": 422,
    "web.cross-origin": 403,
    "web.demo-broken": 409,
    "web.demo-refused": 409,
    "web.no-demo": 404,
    "web.method": 405,
    "web.not-found": 404,
    "web.too-large": 413,
    "web.too-many-views": 429,
    "web.upload-format": 415,
    "web.upload-slow": 408,
}
"""Codes whose status is not that of their family."""
_FAMILY = {"refused": 422, "operational": 503, "bug": 500}


def status_of(error: CivicamError) -> int:
    """The HTTP status of an error. What the gateway refuses is a conflict with how the world is: 409."""
    known = STATUS.get(error.code)
    if known is not None:
        return known
    if isinstance(error, Operational) and error.code.endswith("timeout"):
        return 504
    if isinstance(error, Refused) and error.code.startswith(("gateway.", "media.", "fleet.disabled")):
        return 409
    return _FAMILY[error.family]


def body_of(error: CivicamError, request_id: str) -> dict[str, Any]:
    """The error as JSON."""
    return {
        "error": {
            "code": error.code,
            "message": {"zh-CN": error.text("zh-CN"), "en": error.text("en")},
            "data": error.data,
            "request_id": request_id,
        }
    }


def answer(error: CivicamError, request_id: str) -> JSONResponse:
    """The error as an answer."""
    headers = {"Cache-Control": "no-store"}
    seconds = error.data.get("seconds")
    if error.code == "access.too-many-attempts" and isinstance(seconds, int):
        headers["Retry-After"] = str(seconds)
    return JSONResponse(body_of(error, request_id), status_of(error), headers)


def request_id(request: Request) -> str:
    """The id the guard gave this request."""
    return str(request.scope.get("civicam.request_id", "-"))


def install(app: FastAPI) -> None:
    """Hand every exception to `answer`."""

    async def known(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, CivicamError)
        if error.family != "refused":
            log.warning("request.failed", code=error.code, error=str(error), request_id=request_id(request))
        return _told(error, request)

    async def invalid(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
        return _told(Refused("web.bad-request", field=where, reason=first["msg"]), request)

    async def plain(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        code = {404: "web.not-found", 405: "web.method"}.get(error.status_code)
        ours = Refused(code) if code else Refused("web.bad-request", field="", reason=str(error.detail))
        return _told(ours, request)

    app.add_exception_handler(CivicamError, known)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, plain)


def _told(error: CivicamError, request: Request) -> JSONResponse:
    """The answer; the scope keeps the code for the audit log."""
    request.scope["civicam.code"] = error.code
    return answer(error, request_id(request))


def unexpected(error: Exception, identity: str) -> JSONResponse:
    """A defect of ours: logged with its traceback, told without it."""
    log.error("request.bug", request_id=identity, exc_info=error)
    return answer(Bug("web.bug", request_id=identity), identity)
