"""``civicam bench probes``: what asking a city costs.

Every agent has a loopback address of its own; behind all of them answers one real snmpd. A whole cycle
passes before anything counts. Our CPU is that of this process; snmpd's is not in it. Floor in the same run: a
bare loop that sends the same question as ready bytes and waits for the answer, which nobody reads.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvloop

from civicam.bench.report import Goal, Report
from civicam.fleet.agents import Agent, Secrets
from civicam.kernel.errors import Operational
from civicam.probes.evidence import Evidence
from civicam.probes.icmp import privileged
from civicam.probes.settings import ProbesSettings
from civicam.probes.watch import Probes

SHARE = 0.5
"""Of a core, for 2,343 sites every 30 s."""
_COMMUNITY = "bench"
_V3 = Secrets(user="bench", auth="sha", auth_key="auth-of-bench", priv="aes", priv_key="priv-of-bench")
_CONFIGURATION = """
createUser bench SHA "auth-of-bench" AES "priv-of-bench"
rouser bench priv
rocommunity bench
dontLogTCPWrappersConnects yes
agentaddress udp:0.0.0.0:{port}
override 1.3.6.1.2.1.33.1.4.1.0 integer 3
"""


class _Clock:
    def monotonic(self) -> float:
        return time.monotonic()

    def now(self) -> datetime:
        return datetime.now(UTC)


class _Nobody:
    """The sink: counts."""

    def __init__(self) -> None:
        self.count = 0

    def take(self, evidence: Evidence) -> None:
        del evidence
        self.count += 1


class _Register:
    def __init__(self, agents: Sequence[Agent]) -> None:
        self._agents = agents

    async def agents(self) -> Sequence[Agent]:
        return self._agents


@contextmanager
def _snmpd() -> Iterator[int]:
    """A real agent on every loopback address; its port. `Operational` ``bench.no-snmpd``."""
    program = shutil.which("snmpd") or shutil.which("snmpd", path="/usr/sbin")
    if program is None:
        raise Operational("bench.no-snmpd")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "snmpd.conf"
        file.write_text(_CONFIGURATION.format(port=port))
        server = subprocess.Popen(  # noqa: S603 -- found by name, its arguments are ours
            [program, "-f", "-Lo", "-C", "-c", str(file), "-p", f"{folder}/pid"],
            env={**os.environ, "SNMP_PERSISTENT_DIR": folder, "MIBS": ""},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert server.stdout is not None
        for line in server.stdout:
            if "NET-SNMP version" in line:
                break
        try:
            yield port
        finally:
            server.terminate()
            server.wait(10)
            server.stdout.close()


def _host(number: int) -> str:
    return f"127.{1 + number // 64_000}.{number // 250 % 256}.{1 + number % 250}"


def _agents(count: int, port: int, version: str) -> list[Agent]:
    """One of two ports and a UPS: four values a question."""
    plain = Secrets(community=_COMMUNITY)
    return [
        Agent(
            f"n{number}",
            _host(number),
            port,
            "3" if version == "3" else "2c",
            icmp=True,
            ups=True,
            ports=(("1", f"a{number}"), ("2", f"b{number}")),
            secrets=_V3 if version == "3" else plain,
        )
        for number in range(count)
    ]


async def _share(agents: Sequence[Agent], seconds: float, every: float) -> dict[str, float]:
    """Share of a core over ``seconds``, after a whole cycle that warms up."""
    sink = _Nobody()
    probes = Probes(_Register(agents), sink, _Clock(), ProbesSettings(every_s=every))
    await probes.start()
    try:
        await asyncio.sleep(every)
        before, began, cpu = dict(probes.counters), time.monotonic(), time.process_time()
        await asyncio.sleep(seconds)
        took, used = time.monotonic() - began, time.process_time() - cpu
        after = probes.counters
        done = {
            name: after[name] - before.get(name, 0)
            for name in ("snmp_answered", "snmp_silent", "icmp_answered", "icmp_silent", "skipped_busy")
        }
    finally:
        await probes.aclose()
    return {
        "share": used / took,
        "snmp_per_s": done["snmp_answered"] / took,
        "icmp_per_s": done["icmp_answered"] / took,
        "unanswered": float(done["snmp_silent"] + done["icmp_silent"] + done["skipped_busy"]),
    }


class _Bare(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.answer: asyncio.Future[None] | None = None

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if self.answer is not None and not self.answer.done():
            self.answer.set_result(None)


async def _floor(agents: Sequence[Agent], question: bytes) -> float:
    """CPU seconds of one question and its answer, by a bare loop."""
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(_Bare, local_addr=("127.0.0.1", 0))
    used = time.process_time()
    for agent in agents:
        protocol.answer = loop.create_future()
        transport.sendto(question, (agent.host, agent.port))
        async with asyncio.timeout(5):
            await protocol.answer
    used = time.process_time() - used
    transport.close()
    return used / len(agents)


def _question() -> bytes:
    """The bytes of one GET of four values, version 2c."""
    from pyasn1.codec.ber import encoder
    from pysnmp.proto import api

    v2c = api.PROTOCOL_MODULES[api.SNMP_VERSION_2C]
    pdu = v2c.GetRequestPDU()
    v2c.apiPDU.set_defaults(pdu)
    oids = (
        "1.3.6.1.2.1.1.3.0",
        "1.3.6.1.2.1.2.2.1.8.1",
        "1.3.6.1.2.1.2.2.1.8.2",
        "1.3.6.1.2.1.33.1.4.1.0",
    )
    v2c.apiPDU.set_varbinds(pdu, [(oid, v2c.Null("")) for oid in oids])
    message = v2c.Message()
    v2c.apiMessage.set_defaults(message)
    v2c.apiMessage.set_community(message, _COMMUNITY)
    v2c.apiMessage.set_pdu(message, pdu)
    return bytes(encoder.encode(message))


async def _measure(count: int, seconds: float, every: float, port: int) -> Report:
    report = Report("probes", {"agents": count, "seconds": seconds, "every_s": every})
    try:
        privileged()
        report.figures["icmp"] = True
    except Operational:
        report.figures["icmp"] = False
    floor = await _floor(_agents(count, port, "2c"), _question())
    report.floors["bare_request_us"] = floor * 1e6
    report.floors["bare_share"] = floor * count / every
    for version in ("2c", "3"):
        found = await _share(_agents(count, port, version), seconds, every)
        for name, value in found.items():
            report.figures[f"v{version}_{name}"] = value
        report.ratios[f"v{version}_share_to_bare"] = found["share"] / (floor * count / every)
        report.goals[f"v{version}_share"] = Goal(SHARE, found["share"], "core")
        report.goals[f"v{version}_unanswered"] = Goal(0, found["unanswered"], "questions")
    return report


def run(agents: int, seconds: float, every: float) -> Report:
    """Start an agent, ask it as a city's, and say whether that fits half a core."""
    with _snmpd() as port:
        return uvloop.run(_measure(agents, seconds, every, port))
