"""Header fields, URIs, addresses, Via and CSeq: one table a grammar piece, and round trips."""

from __future__ import annotations

import string

import pytest
import sipmessage
from hypothesis import given
from hypothesis import strategies as st

from civicam.signalling.sip.build import IdSource
from civicam.signalling.sip.errors import BadMessage
from civicam.signalling.sip.headers import CSeq, NameAddr, Via, parse_list
from civicam.signalling.sip.message import Headers, Request, Response, delta_seconds
from civicam.signalling.sip.parse import parse_message
from civicam.signalling.sip.peer import Peer
from civicam.signalling.sip.uri import SipUri, parse_uri

URIS = [
    ("sip:34020000001320000001@3402000000", SipUri("sip", "34020000001320000001", "3402000000")),
    ("sip:a@192.0.2.1:5061", SipUri("sip", "a", "192.0.2.1", 5061)),
    ("SIPS:a@[2001:db8::1]:5061", SipUri("sips", "a", "[2001:db8::1]", 5061)),
    ("sip:example.com", SipUri("sip", None, "example.com")),
    ("sip:a:secret@h", SipUri("sip", "a", "h", password="secret")),
    ("sip:a@h;transport=TCP;lr", SipUri("sip", "a", "h", params=(("transport", "TCP"), ("lr", None)))),
    ("sip:a@h?Subject=x", SipUri("sip", "a", "h", headers="?Subject=x")),
    ("sip:a%20b@h", SipUri("sip", "a b", "h")),
    ("http://www.example.com", SipUri("http", None, "", opaque="//www.example.com")),
]


@pytest.mark.parametrize(("text", "uri"), URIS)
def test_uris(text: str, uri: SipUri) -> None:
    """Read, and written back so that it reads the same."""
    assert parse_uri(text) == uri
    assert parse_uri(str(uri)) == uri


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sip:",
        "<sip:a@b>",
        "sip:a@",
        "sip:a@b:0",
        "sip:a@b:70000",
        "sip:a@b c",
        "sip:a b@c",
        "nothing",
        'sip:"a"@b',
    ],
)
def test_bad_uris(text: str) -> None:
    """Refused by name."""
    with pytest.raises(BadMessage, match=r"signalling\.bad-uri"):
        parse_uri(text)


def test_a_long_uri_is_read_all_the_same() -> None:
    """Only not remembered."""
    assert parse_uri("sip:" + "a" * 300 + "@h").user == "a" * 300


def test_a_user_that_is_no_utf_8_comes_back_as_it_was() -> None:
    """A name in GB2312 as the user of a Contact, its bytes escaped or not, found by fuzz/fuzz_sip.py."""
    written = "sip:" + b"\xb6\xab\xc3\xc5".decode("utf-8", "surrogateescape") + "@192.0.2.64"
    assert str(parse_uri(written)) == "sip:%B6%AB%C3%C5@192.0.2.64"
    assert parse_uri(str(parse_uri(written))) == parse_uri(written)


@pytest.mark.parametrize(
    ("text", "display", "user", "tag"),
    [
        ("<sip:a@b>;tag=1", "", "a", "1"),
        ("sip:a@b;tag=1", "", "a", "1"),
        ('"A \\"B\\"" <sip:a@b>;tag=1', 'A "B"', "a", "1"),
        ("A. Bell <sip:a@b> ; tag = 1", "A. Bell", "a", "1"),
        ("<sip:a@b;user=phone>", "", "a", None),
        ("<sip:a@b>;tag", "", "a", None),
        ("<sip:a@b>;;x=1;tag=2;", "", "a", "2"),
    ],
)
def test_addresses(text: str, display: str, user: str, tag: str | None) -> None:
    """With and without brackets, display name, white space, empty parameters."""
    address = NameAddr.parse(text)
    assert (address.display, address.uri.user, address.tag) == (display, user, tag)
    assert NameAddr.parse(str(address)) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        '"open <sip:a@b>',
        "<sip:a@b",
        "sip:a@b>",
        "<nothing>",
        '<sip:a@b>;x="open',
        "<sip:a@b>;=1",
        "<sip:a@b>x",
    ],
)
def test_bad_addresses(text: str) -> None:
    """Quotes and brackets must close."""
    with pytest.raises(BadMessage):
        NameAddr.parse(text)


@pytest.mark.parametrize(
    ("text", "sent_by", "branch"),
    [
        ("SIP/2.0/UDP 192.0.2.1:5061;rport;branch=z9hG4bK1", "192.0.2.1:5061", "z9hG4bK1"),
        ("SIP / 2.0 / tcp  Host.example.com ; branch = z9hG4bK1", "host.example.com:5060", "z9hG4bK1"),
        ("SIP/2.0/UDP [2001:db8::1]", "[2001:db8::1]:5060", ""),
    ],
)
def test_vias(text: str, sent_by: str, branch: str) -> None:
    """What a transaction is told by."""
    via = Via.parse(text)
    assert (via.sent_by, via.branch) == (sent_by, branch)
    assert Via.parse(str(via)) == via


