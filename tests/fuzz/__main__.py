"""`python -m tests.fuzz --minutes 10 [--parser rss] [--seed N]`: as many inputs as fit, in one process.

Input number i is made from the seed N + i alone: `--parser P --seed N+i --inputs 1` repeats it. What is stored
goes into real databases, each of which is checked at its end. `--worst` measures tests/fuzz/worst.py instead:
processor time for each parser, and the most memory of the process.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path
from random import Random
from types import FrameType

from bot.models import Entry
from storage.database import Database
from tests.fuzz import worst
from tests.fuzz.mutation import PARSERS, made
from tests.fuzz.promises import check_archive, parsed, store

_BATCH, _BATCHES = 40, 30
"""Inputs that are stored at once, and batches in one archive."""
_SECONDS = 20
"""Of the processor, for one input."""


def _too_slow(_signal: int, _frame: FrameType | None) -> None:
    raise TimeoutError(f"more than {_SECONDS} s of processor time")


class Tally:
    """What came of the inputs."""

    def __init__(self) -> None:
        self.inputs = Counter[str]()
        self.refused = Counter[str]()
        self.entries = Counter[str]()
        self.failures: list[str] = []
        self.slowest: tuple[float, str] = (0.0, "")


def one(parser: str, seed: int, tally: Tally) -> tuple[Entry, ...]:
    """Parse one input; its entries."""
    body = made(Random(seed), parser)
    repeat = f"--parser {parser} --seed {seed} --inputs 1"
    start = time.process_time()
    signal.setitimer(signal.ITIMER_VIRTUAL, _SECONDS)
    try:
        found = parsed(parser, body)
    except Exception:  # whatever a parser lets through is what is looked for
        tally.failures.append(f"{repeat}\n{traceback.format_exc(limit=-4)}")
        found = None
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    tally.slowest = max(tally.slowest, (time.process_time() - start, f"{repeat} ({len(body):,} bytes)"))
    tally.inputs[parser] += 1
    tally.refused[parser] += found is None
    entries = found.entries if found else ()
    tally.entries[parser] += len(entries)
    return entries


async def play(parsers: tuple[str, ...], seed: int, *, seconds: float, inputs: int, folder: Path) -> Tally:
    tally = Tally()
    until = time.monotonic() + seconds
    parser = itertools.cycle(parsers)
    while tally.inputs.total() != inputs and time.monotonic() < until:
        path = folder / f"{tally.inputs.total()}.sqlite"  # a new one now and then: the archive grows
        async with Database(path) as db:
            for batch in range(_BATCHES):
                await play_batch(db, next(parser), seed, batch, tally, inputs)
        check_archive(path)
    return tally


async def play_batch(db: Database, parser: str, seed: int, batch: int, tally: Tally, inputs: int) -> None:
    """Some inputs, and their entries stored."""
    first = seed + tally.inputs.total()
    most = _BATCH if inputs < 0 else min(_BATCH, inputs - tally.inputs.total())
    entries = [entry for number in range(first, first + most) for entry in one(parser, number, tally)]
    try:
        await store(db, parser, tuple(entries), batch)
    except Exception:
        repeat = f"--parser {parser} --seed {first} --inputs {most}: storing them"
        tally.failures.append(f"{repeat}\n{traceback.format_exc(limit=-4)}")


def measure(name: str, size: int) -> str:
    """What one of the worst bodies costs, in this process: run in one of its own."""
    told = []
    for parser in ("huggingface",) if name in worst.LISTS else ("arxiv", "rss"):
        body = worst.body(parser, name, size)
        start = time.process_time()
        found = parsed(parser, body)
        seconds = time.process_time() - start
        told.append(f"{parser} {seconds:.1f} s, {'refused' if found is None else 'read'}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return f"{name:<28}{'; '.join(told):<50}{peak:>6} MiB"


def measure_all(size: int) -> None:
    for name in (*worst.FEEDS, *worst.LISTS):
        command = [sys.executable, "-m", "tests.fuzz", "--worst", name, "--size", str(size)]
        try:
            print(subprocess.run(command, check=True, capture_output=True, text=True, timeout=600).stdout, end="")
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            print(f"{name:<28}{error}")


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    options.add_argument("--minutes", type=float, default=10.0)
    options.add_argument("--inputs", type=int, default=-1, help="stop after so many")
    options.add_argument("--parser", choices=PARSERS, help="all three by turns, unless one is named")
    options.add_argument("--seed", type=int, default=1, help="of the first input")
    options.add_argument("--failures", type=Path, default=Path("fuzz-failures.txt"), help="the file they go into")
    options.add_argument("--worst", nargs="?", const="", help="measure the worst known bodies instead, or one")
    options.add_argument("--size", type=int, default=worst.CAP, help="of the worst bodies, in bytes")
    chosen = options.parse_args()
    if chosen.worst is not None:
        print(measure(chosen.worst, chosen.size)) if chosen.worst else measure_all(chosen.size)
        return 0
    signal.signal(signal.SIGVTALRM, _too_slow)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="paperboy-fuzz-") as folder:
        tally = asyncio.run(
            play(
                (chosen.parser,) if chosen.parser else PARSERS,
                chosen.seed,
                seconds=chosen.minutes * 60,
                inputs=chosen.inputs,
                folder=Path(folder),
            )
        )
    seconds = time.monotonic() - began
    for parser, number in tally.inputs.items():
        print(f"{parser}: {number:,} inputs, {tally.refused[parser]:,} refused, {tally.entries[parser]:,} entries")
    print(f"{tally.inputs.total():,} inputs from seed {chosen.seed} in {seconds:.0f} s", end=": ")
    print(f"{tally.inputs.total() / seconds:,.0f} a second; {len(tally.failures)} failures")
    print(f"slowest: {tally.slowest[0]:.2f} s of processor time, {tally.slowest[1]}")
    if tally.failures:
        chosen.failures.write_text("\n".join(tally.failures), encoding="utf-8")
        print(f"failures: {chosen.failures}")
    return 1 if tally.failures else 0


if __name__ == "__main__":
    sys.exit(main())
