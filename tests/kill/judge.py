"""What has to hold after every kill, and at the end: judged from the file, the peer and the world alone.

The rules are said here once more in words of their own; no code of the product is asked.
"""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bot.models import Occasion, VerdictKind
from tests.peer.shapes import Json, custom_ids

NUMBER = re.compile(r"26\d\d\.\d{5}")
GRACE = 6 * 3600
_NEW_YORK = ZoneInfo("America/New_York")


@dataclass(frozen=True)
class Follower:
    """A channel as its people set it up."""

    number: int
    zone: str
    at: time
    days: frozenset[int]
    words: tuple[str, ...]
    back_at: time
    """Its round-up's time of day,"""
    back_on: int
    """and its day of the week."""

    def moments(self, occasion: Occasion, begin: datetime, end: datetime) -> tuple[datetime, ...]:
        """When its digests, or its round-ups, are due, in (begin, end]."""
        zone = ZoneInfo(self.zone)
        at, days = (self.at, self.days) if occasion is Occasion.DIGEST else (self.back_at, {self.back_on})
        first = begin.astimezone(zone).date()
        dates = (first + timedelta(days=count) for count in range((end - begin).days + 3))
        all_of_them = (datetime.combine(day, at, zone) for day in dates if day.weekday() in days)
        return tuple(moment.astimezone(UTC) for moment in all_of_them if begin < moment <= end)


@dataclass(frozen=True)
class Announced:
    """A paper as the world listed it."""

    number: str
    words: tuple[str, ...]
    day: date


@contextmanager
def copied(database: Path) -> Iterator[sqlite3.Connection]:
    """The file as a crash left it, opened elsewhere: the original is for the next start to recover."""
    with tempfile.TemporaryDirectory(dir=database.parent) as folder:
        for ending in ("", "-wal"):
            if (source := database.with_name(database.name + ending)).exists():
                shutil.copy(source, folder)
        with closing(sqlite3.connect(Path(folder) / database.name)) as connection:
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA synchronous = OFF")  # a copy need not outlive a power cut
            yield connection


# --- nothing is half written ------------------------------------------------------------------------

_ITS = """(v.channel_id, v.due_at) = (d.channel_id, d.due_at)
    AND v.occasion = iif(d.kind = 'weekly', 'weekly', 'digest')"""
"""A verdict `v` is the one of a delivery `d`."""
HALVES = {
    "a digest without papers": """SELECT id FROM deliveries d WHERE kind != 'weekly' AND NOT EXISTS
        (SELECT 1 FROM delivery_papers WHERE delivery_id = d.id AND (shown OR d.state = 'refused'))""",
    "papers out of order": """SELECT delivery_id FROM delivery_papers GROUP BY delivery_id
        HAVING max(position) + 1 != count(*)""",
    "papers of another channel": """SELECT delivery_id FROM delivery_papers p JOIN deliveries d
        ON d.id = delivery_id WHERE p.channel_id != d.channel_id""",
    "a digest whose channel was not moved on": """SELECT d.id FROM deliveries d JOIN channels c
        ON c.id = channel_id WHERE kind != 'weekly'
        AND (next_due <= due_at OR last_due < due_at OR last_due IS NULL)""",
    "a round-up that was not moved on": """SELECT d.id FROM deliveries d JOIN round_ups USING (channel_id)
        WHERE kind = 'weekly' AND (next_due <= due_at OR last_due < due_at OR last_due IS NULL)""",
    "a delivery without a verdict": f"""SELECT id FROM deliveries d WHERE NOT EXISTS
        (SELECT 1 FROM verdicts v WHERE {_ITS})""",
    "a state that its verdict belies": f"""SELECT d.id FROM deliveries d JOIN verdicts v ON {_ITS}
        WHERE (state, v.kind) NOT IN (('claimed', 'waiting'), ('sent', 'posted'), ('refused', 'failed'))""",
    "sent without a message": "SELECT id FROM deliveries WHERE (state = 'sent') != (message_id IS NOT NULL)",
    "claimed without a next try": """SELECT id FROM deliveries
        WHERE (state = 'claimed') != (next_try_at IS NOT NULL)""",
    "a verdict that waits for nothing": f"""SELECT due_at FROM verdicts v WHERE kind = 'waiting' AND NOT EXISTS
        (SELECT 1 FROM deliveries d WHERE {_ITS})""",
    "a paper without a key": """SELECT id FROM papers WHERE id NOT IN (SELECT paper_id FROM identities)""",
    "a paper that no feed listed": """SELECT id FROM papers WHERE id NOT IN (SELECT paper_id FROM listings)""",
    "counts that were not observed": """SELECT id FROM papers WHERE votes IS NOT NULL AND votes IS NOT
        (SELECT votes FROM observations WHERE paper_id = id ORDER BY seen_at DESC LIMIT 1)""",
}
"""Name -> what must find no row."""


