"""A simulated Discord with a server, two people and two channels, and the real bot in it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import discord
import pytest
import simcord

from bot import config, demo
from bot.errors import UserError
from cogs._client import Paperboy
from storage.database import Database
from tests.cogs.scene import Scene


@pytest.fixture
def simcord_bot(archive: Database) -> Paperboy:
    return Paperboy(db=archive, clock=lambda: demo.NOW, feeds=config.load({}).feeds, inboxes=10)


@pytest.fixture
async def scene(simcord_env: simcord.Env, simcord_bot: Paperboy) -> AsyncIterator[Scene]:
    await simcord_env.advance_time((demo.NOW - simcord_env.now()).total_seconds())
    simcord_bot.clock = simcord_env.now
    guild = simcord_env.create_guild("Lab")
    managers = guild.create_role("Managers", permissions=discord.Permissions(manage_guild=True))
    made = Scene(
        env=simcord_env,
        bot=simcord_bot,
        guild=guild,
        papers=guild.create_text_channel("papers"),
        other=guild.create_text_channel("other"),
        admin=guild.add_member(simcord_env.create_user("ada"), roles=[managers]),
        member=guild.add_member(simcord_env.create_user("max")),
    )
    yield made
    # What a person was told is no fault; anything else that the bot swallowed is.
    faults = [
        error for error in simcord_env.errors if not isinstance(getattr(error, "original", error), UserError)
    ]
    assert made.faults_expected == bool(faults), faults
