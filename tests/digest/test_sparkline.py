"""Votes over time in one line: what is drawn, to which scale, and where there is nothing to draw."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.digest.sparkline import MOST, votes_told
from bot.models import Observation
from tests.digest import hostile

BEGIN = datetime(2026, 3, 30, 9, tzinfo=UTC)


def _seen(*counts: tuple[float, int | None]) -> list[Observation]:
    """(days after the beginning, votes) each."""
    return [Observation(seen_at=BEGIN + timedelta(days=day), votes=votes, comments=1) for day, votes in counts]


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        # From zero: half of the votes is half of the height.
        (((0, 0), (1, 50), (2, 100)), "▁▅█ 0 → 100 votes in 2 days"),
        (((0, 900), (1, 950), (2, 1_000)), "███ 900 → 1,000 votes in 2 days"),
        # The last count of a day.
        (((0, 3), (0.2, 8), (1, 30), (1.1, 32), (4, 64)), "▂▅▅▅█ 8 → 64 votes in 4 days"),
        # Falling, flat, there and back.
        (((0, 64), (1, 32), (2, 16)), "█▅▃ 64 → 16 votes in 2 days"),
        (((0, 0), (1, 0), (2, 0)), "▁▁▁ 0 votes, as 2 days before"),
        (((0, 4), (1, 8), (2, 4)), "▅█▅ 4 votes, as 2 days before"),
        (((0, 0), (1, 1), (2, 1)), "▁██ 0 → 1 vote in 2 days"),
        # Days without a count, and counts of something else.
        (((0, 1), (3, 2), (5, 4), (6, None)), "▃▃▃▅▅█ 1 → 4 votes in 5 days"),
    ],
)
def test_votes_are_drawn_day_by_day(counts: tuple[tuple[float, int | None], ...], told: str) -> None:
    assert votes_told(_seen(*counts)) == told


@pytest.mark.parametrize(
    "counts",
    [
        (),
        ((0, 3),),
        ((0, 3), (1, 60)),
        ((0, 3), (0.1, 20), (0.2, 40), (1, 60)),  # four counts of two days
        ((0, None), (1, None), (2, None), (3, 7)),
    ],
)
def test_of_fewer_than_three_days_nothing_is_drawn(counts: tuple[tuple[float, int | None], ...]) -> None:
    assert votes_told(_seen(*counts)) == ""


def test_a_long_time_is_drawn_in_as_many_bars_as_a_phone_has_room_for() -> None:
    told = votes_told(_seen(*((day, day) for day in range(90))))
    bars, words = told.split(" ", 1)
    assert words == "0 → 89 votes in 89 days"
    assert len(bars) == MOST
    assert list(bars) == sorted(bars)
    assert bars[-1] == "█"


@given(hostile.histories)
def test_any_history_is_one_short_line(seen: list[Observation]) -> None:
    told = votes_told(seen)
    days = {each.seen_at.date() for each in seen if each.votes is not None}
    assert bool(told) == (len(days) >= 3)
    if told:
        bars, words = told.split(" ", 1)
        assert 2 < len(bars) <= MOST
        assert set(bars) <= set("▁▂▃▄▅▆▇█")
        assert len(words) < 60
        assert f" {(max(days) - min(days)).days} days" in words


@given(st.lists(st.integers(0, 10**6), min_size=3, max_size=MOST))
def test_a_higher_bar_is_never_fewer_votes(votes: list[int]) -> None:
    bars = votes_told(_seen(*enumerate(votes))).split(" ", 1)[0]
    assert len(bars) == len(votes)
    for one, bar in zip(votes, bars, strict=True):
        for other, beside in zip(votes, bars, strict=True):
            assert bar <= beside or one > other
