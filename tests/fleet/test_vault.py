"""Secrets at rest: sealed with a key nobody else can read."""

from __future__ import annotations

from pathlib import Path

import pytest

from civicam.fleet.vault import KeyFileVault
from civicam.kernel.errors import Operational


def test_what_is_sealed_is_opened_with_the_same_key_only(tmp_path: Path) -> None:
    sealed = KeyFileVault(tmp_path / "a" / "key").seal("口令")
    assert "口令".encode() not in sealed
    assert KeyFileVault(tmp_path / "a" / "key").open(sealed) == "口令"
    with pytest.raises(Operational, match=r"fleet\.wrong-key"):
        KeyFileVault(tmp_path / "b" / "key").open(sealed)


def test_the_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    KeyFileVault(tmp_path / "key")
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600


def test_a_spoilt_key_is_named_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("not a key")
    with pytest.raises(Operational, match=r"fleet\.key-unreadable"):
        KeyFileVault(tmp_path / "key")
    assert (tmp_path / "key").read_text() == "not a key"
