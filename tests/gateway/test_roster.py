"""Where devices are reached, and who may speak for them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from civicam.fleet.facts import DeviceId, DeviceRecord, Presence
from civicam.gateway.roster import Roster, source_text, stored_source
from civicam.signalling.sip.peer import Peer

RECORD = DeviceRecord(
    DeviceId("d1"), "34020000001320000001", "gb28181", "camera", "n", True, 60, 3, Presence.UNKNOWN
)


@pytest.mark.parametrize(
    ("source", "transport", "host", "peer"),
    [
        ("10.0.0.9:5060", "udp", "10.0.0.9", Peer("udp", "10.0.0.9", 5060)),
        ("10.0.0.9:40000", "tcp", "10.0.0.9", None),
        ("[2001:db8::9]:5060", "udp", "2001:db8::9", Peer("udp", "2001:db8::9", 5060)),
        ("", "udp", "", None),
        ("nonsense", "udp", "", None),
        ("10.0.0.9:x", "udp", "", None),
    ],
)
def test_stored_source(source: str, transport: str, host: str, peer: Peer | None) -> None:
    assert stored_source(replace(RECORD, source=source, transport=transport)) == (host, peer)


def test_source_is_written_as_it_is_read() -> None:
    for peer in (Peer("udp", "10.0.0.9", 5060), Peer("udp", "2001:db8::9", 5060)):
        assert stored_source(replace(RECORD, source=source_text(peer))) == (peer.host, peer)


def test_only_the_host_that_registered_is_trusted() -> None:
    entry = Roster().put(replace(RECORD, source="10.0.0.9:5060"))
    assert entry.trusts(Peer("udp", "10.0.0.9", 61000))
    assert not entry.trusts(Peer("udp", "10.0.0.8", 5060))
    assert not Roster().put(RECORD).trusts(Peer("udp", "", 5060))


def test_changed_record_keeps_the_address_and_moves_the_id() -> None:
    roster = Roster()
    entry = roster.put(RECORD)
    roster.moved(entry, Peer("udp", "10.0.0.9", 5060))
    changed = replace(RECORD, gb_id="34020000001320000002")
    assert roster.put(changed) is entry
    assert roster.by_gb_id(RECORD.gb_id) is None
    assert roster.by_gb_id(changed.gb_id) is entry
    assert roster.by_device(RECORD.device_id) is entry
    assert entry.peer is not None
    roster.drop(RECORD.device_id)
    roster.drop(RECORD.device_id)
    assert len(roster) == 0


def test_lost_connection_takes_the_address_of_all_that_lived_on_it() -> None:
    roster = Roster()
    connection = Peer("tcp", "10.0.0.9", 40000, 7)
    one = roster.put(RECORD)
    two = roster.put(replace(RECORD, device_id=DeviceId("d2"), gb_id="34020000001320000002"))
    roster.moved(one, connection)
    assert roster.by_peer(connection) is one
    roster.moved(two, connection)
    assert roster.by_peer(connection) is None
    assert roster.connection_lost(connection) == [one, two]
    assert (one.peer, two.peer) == (None, None)
    assert roster.connection_lost(connection) == []


def test_a_device_on_udp_may_have_a_connection_too() -> None:
    """Large requests take it; when it breaks, the device is where it was."""
    roster = Roster()
    udp, connection = Peer("udp", "10.0.0.9", 5060), Peer("tcp", "10.0.0.9", 40000, 7)
    entry = roster.put(replace(RECORD, source="10.0.0.9:5060"))
    assert roster.stream_to(udp) is None
    roster.heard(entry, udp)
    roster.heard(entry, connection)
    assert (entry.peer, roster.stream_to(udp), roster.by_peer(connection)) == (udp, connection, entry)
    newer = Peer("tcp", "10.0.0.9", 40001, 8)
    roster.heard(entry, newer)
    assert (roster.stream_to(udp), roster.by_peer(connection)) == (newer, None)
    assert roster.connection_lost(newer) == []
    assert (entry.peer, roster.stream_to(udp)) == (udp, None)
    roster.moved(entry, connection)
    roster.moved(entry, udp)
    assert roster.stream_to(udp) == connection
    roster.moved(entry, None)
    assert (roster.by_peer(udp), roster.by_peer(connection), roster.stream_to(udp)) == (None, None, None)


def test_looking_for_a_peer_does_not_search_the_city() -> None:
    """Found, shared, lost: the same in a city of thousands, each on its own connection."""
    roster = Roster()
    entries = [
        roster.put(replace(RECORD, device_id=DeviceId(f"d{number}"), gb_id=f"34020000001320{number:06d}"))
        for number in range(3000)
    ]
    for number, entry in enumerate(entries):
        roster.moved(entry, Peer("tcp", "10.0.0.9", 1000 + number, number + 1))
    for number, entry in enumerate(entries):
        peer = Peer("tcp", "10.0.0.9", 1000 + number, number + 1)
        assert roster.by_peer(peer) is entry
        assert roster.connection_lost(peer) == [entry]
        assert roster.by_peer(peer) is None
    assert not roster._by_peer
