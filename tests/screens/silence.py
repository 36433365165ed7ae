"""Scenes of how Paperboy is: well, in trouble, silent with a reason, and whom it tells."""

from __future__ import annotations

from datetime import timedelta

from cogs._demo import stage as stages
from cogs._demo.stage import Stage
from tests.screens.scenes import Chapter, Shot, ask, broken, press, wait_until

CHAPTER = Chapter("How it is", "`/status` explains every silence; who has to mend something is told unasked.")

_DAY = timedelta(days=1)


@CHAPTER.scene("status", "All is well: each source, each channel's next digest, and how the last ones ended.")
async def well(stage: Stage) -> Shot:
    return await ask(stage, "status", by=stage.member)


@CHAPTER.scene("help", "`/help`: every command, and what a query can say.")
async def help_(stage: Stage) -> Shot:
    return await ask(stage, "help", by=stage.member)


@CHAPTER.scene("status-sources", "A source that does not answer is named, with the next try; so is what that cost.")
async def sources(stage: Stage) -> Shot:
    await broken(stage, "source-down")
    await stage.jump()
    await stage.jump()
    return await ask(stage, "status", by=stage.member)


@CHAPTER.scene(
    "status-outage",
    "Discord fails: the digest waits for the next try, and is never posted twice.",
    opening=stages.opened,
)
async def outage(stage: Stage) -> Shot:
    stage.env.inject_error("POST", f"/channels/{stage.papers.id}/messages", status=503, times=1)
    await stage.jump()
    return await ask(stage, "status", by=stage.member)


@CHAPTER.scene("status-missed", "Paperboy was off for two days: what came of each due moment.")
async def missed(stage: Stage) -> Shot:
    await wait_until(stage, stage.now() + 2 * _DAY - timedelta(hours=4))
    await stage.read()
    await stage.tick()
    return await ask(stage, "status", by=stage.member)


@CHAPTER.scene(
    "status-nothing", "New papers, and none on the topic: how many were seen, and which one came nearest.", opening=stages.opened
)
async def nothing(stage: Stage) -> Shot:
    audio = stage.guild.create_text_channel("audio")
    await press(await ask(stage, "subscribe", query="agent speech", channel=audio, zone="UTC"), "Confirm")
    await ask(stage, "digest schedule", days="daily", channel=audio)
    while stage.now().day != 5:
        await stage.jump()
    return await ask(stage, "status", by=stage.member)


@CHAPTER.scene("status-paused", "A lost permission pauses the channel, with what to do.", opening=stages.opened)
async def paused(stage: Stage) -> Shot:
    await stage.forbid(allowed=False)
    await stage.jump()
    return await ask(stage, "status", by=stage.member)


@CHAPTER.scene("alert", "The server's owner hears of it in a direct message.")
async def alert(stage: Stage) -> Shot:
    owner = stage.guild.owner
    messages = owner.dm_channel.history(viewer=owner)
    return Shot(viewer=owner, channel=owner.dm_channel, messages=(messages[-1].id,))
