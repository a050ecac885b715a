"""``/api/session`` and ``/api/account``: logging in and out, the own password."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from civicam import __version__
from civicam.access.facts import Login, User
from civicam.audit.facts import Actor, Entry
from civicam.fleet.views import City
from civicam.kernel.errors import CivicamError
from civicam.web.audited import ASKED, actor_of
from civicam.web.auth import Client, Inside, Who, client, drop_cookie, set_cookie
from civicam.web.ports import Services

router = APIRouter(tags=["access"])


class Link(BaseModel):
    """The token of a one-time log-in link."""

    model_config = ConfigDict(extra="forbid")

    token: Annotated[str, Field(min_length=1, max_length=200)]


class Credentials(BaseModel):
    """Name and password."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=64)]
    password: Annotated[str, Field(min_length=1, max_length=1024)]


class NewPassword(BaseModel):
    """A password to set; its rules are the access room's."""

    model_config = ConfigDict(extra="forbid")

    password: Annotated[str, Field(max_length=2048)]


@dataclass(frozen=True, slots=True)
class UserOut:
    """Who is logged in."""

    id: str
    name: str
    display: str
    roles: list[str]


@dataclass(frozen=True, slots=True)
class ServerOut:
    """What the console must know of the server."""

    version: str
    demo: bool
    time: datetime
    city: City | None


@dataclass(frozen=True, slots=True)
class SessionOut:
    """The session as the console sees it; its token is in the cookie alone."""

    user: UserOut
    must_set_password: bool
    server: ServerOut


async def _session(inside: Services, user: User) -> SessionOut:
    return SessionOut(
        UserOut(user.user_id, user.name, user.display, [user.role.value]),
        not user.has_password,
        ServerOut(__version__, inside.demo, inside.clock.now(), await inside.fleet.city()),
    )


async def _begun(inside: Services, request: Request, response: Response, login: Login) -> SessionOut:
    """On record before the cookie is given; without the line the session ends at once."""
    actor = actor_of(login.user, client(request))
    try:
        await inside.audit.append(Entry("session.begin", actor))
    except CivicamError:
        await inside.access.log_out(login.token)
        raise
    set_cookie(response, request, login, inside.clock.now().timestamp())
    return await _session(inside, login.user)


@router.post("/session/link")
async def log_in_by_link(
    body: Link, inside: Inside, client: Client, request: Request, response: Response
) -> SessionOut:
    """Log in by a one-time link."""
    return await _begun(inside, request, response, await inside.access.log_in_by_link(body.token, client))


@router.post("/session")
async def log_in(
    body: Credentials, inside: Inside, client: Client, request: Request, response: Response
) -> SessionOut:
    """Log in by name and password."""
    if any(each.name == body.name for each in await inside.access.users()):  # else it may be a password
        said: Entry = request.scope[ASKED]
        request.scope[ASKED] = replace(said, actor=Actor("", body.name, client=client))
    login = await inside.access.log_in(body.name, body.password, client)
    return await _begun(inside, request, response, login)


@router.get("/session")
async def who_am_i(inside: Inside, user: Who) -> SessionOut:
    """The session of this cookie; 401 without one."""
    return await _session(inside, user)


@router.delete("/session", status_code=204)
async def log_out(inside: Inside, user: Who, client: Client, request: Request, response: Response) -> None:
    """End this session."""
    with contextlib.suppress(CivicamError):  # leaving is never refused
        await inside.audit.append(Entry("session.end", actor_of(user, client)))
    await inside.access.log_out(request.scope["civicam.token"])
    drop_cookie(response)


@router.post("/account/password", status_code=204)
async def set_password(body: NewPassword, inside: Inside, user: Who, request: Request) -> None:
    """Set the own password; other sessions of this user end."""
    await inside.access.set_password(user, body.password, request.scope["civicam.token"])
