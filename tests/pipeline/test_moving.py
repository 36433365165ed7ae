"""Moving house: what was exported is all there after the import, once, whatever is there already."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import stat
import sys
from contextlib import aclosing
from datetime import datetime, time
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bot.errors import StorageError, UserError
from bot.models import (
    ChannelId,
    Delivery,
    DeliveryId,
    DeliveryKind,
    DeliveryState,
    GuildId,
    Imported,
    MessageId,
    Owner,
    Post,
    Taken,
    Verdict,
    VerdictKind,
)
from bot.pipeline import arrival, ask, deliver, moving, weekly
from storage import backup, channels, deliveries, export, feeds, guilds, papers, round_ups, search, searches
from storage.database import Database
from tests.making import (
    ARXIV,
    BLOG,
    HF,
    NOW,
    TODAY,
    WEEKDAYS,
    channel,
    delivery,
    entry,
    files,
    rows,
    store,
)
from tests.pipeline.house import DAY, HOUR, ONE, dump, pack, shown, unpack
from tests.pipeline.test_deliver import Discord, judged
from tests.storage.test_database import ROOT

# --- the round trip -----------------------------------------------------------------------------------


async def test_nothing_is_lost(lived: Database, packed: Path, house: Database) -> None:
    made = await unpack(house, packed)
    before = dump(lived.path)
    assert dump(house.path) == before
    assert [name for name, found in before.items() if not found] == [], "every table had something to lose"
    columns = ((name, column) for name, found in before.items() for column in zip(*found, strict=True))
    assert [name for name, column in columns if not any(column)] == [], "and every column"
    counts = {name: len(found) for name, found in before.items()}
    assert made.taken == Taken(
        papers=counts["papers"], channels=6, topics=counts["topics"], deliveries=counts["deliveries"]
    )


async def test_taking_it_in_again_changes_nothing(packed: Path, house: Database) -> None:
    await unpack(house, packed)
    before = dump(house.path)
    made = await unpack(house, packed)
    assert dump(house.path) == before
    assert made.taken == Taken(known_channels=6)


async def test_the_export_of_the_import_is_the_same(
    packed: Path, house: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However few are held at once."""
    monkeypatch.setattr(export, "SLICE", 7)
    monkeypatch.setattr(arrival, "LONGEST", 6_000)
    await unpack(house, packed)
    assert files(await pack(house, tmp_path / "again")) == files(packed)


async def test_both_machines_would_go_on_alike(
    lived: Database, packed: Path, house: Database, tmp_path: Path
) -> None:
    """The next two days: the same digests of the same news, the open delivery looked for, no paper again."""
    await unpack(house, packed)
    backup.write(lived.path, tmp_path / "stayed.sqlite")
    async with Database(tmp_path / "stayed.sqlite") as stayed:
        assert await two_days(house) == await two_days(stayed)


async def two_days(db: Database) -> list[object]:
    """What happens in them, but for the random ids of deliveries."""
    discord = Discord()
    news = entry("An Agent of Tomorrow", url="https://c.example/1", on=TODAY + DAY)
    await store(db, HF, news, entry("A Late Agent", url="https://c.example/2"), at=NOW + 2 * HOUR)
    for after in (2 * HOUR, DAY, 2 * DAY):
        await deliver.deliver_due(db, discord, now=NOW + after)
    posts = [(number, str(post)) for number, sent in discord.posts.items() for post in sent.values()]
    assert {number for number, _ in posts} == {1, 2, 12, 20}
    return [
        sorted((number, re.sub("[0-9a-f]{20}", "", post)) for number, post in posts),
        await rows(db, "SELECT * FROM verdicts ORDER BY channel_id, due_at"),
        await rows(
            db,
            """SELECT papers.channel_id, kind, due_at, state, position, paper_id, shown FROM delivery_papers papers
            JOIN deliveries ON id = delivery_id ORDER BY papers.channel_id, due_at, position""",
        ),
    ]


# --- into a house where somebody lives ----------------------------------------------------------------


async def moved(old: Database, new: Database, folder: Path) -> Imported:
    """Twice, because the second time nothing may change any more."""
    made = await unpack(new, await pack(old, folder))
    once = dump(new.path)
    await unpack(new, folder)
    assert dump(new.path) == once
    return made


async def sent(db: Database, made: Delivery) -> None:
    await deliveries.claim(db, made, next_due=NOW + DAY)
    await deliveries.mark_sent(db, made, MessageId(5), None)


