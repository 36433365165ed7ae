"""The archive's meaning, kept up in the background: again where the model or a text changes, and on where it was
stopped. Without a model the search goes on."""

from __future__ import annotations

import asyncio
import logging
import signal
import sqlite3
import sys
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from bot.digest import status
from bot.digest.markup import as_text
from bot.errors import ModelError
from bot.models import Embedded, PaperId
from bot.papers.meaning import Floats, Model
from bot.pipeline import ask
from bot.pipeline import meaning as pipeline
from bot.pipeline.meaning import Meaning
from storage import embeddings
from storage.database import Database
from tests import static
from tests.making import HF, NOW, committed, entry, rows, store
from tests.papers.hub import serving

ROOT = Path(__file__).resolve().parents[2]
TITLES = ("A film", "Drone gripper", "Enzyme and peptide", "Spoken voice", "Movie clip", "Nothing known")


@pytest.fixture
def model(tmp_path: Path) -> str:
    return str(static.save(tmp_path / "model"))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An empty cache of the library's, here and in its process that downloads."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_DISABLE_TELEMETRY", "1")
    return monkeypatch


async def fill(db: Database, titles: Sequence[str] = TITLES) -> None:
    entries = [entry(title, arxiv_id=f"2603.{number:05}") for number, title in enumerate(titles, 1)]
    await store(db, HF, *entries)