def half_written(connection: sqlite3.Connection, vouched: Mapping[str, frozenset[str]]) -> list[str]:
    """`vouched`: a validator as the world gave it -> the papers of that answer."""
    found = [f"{row[0]}" for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
    found += [f"dangling: {tuple(row)}" for row in connection.execute("PRAGMA foreign_key_check")]
    for index in ("texts", "names"):
        try:
            connection.execute(f"INSERT INTO {index} ({index}, rank) VALUES ('integrity-check', 1)")
        except sqlite3.DatabaseError as error:
            found.append(f"the index {index}: {error}")
    for name, sql in HALVES.items():
        found += [f"{name}: {row[0]}" for row in connection.execute(sql)]
    for row in connection.execute("SELECT url, etag FROM validators"):
        day = re.search(r"date=(\S{10})", row["url"])
        listed = connection.execute(
            """SELECT arxiv_id FROM papers JOIN listings ON id = paper_id
            WHERE feed LIKE ? AND listings.listed_on LIKE ?""",
            ("huggingface" if day else "arxiv%", day[1] if day else "%"),
        )
        missing = vouched[row["etag"]] - {number for (number,) in listed}
        if missing:
            found.append(f"a validator of {row['url']} without {', '.join(sorted(missing))}")
    return found


# --- nothing is doubled or lost ---------------------------------------------------------------------


def carried(message: Json) -> str:
    """The delivery that a message is."""
    ids = custom_ids(message["components"])
    (found,) = (name for name in ids if name.startswith(("paperboy:more:", "paperboy:week:")))
    return str(found).rpartition(":")[2]


def texts(components: Sequence[Json]) -> Iterator[str]:
    for component in components:
        yield component.get("content", "")
        yield from texts(component.get("components", ()))


def numbers(message: Json) -> list[str]:
    """The papers that readers see in a message, in order, but for what a round-up says was shown."""
    lines = "\n".join(texts(message["components"])).split("\n")
    fresh = (line for line in lines if not re.search(r" · shown (?:today|on \S+)", line))
    return list(dict.fromkeys(NUMBER.findall("\n".join(fresh))))


def doubled(messages: Mapping[int, Sequence[Json]]) -> list[str]:
    """A digest or a paper that a channel's readers see twice."""
    found = []
    for channel, there in messages.items():
        digests = Counter(map(carried, there))
        papers = Counter(number for message in there for number in numbers(message))
        for what, times in (*digests.items(), *papers.items()):
            if times > 1:
                found.append(f"channel {channel}: {what} is there {times} times")
    return found


def astray(connection: sqlite3.Connection, messages: Mapping[int, Sequence[Json]]) -> list[str]:
    """Messages that the ledger does not know or tells otherwise, and digests that it only believes to be there."""
    found = []
    ledger = {row["id"]: row for row in connection.execute("SELECT * FROM deliveries")}
    shown: dict[str, set[str]] = {}
    left: Counter[str] = Counter()
    for row in connection.execute(
        "SELECT delivery_id, shown, arxiv_id FROM delivery_papers JOIN papers ON id = paper_id"
    ):
        if row["shown"]:
            shown.setdefault(row["delivery_id"], set()).add(row["arxiv_id"])
        else:
            left[row["delivery_id"]] += 1
    there = {carried(message): (channel, message) for channel, some in messages.items() for message in some}
    for name, (channel, message) in there.items():
        row = ledger.get(name)
        if row is None or row["channel_id"] != channel:
            found.append(f"channel {channel}: nobody knows {name}")
        elif row["state"] == "refused":
            found.append(f"channel {channel}: {name} counts as not posted, and is there")
        elif row["state"] == "sent" and str(row["message_id"]) != message["id"]:
            found.append(f"channel {channel}: {name} is another message")
        elif shown.get(name, set()) != set(numbers(message)):
            found.append(f"channel {channel}: {name} shows {numbers(message)} instead of {shown.get(name)}")
        elif f"'{left[name]} more'" not in str(message["components"]) and left[name]:
            found.append(f"channel {channel}: {name} has not {left[name]} more")
    lost = [name for name, row in ledger.items() if row["state"] == "sent" and name not in there]
    return found + [f"{name} counts as posted, and is not there" for name in lost]


def unjudged(
    connection: sqlite3.Connection, followers: Sequence[Follower], begin: datetime, *, end: datetime
) -> list[str]:
    """Due moments without their verdict, or with one that is not true. Before the `end` only those that the
    channel has left behind."""
    return [
        wrong
        for follower in followers
        for occasion in Occasion
        for wrong in _unjudged(connection, follower, occasion, begin, end)
    ]


def _unjudged(
    connection: sqlite3.Connection, follower: Follower, occasion: Occasion, begin: datetime, end: datetime
) -> Iterator[str]:
    who = f"channel {follower.number}, {occasion}"
    rows = connection.execute(
        "SELECT due_at, at, kind, text FROM verdicts WHERE channel_id = ? AND occasion = ?",
        (follower.number, occasion),
    )
    told = {row["due_at"]: row for row in rows}
    ((following,),) = connection.execute(
        "SELECT next_due FROM channels WHERE id = ?"
        if occasion is Occasion.DIGEST
        else "SELECT next_due FROM round_ups WHERE channel_id = ?",
        (follower.number,),
    ).fetchall()
    moments = [int(moment.timestamp()) for moment in follower.moments(occasion, begin, end + timedelta(days=8))]
    past = [moment for moment in moments if moment < following]
    if following not in moments:
        yield f"{who} is next due at {following}"
    for moment in set(past) ^ set(told):
        yield f"{who}: {_day(moment)} has {'no' if moment in past else 'a'} verdict"
    for moment, row in told.items():
        later = [other for other in moments if moment < other <= row["at"]]
        given_up = row["kind"] == VerdictKind.MISSED or (
            row["kind"] == VerdictKind.FAILED and row["text"].startswith("not posted ")
        )
        # Stale: the lists of this world really are empty or old on some days.
        fine = (
            *(VerdictKind.POSTED, VerdictKind.WAITING, VerdictKind.NOTHING),
            VerdictKind.QUIET,
            VerdictKind.STALE,
        )
        if row["kind"] not in fine and not (given_up and (later or row["at"] - moment >= GRACE)):
            yield f"{who}: {_day(moment)}: {row['kind']}: {row['text']}"


def unsettled(connection: sqlite3.Connection, followers: Sequence[Follower], now: datetime) -> list[str]:
    """What is not at its end though nothing was in its way."""
    waiting = connection.execute("SELECT channel_id, due_at FROM verdicts WHERE kind = 'waiting'").fetchall()
    late = connection.execute(
        """SELECT id, next_due FROM channels WHERE next_due <= ?1
        UNION ALL SELECT channel_id, next_due FROM round_ups WHERE next_due <= ?1""",
        (_seconds(now),),
    )
    return [f"channel {row[0]}: {_day(row[1])} still waits" for row in (*waiting, *late)]


def unshown(
    connection: sqlite3.Connection, followers: Sequence[Follower], announced: Sequence[Announced]
) -> list[str]:
    """What a channel was owed and is neither in a message of it nor behind one's button.

    Asked after a digest of each channel that nothing disturbed.
    """
    lost = []
    stored = {number for (number,) in connection.execute("SELECT arxiv_id FROM papers")}
    for follower in followers:
        told = {
            number
            for (number,) in connection.execute(
                """SELECT arxiv_id FROM delivery_papers p JOIN deliveries d ON d.id = delivery_id
                JOIN papers ON papers.id = paper_id WHERE p.channel_id = ? AND state = 'sent'""",
                (follower.number,),
            )
        }
        for paper in announced:
            if paper.number not in told and set(paper.words) & set(follower.words):
                where = f"channel {follower.number}: {paper.number} of {paper.day}"
                lost.append(where if paper.number in stored else f"{where} was never read")
    return lost


def open_day(seconds: int) -> date:
    """Hugging Face's day: it rolls over at 21:30 in New York."""
    return (datetime.fromtimestamp(seconds, _NEW_YORK).replace(tzinfo=None) + timedelta(hours=2.5)).date()


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _day(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%a %d %b %H:%M}"


def state(database: Path, sql: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[tuple[Any, ...]]:
    """What the file says now, through a connection that cannot change it, nor tidy it up when it closes."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return connection.execute(sql, values).fetchall()


def dumped(database: Path) -> str:
    """The ledger in words, for a fault's report."""
    rows = state(database, "SELECT channel_id, due_at, kind, text FROM verdicts ORDER BY due_at, channel_id")
    return json.dumps(rows, ensure_ascii=False, indent=0)
