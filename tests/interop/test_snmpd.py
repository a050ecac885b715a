"""Probes against Debian's own agent, its trap sender, and the kernel's echo, on loopback addresses.

[PROBES]──GET 2c──▶[snmpd 127.0.0.1]   switch: port 1 up, port 2 down
        ──GET 3───▶[snmpd 127.0.0.2]   UPS on battery, by authPriv
        ──GET─────▶ nobody 127.0.0.3
        ◀──traps────[snmptrap]
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from civicam.bootstrap import SystemClock
from civicam.fleet.agents import Agent, Secrets
from civicam.kernel.errors import Operational
from civicam.probes.evidence import Evidence, What
from civicam.probes.settings import ProbesSettings
from civicam.probes.watch import Probes

pytestmark = [pytest.mark.interop]

USER = Secrets(
    user="civicam",
    auth="sha",
    auth_key="authpass-12",
    priv="aes",
    priv_key="privpass-12",
    engine_id="8000000001020304",
)
CONFIGURATION = """
createUser civicam SHA "authpass-12" AES "privpass-12"
rouser civicam priv
rocommunity streets
dontLogTCPWrappersConnects yes
agentaddress udp:0.0.0.0:{port}
override 1.3.6.1.2.1.33.1.4.1.0 integer 5
override 1.3.6.1.2.1.2.2.1.8.2 integer 2
"""
LINK_DOWN, IF_INDEX = "1.3.6.1.6.3.1.1.5.3", "1.3.6.1.2.1.2.2.1.1"
ON_BATTERY = "1.3.6.1.2.1.33.2.1"


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@dataclass
class Notes:
    """The sink; `until` waits for a statement."""

    all: list[Evidence] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, evidence: Evidence) -> None:
        self.all.append(evidence)
        self.news.set()

    async def until(self, node_id: str, what: What, source: str) -> Evidence:
        async with asyncio.timeout(30):
            while True:
                for each in self.all:
                    if (each.node_id, each.what, each.source) == (node_id, what, source):
                        return each
                self.news.clear()
                await self.news.wait()


@dataclass
class Register:
    """The agents."""

    there: Sequence[Agent]

    async def agents(self) -> Sequence[Agent]:
        return self.there


@pytest.fixture
def agent_port(program: Callable[[str, str], str], tmp_path: Path) -> Iterator[int]:
    """A running snmpd."""
    port = free_port()
    file = tmp_path / "snmpd.conf"
    file.write_text(CONFIGURATION.format(port=port))
    server = subprocess.Popen(
        [program("snmpd", "snmpd"), "-f", "-Lo", "-C", "-c", str(file), "-p", str(tmp_path / "pid")],
        env={**os.environ, "SNMP_PERSISTENT_DIR": str(tmp_path), "MIBS": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert server.stdout is not None
    for line in server.stdout:
        if "NET-SNMP version" in line:
            break
    yield port
    server.terminate()
    server.wait(10)
    server.stdout.close()


def town(port: int) -> list[Agent]:
    plain = Secrets(community="streets")
    ports = (("1", "cam1"), ("2", "cam2"))
    return [
        Agent("switch", "127.0.0.1", port, "2c", icmp=False, ports=ports, secrets=plain),
        Agent("ups", "127.0.0.2", port, "3", icmp=False, ups=True, secrets=USER),
        Agent("away", "127.0.0.3", free_port(), "2c", icmp=False, secrets=plain),
    ]


@asynccontextmanager
async def running(agents: Sequence[Agent], **settings: object) -> AsyncIterator[tuple[Probes, Notes]]:
    notes = Notes()
    made = ProbesSettings.model_validate({"every_s": 1, "timeout_s": 3, **settings})
    probes = Probes(Register(agents), notes, SystemClock(), made)
    await probes.start()
    try:
        yield probes, notes
    finally:
        await probes.aclose()


async def trap(program: str, folder: Path, *arguments: str) -> None:
    environment = {**os.environ, "SNMP_PERSISTENT_DIR": str(folder), "MIBS": ""}
    sender = await asyncio.create_subprocess_exec(program, *arguments, env=environment)
    assert await sender.wait() == 0


def run(story: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        async with asyncio.timeout(60):
            await story()

    asyncio.run(main())


def test_ports_a_battery_and_somebody_who_is_away(agent_port: int) -> None:
    async def story() -> None:
        async with running(town(agent_port)) as (probes, notes):
            await notes.until("cam1", What.PORT_UP, "snmp-poll")
            down = await notes.until("cam2", What.PORT_DOWN, "snmp-poll")
            assert (down.agent_id, down.detail) == ("switch", "ifOperStatus.2 = 2")
            await notes.until("ups", What.ON_BATTERY, "snmp-poll")
            await notes.until("away", What.UNREACHABLE, "snmp-poll")
            told = len(notes.all)
            assert await probes.probe(["switch", "away", "nobody"]) == {
                "switch": True,
                "away": False,
                "nobody": None,
            }
            assert len(notes.all) == told  # nothing has changed, so nothing is said again

    run(story)


def test_wrong_passwords_are_no_answer_of_the_node(agent_port: int) -> None:
    async def story() -> None:
        switch, ups, _ = town(agent_port)
        wrong = [
            replace(switch, secrets=Secrets(community="wrong")),
            replace(ups, secrets=replace(USER, auth_key="wrong-password")),
        ]
        async with running(wrong) as (probes, notes):
            await notes.until("switch", What.UNREACHABLE, "snmp-poll")
            await notes.until("ups", What.UNREACHABLE, "snmp-poll")
            assert probes.counters["snmp_refused"] >= 1  # version 3 says so, 2c is silent

    run(story)


def test_traps_of_both_versions_are_understood_and_others_dropped(
    agent_port: int, program: Callable[[str, str], str], tmp_path: Path
) -> None:
    sender, port = program("snmptrap", "snmp"), free_port()
    away = ("127.0.0.9", "127.0.0.2")
    link = ("", LINK_DOWN, f"{IF_INDEX}.1", "i", "1")

    async def story() -> None:
        wishes = {"trap_host": "127.0.0.1", "trap_port": port, "trap_burst": 20, "trap_rate": 0.1}
        async with running(town(agent_port), **wishes) as (probes, notes):
            assert probes.trap_port == port
            at = f"127.0.0.1:{port}"
            await trap(sender, tmp_path, "-v2c", "-c", "streets", at, *link)
            down = await notes.until("cam1", What.PORT_DOWN, "snmp-trap")
            assert down.agent_id == "switch"
            user = ("-u", "civicam", "-l", "authPriv", "-a", "SHA", "-x", "AES")
            keys = ("-A", "authpass-12", "-X", "privpass-12", "-e", "0x8000000001020304")
            await trap(sender, tmp_path, "-v3", *user, *keys, f"--clientaddr={away[1]}", at, "", ON_BATTERY)
            await notes.until("ups", What.ON_BATTERY, "snmp-trap")
            understood = probes.counters["trap_understood"]
            await trap(sender, tmp_path, "-v2c", "-c", "streets", f"--clientaddr={away[0]}", at, *link)
            await trap(sender, tmp_path, "-v2c", "-c", "wrong", at, *link)
            await trap(sender, tmp_path, "-v2c", "-c", "streets", f"--clientaddr={away[1]}", at, *link)
            flood = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            for _ in range(200):
                flood.sendto(b"\x30\x03junk", ("127.0.0.1", port))
            flood.close()
            async with asyncio.timeout(10):
                while sum(probes.counters[each] for each in ("trap_flood", "trap_taken")) < 203:  # noqa: ASYNC110 -- datagrams offer no event
                    await asyncio.sleep(0.01)
            counters = probes.counters
            assert counters["trap_unknown_agent"] == 1
            assert counters["trap_flood"] >= 180
            assert counters["trap_understood"] == understood  # neither another's community nor junk
            await notes.until("cam1", What.PORT_DOWN, "snmp-trap")

    run(story)


def may_ping() -> str:
    from civicam.probes.icmp import privileged

    try:
        privileged()
    except Operational as error:
        return error.text()
    return ""


@pytest.mark.skipif(bool(may_ping()), reason=f"no ICMP here: {may_ping()}")
def test_an_echo_of_a_loopback_address_and_none_of_a_hole(agent_port: int) -> None:
    """``::2`` has no route: nothing leaves this machine."""

    async def story() -> None:
        agents = [Agent("here", "127.0.0.7"), Agent("hole", "::2"), Agent("name", "127.0.0.300")]
        async with running(agents) as (probes, notes):
            await notes.until("here", What.REACHABLE, "icmp")
            await notes.until("hole", What.UNREACHABLE, "icmp")
            await notes.until("name", What.UNREACHABLE, "icmp")
            assert await probes.probe(["here"]) == {"here": True}

    run(story)


def test_a_process_that_may_not_ping_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    from civicam.probes import icmp

    def refuse(*_arguments: object) -> socket.socket:
        raise PermissionError(13, "Permission denied")

    async def story() -> None:
        with monkeypatch.context() as patched:
            patched.setattr("civicam.probes.icmp.socket.socket", refuse)
            with pytest.raises(Operational, match=r"probes\.icmp-not-allowed.*ping_group_range"):
                icmp.privileged()
            with pytest.raises(Operational):
                icmp.Pinger(1)

    run(story)
