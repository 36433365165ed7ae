"""Scenes of an admin at work: schedules, digests by hand, round-ups, feeds, and who is told of trouble."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path

from bot import demo
from bot.errors import FeedError
from bot.models import Fetched, Validators
from bot.pipeline import additions
from cogs._demo import stage as stages
from cogs._demo.stage import Stage
from tests.screens.scenes import Chapter, Shot
from tests.screens.steps import ask, choose, latest, press, together, wait_until

CHAPTER = Chapter("An admin's commands", "For people who may manage the server. All answers are private.")


@CHAPTER.scene(
    "digest-schedule",
    "`/digest schedule` alone tells what is set; options change it; an early hour has its price.",
)
async def schedule(stage: Stage) -> Shot:
    told = await ask(stage, "digest schedule")
    changed = await ask(stage, "digest schedule", time="9 am", zone="America/New_York", days="mon-thu", size=6)
    early = await ask(stage, "digest schedule", time="8:30", zone="Europe/London", late_risers=False)
    await ask(stage, "digest schedule", time="13:00", zone="UTC", days="mon-fri", size=8, late_risers=True)
    return together([told, changed, early])


@CHAPTER.scene("digest-now", "`/digest now` posts one at once, also of what the last one had no place for.")
async def now(stage: Stage) -> Shot:
    answer = await ask(stage, "digest now")
    return together([answer, latest(stage.papers, stage.admin, of_all=True)])


@CHAPTER.scene("digest-pause", "A pause is signed, so that others know whom to ask; `/digest resume` ends it.")
async def pause(stage: Stage) -> Shot:
    commands = ("digest pause", "digest pause", "digest resume", "digest resume")
    return together([await ask(stage, command) for command in commands])


@CHAPTER.scene("weekly-on", "`/weekly on` and `/weekly off`: a look back at the week, where a channel wants one.")
async def weekly(stage: Stage) -> Shot:
    on = await ask(stage, "weekly on", day="Friday", time="17:00")
    return together([on, await ask(stage, "weekly off")])


@CHAPTER.scene("alerts", "`/alerts`: who hears of a digest that fails, the owner or a channel.")
async def alerts(stage: Stage) -> Shot:
    owner = await ask(stage, "alerts")
    return together([owner, await ask(stage, "alerts", channel=stage.guild.create_text_channel("ops"))])


@CHAPTER.scene("alert-channel", "The word in that channel, once a digest failed on three due days.")
async def alert(stage: Stage) -> Shot:
    stage.env.inject_error("POST", f"/channels/{stage.papers.id}/messages", status=503, times=None)
    for _ in range(3):
        await stage.jump()
        await wait_until(stage, stage.now() + timedelta(hours=7))
        await stage.tick()
    return latest(stage.guild.channels["ops"], stage.admin)


@CHAPTER.scene("forget", "`/forget`: what is stored about a person goes at once.", opening=stages.opened)
async def forget(stage: Stage) -> Shot:
    nothing = await ask(stage, "forget")
    await ask(stage, "digest pause")
    return together([nothing, await ask(stage, "forget")])


# --- a server's own feeds -------------------------------------------------------------------------------

SITE = "https://lab.example.org/"
_PAGES = {
    SITE: b"""<!doctype html><title>The lab</title>
        <link rel=alternate type=application/rss+xml title='Seminar talks' href='/talks.xml'>
        <link rel=alternate type=application/atom+xml title='Our reading group' href='/reading-group.xml'>""",
    f"{SITE}people": b"<!doctype html><title>People</title><p>Ada, Max",
}


async def web(url: str, validators: Validators) -> Fetched:
    """The lab's site, beside what the demo knows. Raises FeedError."""
    if url in _PAGES:
        return Fetched(url=url, body=_PAGES[url])
    if url != demo.READING_GROUP:
        raise FeedError(url, "lab.example.org answered with HTTP 404 instead of the feed")
    return await demo.Sample(lambda: demo.NOW).fetch(url, validators)


def linked(path: Path) -> AbstractAsyncContextManager[Stage]:
    """A stage from which the lab's site can be seen."""
    return stages.opened(path, guarded=web)


@CHAPTER.scene(
    "feeds-choices", "`/feeds add` with a page that has several feeds asks which one is meant.", opening=linked
)
async def choices(stage: Stage) -> Shot:
    return await ask(stage, "feeds add", url=SITE)


@CHAPTER.scene("feeds-add", "What a feed holds, before it is added for this server alone.")
async def feed(stage: Stage) -> Shot:
    return await choose(await choices(stage), "Our reading group")


@CHAPTER.scene("feeds-added", "Added; one button makes a topic of all of it. A second time changes nothing.")
async def added(stage: Stage) -> Shot:
    looks = [await ask(stage, "feeds add", url=demo.READING_GROUP) for _ in range(2)]
    return together([await press(look, "Add") for look in looks])


@CHAPTER.scene("feeds-list", "`/feeds list`: the server's own feeds. `/feeds remove` takes one away.")
async def listed(stage: Stage) -> Shot:
    await additions.poll(stage.db, web, now=stage.now(), every=timedelta(hours=1))
    one = await ask(stage, "feeds list")
    gone = await ask(stage, "feeds remove", feed="Our reading group")
    return together([one, gone, await ask(stage, "feeds list")])
