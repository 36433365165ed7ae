"""How votes grow, fitted: `python -m tests.fit.trending --data DIR` writes `bot/papers/growth.py`.

DIR is a folder of captures as for `tests.bench.trending`. A sample is a paper's count at a capture and its count
at the end of its week. Captures come in the morning (about 8 hours after the day of the list began), at its end
(24) and, for Friday's lists, on the two days after (48, 72); at each a least-squares line goes through the
logarithms of both counts, once with what the paper gained lately, once without. At 72 hours a list is taken to be
ripe. Weeks from `--until` on are kept aside: they are for `tests.bench.trending`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import numpy as np

from tests.bench.captures import DAY, Captures

TARGET = Path("bot/papers/growth.py")
KNOTS = (8, 24, 48)
RIPE = 72
LATELY = 16
"""Hours between a morning's capture and its evening's."""
_NEAR = 3.0
_TEXT = '''"""How votes grow, written by `python -m tests.fit.trending`: do not edit.

Fitted on {day} to {samples} counts of {weeks} weeks of Hugging Face's lists, {first} to {last}.
The standard error of log(1 + votes) at {knots} hours is {errors}.
"""

from __future__ import annotations

LATELY = {lately}
"""Hours within which what a paper gained is gained lately."""
LEVEL = (
{level})
"""Hours since the day of a list began -> (a, b, c), with which a paper of it has
exp(a + b log(1 + v) + c log(1 + g)) - 1 votes by the end of its week, v being its votes and g those that it gained
lately; here without g, for where that is not known."""
LEVEL_AND_GAIN = (
{gain})
"""The same with g."""
'''


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=Path, required=True, metavar="DIR")
    arguments.add_argument("--until", type=date.fromisoformat, default=date(2025, 12, 1), metavar="DAY")
    arguments.add_argument(
        "--on", type=date.fromisoformat, required=True, metavar="DAY", help="the day of the fit"
    )
    given = arguments.parse_args()
    TARGET.write_text(fitted(Captures.of(given.data), given.until, given.on))
    print(TARGET.read_text())


def fitted(captures: Captures, until: date, on: date) -> str:
    """The table as a module's text."""
    weeks = [week.monday for week in captures.weeks if captures.whole(week) and week.monday < until]
    found = np.array(list(_samples(captures, until)))
    level, gain, errors = [], [], []
    for knot in KNOTS:
        of = found[np.abs(found[:, 0] - knot) < _NEAR]
        told, target = np.log1p(of[:, 1:3]), np.log1p(of[:, 3])
        ones = np.ones((len(of), 1))
        without = np.linalg.lstsq(np.hstack([ones, told[:, :1]]), target, rcond=None)[0]
        level.append((float(knot), (*map(float, without), 0.0)))
        # In the first hours all votes are new.
        weights = (*without, 0.0)
        if knot > LATELY:
            weights = tuple(np.linalg.lstsq(np.hstack([ones, told]), target, rcond=None)[0])
        gain.append((float(knot), tuple(map(float, weights))))
        errors.append(np.std(target - np.hstack([ones, told]) @ np.array(weights)))
    for table in (level, gain):
        table.append((float(RIPE), (0.0, 1.0, 0.0)))
    return _TEXT.format(
        day=on,
        samples=len(found),
        weeks=len(weeks),
        first=weeks[0],
        last=weeks[-1] + 6 * DAY,
        knots=", ".join(map(str, KNOTS)),
        errors=", ".join(f"{error:.2f}" for error in errors),
        lately=LATELY,
        level=_rows(level),
        gain=_rows(gain),
    )


def _rows(table: list[tuple[float, tuple[float, ...]]]) -> str:
    return "".join(
        f"    ({hours}, ({', '.join(str(round(weight, 3)) for weight in weights)})),\n" for hours, weights in table
    )


def _samples(captures: Captures, until: date) -> Iterator[tuple[float, int, int, int]]:
    """(hours since the day of its list began, votes, of which lately, votes at the end of its week)"""
    for week in captures.weeks:
        if not captures.whole(week) or week.monday >= until:
            continue
        for key, final in week.votes.items():
            first = captures.first.get(key)
            if first is None or not week.monday <= first.day <= week.monday + 4 * DAY:
                continue
            begin = datetime.combine(first.day, time(), UTC)
            for at, votes in captures.votes.get(key, ()):
                if at >= week.at:
                    continue
                before = [earlier for then, earlier in captures.votes[key] if then <= at - timedelta(hours=LATELY)]
                gained = max(0, votes - before[-1]) if before else votes
                yield (at - begin) / timedelta(hours=1), votes, gained, final


if __name__ == "__main__":
    main()
