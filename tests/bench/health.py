"""How well stale, short and broken lists are told from healthy ones: `python -m tests.bench.health`.

`--data DIR` holds `hf/mornings/*.json.gz`, `hf/evenings.jsonl` and `feeds/arxiv_cs_cv/*.json`. Every captured
day is read by the product's own ingest into a real file, at the hour of its capture. Before that, at the same
hour, faults built from the captures are read and judged, each on a copy of the file. Healthy days that are
called stale or broken are false alarms; faults that are called fresh or quiet are misses.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import re
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from bot import config
from bot.feeds import announcements, huggingface
from bot.models import Feed, FeedState, Fetched, Health, HealthState, Validators
from bot.pipeline import ingest
from storage import feeds
from storage.database import Database
from tests.feeds.test_arxiv import as_rss

DAY = timedelta(days=1)
ALARMS = (HealthState.STALE, HealthState.BROKEN)


@dataclass
class Tally:
    """What the judgements were."""

    healthy: Counter[str] = field(default_factory=Counter)
    alarms: list[str] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)
    answers: int = 0
    entries: int = 0
    stored: int = 0


class Source:
    """A `Fetch` that answers with bodies of the bench's choice."""

    def __init__(self) -> None:
        self.bodies: Mapping[str, bytes] = {}
        """What stands in an address -> what answers; all else has nothing."""

    async def __call__(self, url: str, _: Validators) -> Fetched:
        return Fetched(url=url, body=next((body for part, body in self.bodies.items() if part in url), b"[]"))


async def poll(path: Path, source: Source, feed: Feed, now: datetime) -> FeedState:
    async with Database(path) as db:
        await ingest.ingest(
            db, source, [feed], now=now, poll=timedelta(hours=1), backfill_days=1, days=1, jitter=lambda: 0.0
        )
        return (await feeds.states(db))[feed.name]


def judged(state: FeedState) -> Health:
    """A poll that failed is broken, whatever is known from before."""
    if state.error and not any(health.troubled for health in state.health):
        return replace(state.health[0], state=HealthState.BROKEN, told=state.error)
    return max(state.health, key=lambda health: list(HealthState).index(health.state))


async def day_by_day(
    tally: Tally, path: Path, feed: Feed, now: datetime, healthy: Mapping[str, bytes], faults: Mapping[str, Any]
) -> None:
    """The faults of one moment, each on a copy; then what was really there."""
    source = Source()
    for name, bodies in faults.items():
        copy = path.with_suffix(".copy")
        with closing(sqlite3.connect(path)) as one, closing(sqlite3.connect(copy)) as other:
            one.backup(other)
        source.bodies = bodies
        found = judged(await poll(copy, source, feed, now))
        tally.faults[name] += 1
        if found.troubled:
            tally.found[name] += 1
        else:
            tally.missed.append(f"{name}, {now:%Y-%m-%d %H:%M}: {found.state}, {found.told}")
        copy.unlink()
    source.bodies = healthy
    found = judged(await poll(path, source, feed, now))
    tally.healthy[found.state] += 1
    if found.state in ALARMS:
        tally.alarms.append(f"{now:%Y-%m-%d %H:%M}: {found.state}, {found.told}")


# --- Hugging Face ---------------------------------------------------------------------------------


def _wrapped(papers: Sequence[Mapping[str, Any]], day: date) -> list[dict[str, Any]]:
    """A list of the evenings, which hold ids, titles and votes, in the shape of the API."""
    midnight = f"{day}T00:00:00.000Z"
    return [
        {
            "paper": {
                **paper,
                "summary": "Text.",
                "authors": [{"name": "Ada Example", "hidden": False}],
                "publishedAt": midnight,
                "submittedOnDailyAt": midnight,
                "discussionId": "1",
            },
            "numComments": 0,
            "thumbnail": "https://cdn.example/1.png",
        }
        for paper in papers
    ]


def hugging_face_days(data: Path) -> list[tuple[datetime, date, list[dict[str, Any]]]]:
    """(captured at, its day, the list), the mornings and evenings of weekdays, oldest first."""
    found = []
    for file in (data / "hf/mornings").glob("*.json.gz"):
        if name := re.match(r"(\d{4}-\d\d-\d\d)__(\S+)Z", file.name):
            captured = datetime.strptime(name[2], "%Y-%m-%dT%H%M%S").replace(tzinfo=UTC)
            found.append((captured, date.fromisoformat(name[1]), json.loads(gzip.decompress(file.read_bytes()))))
    for line in (data / "hf/evenings.jsonl").read_text(encoding="utf-8").splitlines():
        told = json.loads(line)
        captured = datetime.fromisoformat(told["captured"])
        day = huggingface.day_of(captured)
        # The page shows Friday's list at the weekend; the product does not ask for those days.
        if day.weekday() < 5:
            found.append((captured, day, _wrapped(told["papers"], day)))
    return sorted(found, key=lambda capture: capture[0])


