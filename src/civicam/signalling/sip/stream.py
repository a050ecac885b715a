"""TCP framing (RFC 3261 §18.3): a head up to the empty line, then Content-Length bytes; glued or cut
anywhere.

Framing errors are final: after a wrong length nobody knows where the next message begins, so the connection
closes. One wrong length is understood: devices that count characters instead of bytes. Where an XML body with
more than ASCII in it stops before the end of its root element, the rest up to that end belongs to it; until
that rest or another message comes, the message waits (`Limits.half_open_s` bounds it).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from civicam.signalling.sip.errors import BadMessage, bad_length, lost_place, too_large
from civicam.signalling.sip.limits import Limits
from civicam.signalling.sip.line_ends import bare_head, with_returns
from civicam.signalling.sip.parse import Draft, content_length, read_head

_END = b"\r\n\r\n"
_ROOT = re.compile(rb"<(Response|Notify|Query|Control)[\s>]")
_VERSION = b"SIP/2.0"
_WIDEST = 4
"""Bytes of a character, GB18030 and UTF-8."""


@dataclass(slots=True)
class StreamBuffer:
    """The bytes of one connection that are not a whole message yet; never more than ``limits.message_bytes``.

    ``broken`` is set for good after a framing error. ``blank`` counts keep-alive bytes between messages,
    ``miscounted`` the messages whose Content-Length counted characters.
    """

    limits: Limits
    broken: bool = False
    blank: int = 0
    miscounted: int = 0
    _seen: bool = False
    """A whole message came before."""
    _buffer: bytearray = field(default_factory=bytearray)
    _scanned: int = 0
    _draft: Draft | None = None
    _body_at: int = 0
    _length: int = 0

    @property
    def pending(self) -> int:
        """Bytes held that are no whole message yet."""
        return len(self._buffer)

    def feed(self, data: bytes) -> None:
        """Add bytes as they came; take the messages out with `next_message` afterwards."""
        if not self.broken:
            self._buffer += data

    def next_message(self) -> tuple[Draft, bytes, bytes] | None:
        """The next whole message: its draft, its body, its head as sent; ``None`` when more bytes are needed.

        On a framing error gives the draft with its ``fault``, and sets ``broken``.
        """
        if self.broken:
            return None
        if self._draft is None:
            self._skip_blanks()
            self._put_returns()
            end = self._buffer.find(_END, max(0, self._scanned - 3))
            if end < 0:
                self._scanned = len(self._buffer)
                if len(self._buffer) <= self.limits.head_bytes:
                    return None
                return self._break(
                    bytes(self._buffer), too_large("bytes in the head", self.limits.head_bytes)
                )
            fault = self._begin(end)
            if fault is not None:
                return self._break(bytes(self._buffer[:end]), fault)
        return self._complete()

    def _begin(self, end: int) -> BadMessage | None:
        """Read the head that ends at ``end``; gives the framing error, if any."""
        if end > self.limits.head_bytes:
            return too_large("bytes in the head", self.limits.head_bytes)
        draft = read_head(bytes(self._buffer[:end]), self.limits)
        try:
            length = content_length(draft)
        except BadMessage as fault:
            return fault
        if length is None:
            if draft.headers.first("content-type") is not None:
                return bad_length()
            length = 0
        if not draft.method and not draft.status:
            return lost_place() if self._seen else draft.fault  # else this was never SIP
        if len(draft.headers.get_all("content-length")) > 1:
            return bad_length()
        if end + len(_END) + length > self.limits.message_bytes:
            return too_large("bytes", self.limits.message_bytes)
        self._draft, self._body_at, self._length = draft, end + len(_END), length
        return None

    def _complete(self) -> tuple[Draft, bytes, bytes] | None:
        draft, stop = self._draft, self._body_at + self._length
        if draft is None or len(self._buffer) < stop:
            return None
        end = self._end_of_xml(draft, stop)
        if end is None:
            return None
        head = bytes(self._buffer[: self._body_at])
        body = bytes(self._buffer[self._body_at : end])
        del self._buffer[:end]
        self._draft, self._scanned, self._seen = None, 0, True
        if end != stop:
            self.miscounted += 1
        return draft, body, head

    def _end_of_xml(self, draft: Draft, stop: int) -> int | None:
        """Where the body truly ends if its length counted characters, else ``stop``; ``None`` to wait."""
        if "xml" not in (draft.headers.first("content-type") or "").lower():
            return stop
        body = self._buffer[self._body_at : stop]
        root = None if body.isascii() else _ROOT.search(body)
        if root is None or (closing := b"</" + root[1]) in body:
            return stop
        limit = min(self._body_at + _WIDEST * self._length, self.limits.message_bytes)
        found = self._buffer.find(closing, max(self._body_at, stop - len(closing)), limit)
        other = self._buffer.find(_VERSION, stop, limit)
        if found >= 0 and not 0 <= other < found:
            return self._buffer.find(b">", found) + 1 or None
        return stop if other >= 0 or len(self._buffer) >= limit else None

    def _break(self, head: bytes, fault: BadMessage) -> tuple[Draft, bytes, bytes]:
        draft = read_head(head[: self.limits.head_bytes], self.limits)
        draft.fault = fault
        self.broken = True
        self._buffer.clear()
        return draft, b"", head

    def _put_returns(self) -> None:
        """A head with LF alone is read as if it had CRLF."""
        length = bare_head(self._buffer)
        if length:
            self._buffer[:length] = with_returns(bytes(self._buffer[:length]))
            self._scanned = 0

    def _skip_blanks(self) -> None:
        """CRLF before a start line is ignored (RFC 3261 §7.5); devices use it as a keep-alive."""
        count = 0
        while count < len(self._buffer) and self._buffer[count] in b"\r\n\0":
            count += 1
        if count:
            del self._buffer[:count]
            self._scanned = 0
            self.blank += count