async def test_a_paper_of_both_is_one_and_knows_what_either_knew(
    db: Database, house: Database, tmp_path: Path
) -> None:
    number, early, late = "2601.00001", NOW - HOUR, NOW + HOUR
    await store(db, BLOG, entry("Filler of a Number", url="https://f.example"))
    await store(db, ARXIV, entry("Only Seen There First", arxiv_id="2601.00002"), at=early)
    await store(db, ARXIV, entry("Paper Of Two Houses", arxiv_id=number, on=TODAY - DAY))
    await store(db, HF, entry("Paper Of Two Houses", arxiv_id=number, votes=7, stars=2), at=late)

    await store(house, HF, entry("Seen Here Later", arxiv_id="2601.00002"))
    update = entry("The Paper of two houses", arxiv_id=number, version=2, on=TODAY - DAY, announced=False)
    await store(house, ARXIV, update, at=early)
    voted = entry("The Paper", arxiv_id=number, votes=5, abstract="ours", authors=("Ada Lo",), on=TODAY - 2 * DAY)
    await store(house, HF, voted)
    await store(house, BLOG, entry("The paper", url="https://b.example", authors=("A. Lo",), on=TODAY - 2 * DAY))

    made = await moved(db, house, tmp_path / "moved")

    assert made.taken == Taken(papers=1, enriched=2)
    assert await rows(house, "SELECT title, abstract, votes, stars, listed_on FROM papers ORDER BY id") == [
        ("Only Seen There First", "", None, None, TODAY.isoformat()),  # arXiv's words are believed
        ("The Paper of two houses", "ours", 7, 2, TODAY.isoformat()),  # of two of arXiv's, the later version's
        ("Filler of a Number", "", None, None, TODAY.isoformat()),
    ]
    seen = [(int(at.timestamp()), int(changed.timestamp())) for at, changed in ((early, NOW), (early, late))]
    assert await rows(house, "SELECT first_seen_at, changed_at FROM papers WHERE id < 3 ORDER BY id") == seen
    assert await rows(
        house, "SELECT feed, announced FROM listings WHERE paper_id = 2 ORDER BY feed, listed_on"
    ) == [
        (ARXIV, 1),
        (HF, 1),
        (HF, 1),
        (BLOG, 1),
    ]
    assert await rows(house, "SELECT votes FROM observations WHERE paper_id = 2 ORDER BY seen_at") == [(5,), (7,)]


async def test_two_papers_here_that_were_one_there_are_one_from_now_on(
    db: Database, house: Database, tmp_path: Path
) -> None:
    one = entry("Known Under Two Names", arxiv_id="2601.00001", doi="10.1/x")
    await store(db, HF, one)
    await channel(house)
    await store(house, HF, entry("By Number", arxiv_id="2601.00001"), entry("Another", arxiv_id="2601.00009"))
    await store(house, BLOG, entry("By Doi", url="https://b.example", doi="10.1/x"))
    await sent(house, delivery("d1", shown=(3,)))
    made = await moved(db, house, tmp_path / "moved")
    assert made.taken == Taken(enriched=1)
    assert await rows(house, "SELECT id, arxiv_id, doi FROM papers ORDER BY id") == [
        (1, "2601.00001", "10.1/x"),
        (2, "2601.00009", None),
    ]
    assert await shown(house) == ["By Number"]


async def test_what_either_side_showed_counts_as_shown(db: Database, house: Database, tmp_path: Path) -> None:
    known = [entry(f"Paper Number {at}", arxiv_id=f"2601.0000{at}") for at in range(1, 6)]
    for there, order in ((db, known), (house, known[::-1])):
        await store(there, HF, *order)
        await channel(there)
    await sent(db, delivery("theirs", shown=(1, 2), more=(3,)))  # 1, 2 and 3
    await sent(house, delivery("ours", shown=(4, 3), more=(1,)))  # 2, 3 and 5
    await sent(db, delivery("alone", due=NOW - DAY, kind=DeliveryKind.EXTRA, shown=(5,)))

    made = await moved(db, house, tmp_path / "moved")

    assert made.taken == Taken(known_channels=1, deliveries=2)
    assert await shown(house) == [f"Paper Number {at}" for at in (1, 2, 3, 5)]
    # One due moment has one digest: the other side's is one more.
    assert await rows(house, "SELECT id, kind FROM deliveries ORDER BY id") == [
        ("alone", "extra"),
        ("ours", "scheduled"),
        ("theirs", "extra"),
    ]
    for name, behind in (("theirs", {"Paper Number 2", "Paper Number 3"}), ("ours", {"Paper Number 5"})):
        found, _, _ = await ask.more(house, DeliveryId(name))
        assert {paper.title for paper, _ in found} == behind


