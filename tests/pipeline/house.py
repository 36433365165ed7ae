"""A database that has lived, its export, and the house that it moves to."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path
from typing import Any

from bot.models import (
    Batch,
    ChannelId,
    DeliveryId,
    Feed,
    FeedKind,
    FeedLink,
    GuildId,
    Health,
    HealthState,
    Imported,
    Sighting,
    TopicId,
    UserId,
)
from bot.papers.legibility import legible
from bot.pipeline import arrival, deliver, moving, weekly
from storage import additions, channels, deliveries, feeds, guilds, health, searches
from storage.database import Database
from tests.making import ARXIV, BLOG, HF, NOW, TODAY, channel, delivery, entry, rows, store
from tests.pipeline.test_deliver import Discord

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ONE, TWO, THREE = ChannelId(1), ChannelId(2), ChannelId(3)
ADDED = "added:https://b.example/rss"
SECRET = "https://joe:swordfish@lab.example/feed?key=swordfish"
SOURCES = (
    Feed(kind=FeedKind.HUGGINGFACE, name="huggingface", label="Hugging Face", address="https://huggingface.co"),
    Feed(
        kind=FeedKind.ARXIV,
        name=ARXIV,
        label="arXiv cs.CL+cs.AI",
        address="https://rss.arxiv.org",
        archive="https://export.arxiv.org",
        categories=("cs.CL", "cs.AI"),
    ),
    Feed(
        kind=FeedKind.RSS, name="rss:https://a.example/?a=1&b=2", label="a", address="https://a.example/?a=1&b=2"
    ),
    Feed(kind=FeedKind.RSS, name="rss:https://lab.example/feed?key=…#1234", label="lab", address=SECRET),
)


async def live(archive: Database) -> None:
    """The sample's database is read by live feeds, and gets channels with digests in every state."""
    for at, votes in ((NOW - HOUR, 5), (NOW, 9)):
        await store(archive, HF, entry("A Paper of Two Feeds", arxiv_id="2603.99999", votes=votes), at=at)
        await feeds.record_poll(archive, HF, now=at, next_poll_at=at + HOUR, error=None, entries=3)
    await store(
        archive, BLOG, entry("A Paper of Two Feeds", url="https://blog.example/two;more", authors=("Ada Lo",))
    )
    latex = entry("On the $L^2$ Norm of Agents", arxiv_id="2603.99998", authors=("P. Erd\\H{o}s",))
    await store(archive, ARXIV, replace(latex, paper=legible(latex.paper)))
    await feeds.record_poll(
        archive, ARXIV, now=NOW, next_poll_at=NOW, error="it answers 503", entries=None, stalls=2
    )
    await store(archive, "rss:gone", entry("Soon Joined", on=TODAY - 30 * DAY))
    await watch(archive)
    await add(archive)
    for number, guild, topic in ((1, 7, "agent"), (2, 7, "trending"), (3, 8, "image generation")):
        await channel(archive, number, topic, "removed later", guild=guild, created=NOW - DAY)
        await channels.unsubscribe(archive, TopicId(2 * number))
    discord = Discord()
    await weekly.turn_on(archive, TWO, NOW.weekday(), time(12, 30), now=NOW - HOUR)
    assert await deliver.deliver_due(archive, discord, now=NOW) == 3
    assert await weekly.deliver_weekly_due(archive, discord, now=NOW) == 1
    for number, kind in ((1, "refused"), (2, "sent, unmarked")):
        await channel(archive, number + 10, guild=9, due=NOW + MINUTE)
        made = delivery(kind[:4], number + 10, due=NOW + MINUTE, at=NOW + MINUTE, shown=(number,), more=(3, 4))
        made = replace(made, note="arXiv could not be read", beyond=2)
        assert await deliveries.claim(archive, made, next_due=NOW + DAY)
    await deliveries.give_up(
        archive,
        await deliveries.get(archive, DeliveryId("refu")),
        None,
        now=NOW + MINUTE,
        pause="refused by Discord",
    )
    await deliveries.postpone(
        archive, await deliveries.get(archive, DeliveryId("sent")), None, next_try_at=NOW + HOUR, trouble="a 503"
    )
    await channels.pause(archive, THREE, "by hand", now=NOW, by=UserId(2**60 + 1))
    await channels.mark_alerted(archive, TWO, NOW)
    await channel(archive, 20, "agent", person=2**60 + 5, due=NOW + DAY)
    await guilds.set_alerts(archive, GuildId(7), TWO)
    await guilds.leave(archive, GuildId(8), NOW)
    for query in ("one", "two"):
        await searches.remember(archive, query, now=NOW)
    async with archive.write() as tx:
        await tx.execute("DELETE FROM searches WHERE query = 'two'")  # as upkeep does
        # Joined with another, say: numbers have gaps.
        await tx.execute("DELETE FROM papers WHERE title = 'Soon Joined'")


async def watch(archive: Database) -> None:
    """How arXiv's lists are, one of which was had before the feed was ever polled for it."""
    held = Sighting(category="cs.AI", day=TODAY - DAY, entries=12, new=3, items=20, repeats=TODAY - 2 * DAY)
    stale = Health(state=HealthState.STALE, told="still serving Monday's list", sighting=held)
    await health.record(archive, ARXIV, (stale, replace(stale, sighting=Sighting(category="cs.CL"))), now=NOW)
    for category, whole in (("cs.AI", False), ("cs.CL", True)):
        had = Batch(category=category, day=TODAY - DAY, entries=12, items=20, first_at=NOW - DAY, whole=whole)
        await health.record_batches(archive, ARXIV, (had,), {"title": TODAY, "link": TODAY - DAY})
    await health.record_batches(archive, "rss:of files only", (Batch(day=TODAY, entries=1, first_at=NOW),))


