"""What an operator may set about the HTTP side."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class WebSettings(BaseModel):
    """Where the console and the API are served, and to whom."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = "0.0.0.0"  # noqa: S104 -- operators sit at other machines
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    """0: any free port; the readiness line says which."""
    public_url: str = ""
    """How browsers reach the console, for printed links; empty: made from host and port."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses whose X-Forwarded-For and -Proto are believed."""
    metrics_token: SecretStr = SecretStr("")
    """Bearer token for /metrics from other machines; empty: only loopback may read it."""
    events_queue: Annotated[int, Field(ge=10)] = 500
    """Messages that may wait for one console; more, and it is closed and loads everything anew."""
    events_hz: Annotated[float, Field(gt=0, le=50)] = 5.0
    situation_s: Annotated[float, Field(gt=0)] = 2.0
    body_bytes: Annotated[int, Field(ge=1024)] = 1024 * 1024
    """Largest request body."""
