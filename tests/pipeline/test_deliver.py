"""Digests go out: each due moment ends in one verdict, and no paper comes twice, whatever fails when."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot import demo
from bot.digest import compose, due
from bot.digest.markup import as_text
from bot.errors import CannotLook, ChannelGone, DeliveryError, PostRefused, StorageError, TryLater, UserError
from bot.feeds.health import broken
from bot.models import (
    Channel,
    ChannelId,
    Delivery,
    DeliveryKind,
    DeliveryState,
    GuildId,
    MessageId,
    Owner,
    PaperId,
    Post,
    Query,
    Schedule,
    Sighting,
    VerdictKind,
)
from bot.pipeline import ask, deliver, draft
from storage import channels, deliveries, feeds, health, verdicts
from storage.database import Database
from storage.matching import News
from tests.making import ARXIV, HF, NOW, TODAY, channel, committed, entry, rows, store

assert demo.NOW == NOW
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ONE, TWO, THREE = ChannelId(1), ChannelId(2), ChannelId(3)


class Crash(BaseException):
    """The process ends here."""


class Discord:
    """A Publisher whose channels are lists of posts; like Discord, it takes a nonce once."""

    def __init__(self) -> None:
        self.posts: dict[ChannelId, dict[str, Post]] = {}
        self.before: dict[ChannelId, BaseException] = {}
        """What happens in place of the post arriving."""
        self.blind: dict[ChannelId, BaseException] = {}
        """What happens in place of looking."""
        self.after: dict[ChannelId, BaseException] = {}
        """What happens though the post has arrived."""
        self.told: list[tuple[GuildId, ChannelId, str, ChannelId | None]] = []
        self.deaf = False
        """Whether nobody can be told."""
        self.tries = 0

    async def publish(self, channel: ChannelId, post: Post, nonce: str) -> MessageId:
        self.tries += 1
        await asyncio.sleep(0)
        if error := self.before.get(channel):
            raise error
        self.posts.setdefault(channel, {}).setdefault(nonce, post)
        if error := self.after.get(channel):
            raise error
        return MessageId(list(self.posts[channel]).index(nonce) + 100)

    async def find(self, delivery: Delivery) -> MessageId | None:
        await asyncio.sleep(0)
        if error := self.blind.get(delivery.channel_id):
            raise error
        found = list(self.posts.get(delivery.channel_id, {}))
        return MessageId(found.index(delivery.id) + 100) if delivery.id in found else None

    async def tell(self, guild: GuildId, channel: ChannelId, sentence: str, to: ChannelId | None) -> bool:
        self.told.append((guild, channel, sentence, to))
        return not self.deaf

    def count(self, channel: ChannelId) -> int:
        return len(self.posts.get(channel, {}))

    def forget_nonces(self) -> None:
        """As Discord does after some minutes."""
        self.posts = {
            channel: {f"old {name}": post for name, post in posts.items()} for channel, posts in self.posts.items()
        }

    def mend(self) -> None:
        self.before.clear()
        self.blind.clear()
        self.after.clear()


@pytest.fixture
def discord() -> Discord:
    return Discord()


async def get(db: Database, number: ChannelId = ONE) -> Channel:
    found = await channels.get(db, number)
    assert found is not None
    return found


async def judged(db: Database, number: ChannelId = ONE) -> list[tuple[VerdictKind, datetime]]:
    return [(found.kind, found.due_at) for found in await verdicts.latest(db, number)]


async def papers_shown(db: Database, number: ChannelId = ONE) -> list[PaperId]:
    found = await rows(
        db,
        "SELECT paper_id FROM delivery_papers WHERE channel_id = ? AND shown ORDER BY delivery_id, position",
        number,
    )
    return [paper_id for (paper_id,) in found]


# --- an ordinary day ------------------------------------------------------------------------------


async def test_every_due_channel_gets_one_digest_and_one_verdict(archive: Database, discord: Discord) -> None:
    for number, topic in ((1, "agent"), (2, "trending"), (3, "image generation")):
        await channel(archive, number, topic)
    assert await deliver.deliver_due(archive, discord, now=NOW) == 3
    for number in (ONE, TWO, THREE):
        assert discord.count(number) == 1
        assert await judged(archive, number) == [(VerdictKind.POSTED, NOW)]
        assert (await get(archive, number)).next_due == NOW + DAY
        shown = await papers_shown(archive, number)
        assert 0 < len(shown) == len(set(shown)) <= 8
    assert await deliver.deliver_due(archive, discord, now=NOW + MINUTE) == 0
    assert discord.tries == 3


async def test_nothing_due_posts_nothing(archive: Database, discord: Discord) -> None:
    await channel(archive, due=NOW + timedelta(seconds=1))
    assert await deliver.deliver_due(archive, discord, now=NOW) == 0
    assert discord.tries == 0
    assert await judged(archive) == []


async def test_a_post_is_claimed_with_all_its_papers(archive: Database, discord: Discord) -> None:
    await channel(archive)
    await deliver.deliver_due(archive, discord, now=NOW)
    ((name, post),) = discord.posts[ONE].items()
    stored = await rows(archive, "SELECT id FROM deliveries")
    assert stored == [(name,)]
    found = await rows(archive, "SELECT id, title FROM papers")
    text = as_text(post)
    shown = await papers_shown(archive)
    in_text = {number for number, title in found if " ".join(title.split())[:30] in text}
    assert set(shown) <= in_text
    assert (await deliveries.get(archive, (await first(archive)).id)).state == DeliveryState.SENT
    (verdict,) = await verdicts.latest(archive, ONE)
    assert verdict.text.startswith(f"posted {len(shown)} papers, ")


async def first(db: Database) -> Delivery:
    """The only delivery there is."""
    ((name,),) = await rows(db, "SELECT id FROM deliveries")
    return await deliveries.get(db, name)


async def test_days_follow_each_other_without_a_paper_twice(db: Database, discord: Discord) -> None:
    await channel(db, created=NOW - 3 * DAY)
    for day in range(3):  # Tuesday to Thursday
        at = NOW + day * DAY
        old = [entry(f"Paper of {n}", arxiv_id=f"2603.0000{n}", on=TODAY, votes=9) for n in range(3)]
        new = entry(f"News of {day}", arxiv_id=f"2603.1000{day}", on=at.date(), votes=1)
        await store(db, HF, *old, new, at=at - HOUR)
        await deliver.deliver_due(db, discord, now=at)
    counts = await rows(db, "SELECT count(*) FROM delivery_papers WHERE shown GROUP BY delivery_id ORDER BY 1")
    assert counts == [(1,), (1,), (4,)]
    assert [kind for kind, _ in await judged(db)] == [VerdictKind.POSTED] * 3


async def test_a_day_without_papers_ends_in_a_verdict_that_says_why(db: Database, discord: Discord) -> None:
    await channel(db)
    assert await deliver.deliver_due(db, discord, now=NOW) == 1
    (verdict,) = await verdicts.latest(db, ONE)
    assert verdict.kind is VerdictKind.QUIET
    assert "no source has listed a paper since" in verdict.text
    await store(db, HF, entry("Of Other Things", on=TODAY + DAY, votes=3))
    await channel(db, 2, "zebras", due=NOW + DAY, created=NOW)
    await deliver.deliver_due(db, discord, now=NOW + DAY)
    (verdict,) = await verdicts.latest(db, TWO)
    assert "nothing matched “zebras”: 1 paper seen" in verdict.text
    assert discord.count(ONE) == 1
    assert discord.count(TWO) == 0


async def test_after_days_of_standing_still_a_channel_gets_one_digest(archive: Database, discord: Discord) -> None:
    await channel(archive, due=NOW - 4 * DAY, created=NOW - 9 * DAY)
    assert await deliver.deliver_due(archive, discord, now=NOW) == 1
    assert discord.count(ONE) == 1
    missed = [(VerdictKind.MISSED, NOW - days * DAY) for days in (1, 4)]  # Monday and Friday
    assert await judged(archive) == [(VerdictKind.POSTED, NOW), *missed]
    assert (await get(archive)).next_due == NOW + DAY
    assert await deliver.deliver_due(archive, discord, now=NOW) == 0


async def test_a_moment_missed_by_more_than_six_hours_waits_for_the_next(
    archive: Database, discord: Discord
) -> None:
    await channel(archive)
    assert await deliver.deliver_due(archive, discord, now=NOW + 7 * HOUR) == 1
    assert discord.tries == 0
    assert await judged(archive) == [(VerdictKind.MISSED, NOW)]
    await deliver.deliver_due(archive, discord, now=NOW + DAY)
    assert len(await papers_shown(archive)) == 8
    assert [kind for kind, _ in await judged(archive)] == [VerdictKind.POSTED, VerdictKind.MISSED]


# --- late, and silent for a reason -------------------------------------------------------------------


async def test_a_digest_that_comes_late_says_so(archive: Database, discord: Discord) -> None:
    for number, minutes in ((1, 14), (2, 25), (3, 330)):
        await channel(archive, number, due=NOW)
        await deliver.deliver_due(archive, discord, now=NOW + minutes * MINUTE)
    due_then = f"-# Late: it was due <t:{int(NOW.timestamp())}:f>"
    for number, words in ((1, ""), (2, ", 25 minutes late"), (3, ", 6 hours late")):
        ((post,),) = [tuple(discord.posts[ChannelId(number)].values())]
        assert (due_then in str(post)) == bool(words)
        (verdict,) = await verdicts.latest(archive, ChannelId(number))
        assert verdict.text.endswith(words)
        assert verdict.text.startswith("posted 8 papers")


@pytest.mark.parametrize("grace", [HOUR, 23 * HOUR])
async def test_the_grace_is_a_setting(archive: Database, discord: Discord, grace: timedelta) -> None:
    await channel(archive)
    await deliver.deliver_due(archive, discord, now=NOW + grace + MINUTE, grace=grace)
    await channel(archive, 2)
    await deliver.deliver_due(archive, discord, now=NOW + grace, grace=grace)
    assert (discord.count(ONE), discord.count(TWO)) == (0, 1)


async def test_two_moments_that_passed_unseen_bring_one_digest(archive: Database, discord: Discord) -> None:
    """Late in the evening, then early the next day: both within the grace."""
    night = Schedule(post_at=time(1), zone="UTC", days=frozenset(range(7)))
    await channel(archive, due=NOW + 10 * HOUR, schedule=night)
    assert await deliver.deliver_due(archive, discord, now=NOW + 13 * HOUR) == 1
    assert discord.tries == 1
    assert await judged(archive) == [
        (VerdictKind.POSTED, NOW + 12 * HOUR),
        (VerdictKind.MISSED, NOW + 10 * HOUR),
    ]


async def test_a_claim_from_before_the_next_due_moment_is_not_posted_beside_it(
    archive: Database, discord: Discord
) -> None:
    night = Schedule(post_at=time(1), zone="UTC", days=frozenset(range(7)))
    await channel(archive, due=NOW + 10 * HOUR, schedule=night)
    discord.before[ONE] = TryLater(1, "down")
    await deliver.deliver_due(archive, discord, now=NOW + 10 * HOUR)
    discord.mend()
    await deliver.deliver_due(archive, discord, now=NOW + 12 * HOUR)
    assert discord.count(ONE) == 1
    assert [kind for kind, _ in await judged(archive)] == [VerdictKind.POSTED, VerdictKind.FAILED]
    (_, failed) = await verdicts.latest(archive, ONE)
    assert failed.text == "not posted before the next one was due (down); its papers fold into the next digest"


async def test_a_paused_channels_claim_comes_to_an_end_after_the_grace(
    archive: Database, discord: Discord
) -> None:
    await channel(archive)
    discord.before[ONE] = TryLater(1, "down")
    await deliver.deliver_due(archive, discord, now=NOW)
    await channels.pause(archive, ONE, "by hand", now=NOW)
    discord.mend()
    await every_minute(archive, discord, NOW + MINUTE, NOW + 7 * HOUR, step=5)
    assert await judged(archive) == [(VerdictKind.FAILED, NOW)]
    assert (discord.count(ONE), await papers_shown(archive)) == (0, [])


async def test_a_nearest_miss_is_told_with_what_it_lacks(db: Database, discord: Discord) -> None:
    await store(
        db,
        HF,
        entry("Diffusion of Rumours", arxiv_id="2603.00001", votes=3),
        entry("Video Codecs, a Survey", arxiv_id="2603.00002", votes=9),
        entry("Zebras", arxiv_id="2603.00003", votes=99),
    )
    topics = (
        ("diffusion video", "“Video Codecs, a Survey” (lacks “diffusion”)"),
        ("video -survey", "“Video Codecs, a Survey” (has “survey”)"),
        ("votes:>=100", "“Zebras” (lacks votes:>=100)"),
        ("rumours votes:>=5", "“Diffusion of Rumours” (lacks votes:>=5)"),
        ("(speech OR audio) codecs", "“Video Codecs, a Survey” (lacks “speech” or “audio”)"),
    )
    for number, (topic, _) in enumerate(topics, start=1):
        await channel(db, number, topic)
    await channel(db, 9, "aardvarks")
    await deliver.deliver_due(db, discord, now=NOW)
    for number, (_, nearest) in enumerate(topics, start=1):
        (verdict,) = await verdicts.latest(db, ChannelId(number))
        assert verdict.kind is VerdictKind.NOTHING
        assert verdict.text.endswith(f": 3 papers seen since Monday 30 March; nearest miss: {nearest}")
    (verdict,) = await verdicts.latest(db, ChannelId(9))
    assert verdict.text.endswith("3 papers seen since Monday 30 March")


async def test_sources_that_cannot_be_read_are_the_reason_and_their_papers_come_later(
    db: Database, discord: Discord
) -> None:
    await channel(db, created=NOW - 5 * DAY)
    await channel(db, 2, "zebras", created=NOW - 5 * DAY)

    async def polled(at: datetime, error: str | None) -> None:
        await feeds.record_poll(db, HF, now=at, next_poll_at=at + HOUR, error=error, entries=None)

    await polled(NOW - 13 * HOUR, None)
    await polled(NOW - HOUR, "it answers 503")
    await health.record(db, HF, [broken(Sighting(), "it answers 503")], now=NOW - HOUR)
    await deliver.deliver_due(db, discord, now=NOW)
    (verdict,) = await verdicts.latest(db, ONE)
    assert (verdict.kind, verdict.text) == (
        VerdictKind.STALE,
        "no new papers: Hugging Face could not be read since Tuesday 31 March, 00:00 UTC (it answers 503); "
        "what they list meanwhile folds into the next digest",
    )
    # Yesterday's list comes after all.
    await polled(NOW + HOUR, None)
    await health.record(db, HF, [], now=NOW + HOUR)
    await store(db, HF, entry("Of Yesterday", on=TODAY, votes=3), at=NOW + HOUR)
    await deliver.deliver_due(db, discord, now=NOW + DAY)
    assert await judged(db) == [(VerdictKind.POSTED, NOW + DAY), (VerdictKind.STALE, NOW)]
    assert [kind for kind, _ in await judged(db, TWO)] == [VerdictKind.NOTHING, VerdictKind.STALE]


async def test_a_paper_first_read_behind_its_days_digest_comes_with_the_next(
    db: Database, discord: Discord
) -> None:
    """Its source was down while another one filled the digest."""
    await channel(db, created=NOW - 5 * DAY)
    await feeds.record_poll(db, HF, now=NOW - 5 * DAY, next_poll_at=NOW, error=None, entries=None)
    await store(db, ARXIV, entry("In Time", arxiv_id="2603.00001", on=TODAY, votes=2), at=NOW - HOUR)
    await deliver.deliver_due(db, discord, now=NOW)
    before = [
        entry(f"Of {days} Days Before", arxiv_id=f"2603.0010{days}", on=TODAY - days * DAY, votes=1)
        for days in (1, 2)
    ]
    await store(db, HF, *before, at=NOW + HOUR)
    await deliver.deliver_due(db, discord, now=NOW + DAY)
    assert [kind for kind, _ in await judged(db)] == [VerdictKind.POSTED] * 2
    assert len(await papers_shown(db)) == 3
    await deliver.deliver_due(db, discord, now=NOW + 2 * DAY)
    ((kind, _), *_) = await judged(db)
    assert kind is VerdictKind.QUIET


async def test_a_weekend_is_told_as_one(db: Database, discord: Discord) -> None:
    daily = Schedule(post_at=time(13), zone="UTC", days=frozenset(range(7)))
    saturday = NOW + 4 * DAY
    await channel(db, due=saturday, created=saturday - DAY, schedule=daily)
    await deliver.deliver_due(db, discord, now=saturday)
    (verdict,) = await verdicts.latest(db, ONE)
    assert (verdict.kind, verdict.text) == (
        VerdictKind.QUIET,
        "weekend: no source has listed a paper since Friday 3 April",
    )


# --- nobody may look ------------------------------------------------------------------------------------


@pytest.mark.parametrize("post_when_unsure", [True, False])
@pytest.mark.parametrize("arrived", [True, False])
async def test_where_nobody_can_look_the_setting_decides_once_the_nonce_is_forgotten(
    archive: Database, discord: Discord, arrived: bool, post_when_unsure: bool
) -> None:
    await channel(archive)
    (discord.after if arrived else discord.before)[ONE] = TryLater(1, "the connection failed")
    discord.blind[ONE] = CannotLook(1, "I may not read the channel")
    await deliver.deliver_due(archive, discord, now=NOW)
    discord.after.clear()
    discord.before.clear()
    discord.forget_nonces()
    await deliver.deliver_due(archive, discord, now=NOW + 5 * MINUTE, post_when_unsure=post_when_unsure)
    (verdict,) = await verdicts.latest(archive, ONE)
    if post_when_unsure:
        assert discord.tries == 2
        assert verdict.kind is VerdictKind.POSTED
        assert verdict.text.endswith("; it may be there twice, because I may not read the channel")
        assert len(await papers_shown(archive)) == 8
    else:
        assert discord.tries == 1
        assert (verdict.kind, verdict.text) == (
            VerdictKind.FAILED,
            "not posted again, because it may be there: I may not read the channel; its papers do not come again",
        )
        # At most once is what was wished.
        assert len(await papers_shown(archive)) == 8


@pytest.mark.parametrize("post_when_unsure", [True, False])
async def test_where_nobody_can_look_discord_knows_the_nonce_for_a_while(
    archive: Database, discord: Discord, post_when_unsure: bool
) -> None:
    await channel(archive)
    discord.after[ONE] = TryLater(1, "the connection failed")
    discord.blind[ONE] = CannotLook(1, "I may not read the channel")
    await deliver.deliver_due(archive, discord, now=NOW)
    discord.after.clear()
    await deliver.deliver_due(archive, discord, now=NOW + MINUTE, post_when_unsure=post_when_unsure)
    assert (discord.tries, discord.count(ONE)) == (2, 1)
    (verdict,) = await verdicts.latest(archive, ONE)
    assert verdict.kind is VerdictKind.POSTED
    assert "twice" not in verdict.text


# --- one digest still on its way when the next is due -------------------------------------------------


async def one_a_day(db: Database, days: int) -> None:
    for day in range(days):
        on = (NOW + day * DAY).date()
        await store(db, HF, entry(f"News of {on}", arxiv_id=f"2603.2000{day}", on=on, votes=1), at=NOW)


@pytest.mark.parametrize("news", [1, 2], ids=["no news on the second day", "news on both days"])
async def test_an_outage_over_two_due_moments_loses_no_paper(db: Database, discord: Discord, news: int) -> None:
    """Nobody can look whether the first arrived, so what the second has to bring is not known before."""
    await channel(db)
    await one_a_day(db, news)
    discord.before[ONE] = discord.blind[ONE] = TryLater(1, "Discord answers 503")
    await every_minute(db, discord, NOW, NOW + DAY + HOUR, step=5)
    assert discord.count(ONE) == 0
    discord.mend()
    await every_minute(db, discord, NOW + DAY + HOUR + MINUTE, NOW + DAY + 2 * HOUR)
    assert discord.count(ONE) == 1
    assert len(await papers_shown(db)) == news
    assert await judged(db) == [(VerdictKind.POSTED, NOW + DAY), (VerdictKind.FAILED, NOW)]


async def test_a_moment_moved_before_the_next_try_brings_one_digest(archive: Database, discord: Discord) -> None:
    evening = Schedule(post_at=time(23, 30), zone="UTC", days=frozenset(range(7)))
    due_at = NOW + timedelta(hours=10, minutes=30)
    await channel(archive, due=due_at, schedule=evening)
    discord.before[ONE] = TryLater(1, "Discord answers 503")
    await every_minute(archive, discord, due_at, due_at + 40 * MINUTE)
    await ask.reschedule(archive, ONE, lambda old: replace(old, post_at=time(0, 15)), now=due_at + 40 * MINUTE)
    discord.mend()
    await every_minute(archive, discord, due_at + 41 * MINUTE, due_at + 2 * HOUR)
    assert discord.count(ONE) == 1
    assert [kind for kind, _ in await judged(archive)] == [VerdictKind.POSTED, VerdictKind.FAILED]


async def test_an_extra_one_on_its_way_is_known_before_the_scheduled_one_is_made(
    archive: Database, discord: Discord
) -> None:
    await channel(archive)
    discord.before[ONE] = TryLater(1, "down")
    with pytest.raises(TryLater):
        await deliver.deliver_now(archive, discord, await get(archive), now=NOW - MINUTE)
    await every_minute(archive, discord, NOW, NOW + 7 * HOUR)
    assert await judged(archive) == [(VerdictKind.FAILED, NOW)]
    discord.mend()
    await deliver.deliver_due(archive, discord, now=NOW + DAY)
    assert len(await papers_shown(archive)) == 8


async def test_a_look_that_never_succeeds_does_not_hold_up_the_next_day(
    archive: Database, discord: Discord
) -> None:
    await channel(archive)
    discord.before[ONE] = TryLater(1, "Discord answers 503")
    discord.blind[ONE] = TryLater(1, "Discord answers 403")
    await deliver.deliver_due(archive, discord, now=NOW)
    discord.before.clear()
    await every_minute(archive, discord, NOW + 5 * MINUTE, NOW + DAY, step=5)
    assert discord.count(ONE) == 1
    first = (await verdicts.latest(archive, ONE))[-1]
    assert (first.kind, first.text) == (
        VerdictKind.FAILED,
        "not posted within 6 hours (or it is there: Discord answers 403); its papers fold into the next digest",
    )


async def test_a_digest_that_was_found_is_not_called_late(archive: Database, discord: Discord) -> None:
    await channel(archive)
    discord.after[ONE] = TryLater(1, "down")
    await deliver.deliver_due(archive, discord, now=NOW)
    discord.mend()
    await deliver.deliver_due(archive, discord, now=NOW + 3 * HOUR)
    (verdict,) = await verdicts.latest(archive, ONE)
    assert verdict.kind is VerdictKind.POSTED
    assert "late" not in verdict.text


@pytest.mark.parametrize("arrived", [False, True])
async def test_a_bug_in_looking_is_retried_and_repeats_no_paper(
    archive: Database, discord: Discord, arrived: bool
) -> None:
    await channel(archive)
    (discord.after if arrived else discord.before)[ONE] = TryLater(1, "down")
    discord.blind[ONE] = RuntimeError("surprise")
    await deliver.deliver_due(archive, discord, now=NOW)
    await deliver.deliver_due(archive, discord, now=NOW + MINUTE)
    assert await judged(archive) == [(VerdictKind.WAITING, NOW)]
    discord.mend()
    await every_minute(archive, discord, NOW + 2 * MINUTE, NOW + 9 * MINUTE)
    assert discord.count(ONE) == 1
    assert await judged(archive) == [(VerdictKind.POSTED, NOW)]


async def test_a_bug_in_telling_ends_no_tick(archive: Database, discord: Discord) -> None:
    async def surprise(*_: object) -> bool:
        raise RuntimeError("surprise")

    discord.tell = surprise  # type: ignore[method-assign,assignment]
    for number in range(1, 4):
        await channel(archive, number)
    discord.before[TWO] = PostRefused(2, "I may not post there")
    assert await deliver.deliver_due(archive, discord, now=NOW) == 3
    assert (discord.count(ONE), discord.count(THREE)) == (1, 1)
    assert (await get(archive, TWO)).paused == "I may not post there"


async def test_a_title_in_an_answer_is_no_markdown(db: Database, discord: Discord) -> None:
    await store(db, HF, entry("Video [click](https://evil.example) **x**", arxiv_id="2603.00001", votes=3))
    await channel(db, 1, "diffusion video")
    with pytest.raises(UserError) as raised:
        await deliver.deliver_now(db, discord, await get(db), now=NOW)
    assert "nearest miss: “Video \\[click\\]\\(https\\://evil.example\\) \\*\\*x\\*\\*”" in str(raised.value)


async def test_a_pause_that_discord_asks_for_is_kept(archive: Database, discord: Discord) -> None:
    await channel(archive)
    discord.before[ONE] = TryLater(1, "Discord asks for a pause", after=1800)
    assert await every_minute(archive, discord, NOW, NOW + HOUR) == [0, 30, 60]


# --- many at once ---------------------------------------------------------------------------------


async def test_two_ticks_at_once_never_double(archive: Database, discord: Discord) -> None:
    for number in range(1, 6):
        await channel(archive, number)
    await asyncio.gather(*(deliver.deliver_due(archive, discord, now=NOW) for _ in range(4)))
    assert {number: len(posts) for number, posts in discord.posts.items()} == dict.fromkeys(range(1, 6), 1)
    assert discord.tries == 5
    assert await rows(archive, "SELECT count(*) FROM verdicts") == [(5,)]


async def test_channels_with_the_same_query_ask_storage_once(
    archive: Database, discord: Discord, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    match = News.match

    async def counting(news: News, query: Query, among: int, *, limit: int) -> object:
        asked.append(query)
        return await match(news, query, among, limit=limit)

    monkeypatch.setattr(News, "match", counting)
    for number in range(1, 13):
        await channel(archive, number, "agent" if number % 2 else "  AGENT ", "trending")
    assert await deliver.deliver_due(archive, discord, now=NOW) == 12
    assert len(asked) == 2
    assert len(discord.posts) == 12


async def test_a_bug_in_one_channel_stops_no_other_and_is_judged_once(
    archive: Database, discord: Discord, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    composed = compose.compose

    def stumbling(topics: object, *args: object, **options: object) -> object:
        if options["size"] == 3:
            raise ZeroDivisionError
        return composed(topics, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(compose, "compose", stumbling)
    for number in (1, 2, 3):
        await channel(archive, number)
    found = await get(archive, TWO)
    await channels.reschedule(archive, found, replace(found.schedule, size=3), next_due=NOW)
    assert await deliver.deliver_due(archive, discord, now=NOW) == 3
    assert sorted(discord.posts) == [1, 3]
    (verdict,) = await verdicts.latest(archive, TWO)
    assert (verdict.kind, verdict.text.partition(";")[0]) == (VerdictKind.FAILED, "error: an internal error")
    assert "ZeroDivisionError" in caplog.text
    assert await deliver.deliver_due(archive, discord, now=NOW + MINUTE) == 0


async def test_a_channel_whose_next_time_cannot_be_told_is_paused(archive: Database, discord: Discord) -> None:
    for number in (1, 2):
        await channel(archive, number)
    async with archive.write() as tx:
        await tx.execute("UPDATE channels SET zone = 'Mars/Phobos' WHERE id = 1")
    await deliver.deliver_due(archive, discord, now=NOW)
    assert (await get(archive)).paused is not None
    assert discord.count(TWO) == 1
    assert await deliver.deliver_due(archive, discord, now=NOW + MINUTE) == 0


async def test_a_topic_that_is_no_query_any_more_leaves_the_channel_its_others(
    archive: Database, discord: Discord, caplog: pytest.LogCaptureFixture
) -> None:
    await channel(archive, 1, "agent", '"never closed')
    await channel(archive, 2, "(")
    assert await deliver.deliver_due(archive, discord, now=NOW) == 2
    assert discord.count(ONE) == 1
    assert await judged(archive, ONE) == [(VerdictKind.POSTED, NOW)]
    assert await judged(archive, TWO) == [(VerdictKind.NOTHING, NOW)]
    assert "is no query any more" in caplog.text


async def test_a_channel_paused_after_it_was_found_due_posts_nothing(
    archive: Database, discord: Discord, monkeypatch: pytest.MonkeyPatch
) -> None:
    match = News.match

    async def meanwhile(news: News, query: Query, among: int, *, limit: int) -> object:
        await channels.pause(archive, ONE, "by hand", now=NOW)
        return await match(news, query, among, limit=limit)

    monkeypatch.setattr(News, "match", meanwhile)
    await channel(archive)
    await deliver.deliver_due(archive, discord, now=NOW)
    assert discord.tries == 0
    # Its due moment had come: it ends with the pause, and is judged.
    assert await judged(archive) == [(VerdictKind.PAUSED, NOW)]
    assert (await get(archive)).paused == "by hand"


async def test_a_database_that_is_locked_for_a_moment_costs_no_digest(
    archive: Database, discord: Discord, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def locked(*_: object, **__: object) -> bool:
        raise StorageError("another program holds a lock on it")

    await channel(archive)
    with monkeypatch.context() as moment:
        moment.setattr(deliveries, "claim", locked)
        await deliver.deliver_due(archive, discord, now=NOW)
    assert (discord.tries, await judged(archive)) == (0, [])
    await deliver.deliver_due(archive, discord, now=NOW + MINUTE)
    assert discord.count(ONE) == 1
    assert await judged(archive) == [(VerdictKind.POSTED, NOW)]


# --- crashes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("arrived", [False, True], ids=["before sending", "between sending and marking"])
async def test_a_crash_is_settled_by_the_next_start(archive: Database, discord: Discord, arrived: bool) -> None:
    await channel(archive)
    (discord.after if arrived else discord.before)[ONE] = Crash()
    with pytest.raises(Crash):
        await deliver.deliver_due(archive, discord, now=NOW)
    assert discord.count(ONE) == arrived
    assert (await first(archive)).state == DeliveryState.CLAIMED
    claimed = await papers_shown(archive)
    discord.mend()
    async with Database(archive.path) as again:
        assert await deliver.deliver_due(again, discord, now=NOW + MINUTE) == 0
        assert await judged(again) == [(VerdictKind.WAITING, NOW)]
        await deliver.deliver_due(again, discord, now=NOW + deliveries.LEASE)
        assert discord.count(ONE) == 1
        assert discord.tries == (1 if arrived else 2)
        assert await judged(again) == [(VerdictKind.POSTED, NOW)]
        settled = await first(again)
        assert (settled.state, settled.message_id) == (DeliveryState.SENT, 100)
        assert await papers_shown(again) == claimed
        await deliver.deliver_due(again, discord, now=NOW + HOUR)
        assert discord.tries == (1 if arrived else 2)


async def test_a_crash_before_the_claim_leaves_nothing(
    archive: Database, discord: Discord, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def crash(*_: object, **__: object) -> bool:
        raise Crash

    await channel(archive)
    with monkeypatch.context() as moment:
        moment.setattr(deliveries, "claim", crash)
        with pytest.raises(Crash):
            await deliver.deliver_due(archive, discord, now=NOW)
    assert committed(archive, "SELECT * FROM deliveries") == []
    await deliver.deliver_due(archive, discord, now=NOW + MINUTE)
    assert discord.count(ONE) == 1
    assert await judged(archive) == [(VerdictKind.POSTED, NOW)]


# --- Discord says no ------------------------------------------------------------------------------


async def every_minute(
    db: Database, discord: Discord, first: datetime, last: datetime, *, step: int = 1
) -> list[int]:
    """Tick as the scheduler does; the minutes at which something was tried.

    `step` 5 looks every five minutes only, where many hours pass and the tries are half an hour apart.
    """

    async def seen() -> tuple[object, ...]:
        return discord.tries, len(discord.told), await rows(db, "SELECT sum(attempts) FROM deliveries")

    tried = []
    before = await seen()
    for minute in range(0, (last - first) // MINUTE + 1, step):
        await deliver.deliver_due(db, discord, now=first + minute * MINUTE)
        after = await seen()
        if after != before:
            tried.append(minute)
        before = after
    return tried


async def test_an_outage_is_retried_at_growing_distances_until_it_works(
    archive: Database, discord: Discord
) -> None:
    await channel(archive)
    discord.before[ONE] = TryLater(1, "Discord answers 503")
    tried = await every_minute(archive, discord, NOW, NOW + 2 * HOUR)
    assert tried == [0, 1, 3, 7, 15, 31, 61, 91]
    (verdict,) = await verdicts.latest(archive, ONE)
    assert (verdict.kind, verdict.text) == (
        VerdictKind.WAITING,
        "error: Discord answers 503; next try at 15:01 UTC",
    )
    discord.mend()
    await every_minute(archive, discord, NOW + 2 * HOUR + MINUTE, NOW + 3 * HOUR)
    assert discord.count(ONE) == 1
    assert await judged(archive) == [(VerdictKind.POSTED, NOW)]


@pytest.mark.parametrize("blind", [False, True], ids=["for posts", "of everything"])
async def test_an_outage_of_more_than_six_hours_frees_the_papers_for_the_next_digest(
    archive: Database, discord: Discord, blind: bool
) -> None:
    """Where nothing can be looked for, nobody knows whether the post arrived until Discord answers again."""
    await channel(archive)
    discord.before[ONE] = TryLater(1, "Discord answers 503")
    if blind:
        discord.blind[ONE] = TryLater(1, "Discord answers 503")
    await every_minute(archive, discord, NOW, NOW + 7 * HOUR, step=5)
    assert await judged(archive) == [(VerdictKind.WAITING if blind else VerdictKind.FAILED, NOW)]
    discord.mend()
    await every_minute(archive, discord, NOW + 7 * HOUR + MINUTE, NOW + 8 * HOUR)
    (verdict,) = await verdicts.latest(archive, ONE)
    assert (verdict.kind, verdict.due_at) == (VerdictKind.FAILED, NOW)
    assert verdict.text.startswith("not posted within 6 hours (Discord answers 503); its papers fold into")
    assert discord.count(ONE) == 0
    assert await papers_shown(archive) == []
    found = await get(archive)
    assert (found.paused, found.next_due) == (None, NOW + DAY)
    missed = {delivered for (delivered,) in await rows(archive, "SELECT paper_id FROM delivery_papers")}
    await deliver.deliver_due(archive, discord, now=NOW + DAY)
    assert set(await papers_shown(archive)) <= missed
    assert len(await papers_shown(archive)) == 8
    assert [kind for kind, _ in await judged(archive)] == [VerdictKind.POSTED, VerdictKind.FAILED]


async def test_an_outage_after_the_post_arrived_posts_it_once(archive: Database, discord: Discord) -> None:
    await channel(archive)
    discord.after[ONE] = TryLater(1, "the connection failed")
    await deliver.deliver_due(archive, discord, now=NOW)
    assert discord.count(ONE) == 1
    await every_minute(archive, discord, NOW + MINUTE, NOW + 9 * MINUTE)
    assert discord.tries == 1
    assert await judged(archive) == [(VerdictKind.POSTED, NOW)]


@pytest.mark.parametrize(
    "error",
    [PostRefused(1, "I may not post there"), ChannelGone(1, "the channel was deleted")],
    ids=["refused", "gone"],
)
async def test_a_refusal_pauses_the_channel_frees_its_papers_and_is_told(
    archive: Database, discord: Discord, error: DeliveryError
) -> None:
    await channel(archive)
    await channel(archive, 2)
    discord.before[ONE] = error
    assert await deliver.deliver_due(archive, discord, now=NOW) == 2
    found = await get(archive)
    assert (found.paused, found.next_due) == (str(error), None)
    assert await judged(archive) == [(VerdictKind.PAUSED, NOW)]
    assert await papers_shown(archive) == []
    assert discord.told == [(7, ONE, f"is paused: {error}", None)]
    assert discord.count(TWO) == 1
    discord.mend()
    assert await every_minute(archive, discord, NOW + MINUTE, NOW + 9 * MINUTE) == []
    assert await channels.resume(archive, await get(archive), next_due=NOW + DAY)
    await deliver.deliver_due(archive, discord, now=NOW + DAY)
    assert len(await papers_shown(archive)) == 8


async def test_a_refusal_found_while_settling_pauses_too(archive: Database, discord: Discord) -> None:
    await channel(archive)
    discord.before[ONE] = TryLater(1, "down")
    await deliver.deliver_due(archive, discord, now=NOW)
    discord.before[ONE] = PostRefused(1, "not any more")
    await deliver.deliver_due(archive, discord, now=NOW + MINUTE)
    assert (await get(archive)).paused == "not any more"
    assert await judged(archive) == [(VerdictKind.PAUSED, NOW)]


@pytest.mark.parametrize("arrived", [False, True])
async def test_a_bug_in_sending_is_retried_judged_and_stops_no_other(
    archive: Database, discord: Discord, arrived: bool
) -> None:
    await channel(archive)
    (discord.after if arrived else discord.before)[ONE] = AttributeError("surprise")
    await deliver.deliver_due(archive, discord, now=NOW)
    await channel(archive, 2, due=NOW + MINUTE)
    await every_minute(archive, discord, NOW + MINUTE, NOW + 7 * HOUR, step=5)
    assert discord.count(TWO) == 1
    assert discord.count(ONE) == arrived
    ((kind, due_at),) = await judged(archive)
    assert (kind, due_at) == (VerdictKind.POSTED if arrived else VerdictKind.FAILED, NOW)


async def test_a_claim_from_before_a_long_stop_is_looked_for_but_not_sent(
    archive: Database, discord: Discord
) -> None:
    for number in (1, 2):
        await channel(archive, number)
    discord.before[ONE] = TryLater(1, "down")
    discord.after[TWO] = TryLater(2, "down")
    await deliver.deliver_due(archive, discord, now=NOW)
    discord.mend()
    tries = discord.tries
    await deliver.deliver_due(archive, discord, now=NOW + 10 * HOUR)
    assert discord.tries == tries
    assert await judged(archive, ONE) == [(VerdictKind.FAILED, NOW)]
    assert await judged(archive, TWO) == [(VerdictKind.POSTED, NOW)]
    assert (discord.count(ONE), await papers_shown(archive, ONE)) == (0, [])


async def test_a_claim_of_a_channel_paused_meanwhile_waits(archive: Database, discord: Discord) -> None:
    await channel(archive)
    discord.before[ONE] = TryLater(1, "down")
    await deliver.deliver_due(archive, discord, now=NOW)
    await channels.pause(archive, ONE, "by hand", now=NOW)
    discord.mend()
    assert await every_minute(archive, discord, NOW + MINUTE, NOW + 9 * MINUTE) == []
    await channels.resume(archive, await get(archive), next_due=NOW + DAY)
    await deliver.deliver_due(archive, discord, now=NOW + 10 * MINUTE)
    assert discord.count(ONE) == 1
    assert await judged(archive) == [(VerdictKind.POSTED, NOW)]


async def test_a_stored_delivery_that_cannot_be_read_back_is_judged_and_stops_no_other(
    archive: Database, discord: Discord
) -> None:
    for number in (1, 2):
        await channel(archive, number)
        discord.before[ChannelId(number)] = TryLater(number, "down")
    await deliver.deliver_due(archive, discord, now=NOW)
    discord.mend()
    async with archive.write() as tx:
        await tx.execute("UPDATE deliveries SET post = '[]' WHERE channel_id = 1")
    await deliver.deliver_due(archive, discord, now=NOW + HOUR)
    assert discord.count(TWO) == 1
    assert await judged(archive, ONE) == [(VerdictKind.FAILED, NOW)]
    assert await papers_shown(archive, ONE) == []
    assert await deliveries.unsettled(archive, NOW + DAY, grace=deliver.GRACE) == ()


# --- by hand --------------------------------------------------------------------------------------


async def test_an_extra_digest_comes_at_once_and_the_scheduled_one_skips_its_papers(
    archive: Database, discord: Discord
) -> None:
    await channel(archive, due=NOW + HOUR)
    sent = await deliver.deliver_now(archive, discord, await get(archive), now=NOW)
    assert sent.kind is DeliveryKind.EXTRA
    assert discord.count(ONE) == 1
    found = await get(archive)
    assert (found.next_due, found.last_due) == (NOW + HOUR, None)
    assert await judged(archive) == []
    extra = set(await papers_shown(archive))
    assert extra == set(sent.shown)
    await deliver.deliver_due(archive, discord, now=NOW + HOUR)
    shown = await papers_shown(archive)
    assert len(shown) == len(set(shown)) > len(extra)
    assert await judged(archive) == [(VerdictKind.POSTED, NOW + HOUR)]


async def test_extra_digests_wait_ten_minutes_for_each_other(archive: Database, discord: Discord) -> None:
    await channel(archive, due=NOW + DAY)
    found = await get(archive)
    await deliver.deliver_now(archive, discord, found, now=NOW)
    for wait, minutes in ((0, 10), (1, 10), (61, 9), (599, 1)):
        with pytest.raises(UserError, match=f"ask again in {minutes} minute"):
            await deliver.deliver_now(archive, discord, found, now=NOW + timedelta(seconds=wait))
    await deliver.deliver_now(archive, discord, found, now=NOW + 10 * MINUTE)
    assert discord.count(ONE) == 2


async def test_an_extra_digest_with_nothing_to_show_says_why(archive: Database, discord: Discord) -> None:
    await channel(archive, 1, "zebras")
    with pytest.raises(UserError, match=r"^Nothing matched “zebras”.*\.$"):
        await deliver.deliver_now(archive, discord, await get(archive), now=NOW)
    assert await deliveries.last_extra(archive, ONE) is None
    assert discord.tries == 0


async def test_a_paused_channel_gets_no_extra_digest(archive: Database, discord: Discord) -> None:
    await channel(archive)
    await channels.pause(archive, ONE, "by hand", now=NOW)
    with pytest.raises(UserError, match="is paused"):
        await deliver.deliver_now(archive, discord, await get(archive), now=NOW)
    assert discord.tries == 0


async def test_an_extra_digest_that_discord_refuses_is_told_to_who_asked(
    archive: Database, discord: Discord
) -> None:
    await channel(archive)
    discord.before[ONE] = PostRefused(1, "I may not post there")
    with pytest.raises(PostRefused):
        await deliver.deliver_now(archive, discord, await get(archive), now=NOW - MINUTE)
    assert await judged(archive) == []
    assert (await get(archive)).paused == "I may not post there"
    assert await papers_shown(archive) == []


async def test_two_hands_and_the_tick_at_once_show_no_paper_twice(archive: Database, discord: Discord) -> None:
    await channel(archive)
    found = await get(archive)
    results = await asyncio.gather(
        deliver.deliver_now(archive, discord, found, now=NOW),
        deliver.deliver_due(archive, discord, now=NOW),
        deliver.deliver_now(archive, discord, found, now=NOW),
        return_exceptions=True,
    )
    assert all(not isinstance(result, Exception) or isinstance(result, UserError) for result in results), results
    await deliver.deliver_due(archive, discord, now=NOW + MINUTE)
    shown = await papers_shown(archive)
    assert len(shown) == len(set(shown))
    assert [kind for kind, _ in await judged(archive)] == [VerdictKind.POSTED]


# --- preview --------------------------------------------------------------------------------------


async def test_a_preview_is_the_digest_that_comes_and_stores_nothing(archive: Database, discord: Discord) -> None:
    await channel(archive, 1, "agent", "image generation")
    before = committed(archive, "SELECT count(*), total(next_due) FROM channels, deliveries")
    drafted = await draft.upcoming(archive, await get(archive), now=NOW)
    assert drafted.why == ""
    assert committed(archive, "SELECT count(*), total(next_due) FROM channels, deliveries") == before
    await deliver.deliver_due(archive, discord, now=NOW)
    assert await papers_shown(archive) == [match.paper.id for match in drafted.digest.papers]
    drafted = await draft.upcoming(archive, await get(archive), now=NOW)
    assert {match.paper.id for match in drafted.digest.papers}.isdisjoint(await papers_shown(archive))


async def test_through_clock_changes_and_changed_schedules_each_local_due_day_has_one_verdict(
    archive: Database, discord: Discord
) -> None:
    """Ten weeks over both hemispheres' clock changes, with a user who changes the time every few days."""
    zones = (
        "America/New_York",
        "Europe/Berlin",
        "Africa/Cairo",
        "Asia/Kolkata",
        "Australia/Lord_Howe",
        "Pacific/Apia",
    )
    first = datetime(2026, 3, 1, tzinfo=UTC)
    for number, zone in enumerate(zones, start=1):
        schedule = Schedule(post_at=time(2, 30), zone=zone, days=frozenset({0, 1, 2, 3, 4, 6}))
        await channels.subscribe(
            archive,
            ChannelId(number),
            Owner(guild_id=GuildId(1)),
            "trending",
            schedule=schedule,
            next_due=due.next_due(schedule, first),
            now=first,
        )
    for step in range(70 * 8):
        now = first + step * 3 * HOUR
        await deliver.deliver_due(archive, discord, now=now)
        if step % 19 == 7:
            at = time(step % 24, 15)
            number = ChannelId(step % len(zones) + 1)
            await ask.reschedule(archive, number, lambda old, at=at: replace(old, post_at=at), now=now)  # type: ignore[misc]
    for number, zone in enumerate(zones, start=1):
        found = await verdicts.latest(archive, ChannelId(number), limit=1_000)
        days = [verdict.due_at.astimezone(ZoneInfo(zone)).date() for verdict in found]
        assert len(days) == len(set(days))
        assert all(day.weekday() != 5 for day in days)
        # A time moved to before now, on a day that had none yet, leaves that day without.
        expected = {
            day for day in (days[-1] + at * DAY for at in range((days[0] - days[-1]).days)) if day.weekday() != 5
        }
        assert len(expected - set(days)) <= 5
