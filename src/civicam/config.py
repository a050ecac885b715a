"""One frozen tree made of each room's settings; read once at start, never at import.

Sources, the first that says something wins: what the command line overrides, the environment
(``CIVICAM_WEB__PORT=8090``: two underscores step down), the TOML file (``--config``, else
``CIVICAM_CONFIG``, else ``civicam.toml`` in the data directory), the defaults.
A key nobody knows is an error that names it: a typing mistake must not silently mean "default".
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import BaseSettings, InitSettingsSource, SettingsConfigDict, SettingsError
from pydantic_settings import PydanticBaseSettingsSource as Source

from civicam.access.settings import AccessSettings
from civicam.alarms.settings import AlarmSettings
from civicam.audit.settings import AuditSettings
from civicam.db.settings import DbSettings
from civicam.fleet.settings import FleetSettings
from civicam.gateway.settings import GatewaySettings
from civicam.kernel.errors import Refused
from civicam.media.settings import MediaSettings
from civicam.observability.settings import LogSettings
from civicam.outages.settings import OutageSettings
from civicam.probes.settings import ProbesSettings
from civicam.usability.settings import UsabilitySettings
from civicam.web.settings import WebSettings

PREFIX = "CIVICAM_"
NOT_SETTINGS = ("CIVICAM_CONFIG", "CIVICAM_TEST_", "CIVICAM_DEV_")
"""Names (or their beginnings) in the environment that are ours and are no settings."""


class Settings(BaseSettings):
    """Everything an operator may set, by room."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix=PREFIX, env_nested_delimiter="__", case_sensitive=False
    )

    data: Path = Path("civicam-data")
    """Directory of the embedded store, the key file and the configuration."""
    demo: bool = False
    """A demonstration runs: the console says so."""
    demo_control: Path | None = None
    """Socket of the demonstration's simulator, by which visitors break something. Only with ``demo``."""
    web: WebSettings = WebSettings()
    db: DbSettings = DbSettings()
    fleet: FleetSettings = FleetSettings()
    access: AccessSettings = AccessSettings()
    audit: AuditSettings = AuditSettings()
    usability: UsabilitySettings = UsabilitySettings()
    alarms: AlarmSettings = AlarmSettings()
    outages: OutageSettings = OutageSettings()
    gateway: GatewaySettings = GatewaySettings()
    probes: ProbesSettings = ProbesSettings()
    media: MediaSettings = MediaSettings()
    log: LogSettings = LogSettings()

    def database_url(self) -> str:
        """The store's URL with the default filled in."""
        return self.db.url or f"sqlite:///{(self.data / 'civicam.db').absolute()}"

    def key_file(self) -> Path:
        """The key that secrets are encrypted with at rest."""
        return self.data / "civicam.key"


def _file(path: Path | None, data: Path) -> tuple[dict[str, Any], str]:
    """The TOML file's tables and its name for messages; nothing when none was asked for and none is there."""
    named = path or (Path(os.environ["CIVICAM_CONFIG"]) if os.environ.get("CIVICAM_CONFIG") else None)
    target = named or data / "civicam.toml"
    if named is None and not target.exists():
        return {}, str(target)
    try:
        return tomllib.loads(target.read_text(encoding="utf-8")), str(target)
    except OSError as error:
        raise Refused("config.unreadable", file=str(target), reason=error.strerror or str(error)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Refused("config.not-toml", file=str(target), reason=str(error)) from error


def _unknown_environment() -> str | None:
    """The first variable with our prefix that names no setting, or None."""
    for name in sorted(os.environ):
        if not name.startswith(PREFIX) or name.startswith(NOT_SETTINGS):
            continue
        if name.removeprefix(PREFIX).lower().split("__")[0] not in Settings.model_fields:
            return name
    return None


def _first(error: ValidationError) -> dict[str, Any]:
    """The first problem as data for a message; the value itself is left out, it may be a secret."""
    problem = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return {
        "key": ".".join(str(part) for part in problem["loc"]),
        "reason": problem["msg"],
        "kind": problem["type"],
    }


def load(
    *, data: Path | None = None, file: Path | None = None, override: Mapping[str, Any] | None = None
) -> Settings:
    """Read the settings. ``override`` is what the command line says, as nested tables.

    Raises `Refused`: ``config.unreadable``, ``config.not-toml``, ``config.unknown-key``, ``config.invalid``.
    """
    unknown = _unknown_environment()
    if unknown is not None:
        raise Refused("config.unknown-key", key=unknown, file="environment")
    directory = data or Path(os.environ.get("CIVICAM_DATA", "civicam-data"))
    tables, name = _file(file, directory)
    above = dict(override or {})
    if data is not None:
        above["data"] = data

    class Loaded(Settings):
        """`Settings` with the file as the source below the environment."""

        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: Source,
            env_settings: Source,
            dotenv_settings: Source,
            file_secret_settings: Source,
        ) -> tuple[Source, ...]:
            del dotenv_settings, file_secret_settings
            return init_settings, env_settings, InitSettingsSource(settings_cls, init_kwargs=tables)

    try:
        return Loaded(**above)
    except (ValidationError, SettingsError) as error:
        if not isinstance(error, ValidationError):
            raise Refused("config.invalid", key="environment", reason=str(error), file=name) from error
        found = _first(error)
        if found["kind"] == "extra_forbidden":
            raise Refused("config.unknown-key", key=found["key"], file=name) from error
        raise Refused("config.invalid", key=found["key"], reason=found["reason"], file=name) from error
