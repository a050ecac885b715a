"""Composed requests, and the dialogs of both sides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from civicam.signalling.sip.build import Origin, new_request, new_response, next_request
from civicam.signalling.sip.dialog import Dialog
from civicam.signalling.sip.message import has_tag

if TYPE_CHECKING:
    from tests.signalling.sip.conftest import Wire

PLATFORM = "sip:34020000002000000001@3402000000"
CAMERA = "sip:34020000001310000001@3402000000"


def test_a_command_has_no_to_tag_and_no_contact(wire: Wire) -> None:
    """Hik answers 481 to a MESSAGE with a To tag (gb28181.md §2.11)."""
    request = new_request("MESSAGE", CAMERA, wire.origin(), from_uri=PLATFORM, to_uri=CAMERA)
    assert request.to.tag is None
    assert request.from_.tag
    assert request.contact is None
    assert request.vias[0].branch.startswith("z9hG4bK")
    assert request.vias[0].param("rport") == ""
    assert str(request.cseq) == "1 MESSAGE"


def test_an_invite_says_where_we_are_and_what_we_know(wire: Wire) -> None:
    """Contact and Allow; own fields replace ours."""
    origin = Origin("2001:db8::1", 5060, "tcp", wire.ids, "civicam")
    request = new_request(
        "INVITE",
        CAMERA,
        origin,
        from_uri=PLATFORM,
        to_uri=CAMERA,
        headers=[("Call-ID", "kept"), ("Subject", "s")],
    )
    assert str(request.contact) == "<sip:34020000002000000001@[2001:db8::1]:5060>"
    assert request.headers.get("User-Agent") == "civicam"
    assert "MESSAGE" in (request.headers.get("Allow") or "")
    assert (request.call_id, request.headers.get("Subject")) == ("kept", "s")
    assert request.vias[0].transport == "TCP"


def test_the_authorised_register_is_the_next_request(wire: Wire) -> None:
    """Same Call-ID and From tag, CSeq + 1, new branch (gb28181.md §2.4)."""
    first = new_request("REGISTER", PLATFORM, wire.origin(), from_uri=CAMERA, to_uri=CAMERA)
    second = next_request(first, wire.origin(), [("Authorization", "Digest …")])
    assert (second.call_id, second.from_) == (first.call_id, first.from_)
    assert (first.cseq.number, second.cseq.number) == (1, 2)
    assert second.vias[0].branch != first.vias[0].branch
    assert second.headers.get("Authorization") == "Digest …"
    assert "Authorization" not in first.headers


def test_both_sides_of_a_call_speak_of_the_same_dialog(wire: Wire) -> None:
    """Tags crossed, targets from Contact, CSeq counted on each side by itself."""
    invite = new_request("INVITE", CAMERA, wire.origin(), from_uri=PLATFORM, to_uri=CAMERA)
    contact = [("Contact", "<sip:34020000001180000001@192.0.2.64:5060>")]
    accepted = new_response(invite, 200, to_tag="dv55", headers=contact)
    device_origin = Origin("192.0.2.64", 5060, "udp", wire.ids, "SimNVR/1.0")
    ours, theirs = (
        Dialog.from_uac(invite, accepted, wire.origin()),
        Dialog.from_uas(invite, accepted, device_origin),
    )
    assert ours.id == (theirs.call_id, theirs.remote_tag, theirs.local_tag)
    ack, bye = ours.ack(), ours.request("BYE")
    assert ack.uri == bye.uri == "sip:34020000001180000001@192.0.2.64:5060"
    assert (str(ack.cseq), str(bye.cseq)) == ("1 ACK", "2 BYE")
    assert ack.vias[0].branch != invite.vias[0].branch
    assert theirs.matches(bye)
    notice = theirs.request("MESSAGE", body=b"<a/>", content_type="text/xml", headers=[("X", "y")])
    assert ours.matches(notice)
    assert notice.uri == "sip:34020000002000000001@192.0.2.10:5060"
    assert (notice.body, notice.content_type, notice.headers.get("X")) == (b"<a/>", "text/xml", "y")
    assert notice.headers.get("User-Agent") == "SimNVR/1.0"
    notice.headers.set("To", f"<{PLATFORM}>;tag=other")
    assert not ours.matches(notice)
    assert not ours.matches(new_request("BYE", CAMERA, wire.origin(), from_uri=PLATFORM, to_uri=CAMERA))


def test_a_peer_without_contact_or_tag_is_borne(wire: Wire) -> None:
    """The INVITE's own addresses stand in."""
    invite = new_request("INVITE", CAMERA, wire.origin(), from_uri=PLATFORM, to_uri=CAMERA)
    invite.headers.remove("Contact")
    accepted = new_response(invite, 200)
    assert Dialog.from_uac(invite, accepted, wire.origin()).target == CAMERA
    theirs = Dialog.from_uas(invite, accepted, wire.origin())
    assert theirs.target == PLATFORM
    assert theirs.local_tag == ""
    unreadable = new_response(invite, 200, headers=[("Contact", "<nothing>")])
    assert Dialog.from_uac(invite, unreadable, wire.origin()).target == CAMERA
    copied = new_response(invite, 200, headers=[("Contact", wire.origin().contact("34020000002000000001"))])
    assert Dialog.from_uac(invite, copied, wire.origin()).target == CAMERA


@pytest.mark.parametrize(
    ("value", "tagged"),
    [
        ("<sip:a@b>;tag=1", True),
        ("<sip:a@b;tag=1>", False),
        ("sip:a@b;tag=1", True),
        ("<sip:a@b> ; TAG = 1", True),
        ("<sip:vintage@b>", False),
        ("<sip:a@b>;x=tag", False),
    ],
)
def test_a_tag_is_a_parameter_of_the_field(value: str, tagged: bool) -> None:
    """Not of the URI, not part of a name."""
    assert has_tag(value) is tagged


def test_tags_the_wrong_way_round_are_still_this_dialog(wire: Wire) -> None:
    """A program that repeats our From and To in its own BYE; another call's tags are another call's."""
    invite = new_request("INVITE", CAMERA, wire.origin(), from_uri=PLATFORM, to_uri=CAMERA)
    ours = Dialog.from_uac(invite, new_response(invite, 200, to_tag="d1"), wire.origin())
    theirs = Dialog.from_uas(invite, new_response(invite, 200, to_tag="d1"), wire.origin())
    bye = theirs.request("BYE")
    sender, target = bye.headers.get("From") or "", bye.headers.get("To") or ""
    assert ours.matches(bye)
    bye.headers.set("From", target)
    bye.headers.set("To", sender)
    assert ours.matches(bye)
    bye.headers.set("To", sender.replace("d1", "d2"))
    assert not ours.matches(bye)
