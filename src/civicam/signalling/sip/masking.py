"""Secrets out of messages that people are shown (a trace, a ticket to a maker's support).

Kept out: the proof of a digest (``response``, ``cnonce``), elements, attributes and parameters whose name
speaks of a password, a token or a secret (GB/T 28181 BasicParam, FTP and firmware addresses), and the
password in a URL.
Works on bytes, so that GB18030 text comes through untouched. A message that was cut short may end inside a
secret: then everything to its end goes.
"""

from __future__ import annotations

import re

MASK = b"***"

_WORD = rb"(?:password|passwd|passphrase|pwd|secret|token|uploadurl)[\w.\-]{0,40}"

_ELEMENT = re.compile(
    rb"(<([\w.:\-]{0,40}" + _WORD + rb")(?:\s[^<>]{0,200})?>).*?(?=</\s{0,8}\2\s{0,8}>|\Z)",
    re.IGNORECASE | re.DOTALL,
)
_PARAMETER = re.compile(
    rb"(" + _WORD + rb"\s{0,8}=\s{0,8})(?:\"[^\"]*\"?|'[^']*'?|[^\s&;,<>\"']+)", re.IGNORECASE
)
_USER_INFO = re.compile(rb"((?:://|\bsips?:)[^\s/:@<>\"]{0,200}:)[^\s/@<>\"]{1,200}(?=@)", re.IGNORECASE)
_FIELD = re.compile(rb"(\n(?:proxy-)?authorization[ \t]*:)([^\n]*(?:\n[ \t][^\n]*)*)", re.IGNORECASE)
_DIGEST = re.compile(rb"\bdigest\b", re.IGNORECASE)
_PROOF = re.compile(rb"(\b(?:response|cnonce)\s*=\s*)(?:\"[^\"\r\n]*\"?|[^\s,\"]+)", re.IGNORECASE)


def masked(message: bytes) -> bytes:
    """``message`` with every secret replaced by ``***``; the rest byte for byte."""
    head, gap, body = message.partition(b"\r\n\r\n")
    head = _FIELD.sub(_authorization, head)
    return b"".join(_everywhere(part) for part in (head, gap, body))


def _everywhere(text: bytes) -> bytes:
    text = _ELEMENT.sub(rb"\1" + MASK, text)
    text = _PARAMETER.sub(rb"\1" + MASK, text)
    return _USER_INFO.sub(rb"\1" + MASK, text)


def _authorization(found: re.Match[bytes]) -> bytes:
    """A Digest value keeps its public half; of another scheme (Basic) nothing stays."""
    name, value = found[1], found[2]
    if _DIGEST.match(value.lstrip()) is None:
        return name + b" " + MASK + (b"\r" if value.endswith(b"\r") else b"")
    return name + _PROOF.sub(rb"\1" + MASK, value)