@pytest.mark.parametrize("theirs_is_later", [True, False])
async def test_a_channel_of_both_is_as_the_side_that_is_further_on(
    db: Database, house: Database, tmp_path: Path, *, theirs_is_later: bool
) -> None:
    """A move that was tried out first: meanwhile the old machine went on. Or the new one did."""
    await store(db, HF, entry("Paper Number 1", arxiv_id="2601.00001"))
    await channel(db, 1, "agent", "audio")
    claimed = delivery("d1", shown=(1,))
    assert await deliveries.claim(db, claimed, next_due=NOW + DAY)
    await unpack(house, await pack(db, tmp_path / "trial"))

    later, earlier = (db, house) if theirs_is_later else (house, db)
    arrived = Verdict(channel_id=ONE, due_at=NOW, at=NOW, kind=VerdictKind.POSTED, text="posted 1 paper")
    await deliveries.mark_sent(later, claimed, MessageId(5), arrived)
    quiet = Verdict(channel_id=ONE, due_at=NOW + DAY, at=NOW + DAY, kind=VerdictKind.QUIET, text="weekend")
    assert await deliveries.record_silence(later, quiet, next_due=NOW + 2 * DAY)
    await channels.pause(later, ONE, "by hand", now=NOW + DAY)
    await channels.subscribe(
        later, ONE, Owner(guild_id=GuildId(7)), "video", schedule=WEEKDAYS, next_due=NOW + 2 * DAY, now=NOW + DAY
    )
    await deliveries.give_up(earlier, claimed, None, now=NOW)

    await moved(db, house, tmp_path / "moved")

    found = await channels.get(house, ONE)
    assert found is not None
    assert (found.last_due, found.next_due, found.paused) == (NOW + DAY, None, "by hand")
    assert [topic.text for topic in await channels.topics(house, ONE)] == ["agent", "audio", "video"]
    told = [(kind, due) for kind, due in await judged(house)]
    assert told == [(VerdictKind.QUIET, NOW + DAY), (VerdictKind.POSTED, NOW)]
    assert await shown(house) == ["Paper Number 1"], "it is in the channel, whatever was thought here"
    ended = await deliveries.get(house, DeliveryId("d1"))
    assert (ended.state, ended.message_id) == (DeliveryState.SENT, 5)


@pytest.mark.parametrize("theirs_is_later", [True, False])
async def test_a_round_up_is_of_the_side_that_is_further_on(
    db: Database, house: Database, tmp_path: Path, *, theirs_is_later: bool
) -> None:
    await channel(db)
    await weekly.turn_on(db, ONE, NOW.weekday(), time(13), now=NOW - HOUR)
    await unpack(house, await pack(db, tmp_path / "trial"))
    assert await dued(house) == await dued(db) == (NOW, None)
    later = db if theirs_is_later else house
    discord = Discord()
    await deliver.deliver_due(later, discord, now=NOW)
    assert await weekly.deliver_weekly_due(later, discord, now=NOW) == 1
    await moved(db, house, tmp_path / "moved")
    assert await dued(house) == (NOW + 7 * DAY, NOW)
    quiet = (VerdictKind.QUIET, NOW)
    assert await judged(house) == [quiet, quiet], "the digest's and its own"

    assert await round_ups.turn_off(later, ONE, now=NOW)
    silent = Verdict(channel_id=ONE, due_at=NOW + DAY, at=NOW + DAY, kind=VerdictKind.QUIET, text="weekend")
    assert await deliveries.record_silence(later, silent, next_due=NOW + 2 * DAY)
    await moved(db, house, tmp_path / "again")
    found = await channels.get(house, ONE)
    assert found is not None
    assert found.round_up is None


async def dued(db: Database) -> tuple[datetime | None, datetime | None]:
    """The next and the last due moment of the channel's round-up."""
    found = await channels.get(db, ONE)
    assert found is not None
    assert found.round_up is not None
    return found.round_up.next_due, found.round_up.last_due


