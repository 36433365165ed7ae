"""A database that has lived, its export, and the house that it moves to."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.models import ChannelId, DeliveryId, Feed, FeedKind, GuildId, Imported, TopicId, UserId
from bot.pipeline import arrival, deliver, moving
from storage import channels, deliveries, feeds, guilds, searches
from storage.database import Database
from tests.making import ARXIV, BLOG, HF, NOW, channel, delivery, entry, rows, store
from tests.pipeline.test_deliver import Discord

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ONE, TWO, THREE = ChannelId(1), ChannelId(2), ChannelId(3)
SECRET = "https://joe:swordfish@lab.example/feed?key=swordfish"
SOURCES = (
    Feed(kind=FeedKind.HUGGINGFACE, name="huggingface", label="Hugging Face", address="https://huggingface.co"),
    Feed(
        kind=FeedKind.ARXIV,
        name="arxiv:cs.CL+cs.AI",
        label="arXiv cs.CL+cs.AI",
        address="https://rss.arxiv.org",
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
    await store(
        archive,
        "added:https://b.example/rss",
        entry("Of a Server's Own Feed", url="https://b.example/1", on=None, abstract="Zoë – ∑ 🙂"),
    )
    await feeds.record_poll(archive, ARXIV, now=NOW, next_poll_at=NOW, error="it answers 503", entries=None)
    for number, guild, topic in ((1, 7, "agent"), (2, 7, "trending"), (3, 8, "image generation")):
        await channel(archive, number, topic, "removed later", guild=guild, created=NOW - DAY)
        await channels.unsubscribe(archive, TopicId(2 * number))
    discord = Discord()
    assert await deliver.deliver_due(archive, discord, now=NOW) == 3
    for number, kind in ((1, "refused"), (2, "sent, unmarked")):
        await channel(archive, number + 10, guild=9, due=NOW + MINUTE)
        made = delivery(kind[:4], number + 10, due=NOW + MINUTE, at=NOW + MINUTE, shown=(number,), more=(3, 4))
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
    await guilds.set_alerts(archive, GuildId(7), TWO)
    await guilds.leave(archive, GuildId(8), NOW)
    for query in ("one", "two"):
        await searches.remember(archive, query, now=NOW)
    async with archive.write() as tx:
        await tx.execute("DELETE FROM searches WHERE query = 'two'")  # as upkeep does
        # Joined with another, say: numbers have gaps.
        await tx.execute("DELETE FROM papers WHERE id = (SELECT max(id) - 1 FROM papers)")
        await tx.executemany(
            "INSERT INTO guild_feeds VALUES (?, 'added:https://b.example/rss', 'https://b.example/rss', ?, 5)",
            [(7, 'Blog "B" <&>\nof two lines'), (8, "")],
        )


STAYS = {
    "validators": "they spare the sources one transfer; a paper that was edited out would never come again",
    "beats": "signs of life of the old machine",
}
"""Tables that do not move, and why."""
DERIVED = "texts", "names", "sqlite_stat"
"""Made from the papers, or by the planner."""
# The order counts: an older one may have gaps, where what was behind "n more" is gone.
PLACES = """SELECT delivery_id, row_number() OVER (PARTITION BY delivery_id, shown ORDER BY position), channel_id,
    paper_id, shown FROM delivery_papers"""


def dump(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table that moves."""
    with closing(sqlite3.connect(path)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        assert STAYS.keys() <= set(names)
        found = {
            name: connection.execute(PLACES if name == "delivery_papers" else f"SELECT * FROM {name}").fetchall()
            for name in names
            if name not in STAYS and not name.startswith(DERIVED)
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
