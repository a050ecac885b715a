"""Quirks of sessions: SDP, SSRC, PS, transports, playback, voice."""

from __future__ import annotations

from types import MappingProxyType

from civicam.signalling.gb28181.quirks.row import Quirk

_GATEWAY = "tests/gateway/"
_GB = "tests/signalling/gb28181/"
_TESTS = "tests/"
_MEDIA = "tests/media/core/"

ROWS: tuple[Quirk, ...] = (
    Quirk(
        name="sdp-order",
        source="wvp-GB28181-pro#28",
        behaviour="403 unless a=recvonly follows m= and PS is the first payload.",
        measure="One fixed order for everyone.",
        test=_GB + "test_sdp.py::test_the_offer_line_by_line",
    ),
    Quirk(
        name="sdp-profile",
        source="wvp-GB28181-pro#861",
        behaviour="A recorder plays only what is offered in its own words.",
        measure="The form of the stream choice is set per device.",
        test=_GB + "test_sdp.py::test_main_and_sub_in_the_devices_own_words",
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
    Quirk(
        name="sdp-two-returns",
        source="public device simulators",
        behaviour="Lines that end in two carriage returns.",
        measure="Read as one end.",
        test=_GB + "test_sdp.py::test_answers_as_they_come",
    ),
    Quirk(
        name="answer-without-sdp",
        source="public device simulators",
        behaviour="200 to INVITE without SDP, To tag or Contact.",
        measure="Acknowledged, ended with BYE, told as a useless answer.",
        test=_GATEWAY + "test_live.py::test_answer_without_media_ends_in_bye",
    ),
    Quirk(
        name="setup-missing",
        source="captures of recorders",
        behaviour="No setup line in an answer over TCP.",
        measure="The opposite of what was offered.",
        test=_GB + "test_sdp.py::test_a_missing_role_is_the_opposite_of_the_offer",
    ),
    Quirk(
        name="time-eras",
        source="MiBeeNvr#377",
        behaviour="t= in Unix seconds, or in those of NTP.",
        measure="Both understood.",
        test=_GB + "test_sdp.py::test_answers_as_they_come",
    ),
    Quirk(
        name="f-line-zeros",
        source="captures of recorders",
        behaviour="f= with zeros where nothing is known, or a blank before a.",
        measure="Zero is nothing; only a hint anyway.",
        test=_GB + "test_fline.py::test_lines_of_the_field",
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
        name="port-reuse",
        source="ZLMediaKit#267, #1763",
        behaviour="An old sender still sends to a port that was given out again.",
        measure="A released port rests.",
        test=_TESTS + "media/aio/test_ports.py::test_a_used_port_rests_before_it_is_used_again",
    ),
    Quirk(
        name="stream-after-restart",
        source="wvp-GB28181-pro#208, #628, #1382",
        behaviour="After our restart devices go on sending the old stream.",
        measure="Until the device has answered, only the offered SSRC is taken.",
        test=_TESTS + "media/core/test_receive.py::test_before_the_answer_only_the_offered_ssrc_is_taken",
    ),
    Quirk(
        name="ssrc-other",
        source="srs#2047, #4561, plugin-gb28181#112",
        behaviour="RTP with SSRC 0 or one of the device's own.",
        measure="y= of the 200 counts; the first SSRC is taken with a warning.",
        test=_TESTS
        + "media/aio/test_engine_contract.py::test_another_ssrc_than_agreed_is_taken_with_a_warning",
    ),
    Quirk(
        name="h265-as-h264",
        source="ZLMediaKit#266",
        behaviour="The PSM says H.264, the stream is H.265.",
        measure="Parameter sets decide.",
        test=_MEDIA + "test_ps.py::test_capture",
    ),
    Quirk(
        name="psm-lengths",
        source="ZLMediaKit#2325, #2805",
        behaviour="Wrong lengths inside the PSM.",
        measure="Bounds are checked; the rest is probed.",
        test=_MEDIA + "test_ps.py::test_capture",
    ),
    Quirk(
        name="psm-late",
        source="media-server#141",
        behaviour="No PSM, or only after the first key frames.",
        measure="The codec is found by its NAL units.",
        test=_MEDIA + "test_ps.py::test_capture",
    ),
    Quirk(
        name="private-packets",
        source="media-server#260",
        behaviour="PES packets of private streams between the pictures.",
        measure="Skipped by their length.",
        test=_MEDIA + "test_ps.py::test_capture",
    ),
    Quirk(
        name="zero-before-pes",
        source="MiBeeNvr#404",
        behaviour="An extra zero before a PES start code.",
        measure="Borne.",
        test=_MEDIA + "test_ps.py::test_capture",
    ),
    Quirk(
        name="dts-32-bit",
        source="ZLMediaKit#1867",
        behaviour="DTS of 32 bits that wraps in the field of 33.",
        measure="Unwrapped at either.",
        test=_TESTS + "media/core/test_timeline.py::test_a_32_bit_counter_in_the_33_bit_field_wraps",
    ),
    Quirk(
        name="sound-8-khz",
        source="ZLMediaKit#1867",
        behaviour="G.711 stamped with a clock of its own.",
        measure="Timed by its length.",
        test=_MEDIA + "test_ps.py::test_sound_with_a_clock_of_its_own_is_timed_by_its_length",
    ),
    Quirk(
        name="rtsp-framing",
        source="MiBeeNvr#338",
        behaviour="RTP over TCP with $, channel and length.",
        measure="Recognised beside RFC 4571.",
        test=_TESTS + "media/core/test_rfc4571.py::test_any_split_gives_the_packets",
    ),
    Quirk(
        name="vendor-header",
        source="ZLMediaKit",
        behaviour="256 bytes of a maker before the first frame.",
        measure="Skipped.",
        test=_TESTS + "media/core/test_rfc4571.py::test_a_vendor_header_in_front_is_skipped",
    ),
    Quirk(
        name="ts-instead-of-ps",
        source="public device simulators",
        behaviour="MPEG-TS after agreeing on PS.",
        measure="Recognised and played.",
        test=_TESTS + "media/core/test_ts.py::test_every_picture_of_ffmpegs_stream_comes_whole_and_in_time",
    ),
    Quirk(
        name="payload-type-changes",
        source="public device simulators",
        behaviour="Another payload type than agreed.",
        measure="Followed.",
        test=_TESTS + "media/core/test_rfc4571.py::test_a_camera_may_change_its_payload_type",
    ),
    Quirk(
        name="rtcp-wanted",
        source="ZLMediaKit#429",
        behaviour="A camera stops when no RTCP comes.",
        measure="Receiver reports every five seconds, asked for or not.",
        test=_TESTS + "media/aio/test_receivers.py::test_receiver_reports_reach_the_port_above_the_cameras",
    ),
    Quirk(
        name="tcp-second-connection",
        source="srs#1834, #3449",
        behaviour="A second TCP connection for the same media resets the first.",
        measure="Each session has its own port; a second connection is turned away while the first sends.",
        test=_TESTS
        + "media/aio/test_receivers.py::test_a_second_connection_is_turned_away_while_the_first_one_sends",
    ),
    Quirk(
        name="refusal-codes",
        source="plugin-gb28181#18",
        behaviour="400 or 487 for a wrong code or type in an id; 503 for a limit.",
        measure="Each status has its own words for the operator.",
        test=_GATEWAY + "test_live.py::test_refusal_reaches_the_operator_with_its_meaning",
    ),
    Quirk(
        name="carrier-throttles-tcp",
        source="captures of recorders",
        behaviour="Mobile carriers throttle TCP.",
        measure="The transport of media is set per device.",
        test=_GB + "test_quirks.py::test_what_an_operator_set_is_the_base",
    ),
    Quirk(
        name="seek-and-scale",
        source="wvp-GB28181-pro#797, #306",
        behaviour="PLAY with Range and Scale together is an error to some.",
        measure="A seek carries no Scale, a change of speed no Range.",
        test=_GB + "test_mansrtsp.py::test_a_change_of_speed_has_no_range_and_a_seek_no_scale",
    ),
    Quirk(
        name="scale-keeps-time",
        source="wvp-GB28181-pro#797, #1657",
        behaviour="At other speeds time stamps stay those of the recording, key frames far apart.",
        measure="Not taken for a jump.",
        test=_TESTS
        + "media/core/test_timeline.py::test_at_eight_times_the_speed_key_frames_may_be_far_apart",
    ),
    Quirk(
        name="mansrtsp-forms",
        source="captures of clients",
        behaviour="PLAY MANSRTSP/1.0, an address, LF alone, smpte ranges.",
        measure="All read.",
        test=_GB + "test_mansrtsp.py::test_spellings_of_the_field",
    ),
    Quirk(
        name="loudspeaker-codecs",
        source="wvp-GB28181-pro#1479",
        behaviour="A loudspeaker hangs up on anything but G.711A, or writes PCMA/8000/1.",
        measure="Only G.711A is answered.",
        test=_GB + "test_sdp.py::test_whether_a_loudspeaker_takes_g711a",
    ),
)