@pytest.mark.parametrize(
    "text",
    [
        "",
        "UDP 1.2.3.4",
        "SIP/2.0/UDP",
        "SIP/2.0/UDP a:99999",
        "SIP/2.0/UDP a b",
        'SIP/2.0/UDP a;x="',
        'SIP/2.0/UDP a;x"=1"',
        "SIP/2.0/UDP a;<b>",
    ],
)
def test_bad_vias(text: str) -> None:
    """Nobody to answer to."""
    with pytest.raises(BadMessage):
        Via.parse(text)


def test_a_via_that_tells_the_truth_is_not_stamped() -> None:
    """RFC 3261 §18.2.1: received only where it differs; an old one is replaced."""
    via = Via.parse("SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1")
    assert via.stamped("192.0.2.1", 5060) is via
    lying = Via.parse("SIP/2.0/UDP 10.0.0.1:5060;received=1.1.1.1;rport;branch=z9hG4bK1").stamped(
        "192.0.2.1", 9
    )
    assert (lying.param("received"), lying.param("rport")) == ("192.0.2.1", "9")
    assert lying.param("nothing") is None


@pytest.mark.parametrize(
    "text", ["", "1", "MESSAGE 1", "-1 A", "1 A B", "4294967296 A", "٣ A", "1 A,B", "9" * 30 + " A"]
)
def test_bad_cseqs(text: str) -> None:
    """A number of 32 bits and a method."""
    with pytest.raises(BadMessage):
        CSeq.parse(text)


def test_lists_keep_commas_in_quotes() -> None:
    """And refuse a quote that never ends."""
    assert parse_list('"a, b" <sip:a@b>, <sip:c@d;x=","> ,', "Contact") == [
        '"a, b" <sip:a@b>',
        '<sip:c@d;x=",">',
    ]
    with pytest.raises(BadMessage):
        parse_list('"a, b', "Contact")


def test_fields_are_found_by_any_name_and_kept_in_order() -> None:
    """Compact and long, any case; several of a name."""
    headers = Headers([("v", "1"), ("Via", "2"), ("X", "3")])
    assert headers.get_all("VIA") == ["1", "2"]
    headers.replace_first("via", "0")
    assert list(headers.items()) == [("via", "0"), ("Via", "2"), ("X", "3")]
    headers.set("Via", "9")
    headers.set("Y", "4")
    headers.replace_first("Z", "5")
    assert list(headers.items()) == [("Via", "9"), ("X", "3"), ("Y", "4"), ("Z", "5")]
    headers.remove("x")
    assert "X" not in headers
    assert 3 not in headers
    assert (len(headers), headers.get("none", "d"), headers.get("y")) == (3, "d", "4")
    twin = headers.copy()
    twin.add("a", "1")
    assert twin != headers
    assert headers == headers.copy()
    assert headers != "no headers"
    assert repr(headers).startswith("Headers([('Via', '9')")


@pytest.mark.parametrize(("name", "value"), [("A", "b\r\nC: d"), ("A", "b\nC: d"), ("", "b")])
def test_a_field_cannot_smuggle_another(name: str, value: str) -> None:
    """A device's name with a line break in it ends here."""
    with pytest.raises(BadMessage):
        Headers([(name, value)])


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("3600", 3600),
        (" 60 ", 60),
        (None, None),
        ("", None),
        ("-1", None),
        ("abc", None),
        ("٣", None),
        ("9" * 40, 2**32 - 1),
    ],
)
def test_seconds(text: str | None, seconds: int | None) -> None:
    """Capped, never an error: a registrar then takes its default."""
    assert delta_seconds(text) == seconds


def test_what_a_message_says_of_itself() -> None:
    """Expires of the field, else of the Contact; ``*`` is no address."""
    request = Request(
        "REGISTER", "sip:a", Headers([("m", "<sip:a@b>;expires=77, <sip:c@d>"), ("c", "Text/XML; x=y")])
    )
    assert request.expires == 77
    assert [str(contact.uri) for contact in request.contacts] == ["sip:a@b", "sip:c@d"]
    assert request.content_type == "text/xml"
    request.headers.set("Expires", "5")
    assert request.expires == 5
    request.headers.set("Contact", "*")
    assert (request.contacts, request.contact) == ([], None)


def test_a_message_that_says_nothing() -> None:
    """Empty, not wrong."""
    request = Request("REGISTER", "sip:a")
    assert request.expires is None
    assert (request.call_id, Response(299).reason, Response(799).reason) == ("", "OK", "Unknown")
    assert repr(Request("A", "sip:b")) == "<Request A sip:b >"
    assert repr(Response(200)) == "<Response 200 OK >"
    assert Request("A", "b") != Response(200)
    assert Response(200) != Request("A", "b")
    assert Response(200).ok
    assert Response(180).provisional


