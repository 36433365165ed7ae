"""The command line and the composition root: `python -m bot run | demo | preview | search | ...`.

Owns: the environment, the clock, the exit code, and what is joined with what. Everything else gets those as
arguments. Exit codes: 0 done, 1 a failure told on standard error, 2 wrong usage or settings.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import io
import logging
import os
import signal
import sys
import tempfile
import webbrowser
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from time import monotonic

from bot import __version__, config, report
from bot.digest.status import meaning_told
from bot.errors import CompletionError, ConfigError, InvalidQuery, ModelError, PaperboyError, UserError
from bot.fetch import Completions, Fetcher
from bot.models import FeedKind, FeedOutcome, Fetch, Period
from bot.pipeline import (
    additions,
    arrival,
    ask,
    captures,
    chart,
    deliver,
    draft,
    ingest,
    look,
    moving,
    ranking,
    rereading,
    rewriting,
    weekly,
)
from bot.pipeline.meaning import Meaning
from bot.pipeline.outside import Outside
from storage import additions as added
from storage import backup, channels, embeddings, feeds, heartbeat, papers, people, rewritings, upkeep, verdicts
from storage.database import Database

FIRST_READ = 180.0
"""Seconds after the start for which a digest waits until the sources have been read once."""
ALIVE = timedelta(minutes=3)
"""A tick older than this means that the process hangs."""


def now() -> datetime:
    return datetime.now(UTC)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a title in Chinese on a terminal that has no such letters
    options = _parser().parse_args(arguments)
    try:
        settings = _settings()
        _log(settings)
        command: Command = options.command
        code = asyncio.run(command(settings, options))
        sys.stdout.flush()
        return code
    except ConfigError as error:
        _tell("The settings need a change:", *(f"  {fault}" for fault in error.faults))
        return 2
    except InvalidQuery as error:
        _tell(str(error), f"  {error.text}", f"  {' ' * error.at}^")
        return 2
    except UserError as error:
        _tell(str(error))
        return 2
    except PaperboyError as error:
        _tell(str(error))
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `... | head`; Python itself writes what is left once more at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _settings() -> config.Settings:
    """The environment wins over a `.env` file in the working directory."""
    path = Path(".env")
    try:
        kept = config.read_env_file(path.read_text(encoding="utf-8-sig")) if path.is_file() else {}
    except (OSError, UnicodeDecodeError):
        raise ConfigError([".env cannot be read: make it a text file in UTF-8 that you may read."]) from None
    return config.load({**kept, **os.environ})


def _log(settings: config.Settings) -> None:
    logging.basicConfig(
        level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr
    )
    # Their DEBUG prints what people ask, with the tokens of their interactions.
    for name in ("discord", "aiosqlite"):
        logging.getLogger(name).setLevel(max(logging.INFO, logging.getLogger().level))
    logging.getLogger("discord.client").addFilter(_brief)
    # Each tick's "executed successfully" is no news, nor is a tick that waits for a long one before it.
    logging.getLogger("apscheduler").setLevel(max(logging.ERROR, logging.getLogger().level))


def _brief(record: logging.LogRecord) -> bool:
    """A lost connection in one line: discord.py logs each attempt to get it back with forty lines of its code."""
    if record.exc_info and record.exc_info[1] and str(record.msg).startswith("Attempting a reconnect"):
        error = record.exc_info[1]
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        record.msg = "the connection to Discord is lost (%s: %s); next try in %.1f seconds"
        record.args = (type(error).__name__, error, *(record.args or ()))
        record.exc_info = None
    return True


def _stopped() -> asyncio.Event:
    """Set by SIGTERM and Ctrl-C."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):  # Windows
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def _fetcher(settings: config.Settings) -> Fetcher:
    return Fetcher(version=__version__, contact=settings.contact)


def _outside(settings: config.Settings, fetch: Fetch) -> Outside | None:
    if settings.ask_huggingface == "never":
        return None
    return Outside(fetch=fetch, address=settings.huggingface, always=settings.ask_huggingface == "always")


