"""sipp, a SIP program that is not ours, registers with a right and a wrong password, on UDP and TCP.

The registrar is a page made of our parts. The scenarios in ``sipp/`` know nothing of it: `run_sipp` takes
any address, so the same files can be pointed at a whole server.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from civicam.signalling.aio import SipAgent
from civicam.signalling.sip.build import IdSource, new_response
from civicam.signalling.sip.digest import challenge, ha1, parse_authorization, verify
from civicam.signalling.sip.endpoint import SipEndpoint
from civicam.signalling.sip.events import RequestReceived
from civicam.signalling.sip.nonce import NonceBook, NonceState

pytestmark = [pytest.mark.interop, pytest.mark.anyio]

SCENARIOS = Path(__file__).parent / "sipp"
DEVICE, REALM, PLATFORM = "34020000001180000001", "3402000000", "34020000002000000001"
PASSWORD = "Example-9-pass"
TRANSPORTS = {"udp": "u1", "tcp": "t1"}

Program = Callable[[str, str], str]


class Registrar:
    """Challenge, verify, 200 or 403; heartbeats of registered devices get 200, others 404."""

    def __init__(self, *, qop: str) -> None:
        self.registered: list[str] = []
        self.beats: list[str] = []
        self._qop = qop
        self._nonces = NonceBook(os.urandom(32))
        self.agent = SipAgent(SipEndpoint(IdSource(os.urandom)), self.take)

    def take(self, event: RequestReceived) -> None:
        """One request."""
        request, now = event.request, asyncio.get_running_loop().time()
        device = request.from_.uri.user or ""
        if request.method == "MESSAGE":
            self.beats.append(device)
            self.agent.respond(event.key, new_response(request, 200 if device in self.registered else 404))
            return
        auth = parse_authorization(request.headers.get("Authorization"))
        if auth is None or self._nonces.check(device, auth.nonce, auth.nc, now) is not NonceState.FRESH:
            question = challenge(REALM, self._nonces.issue(device, now), qop=self._qop)
            self.agent.respond(
                event.key, new_response(request, 401, headers=[("WWW-Authenticate", question)])
            )
        elif verify(ha1(DEVICE, REALM, PASSWORD), request.method, auth):
            self.registered.append(device)
            self.agent.respond(event.key, new_response(request, 200, headers=[("Expires", "3600")]))
        else:
            self.agent.respond(event.key, new_response(request, 403))


async def run_sipp(
    sipp: str, scenario: str, address: tuple[str, int], transport: str, password: str, *more: str
) -> tuple[int, str]:
    """One call of ``scenario`` to ``address``, or what the options ``more`` make of it; gives sipp's exit
    status (0: as written) and what it printed.
    """
    process = await asyncio.create_subprocess_exec(
        *(sipp, f"{address[0]}:{address[1]}", "-sf", str(SCENARIOS / scenario), "-t", TRANSPORTS[transport]),
        *("-i", "127.0.0.1", "-m", "1", "-l", "1", "-nostdin", "-timeout", "25s", "-timeout_error", *more),
        *("-au", DEVICE, "-ap", password, "-key", "device", DEVICE, "-key", "realm", REALM),
        *("-key", "platform", PLATFORM),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 30)
    return process.returncode or 0, output.decode(errors="replace")


@pytest.mark.parametrize("transport", list(TRANSPORTS))
@pytest.mark.parametrize("qop", ["auth", ""], ids=["qop", "no qop"])
async def test_a_foreign_device_registers_and_beats(program: Program, transport: str, qop: str) -> None:
    """The right password: 401, 200, and a heartbeat that is answered."""
    sipp = program("sipp", "sip-tester")
    registrar = Registrar(qop=qop)
    port = await registrar.agent.listen("127.0.0.1", 0)
    try:
        status, output = await run_sipp(sipp, "register.xml", ("127.0.0.1", port), transport, PASSWORD)
    finally:
        await registrar.agent.aclose()
    assert status == 0, output
    assert (registrar.registered, registrar.beats) == ([DEVICE], [DEVICE])


@pytest.mark.parametrize("transport", list(TRANSPORTS))
async def test_a_foreign_device_with_a_wrong_password_is_refused(program: Program, transport: str) -> None:
    """403, and nothing is registered."""
    sipp = program("sipp", "sip-tester")
    registrar = Registrar(qop="auth")
    port = await registrar.agent.listen("127.0.0.1", 0)
    try:
        status, output = await run_sipp(sipp, "register_wrong.xml", ("127.0.0.1", port), transport, "wrong")
    finally:
        await registrar.agent.aclose()
    assert status == 0, output
    assert registrar.registered == []
