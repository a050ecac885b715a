"""What every MANSCDP command is (GB/T 28181-2022 Annex A): a root, a CmdType, an SN and whom it is about.

A command module defines subclasses of `Message` and lists them in its ``READERS``, by root and lower-case
CmdType; `civicam.signalling.gb28181.manscdp` collects those tables. A name that only some firmwares use is
one more row for the same reader: it is read, and the name of the standard is written.

Times in commands are aware: read as UTC, written as Beijing time without a zone
(`civicam.signalling.gb28181.clock`), to the second.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Self

from civicam.signalling.gb28181.manscdp.fields import Root, document, element, lines, read_id, read_sn
from civicam.signalling.gb28181.xml import Element


@dataclass(frozen=True, slots=True)
class Message(ABC):
    """One readable and writable command. ``device_id`` is a `GbId`; in Catalog also a region code."""

    ROOT: ClassVar[Root]
    CMD_TYPE: ClassVar[str]

    sn: int
    device_id: str

    @abstractmethod
    def content(self) -> str:
        """The children after DeviceID, in the order of the standard, each ending in CR LF."""

    def to_xml(self, encoding: str = "GB18030") -> bytes:
        """The body, declared and written in ``encoding``."""
        content = element("DeviceID", self.device_id) + "\r\n" + self.content()
        return document(self.ROOT, self.CMD_TYPE, self.sn, content, encoding)


class PlainQuery(Message):
    """A query that asks by its name alone: CmdType, SN, DeviceID."""

    __slots__ = ()
    ROOT = Root.QUERY

    @classmethod
    def from_xml(cls, root: Element) -> Self:
        """Read; raises `Refused` when SN or DeviceID is wrong."""
        return cls(sn=read_sn(root), device_id=read_id(root))

    def content(self) -> str:
        """Nothing more."""
        return ""


@dataclass(frozen=True, slots=True)
class Response(Message):
    """An answer with content. Any of them may be a refusal instead: ``ok`` False, with no content.

    Result stands in the schema of some answers only; devices put an ERROR, and a ``reason``, into all.
    """

    ROOT = Root.RESPONSE

    ok: bool = field(default=True, kw_only=True)
    reason: str = field(default="", kw_only=True)

    def refusal(self) -> str:
        """Result and Reason, written only when ``ok`` is False: for answers whose schema has neither."""
        return "" if self.ok else lines(("Result", "ERROR"), ("Reason", self.reason))


@dataclass(frozen=True, slots=True)
class UnknownCommand:
    """A readable body whose command this floor does not handle yet."""

    root: Root
    cmd_type: str
    sn: int | None
    device_id: str | None


Command = Message | UnknownCommand
Reader = Callable[[Element], Command]
Readers = Mapping[tuple[Root, str], Reader]
"""By root and lower-case CmdType."""
