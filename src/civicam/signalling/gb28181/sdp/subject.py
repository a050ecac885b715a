"""The Subject header of an INVITE (GB/T 28181-2022 Annex L)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from civicam.signalling.gb28181.xml import Malformed


@dataclass(frozen=True, slots=True)
class Subject:
    """``Subject: senderID:senderSeq,receiverID:receiverSeq`` (2022 Annex L).

    The sender is the channel, its sequence the SSRC text (first digit 0 live, 1 history).
    """

    sender: str
    sender_sequence: str
    receiver: str
    receiver_sequence: str = "0"

    def __str__(self) -> str:
        return f"{self.sender}:{self.sender_sequence},{self.receiver}:{self.receiver_sequence}"

    @classmethod
    def parse(cls, value: str) -> Subject:
        """Read the header. Raises `Malformed` ``signalling.bad-field``."""
        match = re.fullmatch(
            r"\s*([^:,\s]{1,40}):([^:,\s]{1,40})\s*,\s*([^:,\s]{1,40}):([^:,\s]{1,40})\s*", value
        )
        if match is None:
            raise Malformed("signalling.bad-field", field="Subject", value=ascii(value[:40]))
        return cls(*match.groups())
