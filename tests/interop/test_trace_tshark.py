"""Wireshark loads a trace as we export it, and finds nothing malformed in it."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from civicam.signalling.sip.build import IdSource, Origin, new_request, new_response, next_request
from civicam.signalling.sip.capture import as_text
from civicam.signalling.sip.digest import Challenge, Password, answer, challenge
from civicam.signalling.sip.message import Request, Response
from civicam.signalling.sip.peer import Peer
from civicam.signalling.sip.trace import Trace

pytestmark = pytest.mark.skipif(
    shutil.which("tshark") is None or shutil.which("text2pcap") is None, reason="tshark is not installed"
)

CAMERA = "34020000001320000001"
START = datetime(2026, 3, 2, 1, 2, 3, 250000, tzinfo=UTC)
PEERS = [
    Peer("udp", "192.0.2.64", 5060),
    Peer("tcp", "192.0.2.64", 40001, 1),
    Peer("udp", "2001:db8::64", 5060),
]


def talk(trace: Trace, peer: Peer) -> None:
    """A registration with its challenge, a long catalogue that is cut, a configuration with a password."""
    numbers = iter(range(1, 1000))
    origin = Origin(
        peer.host, peer.port, peer.transport, IdSource(lambda size: next(numbers).to_bytes(size, "big"))
    )
    uri, target = f"sip:{CAMERA}@3402000000", "sip:34020000002000000001@3402000000"
    first = new_request("REGISTER", target, origin, from_uri=uri, to_uri=uri, headers=[("Expires", "3600")])
    question = challenge("3402000000", "a1b2")
    proof = answer(Challenge("3402000000", "a1b2"), Password(CAMERA, "pw"), "REGISTER", target, "c0")
    second = next_request(first, origin, [("Authorization", proof)])
    steps: list[tuple[bool, Request | Response]] = [
        (True, first),
        (False, new_response(first, 401, to_tag="t", headers=[("WWW-Authenticate", question)])),
        (True, second),
        (False, new_response(second, 200, to_tag="t")),
    ]
    for body in ("<Password>pw</Password>", "<Item>东门</Item>" * 900):
        asked = new_request("MESSAGE", target, origin, from_uri=uri, to_uri=target)
        xml = "<?xml version='1.0' encoding='GB18030'?>\r\n<Response><CmdType>Catalog</CmdType>"
        xml += f"{body}</Response>\r\n"
        asked.set_body("Application/MANSCDP+xml", xml.encode("gb18030"))
        steps += [(True, asked), (False, new_response(asked, 200, to_tag="t"))]
    for number, (incoming, message) in enumerate(steps):
        trace.record(incoming, message.to_bytes(), peer, number / 10)


@pytest.mark.parametrize("peer", PEERS, ids=str)
def test_wireshark_reads_our_export(tmp_path: Path, peer: Peer) -> None:
    trace = Trace(lambda _user, _peer: "d1")
    talk(trace, peer)
    here = "2001:db8::10" if ":" in peer.host else "192.0.2.10"
    text = as_text(trace.read("d1"), (here, 5060), lambda at: START + timedelta(seconds=at))
    (tmp_path / "trace.txt").write_text(text, encoding="utf-8")
    command = ["text2pcap", "-l", "101", "-t", "%Y-%m-%dT%H:%M:%S.%f", "trace.txt", "trace.pcap"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=60)
    shown = subprocess.run(
        ["tshark", "-r", "trace.pcap", "-T", "json", "-o", "ip.check_checksum:TRUE",
         "-o", "udp.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE"],
        cwd=tmp_path, check=True, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    frames = [frame["_source"]["layers"] for frame in json.loads(shown.stdout)]
    assert len(frames) == 8
    for frame in frames:
        whole = json.dumps(frame)
        assert "sip" in frame, whole[:2000]
        assert "_ws.malformed" not in whole
        assert '.checksum.status": "0"' not in whole  # 0: bad
        assert "Bad checksum" not in whole
    lines = [frame["sip"].get("sip.Request-Line") or frame["sip"]["sip.Status-Line"] for frame in frames]
    assert [line.split()[0 if line[0] in "RM" else 1] for line in lines] == [
        "REGISTER", "401", "REGISTER", "200", "MESSAGE", "200", "MESSAGE", "200",
    ]  # fmt: skip
    seconds = [float(frame["frame"]["frame.time_relative"]) for frame in frames]
    assert seconds == pytest.approx([number / 10 for number in range(8)])
