"""How scenes are brought about: commands, buttons, menus, time and faults; each step gives a shot.

Owns: steps that several scenes take. Refuses: knowing which.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import discord
import simcord

from cogs._demo.stage import Stage
from tests.cogs.scene import buttons, parts, shown
from tests.screens.scenes import Person, Shot, lines_of


async def ask(stage: Stage, command: str, *, by: simcord.MemberActor | None = None, **options: Any) -> Shot:
    """A command by the admin, unless somebody else is named, and its answer."""
    person = by or stage.admin
    answer = shown(await person.slash(stage.papers, command, **options))
    given = (f"{name}:{_typed(value)}" for name, value in options.items())
    typed = f"`{' '.join((f'/{command}', *given))}`"
    return Shot(viewer=person, channel=stage.papers, messages=(answer.id,), steps=(typed,))


def _typed(value: object) -> str:
    return f"#{value.name}" if isinstance(value, simcord.ChannelHandle) else str(value)


async def press(shot: Shot, label: str, *, by: simcord.MemberActor | None = None) -> Shot:
    """The button under the last message of a shot whose label ends so, pressed by whoever looks at it, unless
    somebody else is named, and what it brings."""
    person = by or _viewer(shot)
    message = last(shot)
    whole = next(each for each in buttons(message) if each.endswith(label))
    return _brought(replace(shot, viewer=person), await person.click(message, label=whole), whole)


async def choose(shot: Shot, label: str) -> Shot:
    """The choice that begins with `label` in the menu of a shot's last message, and what it brings."""
    message = last(shot)
    (menu,) = (part for part in parts(message) if part.get("type") == 3)
    chosen = next(option for option in menu["options"] if option["label"].startswith(label))
    result = await _viewer(shot).select(message, [chosen["value"]], custom_id=menu["custom_id"])
    return _brought(shot, result, chosen["label"])


def _viewer(shot: Shot) -> simcord.MemberActor:
    assert isinstance(shot.viewer, simcord.MemberActor)
    return shot.viewer


def _brought(shot: Shot, result: simcord.InteractionResult, pressed: str) -> Shot:
    steps = (*shot.steps[:-1], " → ".join((*shot.steps[-1:], f"“{pressed}”")))
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
    found = [
        message
        for message in place.history(viewer=stage.member)
        if any(line.startswith(begin) for text in lines_of(message) for line in text.splitlines())
    ]
    return Shot(viewer=stage.member, channel=place, messages=(found[-1].id,))


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


async def broken(stage: Stage, how: str) -> None:
    """A wish of `/demo`, as its driver grants it."""
    stage.wish(how)
    driving = asyncio.create_task(stage.drive())
    while stage.waiting:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    driving.cancel()
    await asyncio.gather(driving, return_exceptions=True)
