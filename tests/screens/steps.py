"""How scenes are brought about: commands, buttons, menus, time and faults; each step gives a shot.

Owns: steps that several scenes take. Refuses: knowing which.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import discord
import simcord

from bot import demo
from cogs._demo import stage as stages
from cogs._demo.stage import Stage
from tests.cogs.scene import parts, shown
from tests.screens.scenes import Person, Shot, lines_of


async def ask(stage: Stage, command: str, *, by: Person | None = None, **options: Any) -> Shot:
    """A command by the admin, unless somebody else is named, and its answer: in the channel, or where a user and
    no member asks, in their direct messages."""
    person = by or stage.admin
    if isinstance(person, simcord.UserHandle):
        place, result = person.dm_channel, await person.slash(command, **options)
    else:
        place, result = stage.papers, await person.slash(stage.papers, command, **options)
    answer = shown(result)
    given = (f"{name}:{_typed(value)}" for name, value in options.items())
    typed = f"`{' '.join((f'/{command}', *given))}`"
    return Shot(viewer=person, channel=place, messages=(answer.id,), steps=(typed,))


def _typed(value: object) -> str:
    return f"#{value.name}" if isinstance(value, simcord.ChannelHandle) else str(value)


async def press(shot: Shot, label: str, *, by: Person | None = None) -> Shot:
    """The first button of a shot's last message whose label ends so, pressed by whoever looks at it, unless
    somebody else is named, and what it brings."""
    person = by or shot.viewer
    message = last(shot)
    pressed = next(part for part in parts(message) if part.get("type") == 2 and part["label"].endswith(label))
    result = await person.click(message, custom_id=pressed["custom_id"])
    return _brought(replace(shot, viewer=person), result, pressed["label"])


async def choose(shot: Shot, label: str) -> Shot:
    """The choice that begins with `label` in the menu of a shot's last message, and what it brings."""
    message = last(shot)
    (menu,) = (part for part in parts(message) if part.get("type") == 3)
    chosen = next(option for option in menu["options"] if option["label"].startswith(label))
    result = await shot.viewer.select(message, [chosen["value"]], custom_id=menu["custom_id"])
    return _brought(shot, result, chosen["label"])


def _brought(shot: Shot, result: simcord.InteractionResult, pressed: str) -> Shot:
    steps = (*shot.steps[:-1], f"{shot.steps[-1]} → “{pressed}”") if shot.steps else (f"Pressed: “{pressed}”",)
    if result.modal:
        return replace(shot, messages=(), form=result, steps=steps)
    return replace(shot, messages=(shown(result).id,), steps=steps)


def last(shot: Shot) -> discord.Message:
    """As it is now: an answer may have changed it."""
    return next(each for each in shot.channel.history(viewer=shot.viewer) if each.id == shot.messages[-1])


def together(shots: Sequence[Shot]) -> Shot:
    """One picture of several short messages, all for the same person."""
    first = shots[0]
    messages = tuple(number for shot in shots for number in shot.messages)
    return replace(first, messages=messages, steps=tuple(step for shot in shots for step in shot.steps))


def posted(stage: Stage, begin: str, *, channel: simcord.ChannelHandle | None = None) -> Shot:
    """The last message of the channel that has a line which begins so, as the member sees it."""
    place = channel or stage.papers
    viewer: Person = stage.member if place.guild else stage.member.user
    found = [
        message
        for message in place.history(viewer=viewer)
        if any(line.startswith(begin) for text in lines_of(message) for line in text.splitlines())
    ]
    return Shot(viewer=viewer, channel=place, messages=(found[-1].id,))


def latest(channel: simcord.ChannelHandle, viewer: Person, *, of_all: bool = False) -> Shot:
    """The last message there, `of_all` or as far as it is for this person alone."""
    found = channel.history() if of_all else channel.history(viewer=viewer)
    return Shot(viewer=viewer, channel=channel, messages=(found[-1].id,))


async def following(stage: Stage, name: str, query: str, *, at: str) -> simcord.ChannelHandle:
    """A new channel that follows `query`, with a digest a day `at` that time, UTC."""
    channel = stage.guild.create_text_channel(name)
    await press(await ask(stage, "subscribe", query=query, channel=channel, zone="UTC"), "Confirm")
    await ask(stage, "digest schedule", time=at, channel=channel)
    return channel


async def wait_until(stage: Stage, moment: datetime) -> None:
    """Time passes, for the bot and for Discord; nothing is read and nothing comes."""
    await stage.env.advance_time((moment - stage.now()).total_seconds())


def friday(path: Path) -> AbstractAsyncContextManager[Stage]:
    """The sample's Friday, with the one source that it has of that day."""
    friday = datetime(2026, 3, 27, 14, tzinfo=UTC)
    return stages.opened(path, now=friday, feeds=demo.SOURCES[:1])
