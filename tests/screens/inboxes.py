"""Scenes of a person's own digest, in their direct messages with the bot."""

from __future__ import annotations

from typing import cast

from cogs._demo import stage as stages
from cogs._demo.stage import DemoBot, Stage
from tests.screens.scenes import Chapter, Shot
from tests.screens.steps import ask, choose, posted, press, together

CHAPTER = Chapter(
    "An inbox of your own", "In a direct message the same commands give a person a digest of their own."
)


@CHAPTER.scene("inbox-subscribe", "`/subscribe` in a direct message: what it would have brought, and a question.")
async def subscribe(stage: Stage) -> Shot:
    return await ask(stage, "subscribe", by=stage.member.user, query="robot")


@CHAPTER.scene("inbox-confirmed", "Saved; the time and the look back at the week are the person's own.")
async def confirmed(stage: Stage) -> Shot:
    person = stage.member.user
    saved = await press(await choose(await subscribe(stage), "UTC"), "Confirm")
    changed = await ask(stage, "digest schedule", by=person, time="18:00", days="daily", size=5)
    return together([saved, changed, await ask(stage, "weekly on", by=person, day="Sunday", time="10:00")])


@CHAPTER.scene("inbox-digest", "That evening's digest. Nobody else sees it.")
async def digest(stage: Stage) -> Shot:
    await press(await ask(stage, "subscribe", by=stage.member.user, query="kernel OR geometry"), "Confirm")
    await stage.jump()
    return posted(stage, "## Tuesday 31 March", channel=stage.member.user.dm_channel)


@CHAPTER.scene("inbox-forget", "`/forget` shows what would go.")
async def forget(stage: Stage) -> Shot:
    return await ask(stage, "forget", by=stage.member.user)


@CHAPTER.scene("inbox-forgotten", "All of it is gone at once.")
async def forgotten(stage: Stage) -> Shot:
    return await press(await forget(stage), "Forget me")


@CHAPTER.scene("inbox-closed", "Closed direct messages pause the inbox, with the reason.", opening=stages.opened)
async def closed(stage: Stage) -> Shot:
    person = stage.member.user
    await press(await ask(stage, "subscribe", by=person, query="kernel", zone="UTC"), "Confirm")
    path = f"/channels/{person.dm_channel.id}/messages"
    stage.env.inject_error("POST", path, status=403, code=50007, times=1)
    failed = await ask(stage, "digest now", by=person)
    return together([failed, await ask(stage, "subscriptions", by=person)])


@CHAPTER.scene(
    "inbox-error", "“Why?” where nothing is followed; as many inboxes as the operator allows; and none allowed."
)
async def refused(stage: Stage) -> Shot:
    person, bot = stage.admin.user, cast(DemoBot, stage.env.bot)
    why = await press(await ask(stage, "paper", by=person, id="2603.28767"), "Why?")
    bot.inboxes = 1
    full = await ask(stage, "subscribe", by=person, query="robot")
    bot.inboxes = 0
    return together([why, full, await ask(stage, "subscribe", by=person, query="robot")])
