"""The private key that signs checkpoints: a file in the data directory, made at first start.

Ed25519 (RFC 8032) through `cryptography`. The file holds the 32 bytes of the seed in base64 and a line break.
While the key changes there are two files; whichever of them the log names last is the one that counts.
"""

from __future__ import annotations

import base64
import os
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from civicam.kernel.errors import Operational

SEED_BYTES = 32


class SeedSigner:
    """Signs with a seed."""

    def __init__(self, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = self._key.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """64 bytes, always the same for the same message."""
        return self._key.sign(message)


class KeyFiles:
    """Fills `civicam.audit.ports.KeyRing`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._next = path.with_name(path.name + ".next")

    def current(self) -> SeedSigner:
        """See `civicam.audit.ports.KeyRing`."""
        return _read(self._path)

    def prepared(self) -> SeedSigner:
        """See `civicam.audit.ports.KeyRing`."""
        return _read(self._next)

    def adopt(self) -> SeedSigner:
        """See `civicam.audit.ports.KeyRing`."""
        signer = _read(self._next)
        try:
            self._next.replace(self._path)
        except OSError as error:
            raise _unreadable(self._path, error) from error
        return signer


def is_signed(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether a signature is right."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _read(path: Path) -> SeedSigner:
    """The key of a file, which is made when it is not there."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return SeedSigner(base64.b64decode(path.read_bytes().strip(), validate=True))
        seed = os.urandom(SEED_BYTES)
        with os.fdopen(handle, "wb") as file:
            file.write(base64.b64encode(seed) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        return SeedSigner(seed)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> Operational:
    return Operational("audit.key-unreadable", file=str(path), reason=str(error))