async def hugging_face(data: Path, path: Path, most: int | None = None) -> Tally:
    tally = Tally()
    (feed,) = config.load({"PAPERBOY_SOURCES": "huggingface"}).feeds
    last: tuple[date, list[dict[str, Any]]] | None = None
    served: dict[date, list[dict[str, Any]]] = {}
    for number, (captured, day, items) in enumerate(hugging_face_days(data)[:most]):
        bodies = {str(one): json.dumps(listed).encode() for one, listed in served.items()}
        faults: dict[str, Mapping[str, bytes]] = {}
        # The same sorts of fault at each capture would take an hour: each capture has some.
        if last and last[0] < day and len(last[1]) >= 5 and len(items) >= 5:
            old = last[1]
            some = max(1, len(old) // 10)
            faults = {
                "yesterday's list": {str(day): json.dumps(old).encode()},
                "yesterday's list, a tenth new": {str(day): json.dumps(old[some:] + items[:some]).encode()},
                "HTML": {str(day): b"<html><title>Just a moment</title></html>"},
                "no field upvotes": {
                    str(day): json.dumps(
                        [{"paper": {k: v for k, v in item["paper"].items() if k != "upvotes"}} for item in items]
                    ).encode()
                },
                "half of the bytes": {str(day): json.dumps(items).encode()[: len(json.dumps(items)) // 2]},
            }
            if captured.hour >= 12 or captured.date() > day:
                faults["empty at the end of the day"] = {str(day): b"[]"}
            faults = {
                name: {**bodies, **fault}
                for at, (name, fault) in enumerate(faults.items())
                if (at + number) % 3 == 0
            }
        await day_by_day(tally, path, feed, captured, {**bodies, str(day): json.dumps(items).encode()}, faults)
        tally.answers += 1
        tally.entries += len(items)
        last = (day, items)
        served = {one: listed for one, listed in served.items() if one > day - 7 * DAY} | {day: items}
    with closing(sqlite3.connect(path)) as db:
        known = {key for (key,) in db.execute("SELECT key FROM identities")}
    ids = {item["paper"]["id"] for _, _, items in hugging_face_days(data)[:most] for item in items}
    tally.stored = sum(f"arxiv:{name}" in known for name in ids)
    tally.entries = len(ids)
    return tally


# --- arXiv ----------------------------------------------------------------------------------------


def _mixed(old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """A list of which four tenths of the announced papers are new."""
    announced = [[paper for paper in papers if "replace" not in paper["announce_type"]] for papers in (old, new)]
    number = min(len(announced[0]) * 2 // 3, len(announced[1]))
    return announced[0][: number * 3 // 2] + announced[1][:number]


async def arxiv_days(data: Path, path: Path) -> Tally:
    tally = Tally()
    (feed,) = config.load({"PAPERBOY_SOURCES": "arxiv:cs.CV"}).feeds
    feed = replace(feed, archive="")
    last: dict[str, Any] | None = None
    ids = set()
    for file in sorted((data / "feeds/arxiv_cs_cv").glob("*.json")):
        told = json.loads(file.read_bytes())
        day = date.fromisoformat(told["date"])
        for hour in (5, 13, 21):
            now = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
            faults: dict[str, bytes] = {}
            if last and announcements.has_list(day):
                papers, old = told["papers"], last["papers"]
                faults = {
                    "yesterday's list": as_rss(last),
                    "yesterday's list under today's date": as_rss({**last, "date": told["date"]}),
                    "the same, a tenth new": as_rss({**told, "papers": old + papers[: len(old) // 10]}),
                    "the same, four tenths new": as_rss({**told, "papers": _mixed(old, papers)}),
                    "empty": as_rss({**told, "papers": []}),
                    "a tenth of the list": as_rss({**told, "papers": papers[::10]}),
                    "HTML": b"<html><title>Just a moment</title></html>",
                    "half of the bytes": as_rss(told)[: len(as_rss(told)) // 3],
                }
                faults = faults if hour == 5 else {}
            await day_by_day(
                tally,
                path,
                feed,
                now,
                {"/rss/": as_rss(told)},
                {name: {"/": body} for name, body in faults.items()},
            )
        ids |= {paper["arxiv_id"] for paper in told["papers"]}
        tally.answers += 1
        last = told if told["papers"] else last
    with closing(sqlite3.connect(path)) as db:
        known = {key for (key,) in db.execute("SELECT key FROM identities")}
    tally.entries, tally.stored = len(ids), sum(f"arxiv:{name}" in known for name in ids)
    return tally


def report(name: str, tally: Tally) -> None:
    print(f"\n{name}: {tally.answers} captures, {tally.entries} papers, {tally.entries - tally.stored} lost")
    told = ", ".join(f"{state} {number}" for state, number in tally.healthy.most_common())
    print(f"  healthy looks: {told}; false alarms {len(tally.alarms)}")
    for alarm in tally.alarms:
        print(f"    {alarm}")
    for fault, number in tally.faults.items():
        print(f"  {fault:40} {number:4} built, {number - tally.found[fault]} missed")
    for missed in tally.missed[:20]:
        print(f"    {missed}")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--data", type=Path, required=True)
    data: Path = options.parse_args().data
    with tempfile.TemporaryDirectory() as folder:
        report("arXiv cs.CV", asyncio.run(arxiv_days(data, Path(folder) / "arxiv.sqlite")))
        report("Hugging Face", asyncio.run(hugging_face(data, Path(folder) / "hf.sqlite")))


if __name__ == "__main__":
    main()
