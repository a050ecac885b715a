"""Secrets that must be readable again (passwords of RTSP sources), encrypted at rest with a key file.

Fernet (AES-128-CBC with HMAC-SHA256, github.com/fernet/spec). The key is made on first use, readable by
the owner alone, and is not in the database: a stolen copy of one without the other opens nothing.
"""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from civicam.kernel.errors import Operational


class KeyFileVault:
    """Seals and opens with the key in ``path``; the file is made when it is missing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fernet = Fernet(_key(path))

    def seal(self, secret: str) -> bytes:
        """The secret as it may stand in the database."""
        return self._fernet.encrypt(secret.encode())

    def open(self, sealed: bytes) -> str:
        """The secret again; `Operational` ``fleet.wrong-key`` when it was sealed with another key."""
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken:
            raise Operational("fleet.wrong-key", file=str(self._path)) from None


def _key(path: Path) -> bytes:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            key = path.read_bytes().strip()
        else:
            key = Fernet.generate_key()
            with os.fdopen(handle, "wb") as file:
                file.write(key + b"\n")
                file.flush()
                os.fsync(file.fileno())
        Fernet(key)
    except (OSError, ValueError) as error:
        raise Operational("fleet.key-unreadable", file=str(path), reason=str(error)) from error
    return key
