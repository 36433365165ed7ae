"""The command line as people and scripts use it: real processes, a clean environment, a real database."""

from __future__ import annotations

import asyncio
import datetime
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Self

import pytest

from bot import demo
from bot.config import SETTINGS
from bot.models import ChannelId, FeedLink, GuildId, PaperId, UserId
from bot.pipeline import weekly
from storage import additions, channels, embeddings, rewritings
from storage.database import Database
from tests import nursery, static
from tests.completions import KEY, modelling
from tests.making import channel, entry, files, store

ROOT = Path(__file__).resolve().parents[1]
TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GhIjKl.mnopqrstuvwxyz-ABCDEFGHIJKLMNOPQR"
APPLICATION = 123456789012345678
FILES = [f"{kind}:{demo.SAMPLE / kind}" for kind in ("huggingface", "arxiv", "rss")]
AT = ("--at", "2026-03-31T13:00Z")


@dataclass
class Ended:
    code: int
    out: str
    err: str

    @classmethod
    def having_said(cls, code: int, out: bytes, err: bytes) -> Self:
        ended = cls(code, out.decode(errors="replace"), err.decode(errors="replace"))
        assert "Traceback" not in ended.err
        assert "Exception ignored" not in ended.err
        return ended


def environment(folder: Path, **more: str) -> dict[str, str]:
    passed = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH")
    # The last measures the coverage of these processes, where the tests' own is measured.
    kept = {name: value for name, value in os.environ.items() if name in passed or name.startswith("COVERAGE_")}
    return {
        **kept,
        "HOME": str(folder),
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "error,ignore:'audioop' is deprecated:DeprecationWarning",
        "PAPERBOY_DATABASE": str(folder / "paperboy.sqlite"),
        # Nothing here may leave this machine.
        "PAPERBOY_HUGGINGFACE_URL": "http://127.0.0.1:9",
        "PAPERBOY_ARXIV_URL": "http://127.0.0.1:9",
        "PAPERBOY_ARXIV_API_URL": "http://127.0.0.1:9",
        **more,
    }


