"""The archive's meaning is kept: a model is had, papers are embedded in the background, questions are compared.

Owns: when any of it is done, and what is in memory. Without a model nothing stops: `similarities` is None, and
the search goes on by words.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.digest.status import meaning_told
from bot.errors import ModelError
from bot.models import PaperId
from bot.papers import meaning
from bot.papers.fusion import nearest
from bot.papers.meaning import Floats, Model, Vectors
from storage import embeddings
from storage.database import Database

log = logging.getLogger(__name__)

_SLICE = 500
"""Papers embedded and stored at once: some 0.3 s in a thread, a few ms in a transaction."""
_CHUNK = 5_000
"""Vectors loaded at once."""
_TOLD = 10_000
"""Papers between two lines of the log."""
_AGAIN = timedelta(hours=1)
"""Between two tries to have a model that could not be had."""
_DOWNLOAD = "import sys\nfrom bot.pipeline import meaning\nsys.exit(meaning.download(sys.argv[1]))"
_PATIENCE = 1800.0
"""Seconds that a download may take; the next one goes on behind it."""


class Meaning:
    """What the papers of `db` mean to the model at `place` (a folder or an id). One for a process."""

    def __init__(self, db: Database, place: str) -> None:
        self._db, self._place = db, place
        self._known: tuple[Model, Vectors] | None = None
        self._failed_at: datetime | None = None

    async def keep_up(self, *, now: datetime) -> int:
        """Embed what has no vector yet, newest first, slice by slice: how many. Goes on where it was stopped.

        At the first call the model and the stored vectors are loaded. Where there is no model, the log and
        `/status` tell why, and it is tried again after an hour.
        """
        known = self._known or await self._open(now)
        if known is None:
            return 0
        model, vectors = known
        stored, told = 0, False
        while waiting := await self._waiting(model):
            if told or len(waiting) > _SLICE:  # the day's papers are no news
                told = await self._tell()
            before = stored
            for start in range(0, len(waiting), _SLICE):
                stored += await self._embed(model, vectors, waiting[start : start + _SLICE])
            if stored == before:  # their texts change meanwhile: at the next call
                break
        if told:
            await self._tell()
        await self._drop_gone(model, vectors)
        return stored

    async def open(self) -> None:
        """Take the model and the stored vectors into memory, for one search of the command line: nothing is
        embedded, downloaded or written. Raises ModelError."""
        folder = await asyncio.to_thread(meaning.find, self._place)
        if folder is None:
            raise ModelError(
                f"PAPERBOY_MEANING: the model {self._place} is not on this machine yet: `run` downloads it."
            )
        model = await asyncio.to_thread(meaning.load, folder)
        self._known = model, await self._load(model)

    async def _waiting(self, model: Model) -> tuple[PaperId, ...]:
        # Counting is quicker by far than looking for what is missing.
        known = await embeddings.progress(self._db)
        if known and known.done == known.papers:
            return ()
        return await embeddings.waiting(self._db, model.fingerprint, limit=_TOLD)

    async def _open(self, now: datetime) -> tuple[Model, Vectors] | None:
        if self._failed_at and abs(now - self._failed_at) < _AGAIN:  # the host's clock may be set back
            return None
        try:
            model = await self._have()
        except ModelError as error:
            self._failed_at = now
            log.warning("%s Searches go on by words.", error)
            await embeddings.use(self._db, None, trouble=str(error))
            return None
        await embeddings.use(self._db, model.fingerprint)
        self._known = model, await self._load(model)
        return self._known

    async def _have(self) -> Model:
        folder = await asyncio.to_thread(meaning.find, self._place)
        if folder is None:
            log.info("meaning: downloading the model %s", self._place)
            await _download(self._place)
            folder = await asyncio.to_thread(meaning.find, self._place)
        if folder is None:
            raise meaning.not_to_be_had(self._place, "what was downloaded is no model2vec model")
        return await asyncio.to_thread(meaning.load, folder)

    async def _load(self, model: Model) -> Vectors:
        vectors, after = Vectors(model.dimensions), None
        while rows := await embeddings.vectors(self._db, model.fingerprint, after=after, limit=_CHUNK):
            await asyncio.to_thread(vectors.put, rows)
            after = rows[-1][0]
        return vectors

    async def _embed(self, model: Model, vectors: Vectors, ids: Sequence[PaperId]) -> int:
        texts = await embeddings.texts(self._db, ids)

        def embedded() -> list[bytes]:
            return meaning.packed(model.embed([meaning.text_of(*text) for _, text in texts]))

        bodies = await asyncio.to_thread(embedded)
        rows = [(paper_id, text, body) for (paper_id, text), body in zip(texts, bodies, strict=True)]
        stored = await embeddings.store(self._db, model.fingerprint, rows)
        # What was not stored, because its text is another by now, waits again and takes this one's place.
        await asyncio.to_thread(vectors.put, [(paper_id, body) for paper_id, _, body in rows])
        return stored

    async def _drop_gone(self, model: Model, vectors: Vectors) -> None:
        """Papers go seldom, so that loading anew is cheaper than a list of those that went."""
        known = await embeddings.progress(self._db)
        if known and known.done < len(vectors):
            self._known = model, await self._load(model)

    async def _tell(self) -> bool:
        if known := await embeddings.progress(self._db):
            log.info("%s", meaning_told(known))
        return True

    async def similarities(self, question: str | PaperId) -> Floats | None:
        """How near each paper is to a text, or to another paper: the cosine by paper id, 0 where it is not known
        and for the paper itself. None where there is no model (yet), or it knows nothing of the question."""
        if self._known is None:
            return None
        return await asyncio.to_thread(_compared, *self._known, question)

    async def nearest(self, question: str | PaperId, k: int) -> tuple[tuple[PaperId, ...], tuple[float, ...]]:
        """(ids, similarities) of the `k` nearest, best first; of everybody's papers and of added feeds'."""
        found = await self.similarities(question)
        if found is None:
            return (), ()
        ids = nearest(found, k)
        return tuple(PaperId(int(paper_id)) for paper_id in ids), tuple(float(one) for one in found[ids])


async def _download(place: str) -> None:
    """In a process of its own, which ends with its caller. Raises ModelError."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-X", "utf8", "-c", _DOWNLOAD, place),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(_PATIENCE):
            told, _ = await process.communicate()
    except TimeoutError:
        raise meaning.not_to_be_had(place, f"not done within {_PATIENCE / 60:.0f} minutes") from None
    finally:
        if process.returncode is None:
            process.kill()
            await asyncio.shield(process.wait())
    if process.returncode:
        raise ModelError(told.decode() or str(meaning.not_to_be_had(place, f"exit code {process.returncode}")))


def download(place: str) -> int:
    """What that process does: its exit code, with what went wrong on standard output."""
    try:
        meaning.download(place)
    except ModelError as error:
        print(error, end="")
        return 1
    return 0


def _compared(model: Model, vectors: Vectors, question: str | PaperId) -> Floats | None:
    vector = model.embed([question])[0] if isinstance(question, str) else vectors.of(question)
    if vector is None or not vector.any():
        return None
    found = vectors.similarities(vector)
    if not isinstance(question, str):
        found[question] = 0
    return found
