"""What the endpoint refuses before the layer above hears of it (RFC 3261 §8.2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from civicam.signalling.sip.build import ALLOW
from civicam.signalling.sip.message import Request
from civicam.signalling.sip.uri import parse_uri

KNOWN_METHODS = frozenset(
    {"REGISTER", "INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "MESSAGE", "INFO", "SUBSCRIBE", "NOTIFY"}
    | {"PRACK", "UPDATE", "REFER", "PUBLISH"}
)
"""Methods that have an RFC; any other gets 501 instead of 405."""

MANSCDP = "application/manscdp+xml"
MANSRTSP = "application/mansrtsp"
SDP = "application/sdp"

_XML = frozenset({MANSCDP, "application/xml", "text/xml"})
XML_TYPES = sorted({*_XML, "application/manscdp"})
"""Media types of a body that may be MANSCDP."""
_SHORT = {"application/manscdp": MANSCDP}
"""Forgotten endings: taken, and not offered in Accept."""
_TYPES: dict[str, frozenset[str]] = {
    "INVITE": frozenset({SDP}),
    "MESSAGE": _XML,
    "SUBSCRIBE": _XML,
    "NOTIFY": _XML,
    "INFO": frozenset({MANSRTSP, "application/rtsp", MANSCDP}),
}

Refusal = tuple[int, list[tuple[str, str]]]
"""Status and the header fields that explain it."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What this endpoint understands. ``content_types`` maps a method to the media types its body may
    have.
    """

    methods: frozenset[str] = frozenset(word.strip() for word in ALLOW.split(","))
    content_types: Mapping[str, frozenset[str]] = field(default_factory=lambda: _TYPES)
    extensions: frozenset[str] = frozenset()
    """Option tags we support; others in Require get 420."""
    answer_options: bool = True
    """OPTIONS gets 200 from the endpoint itself."""

    @property
    def allow(self) -> str:
        """The value of Allow, in the order of `ALLOW`, then others by name."""
        usual = [word.strip() for word in ALLOW.split(",")]
        return ", ".join(
            [word for word in usual if word in self.methods] + sorted(self.methods.difference(usual))
        )

    @property
    def accept(self) -> str:
        """The value of Accept: every media type taken by some method."""
        return ", ".join(sorted({SDP, MANSCDP, MANSRTSP} & frozenset().union(*self.content_types.values())))


def refusal(request: Request, policy: Policy) -> Refusal | None:
    """Why ``request`` is not taken, in the order of RFC 3261 §8.2: method, URI, extensions, content."""
    if request.method not in policy.methods:
        return (405 if request.method in KNOWN_METHODS else 501), [("Allow", policy.allow)]
    if not request.uri.startswith("sip:") and not parse_uri(request.uri).is_sip:
        return 416, []
    if request.headers.first("require") is not None:
        unknown = [
            tag for tag in _words(request.headers.get_all("Require")) if tag.lower() not in policy.extensions
        ]
        if unknown:
            return 420, [("Unsupported", ", ".join(unknown))]
    return _content_refusal(request, policy)


def _content_refusal(request: Request, policy: Policy) -> Refusal | None:
    taken = policy.content_types.get(request.method)
    if taken is None:
        return None
    if request.body:
        kind = _SHORT.get(request.content_type, request.content_type)
        if kind and kind not in taken:
            return 415, [("Accept", ", ".join(sorted(taken)))]
        coding = request.headers.first("content-encoding")
        if coding and coding.strip().lower() != "identity":
            return 415, [("Accept-Encoding", "identity")]
    if (
        request.method == "INVITE"
        and "Accept" in request.headers
        and not _accepts_sdp(request.headers.get_all("Accept"))
    ):
        return 406, []
    return None


def _accepts_sdp(accept: list[str]) -> bool:
    """True when an answer in SDP is welcome (RFC 3261 §20.1)."""
    ranges = {word.partition(";")[0].strip().lower() for word in _words(accept)}
    return bool(ranges & {SDP, "application/*", "*/*"})


def _words(values: Iterable[str]) -> list[str]:
    return [word.strip() for value in values for word in value.split(",") if word.strip()]