def counting(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that are embedded from now on."""
    seen: list[str] = []
    embed = Model.embed

    def counted(self: Model, texts: Sequence[str]) -> Floats:
        seen.extend(texts)
        return embed(self, texts)

    monkeypatch.setattr(Model, "embed", counted)
    return seen


async def test_papers_are_found_by_what_they_mean(db: Database, model: str) -> None:
    await fill(db)
    meaning = Meaning(db, model)
    assert await meaning.nearest("video", 3) == ((), ())
    assert await meaning.similarities("video") is None
    assert await meaning.keep_up(now=NOW) == 6
    ids, near = await meaning.nearest("a video of cats", 2)
    assert set(ids) == {1, 5}
    assert 1.01 > near[0] >= near[1] > 0.8
    assert (await meaning.nearest(PaperId(5), 1))[0] == (1,)
    found = await meaning.similarities("antibody")
    assert found is not None
    assert found[3] == found.max()
    assert found[6] == 0
    for unknown in ("unheard words", "", PaperId(6), PaperId(99)):
        assert await meaning.nearest(unknown, 2) == ((), ())
    assert await meaning.keep_up(now=NOW) == 0


async def test_new_papers_join_and_changed_ones_are_read_again_and_gone_ones_go(
    db: Database, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(db)
    meaning = Meaning(db, model)
    await meaning.keep_up(now=NOW)
    seen = counting(monkeypatch)
    await store(db, HF, entry("Audio", arxiv_id="2603.00007"), entry("A robot", arxiv_id="2603.00001", votes=3))
    assert await meaning.keep_up(now=NOW) == 2
    assert sorted(text.splitlines()[0] for text in seen) == ["A robot", "Audio"]
    assert (await meaning.nearest("film", 9))[0][0] == 5
    assert set((await meaning.nearest("manipulator", 2))[0]) == {1, 2}
    # Votes change no text.
    await store(db, HF, entry("A robot", arxiv_id="2603.00001", votes=9), at=NOW + timedelta(hours=1))
    assert await meaning.keep_up(now=NOW) == 0
    async with db.write() as tx:
        await tx.execute("DELETE FROM papers WHERE id = 5")
    assert await rows(db, "SELECT count(*) FROM embeddings") == [(6,)]
    assert await meaning.keep_up(now=NOW) == 0
    assert 5 not in (await meaning.nearest("film", 9))[0]


async def test_what_is_stored_is_loaded_and_nothing_is_embedded_twice(
    db: Database, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(db)
    first = Meaning(db, model)
    await first.keep_up(now=NOW)
    seen = counting(monkeypatch)
    monkeypatch.setattr(pipeline, "_CHUNK", 2)
    second = Meaning(db, model)
    assert await second.keep_up(now=NOW) == 0
    assert seen == []
    assert await second.nearest("film", 9) == await first.nearest("film", 9)


async def test_one_search_takes_what_is_there(db: Database, model: str, cache: pytest.MonkeyPatch) -> None:
    await fill(db)
    await Meaning(db, model).keep_up(now=NOW)
    await store(db, HF, entry("Another movie", arxiv_id="2603.00009"))
    meaning = Meaning(db, model)
    await meaning.open()
    assert set((await meaning.nearest("film", 9))[0]) >= {1, 5}
    assert await rows(db, "SELECT count(*) FROM embeddings") == [(6,)]
    with pytest.raises(ModelError, match="`run` downloads it"):
        await Meaning(db, "somebody/small").open()


async def test_another_model_reads_everything_again(db: Database, model: str, tmp_path: Path) -> None:
    await fill(db)
    await Meaning(db, model).keep_up(now=NOW)
    before = dict(await rows(db, "SELECT paper_id, vector FROM embeddings"))
    other = Meaning(db, str(static.save(tmp_path / "other", seed=2)))
    assert await other.keep_up(now=NOW) == 6
    after = await rows(db, "SELECT paper_id, vector FROM embeddings")
    assert len(after) == 6
    assert all(before[paper_id] != vector for paper_id, vector in after if paper_id != 6)
    assert len(await rows(db, "SELECT DISTINCT model FROM embeddings")) == 1
    assert set((await other.nearest("video", 2))[0]) == {1, 5}


async def test_a_text_that_changes_while_it_is_read_is_read_again(
    db: Database, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(db, ["A film"])
    keep = embeddings.store

    async def late(db: Database, model: str, found: Sequence[tuple[PaperId, tuple[str, str, str], bytes]]) -> int:
        monkeypatch.setattr(embeddings, "store", keep)
        await store(db, HF, entry("A robot", arxiv_id="2603.00001"))
        return await keep(db, model, found)

    monkeypatch.setattr(embeddings, "store", late)
    meaning = Meaning(db, model)
    await meaning.keep_up(now=NOW)
    assert await rows(db, "SELECT count(*) FROM embeddings") == [(0,)]
    await meaning.keep_up(now=NOW)
    assert (await meaning.nearest("drone", 1))[0] == (1,)


# --- killed in the middle ---------------------------------------------------------------------------

DIES = """
import asyncio, os, signal, sys
from bot.pipeline import meaning
from storage import embeddings
from storage.database import Database
from tests.making import NOW

meaning._SLICE = 2
keep, slices = embeddings.store, 0

async def dying(db, model, rows):
    global slices
    slices += 1
    if slices == 3:
        async with db.write() as tx:
            await tx.execute("INSERT INTO embeddings VALUES (?, ?, ?)", (rows[0][0], model, rows[0][2]))
            os.kill(os.getpid(), signal.SIGKILL)
    return await keep(db, model, rows)

async def main():
    embeddings.store = dying
    async with Database(sys.argv[1]) as db:
        await meaning.Meaning(db, sys.argv[2]).keep_up(now=NOW)

asyncio.run(main())
"""


async def test_killed_in_the_middle_it_goes_on_where_it_was(
    tmp_path: Path, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "paperboy.sqlite"
    async with Database(path) as db:
        await fill(db)
    dying = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", DIES, str(path), model), cwd=ROOT, stderr=asyncio.subprocess.PIPE
    )
    _, told = await dying.communicate()
    assert dying.returncode == -signal.SIGKILL, told.decode()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT paper_id FROM embeddings ORDER BY 1").fetchall() == [
            (3,),
            (4,),
            (5,),
            (6,),
        ]
    seen = counting(monkeypatch)
    async with Database(path) as db:
        meaning = Meaning(db, model)
        assert await meaning.keep_up(now=NOW) == 2
        assert [text.splitlines()[0] for text in seen] == ["A film", "Drone gripper"]
        assert set((await meaning.nearest("video", 2))[0]) == {1, 5}
        assert await embeddings.progress(db) == Embedded(done=6, papers=6)


# --- told, and without a model ----------------------------------------------------------------------


async def test_progress_is_told_in_the_log_and_in_the_status(
    db: Database, model: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "bot.pipeline.meaning")
    assert await embeddings.progress(db) is None
    await fill(db)
    monkeypatch.setattr(pipeline, "_SLICE", 2)
    monkeypatch.setattr(pipeline, "_TOLD", 4)
    await Meaning(db, model).keep_up(now=NOW)
    assert caplog.messages == [
        "meaning: 0 of 6 papers",
        "meaning: 4 of 6 papers",
        "meaning: 6 of 6 papers",
    ]
    known = Embedded(done=41_200, papers=100_000)
    assert status.meaning_told(known) == "meaning: 41,200 of 100,000 papers"
    assert "meaning: 41,200 of 100,000 papers" in as_text(status.status_post([], [], papers=9, meaning=known))
    whole = status.status_post([], [], papers=9, meaning=Embedded(done=9, papers=9))
    assert whole == status.status_post([], [], papers=9)


async def test_without_a_model_the_search_goes_on_and_it_is_tried_again(
    db: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await fill(db)
    place = tmp_path / "later"
    meaning = Meaning(db, str(place))
    assert await meaning.keep_up(now=NOW) == 0
    assert await meaning.similarities("film") is None
    assert (await ask.search(db, "film", now=NOW)).total == 1
    (told,) = caplog.messages
    assert told.startswith(f"PAPERBOY_MEANING: there is no folder {place}: name one that has")
    assert told.endswith("Searches go on by words.")
    known = await embeddings.progress(db)
    assert known is not None
    assert status.meaning_told(known).startswith(f"meaning: off. PAPERBOY_MEANING: there is no folder {place}")
    # A server's members are told less: a folder of the host is nobody's business there.
    assert str(place) not in as_text(status.status_post([], [], papers=6, meaning=known))
    static.save(place)
    assert await meaning.keep_up(now=NOW + timedelta(minutes=59)) == 0
    assert await meaning.keep_up(now=NOW + timedelta(minutes=61)) == 6
    assert await embeddings.progress(db) == Embedded(done=6, papers=6)


async def test_a_model_is_downloaded_in_the_background(
    db: Database, tmp_path: Path, cache: pytest.MonkeyPatch
) -> None:
    await fill(db)
    with serving("somebody/small", static.save(tmp_path / "model")) as (address, asked):
        cache.setenv("HF_ENDPOINT", address)
        # What is no model there is told, and asked for again after an hour.
        other = Meaning(db, "somebody/else")
        assert await other.keep_up(now=NOW) == 0
        known = await embeddings.progress(db)
        assert known is not None
        assert "no such model can be had from Hugging Face" in known.trouble
        assert await Meaning(db, "somebody/small").keep_up(now=NOW) == 6
        asked.clear()
        assert await Meaning(db, "somebody/small").keep_up(now=NOW) == 0
        assert asked == []
    assert await embeddings.progress(db) == Embedded(done=6, papers=6)


async def test_a_hub_that_never_answers_holds_up_no_end(db: Database, cache: pytest.MonkeyPatch) -> None:
    began = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        began.set()
        await reader.read()  # until whoever asks is gone
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server:
        cache.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        waiting = asyncio.create_task(Meaning(db, "somebody/small").keep_up(now=NOW))
        await began.wait()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        # So also where it takes too long.
        cache.setattr(pipeline, "_PATIENCE", 0.0)
        await Meaning(db, "somebody/small").keep_up(now=NOW)
    known = await embeddings.progress(db)
    assert known is not None
    assert "not done within 0 minutes" in known.trouble


async def test_switched_off_it_leaves_nothing(db: Database, model: str) -> None:
    await embeddings.forget(db)
    await fill(db)
    await Meaning(db, model).keep_up(now=NOW)
    await embeddings.forget(db)
    assert await embeddings.progress(db) is None
    assert committed(db, "SELECT count(*) FROM embeddings") == [(0,)]
