"""How a paper's votes went, day by day, in one line: "▁▃▅▇█ 3 → 64 votes in 4 days". Pure.

Owns: the drawing and its scale. Refuses: what the votes mean (`bot.papers.trending`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from bot.models import Observation

FEWEST = 3
"""Days with a count, below which there is nothing to draw."""
MOST = 30
"""Bars that a phone has room for in one line."""
_BARS = "▁▂▃▄▅▆▇█"


def votes_told(seen: Sequence[Observation]) -> str:
    """The last count of each day (in UTC) as bars, and the first and the last in words; "" where too few days
    have one. `seen`: the counts over time, oldest first.

    Bars begin at zero, so that twice as high is twice the votes. A day without a count is drawn like the one
    before: counts are kept where they change. Where there are more days than bars, each stands for several and
    shows the last of them.
    """
    counts = {each.seen_at.date(): each.votes for each in seen if each.votes is not None}
    if len(counts) < FEWEST:
        return ""
    begin, end = min(counts), max(counts)
    levels = [counts[begin]]
    for day in range(1, (end - begin).days + 1):
        levels.append(counts.get(begin + timedelta(days=day), levels[-1]))
    step = -(-len(levels) // MOST)
    highest = max(levels) or 1
    bars = "".join(_BARS[min(8 * votes // highest, 7)] for votes in levels[::-step][::-1])
    days, last = len(levels) - 1, f"{levels[-1]:,} vote{'' if levels[-1] == 1 else 's'}"
    if levels[0] == levels[-1]:
        return f"{bars} {last}, as {days} days before"
    return f"{bars} {levels[0]:,} → {last} in {days} days"