def _completions(settings: config.Settings) -> Completions:
    return Completions(settings.model_url, settings.model, key=settings.model_key, version=__version__)


@contextlib.asynccontextmanager
async def _writer(settings: config.Settings, db: Database) -> AsyncIterator[rewriting.Writer | None]:
    if not settings.model_url:
        yield None
        return
    async with (
        _completions(settings) as model,
        rewriting.Writer(db, model, daily=settings.model_daily) as writer,
    ):
        yield writer


def _tell(*lines: str) -> None:
    for line in lines:
        print(line, file=sys.stderr)


def _progress(done: int, total: int, what: str) -> None:
    """One line that counts up, on a terminal only."""
    if total > 1 and sys.stderr.isatty():
        end = "\n" if done == total else ""
        print(f"\r\x1b[K{what}: {done}/{total}", end=end, file=sys.stderr, flush=True)


# --- commands ---------------------------------------------------------------------------------------

Command = Callable[[config.Settings, argparse.Namespace], Coroutine[None, None, int]]


async def _run(settings: config.Settings, _: argparse.Namespace) -> int:
    if not settings.token:
        raise ConfigError(
            [
                "DISCORD_TOKEN is not set: put it into the environment or into .env (the README tells where "
                "Discord shows it). Without a token there is `python -m bot demo`."
            ]
        )
    from bot.schedule import ticking
    from cogs._client import Connection, Paperboy

    # What was imported is never garbage, and looking through it holds up everything for a tenth of a second.
    gc.collect()
    gc.freeze()
    stop = _stopped()
    async with (
        Database(settings.database) as db,
        _fetcher(settings) as fetch,
        _writer(settings, db) as writer,
        Connection(
            settings.token,
            partial(
                Paperboy,
                db=db,
                clock=now,
                feeds=settings.feeds,
                guarded=fetch.guarded,
                feeds_per_server=settings.feeds_per_server,
                inboxes=settings.inboxes,
                meaning=(meaning := Meaning(db, settings.meaning) if settings.meaning else None),
                outside=_outside(settings, fetch),
                writer=writer,
            ),
        ) as discord,
    ):
        if not settings.inboxes:
            await people.switch_off(db, now())

        async def beating() -> None:
            await heartbeat.beat(db, "tick", now())

        read, began = asyncio.Event(), monotonic()

        async def delivering() -> None:
            # Due times wait in the database until there is somebody to deliver to, and after a stop until the
            # sources were read: what came meanwhile belongs into a digest that is late.
            if not discord.ready or not (read.is_set() or monotonic() - began > FIRST_READ):
                return
            await heartbeat.beat(db, "connected", now())
            await deliver.deliver_due(
                db,
                discord.publisher,
                now=now(),
                grace=settings.grace,
                post_when_unsure=settings.post_when_unsure,
                writer=writer,
            )
            await weekly.deliver_weekly_due(db, discord.publisher, now=now(), grace=settings.grace)

        async def ingesting() -> None:
            try:
                _log_outcomes(await _poll(settings, db, fetch, days=None))
            finally:
                read.set()

        async def following() -> None:
            # A tick of its own: a stranger's slow feed holds up no source of the operator's.
            if settings.feeds_per_server:
                every = timedelta(minutes=settings.poll_minutes)
                _log_outcomes(await additions.poll(db, fetch.guarded, now=now(), every=every))

        async def tidying() -> None:
            if read := await rereading.read_again(db):
                logging.getLogger("bot.upkeep").info("%s", report.read_again_line(read))
            if pruned := await upkeep.daily(db, now()):
                logging.getLogger("bot.upkeep").info("%s", report.pruned_line(pruned))

        async def embedding() -> None:
            await (meaning.keep_up(now=now()) if meaning else embeddings.forget(db))

        ticks = {
            "beat": (60, beating),
            "deliver": (20, delivering),
            "ingest": (60, ingesting),
            "follow": (60, following),
            "rank": (20, lambda: ranking.catch_up(db)),
            "embed": (60, embedding),
            "tidy": (3600, tidying),
        }
        # Inside the connection: a digest in hand is sent before Discord is left.
        async with ticking(ticks, clock=now):
            await discord.wait(stop)
    return 0


