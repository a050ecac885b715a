"""Bodies are bytes from strangers: decoded, bounded, and never believed."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicam.signalling.gb28181.xml import (
    MAX_FIELDS,
    Malformed,
    XmlLimits,
    child,
    decode,
    local_name,
    parse,
    text_of,
)

GOOD = "<Notify><CmdType>Keepalive</CmdType><Name>东门枪机</Name></Notify>"


def code_of(body: bytes, limits: XmlLimits | None = None) -> str:
    with pytest.raises(Malformed) as caught:
        parse(body, limits or XmlLimits())
    return caught.value.code


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "gb2312", "gb18030"])
@pytest.mark.parametrize("declared", ["", "GB2312", "GB18030", "UTF-8", "x-none"])
def test_declared_and_real_encodings_may_disagree(codec: str, declared: str) -> None:
    head = f'<?xml version="1.0" encoding="{declared}"?>\r\n' if declared else ""
    assert text_of(parse((head + GOOD).encode(codec)), "Name") == "东门枪机"


@pytest.mark.parametrize("name", ["忙", "脙", "茂"])
def test_short_names_whose_gb2312_bytes_are_also_utf8(name: str) -> None:
    head = '<?xml version="1.0" encoding="{}"?><N><Name>{}</Name></N>'
    raw = head.format("GB2312", name).encode("gb18030")
    assert raw.decode("utf-8") != ""
    assert text_of(parse(raw), "Name") == name
    assert text_of(parse(head.format("UTF-8", name).encode()), "Name") == name


@pytest.mark.parametrize("body", ['<?xml version="1.0" encoding="utf-8"?><N>é</N>', "\ufeff<N>é</N>"])
def test_two_byte_letters_of_a_body_that_says_utf8(body: str) -> None:
    assert parse(body.encode()).text == "é"


def test_four_byte_gb18030() -> None:
    assert decode("𠮷野家".encode("gb18030")) == "𠮷野家"


def test_broken_characters_cost_themselves_only() -> None:
    found = text_of(parse(b"<N><Name>\xb6\xab\xff\xff\xc3\xc5</Name><SN>1</SN></N>"), "Name")
    assert found is not None
    assert "�" in found
    assert found.startswith("东")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "signalling.xml-empty"),
        (b" \r\n\t ", "signalling.xml-empty"),
        (b'<?xml version="1.0"?>', "signalling.xml-empty"),
        (b"\x00\x01", "signalling.xml-empty"),
        (b'<!DOCTYPE n [<!ENTITY a "b">]><Notify/>', "signalling.xml-entities"),
        (b'<! doctype n SYSTEM "http://192.0.2.1/x"><Notify/>', "signalling.xml-entities"),
        ('<!DOCTYPE n [<!ENTITY a "b">]><Notify/>'.encode("utf-16"), "signalling.xml-entities"),
        (b"<Notify><CmdType>Keepalive", "signalling.xml-syntax"),
        (b"hello", "signalling.xml-syntax"),
        (b"<a></b>", "signalling.xml-syntax"),
        (b"<a/>" * 3, "signalling.xml-syntax"),
    ],
)
def test_what_cannot_be_read(body: bytes, code: str) -> None:
    assert code_of(body) == code


def test_size_depth_and_count_are_bounded() -> None:
    limits = XmlLimits(size=200, depth=4, elements=10)
    assert code_of(b"<a>" + b" " * 300 + b"</a>", limits) == "signalling.xml-too-large"
    assert code_of(b"<a>" * 5 + b"</a>" * 5, limits) == "signalling.xml-too-deep"
    assert code_of(b"<a>" + b"<b/>" * 10 + b"</a>", limits) == "signalling.xml-too-many"
    assert local_name(parse(b"<a>" * 4 + b"</a>" * 4, limits)) == "a"


def test_stray_ampersand_and_less_than_are_repaired() -> None:
    body = "<Item><Name>A&B 3 < 5 &amp; x&#65;</Name><Address>5号<6号</Address></Item>".encode("gb18030")
    root = parse(body)
    assert text_of(root, "Name") == "A&B 3 < 5 & xA"
    assert text_of(root, "Address") == "5号<6号"


def test_control_characters_are_dropped() -> None:
    assert text_of(parse(b"<N><Status>O\x00K\x08</Status></N>"), "Status") == "OK"


def test_long_text_is_cut() -> None:
    assert text_of(parse(b"<N><Name>" + b"x" * 10_000 + b"</Name></N>"), "Name") == "x" * 4096


def test_names_ignore_case_namespace_and_place() -> None:
    root = parse(b'<q:Query xmlns:q="urn:x" SN="7"><q:cmdtype>Catalog</q:cmdtype><!-- c --><?pi?></q:Query>')
    assert local_name(root) == "Query"
    assert text_of(root, "CmdType") == "Catalog"
    assert text_of(root, "sn") == "7"
    assert text_of(root, "DeviceID") is None
    assert text_of(None, "SN") is None
    assert child(root, "Info") is None


def test_numeric_references_to_forbidden_characters_do_not_pass() -> None:
    assert code_of(b"<a>&#0;</a>") == "signalling.xml-syntax"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("billion_laughs", "signalling.xml-entities"),
        ("quadratic", "signalling.xml-entities"),
        ("xxe_file", "signalling.xml-entities"),
        ("xxe_http", "signalling.xml-entities"),
        ("xxe_param", "signalling.xml-entities"),
        ("deep_nest", "signalling.xml-too-deep"),
        ("empty", "signalling.xml-empty"),
        ("only_spaces", "signalling.xml-empty"),
        ("truncated", "signalling.xml-syntax"),
    ],
)
def test_hostile_samples_are_refused(torture: Path, name: str, code: str) -> None:
    assert code_of((torture / "manscdp" / f"{name}.xml").read_bytes()) == code


@given(st.binary(max_size=400))
def test_no_bytes_do_anything_but_parse_or_be_refused(body: bytes) -> None:
    with contextlib.suppress(Malformed):
        assert isinstance(local_name(parse(body)), str)


@given(st.text(st.characters(codec="utf-8", exclude_characters="&<"), max_size=60))
def test_text_survives_in_both_encodings(text: str) -> None:
    """What XML allows comes back as sent, apart from blanks around it and line ends."""
    body = f"<N><Name>x{text}x</Name></N>"
    one, two = (text_of(parse(body.encode(codec)), "Name") for codec in ("utf-8", "gb18030"))
    assert one is not None
    assert two is not None
    if text.isascii() and text.isprintable():
        assert one == two == f"x{text}x"


def test_fields_are_looked_for_among_a_bounded_number_of_children() -> None:
    def found(before: int) -> str | None:
        return text_of(parse(f"<N>{'<a/>' * before}<Name>x</Name></N>".encode()), "Name")

    assert (found(MAX_FIELDS - 1), found(MAX_FIELDS)) == ("x", None)


def test_names_are_read_without_their_namespace() -> None:
    root = parse(b'<g:N xmlns:g="urn:g"><g:Name>x</g:Name></g:N>')
    assert (local_name(root), text_of(root, "name")) == ("N", "x")
