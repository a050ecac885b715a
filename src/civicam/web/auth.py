"""Who asks: what the guard found, as FastAPI dependencies; and the session's cookie."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request, Response

from civicam.access.facts import Login, User
from civicam.web.guard import COOKIE
from civicam.web.ports import Services


def services(request: Request) -> Services:
    """Everything a request may need."""
    found: Services = request.app.state.services
    return found


def user(request: Request) -> User:
    """Who asks; the guard has let nobody else through."""
    found: User = request.scope["civicam.user"]
    return found


def client(request: Request) -> str:
    """The address the request came from."""
    return request.client.host if request.client is not None else "-"


def set_cookie(response: Response, request: Request, login: Login, now_s: float) -> None:
    """The session's cookie: no script reads it, no other site sends it."""
    response.set_cookie(
        COOKIE,
        login.token,
        max_age=max(0, int(login.expires_at.timestamp() - now_s)),
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )


def drop_cookie(response: Response) -> None:
    """The session is over."""
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")


Inside = Annotated[Services, Depends(services)]
Who = Annotated[User, Depends(user)]
Client = Annotated[str, Depends(client)]