async def test_two_round_ups_of_one_moment_are_one_and_one_more(
    db: Database, house: Database, tmp_path: Path
) -> None:
    for there, name in ((db, "theirs"), (house, "ours")):
        await store(there, HF, entry("Paper Number 1", arxiv_id="2601.00001"))
        await channel(there)
        await weekly.turn_on(there, ONE, NOW.weekday(), time(13), now=NOW - HOUR)
        made = delivery(name, kind=DeliveryKind.WEEKLY, shown=(1,))
        assert await deliveries.claim(there, made, next_due=NOW + 7 * DAY)
    await moved(db, house, tmp_path / "moved")
    assert await rows(house, "SELECT id, kind FROM deliveries ORDER BY id") == [
        ("ours", "weekly"),
        ("theirs", "extra"),
    ]
    assert await shown(house) == ["Paper Number 1"]


async def test_an_export_of_before_round_ups_still_comes_in(packed: Path, house: Database) -> None:
    for name, left_out in (("channels.jsonl", "round_up"), ("verdicts.jsonl", "occasion")):
        lines = [json.loads(line) for line in (packed / name).read_text().splitlines()]
        if name == "verdicts.jsonl":
            lines = [line for line in lines if line["occasion"] == "digest"]
            manifest = json.loads((packed / moving.MANIFEST).read_text())
            manifest["records"][name] = len(lines)
            (packed / moving.MANIFEST).write_text(json.dumps(manifest))
        for line in lines:
            del line[left_out]
            if line.get("guild_id"):
                del line["person"]  # there were no inboxes either
        (packed / name).write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    made = await unpack(house, packed)
    assert made.taken.channels == 6
    assert await rows(house, "SELECT count(*) FROM round_ups") == [(0,)]
    assert await rows(house, "SELECT DISTINCT occasion FROM verdicts") == [("digest",)]


async def test_a_number_that_is_taken_here_is_given_anew(db: Database, house: Database, tmp_path: Path) -> None:
    for there, number, topic, query in ((db, 1, "theirs", "b"), (house, 2, "ours", "a")):
        await channel(there, number, topic)
        await searches.remember(there, query, now=NOW)
    await searches.remember(house, "b", now=NOW - DAY)
    await searches.remember(db, "a", now=NOW - DAY)
    await moved(db, house, tmp_path / "moved")
    assert await rows(house, "SELECT id, query FROM topics ORDER BY id") == [(1, "ours"), (2, "theirs")]
    at = int(NOW.timestamp())
    assert await rows(house, "SELECT id, query, asked_at FROM searches ORDER BY id") == [
        (1, "a", at),
        (2, "b", at),
    ]


async def test_what_is_set_for_a_server_here_stays(db: Database, house: Database, tmp_path: Path) -> None:
    for guild in (7, 8, 9):
        await guilds.set_alerts(db, GuildId(guild), ONE)
    await guilds.set_alerts(house, GuildId(7), ChannelId(2))
    await guilds.set_alerts(house, GuildId(8), None)
    await moved(db, house, tmp_path / "moved")
    assert await rows(house, "SELECT id, alerts_to FROM guilds ORDER BY id") == [(7, 2), (8, 1), (9, 1)]


async def test_a_channel_takes_as_many_topics_as_it_may(db: Database, house: Database, tmp_path: Path) -> None:
    await channel(db, 1, *(f"theirs {at}" for at in range(20)), "Both")
    await channel(house, 1, *(f"ours {at}" for at in range(20)), "both")
    made = await moved(db, house, tmp_path / "moved")
    assert (made.taken.topics, made.taken.topics_left_out) == (4, 16)
    assert len(await channels.topics(house, ONE)) == channels.MAX_TOPICS


