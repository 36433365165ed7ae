"""What is pictured: scenes, in chapters, and how they are played, with or without somebody who takes pictures.

Owns: the order of scenes, and what of a message counts as its text. Refuses: browsers.
"""

from __future__ import annotations

import hashlib
import random
import re
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import discord
import simcord

from cogs._demo import stage as stages
from cogs._demo.stage import Stage
from tests.cogs.scene import parts

Person = simcord.MemberActor | simcord.UserHandle
Opening = Callable[[Path], AbstractAsyncContextManager[Stage]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """What a scene ends with: who looks, at which messages (ids) of a channel or at which form, and what was done
    for that, as one would type it."""

    viewer: Person
    channel: simcord.ChannelHandle
    messages: tuple[int, ...]
    form: simcord.InteractionResult | None = None
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """`name` is its file's; `opening` begins a stage of its own, else it goes on where the one before ended."""

    name: str
    caption: str
    play: Callable[[Stage], Awaitable[Shot]]
    opening: Opening | None


@dataclass(slots=True)
class Chapter:
    """Scenes about one thing, each a function that `scene` adds."""

    title: str
    about: str
    scenes: list[Scene] = field(default_factory=list)

    def scene(
        self, name: str, caption: str, *, opening: Opening | None = None
    ) -> Callable[[Callable[[Stage], Awaitable[Shot]]], Callable[[Stage], Awaitable[Shot]]]:
        def added(play: Callable[[Stage], Awaitable[Shot]]) -> Callable[[Stage], Awaitable[Shot]]:
            begun = opening or (None if self.scenes else stages.opened)
            self.scenes.append(Scene(name=name, caption=caption, play=play, opening=begun))
            return play

        return added


Look = Callable[[Scene, Stage, Shot], Awaitable[None]]


async def play(chapter: Chapter, look: Look, only: str | None = None) -> None:
    """Every scene in its order, or what leads to `only` and that one; `look` sees each while its stage stands."""
    wanted = [scene.name for scene in chapter.scenes]
    last = wanted.index(only) if only else len(wanted) - 1
    first = max(at for at in range(last + 1) if chapter.scenes[at].opening) if only else 0
    async with AsyncExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory()))
        standing = await held.enter_async_context(AsyncExitStack())
        stage: Stage | None = None
        for at, scene in enumerate(chapter.scenes[first : last + 1]):
            if scene.opening:
                random.seed(0)  # it spreads the looks at sources
                await standing.aclose()
                stage = await standing.enter_async_context(scene.opening(folder / f"{at}.sqlite"))
            assert stage is not None
            shot = await scene.play(stage)
            if only in (None, scene.name):
                await look(scene, stage, shot)


# --- what a shot says ---------------------------------------------------------------------------------


def mark(stage: Stage, shot: Shot) -> str:
    """A short hash of all that the pictures of a shot depend on: its text, its form and its moment."""
    return hashlib.sha256(told(stage, shot).encode()).hexdigest()[:16]


def told(stage: Stage, shot: Shot) -> str:
    """All that the viewer reads, and the moment at which times are told."""
    lines = [f"{stage.now():%Y-%m-%d %H:%M}"]
    by_id = {message.id: message for message in shot.channel.history(viewer=shot.viewer)}
    for number in shot.messages:
        lines += [f"{by_id[number].author.name}:", *lines_of(by_id[number])]
    if shot.form:
        lines += _form(shot.form.modal or {})
    # Discord's numbers are drawn as names.
    return re.sub(r"\d{17,}", "0", "\n".join(lines))


def lines_of(message: discord.Message) -> Iterator[str]:
    if message.content:
        yield message.content
    for part in parts(message):
        yield from _part(part)


def _part(part: dict[str, Any]) -> Iterator[str]:
    match part.get("type"):
        case 2:
            style = {"style": part["style"], "url": part.get("url"), "disabled": part.get("disabled", False)}
            yield f"[{part['label']}] {style}"
        case 3:
            yield f"[{part.get('placeholder')}] {[option['label'] for option in part['options']]}"
        case 10:
            yield part["content"]
        case kind:
            yield f"<{kind}>"


def _form(modal: dict[str, Any]) -> Iterator[str]:
    yield f"{modal['title']}:"
    for label in modal["components"]:
        inside = label["component"]
        options = [(option["label"], option.get("description")) for option in inside.get("options", ())]
        yield f"{label['label']}: {inside.get('value')} {options}"
