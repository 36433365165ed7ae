"""Papers come in from live sources and from captured files."""

from __future__ import annotations

import gzip
import json
import logging
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from aiohttp import web

from bot.errors import UserError
from bot.feeds import arxiv
from bot.fetch import Fetcher
from bot.models import Feed, FeedKind, FeedOutcome, FeedState, PaperId
from bot.pipeline import captures, ingest, look
from storage import feeds, papers
from storage.database import Database
from tests.feeds.test_arxiv import as_rss
from tests.making import NOW, TODAY, observations, rows
from tests.pipeline.sources import KEY, PASSWORD, USER, World, announcement, breaks_off, listed, says, serving

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
YESTERDAY = TODAY - DAY
HF_PATH, ARXIV_PATH, BLOG_PATH = "/api/daily_papers", "/rss/cs.CL+cs.LG", "/feed.xml"


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with serving(World()) as served:
        served.days = {TODAY: [listed(1, TODAY), listed(2, TODAY)], YESTERDAY: [listed(3, YESTERDAY)]}
        served.arxiv = [announcement(1), announcement(4)]
        served.posts = [("A Post", "/1")]
        yield served


async def poll(
    db: Database, world: World, at: datetime = NOW, *, only: str = "", days: int | None = None, backfill: int = 14
) -> tuple[FeedOutcome, ...]:
    """One tick with the real fetcher; `only` one kind of source."""
    sources = [source for source in world.feeds() if source.name.startswith(only)]
    async with Fetcher(version="test", pauses={}) as fetch:
        return await ingest.ingest(
            db, fetch, sources, now=at, poll=HOUR, backfill_days=backfill, days=days, jitter=lambda: 0.0
        )


async def state(db: Database, name: str = "huggingface") -> FeedState:
    return next(state for found, state in (await feeds.states(db)).items() if found.startswith(name))


async def titles(db: Database) -> list[str]:
    return [title for (title,) in await rows(db, "SELECT title FROM papers ORDER BY title")]


