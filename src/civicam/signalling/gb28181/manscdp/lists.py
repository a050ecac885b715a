"""Lists in answers, and answers in parts (多响应消息传输, GB/T 28181-2022 Annex M).

``SumNum`` is the total over all parts with one SN, ``Num`` of the list the items of this part. One bad item
never costs the others: it is counted. A list without SumNum (2016 presets) is all there is; an answer with
neither says nothing about the total.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from civicam.kernel.errors import Refused
from civicam.signalling.gb28181.manscdp.fields import bad_field, read_int
from civicam.signalling.gb28181.xml import Element, local_name, text_of

MAX_ITEMS = 10_000
"""Annex M: at most 10 000 records in one message."""
MAX_SUM = 1_000_000

T = TypeVar("T")


def read_items(
    listing: Element | None, name: str, read: Callable[[Element], T], limit: int = MAX_ITEMS
) -> tuple[tuple[T, ...], int]:
    """The children called ``name`` (or ``Item``), and how many could not be read.

    Raises ``signalling.bad-field`` when there are more than ``limit``.
    """
    items: list[T] = []
    rejected = 0
    for each in () if listing is None else listing:
        if local_name(each).lower() not in {"item", name.lower()}:
            continue
        if len(items) + rejected >= limit:
            raise bad_field(name, f"more than {limit}")
        if not len(each) and not each.attrib:
            rejected += 1  # nothing in it: not worth a dozen look-ups
            continue
        try:
            items.append(read(each))
        except Refused:
            rejected += 1
    return tuple(items), rejected


def read_sum(root: Element, listing: Element | None, count: int) -> int | None:
    """SumNum; without one the ``count`` of a list that is there, else None: the total is not known.

    Raises ``signalling.bad-field`` for a wild one.
    """
    total = read_int(root, "SumNum", 0, MAX_SUM)
    if total is not None:
        return total
    if text_of(root, "SumNum"):
        raise bad_field("SumNum", text_of(root, "SumNum"))
    return None if listing is None else count


def write_list(name: str, items: Sequence[str]) -> str:
    """``<name Num="…">`` around items already written, one a line."""
    return f'<{name} Num="{len(items)}">\r\n' + "".join(f"{each}\r\n" for each in items) + f"</{name}>\r\n"


def pages(items: tuple[T, ...], size: int) -> list[tuple[T, ...]]:
    """``items`` cut into parts of at most ``size``; one empty part when there are none."""
    return [items[start : start + size] for start in range(0, len(items), size)] or [()]