@pytest.mark.parametrize("first", ["theirs", "ours"])
async def test_what_was_no_news_on_its_side_becomes_none(
    db: Database, house: Database, tmp_path: Path, first: str
) -> None:
    """A feed that is known for longer on one side: what the other side's first reading brought stays its past."""
    early, late = NOW - 5 * DAY, NOW - HOUR
    begun = {"theirs": early if first == "theirs" else late, "ours": late if first == "theirs" else early}
    for there, name in ((db, "theirs"), (house, "ours")):
        past = entry(f"Past of {name}", url=f"https://{name}.example/past", on=TODAY - 2 * DAY)
        news = entry(f"News of {name}", url=f"https://{name}.example/news", on=TODAY - 2 * DAY)
        await store(there, BLOG, past, at=begun[name])
        await feeds.record_poll(there, BLOG, now=begun[name], next_poll_at=NOW, error=None, entries=1)
        await store(there, BLOG, news, at=begun[name] + 2 * HOUR)
        # Read by hand from a file, of a feed that only the other side reads.
        await store(there, f"rss:{name}", entry(f"File of {name}", url=f"https://{name}.example/file"), at=NOW)
        other = "ours" if name == "theirs" else "theirs"
        await feeds.record_poll(there, f"rss:{other}", now=early, next_poll_at=NOW, error=None, entries=0)

    await moved(db, house, tmp_path / "moved")

    found = await search.news(house, today=TODAY + DAY, since=TODAY + DAY, unseen=early - DAY)
    titles = {paper.title for paper in await papers.get(house, found)}
    assert titles == {"News of theirs", "News of ours"}
    assert await rows(house, "SELECT first_at FROM feeds WHERE name = ?", BLOG) == [(int(early.timestamp()),)]


# --- the folder ---------------------------------------------------------------------------------------


def modes(folder: Path) -> tuple[int, set[int]]:
    """Who may do what with a folder, and with its files."""
    return stat.S_IMODE(folder.stat().st_mode), {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}


async def test_files_are_their_owner_s_alone_and_the_manifest_counts_them(packed: Path) -> None:
    assert modes(packed) == (0o700, {0o600})
    told = json.loads((packed / moving.MANIFEST).read_text())
    assert (told["format"], told["paperboy"], told["exported_at"]) == (1, "1.2.3", "2026-03-31T13:00:00Z")
    found = {
        name: body.count(b"<outline" if name == moving.OPML else b"\n") for name, body in files(packed).items()
    }
    del found[moving.MANIFEST]
    assert told["records"] == found
    assert found.keys() == moving.FILES.keys()
    assert all(found.values())


async def test_a_folder_with_something_in_it_is_left_alone(db: Database, tmp_path: Path) -> None:
    file = tmp_path / "taken"
    file.write_text("mine")
    full = tmp_path / "full"
    full.mkdir()
    (full / "mine").write_text("mine")
    for path in (file, full, db.path):
        with pytest.raises(UserError, match=r"is no empty folder. Nothing was changed"):
            await pack(db, path)
    with pytest.raises(UserError, match="cannot be written: No such file"):
        await pack(db, tmp_path / "no" / "such")
    assert files(full) == {"mine": b"mine"}
    (full / "mine").unlink()
    full.chmod(0o755)
    assert len(files(await pack(db, full))) == len(moving.FILES) + 1
    assert modes(full) == (0o755, {0o600})


async def test_an_export_is_of_one_moment(lived: Database) -> None:
    before, found = dump(lived.path), dict[str, int]()
    async with aclosing(export.everything(lived)) as slices:
        async for records in slices:
            name = type(records[0]).__name__
            found[name] = found.get(name, 0) + len(records)
            # Another goes on writing all the while.
            await store(lived, HF, entry(f"News beside {name}", url=f"https://n.example/{name}"))
            await searches.remember(lived, name, now=NOW)
            async with lived.write() as tx:
                await tx.execute("DELETE FROM channels WHERE id = (SELECT max(id) FROM channels)")
    assert len(before["papers"]) == found["KeptPaper"] < (await papers.count(lived))
    assert len(before["deliveries"]) == found["Delivery"]
    assert (len(before["channels"]), len(before["searches"])) == (found["KeptChannel"], found["Search"])
    async with lived.read() as reader:
        assert not reader.in_transaction


async def test_a_post_that_nobody_can_read_does_not_hold_up_a_move(
    db: Database, house: Database, tmp_path: Path
) -> None:
    await store(db, HF, entry("Paper Number 1", arxiv_id="2601.00001"))
    await channel(db)
    await sent(db, delivery("d1", shown=(1,)))
    async with db.write() as tx:
        await tx.execute("UPDATE deliveries SET post = '{'")
    await moved(db, house, tmp_path / "moved")
    assert await shown(house) == ["Paper Number 1"]
    assert (await deliveries.get(house, DeliveryId("d1"))).post == Post(())


