"""Round-ups go out: beside the digests, each due moment with one verdict, and no paper announced twice."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from bot.digest import weekly as messages
from bot.digest.markup import as_text
from bot.errors import NotFound, PostRefused, TryLater
from bot.models import (
    ChannelId,
    DeliveryId,
    DeliveryKind,
    Entry,
    FeedLink,
    GuildId,
    Occasion,
    Owner,
    PaperId,
    Post,
    Query,
    RoundUp,
    Schedule,
    TopicId,
    Verdict,
    VerdictKind,
)
from bot.pipeline import ask, deliver, weekly
from storage import additions, channels, deliveries, round_ups, verdicts
from storage.database import Database
from storage.matching import News
from tests.digest.hostile import texts_of
from tests.making import HF, NOW, TODAY, WEEKDAYS, channel, committed, entry, rows, store
from tests.pipeline.test_deliver import Crash, Discord, get, papers_shown

MINUTE, HOUR, DAY, WEEK = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1), timedelta(days=7)
ONE, TWO = ChannelId(1), ChannelId(2)
BEFORE = NOW - WEEK - HOUR
"""When channels of these tests began."""


@pytest.fixture
def discord() -> Discord:
    return Discord()


async def following(
    db: Database, number: int = 1, *topics: str, at: time = time(13), size: int = 8, guild: int = 7
) -> ChannelId:
    """A channel with a digest on weekdays at 13:00, and a round-up on Tuesdays at `at`: both are due at NOW."""
    made = await channel(db, number, *topics, guild=guild, created=BEFORE, schedule=replace(WEEKDAYS, size=size))
    await weekly.turn_on(db, made, 1, at, now=NOW - HOUR)
    return made


async def tick(db: Database, discord: Discord, now: datetime, *, grace: timedelta = deliver.GRACE) -> int:
    """As the scheduler does; how many round-ups were due."""
    await deliver.deliver_due(db, discord, now=now, grace=grace)
    return await weekly.deliver_weekly_due(db, discord, now=now, grace=grace)


async def judged(db: Database, number: ChannelId = ONE) -> list[tuple[VerdictKind, datetime]]:
    """The round-ups'."""
    return [(found.kind, found.due_at) for found in await of_round_ups(db, number)]


async def of_round_ups(db: Database, number: ChannelId = ONE) -> list[Verdict]:
    found = await verdicts.latest(db, number, limit=1_000)
    return [verdict for verdict in found if verdict.occasion is Occasion.WEEKLY]


async def round_up(db: Database, number: ChannelId = ONE) -> RoundUp:
    found = await get(db, number)
    assert found.round_up is not None
    return found.round_up


def posts(discord: Discord, number: ChannelId = ONE) -> list[Post]:
    """The round-ups in a channel."""
    there = discord.posts.get(number, {}).values()
    return [post for post in there if "## The week to " in str(post)]


def told(discord: Discord, number: ChannelId = ONE) -> str:
    """The only round-up in a channel."""
    (post,) = posts(discord, number)
    return as_text(post, 500)


def listed(number: int, *, votes: int | None, days: int = 0, title: str = "") -> Entry:
    """An entry of the list of `days` before today."""
    on = TODAY - days * DAY
    return entry(title or f"Agent Number {number}", arxiv_id=f"2603.{number:05}", on=on, votes=votes)


# --- an ordinary week -----------------------------------------------------------------------------------


async def test_a_digest_and_a_round_up_of_one_minute_both_come(archive: Database, discord: Discord) -> None:
    await following(archive, 1, "agent", "image generation")
    assert await tick(archive, discord, NOW) == 1
    assert [str(post).count("The week to") for post in discord.posts[ONE].values()] == [0, 1]
    kinds = [(found.occasion, found.kind, found.due_at) for found in await verdicts.latest(archive, ONE)]
    assert kinds == [(Occasion.DIGEST, VerdictKind.POSTED, NOW), (Occasion.WEEKLY, VerdictKind.POSTED, NOW)]
    assert "shown today" in told(discord), "what the digest has just shown"
    shown = await papers_shown(archive)
    assert len(shown) == len(set(shown))
    assert await round_up(archive) == RoundUp(day=1, post_at=time(13), next_due=NOW + WEEK, last_due=NOW)
    assert await tick(archive, discord, NOW + MINUTE) == 0
    assert discord.tries == 2