def _log_outcomes(outcomes: Sequence[FeedOutcome]) -> None:
    for outcome in outcomes:
        level = logging.WARNING if outcome.error else logging.INFO
        logging.getLogger("bot.ingest").log(level, "%s", report.outcome_line(outcome))


async def _poll(
    settings: config.Settings, db: Database, fetch: Fetch, *, days: int | None
) -> tuple[FeedOutcome, ...]:
    return await ingest.ingest(
        db,
        fetch,
        settings.feeds,
        now=now(),
        poll=timedelta(minutes=settings.poll_minutes),
        backfill_days=settings.backfill_days,
        days=days,
        progress=_progress,
    )


async def _demo(settings: config.Settings, options: argparse.Namespace) -> int:
    from bot import demo

    # Broken off at its start, SQLite may still be at work there.
    with tempfile.TemporaryDirectory(prefix="paperboy-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "demo.sqlite"
        if options.once:
            await demo.play(path, print)
            return 0
        logging.getLogger("discord").setLevel(logging.ERROR)  # it warns of the simulated connection
        try:
            from cogs._demo import page
        except ModuleNotFoundError as error:
            raise UserError(
                f"The demo's page needs the extra `demo` ({error.name} is missing): pip install '.[demo]'. "
                "`demo --once` prints to the terminal without it."
            ) from None
        show = webbrowser.open if _graphical() else str
        serve = partial(page.serve, path, print, show=show, stop=_stopped(), port=options.port)
        if not options.live:
            await serve()
            return 0
        print("Reading the live sources; it takes up to a minute ...", flush=True)
        async with _fetcher(settings) as fetch:
            await serve(now=now(), feeds=settings.feeds, fetch=fetch, guarded=fetch.guarded)
    return 0


def _graphical() -> bool:
    """Whether there is a browser with a window: one for terminals would take this terminal."""
    return sys.platform in ("darwin", "win32") or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))


async def _preview(settings: config.Settings, options: argparse.Namespace) -> int:
    async with Database(settings.database, create=False) as db:
        digest, why = await draft.preview(
            db, options.topic or ["trending"], now=options.at or now(), size=options.size
        )
        if settings.model_url:
            digest = await rewriting.kept(db, digest, settings.model)
    print((report.digest_json if options.format == "json" else report.digest_text)(digest, why))
    return 0


async def _search(settings: config.Settings, options: argparse.Namespace) -> int:
    async with Database(settings.database, create=False) as db:
        own = [feed.name for feed in await added.every(db)]
        meaning = Meaning(db, settings.meaning) if settings.meaning else None
        try:
            if meaning:
                await meaning.open()
        except ModelError as error:
            _tell(f"{error} This search goes by words.")
        text = " ".join(options.query)
        answer = await ask.search(db, text, now=now(), limit=options.limit, own=own, meaning=meaning)
        if not answer.hits and not await papers.count(db):
            _tell(f"The archive {db.path} is empty: `python -m bot ingest` fills it.")
    print((report.answer_json if options.format == "json" else report.answer_text)(answer))
    return 0


async def _trending(settings: config.Settings, options: argparse.Namespace) -> int:
    async with Database(settings.database, create=False) as db:
        own = [feed.name for feed in await added.every(db)]
        text = " ".join(options.query) or "trending"
        made = await chart.trending(db, text, Period(options.period), now=now(), own=own)
        if made.since is None:
            _tell(f"The archive {db.path} is empty: `python -m bot ingest` fills it.")
    print((report.chart_json if options.format == "json" else report.chart_text)(made))
    return 0


