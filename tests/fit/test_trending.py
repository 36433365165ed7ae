"""The fit of how votes grow: on weeks made up here, and that what ships is what it writes of the real ones."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from bot.models import Paper
from bot.papers import growth
from tests.bench.captures import DAY, TOP, Captures, Listed, Week
from tests.fit import trending as fitting

MONDAY = date(2025, 6, 2)
MADE = fitting.TARGET


def _at(day: date, hours: float) -> datetime:
    return datetime.combine(day, time(), UTC) + timedelta(hours=hours)


def _made_up(weeks: int = 3) -> Captures:
    """A paper has v votes in the morning, 2v + 1 at its day's end and 3v + 2 at its week's."""
    lists, ends = [], []
    for week in range(weeks):
        final: dict[str, int] = {}
        for weekday in range(5):
            day = MONDAY + 7 * week * DAY + weekday * DAY
            keys = {f"25{week:02}.{weekday}{number:04}": number for number in range(1, 30)}
            for hours, times in ((8, 1), (24, 2)):
                papers = [
                    Paper(title="", url="", arxiv_id=key, votes=times * votes + times - 1)
                    for key, votes in keys.items()
                ]
                lists.append(Listed(_at(day, hours), day, papers, morning=hours == 8))
                if hours == 24 and weekday == 4:
                    lists.append(Listed(_at(day, 48), day, papers, morning=False))
            final |= {key: 3 * votes + 2 for key, votes in keys.items()}
        monday = MONDAY + 7 * week * DAY
        ends.append(Week(monday, _at(monday, 7 * 24), final))
    return Captures(lists, ends)


def test_the_fit_finds_how_votes_grew() -> None:
    captures = _made_up()
    assert len(captures.weeks[0].top) == TOP
    text = fitting.fitted(captures, MONDAY + 14 * DAY, date(2026, 1, 1))
    made: dict[str, object] = {}
    exec(compile(text, "growth.py", "exec"), made)  # what it writes is a module
    assert made["LATELY"] == fitting.LATELY
    # 1 + 3v + 2 is 3 (1 + v), and 1.5 (1 + 2v + 1).
    level = made["LEVEL"]
    assert isinstance(level, tuple)
    assert [hours for hours, _ in level] == [8.0, 24.0, 48.0, 72.0]
    for (_, weights), expected in zip(level, (1.099, 0.405, 0.405, 0.0), strict=True):
        assert weights == pytest.approx((expected, 1.0, 0.0), abs=2e-3)
    assert "of 2 weeks of Hugging Face's lists, 2025-06-02 to 2025-06-15" in text


def test_what_ships_is_what_the_fit_writes(shared: Path) -> None:
    shipped = MADE.read_text()
    on = re.search(r"Fitted on (\S+) to", shipped)
    assert on
    assert fitting.fitted(Captures.of(shared), date(2025, 12, 1), date.fromisoformat(on[1])) == shipped
    assert growth.LEVEL[-1][1] == growth.LEVEL_AND_GAIN[-1][1] == (0.0, 1.0, 0.0)
