"""What real devices do differently, as data: one row a quirk; the flow asks a `Profile`.

A row names the behaviour, our measure, and the test that holds it. Where the measure is a way of speaking,
the row also says for which makers it is switched on (``makers``) and what it changes in the profile
(``change``); rows without makers hold for everyone. ``tests/signalling/gb28181/test_quirks.py`` demands that
each test named here exists.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from civicam.signalling.gb28181.sdp import StreamForm


@dataclass(frozen=True, slots=True)
class Profile:
    """How to speak to one device; the defaults are the standard's of 2022."""

    stream_form: StreamForm = "streamnumber"
    encoding: str = "GB18030"
    """Declared in bodies we send; GB2312 towards peers that announce 2016 or nothing."""
    media_tcp: bool = False
    """Offer RTP over TCP even to a device that signals over UDP."""


@dataclass(frozen=True, slots=True)
class Quirk:
    """One row. ``makers`` are lower-case words looked for in manufacturer or user agent;
    empty when the measure is always on. ``change`` are the profile fields it sets."""

    name: str
    source: str
    behaviour: str
    measure: str
    test: str
    makers: tuple[str, ...] = ()
    change: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


_GB = "tests/signalling/gb28181/"
_GATEWAY = "tests/gateway/"
_STORIES = "tests/stories/"

QUIRKS: tuple[Quirk, ...] = (
    Quirk(
        name="own-id",
        source="wvp-GB28181-pro#2006",
        behaviour="A camera registers with the platform's own id.",
        measure="Refused with 403, counted, shown among those turned away.",
        test=_GATEWAY + "test_service.py::test_own_id_is_refused",
    ),
    Quirk(
        name="heartbeat-absurd",
        source="wvp-GB28181-pro#2220",
        behaviour="Heartbeat intervals of 0 or of hours.",
        measure="Clamped to 5..255 s and 1..255 misses.",
        test="tests/fleet/test_presence.py::test_absurd_values_are_clamped",
    ),
    Quirk(
        name="heartbeat-none",
        source="wvp-GB28181-pro#1633, #1902",
        behaviour="A device sends no heartbeats at all.",
        measure="heartbeat_s 0 in its record: judged by registration expiry alone.",
        test="tests/fleet/test_presence.py::test_device_without_heartbeats_is_judged_by_registration_alone",
    ),
    Quirk(
        name="flapping",
        source="wvp-GB28181-pro#814",
        behaviour="A NAT gives a new port between heartbeats.",
        measure="The packet source of the newest heartbeat is where we send.",
        test=_GATEWAY + "test_service.py::test_keepalive_from_a_new_port_moves_the_address",
    ),
    Quirk(
        name="cseq-always-20",
        source="captures of recorders",
        behaviour="Every MESSAGE has CSeq 20.",
        measure="Messages are told apart by branch and Call-ID, never by CSeq.",
        test=_GATEWAY + "test_quirks.py::test_every_message_with_the_same_cseq",
    ),
    Quirk(
        name="from-is-the-channel",
        source="monibuca/plugin-gb28181",
        behaviour="MESSAGEs come from a channel's id instead of the device's.",
        measure="The speaker is found by From, else by DeviceID, else by the packet source.",
        test=_GATEWAY + "test_quirks.py::test_catalogue_sent_in_the_name_of_a_channel",
    ),
    Quirk(
        name="catalogue-unsolicited",
        source="wvp-GB28181-pro#1425",
        behaviour="Catalogue answers nobody asked for, with SumNum 1.",
        measure="Taken only with the SN of the running query.",
        test=_GATEWAY + "test_service.py::test_catalogue_out_of_nowhere_changes_nothing",
    ),
    Quirk(
        name="catalogue-sum-wrong",
        source="wvp-GB28181-pro#2232",
        behaviour="SumNum is more than what ever arrives.",
        measure="An idle gap ends the list; it is not complete, nothing is taken away.",
        test=_STORIES + "test_viewing_days.py::test_recorder_that_announces_more_than_it_has",
    ),
    Quirk(
        name="encoding-lies",
        source="wvp-GB28181-pro#858",
        behaviour="Declared and real encodings disagree; broken characters.",
        measure="UTF-8 is recognised by its bytes, the rest read as GB18030 with replacement.",
        test=_GB + "test_xml.py::test_declared_and_real_encodings_may_disagree",
    ),
    Quirk(
        name="stray-markup",
        source="wvp-GB28181-pro, comments",
        behaviour="Unescaped & and < in names and addresses.",
        measure="Escaped and read once more.",
        test=_GB + "test_xml.py::test_stray_ampersand_and_less_than_are_repaired",
    ),
    Quirk(
        name="parental-65535",
        source="captures of recorders",
        behaviour="Parental 65535, ParentID null, states in many words.",
        measure="Read leniently.",
        test=_GB + "test_manscdp.py::test_odd_values_of_the_field",
    ),
    Quirk(
        name="sdp-order",
        source="wvp-GB28181-pro#28",
        behaviour="403 unless a=recvonly follows m= and PS is the first payload.",
        measure="One fixed order for everyone.",
        test=_GB + "test_sdp.py::test_the_offer_line_by_line",
    ),
    Quirk(
        name="private-stream",
        source="captures of recorders",
        behaviour="The maker's own format is announced by its name in rtpmap.",
        measure="Ended with a reason that says what to set on the device.",
        test=_GB + "test_sdp.py::test_makers_formats_are_recognised",
    ),
    Quirk(
        name="bye-unanswered",
        source="wvp-GB28181-pro#525",
        behaviour="No answer to BYE.",
        measure="Dropped after timer F; port, SSRC and dialog are free.",
        test=_GATEWAY + "test_live.py::test_unanswered_bye_is_dropped_in_the_end",
    ),
    Quirk(
        name="ssrc-reuse",
        source="wvp-GB28181-pro#827, ZLMediaKit#976",
        behaviour="Devices go on sending with an old SSRC.",
        measure="A released SSRC rests 30 s; runs start at different values.",
        test=_GB + "test_ssrc.py::test_a_value_rests_before_it_is_used_again",
    ),
    Quirk(
        name="streamprofile",
        source="captures of recorders",
        behaviour="Sub-streams are asked for with a=streamprofile instead of a=streamnumber.",
        measure="The offer of these makers says streamprofile.",
        test=_GB + "test_quirks.py::test_makers_words_switch_a_profile",
        makers=("dahua",),
        change=MappingProxyType({"stream_form": "streamprofile"}),
    ),
)


def profile_for(manufacturer: str, user_agent: str, version: str, base: Profile | None = None) -> Profile:
    """The profile of a device by what it says of itself; ``version`` is X-GB-Ver, empty when absent."""
    profile = base or Profile()
    if not version.startswith("3"):
        profile = replace(profile, encoding="GB2312")
    said = f"{manufacturer} {user_agent}".lower()
    for quirk in QUIRKS:
        if quirk.change and any(maker in said for maker in quirk.makers):
            profile = replace(profile, **quirk.change)
    return profile
