"""Scenes of an admin at work: schedules, digests by hand, round-ups, feeds, and who is told of trouble."""

from __future__ import annotations

from datetime import timedelta

from bot import demo
from cogs._demo import stage as stages
from cogs._demo.stage import Stage
from tests.screens.scenes import Chapter, Shot, ask, press, together, wait_until

CHAPTER = Chapter("An admin's commands", "For people who may manage the server. All answers are private.")


@CHAPTER.scene("digest-schedule", "`/digest schedule` alone tells what is set; with options it changes that.")
async def schedule(stage: Stage) -> Shot:
    told = await ask(stage, "digest schedule")
    changed = await ask(stage, "digest schedule", time="9 am", zone="America/New_York", days="mon-thu", size=6)
    early = await ask(stage, "digest schedule", time="7:30", zone="Europe/Berlin", late_risers=False)
    await ask(stage, "digest schedule", time="13:00", zone="UTC", days="mon-fri", size=8, late_risers=True)
    return together([told, changed, early])


@CHAPTER.scene("digest-preview", "`/digest preview`: the next digest as it would be now, for the admin's eyes only.")
async def preview(stage: Stage) -> Shot:
    return await ask(stage, "digest preview")


@CHAPTER.scene("digest-now", "`/digest now` posts one right away, with what the last one had no place for.")
async def now(stage: Stage) -> Shot:
    answer = await ask(stage, "digest now")
    digest = stage.papers.history(viewer=stage.admin)[-1]
    return together([answer, Shot(viewer=stage.admin, channel=stage.papers, messages=(digest.id,))])


@CHAPTER.scene("digest-pause", "A pause is signed, so that others know whom to ask; resuming ends it.")
async def pause(stage: Stage) -> Shot:
    return together(
        [
            await ask(stage, "digest pause"),
            await ask(stage, "digest pause"),
            await ask(stage, "digest schedule"),
            await ask(stage, "digest resume"),
            await ask(stage, "digest resume"),
        ]
    )


@CHAPTER.scene("weekly-on", "`/weekly on` and `/weekly off`: a look back at the week, when the channel wants one.")
async def weekly(stage: Stage) -> Shot:
    return together(
        [
            await ask(stage, "weekly on", day="Friday", time="17:00"),
            await ask(stage, "weekly off"),
            await ask(stage, "weekly off"),
        ]
    )


@CHAPTER.scene("weekly-preview", "`/weekly preview`: the round-up as it would be now.")
async def weekly_preview(stage: Stage) -> Shot:
    return await ask(stage, "weekly preview")


@CHAPTER.scene("alerts", "`/alerts`: who hears of a digest that fails: the owner, or a channel.")
async def alerts(stage: Stage) -> Shot:
    ops = stage.guild.create_text_channel("ops")
    return together([await ask(stage, "alerts"), await ask(stage, "alerts", channel=ops)])


@CHAPTER.scene("alert-channel", "The word in that channel, on the third due day that failed.")
async def alert(stage: Stage) -> Shot:
    ops = stage.guild.channels["ops"]
    return Shot(viewer=stage.admin, channel=ops, messages=(ops.history(viewer=stage.admin)[-1].id,))


@CHAPTER.scene("forget", "`/forget`: what is stored about a person goes, at once.", opening=stages.opened)
async def forget(stage: Stage) -> Shot:
    nothing = await ask(stage, "forget")
    await ask(stage, "digest pause")
    return together([nothing, await ask(stage, "forget")])
