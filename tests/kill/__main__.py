"""`python -m tests.kill --runs 200 --seed 1`: so many runs, and a table of what came of each step."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from tests.kill.run import KILLS, Run, Tally
from tests.kill.steps import STEPS
from tests.nursery import Nursery


async def play(seeds: Iterable[int], folder: Path, *, kills: int = KILLS, lanes: int = 2) -> Tally:
    """All runs, some at the same time."""
    whole, left = Tally(), iter(seeds)

    async def lane() -> None:
        for seed in left:
            with tempfile.TemporaryDirectory(dir=folder) as place:
                whole.add(await Run(seed, Path(place), nursery, kills=kills).play())

    nursery = Nursery(measured=False)  # what is killed leaves no measurement, and measuring doubles its time
    try:
        await asyncio.gather(*(lane() for _ in range(lanes)))
    finally:
        nursery.close()
    return whole


def never(tally: Tally) -> list[str]:
    """Steps at which nothing was killed."""
    return [name for name in STEPS if not tally.kills[name]]


def table(tally: Tally) -> str:
    lines = [f"{'step':<28}{'kills':>7}{'passed by':>11}{'lost':>6}{'doubled':>9}{'half-written':>14}"]
    for name in STEPS:
        counts = (tally.lost[name], tally.doubled[name], tally.half[name])
        lines.append(
            f"{name:<28}{tally.kills[name]:>7}{tally.unreached[name]:>11}{counts[0]:>6}{counts[1]:>9}{counts[2]:>14}"
        )
    told = ", ".join(f"{count} {kind}" for kind, count in sorted(tally.verdicts.items()))
    lines.append(
        f"{tally.kills.total()} kills in {tally.starts} starts; {tally.digests} digests "
        f"({tally.round_ups} of them round-ups) of {tally.papers} papers; "
        f"verdicts: {told}"
    )
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.kill", description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1, help="of the first run")
    parser.add_argument("--kills", type=int, default=KILLS, help="in each run")
    parser.add_argument("--lanes", type=int, default=2, help="runs at the same time")
    options = parser.parse_args()
    began = time.monotonic()
    seeds = range(options.seed, options.seed + options.runs)
    with tempfile.TemporaryDirectory(prefix="paperboy-kill-") as folder:
        tally = asyncio.run(play(seeds, Path(folder), kills=options.kills, lanes=options.lanes))
    print(table(tally))
    print(f"{options.runs} runs from seed {options.seed}: {time.monotonic() - began:.0f} s")
    print(*tally.faults[:50], sep="\n")
    missing = never(tally)
    if missing:
        print(f"never reached: {'; '.join(missing)}")
    return 1 if tally.faults or missing else 0


if __name__ == "__main__":
    sys.exit(main())
