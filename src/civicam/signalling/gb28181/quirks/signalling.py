"""Quirks of SIP, registration and addresses."""

from __future__ import annotations

from civicam.signalling.gb28181.quirks.row import Quirk

_SIP = "tests/signalling/sip/"
_GATEWAY = "tests/gateway/"
_TESTS = "tests/"

ROWS: tuple[Quirk, ...] = (
    Quirk(
        name="digest-algorithm",
        source="gosip#7",
        behaviour="A recorder is silent after a 401 without algorithm.",
        measure="algorithm=MD5 stands in every challenge.",
        test=_SIP + "test_digest.py::test_a_challenge_always_names_its_algorithm",
    ),
    Quirk(
        name="digest-uri",
        source="wvp (first edition)#3",
        behaviour="The uri of the digest is sip:serverid@domain, not the Request-URI.",
        measure="Verified with what the Authorization says, not with the request line.",
        test=_SIP + "test_digest.py::test_the_uri_of_the_answer_is_the_one_that_counts",
    ),
    Quirk(
        name="digest-forms",
        source="captures of recorders",
        behaviour="Digest values quoted or bare, in any case, with a comma at the end.",
        measure="All read.",
        test=_SIP + "test_digest.py::test_devices_write_it_in_many_ways",
    ),
    Quirk(
        name="digest-own-user",
        source="wvp-GB28181-pro#2059",
        behaviour="The digest is wrong: the device has a SIP user id of its own.",
        measure="Refused and told as a wrong password; SIP user name and device id are to be compared.",
        test=_GATEWAY + "test_registrar.py::test_sip_user_that_differs_from_the_device_id",
    ),
    Quirk(
        name="nonce-of-another-time",
        source="wvp-GB28181-pro#2034",
        behaviour="Endless 401 after the address of a device changed: it answers an old nonce.",
        measure="A nonce that is not ours or old is challenged anew; our own client drops nonce and Call-ID.",
        test=_GATEWAY + "test_registrar.py::test_old_nonce_and_replay_are_challenged_anew",
    ),
    Quirk(
        name="nonce-invented",
        source="445990772/gb28181_simulator, run",
        behaviour="An Authorization with a nonce of the client's own making.",
        measure="Never accepted: challenged.",
        test=_GATEWAY + "test_registrar.py::test_nonce_that_is_not_ours_is_challenged_anew",
    ),
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
        name="local-address",
        source="srs#2695, wvp-GB28181-pro#1894",
        behaviour="Devices drop what carries a wrong address of a host with several, or 0.0.0.0.",
        measure="Each peer is told the address it reaches us by.",
        test=_TESTS + "signalling/aio/test_route.py::test_on_loopback_we_are_loopback",
    ),
    Quirk(
        name="two-with-one-id",
        source="wvp-GB28181-pro#1633",
        behaviour="Two devices with one factory id push each other offline.",
        measure="Told apart by address, flagged, and nothing flaps.",
        test=_GATEWAY + "test_registering.py::test_two_devices_with_one_id_are_told_and_nothing_flaps",
    ),
    Quirk(
        name="registers-as-platform",
        source="plugin-gb28181#18",
        behaviour="A recorder registers with a platform's type code.",
        measure="Let in and flagged: what it has, its catalogue says.",
        test=_GATEWAY
        + "test_registering.py::test_a_device_that_registers_as_a_platform_is_let_in_and_flagged",
    ),
    Quirk(
        name="to-tag-refused",
        source="StreamNode#19",
        behaviour="A MESSAGE with a To tag is answered 481.",
        measure="No To tag outside dialogs.",
        test=_SIP + "test_dialog.py::test_a_command_has_no_to_tag_and_no_contact",
    ),
    Quirk(
        name="route-in-register",
        source="srs#2217",
        behaviour="Route and Record-Route where no proxy is.",
        measure="Ignored: no packet of ours goes where they point.",
        test=_SIP + "test_third_party.py::test_an_answer_goes_to_the_packet_source",
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
        name="content-length-0",
        source="wvp-GB28181-pro, comments",
        behaviour="Content-Length is 0, too small or too large on a MESSAGE with a body.",
        measure="Over UDP a command keeps the rest of its datagram.",
        test=_SIP + "test_parse.py::test_what_a_datagram_holds",
    ),
    Quirk(
        name="content-length-characters",
        source="told of public simulators, not met by us",
        behaviour="Content-Length counts characters, not bytes.",
        measure="Understood, over TCP too.",
        test=_SIP + "test_parse.py::test_a_length_in_characters_is_understood_on_tcp",
    ),
    Quirk(
        name="branch-without-cookie",
        source="captures of a client",
        behaviour="Branches without the magic cookie.",
        measure="Told apart by Call-ID, CSeq, tag and Request-URI, and by the source.",
        test=_SIP + "test_server.py::test_a_retransmission_gets_the_same_answer_and_is_not_told_twice",
    ),
    Quirk(
        name="keepalive-blanks",
        source="captures of clients",
        behaviour="Blank lines to keep a NAT open.",
        measure="Counted, not answered.",
        test=_SIP + "test_server_silent.py::test_keep_alive_blanks_are_counted_and_not_answered",
    ),
    Quirk(
        name="line-feeds-alone",
        source="sb-im/sbgb28181, a comment",
        behaviour="Lines of the head end in LF alone.",
        measure="Read as CRLF where the whole head is so; a mixture is refused.",
        test=_GATEWAY + "test_strangers.py::test_a_stranger_registers_beats_lists_and_shows",
    ),
    Quirk(
        name="content-type-cut",
        source="invented",
        behaviour="Content-Type is Application/MANSCDP, without +xml.",
        measure="Taken.",
        test=_GATEWAY + "test_strangers.py::test_a_stranger_registers_beats_lists_and_shows",
    ),
    Quirk(
        name="reads-one-a-segment",
        source="sb-im/sbgb28181",
        behaviour="Over TCP what is glued to the message before is lost.",
        measure="A short pause before each question.",
        test=_GATEWAY + "test_stranger_conduct.py::test_no_question_is_glued_to_the_answer_of_a_registration",
    ),
    Quirk(
        name="tags-swapped",
        source="invented",
        behaviour="A BYE repeats From and To of our INVITE, so the tags stand the wrong way round.",
        measure="It ends the session.",
        test=_GATEWAY
        + "test_stranger_conduct.py::test_a_bye_ends_the_session_whichever_way_round_its_tags_stand",
    ),
)
