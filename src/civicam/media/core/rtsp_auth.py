"""RTSP authentication: Digest with MD5 or SHA-256 (RFC 2617, RFC 7616), Basic only where allowed.

The password goes in here and comes out only as a digest (or, if the operator allowed it, Basic).
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass

_PARAMETER = re.compile(r'\b(\w++)\s*+=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]*))')
_HASHES = {"md5": hashlib.md5, "sha-256": hashlib.sha256}


@dataclass(frozen=True, slots=True)
class Challenge:
    """One WWW-Authenticate challenge we can answer. ``algorithm`` as the server wrote it, "" when absent."""

    scheme: str
    realm: str
    nonce: str = ""
    algorithm: str = ""
    qop: bool = False
    opaque: str | None = None
    stale: bool = False

    @property
    def strength(self) -> int:
        """Higher is better."""
        if self.scheme == "basic":
            return 0
        return 2 if self.algorithm.lower().startswith("sha-256") else 1


def challenges(values: tuple[str, ...]) -> list[Challenge]:
    """The challenges in WWW-Authenticate headers that we can answer, strongest first."""
    found = [c for c in map(_challenge, values) if c is not None]
    return sorted(found, key=lambda c: -c.strength)


def _challenge(value: str) -> Challenge | None:
    scheme, _, rest = value.strip().partition(" ")
    scheme = scheme.lower()
    fields = {m[1].lower(): m[2] if m[2] is not None else m[3] for m in _PARAMETER.finditer(rest)}
    realm = fields.get("realm", "")
    if scheme == "basic":
        return Challenge(scheme, realm)
    algorithm = fields.get("algorithm", "")
    base = algorithm.lower().removesuffix("-sess")
    if scheme != "digest" or "nonce" not in fields or (base or "md5") not in _HASHES:
        return None
    offered = {word.strip().lower() for word in fields.get("qop", "").split(",")}
    if fields.get("qop") and "auth" not in offered:
        return None
    stale = fields.get("stale", "").lower() == "true"
    return Challenge(
        scheme, realm, fields["nonce"], algorithm, "auth" in offered, fields.get("opaque"), stale
    )


class Authenticator:
    """Answers one server's challenges for one user; counts the uses of a nonce.

    ``cnonce`` gives fresh random text.
    """

    def __init__(self, username: str, password: str, cnonce: Callable[[], str]) -> None:
        self._username = username
        self._password = password
        self._cnonce = cnonce
        self._challenge: Challenge | None = None
        self._count = 0

    def accept(self, challenge: Challenge) -> None:
        """Use this challenge from now on."""
        self._challenge = challenge
        self._count = 0

    def header(self, method: str, uri: str) -> str | None:
        """The Authorization value for a request; None before the first challenge."""
        challenge = self._challenge
        if challenge is None:
            return None
        if challenge.scheme == "basic":
            pair = f"{self._username}:{self._password}".encode()
            return "Basic " + base64.b64encode(pair).decode("ascii")
        self._count += 1
        return self._digest(challenge, method, uri)

    def _digest(self, challenge: Challenge, method: str, uri: str) -> str:
        """RFC 7616 §3.4; without qop the form of RFC 2069, which most cameras still offer."""
        name = challenge.algorithm.lower()
        make = _HASHES[name.removesuffix("-sess") or "md5"]

        def hashed(text: str) -> str:
            return make(text.encode("utf-8")).hexdigest()

        cnonce, count = self._cnonce(), f"{self._count:08x}"
        ha1 = hashed(f"{self._username}:{challenge.realm}:{self._password}")
        if name.endswith("-sess"):
            ha1 = hashed(f"{ha1}:{challenge.nonce}:{cnonce}")
        ha2 = hashed(f"{method}:{uri}")
        middle = f"{challenge.nonce}:{count}:{cnonce}:auth" if challenge.qop else challenge.nonce
        fields = [
            f'username="{_quoted(self._username)}"',
            f'realm="{_quoted(challenge.realm)}"',
            f'nonce="{challenge.nonce}"',
            f'uri="{uri}"',
            f'response="{hashed(f"{ha1}:{middle}:{ha2}")}"',
        ]
        if challenge.algorithm:
            fields.append(f"algorithm={challenge.algorithm}")
        if challenge.opaque is not None:
            fields.append(f'opaque="{challenge.opaque}"')
        if challenge.qop:
            fields += ["qop=auth", f"nc={count}"]
        if challenge.qop or name.endswith("-sess"):
            fields.append(f'cnonce="{cnonce}"')
        return "Digest " + ", ".join(fields)


def _quoted(text: str) -> str:
    """For a quoted string; what was taken from one is still escaped only if it was ours."""
    return text if "\\" in text else text.replace('"', '\\"')
