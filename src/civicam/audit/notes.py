"""Checkpoints and changes of key as texts that a person can read and a program can check; pure.

A checkpoint is a signed note (the form that C2SP's *tlog-checkpoint* and *signed-note* describe)::

    civicam.audit/<id of the log>
    <number of entries>
    <root hash, base64>
    time <RFC 3339, UTC>

    — civicam.audit/<id of the log> <base64 of 4 bytes key id and 64 bytes Ed25519 signature>

Signed are the bytes up to and including the line break before the empty line. The key id is the first four
bytes of SHA-256(name, line break, 0x01, public key). The log's id is the first 16 hex digits of the SHA-256
of its first public key, so a log cannot be passed off as another.

A change of key is a statement of five lines, signed by the key that goes.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime

from civicam.audit.model import written

ORIGIN = "civicam.audit/"
ROTATION = "civicam-audit-key/1"


def log_id(first_public: bytes) -> str:
    """The name of a log by its first key."""
    return hashlib.sha256(first_public).hexdigest()[:16]


def key_id(log: str, public: bytes) -> str:
    """Eight hex digits."""
    return hashlib.sha256((ORIGIN + log).encode() + b"\n\x01" + public).hexdigest()[:8]


def body(log: str, size: int, root: bytes, at: datetime) -> str:
    """What is signed."""
    return f"{ORIGIN}{log}\n{size}\n{base64.b64encode(root).decode()}\ntime {written(at)}\n"


def signed(text: str, log: str, key: str, signature: bytes) -> str:
    """The whole note."""
    stamp = base64.b64encode(bytes.fromhex(key) + signature).decode()
    return f"{text}\n— {ORIGIN}{log} {stamp}\n"


def rotation(log: str, old: bytes, new: bytes, size: int) -> str:
    """What the key that goes signs: from ``size`` entries on the other one signs."""
    names = (base64.b64encode(each).decode() for each in (old, new))
    return "\n".join((ROTATION, log, *names, str(size))) + "\n"
