"""Passwords of devices as sheets bring them: compared with what is kept, and made fit to be kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from civicam.fleet.model import ha1
from civicam.fleet.ports import Vault
from civicam.fleet.sheets.ports import Secrets
from civicam.fleet.sheets.schema import Row
from civicam.kernel.errors import CivicamError


def secrets_of(vault: Vault) -> Secrets:
    """HA1 for GB/T 28181, sealed for RTSP."""

    def same(kept: Mapping[str, Any], row: Row) -> bool:
        if kept["protocol"] != row["protocol"] or kept["username"] != (row["username"] or ""):
            return False
        secret = str(row["secret"])
        if row["protocol"] == "gb28181":
            return bool(kept["ha1_md5"] == _ha1(row, kept["realm"], secret)[0])
        try:
            return kept["sealed"] is not None and vault.open(kept["sealed"]) == secret
        except CivicamError:  # another key: it is sealed anew
            return False

    def columns(row: Row, realm: str) -> Mapping[str, Any]:
        secret = str(row["secret"])
        if row["protocol"] != "gb28181":
            return {"ha1_md5": "", "ha1_sha256": "", "realm": "", "sealed": vault.seal(secret)}
        md5, sha256 = _ha1(row, realm, secret)
        return {"ha1_md5": md5, "ha1_sha256": sha256, "realm": realm, "sealed": None}

    return Secrets(same, columns)


def _ha1(row: Row, realm: str, secret: str) -> tuple[str, str]:
    return ha1(str(row["username"] or row["id"]), realm, secret)
