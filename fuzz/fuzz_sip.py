"""Atheris targets for SIP: ``endpoint``, ``fields`` for what the layers above parse of a field, and ``lane``.

Any bytes, on UDP and cut anywhere on TCP, must leave it sound: no exception; no answer on UDP above twice the
bytes that came; every timer rings out and leaves nothing behind. The quick, seeded form runs in pytest
(tests/signalling/sip/test_parse.py).
"""

from __future__ import annotations

import contextlib
import itertools

from harness import Target, instrumented, main
from seeds import usual_heartbeat

with instrumented("civicam.signalling.sip"):
    from civicam.kernel.errors import Refused
    from civicam.signalling.gb28181 import manscdp
    from civicam.signalling.gb28181.manscdp import keepalive
    from civicam.signalling.sip import digest, headers, uri
    from civicam.signalling.sip.answers import MAX_GAIN
    from civicam.signalling.sip.build import IdSource, new_response
    from civicam.signalling.sip.endpoint import SipEndpoint
    from civicam.signalling.sip.events import RequestReceived
    from civicam.signalling.sip.peer import Peer
    from civicam.signalling.sip.policy import XML_TYPES
    from civicam.signalling.sip.shapes import Shapes

UDP = Peer("udp", "192.0.2.64", 5060)
TCP = Peer("tcp", "192.0.2.64", 40001, 1)


def fuzz_endpoint(data: bytes) -> None:
    """One input; the first byte says how TCP cuts the rest."""
    numbers = itertools.count(1)
    endpoint = SipEndpoint(IdSource(lambda size: next(numbers).to_bytes(size, "big")), secret=b"fuzz")
    step, data = (data[0] % 64 + 1, data[1:]) if data else (1, data)
    endpoint.receive_datagram(data, UDP, 0.0)
    spent = sum(len(answer) for answer, _ in endpoint.datagrams_to_send(0.0))
    if spent > MAX_GAIN * len(data):
        raise AssertionError(f"{len(data)} bytes were answered with {spent}")
    endpoint.connection_made(TCP, 0.0)
    for at in range(0, len(data), step):
        endpoint.receive_stream(data[at : at + step], TCP, 0.0)
    while (event := endpoint.next_event()) is not None:
        if isinstance(event, RequestReceived):
            read_all(event)
            endpoint.respond(event.key, new_response(event.request, 200), 0.0)
    while (due := endpoint.get_timer()) is not None:
        endpoint.handle_timer(due)
    if endpoint.transactions:
        raise AssertionError("a transaction outlived its timers")


def read_all(event: RequestReceived) -> None:
    """What every layer above reads without asking: it was checked before."""
    request = event.request
    _ = request.call_id, request.cseq, request.from_, request.to, request.content_type, request.vias[0]


def fuzz_fields(data: bytes) -> None:
    """Addresses, Vias, CSeqs, URIs and credentials; what was read is written and reads the same."""
    text = data.decode("utf-8", "surrogateescape")
    with contextlib.suppress(Refused):
        digest.parse_authorization(text)
    for read in (headers.NameAddr.parse, headers.Via.parse, headers.CSeq.parse, uri.parse_uri):
        try:
            value = read(text)
        except Refused:
            continue
        again = read(str(value))
        if str(again) != str(value):
            raise AssertionError(f"{value!r} reads otherwise: {again!r}")


def _taught(lane: bool) -> SipEndpoint:
    """An endpoint that knows the order of the usual heartbeat, with a lane for it or without."""
    numbers = itertools.count(1)
    made = SipEndpoint(IdSource(lambda size: next(numbers).to_bytes(size, "big")), secret=b"fuzz")
    made.spared.known = lambda _peer: True
    if lane:
        shapes = Shapes("MESSAGE", keepalive.USUAL, types=XML_TYPES)
        assert shapes.learn(usual_heartbeat().decode())
        made.lane.open(b"M", shapes, lambda _who, _to, _address, _now: ("SIP/2.0 200 OK", "", UDP, True))
    return made


def fuzz_lane(data: bytes) -> None:
    """What goes the short way is answered as on the whole way, and says what a heartbeat says."""
    endpoint = _taught(lane=True)
    answer = endpoint.at_once(data, (UDP.host, UDP.port), 0.0)
    if answer is None:
        return
    whole = _taught(lane=False)
    whole.receive_datagram(data, UDP, 0.0)
    event = whole.next_event()
    if not isinstance(event, RequestReceived) or not whole.reply(event, 200, (), 0.0):
        raise AssertionError("the whole way asks nobody")
    if [answer] != [each for each, _ in whole.datagrams_to_send(0.0)]:
        raise AssertionError("the answers differ")
    beat = manscdp.parse_message(event.request.body)
    if not isinstance(beat, manscdp.Keepalive) or beat.faulty:
        raise AssertionError(f"{beat} is no heartbeat of the lane")


TARGETS: dict[str, Target] = {"endpoint": fuzz_endpoint, "fields": fuzz_fields, "lane": fuzz_lane}

if __name__ == "__main__":
    main(TARGETS)
