"""Requests in the order in which one make writes its fields, read whole by one expression.

`civicam.signalling.sip.plain` reads fields in any order and pays for it line by line. A city has thousands of
devices of a few dozen makes, and each make writes its fields in one order, every minute. So the orders met
are kept, each as an expression of the same fields as there with nothing left to choose, the body included.

What a shape reads, `read_plain` reads too and finds the same in it; the tests hold it to that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from civicam.signalling.sip.plain import FIELDS, NEEDED, URI

MOST_BYTES = 1_400
"""Nothing longer is common."""

_CAPTURED = re.compile(r"\(\?P<(?!from_user|to_user)\w+>")
_SENT_BY, _BEFORE, _BRANCH, _AFTER = (
    r"SIP/2\.0/UDP [A-Za-z0-9.\-]++(?::(?:[1-5][0-9]{4}|[1-9][0-9]{0,3}))?+",
    ";rport",
    r";branch=z9hG4bK[A-Za-z0-9.\-_]++",
    ";rport",
)
_VIAS = (
    f"(?P<via>{_SENT_BY}){_BEFORE}(?P<rest>{_BRANCH})",
    f"(?P<via>{_SENT_BY}{_BRANCH})(?P<rest>){_AFTER}",
)
"""``rport`` before the branch, and after it: what comes before its value, and after it."""
_GROUPS = ("via", "rest", "from", "from_user", "to", "to_user", "call_id", "cseq", "length")
_PLACES = {"From": "from", "To": "to", "Call-ID": "call_id", "CSeq": "cseq", "Content-Length": "length"}


Short = tuple[str, ...]
"""What an answer needs of a request, and who says it to whom, in the order of ``_GROUPS``: Via before and
after the value of ``rport``; From and its user part; To and its user part; Call-ID; CSeq; Content-Length.
"""


class _Shape(NamedTuple):
    match: Callable[[str], re.Match[str] | None]
    pick: Callable[[Sequence[Any]], tuple[str, ...]]
    end: int
    """Which group stands, empty, where the head ends."""


class Shapes:
    """The orders of one method. ``body`` is the expression of what follows the head; requests with a field of
    ``without`` are none of them, nor those whose Content-Type is not in ``types`` (lower case), if given.
    ``most`` orders are kept: who would fill the memory with them gets nowhere.
    """

    def __init__(
        self,
        method: str,
        body: str = "",
        *,
        types: Sequence[str] = (),
        without: Sequence[str] = (),
        most: int = 8,
    ) -> None:
        self._method = method
        self._body = body
        self._types = "|".join(map(re.escape, types))
        self._fields = {name: self._field(name) for name in FIELDS if name not in without}
        self._without = [f"\r\n{name}: " for name in without]
        self._most = most
        self._known: list[_Shape] = []

    def __len__(self) -> int:
        return len(self._known)

    def read(self, text: str) -> Short | None:
        """A datagram of a known order; ``None``: read it otherwise."""
        known = self._known
        for field in self._without:  # what has it begins like the others, and would be read in vain
            if field in text:
                return None
        for place, shape in enumerate(known):
            found = shape.match(text)
            if found is None:
                continue
            if place:  # the more common one comes first in the end
                known[place - 1], known[place] = shape, known[place - 1]
            short = shape.pick(found.groups())
            return short if int(short[-1]) == len(text) - found.end(shape.end) - 4 else None
        return None

    def learn(self, text: str) -> bool:
        """Take the order of a request that `read_plain` has read; False when it is none of these."""
        shape = self._shape(text)
        if shape is None or shape.match(text) is None:
            return False
        self._known.insert(0, shape)
        del self._known[self._most :]
        return True

    def _shape(self, text: str) -> _Shape | None:
        lines = text.partition("\r\n\r\n")[0].split("\r\n")
        names = [line.partition(": ")[0] for line in lines[1:]]
        if len(set(names)) != len(names) or not set(NEEDED) <= set(names) <= self._fields.keys():
            return None
        via = _VIAS[";rport;branch=" not in lines[names.index("Via") + 1]]
        fields = "".join(rf"\r\n{name}: {via if name == 'Via' else self._fields[name]}" for name in names)
        whole = re.compile(rf"{self._method} {URI} SIP/2\.0{fields}(?P<end>)\r\n\r\n{self._body}")
        places = [whole.groupindex[group] - 1 for group in _GROUPS]
        return _Shape(whole.fullmatch, itemgetter(*places), whole.groupindex["end"])

    def _field(self, name: str) -> str:
        """The expression of a field's value, what an answer needs of it captured."""
        if name == "Content-Type" and self._types:
            return f"(?i:{self._types})"
        value = _CAPTURED.sub("(?:", FIELDS[name]).replace("MESSAGE|REGISTER", self._method)
        group = _PLACES.get(name)
        return value if group is None else f"(?P<{group}>{value})"
