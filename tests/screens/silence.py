"""Scenes of how Paperboy is: well, in trouble, silent with a reason; and whom it tells unasked."""

from __future__ import annotations

from datetime import timedelta

from cogs._demo import stage as stages
from cogs._demo.stage import Stage
from tests.screens.scenes import Chapter, Shot
from tests.screens.steps import ask, following, friday, latest, wait_until

CHAPTER = Chapter("How it is", "`/status` explains every silence, and whoever can mend something is told unasked.")
_LATER = "16:00"
"""On the sample's last day: a due time that is still to come."""


@CHAPTER.scene("status", "All is well: each source, the next digest, and how the last ones ended.")
async def well(stage: Stage) -> Shot:
    return await ask(stage, "status", by=stage.member)


@CHAPTER.scene("help", "`/help`: every command, and what a query can say.")
async def help_(stage: Stage) -> Shot:
    return await ask(stage, "help", by=stage.member)


@CHAPTER.scene("status-sources", "No source answers: since when, when it is tried again, and what a digest lacks.")
async def sources(stage: Stage) -> Shot:
    await stage.cut_sources()
    await stage.jump()
    return await ask(stage, "status", by=stage.member)


@CHAPTER.scene(
    "status-missed",
    "Discord failed for longer than a digest may be late, or Paperboy was off: the papers fold into the next one.",
    opening=stages.opened,
)
async def missed(stage: Stage) -> Shot:
    vision = await following(stage, "vision", "image OR video", at=_LATER)
    stage.env.inject_error("POST", f"/channels/{vision.id}/messages", status=503, times=1)
    await stage.jump()
    await following(stage, "reasoning", "reasoning", at="17:00")
    await wait_until(stage, stage.now() + timedelta(hours=8))
    await stage.read()
    await stage.tick()
    return await ask(stage, "status", by=stage.member)


@CHAPTER.scene(
    "status-paused", "A lost permission pauses the channel, and says what to do.", opening=stages.opened
)
async def paused(stage: Stage) -> Shot:
    vision = await following(stage, "vision", "image OR video", at=_LATER)
    stage.env.inject_error("POST", f"/channels/{vision.id}/messages", status=403, code=50013, times=1)
    await stage.jump()
    return await ask(stage, "status", by=stage.member)


@CHAPTER.scene("alert", "The server's owner hears of it in a direct message.")
async def alert(stage: Stage) -> Shot:
    return latest(stage.guild.owner.dm_channel, stage.guild.owner)


@CHAPTER.scene(
    "status-nothing",
    "Nothing to post: a weekend, or no paper on the topic; then the one that came nearest.",
    opening=friday,
)
async def nothing(stage: Stage) -> Shot:
    await ask(stage, "digest schedule", days="daily")
    await following(stage, "audio", "speech agent", at="12:00")
    while stage.now().day < 30:
        await stage.jump()
    return await ask(stage, "status", by=stage.member)
