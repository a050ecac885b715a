"""Digest answers against the examples of RFC 7616 §3.9.1 and RFC 2617 §3.5; what is chosen, what refused."""

from __future__ import annotations

import pytest

from civicam.media.core.rtsp_auth import Authenticator, challenges

CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
RFC7616 = (
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={algorithm}, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
    'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)


def answer(value: str, user: str, password: str, cnonce: str, method: str, uri: str) -> str:
    authenticator = Authenticator(user, password, lambda: cnonce)
    authenticator.accept(challenges((value,))[0])
    header = authenticator.header(method, uri)
    assert header is not None
    return header


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_examples_of_rfc_7616(algorithm: str, response: str) -> None:
    value = RFC7616.format(algorithm=algorithm)
    header = answer(value, "Mufasa", "Circle of Life", CNONCE, "GET", "/dir/index.html")
    assert f'response="{response}"' in header
    assert f"algorithm={algorithm}" in header
    assert "qop=auth, nc=00000001" in header
    assert f'cnonce="{CNONCE}"' in header
    assert 'opaque="FQhe/' in header


def test_the_example_of_rfc_2617() -> None:
    value = (
        'Digest realm="testrealm@host.com", qop="auth,auth-int", '
        'nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"'
    )
    header = answer(value, "Mufasa", "Circle Of Life", "0a4f113b", "GET", "/dir/index.html")
    assert 'response="6629fae49393a05397450978507c4ef1"' in header
    assert "algorithm" not in header


def test_without_qop_the_old_form_is_used() -> None:
    header = answer('Digest realm="r", nonce="n"', "u", "p", "c", "DESCRIBE", "rtsp://h/s")
    # MD5(MD5(u:r:p):n:MD5(DESCRIBE:rtsp://h/s)), computed with md5sum
    assert 'response="607d88858b86ffea4761dc877df0f9a6"' in header
    assert "cnonce" not in header
    assert "nc=" not in header


def test_each_use_of_a_nonce_is_counted() -> None:
    authenticator = Authenticator("u", "p", lambda: "c")
    assert authenticator.header("OPTIONS", "rtsp://h/s") is None
    authenticator.accept(challenges(('Digest realm="r", nonce="n", qop="auth"',))[0])
    first, second = authenticator.header("A", "u"), authenticator.header("A", "u")
    assert first is not None
    assert second is not None
    assert "nc=00000001" in first
    assert "nc=00000002" in second
    authenticator.accept(challenges(('Digest realm="r", nonce="m", qop="auth"',))[0])
    assert "nc=00000001" in (authenticator.header("A", "u") or "")


def test_basic_is_the_last_choice() -> None:
    offered = challenges(
        ('Basic realm="r"', 'Digest realm="r", nonce="a"', 'Digest realm="r", nonce="b", algorithm=SHA-256')
    )
    assert [(c.scheme, c.nonce) for c in offered] == [("digest", "b"), ("digest", "a"), ("basic", "")]
    authenticator = Authenticator("Aladdin", "open sesame", lambda: "")
    authenticator.accept(offered[-1])
    assert authenticator.header("DESCRIBE", "rtsp://h/s") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Negotiate",
        'Digest realm="r"',
        'Digest realm="r", nonce="n", algorithm=SHA-512-256',
        'Digest realm="r", nonce="n", qop="auth-int"',
    ],
)
def test_what_we_cannot_answer_is_not_chosen(value: str) -> None:
    assert challenges((value,)) == []


def test_session_algorithms_and_quotes() -> None:
    header = answer('Digest realm="r", nonce="n", algorithm=MD5-sess', 'a"b', "p", "c", "X", "u")
    assert 'username="a\\"b"' in header
    assert 'cnonce="c"' in header
    assert "algorithm=MD5-sess" in header


def test_a_stale_challenge_says_so() -> None:
    assert challenges(('Digest realm="r", nonce="n", stale=TRUE',))[0].stale
