"""What the audit room is told and hands out: frozen values."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

Json: TypeAlias = "str | int | bool | list[Json] | dict[str, Json] | None"
"""What a record may hold. No floats: their text is not the same in every language."""

REQUEST: ContextVar[str] = ContextVar("civicam_audit_request", default="")
"""The id of the request that is being answered: the gate sets it, every entry made meanwhile carries it."""


class Result(enum.StrEnum):
    """What came of it."""

    ALLOWED = "allowed"
    """It may be done and is about to be: written before."""
    DONE = "done"
    """It has been done."""
    REFUSED = "refused"
    """It may not be done; nothing happened."""
    FAILED = "failed"
    """It was tried and did not work."""


class Part(enum.StrEnum):
    """The personal parts of an entry: beside the tree, each under a salt of its own."""

    WHO = "who"
    WHAT = "what"
    CHANGE = "change"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it. ``role`` stays in the tree, the rest can be erased."""

    user_id: str
    name: str
    role: str = ""
    unit: str = ""
    client: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """On what; ``text`` says it in words that outlive the object. ``kind`` stays in the tree."""

    kind: str
    target_id: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was done or refused, as whoever saw it tells it.

    ``facts`` are figures and words about nobody (a count, a key); they stay in the tree, as do ``purpose``,
    ``permit`` and ``code``. ``note``, ``before`` and ``after`` may name somebody and can be erased.
    """

    action: str
    actor: Actor | None = None
    target: Target | None = None
    result: Result = Result.DONE
    code: str = ""
    purpose: str = ""
    permit: str = ""
    request: str = ""
    note: str = ""
    before: Json = None
    after: Json = None
    facts: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Moment:
    """When, by both clocks: ``mono_ns`` since an arbitrary zero, comparable within one ``boot`` alone."""

    at: datetime
    mono_ns: int
    boot: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A personal part as it is kept: 16 bytes of salt and the canonical text."""

    salt: bytes
    text: str


@dataclass(frozen=True, slots=True)
class Stamped:
    """An entry with its place: ``record`` is the leaf's bytes; ``parts`` lacks what is absent or erased.

    ``user_id`` and ``target_id`` are what is searched by.
    """

    seq: int
    at: datetime
    action: str
    result: Result
    record: bytes
    parts: Mapping[Part, Kept]
    user_id: str = ""
    target_id: str = ""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The tree at one size, signed; ``note`` is the whole text that an auditor keeps."""

    size: int
    root: bytes
    at: datetime
    key_id: str
    note: str


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A public key of the log: from which size it signs, and its predecessor's signature over that."""

    number: int
    public: str
    from_size: int
    at: datetime
    statement: str
    signature: str


@dataclass(frozen=True, slots=True)
class Proof:
    """Hashes from the leaf (or an older tree) up to a root of ``size`` leaves."""

    size: int
    root: bytes
    hashes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is searched: newest first below ``before`` (a place in the log); empty strings ask for all."""

    user_id: str = ""
    target_id: str = ""
    action: str = ""
    result: str = ""
    begin: datetime | None = None
    end: datetime | None = None
    before: int | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class WitnessState:
    """How it stands with one witness: what it has, what went wrong."""

    name: str
    size: int
    at: datetime | None
    failures: int
    error: str
