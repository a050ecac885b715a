"""What people are shown holds no secret, and everything else as it was."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from civicam.signalling.sip.masking import masked

HEAD = b"MESSAGE sip:a@b SIP/2.0\r\nCall-ID: 1\r\n"


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (
            HEAD + b'Authorization: Digest username="u", nonce="n1", response="abc", cnonce="c0"\r\n\r\n',
            HEAD + b'Authorization: Digest username="u", nonce="n1", response=***, cnonce=***\r\n\r\n',
        ),
        (
            HEAD + b"proxy-authorization:digest response=abc,nc=1\r\nTo: x\r\n\r\n",
            HEAD + b"proxy-authorization:digest response=***,nc=1\r\nTo: x\r\n\r\n",
        ),
        (
            HEAD + b'Authorization: Digest nonce="n",\r\n response="abc",\r\n\tcnonce="c"\r\nTo: x',
            HEAD + b'Authorization: Digest nonce="n",\r\n response=***,\r\n\tcnonce=***\r\nTo: x',
        ),
        (HEAD + b"Authorization: Basic dTpw\r\nTo: x", HEAD + b"Authorization: ***\r\nTo: x"),
        (HEAD + b"Authorization: Basic dTpw", HEAD + b"Authorization: ***"),
        (HEAD + b'Authorization: Digest response="ab', HEAD + b"Authorization: Digest response=***"),
        (HEAD + b"\r\nresponse=ok", HEAD + b"\r\nresponse=ok"),
        (HEAD + b"\r\n<Password>p1</Password>", HEAD + b"\r\n<Password>***</Password>"),
        (HEAD + b"\r\n<PassWord >p1</PassWord >", HEAD + b"\r\n<PassWord >***</PassWord >"),
        (
            HEAD + b"\r\n<a:LoginPwd x='1'><![CDATA[<p>]]></a:LoginPwd>",
            HEAD + b"\r\n<a:LoginPwd x='1'>***</a:LoginPwd>",
        ),
        (HEAD + b"\r\n<Password>half of i", HEAD + b"\r\n<Password>***"),
        (HEAD + b"\r\n<Item password=\"p 1\" n='2'/>", HEAD + b"\r\n<Item password=*** n='2'/>"),
        (HEAD + b"\r\n<F>http://h/x?pwd=p1&amp;n=2</F>", HEAD + b"\r\n<F>http://h/x?pwd=***&amp;n=2</F>"),
        (HEAD + b"\r\n<F>ftp://u:p1@h/x</F>", HEAD + b"\r\n<F>ftp://u:***@h/x</F>"),
        (b"REGISTER sip:u:p1@h SIP/2.0\r\n\r\n", b"REGISTER sip:u:***@h SIP/2.0\r\n\r\n"),
        (HEAD + b"To: <sip:u@h:5060>\r\n\r\n", HEAD + b"To: <sip:u@h:5060>\r\n\r\n"),
        (HEAD + b"\r\n<N>\xc3\xdc\xc2\xeb token</N>", HEAD + b"\r\n<N>\xc3\xdc\xc2\xeb token</N>"),
        (HEAD + b"\r\n<URL>http://h/u?Token=t1;x</URL>", HEAD + b"\r\n<URL>http://h/u?Token=***;x</URL>"),
    ],
)  # fmt: skip
def test_what_is_kept_out(message: bytes, shown: bytes) -> None:
    assert masked(message) == shown


_secret = st.text("0123456789abcdefXYZ", min_size=12, max_size=20).map(str.encode)


@given(
    secret=_secret,
    frame=st.sampled_from(
        [
            b'To: x\r\nAuthorization: Digest username="u", response="%s"\r\n\r\n',
            b"To: x\r\nAuthorization: Basic %s\r\n\r\n",
            b"To: x\r\n\r\n<BasicParam><Password>%s</Password></BasicParam>",
            b"To: x\r\n\r\n<Upgrade><FileURL>ftp://u:%s@h/f</FileURL></Upgrade>",
            b"To: x\r\n\r\n<A ftpPassword='%s'/>",
        ]
    ),
    cut=st.integers(min_value=0, max_value=90),
)
def test_a_message_cut_anywhere_gives_nothing_away(secret: bytes, frame: bytes, cut: int) -> None:
    """However the message ends, no eight bytes of the secret are left, unless what hides it is cut off."""
    message = HEAD + frame % secret
    shown = masked(message)
    assert secret not in shown
    if b"://" not in frame:  # the @ that makes it a password may be gone with the cut
        kept = masked(message[: len(message) - cut])
        assert secret[:8] not in kept


@settings(max_examples=50, deadline=1000)
@given(
    st.sampled_from(
        [b"sip:", b"<password", b"a.", b"password", b"token ", b"pwd=", b"://a:", b"<secret>", b"\t"]
    )
)
@example(b"<password>")
def test_no_text_is_slow_to_mask(piece: bytes) -> None:
    """8 KiB of what the patterns begin with."""
    masked(HEAD + b"\r\n" + piece * (8192 // len(piece)))
    masked(HEAD + b"Authorization: Digest " + piece * (8192 // len(piece)))
