"""Atheris targets for what GB/T 28181 puts into SIP bodies: SDP, MANSCDP, PTZ codes, playback control.

Only a refusal may come out of a parser. What was read can be written, and what was written reads the same.
"""

from __future__ import annotations

from harness import Target, instrumented, main

with instrumented("civicam.signalling.gb28181"):
    from civicam.kernel.errors import Refused
    from civicam.signalling.gb28181 import manscdp, mansrtsp, ptz, sdp


def fuzz_sdp(data: bytes) -> None:
    """Offers and answers; everything the gateway asks of one."""
    try:
        read = sdp.parse(data)
    except Refused:
        return
    read.is_ps()
    read.private_encoding()


def fuzz_subject(data: bytes) -> None:
    """The Subject header."""
    try:
        read = sdp.Subject.parse(data.decode("utf-8", "surrogateescape"))
    except Refused:
        return
    if sdp.Subject.parse(str(read)) != read:
        raise AssertionError(f"{read} reads otherwise")


def fuzz_manscdp(data: bytes) -> None:
    """Bodies of MESSAGE and NOTIFY."""
    try:
        command = manscdp.parse_message(data)
    except Refused:
        return
    if isinstance(command, manscdp.UnknownCommand):
        return
    again = manscdp.parse_message(manscdp.to_xml(command))
    if type(again) is not type(command):
        raise AssertionError(f"{command} reads otherwise: {again}")


def fuzz_ptz(data: bytes) -> None:
    """PTZCmd."""
    try:
        decoded = ptz.decode(data.decode("utf-8", "surrogateescape"))
    except Refused:
        return
    if not isinstance(decoded.command, ptz.Unrecognised):
        ptz.stop_of(decoded.command)
        if ptz.decode(ptz.encode(decoded.command)).command != decoded.command:
            raise AssertionError(f"{decoded} reads otherwise")


def fuzz_mansrtsp(data: bytes) -> None:
    """Bodies of INFO."""
    try:
        mansrtsp.parse(data)
    except Refused:
        return


TARGETS: dict[str, Target] = {
    "sdp": fuzz_sdp,
    "subject": fuzz_subject,
    "manscdp": fuzz_manscdp,
    "ptz": fuzz_ptz,
    "mansrtsp": fuzz_mansrtsp,
}

if __name__ == "__main__":
    main(TARGETS)