async def _ingest(settings: config.Settings, options: argparse.Namespace) -> int:
    async with Database(settings.database) as db:
        if read := await rereading.read_again(db):
            print(report.read_again_line(read))
        if options.source:
            outcomes: tuple[FeedOutcome, ...] = ()
            for kind, path in options.source:
                outcomes += (await captures.read_files(db, kind, path, now=now(), progress=_progress),)
        else:
            async with _fetcher(settings) as fetch:
                outcomes = await _poll(settings, db, fetch, days=options.days)
        await ranking.catch_up(db)
    for outcome in outcomes:
        print(report.outcome_line(outcome))
    if not outcomes:
        print("Nothing is due: every source was read lately. `--days 1` asks all the same.")
    return 1 if outcomes and all(outcome.error for outcome in outcomes) else 0


async def _status(settings: config.Settings, _: argparse.Namespace) -> int:
    async with Database(settings.database, create=False) as db:
        beat, connected = await heartbeat.last(db, "tick"), await heartbeat.last(db, "connected")
        own = await added.every(db)
        print(f"{await papers.count(db, [feed.name for feed in own])} papers")
        print(f"last sign of life of `run`: {report.at(beat)}; connected to Discord: {report.at(connected)}")
        if known := await embeddings.progress(db):
            print(meaning_told(known))
        if settings.model_url:
            told = await rewritings.tally(db, settings.model, now().date())
            print(report.model_line(settings.model, told, settings.model_daily))
        states = await feeds.states(db)
        for feed in (*settings.feeds, *own):
            print(*report.source_lines(feed, states.get(feed.name)), sep="\n")
        for channel in await channels.every(db):
            topics = await channels.topics(db, channel.id)
            ended = await verdicts.latest(db, channel.id)
            print(*report.channel_lines(channel, topics, ended, now=now()), sep="\n")
    return 0


async def _backup(settings: config.Settings, options: argparse.Namespace) -> int:
    made = await asyncio.to_thread(backup.write, settings.database, options.file)
    print(report.backup_line(options.file, made))
    return 0


async def _export(settings: config.Settings, options: argparse.Namespace) -> int:
    async with Database(settings.database, create=False) as db:
        beat = await heartbeat.last(db, "tick")
        made = await moving.export(
            db, options.folder, settings.feeds, now=now(), version=__version__, progress=_progress
        )
    print(report.export_line(options.folder, made))
    _tell(*report.export_notes(made, running=beat is not None and abs(now() - beat) < ALIVE))
    return 0


async def _import(settings: config.Settings, options: argparse.Namespace) -> int:
    manifest = await asyncio.to_thread(arrival.look, options.folder)
    async with Database(settings.database) as db:
        made = await arrival.bring(db, options.folder, manifest, progress=_progress)
        await ranking.catch_up(db)
    print(*report.import_lines(made), sep="\n")
    _tell(*report.import_notes(made))
    return 0


async def _check(settings: config.Settings, options: argparse.Namespace) -> int:
    if options.alive:
        # A probe takes no lock and makes no file.
        beat = await asyncio.to_thread(heartbeat.peek, settings.database, "tick")
        # After the host's clock was set back, the last tick lies in the future until the next one.
        alive = beat is not None and abs(now() - beat) < ALIVE
        print(f"{'alive' if alive else 'not alive'}: last tick {report.at(beat)}")
        return 0 if alive else 1
    from cogs._client import check_token

    print("settings: fine")
    async with Database(settings.database) as db:
        print(f"database: {db.path} is fine")
    well = True
    async with _fetcher(settings) as fetch:
        for feed in settings.feeds:
            entries, error = await look.probe(fetch, feed, now=now())
            print(f"source {feed.label}: {error or f'fine, {entries} entries now'}")
            well = well and error is None
    if settings.model_url:
        # No digest waits for it and none fails without it: it is told, and counts neither here nor for the day.
        print(f"model {settings.model}: {await _answer_of_model(settings)}")
    told, valid = await check_token(settings.token) if settings.token else ("not set; `run` needs it", False)
    print(f"token: {told}")
    return 0 if valid and well else 1


async def _answer_of_model(settings: config.Settings) -> str:
    began = monotonic()
    try:
        async with _completions(settings) as model:
            await model("Answer with one word.", "Are you ready?")
    except CompletionError as error:
        return f"{error}; digests go out with the abstract's own sentences"
    return f"fine, it answered in {monotonic() - began:.1f} seconds"


