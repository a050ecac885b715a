"""The offline verifier: what it says of clean logs and of every way to break one."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.audit.forge import TAMPERS, Forged, Tamper, edit, made

from civicam.audit import verifier as verifying
from civicam.audit.keys import SeedSigner, is_signed
from civicam.audit.verifier import L, Verifier, main

# RFC 8032, section 7.1, tests 1 to 3 and 1024: public key, message, signature.
VECTORS = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
        "387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
        "4a7c15e9716ed28dc027beceea1ec40a",
    ),
]


@pytest.mark.parametrize(("public", "message", "signature"), VECTORS)
def test_the_signatures_of_rfc_8032(public: str, message: str, signature: str) -> None:
    known = (bytes.fromhex(public), bytes.fromhex(message), bytes.fromhex(signature))
    assert verifying.is_signed(*known)
    assert is_signed(*known)
    assert not verifying.is_signed(known[0], known[1] + b"x", known[2])


@given(st.binary(max_size=40), st.integers(0, 511), st.integers(0, 255))
@settings(max_examples=25, deadline=None)
def test_one_bit_more_or_less_is_no_signature(message: bytes, bit: int, key_bit: int) -> None:
    signer = SeedSigner(b"s" * 32)
    signature = signer.sign(message)
    flipped = (int.from_bytes(signature, "big") ^ 1 << bit).to_bytes(64, "big")
    other = (int.from_bytes(signer.public, "big") ^ 1 << key_bit).to_bytes(32, "big")
    assert verifying.is_signed(signer.public, message, signature)
    for public, sign in ((signer.public, flipped), (other, signature)):
        assert verifying.is_signed(public, message, sign) == is_signed(public, message, sign) is False


def test_odd_keys_and_signatures_are_none() -> None:
    """Wrong lengths, points that are none, a number beyond the group's order."""
    signer = SeedSigner(b"s" * 32)
    good = signer.sign(b"m")
    beyond = good[:32] + (int.from_bytes(good[32:], "little") + L).to_bytes(32, "little")
    minus_zero = (1 | 1 << 255).to_bytes(32, "little")
    for public, signature in (
        (signer.public[:31], good),
        (signer.public, good[:63]),
        (signer.public, beyond),
        (b"\xff" * 32, good),
        (minus_zero, good),
        ((2).to_bytes(32, "little"), good),
        (signer.public, b"\xff" * 32 + good[32:]),
    ):
        assert not verifying.is_signed(public, b"m", signature)
    assert not verifying.is_signed((1).to_bytes(32, "little"), b"m", good)


def _clean(count: int, first: int) -> None:
    for seed in range(first, first + count):
        log = made(Random(seed))
        verdict = log.verdict(trusted=log.signers[0].public)
        assert verdict.findings == [], seed
        assert (verdict.entries, verdict.covered) == (len(log.entries), log.signed)


def _tampered(count: int, first: int) -> Counter[str]:
    found: Counter[str] = Counter()
    for seed in range(first, first + count):
        random, log = Random(seed), made(Random(~seed))
        tamper = TAMPERS[seed % len(TAMPERS)]
        expected = tamper(log, random)
        words = {each.word for each in log.verdict().findings}
        assert words & expected, (seed, tamper.__name__, words)
        found[tamper.__name__] += 1
    return found


def test_no_clean_log_is_accused() -> None:
    _clean(12, 0)


def test_every_tampering_is_found() -> None:
    assert len(_tampered(80, 0)) == len(TAMPERS)