async def start(folder: Path, *arguments: str, code: str = "", **more: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *(("-c", code) if code else ("-m", "bot")),
        *arguments,
        cwd=folder,
        env=environment(folder, **more),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def bot(folder: Path, *arguments: str, **more: str) -> Ended:
    """`python -m bot ARGUMENTS` in `folder`, in a process that is forked with all imports done."""
    if not hasattr(os, "fork"):
        return await fresh(folder, *arguments, **more)
    with TemporaryFile() as out, TemporaryFile() as err:
        process = await nursery.shared().start(
            nursery.BOT, *arguments, folder=folder, environment=environment(folder, **more), out=out, err=err
        )
        try:
            async with asyncio.timeout(60):
                code = await process.wait()
        finally:
            process.kill()
            await process.wait()
        told = []
        for file in (out, err):
            file.seek(0)
            told.append(file.read())
    return Ended.having_said(code, *told)


async def fresh(folder: Path, *arguments: str, **more: str) -> Ended:
    """The same from the very start of an interpreter, at ten times the cost: for each command once, and for what
    an interpreter decides when it starts."""
    process = await start(folder, *arguments, **more)
    async with asyncio.timeout(60):
        out, err = await process.communicate()
    assert process.returncode is not None
    return Ended.having_said(process.returncode, out, err)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose database holds the sample; asked, never changed."""
    folder = tmp_path_factory.mktemp("filled")
    ended = asyncio.run(fresh(folder, "ingest", *(part for file in FILES for part in ("--from", file))))
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert [line.partition("/")[0] for line in lines] == ["huggingface:", "arxiv:", "rss:"]
    assert all(" new, " in line and "error" not in line for line in lines)
    return folder


# --- without token and network --------------------------------------------------------------------


async def test_the_demo_shows_a_digest_and_a_search_and_leaves_nothing(tmp_path: Path) -> None:
    ended = await fresh(tmp_path, "demo", "--once")
    assert (ended.code, ended.err) == (0, "")
    for words in ("Tuesday 31 March", "posted 8 papers", f"/search {demo.SEARCH}", "python -m bot ingest"):
        assert words in ended.out
    assert files(tmp_path) == {}


async def test_search_as_text_and_as_json(filled: Path) -> None:
    text, data, none, limited = await asyncio.gather(
        bot(filled, "search", "diffusion"),
        bot(filled, "search", "--format", "json", "diffusion"),
        bot(filled, "search", "zebras", "--format", "json"),
        bot(filled, "search", "--limit", "2", "--format", "json", "language", "model"),
    )
    assert [ended.code for ended in (text, data, none, limited)] == [0] * 4
    found = json.loads(data.out)
    assert found
    for paper in found:
        assert_paper(paper)
        assert paper["title"] in text.out
        assert paper["url"] in text.out
    assert re.match(r"\d\d papers for 'diffusion'\n", text.out)
    assert json.loads(none.out) == []
    assert len(json.loads(limited.out)) == 2


async def test_a_chart_as_text_and_as_json(filled: Path) -> None:
    text, data, topic, none, wrong = await asyncio.gather(
        bot(filled, "trending", "today"),
        bot(filled, "trending", "today", "--format", "json"),
        bot(filled, "trending", "today", "image", "generation", "--format", "json"),
        bot(filled, "trending", "week"),
        bot(filled, "trending", "month", '"never closed'),
    )
    assert [ended.code for ended in (text, data, topic, none, wrong)] == [0, 0, 0, 0, 2]
    chart = json.loads(data.out)
    assert (chart["period"], chart["query"], chart["list"]) == ("today", "trending", "2026-03-31")
    assert (chart["total"], len(chart["papers"])) == (10, 10)
    assert [paper["place"] for paper in chart["papers"]] == list(range(1, 11))
    for paper in chart["papers"]:
        assert f"{paper['place']}. {paper['title']}"[:90] in text.out
        assert paper["url"] in text.out
        assert paper["gained"] == paper["votes"] > 0
    assert "[This week]" not in text.out
    some = {paper["title"] for paper in json.loads(topic.out)["papers"]}
    assert some
    assert some < {paper["title"] for paper in chart["papers"]}
    # By the real clock the sample is old.
    assert "Of all papers none gained a vote in the last 7 days." in none.out
    assert "The newest list with votes is of Tuesday 31 March" in none.out
    assert wrong.err.endswith('  "never closed\n  ^\n')


def assert_paper(paper: dict[str, Any]) -> None:
    """The keys that scripts may rely on."""
    assert isinstance(paper["id"], str)
    assert isinstance(paper["title"], str)
    assert paper["title"]
    assert paper["url"].startswith("https://")
    assert paper["published"] is None or paper["published"][:2] == "20"
    assert paper["votes"] is None or paper["votes"] >= 0
    assert isinstance(paper["score"], float)
    assert isinstance(paper["reasons"], list)


async def test_preview_as_text_and_as_json(filled: Path) -> None:
    topics = ("--topic", "agent", "--topic", "image generation")
    text, data, none, three = await asyncio.gather(
        fresh(filled, "preview", *topics, *AT),
        bot(filled, "preview", *topics, *AT, "--format", "json"),
        bot(filled, "preview", "--topic", "zebras", *AT, "--format", "json"),
        bot(filled, "preview", *AT, "--size", "3", "--format", "json"),
    )
    assert [ended.code for ended in (text, data, none, three)] == [0] * 4
    digest = json.loads(data.out)
    assert (digest["day"], digest["topics"], digest["verdict"]) == (
        "2026-03-31",
        ["agent", "image generation"],
        None,
    )
    assert digest["papers"]
    for paper in digest["papers"] + digest["more"]:
        assert_paper(paper)
        assert paper["topic"] == paper["topics"][0]
        assert paper["topic"] in digest["topics"]
        assert isinstance(paper["summary"], str)
        assert isinstance(paper["summary_by"], str)
    assert digest["papers"][0]["title"][:40] in text.out
    empty = json.loads(none.out)
    assert empty["papers"] == []
    assert "nothing matched “zebras”" in empty["verdict"]
    assert len(json.loads(three.out)["papers"]) == 3


async def test_a_query_that_cannot_be_read_points_at_the_place(filled: Path) -> None:
    search, preview = await asyncio.gather(
        bot(filled, "search", 'agents "never closed'), bot(filled, "preview", "--topic", "robot OR")
    )
    for ended, line, at in ((search, 'agents "never closed', 7), (preview, "robot OR", 6)):
        assert (ended.code, ended.out) == (2, "")
        message, query, pointer = ended.err.splitlines()
        assert message.endswith(".")
        assert query == f"  {line}"
        assert pointer == f"  {' ' * at}^"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "COMMAND"),
        (("dance",), "invalid choice: 'dance'"),
        (("search",), "query"),
        (("search", "x", "--limit", "0"), "is no number from 1 to 10000"),
        (("search", "x", "--format", "xml"), "invalid choice: 'xml'"),
        (("trending",), "period"),
        (("trending", "year"), "invalid choice: 'year'"),
        (("preview", "--size", "11"), "invalid choice: 11"),
        (("preview", "--at", "noon"), "'noon' is no time: write 2026-03-31T13:00Z"),
        (("preview", "--at", "0001-01-01T00:00+14:00"), "is no time"),
        (("ingest", "--from", "twitter:/tmp"), "write huggingface:PATH, arxiv:PATH or rss:PATH"),
        (("ingest", "--from", "arxiv"), "write huggingface:PATH, arxiv:PATH or rss:PATH"),
        (("ingest", "--from", "arxiv:/nowhere"), "there is nothing at '/nowhere'"),
        (("ingest", "--days", "-1"), "is no number"),
        (("invite", "--application-id", "me"), "invalid int value: 'me'"),
    ],
)
def test_wrong_usage_is_told_before_anything_happens(
    arguments: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from bot.__main__ import main

    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err


async def test_help_and_version(tmp_path: Path) -> None:
    told, version = await asyncio.gather(fresh(tmp_path, "--help"), bot(tmp_path, "--version"))
    assert (told.code, version.code) == (0, 0)
    assert "run the bot (needs DISCORD_TOKEN)" in told.out
    assert version.out.startswith("Paperboy ")


async def test_files_that_cannot_be_read_are_told_and_the_others_count(tmp_path: Path) -> None:
    folder = tmp_path / "captures"
    folder.mkdir()
    (folder / "page.json").write_text("<html><title>Oops</title>")
    alone = await bot(tmp_path, "ingest", "--from", f"huggingface:{folder}")
    assert alone.code == 1
    assert "1 skipped - error: page.json: expected a JSON list of papers, found an HTML page" in alone.out
    both = await bot(tmp_path, "ingest", "--from", f"huggingface:{folder}", "--from", FILES[2])
    assert both.code == 0
    (folder / "page.json").unlink()
    empty = await bot(tmp_path, "ingest", "--from", f"huggingface:{folder}")
    assert (empty.code, empty.err) == (2, f"There is nothing to read at {folder}.\n")


async def test_sources_that_cannot_be_reached_are_told(tmp_path: Path) -> None:
    first = await bot(tmp_path, "ingest")
    assert first.code == 1
    assert first.out.count("could not connect to 127.0.0.1: it refused the connection") == 2
    again, status = await asyncio.gather(bot(tmp_path, "ingest"), bot(tmp_path, "status"))
    assert (again.code, again.out.startswith("Nothing is due")) == (0, True)
    assert "Hugging Face: could not connect" in status.out
    assert "next " in status.out


async def new(folder: Path) -> Path:
    """An empty database, as the first start of `run` makes it."""
    async with Database(folder / "paperboy.sqlite") as db:
        return db.path


async def test_status_tells_of_papers_sources_and_channels(filled: Path, tmp_path: Path) -> None:
    async with Database(await new(tmp_path)) as db:
        await channel(db)
        await channel(db, 2)
        await channel(db, 3, person=424242)
        for number in (1, 2):
            await weekly.turn_on(db, ChannelId(number), 4, datetime.time(17), now=demo.NOW)
        await channels.pause(db, ChannelId(1), "by hand with /digest pause", now=demo.NOW, by=UserId(99))
        await embeddings.use(db, "a model")
    whole, empty = await asyncio.gather(bot(filled, "status"), bot(tmp_path, "status"))
    assert (whole.code, whole.err, empty.code) == (0, "", 0)
    assert whole.out.startswith("79 papers")
    assert "paused: by hand with /digest pause\n" in empty.out
    assert "99" not in empty.out
    assert "inbox 3: Mon–Fri 13:00 UTC" in empty.out
    assert "424242" not in empty.out
    for following in ("never", "2026-04-03 17:00 UTC"):
        assert f"\n  round-up: Fri 17:00 UTC, next {following}\n" in empty.out
    assert (
        "channel 2: Mon–Fri 13:00 UTC, due since 2026-03-31 13:00 UTC, waits until `run` is connected" in empty.out
    )
    assert "last sign of life of `run`: never" in whole.out
    assert "Hugging Face: not read yet" in whole.out
    assert empty.out.startswith("0 papers\nlast sign of life")
    assert "\nmeaning: 0 of 0 papers\n" in empty.out
    assert "meaning" not in whole.out


async def test_whoever_runs_the_bot_sees_what_servers_added(tmp_path: Path) -> None:
    async with Database(tmp_path / "paperboy.sqlite") as db:
        found = FeedLink(address="https://blog.example/feed", title="A Blog")
        await additions.add(db, GuildId(7), found, limit=1, now=demo.NOW)
        await store(db, additions.name_of(found.address), entry("A Private Zebra", on=demo.NOW.date()))
    status, search, preview = await asyncio.gather(
        bot(tmp_path, "status"),
        bot(tmp_path, "search", "zebra"),
        bot(tmp_path, "preview", "--topic", "zebra", *AT),
    )
    assert "1 papers" in status.out
    assert "added:https://blog.example/feed: not read yet" in status.out
    assert "A Private Zebra" in search.out
    assert "A Private Zebra" in preview.out


async def test_alive_only_after_a_heartbeat_and_only_for_minutes(tmp_path: Path) -> None:
    never = await bot(tmp_path, "check", "--alive")
    assert (never.code, never.out) == (1, "not alive: last tick never\n")
    assert not (tmp_path / "paperboy.sqlite").exists()
    await new(tmp_path)

    def beat(at: float) -> None:
        with closing(sqlite3.connect(tmp_path / "paperboy.sqlite")) as connection:
            connection.execute("INSERT OR REPLACE INTO beats VALUES ('tick', ?)", (int(at),))
            connection.commit()

    beat(time.time())
    assert (await bot(tmp_path, "check", "--alive")).code == 0
    for wrong in (-600, 3600):  # an hour ahead: the host's clock was set back, and no tick came since
        beat(time.time() + wrong)
        assert (await bot(tmp_path, "check", "--alive")).code == 1


async def test_an_invite_asks_for_three_permissions_only(tmp_path: Path) -> None:
    token, number, neither = await asyncio.gather(
        bot(tmp_path, "invite", DISCORD_TOKEN=TOKEN),
        bot(tmp_path, "invite", "--application-id", str(APPLICATION)),
        fresh(tmp_path, "invite"),
    )
    for ended in (token, number):
        assert ended.code == 0
        assert ended.out.startswith("https://discord.com/oauth2/authorize?")
        assert f"client_id={APPLICATION}" in ended.out
        assert "permissions=68608" in ended.out
        assert TOKEN not in ended.out + ended.err
    assert neither.code == 2
    assert "--application-id" in neither.err


async def test_check_tells_whether_the_model_answers_and_never_its_key(tmp_path: Path) -> None:
    async with modelling() as server:
        named = {
            "PAPERBOY_MODEL": "small:3b",
            "PAPERBOY_MODEL_KEY": KEY,
            "PAPERBOY_SOURCES": "rss:http://127.0.0.1:9",
        }
        server.text = "Ready."
        well = await bot(tmp_path, "check", PAPERBOY_MODEL_URL=server.base, **named)
        server.text = ""
        mute = await bot(tmp_path, "check", PAPERBOY_MODEL_URL=server.base, PAPERBOY_LOG_LEVEL="DEBUG", **named)
        nowhere = await bot(tmp_path, "check", PAPERBOY_MODEL_URL="http://127.0.0.1:9/v1", **named)
        status = await bot(tmp_path, "status", PAPERBOY_MODEL_URL=server.base, **named)
    assert [headers["Authorization"] for _, _, headers, _ in server.requests] == [f"Bearer {KEY}"] * 2
    assert re.search(r"^model small:3b: fine, it answered in \d\.\d seconds$", well.out, re.MULTILINE)
    told = "digests go out with the abstract's own sentences"
    assert f"model small:3b: the model's server sent no text; {told}\n" in mute.out
    assert "model small:3b: the model's server: could not connect to 127.0.0.1: it refused" in nowhere.out
    assert "model small:3b: wrote on 0 papers, may not be shown on 0; asked 0 of 200 times today\n" in status.out
    for ended in (well, mute, nowhere, status):
        assert KEY not in ended.out + ended.err


async def test_a_preview_shows_what_the_model_has_written(tmp_path: Path) -> None:
    async with Database(tmp_path / "paperboy.sqlite") as db:
        abstract = "Small models are studied."
        await store(db, "huggingface", entry("A Title", arxiv_id="2603.00001", votes=9, abstract=abstract))
        made_of = ("A Title", abstract)
        await rewritings.keep(db, "m", PaperId(1), made_of, text="It studies small models.", now=demo.NOW)
    named = {"PAPERBOY_MODEL_URL": "http://127.0.0.1:9/v1", "PAPERBOY_MODEL": "m"}
    own, others = await asyncio.gather(
        bot(tmp_path, "preview", *AT, **named), bot(tmp_path, "preview", *AT, "--format", "json")
    )
    assert "It studies small models. ✧" in own.out
    assert json.loads(others.out)["papers"][0]["summary_by"] == "abstract"


async def test_check_tells_each_part_and_fails_where_one_does(tmp_path: Path) -> None:
    ended = await fresh(tmp_path, "check")
    assert ended.code == 1
    told = ended.out.splitlines()
    assert told[:2] == ["settings: fine", f"database: {tmp_path / 'paperboy.sqlite'} is fine"]
    assert told[2].startswith("source Hugging Face: ")
    assert "could not connect" in told[2]
    assert told[-1] == "token: not set; `run` needs it"


# --- what is refused ------------------------------------------------------------------------------


async def test_run_without_a_token_names_it(tmp_path: Path) -> None:
    ended = await bot(tmp_path, "run")
    assert (ended.code, ended.out) == (2, "")
    assert "DISCORD_TOKEN is not set" in ended.err
    assert "python -m bot demo" in ended.err


async def test_wrong_settings_are_listed_all_at_once_without_secrets(tmp_path: Path) -> None:
    ended = await bot(
        tmp_path,
        "status",
        DISCORD_TOKEN=f"{TOKEN}.",
        PAPERBOY_POLL_MINUTES="1",
        PAPERBOY_SOURCES="rss:https://us3r:pa55@",
        PAPERBOY_NOTHING="1",
    )
    assert (ended.code, ended.out) == (2, "")
    heading, *faults = ended.err.splitlines()
    assert heading == "The settings need a change:"
    assert len(faults) == 4
    for name in ("DISCORD_TOKEN", "PAPERBOY_POLL_MINUTES", "PAPERBOY_SOURCES", "PAPERBOY_NOTHING"):
        assert sum(fault.strip().startswith(name) for fault in faults) == 1
    assert not any(secret in ended.err for secret in (TOKEN, "us3r", "pa55"))
    assert files(tmp_path) == {}


async def test_the_env_file_of_the_folder_is_read_and_the_environment_wins(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("PAPERBOY_SOURCES=arxiv:cs.CL # mine\nPAPERBOY_DATABASE=ignored\n", encoding="utf-8-sig")
    await new(tmp_path)
    ended = await bot(tmp_path, "status")
    assert (ended.code, ended.err) == (0, "")
    assert [line for line in ended.out.splitlines() if line.endswith("not read yet")] == [
        "arXiv cs.CL: not read yet"
    ]
    assert not (tmp_path / "ignored").exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"just a line\n", ".env, line 1: write NAME=value"),
        ("DISCORD_TOKEN=é\n".encode("utf-16"), ".env"),
    ],
)
async def test_an_env_file_that_cannot_be_read_is_told(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / ".env").write_bytes(content)
    ended = await bot(tmp_path, "status")
    assert (ended.code, ended.out) == (2, "")
    assert words in ended.err


async def test_another_program_s_database_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "paperboy.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
        connection.commit()
    before = files(tmp_path)
    commands = (("search", "x"), ("check", "--alive"), ("backup", str(tmp_path / "copy")), ("run",))
    for ended in await asyncio.gather(*(bot(tmp_path, *words, DISCORD_TOKEN=TOKEN) for words in commands)):
        assert (ended.code, ended.out) == (1, "")
        assert "is another program's database. Nothing was changed" in ended.err
    assert files(tmp_path) == before


@pytest.mark.parametrize("arguments", [("search", "x"), ("status",), ("preview",), ("backup", "copy")])
async def test_what_only_reads_makes_no_database_at_a_mistyped_path(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    typed = str(tmp_path / "papreboy.sqlite")
    nowhere = str(tmp_path / "nowhere" / "paperboy.sqlite")
    for path in (typed, nowhere):
        ended = await bot(tmp_path, *arguments, PAPERBOY_DATABASE=path)
        assert (ended.code, ended.out) == (1, "")
        assert ended.err.startswith(f"There is no database at {path}. ")
        for words in ("bot run", "bot ingest", "PAPERBOY_DATABASE"):
            assert words in ended.err
    assert files(tmp_path) == {}


async def test_an_empty_archive_is_told_apart_from_no_answer(tmp_path: Path) -> None:
    await new(tmp_path)
    ended = await bot(tmp_path, "search", "x")
    assert ended.code == 0
    assert "is empty: `python -m bot ingest` fills it" in ended.err


# --- backup ---------------------------------------------------------------------------------------


async def test_a_backup_is_told_and_answers_like_the_original(filled: Path, tmp_path: Path) -> None:
    copy = tmp_path / "backup.sqlite"
    ended = await fresh(filled, "backup", str(copy))
    assert (ended.code, ended.err) == (0, "")
    assert re.fullmatch(rf"{copy}: \d\.\d MB, 79 papers, 0 channels\n", ended.out)
    again = await bot(filled, "backup", str(copy))
    assert (again.code, again.out) == (2, "")
    assert "is there already. Nothing was changed: name a new file" in again.err
    assert list(files(tmp_path)) == ["backup.sqlite"]
    one, other = await asyncio.gather(
        bot(filled, "search", "diffusion"), bot(tmp_path, "search", "diffusion", PAPERBOY_DATABASE=str(copy))
    )
    assert one.out == other.out
    missing = await bot(filled, "backup", str(tmp_path / "nowhere" / "copy"))
    assert (missing.code, missing.out) == (2, "")
    assert "does not exist: create it, or name another file" in missing.err


# --- moving house ---------------------------------------------------------------------------------


async def test_a_move_by_command_line(filled: Path, tmp_path: Path) -> None:
    sources = {"PAPERBOY_SOURCES": "huggingface rss:https://joe:swordfish@a.example/feed"}
    left = await bot(filled, "export", str(tmp_path / "moved"), **sources)
    assert (left.code, left.err) == (
        0,
        "The credentials in the address of 1 feed were left out: they stay in your settings.\n",
    )
    assert re.fullmatch(r".*/moved: 0\.\d MB, 79 papers, 0 channels, 0 digests\n", left.out)
    taken = await bot(filled, "export", str(tmp_path / "moved"))
    assert (taken.code, taken.out) == (2, "")
    assert "is no empty folder" in taken.err
    for told in ("79 new papers", "nothing new: all was known"):
        arrived = await bot(tmp_path, "import", "moved")
        assert (arrived.code, arrived.out.splitlines()) == (
            0,
            [
                told,
                "the sources of the export, for your settings:",
                "  PAPERBOY_SOURCES=huggingface rss:https://a.example/feed",
            ],
        )
        assert "The credentials in the address of 1 source are missing" in arrived.err


async def test_nothing_is_made_where_there_is_nothing_to_move(tmp_path: Path) -> None:
    left, arrived = await asyncio.gather(bot(tmp_path, "export", "moved"), bot(tmp_path, "import", "moved"))
    assert (left.code, arrived.code) == (1, 2)
    assert "There is no database at" in left.err
    assert "moved holds no export: paperboy.json is missing" in arrived.err
    assert files(tmp_path) == {}


# --- pipes ----------------------------------------------------------------------------------------


async def test_a_reader_that_goes_away_ends_it_quietly(filled: Path) -> None:
    """`python -m bot ... | head -1`, with a reader that is gone before the first line."""

    async def unread(*arguments: str) -> tuple[int | None, bytes]:
        read, write = os.pipe()
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot",
            *arguments,
            cwd=filled,
            env=environment(filled),
            stdout=write,
            stderr=asyncio.subprocess.PIPE,
        )
        os.close(write)
        os.close(read)
        async with asyncio.timeout(60):
            _, err = await process.communicate()
        return process.returncode, err

    ended = await asyncio.gather(
        unread("demo", "--once"), unread("search", "model", "--format", "json"), unread("status"), unread("--help")
    )
    assert set(ended[:3]) == {(0, b"")}
    assert b"Traceback" not in ended[3][1]


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
async def test_a_terminal_that_lacks_a_letter_gets_another(filled: Path, encoding: str) -> None:
    ended = await asyncio.gather(
        fresh(filled, "demo", "--once", PYTHONIOENCODING=encoding),
        fresh(filled, "search", '"never closed', PYTHONIOENCODING=encoding),
    )
    assert [one.code for one in ended] == [0, 2]


# --- run ------------------------------------------------------------------------------------------

# The real command, with Discord's address on a port where nobody listens.
RUN = """
import sys
import discord.http
discord.http.Route.BASE = "http://127.0.0.1:{port}/api/v10"
from bot.__main__ import main
sys.exit(main(["run"]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_run_without_network_stays_alive_and_ends_on_a_signal(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, number: signal.Signals
) -> None:
    model = static.save(tmp_path_factory.mktemp("model"))
    async with Database(tmp_path / "paperboy.sqlite") as db:
        await store(db, "huggingface", entry("A film of drones"))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # without listening: every connection is refused
        code = RUN.format(port=taken.getsockname()[1])
        process = await start(
            tmp_path,
            code=code,
            DISCORD_TOKEN=TOKEN,
            PAPERBOY_SOURCES="huggingface",
            PAPERBOY_BACKFILL_DAYS="1",
            PAPERBOY_MEANING=str(model),
        )
        await asyncio.to_thread(wait_for, tmp_path / "paperboy.sqlite", "beats")
        alive = await bot(tmp_path, "check", "--alive")
        assert (alive.code, alive.out.startswith("alive: last tick 20")) == (0, True)
        copied = await bot(tmp_path, "backup", "copy.sqlite")
        assert (copied.code, copied.err) == (0, "")
        await asyncio.to_thread(wait_for, tmp_path / "paperboy.sqlite", "embeddings")
        assert "\nmeaning: 1 of 1 paper\n" in (await bot(tmp_path, "status")).out
        found = await bot(tmp_path, "search", "movie", PAPERBOY_MEANING=str(model))
        assert ("A film of drones" in found.out, "by meaning" in found.out) == (True, True)
        wordless = await bot(tmp_path, "search", "film", PAPERBOY_MEANING=str(tmp_path / "none"))
        assert wordless.out.startswith("1 paper for 'film'")
        assert "This search goes by words." in wordless.err
        left = await bot(tmp_path, "export", "moved")
        assert left.code == 0
        assert left.err.startswith("`run` is at work: what it posts from now on is not in there.")
        shutil.rmtree(tmp_path / "moved")
        await asyncio.sleep(0.5)
        process.send_signal(number)  # raises where it has ended
        async with asyncio.timeout(60):
            out, err = await process.communicate()
    told = err.decode()
    assert process.returncode == 0, told
    assert out == b""
    assert "the connection to Discord ended" in told
    assert "Hugging Face: 0 new, 0 updated, 0 unchanged - error: could not connect" in told
    assert "Traceback" not in told
    assert "Unclosed" not in told
    assert TOKEN not in told
    assert set(files(tmp_path)) == {"paperboy.sqlite", "copy.sqlite"}
    with closing(sqlite3.connect(tmp_path / "paperboy.sqlite")) as connection:
        beats = {name for (name,) in connection.execute("SELECT name FROM beats")}
    assert {"tick", "upkeep"} <= beats


def wait_for(path: Path, table: str) -> None:
    """Until it has a row."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if path.exists():
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
                try:
                    if connection.execute(f"SELECT * FROM {table}").fetchall():
                        return
                except sqlite3.OperationalError:  # the table is not there yet
                    pass
        time.sleep(0.05)
    raise TimeoutError


def test_every_setting_of_the_tests_is_one() -> None:
    mine = {name for name in environment(ROOT) if name.startswith("PAPERBOY_")}
    assert mine <= set(SETTINGS)


def test_debugging_never_prints_the_tokens_of_interactions() -> None:
    """discord.py's DEBUG holds whole events, aiosqlite's every value."""
    run = subprocess.run(
        [
            sys.executable,
            "-c",
            "import logging; from bot import __main__ as main, config;"
            "main._log(config.load({'PAPERBOY_LOG_LEVEL': 'DEBUG'}));"
            "names = ('bot', 'discord.gateway', 'aiosqlite');"
            "print(*(logging.getLogger(name).getEffectiveLevel() for name in names))",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.split() == ["10", "20", "20"]
