"""Scenes of digests and round-ups: what a channel gets, and what the buttons under it bring."""

from __future__ import annotations

from datetime import timedelta
from typing import cast

from bot.pipeline.rewriting import Writer
from cogs._demo import stage as stages
from cogs._demo.stage import DemoBot, Stage
from tests.screens.scenes import Chapter, Shot
from tests.screens.steps import ask, following, posted, press, wait_until

CHAPTER = Chapter(
    "The digest", "One message a day and channel, at the channel's own time; a look back once a week."
)


@CHAPTER.scene(
    "digest",
    "The day's papers on the channel's two topics, hottest first, each with the reason why it is there.",
)
async def digest(stage: Stage) -> Shot:
    return posted(stage, "## Tuesday 31 March")


@CHAPTER.scene("digest-more", "Behind “4 more”: what had no place in the message. Only the one who asks sees it.")
async def more(stage: Stage) -> Shot:
    return await press(posted(stage, "## Tuesday 31 March"), " more")


@CHAPTER.scene("digest-short", "A quiet Monday: one paper, and nothing behind it.")
async def short(stage: Stage) -> Shot:
    return posted(stage, "## Monday 30 March")


@CHAPTER.scene(
    "digest-late-risers",
    "The next day begins with what the source listed after the last digest: a morning's list is never complete.",
)
async def late_risers(stage: Stage) -> Shot:
    await stage.jump()
    return posted(stage, "## Wednesday 1 April")


@CHAPTER.scene(
    "digest-late",
    "Paperboy was down at the due time: the digest comes all the same, and says so.",
    opening=stages.opened,
)
async def late(stage: Stage) -> Shot:
    vision = await following(stage, "vision", "DreamLite", at="15:00")
    await wait_until(stage, stage.now() + timedelta(hours=4))
    await stage.read()
    await stage.tick()
    return posted(stage, "## Tuesday 31 March", channel=vision)


@CHAPTER.scene(
    "digest-own-model",
    "Where a source has no summary, the operator's own model may write one (✧), checked against the abstract.",
    opening=stages.opened,
)
async def own_model(stage: Stage) -> Shot:
    vision = stage.guild.create_text_channel("vision")
    async with Writer(stage.db, OwnModel(), daily=10) as writer:
        cast(DemoBot, stage.env.bot).writer = writer
        offered = await ask(stage, "subscribe", query="ImagenWorld", channel=vision, zone="UTC")
        await press(offered, "Confirm")
        await ask(stage, "digest now", channel=vision)
    return posted(stage, "## Tuesday 31 March", channel=vision)


class OwnModel:
    """What a small model on the lab's machine might say of the one paper that it is asked about."""

    name = "gemma3:4b"

    def resting(self) -> bool:
        return False

    async def __call__(self, instructions: str, text: str) -> str:  # noqa: ARG002
        return (
            "ImagenWorld tests image generation and image editing with 3,600 tasks, from artworks to screenshots."
        )


@CHAPTER.scene(
    "weekly",
    "A look back at the week: each topic's papers with most votes by now, and when they were shown.",
    opening=stages.opened,
)
async def weekly(stage: Stage) -> Shot:
    await ask(stage, "weekly on", day="Wednesday", time="17:00")
    while stage.now().hour != 17:
        await stage.jump()
    return posted(stage, "## The week to")


@CHAPTER.scene("weekly-about", "Its button tells what the message is, when the next one comes, and how to end it.")
async def weekly_about(stage: Stage) -> Shot:
    return await press(posted(stage, "## The week to"), "About this round-up")