@pytest.mark.long
@pytest.mark.timeout(400)
@pytest.mark.parametrize("part", range(10))
def test_ten_thousand_tamperings_and_a_thousand_clean_logs(
    part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the fast signatures, which say the same as the slow ones (see above)."""
    monkeypatch.setattr(verifying, "is_signed", is_signed)
    found = _tampered(1_000, 1_000_000 + part * 1_000)
    assert found.total() == 1_000
    _clean(100, 2_000_000 + part * 100)


@pytest.mark.parametrize("tamper", TAMPERS, ids=lambda each: each.__name__)
def test_each_kind_says_where(tamper: Tamper) -> None:
    random, log = Random(5), made(Random(5))
    tamper(log, random)
    assert all(each.where and each.text for each in log.verdict().findings)


def test_the_place_of_an_edit_is_between_two_checkpoints() -> None:
    """Somebody who edits and forgets the checkpoints: what was signed before and after frames it."""
    log = next(each for each in (made(Random(n)) for n in range(99)) if len(each.checkpoints) > 3)
    low, high = log.checkpoints[0][0], log.checkpoints[1][0]
    log.entries[low]["record"] = log.entries[low]["record"].replace('"v":1', '"v": 1')
    said = log.verdict().findings
    assert [(each.word, each.where) for each in said] == [("altered", f"entries {low} to {high - 1}")]


def test_an_entry_twice_is_said_to_be_inserted() -> None:
    log = made(Random(3))
    log.entries.insert(4, log.entries[3])
    place = json.loads(log.entries[3]["record"])["seq"]
    assert ("inserted", f"entry {place}") in [(each.word, each.where) for each in log.verdict().findings]


def test_a_witness_who_saw_the_log_shrink_says_so() -> None:
    log = next(each for each in (made(Random(n)) for n in range(99)) if len(each.checkpoints) > 1)
    (_, first), (_, second) = log.checkpoints[:2]
    log.witness[:] = [second, first]
    assert [each.word for each in log.verdict().findings] == ["rolled-back"]


def test_what_was_erased_is_no_finding() -> None:
    log = made(Random(3))
    for each in log.entries:
        each["personal"]["who"] = None
    verdict = log.verdict()
    assert verdict.findings == []
    assert verdict.erased > 0


def _broken(log: Forged, lines: list[Any], witness: list[str]) -> list[tuple[str, str]]:
    verifier = Verifier()
    verifier.export(lines)
    verifier.witness(witness, "w")
    return [(each.word, each.where) for each in verifier.finish().findings]


def test_lines_that_are_none_are_named() -> None:
    log = made(Random(8))
    lines = log.lines()
    assert _broken(log, lines[1:2], []) == [("unreadable", "export")]
    assert _broken(log, [*lines, "{", "7", '{"a": 1}', lines[0], " "], ["{}", "[]", ""]) == [
        *(("unreadable", f"export, line {len(lines) + n}") for n in (1, 2, 3, 4)),
        *(("unreadable", f"w, line {n}") for n in (1, 2)),
    ]
    assert ("unreadable", "checkpoints") in _broken(log, lines[: len(log.entries) + 1], [])


@pytest.mark.parametrize(
    "change",
    [
        lambda note: note.replace("time ", "clock "),
        lambda note: note.replace("civicam.audit/", "civicam.audit/0"),
        lambda note: note[:-8] + "AAAA" + note[-4:],
        lambda note: note.replace("\n\n", "\n"),
    ],
)
def test_a_note_that_was_touched_counts_for_nothing(change: Any) -> None:
    log = made(Random(8))
    log.witness = [change(log.witness[-1])]
    assert {each.word for each in log.verdict().findings} <= {"bad-signature", "unreadable"}
    assert log.verdict().findings


def _with_two_keys() -> Forged:
    return next(each for each in (made(Random(n)) for n in range(99)) if len(each.keys) == 2)


def test_a_key_nobody_handed_on_is_not_trusted() -> None:
    log = _with_two_keys()
    other = SeedSigner(os.urandom(32))
    assert ("bad-signature", "header") in [
        (each.word, each.where) for each in log.verdict(trusted=other.public).findings
    ]
    header = json.loads(log.lines()[0])
    key = header["keys"][1]
    for changed, word in (
        ({"signature": base64.b64encode(bytes(64)).decode()}, "bad-signature"),
        ({"statement": key["statement"].replace(log.log_id, "x")}, "bad-signature"),
        ({"statement": "nothing"}, "bad-signature"),
        ({"signature": "?"}, "unreadable"),
    ):
        header["keys"][1] = key | changed
        assert (word, "keys") in _broken(log, [json.dumps(header)], [])


def test_the_single_file_runs_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As an auditor starts it: the file, the export, what a witness has; no civicam, no packages."""
    log = _with_two_keys()
    export, witness = tmp_path / "export.jsonl", tmp_path / "witness.jsonl"
    witness.write_text("".join(json.dumps({"checkpoint": note}) + "\n" for note in log.witness))
    program = tmp_path / "audit_verify.py"
    program.write_bytes((Path(__file__).parents[2] / "tools" / "audit_verify.py").read_bytes())
    key = base64.b64encode(log.signers[0].public).decode()
    for broken in (False, True):
        if broken:
            edit(log, Random(1))
        export.write_text("\n".join(log.lines()), encoding="utf-8")
        words = [str(export), str(witness), "--key", key]
        told = subprocess.run(
            [sys.executable, "-I", "-S", program, *words], capture_output=True, text=True, check=False
        )
        assert told.returncode == int(broken), told.stdout + told.stderr
        assert main(words) == int(broken)
        assert capsys.readouterr().out == told.stdout
        assert told.stdout.splitlines()[-1].startswith("NOT WHOLE" if broken else "WHOLE")
    assert main([]) == 2
