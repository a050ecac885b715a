"""Reading MANSCDP bodies: bytes first decoded, then parsed by a hardened lxml, with limits.

Why not straight into a parser: expat refuses every GB2312/GB18030 declaration, devices declare one
encoding and send another, and a body is hostile until proven otherwise. So (GB/T 28181-2022 §6.10):

1. size limit, then decode: UTF-8 when the bytes are valid UTF-8 and either say so or have a sequence of
   three bytes or more (Chinese; GB18030 text practically never looks like it), else GB18030, which
   contains GB2312 and GBK; what cannot be decoded becomes U+FFFD, the message stays;
2. the XML declaration is dropped; any ``<!DOCTYPE`` or ``<!ENTITY`` refuses the message;
3. depth and element counts are limited by a scan before the parser builds anything;
4. a body that does not parse is tried once more after escaping stray ``&`` and ``<``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import accumulate, islice

from lxml import etree

from civicam.kernel.errors import Datum, Refused, Side

Element = etree._Element  # lxml has no public name for it


@dataclass(frozen=True, slots=True)
class XmlLimits:
    """Bounds of one body; beyond them it is refused, not shortened."""

    size: int = 4 * 1024 * 1024
    """Bytes. A Catalog part of 10 000 items (the standard's maximum) goes over TCP in pieces."""
    depth: int = 16
    elements: int = 200_000
    text: int = 4096
    """Characters kept of one element's text; longer text is cut (an address is not a novel)."""


DEFAULT_LIMITS = XmlLimits()
MAX_FIELDS = 256
"""Children of one element that may be fields of it; items of lists are not bounded by this."""


class Malformed(Refused):
    """The body cannot be read; ``code`` says how (``signalling.xml-…`` or ``signalling.bad-field``)."""

    def __init__(self, code: str, **data: Datum) -> None:
        super().__init__(code, side=Side.REMOTE, **data)


_DECLARATION = re.compile(r"^\s*<\?xml[^>]{0,200}\?>")
_SAYS_UTF8 = re.compile(
    rb"\s*(?:\xef\xbb\xbf|<\?xml[^>]{0,100}?encoding\s*=\s*[\"']utf-?8[\"'])", re.IGNORECASE
)
_LONG_SEQUENCE = re.compile("[\u0800-\U0010ffff]")
_FORBIDDEN = re.compile(r"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_TAG = re.compile(r"<(/?)[A-Za-z_一-鿿][^<>]*+(?:(?<=(/)))?+>")
_STEPS = {("", ""): 1, ("", "/"): 0, ("/", ""): -1, ("/", "/"): -1}
"""How a tag changes the depth, by the slashes `_TAG` finds in it."""
_STRAY_AMP = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});)")
_STRAY_LT = re.compile(r"<(?![A-Za-z_/!?])")
# What XML 1.0 §2.2 forbids in a document; NUL and other control characters arrive in names.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def decode(body: bytes) -> str:
    """Text of a body, whatever it declares; undecodable bytes become U+FFFD."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return body.decode("gb18030", errors="replace")
    if text.isascii() or _LONG_SEQUENCE.search(text) or _SAYS_UTF8.match(body):
        return text
    # 忙 alone is C3 A6 in GB2312, which is also UTF-8 for æ: two-byte sequences prove nothing
    return body.decode("gb18030", errors="replace")


def parse(body: bytes, limits: XmlLimits = DEFAULT_LIMITS) -> Element:
    """The root element of ``body``. Raises `Malformed`."""
    if len(body) > limits.size:
        raise Malformed("signalling.xml-too-large", size=len(body), limit=limits.size)
    text = _NOT_XML.sub("", decode(body))
    text = _DECLARATION.sub("", text, count=1).strip()
    if not text:
        raise Malformed("signalling.xml-empty")
    if _FORBIDDEN.search(text):
        raise Malformed("signalling.xml-entities")
    _check_shape(text, limits)
    try:
        return _parse(text)
    except etree.XMLSyntaxError:
        pass
    try:
        return _parse(_STRAY_LT.sub("&lt;", _STRAY_AMP.sub("&amp;", text)))
    except etree.XMLSyntaxError as error:
        raise Malformed("signalling.xml-syntax", detail=str(error)[:120]) from None


def _check_shape(text: str, limits: XmlLimits) -> None:
    """Count tags and nesting before lxml sees the text; cheap and independent of it."""
    tags = _TAG.findall(text)
    if max(accumulate(map(_STEPS.__getitem__, tags)), default=0) > limits.depth:
        raise Malformed("signalling.xml-too-deep", limit=limits.depth)
    if len(tags) > limits.elements and tags.count(("", "")) + tags.count(("", "/")) > limits.elements:
        raise Malformed("signalling.xml-too-many", limit=limits.elements)


def _parse(text: str) -> Element:
    # A parser of its own each time: lxml parsers keep state and are not re-entrant.
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        encoding="utf-8",
    )
    return etree.fromstring(text.encode(), parser)


def local_name(element: Element) -> str:
    """The tag without a namespace; some firmwares declare one."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


class _Asked:
    """The element asked last and its children by name: an item of a list is asked for all of its fields in
    turn, and looking through them for each made a list twice as dear. Trees are not changed once read.
    """

    last: tuple[Element | None, dict[str, Element]] = (None, {})


def child(element: Element, name: str) -> Element | None:
    """The first child called ``name``, ignoring case (firmwares disagree about it).

    Among the first `MAX_FIELDS` children: a command has dozens of fields, and is asked for each of them.
    """
    asked, children = _Asked.last
    if asked is not element:
        children = {}
        for each in islice(element, MAX_FIELDS):
            children.setdefault(local_name(each).lower(), each)
        _Asked.last = element, children
    return children.get(name.lower())


def text_of(element: Element | None, name: str, limit: int = DEFAULT_LIMITS.text) -> str | None:
    """Stripped text of a child, or of the attribute of that name; None when there is neither.

    Some minimal firmwares put CmdType and SN into attributes of the root.
    """
    if element is None:
        return None
    found = child(element, name)
    if found is not None:
        return (found.text or "").strip()[:limit]
    for key, value in element.attrib.items():
        if str(key).lower() == name.lower():
            return str(value).strip()[:limit]
    return None