TOKENS = st.text(string.ascii_letters + string.digits + "-.!%*_+`'~", min_size=1, max_size=20)
USERS = st.text(string.digits, min_size=18, max_size=20) | TOKENS.map(lambda text: text.replace("%", ""))
HOSTS = st.sampled_from(["3402000000", "192.0.2.1", "a.example.com", "[2001:db8::1]"])
NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)


@given(
    user=USERS.filter(bool),
    host=HOSTS,
    port=st.none() | st.integers(1, 65535),
    display=NAMES,
    tag=st.none() | TOKENS,
)
def test_an_address_survives_a_round_trip(
    user: str, host: str, port: int | None, display: str, tag: str | None
) -> None:
    """Any display name, any script."""
    address = NameAddr(display, SipUri("sip", user, host, port), () if tag is None else (("tag", tag),))
    assert NameAddr.parse(str(address)) == address


@given(
    method=TOKENS,
    fields=st.lists(st.tuples(TOKENS.filter(lambda name: len(name) > 2), NAMES.map(str.strip)), max_size=8),
    body=st.binary(max_size=300),
    number=st.integers(0, 2**32 - 1),
)
def test_a_request_survives_a_round_trip(
    method: str, fields: list[tuple[str, str]], body: bytes, number: int
) -> None:
    """Bytes to message to bytes; and what a foreign parser reads is the same."""
    needed = [
        ("Via", "SIP/2.0/UDP 192.0.2.64:5060;rport;branch=z9hG4bKa1"),
        ("From", "<sip:34020000001180000001@3402000000>;tag=dev7001"),
        ("To", "<sip:34020000001180000001@3402000000>"),
        ("Call-ID", "61a0b2@192.0.2.64"),
        ("CSeq", f"{number} {method}"),
    ]
    once = {
        "via",
        "from",
        "to",
        "call-id",
        "cseq",
        "max-forwards",
        "content-length",
        "content-type",
        "expires",
    }
    others = [(name, value) for name, value in fields if name.lower() not in once]
    request = Request(method, "sip:34020000002000000001@3402000000", Headers(needed + others), body)
    data = request.to_bytes()
    parsed = parse_message(data)
    assert isinstance(parsed, Request)
    assert (parsed.method, parsed.uri, parsed.body, parsed.cseq.number) == (method, request.uri, body, number)
    assert [row for row in parsed.headers.items() if row[0] != "Content-Length"] == list(
        request.headers.items()
    )
    assert parsed.to_bytes() == data


@pytest.mark.parametrize("status", [100, 200, 401, 404, 503])
def test_a_foreign_parser_reads_what_we_write(status: int) -> None:
    """The ``sipmessage`` package as an oracle, both ways (it takes no host of digits alone)."""
    rows = [
        ("Via", "SIP/2.0/UDP 192.0.2.64:5060;rport=5060;branch=z9hG4bKa1;received=192.0.2.64"),
        ("From", '"东门" <sip:34020000001180000001@domain.example.com>;tag=dev7001'),
        ("To", "<sip:34020000001180000001@domain.example.com>;tag=plt1"),
        ("Call-ID", "61a0b2@192.0.2.64"),
        ("CSeq", "1 REGISTER"),
        ("Contact", "<sip:34020000001180000001@192.0.2.64:5060>;expires=86400"),
    ]
    response = Response(status, headers=Headers(rows), body=b"<a/>")
    theirs = sipmessage.Message.parse(response.to_bytes())
    assert isinstance(theirs, sipmessage.Response)
    assert theirs.code == status
    assert theirs.call_id == response.call_id
    assert theirs.cseq.sequence == response.cseq.number
    assert theirs.from_address is not None
    assert theirs.from_address.parameters.get("tag") == response.from_.tag
    assert theirs.via[0].parameters.get("branch") == response.vias[0].branch
    ours = parse_message(bytes(theirs))
    assert isinstance(ours, Response)
    assert (ours.status, ours.to, ours.from_.display) == (status, response.to, "东门")


def test_small_things_read_well() -> None:
    """What logs and registrars show."""
    assert str(Peer("udp", "192.0.2.64", 5060)) == "udp:192.0.2.64:5060"
    assert parse_uri("sip:a@h;lr").param("lr") == ""
    assert len(IdSource(bytes).token()) == 8
    assert Request("A", "b") == Request("A", "b")
    assert Response(200) == Response(200)
    nothing = Headers()
    nothing.tag_to("1")
    assert len(nothing) == 0


@pytest.mark.parametrize(
    ("value", "user"),
    [
        ("<sip:34020000001320000001@3402000000>;tag=1", "34020000001320000001"),
        ('"Gate" <sip:34%30@x>', "340"),
        ("sip:340@x;tag=1", "340"),
        ("<sip:x>;tag=1", ""),
    ],
)
def test_the_user_of_from(value: str, user: str) -> None:
    request = Request("MESSAGE", "sip:a@b", Headers([("From", value), ("To", value)]))
    assert request.from_user == user == (request.from_.uri.user or "")
    assert request.to_user == user
