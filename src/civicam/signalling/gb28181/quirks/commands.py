"""Quirks of MANSCDP: bodies, lists, alarms, orders, subscriptions."""

from __future__ import annotations

from civicam.signalling.gb28181.quirks.row import Quirk

_GATEWAY = "tests/gateway/"
_GB = "tests/signalling/gb28181/"
_STORIES = "tests/stories/"

ROWS: tuple[Quirk, ...] = (
    Quirk(
        name="encoding-lies",
        source="wvp-GB28181-pro#858",
        behaviour="Declared and real encodings disagree; broken characters.",
        measure="UTF-8 is recognised by its bytes, the rest read as GB18030 with replacement.",
        test=_GB + "test_xml.py::test_declared_and_real_encodings_may_disagree",
    ),
    Quirk(
        name="encoding-short",
        source="wvp-GB28181-pro#858",
        behaviour="Short GB2312 texts whose bytes are also valid UTF-8.",
        measure="Two-byte sequences prove nothing: GB18030 unless the body says UTF-8.",
        test=_GB + "test_xml.py::test_short_names_whose_gb2312_bytes_are_also_utf8",
    ),
    Quirk(
        name="stray-markup",
        source="wvp-GB28181-pro, comments",
        behaviour="Unescaped & and < in names and addresses.",
        measure="Escaped and read once more.",
        test=_GB + "test_xml.py::test_stray_ampersand_and_less_than_are_repaired",
    ),
    Quirk(
        name="names-and-attributes",
        source="gb28181-go",
        behaviour="CmdType and SN in attributes, names in any case, namespaces.",
        measure="Read wherever they stand.",
        test=_GB + "test_xml.py::test_names_ignore_case_namespace_and_place",
    ),
    Quirk(
        name="time-variants",
        source="wvp-GB28181-pro, comments",
        behaviour="Times with zone, with milliseconds, with one digit, with a blank.",
        measure="All read; Beijing time where no zone is said.",
        test=_GB + "test_clock.py::test_forms_of_the_field",
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
        name="catalogue-parts",
        source="wvp-GB28181-pro#9, #2103, #1534, #1577",
        behaviour="Parts of one answer overtake each other or come twice; a part lost to a race.",
        measure="One collector a device, items counted once, in whatever order.",
        test=_GB + "test_catalogue.py::test_any_order_any_repeats",
    ),
    Quirk(
        name="parental-65535",
        source="captures of recorders",
        behaviour="Parental 65535, ParentID null, states in many words.",
        measure="Read leniently.",
        test=_GB + "test_manscdp.py::test_odd_values_of_the_field",
    ),
    Quirk(
        name="civil-code-odd",
        source="plugin-gb28181#105, captures of recorders",
        behaviour="CivilCode of ten digits, as a word, or empty; empty names.",
        measure="Kept as sent, never a reason to refuse an item.",
        test=_GB + "test_catalog_notify.py::test_odd_civil_codes_and_empty_names",
    ),
    Quirk(
        name="notify-event-missing",
        source="captures of recorders",
        behaviour="Event of a catalogue NOTIFY missing, in lower case, or unknown.",
        measure="Missing is UPDATE; what is unknown is counted.",
        test=_GB + "test_catalog_notify.py::test_events_as_devices_write_them",
    ),
    Quirk(
        name="record-stall",
        source="wvp-GB28181-pro#2232",
        behaviour="RecordInfo announces 299 and stops at 261.",
        measure="An idle gap ends it; what came is shown.",
        test=_GB + "test_collect.py::test_a_recorder_that_stalls_at_261_of_299_ends_by_the_gap",
    ),
    Quirk(
        name="record-mixed",
        source="wvp-GB28181-pro#768",
        behaviour="Answers to two questions of one channel are mixed.",
        measure="Answers count only with the SN of the question under way.",
        test=_GB + "test_collect.py::test_answers_to_another_question_are_told_apart",
    ),
    Quirk(
        name="alarm-type-place",
        source="wvp-GB28181-pro, code",
        behaviour="AlarmType at the root, or in lower-case info.",
        measure="Read at every place.",
        test=_GB + "test_alarm.py::test_the_type_stands_in_several_places",
    ),
    Quirk(
        name="alarm-twice",
        source="captures of recorders",
        behaviour="One alarm as MESSAGE and as NOTIFY.",
        measure="Copies have one key: device, method, type, time.",
        test=_GB + "test_alarm.py::test_copies_of_one_alarm_have_one_key",
    ),
    Quirk(
        name="key-frame-spelling",
        source="wvp-GB28181-pro, gb28181-go",
        behaviour="IFameCmd (2016) or IFrameCmd (2022).",
        measure="Both read; written as the peer's version spells it.",
        test=_GB + "test_device_control.py::test_key_frames_are_asked_for_in_the_peers_spelling",
    ),
    Quirk(
        name="ptz-checksum",
        source="captures of recorders",
        behaviour="PTZ codes with a wrong check.",
        measure="Told, not hidden: a device ignores such a code.",
        test=_GB + "test_ptz.py::test_a_wrong_check_is_told_not_hidden",
    ),
    Quirk(
        name="position-empty-list",
        source="uvp-gb28181",
        behaviour="An empty list of positions beside old fields at the root.",
        measure="The list decides, even when it is empty.",
        test=_GB + "test_mobile_position.py::test_an_empty_list_does_not_fall_back_to_the_root",
    ),
    Quirk(
        name="position-zero",
        source="wvp-GB28181-pro",
        behaviour="Positions 0,0 or without coordinates.",
        measure="Dropped.",
        test=_GB + "test_mobile_position.py::test_what_is_no_position_is_dropped",
    ),
    Quirk(
        name="home-position-name",
        source="uvp-gb28181",
        behaviour="The answer to HomePositionQuery is called HomePosition.",
        measure="Read.",
        test=_GB + "test_home_position.py::test_the_answer_under_the_name_of_the_control",
    ),
    Quirk(
        name="preset-misspelt",
        source="gb28181-go",
        behaviour="PersetQuery.",
        measure="Read.",
        test=_GB + "test_preset.py::test_the_misspelt_name_is_read",
    ),
    Quirk(
        name="config-element",
        source="wvp-GB28181-pro, comments",
        behaviour="The element of a configuration is not called like its type.",
        measure="Read under its other name.",
        test=_GB + "test_config_types.py::test_snapshots_under_their_other_name_and_without_an_interval",
    ),
    Quirk(
        name="config-missing",
        source="uvp-gb28181",
        behaviour="A type of configuration is answered with OK and nothing.",
        measure="Shown as not supported.",
        test=_GB + "test_config.py::test_what_is_missing_is_unsupported_and_what_is_unreadable_is_counted",
    ),
    Quirk(
        name="basic-param-password",
        source="captures of recorders",
        behaviour="BasicParam tells passwords in clear.",
        measure="Dropped at the door.",
        test=_GB + "test_config_types.py::test_a_recorders_basic_parameters_without_its_password",
    ),
    Quirk(
        name="subscription-forgotten",
        source="RFC 6665, captures of recorders",
        behaviour="A device restarts and knows no subscription any more.",
        measure="481 or no answer: subscribed anew, ever more slowly when it does not last.",
        test=_GB + "test_subscription.py::test_a_forgotten_dialog_is_opened_anew_at_once",
    ),
    Quirk(
        name="subscription-unknown",
        source="uvp-gb28181",
        behaviour="A device knows no subscription of a kind: 489, 405, 501.",
        measure="Shown as not supported, not asked again until it comes back.",
        test=_GB + "test_subscription.py::test_a_device_that_cannot_is_not_asked_again",
    ),
)
