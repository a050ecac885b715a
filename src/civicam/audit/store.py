"""The log in SQL, inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, func, insert, select, update

from civicam.audit.facts import Checkpoint, Kept, Part, Result, SigningKey, Stamped, Wanted
from civicam.audit.model import SALT_BYTES
from civicam.audit.tables import checkpoint, entry, key, node, personal
from civicam.audit.tree import leaf_hash

_NO_SALT = bytes(SALT_BYTES)
_ROWS = select(
    *(entry.c[name] for name in ("seq", "at", "action", "result", "record")),
    *(personal.c[name] for name in ("salts", "who", "what", "change", "user_id", "target_id")),
).join_from(entry, personal, entry.c.seq == personal.c.seq, isouter=True)


class AuditStore:
    """Fills `civicam.audit.ports.AuditStore`."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def size(self) -> int:
        """One more than the last place: there are no gaps."""
        last = self._db.execute(select(func.max(entry.c.seq))).scalar()
        return 0 if last is None else int(last) + 1

    def append(self, entries: Sequence[Stamped], nodes: Sequence[tuple[int, int, bytes]]) -> None:
        """See `civicam.audit.ports.AuditStore`."""
        self._db.execute(
            insert(entry),
            [
                {
                    "seq": each.seq,
                    "at": each.at,
                    "action": each.action,
                    "result": each.result.value,
                    "record": each.record.decode(),
                }
                for each in entries
            ],
        )
        self._db.execute(insert(personal), [_personal(each) for each in entries])
        if nodes:
            rows = [{"level": level, "place": place, "hash": found} for level, place, found in nodes]
            self._db.execute(insert(node), rows)

    def run(self, level: int, first: int, count: int) -> Sequence[bytes]:
        """Leaves are hashed from their records: what is proved is what stands there."""
        last = first + count - 1
        if level == 0:
            query = select(entry.c.record).where(entry.c.seq.between(first, last)).order_by(entry.c.seq)
            return [leaf_hash(text.encode()) for text in self._db.execute(query).scalars()]
        above = select(node.c.hash).where(node.c.level == level, node.c.place.between(first, last))
        return [bytes(found) for found in self._db.execute(above.order_by(node.c.place)).scalars()]

    def entries(self, first: int, count: int) -> list[Stamped]:
        """See `civicam.audit.ports.AuditStore`."""
        query = _ROWS.where(entry.c.seq >= first, entry.c.seq < first + count).order_by(entry.c.seq)
        return [_stamped(row) for row in self._db.execute(query)]

    def search(self, wanted: Wanted) -> list[Stamped]:
        """See `civicam.audit.ports.AuditStore`."""
        query = _wanted(_ROWS, wanted).order_by(entry.c.seq.desc()).limit(wanted.limit)
        return [_stamped(row) for row in self._db.execute(query)]

    def erase(self, seq: int, parts: Sequence[Part]) -> bool:
        """The salt goes with the text: what is left in the tree can then be tried against nothing."""
        row = self._db.execute(select(personal).where(personal.c.seq == seq)).one_or_none()
        if row is None:
            return False
        salts = _salts(row.salts)
        gone: dict[str, Any] = {}
        for part in parts:
            if getattr(row, part.value) is not None:
                salts[part], gone[part.value] = _NO_SALT, None
        if not gone:
            return False
        values = {**gone, "salts": b"".join(salts[part] for part in Part)}
        values |= {name: "" for part, name in _SEARCHED.items() if part.value in gone}
        self._db.execute(update(personal).where(personal.c.seq == seq).values(**values))
        return True

    def add_checkpoint(self, added: Checkpoint) -> None:
        """See `civicam.audit.ports.AuditStore`."""
        values = {name: getattr(added, name) for name in ("size", "root", "at", "key_id", "note")}
        self._db.execute(insert(checkpoint).values(**values))

    def checkpoints(self, limit: int | None = None) -> list[Checkpoint]:
        """See `civicam.audit.ports.AuditStore`."""
        query = select(checkpoint).order_by(checkpoint.c.number.desc()).limit(limit)
        found = [
            Checkpoint(row.size, bytes(row.root), row.at, row.key_id, row.note)
            for row in self._db.execute(query)
        ]
        return found[::-1]

    def add_key(self, added: SigningKey) -> None:
        """See `civicam.audit.ports.AuditStore`."""
        names = ("number", "public", "from_size", "at", "statement", "signature")
        self._db.execute(insert(key).values(**{name: getattr(added, name) for name in names}))

    def keys(self) -> list[SigningKey]:
        """See `civicam.audit.ports.AuditStore`."""
        return [
            SigningKey(row.number, row.public, row.from_size, row.at, row.statement, row.signature)
            for row in self._db.execute(select(key).order_by(key.c.number))
        ]


_SEARCHED = {Part.WHO: "user_id", Part.WHAT: "target_id"}
"""The column by which a part is found goes with it."""


def _wanted(query: Select[Any], wanted: Wanted) -> Select[Any]:
    conditions = []
    if wanted.user_id:
        conditions.append(personal.c.user_id == wanted.user_id)
    if wanted.target_id:
        conditions.append(personal.c.target_id == wanted.target_id)
    if wanted.action:
        conditions.append(entry.c.action.startswith(wanted.action, autoescape=True))
    if wanted.result:
        conditions.append(entry.c.result == wanted.result)
    if wanted.begin is not None:
        conditions.append(entry.c.at >= wanted.begin)
    if wanted.end is not None:
        conditions.append(entry.c.at < wanted.end)
    if wanted.before is not None:
        conditions.append(entry.c.seq < wanted.before)
    return query.where(and_(*conditions)) if conditions else query


def _personal(each: Stamped) -> dict[str, Any]:
    found: dict[str, Any] = {"seq": each.seq, "user_id": each.user_id, "target_id": each.target_id}
    salts = []
    for part in Part:
        kept = each.parts.get(part)
        found[part.value] = None if kept is None else kept.text
        salts.append(_NO_SALT if kept is None else kept.salt)
    found["salts"] = b"".join(salts)
    return found


def _salts(salts: bytes) -> dict[Part, bytes]:
    return {
        part: bytes(salts[place * SALT_BYTES : (place + 1) * SALT_BYTES]) for place, part in enumerate(Part)
    }


def _stamped(row: Row[Any]) -> Stamped:
    salts = {} if row.salts is None else _salts(row.salts)
    texts = {part: getattr(row, part.value) for part in salts}
    parts = {part: Kept(salts[part], text) for part, text in texts.items() if text is not None}
    return Stamped(
        row.seq,
        row.at,
        row.action,
        Result(row.result),
        row.record.encode(),
        parts,
        row.user_id or "",
        row.target_id or "",
    )