async def test_a_channel_that_asked_for_none_gets_none(archive: Database, discord: Discord) -> None:
    await channel(archive)
    assert await tick(archive, discord, NOW) == 0
    assert posts(discord) == []


async def test_it_looks_back_at_what_was_shown_and_finds_what_rose_late(db: Database, discord: Discord) -> None:
    """Of each day's four papers the digest shows one; one that nobody voted for at first has most by the end."""
    await channel(db, created=BEFORE, schedule=replace(WEEKDAYS, size=1), due=NOW - WEEK)
    await weekly.turn_on(db, ONE, 1, time(13), now=NOW - HOUR)
    for days in (7, 6, 5, 4, 1, 0):
        day = [listed(10 * days + at, votes=100 * at + days, days=days) for at in range(4)]
        await store(db, HF, *day, at=NOW - days * DAY - HOUR)
        await deliver.deliver_due(db, discord, now=NOW - days * DAY)
        assert discord.count(ONE) == len(await papers_shown(db))
    await store(db, HF, listed(50, votes=900, days=5), at=NOW - MINUTE)
    await weekly.deliver_weekly_due(db, discord, now=NOW)

    lines = told(discord).splitlines()
    assert lines[:2] == ["The week to Tuesday 31 March", "  24 papers listed, 24 matched, 6 shown here"]
    titles = [line for line in lines if line.startswith("- ")]
    assert titles == [
        "- ▲ 900 Agent Number 50",
        "- ▲ 307 Agent Number 73 · shown on 24 March",
        "- ▲ 306 Agent Number 63 · shown on Wednesday",
        "- ▲ 305 Agent Number 53 · shown on Thursday",
        "- ▲ 304 Agent Number 43 · shown on Friday",
    ]
    fresh = await rows(db, "SELECT arxiv_id FROM papers JOIN delivery_papers ON paper_id = id WHERE shown")
    assert ("2603.00050",) in fresh
    assert len(fresh) == 7, "what was shown before is not recorded again"
    (verdict,) = await of_round_ups(db)
    assert verdict.told == "round-up: posted, with 1 paper not shown here before"


async def test_what_rose_late_is_a_section_and_the_next_digest_skips_it(db: Database, discord: Discord) -> None:
    await store(db, HF, *(listed(at, votes=100 - at) for at in range(40)))
    await following(db, size=2)
    await tick(db, discord, NOW)
    lines = told(discord).splitlines()
    begin = lines.index("Rose late: not shown here before")
    # Eight of forty are the upper fifth; five stand under the topic.
    assert [line for line in lines[begin:] if line.startswith("- ")] == [
        f"- ▲ {100 - at} Agent Number {at}" for at in (5, 6, 7)
    ]
    assert sorted(await papers_shown(db)) == [PaperId(at) for at in range(1, 9)]
    await store(db, HF, listed(99, votes=999, days=-1), at=NOW + DAY - HOUR)
    await deliver.deliver_due(db, discord, now=NOW + DAY)
    digest = list(discord.posts[ONE].values())[-1]
    for at in range(8):
        assert f"Agent Number {at}]" not in str(digest)
    assert "Agent Number 99" in str(digest)


