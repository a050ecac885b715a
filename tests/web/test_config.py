"""Settings: the order of sources, and that a typing mistake never silently means the default."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from civicam.config import load
from civicam.kernel.errors import Refused


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings of this machine."""
    for name in list(os.environ):
        if name.startswith("CIVICAM_") and not name.startswith("CIVICAM_TEST_"):
            monkeypatch.delenv(name)


def test_the_first_source_that_says_something_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "civicam.toml").write_text("[web]\nport = 1001\nhost = '192.0.2.1'\n[fleet]\nmisses = 5\n")
    monkeypatch.setenv("CIVICAM_WEB__PORT", "1002")
    monkeypatch.setenv("CIVICAM_DB__GROUP", "7")
    found = load(data=tmp_path)
    assert (found.web.port, found.web.host, found.fleet.misses, found.db.group) == (1002, "192.0.2.1", 5, 7)
    assert load(data=tmp_path, override={"web": {"port": 1003}}).web.port == 1003
    assert found.database_url() == f"sqlite:///{tmp_path}/civicam.db"
    assert found.key_file() == tmp_path / "civicam.key"


@pytest.mark.parametrize(
    ("text", "code", "key"),
    [
        ("[web]\nprot = 1", "config.unknown-key", "web.prot"),
        ("[webb]\nport = 1", "config.unknown-key", "webb"),
        ("[web]\nport = 99999", "config.invalid", "web.port"),
        ("[web]\nport = 'x'", "config.invalid", "web.port"),
        ("[web", "config.not-toml", ""),
    ],
)
def test_a_mistake_in_the_file_is_named(tmp_path: Path, text: str, code: str, key: str) -> None:
    (tmp_path / "civicam.toml").write_text(text)
    with pytest.raises(Refused) as refused:
        load(data=tmp_path)
    assert refused.value.code == code
    assert refused.value.data.get("key", "") == key
    assert str(tmp_path / "civicam.toml") in str(refused.value.data["file"])


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("CIVICAM_WBE__PORT", "1", "config.unknown-key"),
        ("CIVICAM_WEB__PROT", "1", "config.unknown-key"),
        ("CIVICAM_WEB__PORT", "many", "config.invalid"),
    ],
)
def test_a_mistake_in_the_environment_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, code: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(Refused) as refused:
        load(data=tmp_path)
    assert refused.value.code == code


def test_a_file_that_was_asked_for_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"config\.unreadable"):
        load(data=tmp_path, file=tmp_path / "none.toml")


def test_a_secret_does_not_stand_in_the_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIVICAM_WEB__METRICS_TOKEN", "hunter2")
    found = load(data=tmp_path)
    assert "hunter2" not in repr(found)
    assert found.web.metrics_token.get_secret_value() == "hunter2"