def everything(db: Database) -> list[str]:
    """Every value of every table, as text."""
    with closing(sqlite3.connect(db.path)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return [
            str(value) for name in tables for row in connection.execute(f"SELECT * FROM {name}") for value in row
        ]


# --- live sources ---------------------------------------------------------------------------------


async def test_the_first_start_reads_fourteen_hugging_face_days_with_one_request_each(
    db: Database, world: World
) -> None:
    (outcome,) = await poll(db, world, only="huggingface")
    weekdays = [TODAY - n * DAY for n in range(20) if (TODAY - n * DAY).weekday() < 5][:14]
    assert world.paths() == [f"{HF_PATH}?date={day}&limit=100" for day in weekdays]
    assert (outcome.new, outcome.error, outcome.label) == (3, None, "Hugging Face")


async def test_later_polls_read_the_last_three_days_again(db: Database, world: World) -> None:
    await poll(db, world, only="huggingface")
    world.paths()
    world.days[YESTERDAY][0]["paper"]["upvotes"] = 9
    (outcome,) = await poll(db, world, NOW + HOUR, only="huggingface")
    assert world.paths() == [f"{HF_PATH}?date=2026-03-{day}&limit=100" for day in (31, 30, 27)]
    assert (outcome.new, outcome.updated, outcome.unchanged) == (0, 1, 0)
    assert await rows(db, "SELECT votes FROM papers WHERE arxiv_id = '2603.00003'") == [(9,)]


async def test_a_source_is_read_on_after_the_host_s_clock_was_set_back(db: Database, world: World) -> None:
    await poll(db, world, NOW, only="huggingface")
    back = NOW - DAY
    assert len(await poll(db, world, back, only="huggingface")) == 1
    assert (await state(db)).next_poll_at == back + HOUR
    assert await poll(db, world, back + MINUTE, only="huggingface") == ()


async def test_a_busy_day_is_read_with_all_its_pages(db: Database, world: World) -> None:
    world.days = {TODAY: [listed(number, TODAY) for number in range(250)]}
    (outcome,) = await poll(db, world, only="huggingface", backfill=0)
    first = f"{HF_PATH}?date={TODAY}&limit=100"
    assert world.paths() == [first, f"{first}&p=1", f"{first}&p=2"]
    assert outcome.new == await papers.count(db) == 250


async def test_a_day_of_exactly_one_page_costs_no_second_look_too_many(db: Database, world: World) -> None:
    world.days = {TODAY: [listed(number, TODAY) for number in range(99)]}
    await poll(db, world, only="huggingface", backfill=1)
    assert len(world.paths()) == 1


async def test_a_day_is_stored_with_all_its_pages_or_not_at_all(db: Database, world: World) -> None:
    world.days = {TODAY: [listed(number, TODAY) for number in range(150)]}

    async def second_page_fails(request: web.Request) -> web.StreamResponse:
        return web.Response(status=503) if "p" in request.query else world._hugging_face(request)

    world.faults[HF_PATH] = second_page_fails
    (outcome,) = await poll(db, world, only="huggingface", backfill=1)
    assert outcome.error is not None
    assert await papers.count(db) == 0
    world.faults.clear()
    (outcome,) = await poll(db, world, NOW + HOUR, only="huggingface", backfill=1)
    assert outcome.new == 150


async def test_each_source_is_read_and_one_paper_stays_one(db: Database, world: World) -> None:
    outcomes = await poll(db, world)
    assert [(outcome.new, outcome.updated, outcome.error) for outcome in outcomes] == [
        (3, 0, None),
        (1, 1, None),
        (1, 0, None),
    ]
    assert await titles(db) == ["A Post", "Paper Number 1", "Paper Number 2", "Paper Number 3", "Paper Number 4"]
    assert (await state(db, "arxiv")).entries == 2


async def test_what_did_not_change_is_not_sent_nor_stored_again(db: Database, world: World) -> None:
    await poll(db, world)
    before = everything(db)
    world.asked.clear()
    outcomes = await poll(db, world, NOW + 6 * HOUR)
    assert all(request.headers["If-None-Match"] for request in world.asked)
    assert [(outcome.not_modified, outcome.error, outcome.unchanged) for outcome in outcomes] == [
        (True, None, 0)
    ] * 3
    seen = [(name, found.succeeded_at, found.entries) for name, found in (await feeds.states(db)).items()]
    assert [entries for _, _, entries in seen] == [2, 3, 1]
    assert {at for _, at, _ in seen} == {NOW + 6 * HOUR}
    times = {str(int((NOW + hours * HOUR).timestamp())) for hours in range(13)}
    assert [value for value in everything(db) if value not in times] == [
        value for value in before if value not in times
    ]


async def test_a_list_that_changed_is_read_beside_those_that_did_not(db: Database, world: World) -> None:
    await poll(db, world)
    world.days[TODAY].append(listed(5, TODAY))
    outcomes = await poll(db, world, NOW + 6 * HOUR)
    assert [(outcome.new, outcome.not_modified) for outcome in outcomes] == [(1, False), (0, True), (0, True)]


async def test_nobody_is_asked_before_the_time(db: Database, world: World) -> None:
    await poll(db, world)
    world.paths()
    assert await poll(db, world, NOW + HOUR - timedelta(seconds=1)) == ()
    assert world.paths() == []
    # arXiv makes its list once a day.
    assert [outcome.feed[:3] for outcome in await poll(db, world, NOW + HOUR)] == ["hug", "rss"]
    assert len(await poll(db, world, NOW + 6 * HOUR)) == 3


async def test_days_asks_at_once_and_so_far_back(db: Database, world: World) -> None:
    await poll(db, world, only="huggingface")
    world.paths()
    (outcome,) = await poll(db, world, NOW + MINUTE, only="huggingface", days=5)
    assert outcome.error is None
    assert len(world.paths()) == 5


async def test_a_weeks_lists_are_read_four_times_a_day_and_three_otherwise(db: Database, world: World) -> None:
    """Some papers grow late: their counts are known when the next digest comes."""
    world.days[TODAY + DAY] = [listed(5, TODAY + DAY)]
    await poll(db, world, only="huggingface", backfill=1)
    read = []
    for hours in range(1, 25):
        world.paths()
        await poll(db, world, NOW + hours * HOUR, only="huggingface")
        read.append(len(world.paths()))
    # At 18:00, midnight, 06:00 and 12:00.
    assert [hours for hours, days in enumerate(read, start=1) if days == 6] == [5, 11, 17, 23]
    assert sorted(read) == [3] * 19 + [4] + [6] * 4  # and once, when a new list had opened, one more


async def test_arxiv_s_empty_weekend_is_no_error(db: Database, world: World) -> None:
    world.arxiv = []
    (outcome,) = await poll(db, world, only="arxiv")
    assert (outcome.new, outcome.skipped, outcome.error) == (0, 0, None)


async def test_progress_is_told_from_none_to_all(db: Database, world: World) -> None:
    told: list[tuple[int, int, str]] = []
    async with Fetcher(version="test", pauses={}) as fetch:
        await ingest.ingest(
            db,
            fetch,
            world.feeds()[:1],
            now=NOW,
            poll=HOUR,
            backfill_days=3,
            progress=lambda *step: told.append(step),
        )
    assert told == [(done, 3, "Hugging Face") for done in range(4)]


# --- live sources that fail -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (breaks_off, "broke off before the answer was complete"),
        (says("<!doctype html><title>Just a moment</title>"), "found an HTML page titled “Just a moment”"),
        (says('{"error": "Invalid date"}'), "found an error: “Invalid date”"),
        (says("null"), "found JSON null"),
        (says(""), "found an empty body"),
        (says(b"[" * 100_000), "expected a JSON list of papers"),
        (says("oops", status=500), "has trouble of its own (HTTP 500)"),
        (says("gone", status=404), "has nothing at this address (HTTP 404)"),
    ],
    ids=["truncated", "HTML", "an error as JSON", "null", "empty", "nested", "500", "404"],
)
async def test_a_broken_source_is_told_in_words_and_stops_no_other(
    db: Database, world: World, fault: Any, words: str
) -> None:
    world.faults[HF_PATH] = fault
    broken, *others = await poll(db, world)
    assert broken.error is not None
    assert words in broken.error
    assert not broken.not_modified
    assert [(outcome.error, outcome.new > 0) for outcome in others] == [(None, True)] * 2
    failed = await state(db)
    assert (failed.error, failed.failures, failed.succeeded_at) == (broken.error, 1, None)
    assert failed.next_poll_at == NOW + 5 * MINUTE
    assert await rows(db, "SELECT count(*) FROM validators WHERE url LIKE '%daily_papers%'") == [(0,)]