async def test_what_the_next_digest_is_still_to_bring_did_not_rise_late(db: Database, discord: Discord) -> None:
    """The round-up comes at noon, today's digest an hour later."""
    await store(db, HF, *(listed(at, votes=100 - at, days=1) for at in range(20)), at=NOW - DAY - HOUR)
    await store(db, HF, *(listed(50 + at, votes=94 - at) for at in range(20)), at=NOW - 2 * HOUR)
    await channel(db, created=BEFORE, schedule=replace(WEEKDAYS, size=2), due=NOW - DAY)
    await weekly.turn_on(db, ONE, 1, time(12), now=NOW - DAY)
    await deliver.deliver_due(db, discord, now=NOW - DAY)
    await tick(db, discord, NOW - HOUR)
    lines = told(discord).splitlines()
    late = lines[lines.index("Rose late: not shown here before") :]
    assert [line for line in late if line.startswith("- ")] == [
        f"- ▲ {100 - at} Agent Number {at}" for at in (5, 6)
    ]
    await channel(db, 2, "agent")
    await weekly.turn_on(db, TWO, 1, time(12), now=NOW - 2 * HOUR)
    await weekly.deliver_weekly_due(db, discord, now=NOW - HOUR)
    assert "Rose late" not in told(discord, TWO), "it had no digest yet"


async def test_what_is_older_than_a_week_is_not_in_it(db: Database, discord: Discord) -> None:
    await store(db, HF, listed(1, votes=9, days=8), listed(2, votes=3, days=7), at=NOW - 8 * DAY)
    await following(db)
    await tick(db, discord, NOW)
    assert "Agent Number 2" in told(discord)
    assert "Agent Number 1" not in told(discord)


async def test_a_week_without_anything_posts_nothing_and_says_why(db: Database, discord: Discord) -> None:
    await following(db)
    await tick(db, discord, NOW)
    await store(db, HF, entry("Of Other Things", votes=3))
    await following(db, 2, "zebras")
    await tick(db, discord, NOW)
    assert discord.tries == 0
    ((quiet,), (nothing,)) = await of_round_ups(db), await of_round_ups(db, TWO)
    assert quiet.told == (
        "round-up: no source has listed a paper since Tuesday 24 March: a holiday, or the lists are late"
    )
    assert nothing.text == "nothing matched “zebras”: 1 paper seen since Tuesday 24 March"
    assert (quiet.kind, nothing.kind) == (VerdictKind.QUIET, VerdictKind.NOTHING)


async def test_a_preview_is_what_comes_and_stores_nothing(archive: Database, discord: Discord) -> None:
    await following(archive, 1, "agent")
    await deliver.deliver_due(archive, discord, now=NOW)
    before = committed(archive, "SELECT count(*) FROM deliveries, verdicts, delivery_papers")
    week, _ = await weekly.preview(archive, await get(archive), now=NOW)
    assert committed(archive, "SELECT count(*) FROM deliveries, verdicts, delivery_papers") == before
    await weekly.deliver_weekly_due(archive, discord, now=NOW)
    ((name, post),) = [(name, post) for name, post in discord.posts[ONE].items() if post in posts(discord)]
    assert str(messages.weekly_post(week, DeliveryId(name))[0]) == str(post)
    await channel(archive, 2, "zebras")
    week, why = await weekly.preview(archive, await get(archive, TWO), now=NOW)
    assert (week.sections, why.partition(":")[0]) == ((), "nothing matched “zebras”")


async def test_a_hostile_title_is_shown_and_does_nothing(db: Database, discord: Discord) -> None:
    title = "[nitro](https://evil.example) @everyone <@1> **bold** ||agent|| `code`"
    await store(db, HF, listed(1, votes=9, title=title))
    await following(db, 1, "agent")
    await tick(db, discord, NOW)
    (post,) = posts(discord)
    # A menu's labels are plain text to Discord.
    raw = str(texts_of(post))
    assert "@everyone" not in raw
    assert set(re.findall(r"(?<!\\)\]\((\w+://[^/)]+)", raw.replace("\\\\", "\\"))) == {"https://arxiv.org"}
    assert title in told(discord)


