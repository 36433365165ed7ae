"""The parts of a digest: what came or rose late under its own heading, then what is new."""

from __future__ import annotations

import dataclasses
from datetime import date

import pytest

from bot.digest.markup import as_text
from bot.digest.post import digest_post, facts, more_post
from bot.models import DeliveryId, Digest, Line, Match, Paper, PaperId
from tests.digest.hostile import NOW, check, texts_of

DELIVERY = DeliveryId("d")
MON, TUE, WED, THU = (
    date(2026, 3, 30 + number) if number < 2 else date(2026, 4, number - 1) for number in range(4)
)


def _match(number: int, listed_on: date | None, *, late: bool = False, summary: str = "") -> Match:
    paper = Paper(
        id=PaperId(number), title=f"Paper {number}", url=f"https://x.test/{number}", votes=9, listed_on=listed_on
    )
    return Match(
        paper=paper, topics=("trending",), score=1.0, reasons=(), summary=summary, summary_by="", late=late
    )


def _parts(*papers: Match, day: date = WED) -> list[str]:
    """The texts below the digest's own heading, without the papers' details."""
    digest = Digest(day=day, papers=papers, more=(), topics=("trending",))
    post, fitted = digest_post(digest, DELIVERY)
    check(post, papers=[match.paper for match in papers])
    assert fitted == digest
    assert sum(isinstance(block, Line) for block in post.blocks) == len(papers)
    return [text.split("](")[0].replace("**[", "") for text in texts_of(post)[1:]]


def test_a_digest_without_late_ones_has_no_parts() -> None:
    assert _parts(_match(1, WED), _match(2, None)) == ["Paper 1", "Paper 2"]


def test_late_ones_come_first_under_the_day_of_their_list() -> None:
    found = _parts(_match(1, TUE, late=True), _match(2, TUE, late=True), _match(3, WED))
    assert found == ["### Yesterday, after the digest", "Paper 1", "Paper 2", "### New", "Paper 3"]


def test_a_digest_of_late_ones_alone_has_nothing_new() -> None:
    assert _parts(_match(1, TUE, late=True)) == ["### Yesterday, after the digest", "Paper 1"]


@pytest.mark.parametrize(
    ("days", "day", "heading"),
    [
        ((TUE,), WED, "### Yesterday, after the digest"),
        ((MON,), WED, "### Monday, after the digest"),
        # The evening west of New York: the list of the reader's day opened before the last digest.
        ((WED,), WED, "### Since the last digest"),
        ((THU,), WED, "### Since the last digest"),
        (
            (TUE, MON),
            WED,
            "### Late risers\n-# listed or risen after the last digest, from Monday’s and Tuesday’s lists",
        ),
        (
            (MON, TUE, WED),
            THU,
            "### Late risers\n-# listed or risen after the last digest, from the last days’ lists",
        ),
        ((None,), WED, "### Late risers\n-# listed or risen after the last digest, from the last days’ lists"),
    ],
)
def test_the_heading_names_the_days(days: tuple[date | None, ...], day: date, heading: str) -> None:
    papers = [_match(number, each, late=True) for number, each in enumerate(days, start=1)]
    assert _parts(*papers, day=day)[0] == heading


def test_what_does_not_fit_moves_behind_the_button_and_is_counted() -> None:
    long = [
        dataclasses.replace(_match(number, TUE, late=number < 3), summary="word " * 500, reasons=("“é” " * 60,))
        for number in range(1, 11)
    ]
    long = [
        dataclasses.replace(each, paper=dataclasses.replace(each.paper, title="*" * 200, authors=("*" * 40,) * 9))
        for each in long
    ]
    digest = Digest(day=WED, papers=tuple(long), more=(), beyond=5, topics=("trending", "agents"))
    post, fitted = digest_post(digest, DELIVERY)
    check(post, papers=[match.paper for match in long])
    moved = len(long) - len(fitted.papers)
    assert moved > 0
    assert [match.held for match in fitted.more] == ["no room was left in the message"] * moved
    assert fitted.left == moved + 5
    assert f"[{moved + 5} more]" in as_text(post)
    assert f"{len(fitted.papers)} of 15 papers" in as_text(post)


def test_more_counts_what_it_does_not_name() -> None:
    left = [(_match(number, WED).paper, "all 8 places were taken") for number in range(1, 4)]
    assert "and" not in texts_of(more_post(left, NOW))[0].splitlines()[-1]
    assert texts_of(more_post(left, NOW, 22))[0].splitlines()[-1] == "-# and 22 more: `/search` finds them"


@pytest.mark.parametrize(
    ("gained", "told"), [(None, "▲ 9"), (0, "▲ 9"), (-3, "▲ 9"), (8, "▲ 9 (+8 since yesterday)")]
)
def test_facts_tell_what_was_gained(gained: int | None, told: str) -> None:
    assert facts(_match(1, WED).paper, gained) == told