async def _invite(settings: config.Settings, options: argparse.Namespace) -> int:
    from cogs._client import invite

    print(invite(options.application_id, settings.token))
    return 0


# --- usage ------------------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bot", description="Paperboy posts a daily digest of trending research papers to Discord."
    )
    parser.add_argument("--version", action="version", version=f"Paperboy {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Command, about: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=about, description=about)
        added.set_defaults(command=run)
        return added

    command("run", _run, "run the bot (needs DISCORD_TOKEN)")
    demo = command("demo", _demo, "the whole bot on a page of this machine; no token, no network")
    demo.add_argument("--once", action="store_true", help="only print a digest and a search to the terminal")
    demo.add_argument("--live", action="store_true", help="live sources and the real clock instead of the sample")
    demo.add_argument("--port", type=_port, default=0, metavar="N", help="of the page; default: a free one")
    preview = command("preview", _preview, "print the digest that topics would get; posts nothing")
    preview.add_argument("--topic", action="append", metavar="QUERY", help="may be repeated; default: trending")
    preview.add_argument("--at", type=_moment, metavar="TIME", help="as of this time, ISO 8601; default: now")
    preview.add_argument("--size", type=int, choices=range(1, 11), default=8, metavar="1-10", help="papers")
    preview.add_argument("--format", choices=("text", "json"), default="text")
    search = command("search", _search, "ask the archive")
    search.add_argument(
        "query",
        nargs="+",
        help="quote it for the shell: 'agents -survey'; put -- before a query that begins with a dash",
    )
    search.add_argument("--limit", type=_positive, default=10, metavar="N", help="papers, default 10")
    search.add_argument("--format", choices=("text", "json"), default="text")
    gain = command("trending", _trending, "print the papers that gained most votes")
    gain.add_argument("period", choices=[str(period) for period in Period], help="the newest list, 7 or 30 days")
    gain.add_argument("query", nargs="*", help="on what; default: everything")
    gain.add_argument("--format", choices=("text", "json"), default="text")
    read = command("ingest", _ingest, "read the sources that are due, or captured files")
    read.add_argument(
        "--from",
        dest="source",
        action="append",
        type=_captured,
        metavar="KIND:PATH",
        help="huggingface:, arxiv: or rss: with a captured file or a directory of them; may be repeated",
    )
    read.add_argument("--days", type=_positive, metavar="N", help="ask now, for the last N Hugging Face days")
    command("status", _status, "tell how sources and channels are")
    copy = command("backup", _backup, "copy the database to a new file, also while `run` writes to it")
    copy.add_argument("file", type=Path, metavar="FILE", help="must not be there yet")
    leave = command("export", _export, "write everything into a folder of JSON lines and OPML")
    leave.add_argument("folder", type=Path, metavar="DIR", help="new or empty")
    arrive = command("import", _import, "take an export in: all of it, or nothing where something is wrong")
    arrive.add_argument("folder", type=Path, metavar="DIR", help="one that `export` wrote")
    check = command("check", _check, "test settings, database, sources and token")
    check.add_argument("--alive", action="store_true", help="only whether `run` is alive; no network")
    invite = command("invite", _invite, "print the link that adds the bot to a server")
    invite.add_argument("--application-id", type=int, metavar="ID", help="default: read from DISCORD_TOKEN")
    return parser


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        if 1990 <= moment.year < 3000:
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{text!r} is no time: write 2026-03-31T13:00Z")


def _positive(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 10_000:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to 10000")
    return int(text)


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 <= int(text) <= 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port from 0 to 65535")
    return int(text)


def _captured(text: str) -> tuple[FeedKind, Path]:
    kind, _, path = text.partition(":")
    if kind not in tuple(FeedKind) or not path:
        raise argparse.ArgumentTypeError(f"{text!r}: write huggingface:PATH, arxiv:PATH or rss:PATH")
    if not Path(path).exists():
        raise argparse.ArgumentTypeError(f"there is nothing at {path!r}")
    return FeedKind(kind), Path(path)


if __name__ == "__main__":
    sys.exit(main())
