"""Nonces: bound to a device and a time, good once and for a short while again."""

from __future__ import annotations

import pytest

from civicam.signalling.sip.nonce import NonceBook, NonceState

SECRET = b"0123456789abcdef"
CAMERA, OTHER = "34020000001320000001", "34020000001320000002"


@pytest.fixture
def book() -> NonceBook:
    """Lives 300 s, reuse 8 s."""
    return NonceBook(SECRET)


def test_a_nonce_is_fresh_for_its_device_only(book: NonceBook) -> None:
    """In the hands of another device it is forged."""
    nonce = book.issue(CAMERA, 1000.0)
    assert book.check(CAMERA, nonce, "", 1001.0) is NonceState.FRESH
    assert book.check(OTHER, nonce, "", 1001.0) is NonceState.FORGED
    assert book.issue(CAMERA, 1000.0) != nonce


@pytest.mark.parametrize("nonce", ["", "5f1c9d3e7b2a4c60", "é" * 38, "0" * 38, "x" * 38])
def test_what_we_never_issued_is_forged(book: NonceBook, nonce: str) -> None:
    """Whatever its form."""
    assert book.check(CAMERA, nonce, "", 1000.0) is NonceState.FORGED


def test_a_nonce_of_another_process_is_forged(book: NonceBook) -> None:
    """After a restart the secret is new; the device is challenged again."""
    nonce = NonceBook(b"another secret..").issue(CAMERA, 1000.0)
    assert book.check(CAMERA, nonce, "", 1000.0) is NonceState.FORGED


def test_a_nonce_grows_old(book: NonceBook) -> None:
    """Five minutes; and one from the future is none of this clock."""
    nonce = book.issue(CAMERA, 1000.0)
    assert book.check(CAMERA, nonce, "", 1300.0) is NonceState.FRESH
    assert book.check(CAMERA, nonce, "", 1301.0) is NonceState.STALE
    assert book.check(CAMERA, nonce, "", 900.0) is NonceState.STALE


def test_the_old_form_serves_once_and_shortly_again(book: NonceBook) -> None:
    """The authorised REGISTER may arrive twice; eight seconds later it is worn out."""
    nonce = book.issue(CAMERA, 1000.0)
    book.use(nonce, "", 1000.0)
    assert book.check(CAMERA, nonce, "", 1008.0) is NonceState.FRESH
    book.use(nonce, "", 1008.0)
    assert book.check(CAMERA, nonce, "", 1009.0) is NonceState.STALE


def test_a_higher_count_uses_a_nonce_again(book: NonceBook) -> None:
    """With qop=auth a refresh counts on (RFC 2617 §3.2.2)."""
    nonce = book.issue(CAMERA, 1000.0)
    book.use(nonce, "00000001", 1000.0)
    assert book.check(CAMERA, nonce, "00000001", 1009.0) is NonceState.STALE
    assert book.check(CAMERA, nonce, "00000002", 1009.0) is NonceState.FRESH
    book.use(nonce, "00000002", 1009.0)
    assert book.check(CAMERA, nonce, "00000001", 1018.0) is NonceState.STALE


def test_used_nonces_are_forgotten_after_their_life_or_when_too_many() -> None:
    """Memory is bounded both ways."""
    book = NonceBook(SECRET, max_used=2)
    for number in range(5):
        book.use(book.issue(CAMERA, 1000.0 + number), "", 1000.0 + number)
    assert len(book) == 2
    book.use(book.issue(CAMERA, 2000.0), "", 2000.0)
    assert len(book) == 1


def test_a_short_secret_is_refused() -> None:
    """It could be guessed."""
    with pytest.raises(ValueError, match="16 bytes"):
        NonceBook(b"short")


def test_a_nonce_of_another_process_has_our_form(book: NonceBook) -> None:
    """What a client makes up has not."""
    assert NonceBook.shaped(NonceBook(b"another secret of 16").issue(CAMERA, 0))
    for made_up in ("", "1234", "g" * 38, "A" * 38, "0" * 37):
        assert not NonceBook.shaped(made_up)