async def test_a_feed_of_another_server_never_shows(db: Database, discord: Discord) -> None:
    address = "https://b.example/feed"
    await additions.add(db, GuildId(8), FeedLink(address=address, title="B"), limit=9, now=BEFORE)
    secret = entry("A Secret Agent", url="https://b.example/1")
    await store(db, additions.name_of(address), secret)
    await store(db, HF, listed(1, votes=9))
    for number, guild in ((1, 7), (2, 8)):
        await following(db, number, "agent", guild=guild)
    await tick(db, discord, NOW)
    assert "Secret" not in told(discord)
    assert "1 paper listed, 1 matched, 1 shown here" in told(discord)
    assert "A Secret Agent" in told(discord, TWO)
    assert "2 papers listed, 2 matched, 2 shown here" in told(discord, TWO)


# --- at most once ---------------------------------------------------------------------------------------


async def test_a_digest_and_a_round_up_made_at_once_show_no_paper_twice(
    archive: Database, discord: Discord
) -> None:
    """Whoever comes second composes again with the next tick."""
    await following(archive, 1, "agent", "image generation", "trending")
    await asyncio.gather(
        weekly.deliver_weekly_due(archive, discord, now=NOW),
        deliver.deliver_due(archive, discord, now=NOW),
        weekly.deliver_weekly_due(archive, discord, now=NOW),
    )
    await tick(archive, discord, NOW + MINUTE)
    assert (discord.count(ONE), len(posts(discord))) == (2, 1)
    shown = await papers_shown(archive)
    assert len(shown) == len(set(shown))
    assert [kind for kind, _ in await judged(archive)] == [VerdictKind.POSTED]


