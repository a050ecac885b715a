"""The register of agents on both databases: secrets go in sealed, stay unless given anew, never come out."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from civicam.db.engine import Database
from civicam.db.unit import UnitOfWork
from civicam.fleet.agent_register import AgentRegister
from civicam.fleet.agent_store import AgentStore
from civicam.fleet.agents import NO_SECRETS, Agent, Secrets
from civicam.fleet.tables import agent
from civicam.fleet.vault import KeyFileVault
from civicam.kernel.errors import Refused

SWITCH = Agent("sw1", "10.0.0.1", 161, "2c", ports=(("5", "onu5"),), secrets=Secrets(community="street-lamp"))
USER = Secrets(user="u", auth="sha", auth_key="a-long-passphrase", priv="aes", priv_key="b-long-passphrase")


def test_secrets_are_sealed_and_stay_when_they_are_not_given(url: str, tmp_path: Path) -> None:
    async def story() -> None:
        database = Database(url)
        register = AgentRegister(UnitOfWork(database, AgentStore), KeyFileVault(tmp_path / "key"))
        told: list[int] = []
        register.changed.append(lambda: told.append(1))
        await register.put(SWITCH)
        assert await register.agents() == [SWITCH]
        assert await register.listed() == [replace(SWITCH, secrets=NO_SECRETS)]
        raw = await database.read(lambda c: c.execute(select(agent)).all())
        assert "street-lamp" not in repr(raw)
        moved = replace(SWITCH, host="10.0.0.2", secrets=NO_SECRETS)
        await register.put(moved)
        assert await register.agents() == [replace(moved, secrets=SWITCH.secrets)]
        other_key = AgentRegister(UnitOfWork(database, AgentStore), KeyFileVault(tmp_path / "other"))
        assert [each.version for each in await other_key.agents()] == ["none"]
        await register.remove("sw1")
        with pytest.raises(Refused, match=r"fleet\.unknown-agent"):
            await register.remove("sw1")
        assert len(told) == 3
        await database.aclose()

    asyncio.run(story())


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (replace(SWITCH, host="switch.example"), "host"),
        (replace(SWITCH, secrets=NO_SECRETS), "secrets"),
        (replace(SWITCH, version="2c", secrets=USER), "community"),
        (replace(SWITCH, version="3", secrets=Secrets(auth="sha")), "user"),
        (replace(SWITCH, version="3", secrets=replace(USER, auth_key="short")), "auth_key"),
        (replace(SWITCH, version="3", secrets=replace(USER, auth="none")), "priv"),
        (replace(SWITCH, version="3", secrets=replace(USER, priv_key="short")), "priv_key"),
        (replace(SWITCH, version="3", secrets=replace(USER, engine_id="80zz")), "engine_id"),
    ],
)
def test_what_could_not_be_asked_is_refused(url: str, tmp_path: Path, wrong: Agent, field: str) -> None:
    async def story() -> None:
        database = Database(url)
        register = AgentRegister(UnitOfWork(database, AgentStore), KeyFileVault(tmp_path / "key"))
        with pytest.raises(Refused, match=r"fleet\.bad-agent") as refused:
            await register.put(wrong)
        assert refused.value.data["field"] == field
        assert await register.agents() == []
        await database.aclose()

    asyncio.run(story())
