"""Makes whole logs from a seed, and breaks them as somebody who owns the database would."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

from civicam.audit import notes
from civicam.audit.export import entry_line, header_line
from civicam.audit.facts import Actor, Entry, Json, Moment, Result, SigningKey, Target
from civicam.audit.keys import SeedSigner
from civicam.audit.model import SALTS_BYTES, stamp
from civicam.audit.tree import Frontier, leaf_hash
from civicam.audit.verifier import Verdict, Verifier
from civicam.kernel.clock import ManualClock

NAMES = ("li", "王", "ó'b", '"q"')


@dataclass
class Forged:
    """A log with what it shows and what its witnesses keep. ``signed`` is the last signed size."""

    keys: list[SigningKey]
    signers: list[SeedSigner]
    log_id: str
    entries: list[dict[str, Any]] = field(default_factory=list)
    checkpoints: list[tuple[int, str]] = field(default_factory=list)
    witness: list[str] = field(default_factory=list)

    @property
    def signed(self) -> int:
        return self.checkpoints[-1][0]

    def signer_at(self, size: int) -> SeedSigner:
        """The key that is in use."""
        return self.signers[max(n for n, key in enumerate(self.keys) if n == 0 or key.from_size < size)]

    def note(self, size: int, at: Any, signer: SeedSigner | None = None) -> str:
        """Sign the first ``size`` of the entries as they stand."""
        edge, by = Frontier(), signer or self.signer_at(size)
        for each in self.entries[:size]:
            edge.append(leaf_hash(each["record"].encode()))
        text = notes.body(self.log_id, size, edge.root(), at)
        key_id = notes.key_id(self.log_id, by.public)
        return notes.signed(text, self.log_id, key_id, by.sign(text.encode()))

    def sign_again(self, at: Any, signer: SeedSigner | None = None) -> None:
        """Every checkpoint of the export anew; the witnesses keep theirs."""
        sizes = [min(size, len(self.entries)) for size, _ in self.checkpoints]
        self.checkpoints = [(size, self.note(size, at, signer)) for size in sizes]

    def lines(self) -> list[str]:
        """The export."""
        found = [header_line(self.keys, len(self.entries))]
        found += [json.dumps(each, ensure_ascii=False) for each in self.entries]
        return found + [json.dumps({"checkpoint": note}, ensure_ascii=False) for _, note in self.checkpoints]

    def verdict(self, *more: Sequence[str], trusted: bytes | None = None) -> Verdict:
        """What the verifier says of the export, the first witness, and ``more`` of them."""
        verifier = Verifier(trusted)
        verifier.export(self.lines())
        for number, witness in enumerate((self.witness, *more)):
            lines = [json.dumps({"checkpoint": note}, ensure_ascii=False) for note in witness]
            verifier.witness(lines, f"witness {number}")
        return verifier.finish()


def made(random: Random, most: int = 60) -> Forged:
    """A clean log: a few processes, sometimes another key, checkpoints, a tail not yet signed."""
    signers = [SeedSigner(random.randbytes(32)) for _ in range(2)]
    clock = ManualClock()
    first = SigningKey(0, base64.b64encode(signers[0].public).decode(), 0, clock.now(), "", "")
    log = Forged([first], signers, notes.log_id(signers[0].public))
    size, boot = random.randint(4, most), random.randbytes(8).hex()
    turn = random.randint(1, size - 3) if random.random() < 0.5 else None
    for seq in range(size):
        clock.advance(random.random())
        if random.random() < 0.05:
            boot = random.randbytes(8).hex()
            clock = ManualClock(clock.now() - timedelta(seconds=random.randint(0, 2)))
        entry = Entry("audit.key", facts=_turned(log, seq, clock)) if seq == turn else _entry(random, seq)
        when = Moment(clock.now(), int(clock.monotonic() * 1e9), boot)
        log.entries.append(json.loads(entry_line(stamp(entry, seq, when, random.randbytes(SALTS_BYTES)))))
        if seq not in (turn, size - 1) and (random.random() < 0.1 or seq == size - 2):
            note = log.note(seq + 1, clock.now())
            log.checkpoints.append((seq + 1, note))
            if random.random() < 0.7 or seq == size - 2:
                log.witness.append(note)
    return log


def _turned(log: Forged, size: int, clock: ManualClock) -> dict[str, Any]:
    old, new = log.signers
    statement = notes.rotation(log.log_id, old.public, new.public, size)
    signature = base64.b64encode(old.sign(statement.encode())).decode()
    public = base64.b64encode(new.public).decode()
    log.keys.append(SigningKey(1, public, size, clock.now(), statement, signature))
    return {"statement": statement, "signed": signature, "size": size}


def _entry(random: Random, seq: int) -> Entry:
    name = random.choice(NAMES)
    actor = Actor(f"u-{name}", name, "operator", "bureau", "192.0.2.7") if random.random() < 0.8 else None
    target = Target("channel", f"c{seq}", f"东门 {seq}") if random.random() < 0.8 else None
    after: Json = {"n": seq} if random.random() < 0.3 else None
    return Entry("view.live", actor, target, random.choice(list(Result)), after=after, facts={"n": seq})


# -- how it is broken; each gives the words one of which must be said

Tamper = Callable[[Forged, Random], set[str]]
PLACES = {"altered", "missing", "inserted", "reordered", "forked", "cut-off"}


def _renumber(log: Forged) -> None:
    """Give every record the place where it stands: an attacker who knows the form."""
    for place, each in enumerate(log.entries):
        record = json.loads(each["record"]) | {"seq": place}
        each["record"] = json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _cover(log: Forged, random: Random) -> None:
    """Hide it: places renumbered, the checkpoints of the export signed anew with the keys there are."""
    if random.random() < 0.5:
        _renumber(log)
    if random.random() < 0.5 and len(log.entries) >= log.signed:
        log.sign_again(ManualClock().now())


def edit(log: Forged, random: Random) -> set[str]:
    """One word of one signed record, or of a personal part."""
    each = log.entries[random.randrange(log.signed)]
    parts = [part for part in each["personal"].values() if part]
    if parts and random.random() < 0.5:
        random.choice(parts)["text"] += " "
        return {"personal"}
    record = json.loads(each["record"])
    record["result"] = next(word for word in ("done", "refused") if word != record["result"])
    each["record"] = json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    _cover(log, random)
    return {"altered", "forked"}


def delete(log: Forged, random: Random) -> set[str]:
    del log.entries[random.randrange(log.signed)]
    _cover(log, random)
    return PLACES


def insert(log: Forged, random: Random) -> set[str]:
    at = random.randrange(log.signed)
    other = random.choice([place for place in range(len(log.entries)) if place != at])
    log.entries.insert(at, dict(log.entries[other]))
    _cover(log, random)
    return PLACES


def swap(log: Forged, random: Random) -> set[str]:
    one, two = random.sample(range(log.signed), 2)
    log.entries[one], log.entries[two] = log.entries[two], log.entries[one]
    _cover(log, random)
    return PLACES


def truncate(log: Forged, random: Random) -> set[str]:
    """The end is gone, below what a witness has; the export may hide its own checkpoints of it."""
    keep = random.randrange(1, log.signed)
    del log.entries[keep:]
    if random.random() < 0.5:
        log.checkpoints = [each for each in log.checkpoints if each[0] <= keep]
    return {"cut-off"}


def roll_back(log: Forged, random: Random) -> set[str]:
    """An old state of the database is put back and goes on otherwise, signed with the key in use."""
    keep, clock = random.randrange(1, log.signed), ManualClock()
    del log.entries[keep:]
    log.checkpoints = [each for each in log.checkpoints if each[0] <= keep]
    known = len(log.keys)
    log.keys[1:] = [key for key in log.keys[1:] if key.from_size < keep]
    for seq in range(keep, keep + random.randint(1, 80)):
        made = stamp(
            _entry(random, seq + 1_000), seq, Moment(clock.now(), seq, "b2"), random.randbytes(SALTS_BYTES)
        )
        log.entries.append(json.loads(entry_line(made)))
    note = log.note(len(log.entries), clock.now())
    log.checkpoints.append((len(log.entries), note))
    if random.random() < 0.5:
        log.witness.append(note)
    strange = {"bad-signature"} if len(log.keys) < known else set()
    return {"cut-off", "rolled-back", "forked", "altered"} | strange


def old_key(log: Forged, random: Random) -> set[str]:
    """Who has found a key that was put away signs what came after it; nobody else has a checkpoint."""
    while len(log.keys) < 2 or log.signed <= log.keys[1].from_size:
        fresh = made(random)
        log.__dict__.update(fresh.__dict__)
    log.witness.clear()
    if random.random() < 0.5:
        del log.keys[1:]
    log.sign_again(ManualClock().now(), log.signers[0])
    return {"retired-key"}


def fork(log: Forged, random: Random) -> set[str]:
    """One witness is shown another history, rightly signed."""
    other = Forged(log.keys, log.signers, log.log_id, [dict(each) for each in log.entries])
    size = random.choice(log.checkpoints)[0]
    place = random.randrange(size)
    record = json.loads(other.entries[place]["record"]) | {"permit": "another"}
    other.entries[place]["record"] = json.dumps(record)
    log.witness[:] = [other.note(size, ManualClock().now())]
    return {"forked"}


TAMPERS: tuple[Tamper, ...] = (edit, delete, insert, swap, truncate, roll_back, old_key, fork)
