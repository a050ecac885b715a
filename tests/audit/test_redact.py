"""No secret reaches a record: every shape in which the API, the wire and the tables know one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicam.audit.facts import Entry, Json, Moment, Part, Target
from civicam.audit.model import SALTS_BYTES, stamp
from civicam.audit.redact import GONE, is_secret, redact
from civicam.kernel.clock import ManualClock

CANARY = "Zq7canary9Xv2secret4Lm"
SHAPES: list[Any] = [
    {"name": "li", "password": CANARY},
    {"token": CANARY},
    {"ticket": CANARY, "session_id": CANARY},
    {"secrets": {"community": CANARY, "user": "snmp", "auth_key": CANARY, "priv_key": CANARY}},
    {"secrets": [CANARY]},
    {"community": CANARY},
    {"secret": CANARY, "gb_id": "34020000001320000001"},
    {"devices": [{"gb_id": "1", "secret": CANARY}, {"gb_id": "2", "secret": CANARY}]},
    {"headers": {"Authorization": f"Bearer {CANARY}", "Cookie": f"civicam_session={CANARY}"}},
    {"headers": {"Proxy-Authorization": f"Basic {CANARY}"}},
    f"Authorization: Bearer {CANARY}",
    f'Authorization: Digest username="34", realm="3402", nonce="n", response="{CANARY}"',
    f'Digest username="34020000001320000001", response="{CANARY}"',
    f"Basic {CANARY}==",
    f"Cookie: civicam_session={CANARY}",
    f"rtsp://admin:{CANARY}@192.0.2.1/stream1",
    f"http://console.example/welcome#token={CANARY}",
    f"ws://console.example:8081/live?ticket={CANARY}&x=1",
    f"/upload/{CANARY}/1.jpg",
    f"password={CANARY}",
    f'{{"password": "{CANARY}"}}',
    f"snmp community: {CANARY}",
    {"SIP-Secret": CANARY, "passphrase": CANARY, "api-key": CANARY, "ha1": CANARY},
    {"ticket": {"value": CANARY}},
]


@pytest.mark.parametrize("value", SHAPES, ids=[str(number) for number in range(len(SHAPES))])
def test_no_known_shape_of_a_secret_is_kept(value: Any) -> None:
    assert CANARY not in str(redact(value))
    said = value if isinstance(value, str) else ""
    about = Entry(
        "x", None, Target("t", "1", said), before=value, after=[value], note=said, facts={"x": value}
    )
    made = stamp(about, 0, Moment(ManualClock().now(), 0, "b"), bytes(SALTS_BYTES))
    kept = made.record.decode() + "".join(part.text for part in made.parts.values())
    assert CANARY not in kept
    assert Part.CHANGE in made.parts


def test_what_is_no_secret_stays() -> None:
    value: Json = {
        "name": "东门",
        "port": 161,
        "on": True,
        "list": ["a", None],
        "password": "",
        "token": None,
    }
    assert redact(value) == value
    mixed: Json = {"has_password": True, "password": "x"}
    assert redact(mixed) == {"has_password": True, "password": GONE}


@pytest.mark.parametrize("name", ["reason", "ground", "purpose", "keyframe", "author", "private", "node_id"])
def test_ordinary_names_are_no_secrets(name: str) -> None:
    assert not is_secret(name)


@given(st.text(alphabet="abcdefXYZ0123456789", min_size=12, max_size=40))
def test_any_password_in_an_address_goes(secret: str) -> None:
    assert secret not in str(redact(f"rtsp://u:{secret}@h/s"))