async def add(archive: Database) -> None:
    """Two servers add a feed; it has a work of everybody's, and two that are theirs alone."""
    for guild, title in ((7, 'Blog "B" <&>\nof two lines'), (8, "")):
        link = FeedLink(address=ADDED.removeprefix("added:"), title=title)
        number = await additions.begin_look(archive, GuildId(guild), now=NOW - HOUR)
        await additions.end_look(archive, number, (link,))
        assert await additions.add(archive, GuildId(guild), link, limit=10, now=NOW - HOUR)
    await feeds.record_poll(archive, ADDED, now=NOW - HOUR, next_poll_at=NOW, error=None, entries=0)
    await store(
        archive,
        ADDED,
        entry("A Paper of Two Feeds", arxiv_id="2603.99999", abstract="A stranger's words"),
        entry("Of a Server's Own Agent", url="https://b.example/1", abstract="Zoë – ∑ 🙂", authors=("Ada Lo",)),
        entry("A Secret of That Server", url="https://b.example/2", authors=("Ada Lo",)),
    )
    await health.record_batches(archive, ADDED, (Batch(day=TODAY, entries=3, first_at=NOW),), {"title": TODAY})


STAYS = {
    "validators": "they spare the sources one transfer; a paper that was edited out would never come again",
    "beats": "signs of life of the old machine",
    "looks": "what is behind the buttons of a preview, for an hour or so; only their numbers are not given again",
    "readings": "what comes in is read by today's reader as it comes; what the old one had not come to is, too",
    "embeddings": "made from the papers, by a model that the new machine may not have",
    "questions": "what another search answered within the last day; it can be asked again",
    "meaning": "which model the old machine had",
    "rewritings": "made from the papers, by a model that the new machine may not have",
    "model_calls": "how often the old machine asked its model today",
}
"""Tables that do not move, and why."""
DERIVED = re.compile(r"(texts|names)(_(data|idx|docsize|config))?|words|postings|lengths|unranked|sqlite_stat\d")
"""Made from the papers, or by the planner."""
# The order counts: an older one may have gaps, where what was behind "n more" is gone.
PLACES = """SELECT delivery_id, row_number() OVER (PARTITION BY delivery_id, shown ORDER BY position), channel_id,
    paper_id, shown FROM delivery_papers"""


def dump(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table that moves: of all but those above, so that a new one has to be decided on."""
    with closing(sqlite3.connect(path)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        assert STAYS.keys() <= set(names)
        found = {
            name: connection.execute(PLACES if name == "delivery_papers" else f"SELECT * FROM {name}").fetchall()
            for name in names
            if name not in STAYS and not DERIVED.fullmatch(name)
        }
        for index in ("texts", "names"):
            connection.execute(f"INSERT INTO {index} ({index}) VALUES ('integrity-check')")
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    return {name: sorted(found[name], key=repr) for name in found}


async def pack(db: Database, folder: Path) -> Path:
    await moving.export(db, folder, SOURCES, now=NOW, version="1.2.3")
    return folder


async def unpack(db: Database, folder: Path) -> Imported:
    return await arrival.bring(db, folder, arrival.look(folder))


async def shown(db: Database, number: ChannelId = ONE) -> list[str]:
    """Titles, by who knows how many digests."""
    found = await rows(
        db,
        """SELECT title FROM delivery_papers JOIN papers ON papers.id = paper_id
        WHERE channel_id = ? AND shown ORDER BY title""",
        number,
    )
    return [title for (title,) in found]


# --- a folder of one's own ------------------------------------------------------------------------------

LINE: Mapping[str, object] = {
    "title": "A Paper of My Own",
    "url": "https://mine.example/1",
    "first_seen_at": "2026-03-31T13:00:00Z",
    "changed_at": "2026-03-31T15:00:00+02:00",
}
"""The least that a paper needs."""
SCHEDULE: Mapping[str, object] = {"post_at": "13:00", "zone": "UTC", "days": [0, 1], "size": 8}
CHANNEL: Mapping[str, object] = {
    "id": "1",
    "guild_id": "7",
    "schedule": SCHEDULE,
    "next_due": "2026-03-31T13:00:00Z",
    "created_at": "2026-03-30T12:00:00Z",
}
DELIVERY: Mapping[str, object] = {
    "id": "d1",
    "channel_id": "1",
    "kind": "extra",
    "due_at": "2026-03-31T13:00:00Z",
    "claimed_at": "2026-03-31T13:00:00Z",
    "state": "sent",
    "post": {"blocks": []},
}


def write(folder: Path, **contents: Sequence[object] | bytes) -> Path:
    """An export of these records, or of these bytes as one record's."""
    folder.mkdir(exist_ok=True)
    counts: dict[str, int] = {}
    for name, content in contents.items():
        lines = (
            content
            if isinstance(content, bytes)
            else "".join(f"{json.dumps(line)}\n" for line in content).encode()
        )
        (folder / f"{name}.jsonl").write_bytes(lines)
        counts[f"{name}.jsonl"] = 1 if isinstance(content, bytes) else len(content)
    told = {"format": 1, "exported_at": "2026-03-31T13:00:00Z", "records": counts}
    (folder / moving.MANIFEST).write_text(json.dumps(told))
    return folder