async def test_a_round_up_that_another_digest_overtook_is_composed_again(
    archive: Database, discord: Discord, monkeypatch: pytest.MonkeyPatch
) -> None:
    await following(archive)
    composed = messages.compose
    made = []

    def noting(*args: object, **options: object) -> object:
        week = composed(*args, **options)  # type: ignore[arg-type]
        made.append(week.fresh)
        return week

    monkeypatch.setattr(messages, "compose", noting)
    claim = deliveries.claim

    async def overtaken(db: Database, delivery: object, **options: object) -> bool:
        monkeypatch.setattr(deliveries, "claim", claim)
        await deliver.deliver_now(db, discord, await get(db), now=NOW)
        return await claim(db, delivery, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(deliveries, "claim", overtaken)
    await weekly.deliver_weekly_due(archive, discord, now=NOW)
    assert (posts(discord), await judged(archive)) == ([], [])
    await weekly.deliver_weekly_due(archive, discord, now=NOW + MINUTE)
    assert len(posts(discord)) == 1
    first, second = made
    assert set(second) < set(first)
    assert "shown today" in told(discord)


async def test_two_ticks_at_once_never_double(archive: Database, discord: Discord) -> None:
    for number in range(1, 6):
        await following(archive, number)
    await asyncio.gather(*(weekly.deliver_weekly_due(archive, discord, now=NOW) for _ in range(4)))
    assert [len(posts(discord, ChannelId(number))) for number in range(1, 6)] == [1] * 5
    assert discord.tries == 5


@pytest.mark.parametrize("arrived", [False, True], ids=["before sending", "between sending and marking"])
async def test_a_crash_is_settled_by_the_next_start(archive: Database, discord: Discord, arrived: bool) -> None:
    await following(archive)
    await deliver.deliver_due(archive, discord, now=NOW)
    (discord.after if arrived else discord.before)[ONE] = Crash()
    with pytest.raises(Crash):
        await weekly.deliver_weekly_due(archive, discord, now=NOW)
    assert len(posts(discord)) == arrived
    claimed = await papers_shown(archive)
    discord.mend()
    async with Database(archive.path) as again:
        assert await tick(again, discord, NOW + MINUTE) == 0
        assert await judged(again) == [(VerdictKind.WAITING, NOW)]
        await tick(again, discord, NOW + deliveries.LEASE)
        assert len(posts(discord)) == 1
        assert await judged(again) == [(VerdictKind.POSTED, NOW)]
        assert await papers_shown(again) == claimed
        await tick(again, discord, NOW + HOUR)
        assert discord.tries == (2 if arrived else 3)


async def test_a_crash_before_the_claim_leaves_nothing(
    archive: Database, discord: Discord, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def crash(*_: object, **__: object) -> bool:
        raise Crash

    await following(archive)
    with monkeypatch.context() as moment:
        moment.setattr(deliveries, "claim", crash)
        with pytest.raises(Crash):
            await weekly.deliver_weekly_due(archive, discord, now=NOW)
    assert committed(archive, "SELECT * FROM deliveries") == []
    assert committed(archive, "SELECT * FROM verdicts") == []
    assert (await round_up(archive)).next_due == NOW
    await weekly.deliver_weekly_due(archive, discord, now=NOW + MINUTE)
    assert await judged(archive) == [(VerdictKind.POSTED, NOW)]


# --- late, missed, refused --------------------------------------------------------------------------------


async def test_one_that_comes_late_says_so(archive: Database, discord: Discord) -> None:
    await following(archive)
    await weekly.deliver_weekly_due(archive, discord, now=NOW + 2 * HOUR)
    assert "Late: it was due 2026-03-31 13:00 UTC" in told(discord)
    (verdict,) = await of_round_ups(archive)
    assert verdict.text.endswith(" not shown here before, 2 hours late")
    assert "The week to Tuesday 31 March" in told(discord)


async def test_a_missed_one_is_judged_and_never_posted_late_beyond_the_grace(
    archive: Database, discord: Discord
) -> None:
    await following(archive)
    await tick(archive, discord, NOW + 7 * HOUR)
    assert (posts(discord), await judged(archive)) == ([], [(VerdictKind.MISSED, NOW)])
    (verdict,) = await of_round_ups(archive)
    assert verdict.told.startswith("round-up: missed, Paperboy was not running")
    assert (await round_up(archive)).next_due == NOW + WEEK
    # Of several weeks each is judged, and the last is posted where it still can be.
    assert await tick(archive, discord, NOW + 3 * WEEK + HOUR) == 1
    assert [due for _, due in await judged(archive)] == [NOW + at * WEEK for at in (3, 2, 1, 0)]


async def test_an_outage_is_retried_and_the_digest_waits_for_what_was_shown(
    archive: Database, discord: Discord
) -> None:
    await following(archive, at=time(12, 30))
    discord.before[ONE] = TryLater(1, "Discord answers 503")
    await tick(archive, discord, NOW)
    assert discord.count(ONE) == 0
    discord.mend()
    for minute in range(1, 10):
        await tick(archive, discord, NOW + minute * MINUTE)
    assert (discord.count(ONE), len(posts(discord))) == (2, 1)
    shown = await papers_shown(archive)
    assert len(shown) == len(set(shown))


async def test_an_outage_of_more_than_six_hours_leaves_the_papers_to_the_digests(
    archive: Database, discord: Discord
) -> None:
    await following(archive)
    discord.before[ONE] = TryLater(1, "Discord answers 503")
    await weekly.deliver_weekly_due(archive, discord, now=NOW)
    assert await papers_shown(archive) != []
    await deliver.deliver_due(archive, discord, now=NOW + 6 * HOUR + MINUTE)
    (verdict,) = await of_round_ups(archive)
    assert (verdict.kind, verdict.text) == (
        VerdictKind.FAILED,
        "not posted within 6 hours (Discord answers 503); the next one comes in a week; what was new in it is "
        "left to the digests",
    )
    assert await papers_shown(archive) == []


async def test_a_refusal_pauses_the_channel_and_is_told(archive: Database, discord: Discord) -> None:
    await following(archive)
    discord.before[ONE] = PostRefused(1, "I may not post there")
    await weekly.deliver_weekly_due(archive, discord, now=NOW)
    assert (await get(archive)).paused == "I may not post there"
    assert (await round_up(archive)).next_due is None
    assert await judged(archive) == [(VerdictKind.PAUSED, NOW)]
    assert [sentence for _, _, sentence, _ in discord.told] == ["is paused: I may not post there"]
    assert await papers_shown(archive) == []


async def test_one_that_was_turned_off_on_its_way_is_not_posted(archive: Database, discord: Discord) -> None:
    await following(archive)
    discord.before[ONE] = TryLater(1, "down")
    await weekly.deliver_weekly_due(archive, discord, now=NOW)
    await round_ups.turn_off(archive, ONE, now=NOW)
    discord.mend()
    await tick(archive, discord, NOW + MINUTE)
    assert posts(discord) == []
    (verdict,) = await of_round_ups(archive)
    assert verdict.text.startswith("turned off before it was posted; ")


async def test_a_claim_from_before_the_next_due_moment_is_not_posted_beside_it(
    archive: Database, discord: Discord
) -> None:
    await following(archive)
    discord.before[ONE] = TryLater(1, "down")
    await weekly.deliver_weekly_due(archive, discord, now=NOW)
    discord.mend()
    async with archive.write() as tx:
        await tx.execute("UPDATE round_ups SET next_due = ?", (int((NOW + HOUR).timestamp()),))
    await tick(archive, discord, NOW + HOUR)
    assert len(posts(discord)) == 1
    assert await judged(archive) == [(VerdictKind.POSTED, NOW + HOUR), (VerdictKind.FAILED, NOW)]


async def test_a_bug_in_one_channel_stops_no_other_and_is_judged_once(
    archive: Database, discord: Discord, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    composed = messages.compose

    def stumbling(topics: tuple[Query, ...], *args: object, **options: object) -> object:
        if topics[0].text == "agent":
            raise ZeroDivisionError
        return composed(topics, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(messages, "compose", stumbling)
    await following(archive, 1, "agent")
    await following(archive, 2)
    assert await weekly.deliver_weekly_due(archive, discord, now=NOW) == 2
    assert sorted(discord.posts) == [2]
    assert await judged(archive) == [(VerdictKind.FAILED, NOW)]
    assert "ZeroDivisionError" in caplog.text
    assert await weekly.deliver_weekly_due(archive, discord, now=NOW + MINUTE) == 0


async def test_a_channel_whose_next_time_cannot_be_told_is_paused(archive: Database, discord: Discord) -> None:
    for number in (1, 2):
        await following(archive, number)
    async with archive.write() as tx:
        await tx.execute("UPDATE channels SET zone = 'Mars/Phobos' WHERE id = 1")
    assert await weekly.deliver_weekly_due(archive, discord, now=NOW) == 2
    assert (await get(archive)).paused is not None
    assert len(posts(discord, TWO)) == 1
    assert await weekly.deliver_weekly_due(archive, discord, now=NOW + MINUTE) == 0


async def test_a_thousand_channels_are_due_at_once(
    archive: Database, discord: Discord, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    match = News.match

    async def counting(news: News, query: Query, among: int, *, limit: int) -> object:
        asked.append(query)
        return await match(news, query, among, limit=limit)

    monkeypatch.setattr(News, "match", counting)
    due = int(NOW.timestamp())
    async with archive.write() as tx:
        await tx.executemany(
            """INSERT INTO channels (id, guild_id, post_at, zone, days, size, next_due, created_at)
            VALUES (?, 7, '13:00', 'UTC', '01234', 8, ?, 0)""",
            [(number, due + 60) for number in range(1, 1_001)],
        )
        await tx.executemany(
            "INSERT INTO topics (channel_id, query, created_at) VALUES (?, ?, 0)",
            [(number, "agent" if number % 2 else "trending") for number in range(1, 1_001)],
        )
        await tx.execute(f"INSERT INTO round_ups SELECT id, 1, '13:00', {due}, NULL FROM channels")
    assert await weekly.deliver_weekly_due(archive, discord, now=NOW) == 1_000
    assert {len(there) for there in discord.posts.values()} == {1}
    assert len(discord.posts) == 1_000
    assert len(asked) == 2, "what channels have in common is asked once"
    assert await rows(archive, "SELECT occasion, kind, count(*) FROM verdicts GROUP BY 1, 2") == [
        ("weekly", "posted", 1_000)
    ]


# --- when it comes ----------------------------------------------------------------------------------------


async def test_a_paused_channel_gets_none_and_resuming_moves_it_to_the_future(
    archive: Database, discord: Discord
) -> None:
    await following(archive)
    await channels.pause(archive, ONE, "by hand", now=NOW - MINUTE)
    for after in (timedelta(0), WEEK):
        assert await tick(archive, discord, NOW + after) == 0
    await ask.resume(archive, await get(archive), now=NOW + WEEK + HOUR)
    assert (await round_up(archive)).next_due == NOW + 2 * WEEK
    assert await judged(archive) == []
    await tick(archive, discord, NOW + 2 * WEEK)
    assert [due for _, due in await judged(archive)] == [NOW + 2 * WEEK]


async def test_a_pause_while_one_is_on_its_way_ends_it_after_the_grace(
    archive: Database, discord: Discord
) -> None:
    await following(archive)
    discord.before[ONE] = TryLater(1, "down")
    await weekly.deliver_weekly_due(archive, discord, now=NOW)
    await channels.pause(archive, ONE, "by hand", now=NOW)
    discord.mend()
    await tick(archive, discord, NOW + HOUR)
    await tick(archive, discord, NOW + 7 * HOUR)
    assert (posts(discord), await judged(archive)) == ([], [(VerdictKind.FAILED, NOW)])


async def test_a_change_of_the_zone_moves_it(db: Database) -> None:
    await following(db, at=time(17))
    for zone, due_at in (("UTC", NOW + 4 * HOUR), ("America/New_York", NOW + 8 * HOUR), ("UTC", NOW + 4 * HOUR)):
        await ask.reschedule(db, ONE, lambda old, zone=zone: replace(old, zone=zone), now=NOW)  # type: ignore[misc]
        assert (await round_up(db)).next_due == due_at
    await ask.reschedule(db, ONE, lambda old: replace(old, post_at=time(9), size=3), now=NOW)
    assert (await round_up(db)).next_due == NOW + 4 * HOUR
    # There it is past 17:00 already, and it has not come today.
    await ask.reschedule(db, ONE, lambda old: replace(old, zone="Asia/Karachi"), now=NOW)
    assert (await round_up(db)).next_due == NOW
    # What has come already is the next tick's.
    await ask.reschedule(db, ONE, lambda old: replace(old, zone="Europe/Berlin"), now=NOW + HOUR)
    assert (await round_up(db)).next_due == NOW
    await channels.pause(db, ONE, "by hand", now=NOW - MINUTE)
    await ask.reschedule(db, ONE, lambda old: replace(old, zone="UTC"), now=NOW)
    assert (await round_up(db)).next_due is None
    await ask.resume(db, await get(db), now=NOW)
    assert (await round_up(db)).next_due == NOW + 4 * HOUR


async def test_it_can_be_turned_on_changed_and_off(archive: Database, discord: Discord) -> None:
    async def on(day: int, at: time, now: datetime) -> datetime | None:
        found = await weekly.turn_on(archive, ONE, day, at, now=now)
        assert found.round_up is not None
        return found.round_up.next_due

    with pytest.raises(NotFound, match="`/subscribe` begins one"):
        await on(1, time(13), NOW)
    await channel(archive, due=NOW + DAY)
    assert await on(1, time(12), NOW) == NOW + WEEK - HOUR, "today it is too late"
    assert await on(4, time(9, 30), NOW) == datetime(2026, 4, 3, 9, 30, tzinfo=UTC)
    assert await on(1, time(15), NOW) == NOW + 2 * HOUR
    assert await on(1, time(11), NOW) == NOW, "today's was still to come, so it comes at once"
    assert await tick(archive, discord, NOW) == 1
    # Today had one.
    assert await on(1, time(18), NOW + HOUR) == NOW + WEEK + 5 * HOUR
    assert await round_ups.turn_off(archive, ONE, now=NOW + HOUR)
    assert await on(1, time(18), NOW + HOUR) == NOW + WEEK + 5 * HOUR
    assert await on(2, time(18), NOW + HOUR) == NOW + DAY + 5 * HOUR


async def test_a_channel_paused_when_it_is_turned_on_gets_it_with_resuming(db: Database) -> None:
    await channel(db)
    await channels.pause(db, ONE, "by hand", now=NOW - HOUR)
    found = await weekly.turn_on(db, ONE, 1, time(15), now=NOW)
    assert found.round_up == RoundUp(day=1, post_at=time(15))
    await ask.resume(db, found, now=NOW)
    assert (await round_up(db)).next_due == NOW + 2 * HOUR


async def test_another_change_in_between_is_reckoned_with(db: Database) -> None:
    await following(db, at=time(16))
    await asyncio.gather(
        *(weekly.turn_on(db, ONE, day, time(15), now=NOW) for day in range(2, 6)),
        *(ask.reschedule(db, ONE, lambda old: replace(old, zone="Europe/Berlin"), now=NOW) for _ in range(3)),
    )
    found = await round_up(db)
    assert found.next_due is not None
    local = found.next_due.astimezone(ZoneInfo("Europe/Berlin"))
    assert (local.weekday(), local.time()) == (found.day, time(15))


async def test_without_topics_there_is_none_and_a_new_one_brings_the_next(
    archive: Database, discord: Discord
) -> None:
    await following(archive)
    await channels.unsubscribe(archive, TopicId(1))
    assert await tick(archive, discord, NOW + WEEK) == 0
    await ask.subscribe(archive, ONE, Owner(guild_id=GuildId(7)), "agent", "Asia/Tokyo", now=NOW + WEEK + HOUR)
    assert (await round_up(archive)).next_due == NOW + 2 * WEEK - 9 * HOUR
    assert await judged(archive) == []


@pytest.mark.parametrize(
    ("zone", "day", "at", "due"),
    [
        # The clock skips from 02:00 to 03:00 on 29 March 2026, and goes from 03:00 to 02:00 on 25 October.
        ("Europe/Berlin", 6, time(2, 30), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        ("Europe/Berlin", 6, time(2, 30), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("Australia/Lord_Howe", 6, time(1, 45), datetime(2026, 4, 4, 14, 45, tzinfo=UTC)),
        ("America/New_York", 0, time(9), datetime(2026, 11, 2, 14, tzinfo=UTC)),
    ],
)
async def test_through_a_clock_change_each_week_has_one(
    db: Database, discord: Discord, zone: str, day: int, at: time, due: datetime
) -> None:
    begin = due - 10 * DAY
    schedule = Schedule(post_at=time(13), zone=zone, days=frozenset(range(7)))
    await channels.subscribe(
        db, ONE, Owner(guild_id=GuildId(7)), "trending", schedule=schedule, next_due=due + 90 * DAY, now=begin
    )
    await weekly.turn_on(db, ONE, day, at, now=begin)
    for minutes in range(0, 20 * 24 * 60, 15):
        await weekly.deliver_weekly_due(db, discord, now=begin + minutes * MINUTE)
    moments = [moment for _, moment in await judged(db)]
    assert due in moments
    days = [moment.astimezone(ZoneInfo(zone)) for moment in moments]
    assert [one.weekday() for one in days] == [day] * len(days)
    assert {(later.date() - one.date()).days for later, one in pairwise(days)} == {7}
    assert len(days) in (2, 3)


async def test_a_round_up_is_no_digest_by_hand(archive: Database, discord: Discord) -> None:
    """It neither makes one wait, nor covers what a digest has to bring."""
    await following(archive)
    await weekly.deliver_weekly_due(archive, discord, now=NOW)
    assert await verdicts.last_well(archive, ONE, NOW + 9 * DAY) is None
    made = await deliver.deliver_now(archive, discord, await get(archive), now=NOW)
    assert made.kind is DeliveryKind.EXTRA