async def test_the_list_of_feeds_is_opml_without_secrets(packed: Path, house: Database) -> None:
    assert not [file for file, body in files(packed).items() if b"swordfish" in body]
    tree = ElementTree.parse(packed / moving.OPML).getroot()
    assert (tree.tag, tree.get("version"), [child.tag for child in tree]) == ("opml", "2.0", ["head", "body"])
    assert [(child.tag, child.text) for child in tree[0]] == [
        ("title", "Feeds of Paperboy"),
        ("dateCreated", "Tue, 31 Mar 2026 13:00:00 GMT"),
    ]
    told = [
        (outline.get("type"), outline.get("text"), outline.get("xmlUrl") or outline.get("url"))
        for outline in tree[1]
    ]
    assert told == [
        ("link", "Hugging Face", "https://huggingface.co/papers"),
        ("rss", "arXiv cs.CL+cs.AI", "https://rss.arxiv.org/rss/cs.CL+cs.AI"),
        ("rss", "a", "https://a.example/?a=1&b=2"),
        ("rss", "lab", "https://lab.example/feed?key=…"),
        ("rss", 'Blog "B" <&>\nof two lines', "https://b.example/rss"),
        ("rss", "https://b.example/rss", "https://b.example/rss"),
    ]
    made = await unpack(house, packed)
    assert made.sources == (
        "huggingface",
        "arxiv:cs.CL+cs.AI",
        "rss:https://a.example/?a=1&b=2",
        "rss:https://lab.example/feed?key=…",
    )
    assert made.incomplete == 1


# --- broken off ---------------------------------------------------------------------------------------

# The process is killed while it takes the fourth slice in.
KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from bot.formats import opml
from bot.pipeline import arrival
from storage import export, intake
from storage.database import Database

async def main(path, folder):
    reading = arrival._Reading(folder, arrival.look(folder), lambda *_: None)

    async def slices():
        for number, records in enumerate(reading.slices()):
            if number == 4:
                os.kill(os.getpid(), signal.SIGKILL)
            yield records

    async with Database(path) as db:
        await intake.take(db, slices())

asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2])))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such signal")
async def test_an_import_that_is_killed_leaves_nothing_and_can_be_repeated(
    lived: Database, packed: Path, tmp_path: Path
) -> None:
    path = tmp_path / "killed.sqlite"
    async with Database(path):
        pass
    empty = dump(path)
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", KILLED, str(path), str(packed), cwd=ROOT)
    assert await process.wait() == -signal.SIGKILL
    async with Database(path) as db:
        assert dump(path) == empty
        await unpack(db, packed)
        assert dump(path) == dump(lived.path)


async def test_an_import_into_a_full_disk_leaves_nothing(packed: Path, house: Database) -> None:
    async with house.write() as tx:
        ((pages,),) = await tx.execute_fetchall("PRAGMA page_count")
        await tx.execute(f"PRAGMA max_page_count = {pages + 20}")
    with pytest.raises(StorageError, match="the disk is full"):
        await unpack(house, packed)
    assert not any(dump(house.path).values())
    async with house.write() as tx:
        await tx.execute("PRAGMA max_page_count = 100000")
    assert (await unpack(house, packed)).taken.papers > 80


async def test_an_import_that_is_stopped_leaves_nothing(packed: Path, house: Database) -> None:
    under_way, loop = asyncio.Event(), asyncio.get_running_loop()

    def progress(_done: int, _all: int, _what: str) -> None:
        loop.call_soon_threadsafe(under_way.set)

    taking = asyncio.create_task(arrival.bring(house, packed, arrival.look(packed), progress=progress))
    await under_way.wait()
    taking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await taking
    assert not any(dump(house.path).values())


def cramped(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if "cramped" in str(path)]


# No file may grow beyond what SQLite needs beside a database.
CRAMPED = """
import resource, sys
from bot.__main__ import main

usual = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, usual[1]))
code = main(["export", sys.argv[1]])
resource.setrlimit(resource.RLIMIT_FSIZE, usual)
sys.exit(code)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such limits")
async def test_an_export_that_fails_leaves_nothing(lived: Database, tmp_path: Path) -> None:
    folder = tmp_path / "cramped"
    for before in ([], ["cramped"]):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", CRAMPED, str(folder)),
            cwd=ROOT,
            env={**os.environ, "PAPERBOY_DATABASE": str(lived.path)},
            stderr=asyncio.subprocess.PIPE,
        )
        _, err = await process.communicate()
        assert (process.returncode, err.decode()) == (2, f"{folder} cannot be written: File too large.\n")
        assert cramped(tmp_path) == before
        folder.mkdir(exist_ok=True)
