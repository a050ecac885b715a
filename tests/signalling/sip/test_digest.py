"""Digest against the vectors of the standard's example exchange, of RFC 2617 and of RFC 7616."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicam.signalling.sip.digest import (
    _PARAM,
    _PLAIN_ANSWER,
    Authorization,
    Challenge,
    Password,
    StoredHash,
    _digest_fields,
    _plain_fields,
    _read_plain,
    answer,
    challenge,
    choose_challenge,
    ha1,
    parse_authorization,
    parse_challenge,
    supported,
    verify,
)
from civicam.signalling.sip.errors import BadMessage
from civicam.signalling.sip.grammar import unquote

DEVICE = "34020000001180000001"
REALM = "3402000000"
URI = "sip:34020000002000000001@3402000000"
HA1 = "b729720406a3714f5165937e16d75843"
WITH_QOP = (
    f'Digest username="{DEVICE}", realm="{REALM}", nonce="5f1c9d3e7b2a4c60", uri="{URI}", '
    'response="6f59e09a47e10d4b77509478df9ba57d", algorithm=MD5, qop=auth, nc=00000001, cnonce="0a4f113b"'
)


def test_ha1_of_the_example() -> None:
    """gb28181.md §9.1."""
    assert ha1(DEVICE, REALM, "Example-9-pass") == HA1


def test_the_example_with_qop_verifies() -> None:
    """The Authorization field as it stands there."""
    auth = parse_authorization(WITH_QOP)
    assert auth is not None
    assert verify(HA1, "REGISTER", auth)
    assert not verify(HA1, "MESSAGE", auth)
    assert not verify(ha1(DEVICE, REALM, "wrong"), "REGISTER", auth)


@pytest.mark.parametrize(
    "uri", [URI, f"sip:{DEVICE}@3402000000", "sip:192.0.2.10:5060", "sip:34020000002000000001@192.0.2.10"]
)
def test_the_uri_of_the_answer_is_the_one_that_counts(uri: str) -> None:
    """Devices compute with another uri than their Request-URI, and say so in ``uri``."""
    auth = parse_authorization(
        answer(Challenge(REALM, "n", "MD5", ""), Password(DEVICE, "Example-9-pass"), "REGISTER", uri, "c")
    )
    assert auth is not None
    assert verify(HA1, "REGISTER", auth)


def test_we_answer_the_example_the_same_way() -> None:
    """With qop and without it."""
    secret = Password(DEVICE, "Example-9-pass")
    question = parse_challenge(f'Digest realm="{REALM}", nonce="5f1c9d3e7b2a4c60", algorithm=MD5, qop="auth"')
    assert question == Challenge(REALM, "5f1c9d3e7b2a4c60", qop="auth")
    given = parse_authorization(answer(question, secret, "REGISTER", URI, "0a4f113b"))
    assert given == parse_authorization(WITH_QOP)
    old = parse_authorization(answer(Challenge(REALM, "5f1c9d3e7b2a4c60"), secret, "REGISTER", URI, ""))
    assert old is not None
    assert old.response == "683579dec04196b8e5370dde422105c5"
    assert (old.qop, old.nc, old.cnonce) == ("", "", "")


def test_a_stored_hash_answers_like_the_password() -> None:
    """A client need not keep the password either; neither shows its secret."""
    question = Challenge(REALM, "5f1c", opaque="o")
    by_hash = answer(question, StoredHash(DEVICE, HA1), "REGISTER", URI, "c")
    assert by_hash == answer(question, Password(DEVICE, "Example-9-pass"), "REGISTER", URI, "c")
    assert by_hash.endswith('opaque="o"')
    assert HA1 not in repr(StoredHash(DEVICE, HA1))
    assert "Example" not in repr(Password(DEVICE, "Example-9-pass"))


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_vectors_of_rfc_7616(algorithm: str, expected: str) -> None:
    """§3.9.1, both algorithms."""
    question = Challenge(
        "http-auth@example.org", "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", algorithm, "auth"
    )
    given = answer(
        question,
        Password("Mufasa", "Circle of Life"),
        "GET",
        "/dir/index.html",
        "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    )
    auth = parse_authorization(given)
    assert auth is not None
    assert auth.response == expected


def test_a_challenge_always_names_its_algorithm() -> None:
    """Some recorders never answer one that does not."""
    assert challenge(REALM, "n") == f'Digest realm="{REALM}", nonce="n", algorithm=MD5, qop="auth"'
    assert challenge(REALM, "n", qop="", stale=True) == (
        f'Digest realm="{REALM}", nonce="n", algorithm=MD5, stale=true'
    )
    question = parse_challenge(challenge('a "realm"', "n", algorithm="SHA-256", stale=True))
    assert question == Challenge('a "realm"', "n", "SHA-256", "auth", stale=True)


@pytest.mark.parametrize(
    "value",
    [
        WITH_QOP.replace("algorithm=MD5", 'algorithm="md5"').replace("qop=auth", 'qop="AUTH"'),
        WITH_QOP.replace("nc=00000001", 'nc="00000001"').replace(", ", ","),
        WITH_QOP.replace("Digest", "digest").replace("6f59e09a", "6F59E09A") + " ,",
        WITH_QOP.replace(f'username="{DEVICE}"', f"username={DEVICE}"),
    ],
    ids=["quoted", "no spaces", "case", "bare"],
)
def test_devices_write_it_in_many_ways(value: str) -> None:
    """gb28181.md §2.5: quoted or bare, any case."""
    auth = parse_authorization(value)
    assert auth is not None
    assert verify(HA1, "REGISTER", auth)


@pytest.mark.parametrize(
    "value", [None, "Basic YTpi", "NoOneKnowsThisScheme opaque-data=here", "Digest algorithm=SM3"]
)
def test_what_we_do_not_know_is_no_answer(value: str | None) -> None:
    """The registrar then challenges by its own scheme (RFC 4475 §3.3.7)."""
    assert parse_authorization(value) is None
    assert parse_challenge(value or "Basic realm=a") is None


@pytest.mark.parametrize(
    "value",
    [
        'Digest username="a"',
        'Digest username="a',
        "Digest =,=",
        'Digest username="a", realm',
        WITH_QOP.replace("nc=00000001", "nc=xyz"),
        WITH_QOP.replace('cnonce="0a4f113b"', 'cnonce=""'),
        WITH_QOP.replace("qop=auth", "qop=auth-int"),
    ],
)
def test_a_broken_answer_is_refused(value: str) -> None:
    """400, not a wrong password."""
    with pytest.raises(BadMessage):
        parse_authorization(value)


@pytest.mark.parametrize("end", [",", " , ", ", ,", "   "])
def test_a_comma_at_the_end_is_overlooked(end: str) -> None:
    """Some devices join their parameters with one too many."""
    found = parse_challenge(f'Digest realm="a", nonce="n"{end}')
    assert found is not None
    assert (found.realm, found.nonce) == ("a", "n")


def test_a_challenge_without_nonce_is_refused() -> None:
    """A client cannot answer it."""
    with pytest.raises(BadMessage):
        parse_challenge('Digest realm="a"')
    with pytest.raises(BadMessage):
        parse_challenge('Digest nonce="a"')


def test_an_unknown_algorithm_cannot_be_computed() -> None:
    """SM3 in REGISTER is nowhere defined."""
    assert supported("sha-256")
    assert not supported("SM3")
    with pytest.raises(BadMessage):
        verify(HA1, "REGISTER", Authorization("a", "b", "c", "d", "e", algorithm="SM3"))


@pytest.mark.parametrize(
    ("endings", "chosen"),
    [
        (["algorithm=SHA-256", "algorithm=MD5"], 0),
        (["algorithm=md5", "algorithm=SHA-256"], 0),
        (["algorithm=SM3", "opaque=x"], 1),
        (["algorithm=SM3"], None),
        ([], None),
    ],
)
def test_the_server_likes_the_first_best(endings: list[str], chosen: int | None) -> None:
    """RFC 8760: the topmost challenge whose algorithm we have; without a name it is MD5."""
    values = ["Basic realm=r", *(f'Digest realm="r", nonce="1", {ending}' for ending in endings)]
    assert choose_challenge(values) == (None if chosen is None else values[chosen + 1])


_DIGEST = st.lists(
    st.tuples(
        st.sampled_from(["username", "realm", "nonce", "uri", "response", "nc", "x-y", "a b", ""]),
        st.sampled_from(["=", " = ", "", "=="]),
        st.sampled_from(['"a"', "a", '"a,b"', '"a\\"b"', '""', '"', "", "a b", '"a b"', 'a"b', "中", "a=b"]),
    ),
    max_size=6,
)


@given(fields=_DIGEST, comma=st.sampled_from([",", ", ", " ,", ",,"]))
def test_plain_parameters_are_read_as_the_long_way_reads_them(
    fields: list[tuple[str, str, str]], comma: str
) -> None:
    text = comma.join("".join(each) for each in fields)
    plain = _plain_fields(text)
    if plain is None:
        return
    found: dict[str, str] = {}
    at = 0
    while at < len(text):
        match = _PARAM.match(text, at)
        assert match is not None, text
        found.setdefault(match[1].lower(), unquote(match[2]))
        at = match.end()
    assert plain == found


PIECES = (
    f'username="{DEVICE}"', f'realm="{REALM}"', 'nonce="5f1c"', f'uri="{URI}"', 'response="6f59e0"',
    "algorithm=MD5", "qop=auth", "nc=00000001", 'cnonce="0a4f"', "algorithm=SHA-256", 'realm="x y"', 'uri=""',
    'response="6F59"', "qop=auth-int", "nc=1", 'opaque="o"', 'cnonce="a,b"', "nonce=bare", 'realm="a\\"b"',
)  # fmt: skip


@given(
    pieces=st.one_of(st.permutations(PIECES[:9]), st.lists(st.sampled_from(PIECES), max_size=12)),
    comma=st.sampled_from([", ", ", ", ","]),
    end=st.sampled_from(["", "", ", ", " "]),
)
def test_the_short_way_of_reading_an_answer_reads_the_same(pieces: list[str], comma: str, end: str) -> None:
    value = "Digest " + comma.join(pieces) + end
    plain = _PLAIN_ANSWER.fullmatch(value)
    found = None if plain is None else _read_plain(plain, value)
    if found is None:
        return
    fields = _digest_fields(value, "Authorization")
    assert fields is not None
    assert found._asdict() == {"algorithm": "MD5", "qop": "", "nc": "", "cnonce": ""} | fields


def test_the_usual_answer_goes_the_short_way() -> None:
    for value in (WITH_QOP, WITH_QOP.partition(", qop")[0]):
        plain = _PLAIN_ANSWER.fullmatch(value)
        assert plain is not None
        assert _read_plain(plain, value) == parse_authorization(value)