@pytest.mark.parametrize("path", [ARXIV_PATH, BLOG_PATH])
async def test_a_page_in_place_of_a_feed_is_told(db: Database, world: World, path: str) -> None:
    world.faults[path] = says("<html><title>Maintenance</title></html>")
    outcomes = await poll(db, world)
    assert [outcome.error for outcome in outcomes if outcome.error] == [
        "this is not a feed: expected RSS or Atom, found an HTML page titled “Maintenance”"
    ]


async def test_a_host_that_is_not_there_is_told(db: Database) -> None:
    async with serving(World()) as gone:
        address = gone.base
    source = Feed(kind=FeedKind.ARXIV, name="arxiv:x", label="arXiv x", address=address, categories=("x",))
    async with Fetcher(version="test", pauses={}) as fetch:
        (outcome,) = await ingest.ingest(db, fetch, [source], now=NOW, poll=HOUR, backfill_days=1)
    assert outcome.error == "could not connect to 127.0.0.1: it refused the connection"


async def test_the_next_try_comes_later_each_time_up_to_the_usual_interval(db: Database, world: World) -> None:
    world.faults[HF_PATH] = says("down", status=503)
    at, waits = NOW, []
    for _ in range(6):
        await poll(db, world, at, only="huggingface", backfill=1)
        following = (await state(db)).next_poll_at
        assert following is not None
        waits.append((following - at) // MINUTE)
        at = following
    assert waits == [5, 10, 20, 40, 60, 60]
    world.faults.clear()
    await poll(db, world, at, only="huggingface", backfill=1)
    well = await state(db)
    assert (well.failures, well.error, well.next_poll_at) == (0, None, at + HOUR)
    world.faults[HF_PATH] = says("down", status=503)
    await poll(db, world, at + HOUR, only="huggingface")
    assert (await state(db)).next_poll_at == at + HOUR + 5 * MINUTE


@pytest.mark.parametrize(("asked", "kept"), [("7200", 7200), ("10", 300), ("999999999", 86_400)])
async def test_a_source_that_asks_for_a_pause_gets_it(db: Database, world: World, asked: str, kept: int) -> None:
    world.faults[HF_PATH] = says("slow down", status=429, Retry_After=asked)
    (outcome,) = await poll(db, world, only="huggingface")
    assert outcome.error == "127.0.0.1 asks us to slow down (HTTP 429)"
    assert len(world.paths()) == 1
    assert (await state(db)).next_poll_at == NOW + timedelta(seconds=kept)


async def test_the_days_before_a_failure_stay_and_the_first_start_is_not_over(db: Database, world: World) -> None:
    async def yesterday_fails(request: web.Request) -> web.StreamResponse:
        late = request.query["date"] < TODAY.isoformat()
        return web.Response(status=502) if late else world._hugging_face(request)

    world.faults[HF_PATH] = yesterday_fails
    (outcome,) = await poll(db, world, only="huggingface")
    assert (outcome.new, outcome.error) == (2, "127.0.0.1 has trouble of its own (HTTP 502)")
    world.faults.clear()
    world.paths()
    await poll(db, world, NOW + HOUR, only="huggingface")
    assert len(world.paths()) == 14
    assert await papers.count(db) == 3


async def test_one_bad_entry_is_skipped_and_counted(db: Database, world: World) -> None:
    world.days[TODAY] += ["no object", {"paper": {"id": "2603.00009"}}, {"paper": {"title": "No id"}}]
    world.arxiv.append("<item><title>No number</title><link>https://arxiv.org/</link></item>")
    hf, arxiv_, _ = await poll(db, world)
    assert (hf.new, hf.skipped, hf.error) == (3, 3, None)
    assert (arxiv_.new, arxiv_.skipped, arxiv_.error) == (1, 1, None)


async def test_a_bug_over_one_source_stops_no_other_and_is_not_repeated_every_minute(
    db: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(body: bytes) -> None:
        raise KeyError("surprise")

    monkeypatch.setattr(arxiv, "parse", stumble)
    hf, broken, blog = await poll(db, world)
    assert (hf.new, blog.new) == (3, 1)
    assert broken.error == "an internal error; the log tells more"
    world.paths()
    assert await poll(db, world, NOW + MINUTE) == ()
    assert (await state(db, "arxiv")).next_poll_at == NOW + 5 * MINUTE


async def test_the_credentials_of_a_feed_reach_it_and_nobody_else(
    db: Database, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    told: list[FeedOutcome] = []
    for hours, fault in enumerate((None, says("no", status=403), breaks_off, says("<html>"), None)):
        world.faults = {BLOG_PATH: fault} if fault else {}
        told += await poll(db, world, NOW + hours * HOUR, only="rss")
    world.base = world.base.replace("127.0.0.1", "nowhere.invalid")
    told += await poll(db, world, NOW + 9 * HOUR, only="rss")
    assert [bool(outcome.error) for outcome in told] == [False, True, True, True, False, True]
    assert await titles(db) == ["A Post"]
    heard = [repr(told), *caplog.text.splitlines(), *everything(db), *map(str, (await feeds.states(db)).values())]
    for secret in (USER, PASSWORD, KEY):
        assert [text for text in heard if secret in text] == []


# --- captured files -------------------------------------------------------------------------------


def capture(folder: Path, name: str, value: Any) -> None:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    (folder / name).write_bytes(gzip.compress(body) if name.endswith(".gz") else body)


async def test_a_directory_is_read_in_the_order_of_capture(db: Database, tmp_path: Path) -> None:
    folder = tmp_path / "captures"
    folder.mkdir()
    day = date(2026, 3, 30)
    capture(folder, "a__2026-03-30T200000Z.json.gz", [listed(1, day, votes=20)])
    capture(folder, "b__2026-03-30T08:00:00Z.json", [listed(1, day, votes=3)])
    (folder / "folder").mkdir()
    outcome = await captures.read_files(db, FeedKind.HUGGINGFACE, folder, now=NOW)
    assert (outcome.new, outcome.updated, outcome.error) == (1, 1, None)
    seen = await observations(db, PaperId(1))
    assert [(at, votes) for at, votes, _ in seen] == [
        (datetime(2026, 3, 30, 8, tzinfo=UTC), 3),
        (datetime(2026, 3, 30, 20, tzinfo=UTC), 20),
    ]


@pytest.mark.parametrize(
    ("name", "listed_on", "seen_at"),
    [
        ("2026-03-26__2026-03-27T010000Z.json", "2026-03-26", datetime(2026, 3, 27, 1, tzinfo=UTC)),
        ("2026-03-26.json", "2026-03-26", NOW),
        ("2026-03-27T010000Z.json", "2026-03-27", datetime(2026, 3, 27, 1, tzinfo=UTC)),
        ("list.json", "2026-03-31", NOW),
        ("2026-03-26__2026-99-27T010000Z.json", "2026-03-26", NOW),
    ],
)
async def test_a_name_tells_the_day_and_the_time_of_capture(
    db: Database, tmp_path: Path, name: str, listed_on: str, seen_at: datetime
) -> None:
    bare = {"id": "2603.00001", "title": "A Title", "upvotes": 2}
    capture(tmp_path, name, [bare])
    outcome = await captures.read_files(db, FeedKind.HUGGINGFACE, tmp_path / name, now=NOW)
    assert outcome.new == 1
    assert await rows(db, "SELECT listed_on, seen_at FROM listings JOIN observations USING (paper_id)") == [
        (listed_on, int(seen_at.timestamp()))
    ]


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("a.json", b"<html><title>Oops</title>"),
        ("a.json.gz", b"not packed"),
        ("a.json.gz", gzip.compress(b"[]" * 1000)[:-12]),
        ("a.json.gz", gzip.compress(b"[]")[:10] + b"\xff" * 20),
        ("2026-99-99.json", b"[]"),
    ],
    ids=["no list", "not packed", "cut off", "damaged", "a day that is none"],
)
async def test_a_broken_file_is_counted_and_the_others_are_read(
    db: Database, tmp_path: Path, name: str, body: bytes
) -> None:
    folder = tmp_path / "captures"
    folder.mkdir()
    (folder / name).write_bytes(body)
    for number in (1, 2):
        capture(folder, f"z{number}.json", [listed(number, TODAY)])
    outcome = await captures.read_files(db, FeedKind.HUGGINGFACE, folder, now=NOW)
    assert (outcome.new, outcome.skipped) == (2, 1)
    assert outcome.error is not None
    assert outcome.error.startswith(f"{name}: ")


async def test_a_directory_without_files_is_told(db: Database, tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    with pytest.raises(UserError, match="nothing to read"):
        await captures.read_files(db, FeedKind.RSS, folder, now=NOW)


# --- real captures --------------------------------------------------------------------------------


@pytest.mark.no_cover  # thousands of papers, and no line that the others leave out
async def test_three_hundred_real_mornings(db: Database, shared: Path) -> None:
    folder = shared / "hf" / "mornings"
    last: dict[str, tuple[str, int]] = {}
    entries = 0
    for file in sorted(folder.iterdir(), key=lambda file: file.name.partition("__")[2]):
        for found in json.loads(gzip.decompress(file.read_bytes())):
            entries += 1
            last[found["paper"]["id"]] = (file.name[:10], found["paper"]["upvotes"])
    outcome = await captures.read_files(db, FeedKind.HUGGINGFACE, folder, now=NOW)
    assert (outcome.new, outcome.skipped, outcome.error) == (len(last), 0, None)
    assert outcome.new + outcome.updated + outcome.unchanged == entries
    stored = await rows(db, "SELECT arxiv_id, listed_on, votes FROM papers")
    assert {number: (day, votes) for number, day, votes in stored} == last
    assert len(stored) == len(last)


async def test_real_evenings_over_their_mornings(db: Database, shared: Path, tmp_path: Path) -> None:
    """A month of both: counts follow the later capture, whatever is read first."""
    folder = tmp_path / "evenings"
    folder.mkdir()
    last: dict[str, tuple[str, int]] = {}
    for line in (shared / "hf" / "evenings.jsonl").read_text(encoding="utf-8").splitlines():
        captured = json.loads(line)
        at = datetime.fromisoformat(captured["captured"]).astimezone(UTC)
        if (at.year, at.month) != (2026, 3):
            continue
        inner = [{"paper": found} for found in captured["papers"]]
        capture(folder, f"evening__{at:%Y-%m-%dT%H%M%SZ}.json", inner)
        for found in captured["papers"]:
            last[found["id"]] = max(last.get(found["id"], ("", 0)), (f"{at:%Y-%m-%dT%H%M%SZ}", found["upvotes"]))
    assert (await captures.read_files(db, FeedKind.HUGGINGFACE, folder, now=NOW)).new == len(last)
    mornings = tmp_path / "mornings"
    mornings.mkdir()
    for file in (shared / "hf" / "mornings").glob("2026-03-*"):
        shutil.copy(file, mornings)
        at_morning = file.name[12:30]
        for found in json.loads(gzip.decompress(file.read_bytes())):
            seen = (at_morning, found["paper"]["upvotes"])
            last[found["paper"]["id"]] = max(last.get(found["paper"]["id"], ("", 0)), seen)
    outcome = await captures.read_files(db, FeedKind.HUGGINGFACE, mornings, now=NOW)
    assert outcome.error is None
    stored = dict(await rows(db, "SELECT arxiv_id, votes FROM papers"))
    assert stored == {number: votes for number, (_, votes) in last.items()}


@pytest.mark.no_cover  # thousands of papers, and no line that the others leave out
async def test_real_days_of_arxiv(db: Database, shared: Path, tmp_path: Path) -> None:
    folder = tmp_path / "cs.CV"
    folder.mkdir()
    kinds: dict[str, set[bool]] = {}
    days = sorted((shared / "feeds" / "arxiv_cs_cv").glob("*.json"))
    for file in days:
        (folder / f"{file.stem[-10:]}T041500Z.xml").write_bytes(as_rss(json.loads(file.read_bytes())))
        for found in json.loads(file.read_text(encoding="utf-8"))["papers"]:
            kinds.setdefault(found["arxiv_id"], set()).add(not found["announce_type"].startswith("replace"))
    outcome = await captures.read_files(db, FeedKind.ARXIV, folder, now=NOW)
    assert (outcome.new, outcome.skipped, outcome.error) == (len(kinds), 0, None)
    assert len(days) == 18
    assert await papers.count(db) == len(kinds)
    news = await rows(db, "SELECT count(DISTINCT paper_id) FROM listings WHERE announced")
    assert news == [(sum(True in seen for seen in kinds.values()),)]
    undated = await rows(db, "SELECT count(*) FROM papers WHERE listed_on IS NULL")
    assert undated == [(sum(True not in seen for seen in kinds.values()),)]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("arxiv_cs_lg.xml", FeedKind.ARXIV),
        ("arxiv_response_levroz.xml", FeedKind.ARXIV),
        ("biorxiv_bioengineering_1item.rdf.xml", FeedKind.RSS),
        ("huangboming_hf_daily.rss.xml", FeedKind.RSS),
        ("hf_daily_papers_sotawhat.json", FeedKind.HUGGINGFACE),
    ],
)
async def test_real_answers_of_other_sources(db: Database, shared: Path, name: str, kind: FeedKind) -> None:
    file = shared / "feeds" / name
    if kind is FeedKind.HUGGINGFACE:
        expected = len({found["paper"]["id"] for found in json.loads(file.read_bytes())})
    else:
        tags = [element.tag.rpartition("}")[2] for element in ElementTree.parse(file).iter()]
        expected = tags.count("entry") + tags.count("item")
    outcome = await captures.read_files(db, kind, file, now=NOW)
    assert (outcome.new, outcome.skipped, outcome.error) == (expected, 0, None)
    assert expected == await papers.count(db) > 0


async def test_after_a_stop_the_days_of_the_gap_are_read(db: Database, world: World) -> None:
    await poll(db, world, only="huggingface", backfill=1)
    world.asked.clear()
    await poll(db, world, NOW + timedelta(days=6), only="huggingface")
    days = [request.query["date"] for request in world.asked if request.path == HF_PATH]
    assert len(days) == 9
    assert days[0] == "2026-04-06"


async def test_a_probe_stores_nothing_and_takes_no_backfill_away(db: Database, world: World) -> None:
    world.faults[ARXIV_PATH] = says("down", status=503)
    async with Fetcher(version="test", pauses={}) as fetch:
        told = [await look.probe(fetch, feed, now=NOW) for feed in world.feeds()]
    assert [error is None for _, error in told] == [True, False, True]
    assert await papers.count(db) == 0
    assert await feeds.states(db) == {}


async def test_asking_for_one_day_first_still_reads_the_backfill(db: Database, world: World) -> None:
    async with Fetcher(version="test", pauses={}) as fetch:
        await ingest.ingest(db, fetch, world.feeds()[:1], now=NOW, poll=HOUR, backfill_days=14, days=1)
    assert len(world.paths()) == 14
