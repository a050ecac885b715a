"""Digest authentication (RFC 2617, RFC 3261 §22, RFC 8760; gb28181.md §2.5).

MD5 is what devices speak; SHA-256 is there for a platform that asks for it. ``algorithm=`` is always
written: some recorders never answer a challenge without it. Verification uses the ``uri``, ``realm``,
``nonce`` and ``username`` of the Authorization field, never those of the request line: devices put their own
forms there.

Passwords never enter this file on the server's side: it works with HA1.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, Protocol

from civicam.signalling.sip.errors import bad_header
from civicam.signalling.sip.grammar import quote, unquote

_PARAM = re.compile(r'\s*([A-Za-z0-9\-.!%*_+`\'~]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s,"]*)\s*(?:,|$)')
_NC = re.compile(r"[0-9a-fA-F]{1,8}")


_VALUE = r'"[^"\\,]++"'
_PLAIN_ANSWER = re.compile(
    r"Digest (?:(?:"
    rf"username=(?P<username>{_VALUE})|realm=(?P<realm>{_VALUE})|nonce=(?P<nonce>{_VALUE})|uri=(?P<uri>{_VALUE})"
    r'|response="(?P<response>[0-9a-f]++)"|algorithm=(?P<algorithm>MD5|SHA-256)|qop=(?P<qop>auth)'
    rf"|nc=(?P<nc>[0-9a-f]{{1,8}}+)|cnonce=(?P<cnonce>{_VALUE}))(?:, |$))++"
)
"""An answer as nearly every device writes it: each parameter in its usual form, in any order."""


def _md5(text: str) -> str:
    return hashlib.md5(text.encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest()


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


_HASHES: dict[str, Callable[[str], str]] = {"MD5": _md5, "SHA-256": _sha256}


def supported(algorithm: str) -> bool:
    """True for MD5 and SHA-256, in any case."""
    return algorithm.upper() in _HASHES


def ha1(username: str, realm: str, password: str, algorithm: str = "MD5") -> str:
    """H(username:realm:password), in lower-case hex: what a registrar stores instead of the password."""
    return _hash(algorithm)(f"{username}:{realm}:{password}")


def _hash(algorithm: str) -> Callable[[str], str]:
    found = _HASHES.get(algorithm.upper())
    if found is None:
        raise bad_header("algorithm")
    return found


@dataclass(frozen=True, slots=True)
class Challenge:
    """A WWW-Authenticate value as the client reads it."""

    realm: str
    nonce: str
    algorithm: str = "MD5"
    qop: str = ""
    """``auth`` when the server offers it, else empty: then the answer takes the form of RFC 2069."""
    opaque: str | None = None
    stale: bool = False


class Authorization(NamedTuple):
    """An Authorization value as the server reads it; ``qop``, ``nc``, ``cnonce`` are empty in the old
    form.
    """

    username: str
    realm: str
    nonce: str
    uri: str
    response: str
    algorithm: str = "MD5"
    qop: str = ""
    nc: str = ""
    cnonce: str = ""


class Secret(Protocol):
    """Who answers a challenge."""

    @property
    def username(self) -> str: ...

    def ha1(self, realm: str, algorithm: str) -> str:
        """HA1 for this realm."""
        ...


@dataclass(frozen=True, slots=True)
class Password:
    """A client that knows the password."""

    username: str
    password: str

    def ha1(self, realm: str, algorithm: str) -> str:
        """HA1 for this realm."""
        return ha1(self.username, realm, self.password, algorithm)

    def __repr__(self) -> str:
        return f"Password({self.username!r}, …)"


@dataclass(frozen=True, slots=True)
class StoredHash:
    """A client that holds only HA1 of one realm and algorithm."""

    username: str
    digest: str

    def ha1(self, realm: str, algorithm: str) -> str:
        """The stored HA1."""
        return self.digest

    def __repr__(self) -> str:
        return f"StoredHash({self.username!r}, …)"


def challenge(
    realm: str, nonce: str, *, algorithm: str = "MD5", qop: str = "auth", stale: bool = False
) -> str:
    """A WWW-Authenticate value; ``qop=""`` leaves qop out, for devices that know only the old form."""
    before, after = _around_nonce(realm, algorithm, qop, stale)
    return before + quote(nonce) + after


@lru_cache(256)
def _around_nonce(realm: str, algorithm: str, qop: str, stale: bool) -> tuple[str, str]:
    """What stands before and after the nonce in a challenge: the same for a whole city."""
    parts = [f"algorithm={algorithm}"]
    if qop:
        parts.append(f"qop={quote(qop)}")
    if stale:
        parts.append("stale=true")
    return f"Digest realm={quote(realm)}, nonce=", ", " + ", ".join(parts)


def parse_challenge(value: str) -> Challenge | None:
    """A WWW-Authenticate value; ``None`` for another scheme or an algorithm we do not have.

    Raises `BadMessage` ``signalling.bad-header`` when a Digest challenge is broken.
    """
    fields = _digest_fields(value, "WWW-Authenticate")
    if fields is None or not supported(fields.get("algorithm", "MD5")):
        return None
    if not fields.get("nonce") or "realm" not in fields:
        raise bad_header("WWW-Authenticate")
    offered = [word.strip().lower() for word in fields.get("qop", "").split(",")]
    return Challenge(
        realm=fields["realm"],
        nonce=fields["nonce"],
        algorithm=fields.get("algorithm", "MD5").upper(),
        qop="auth" if "auth" in offered else "",
        opaque=fields.get("opaque"),
        stale=fields.get("stale", "").lower() == "true",
    )


def choose_challenge(values: Iterable[str]) -> str | None:
    """The first WWW-Authenticate value we can answer: servers put what they like best on top (RFC 8760 §2.4).

    ``None`` when there is none; raises like `parse_challenge`.
    """
    return next((value for value in values if parse_challenge(value) is not None), None)


def parse_authorization(value: str | None) -> Authorization | None:
    """An Authorization value; ``None`` when absent, of another scheme, or of an algorithm we do not have.

    Values may be quoted or bare, the algorithm in any case (gb28181.md §2.5). Raises `BadMessage`
    ``signalling.bad-header`` when a Digest answer is broken.
    """
    plain = None if value is None else _PLAIN_ANSWER.fullmatch(value)
    if plain is not None and value is not None:
        found = _read_plain(plain, value)
        if found is not None:
            return found
    fields = None if value is None else _digest_fields(value, "Authorization")
    if fields is None or not supported(fields.get("algorithm", "MD5")):
        return None
    try:
        found = Authorization(
            username=fields["username"],
            realm=fields["realm"],
            nonce=fields["nonce"],
            uri=fields["uri"],
            response=fields["response"].lower(),
            algorithm=fields.get("algorithm", "MD5").upper(),
            qop=fields.get("qop", "").lower(),
            nc=fields.get("nc", "").lower(),
            cnonce=fields.get("cnonce", ""),
        )
    except KeyError:
        raise bad_header("Authorization") from None
    if found.qop and (found.qop != "auth" or not _NC.fullmatch(found.nc) or not found.cnonce):
        raise bad_header("Authorization")
    return found


def _read_plain(plain: re.Match[str], value: str) -> Authorization | None:
    """What the expression found, unless a parameter stands there twice or one is missing."""
    groups = plain.groups()
    username, realm, nonce, uri, response, algorithm, qop, nc, cnonce = groups
    twice = value.count(",") + 1 != len(groups) - groups.count(None)
    if twice or not (username and realm and nonce and uri and response) or (qop and not (nc and cnonce)):
        return None
    return Authorization(
        username[1:-1], realm[1:-1], nonce[1:-1], uri[1:-1], response, algorithm or "MD5", qop or "",
        nc or "", (cnonce or "")[1:-1],
    )  # fmt: skip


def verify(stored_ha1: str, method: str, auth: Authorization) -> bool:
    """True when ``auth`` proves knowledge of HA1 for ``method``; compared in constant time."""
    expected = _response(stored_ha1, method, auth)
    return hmac.compare_digest(expected.encode(), auth.response.encode("utf-8", "surrogateescape"))


def answer(question: Challenge, secret: Secret, method: str, uri: str, cnonce: str, nc: int = 1) -> str:
    """An Authorization value for ``question``; ``nc`` counts the uses of its nonce from 1."""
    auth = Authorization(
        username=secret.username,
        realm=question.realm,
        nonce=question.nonce,
        uri=uri,
        response="",
        algorithm=question.algorithm,
        qop=question.qop,
        nc=f"{nc:08x}" if question.qop else "",
        cnonce=cnonce if question.qop else "",
    )
    digest = _response(secret.ha1(question.realm, question.algorithm), method, auth)
    parts = [
        f"username={quote(auth.username)}",
        f"realm={quote(auth.realm)}",
        f"nonce={quote(auth.nonce)}",
        f"uri={quote(uri)}",
        f"response={quote(digest)}",
        f"algorithm={auth.algorithm}",
    ]
    if auth.qop:
        parts += [f"qop={auth.qop}", f"nc={auth.nc}", f"cnonce={quote(auth.cnonce)}"]
    if question.opaque is not None:
        parts.append(f"opaque={quote(question.opaque)}")
    return "Digest " + ", ".join(parts)


def _response(stored_ha1: str, method: str, auth: Authorization) -> str:
    """RFC 2617 §3.2.2.1: the request-digest."""
    hashed = _hash(auth.algorithm)
    ha2 = _ha2(hashed, method, auth.uri)
    if auth.qop:
        return hashed(f"{stored_ha1}:{auth.nonce}:{auth.nc}:{auth.cnonce}:{auth.qop}:{ha2}")
    return hashed(f"{stored_ha1}:{auth.nonce}:{ha2}")


@lru_cache(256)
def _ha2(hashed: Callable[[str], str], method: str, uri: str) -> str:
    """H(A2): a city registers at one URI, so it is the same each time."""
    return hashed(f"{method}:{uri}")


def _plain_fields(text: str) -> dict[str, str] | None:
    """Parameters with neither a comma nor a quote nor a backslash inside a value, as nearly every device
    writes them; ``None`` for all else.
    """
    if "\\" in text:
        return None
    found: dict[str, str] = {}
    for piece in text.split(","):
        name, _, value = piece.strip().partition("=")
        if value[:1] == '"' == value[-1:] and len(value) > 1:
            value = value[1:-1]
        if '"' in value or " " in value or not value or not name.isalpha() or not name.isascii():
            return None
        found.setdefault(name.lower(), value)
    return found


def _digest_fields(value: str, field: str) -> dict[str, str] | None:
    """The parameters of a Digest value, names in lower case; ``None`` for another scheme."""
    scheme, _, rest = value.strip().partition(" ")
    if scheme.lower() != "digest":
        return None
    found = _plain_fields(rest)
    if found is not None:
        return found
    found = {}
    at = 0
    while at < len(rest):
        match = _PARAM.match(rest, at)
        if match is None:
            if not rest[at:].strip(" ,"):
                break  # a comma at the end
            raise bad_header(field)
        found.setdefault(match[1].lower(), unquote(match[2]))
        at = match.end()
    return found
