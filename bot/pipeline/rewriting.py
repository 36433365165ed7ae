"""The operator's own model writes the summaries of papers whose source has none, while their digest waits.

Owns: whom it is asked about, how often, and how long a digest waits. What it said, or that it may not be shown, is
remembered. Refuses: holding a digest up; what is not there in time is told by the abstract's own sentences.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from types import TracebackType
from typing import Self

from bot.errors import PaperboyError
from bot.models import Digest, LanguageModel, Match, Paper, PaperId
from bot.papers import rewriting
from storage import rewritings
from storage.database import Database

log = logging.getLogger(__name__)

PATIENCE = 20.0
"""Seconds that one tick's digests wait together, from the first question on."""
_AT_ONCE = 3
"""Questions under way: a model on one machine may take them in turn, and each has only the seconds of a call."""


class Writer:
    """What `model` writes of papers, at most `daily` times a day (UTC): `async with Writer(...) as writer`.

    One for a process: it knows what is being written.
    """

    def __init__(self, db: Database, model: LanguageModel, *, daily: int, patience: float = PATIENCE) -> None:
        self._db, self._model, self._daily, self._patience = db, model, daily, patience
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._writing: dict[PaperId, asyncio.Task[str | None]] = {}
        self._wanted: dict[PaperId, float] = {}
        """Until when somebody waits for it, in the event loop's time."""
        self._told = ""
        self._spent: date | None = None
        """The last day whose budget was found spent, and told so."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        left = tuple(self._writing.values())
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    @property
    def name(self) -> str:
        return self._model.name

    def sitting(self, now: datetime) -> Sitting:
        """For the digests of one tick."""
        return Sitting(self, now, self._patience)

    async def kept(self, digest: Digest) -> Digest:
        """`digest` with what is there already; nobody is asked. Raises StorageError."""
        return await kept(self._db, digest, self._model.name)

    async def write(
        self, papers: Sequence[Paper], now: datetime, *, until: float | None = None
    ) -> Mapping[PaperId, str]:
        """The model's summaries of those papers that have none of their source's, as far as they are there `until`
        then, in the event loop's time. Never raises: what went wrong is in the log.

        What is under way then goes on, and is there for the next digest; what has not begun does not begin.
        """
        clock = asyncio.get_running_loop().time
        until = clock() + self._patience if until is None else until
        asked = {paper.id: paper for paper in papers if paper.id is not None and rewriting.wanted(paper)}
        try:
            known = await rewritings.known(self._db, self._model.name, asked)
            tasks = {
                number: self._begun(number, paper, now, until)
                for number, paper in asked.items()
                if number not in known and until > clock()
            }
            if tasks:
                await asyncio.wait(tasks.values(), timeout=max(0.0, until - clock()))
            known |= {
                number: task.result() for number, task in tasks.items() if task.done() and not task.cancelled()
            }
        except PaperboyError as error:
            self._tell(f"digests go out without summaries by the model: {error}")
            return {}
        except Exception:
            log.exception("digests go out without summaries by the model")
            return {}
        return {number: text for number, text in known.items() if text}

    def _begun(self, number: PaperId, paper: Paper, now: datetime, until: float) -> asyncio.Task[str | None]:
        """What writes of it, for all who wait for it."""
        self._wanted[number] = max(self._wanted.get(number, 0.0), until)
        if number not in self._writing:
            self._writing[number] = asyncio.create_task(self._written(number, paper, now))
        return self._writing[number]

    async def _written(self, number: PaperId, paper: Paper, now: datetime) -> str | None:
        try:
            async with self._slots:
                return await self._asked(number, paper, now)
        except PaperboyError as error:
            self._tell(f"{error}; where it gives none, summaries are the abstract's own sentences")
        except Exception:
            log.exception("paper %s: the model's summary failed", number)
        finally:
            del self._writing[number], self._wanted[number]
        return None

    async def _asked(self, number: PaperId, paper: Paper, now: datetime) -> str | None:
        if self._wanted[number] <= asyncio.get_running_loop().time() or self._model.resting():
            return None
        # It may have been written between a look into the database and this question.
        known = await rewritings.known(self._db, self._model.name, (number,))
        if known:
            return known[number]
        if not await rewritings.spend(self._db, now.date(), self._daily):
            if self._spent != now.date():
                log.warning(
                    "the model was asked %s times today, as often as PAPERBOY_MODEL_DAILY allows", self._daily
                )
            self._spent = now.date()
            return None
        if self._model.resting():  # since a moment ago
            return None
        said = await self._model(rewriting.INSTRUCTIONS, rewriting.question(paper))
        text, why = await asyncio.to_thread(_judged, said, paper)
        if why:
            log.info("paper %s: what the model said is not shown: %s", number, why)
        else:
            self._told = ""
        made_of = (paper.title, paper.abstract)
        await rewritings.keep(self._db, self._model.name, number, made_of, text=text, why=why, now=now)
        return text

    def _tell(self, told: str) -> None:
        """Once, not for each paper."""
        if told != self._told:
            log.warning("%s", told)
        self._told = told


class Sitting:
    """The digests of one tick, which wait together: the clock runs from the first that has to."""

    def __init__(self, writer: Writer, now: datetime, patience: float) -> None:
        self._writer, self._now, self._patience = writer, now, patience
        self._until: float | None = None

    async def __call__(self, digest: Digest) -> Digest:
        """`digest` with the model's summaries, as far as they are there in time. Never raises."""
        papers = [match.paper for match in digest.papers if rewriting.wanted(match.paper)]
        if not papers:
            return digest
        if self._until is None:
            self._until = asyncio.get_running_loop().time() + self._patience
        texts = await self._writer.write(papers, self._now, until=self._until)
        return _retold(digest, texts, self._writer.name)


async def kept(db: Database, digest: Digest, model: str) -> Digest:
    """`digest` with those summaries by `model` that are there already. Raises StorageError."""
    ids = [
        match.paper.id for match in digest.papers if match.paper.id is not None and rewriting.wanted(match.paper)
    ]
    found = await rewritings.known(db, model, ids)
    return _retold(digest, {number: text for number, text in found.items() if text}, model)


def _judged(said: str, paper: Paper) -> tuple[str | None, str]:
    """(what may be shown, why not)."""
    text = rewriting.plain(said)
    why = rewriting.refused(text, paper)
    return (None, why) if why else (" ".join(text.split()), "")


def _retold(digest: Digest, texts: Mapping[PaperId, str], model: str) -> Digest:
    return replace(digest, papers=tuple(_of(digest.papers, texts, rewriting.author(model))))


def _of(matches: Iterable[Match], texts: Mapping[PaperId, str], author: str) -> Iterable[Match]:
    for match in matches:
        text = texts.get(match.paper.id) if match.paper.id is not None else None
        yield replace(match, summary=text, summary_by=author) if text else match
