"""A chart as a reader sees it, and as bad as its texts could be."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.digest import markup
from bot.digest.chart import chart_post
from bot.models import Button, Chart, Paper, PaperId, Period, Query, Rise, Row, Select
from bot.papers.query import parse
from tests.digest import hostile
from tests.digest.hostile import check, texts_of

slow = settings(deadline=None, max_examples=60)
NOW = datetime(2026, 3, 31, 13, tzinfo=UTC)
PAPER = Paper(
    id=PaperId(5),
    title="A *starred* title",
    url="https://arxiv.org/abs/2604.14630",
    authors=("Ada Lovelace", "Eve", "Joe"),
    organization="Loom Lab",
    votes=84,
    stars=1_200,
)
CHART = Chart(
    period=Period.WEEK,
    query=Query(text="trending", root=None),
    begin=NOW - timedelta(days=7),
    end=NOW,
    papers=(),
    total=0,
    compared=True,
    day=date(2026, 3, 31),
    today=date(2026, 3, 31),
    expected=date(2026, 3, 31),
    since=date(2026, 1, 1),
    counted_at=NOW - timedelta(minutes=20),
    answering=7,
)


def _rise(place: int = 2, gained: int = 52, before: int | None = None, *, new: bool = False) -> Rise:
    return Rise(paper_id=PaperId(5), place=place, gained=gained, before=before, new=new)


@pytest.mark.parametrize(
    ("rise", "told"),
    [
        (_rise(before=5), "▲ 84 · +52 this week · up 3 from last week"),
        (_rise(before=1), "▲ 84 · +52 this week · down 1 from last week"),
        (_rise(before=2), "▲ 84 · +52 this week · same place as last week"),
        (_rise(), "▲ 84 · +52 this week · not charted last week"),
        (_rise(gained=84, new=True), "▲ 84 · new this week"),
        (_rise(gained=60, new=True), "▲ 84 · +60 · new this week"),
        (_rise(gained=1_200, before=3), "▲ 84 · +1.2k this week · up 1 from last week"),
    ],
)
def test_an_entry_tells_its_place_its_gain_and_its_movement(rise: Rise, told: str) -> None:
    post = chart_post(replace(CHART, papers=((rise, PAPER),), total=1), 3)
    head, text = texts_of(post)
    assert head.startswith(
        "### Trending this week\n-# <t:1774357200:D> to <t:1774962000:D> · 1 paper gained votes\n"
    )
    assert "counted <t:1774960800:R>; places compared with the 7 days before" in head
    assert text.split("\n") == [
        r"**2. [A \*starred\* title](https://arxiv.org/abs/2604.14630)**",
        f"-# {told}",
        "-# ★ 1.2k · Ada Lovelace, Eve +1 · Loom Lab",
    ]


def test_without_a_period_before_nothing_is_said_of_it() -> None:
    made = replace(CHART, papers=((_rise(), PAPER),), total=1, compared=False, since=date(2026, 3, 27))
    head, text = texts_of(chart_post(made, 3))
    assert "-# ▲ 84 · +52 this week\n" in text
    assert "compared" not in head
    assert "The archive is younger: it begins on Friday 27 March" in head


def test_where_some_papers_were_not_looked_at_the_number_is_the_least() -> None:
    made = replace(CHART, papers=((_rise(), PAPER),), total=1_019, at_least=True)
    assert " · at least 1k papers gained votes\n" in texts_of(chart_post(made, 3))[0]


def test_buttons_lead_to_each_period_and_a_menu_to_the_papers() -> None:
    made = replace(CHART, query=parse("diffusion"), papers=((_rise(), PAPER),), total=1, period=Period.MONTH)
    post = chart_post(made, 12)
    *_, row, menu = post.blocks
    assert isinstance(row, Row)
    assert [(button.label, button.custom_id, button.primary) for button in row.buttons] == [
        ("Today", "paperboy:trending:today:12", False),
        ("This week", "paperboy:trending:week:12", False),
        ("This month", "paperboy:trending:month:12", True),
    ]
    assert menu == Select("paperboy:card", "Open a paper", (("5", "A *starred* title"),))
    assert "### Trending this month on `diffusion`" in texts_of(post)[0]
    assert "up" not in texts_of(post)[1]


@pytest.mark.parametrize(
    ("period", "day", "words"),
    [
        (
            Period.WEEK,
            date(2026, 3, 31),
            "Of **7 papers** that answer this none gained a vote in the last 7 days.",
        ),
        (Period.WEEK, date(2026, 3, 20), "The newest list with votes is of Friday 20 March."),
        (Period.WEEK, date(2025, 12, 31), "The newest list with votes is of Wednesday 31 December 2025."),
        (Period.WEEK, None, "Choose a longer period, or look at the newest papers"),
        (Period.MONTH, None, "\nLook at the newest papers"),
        (Period.TODAY, None, "No list has votes yet."),
        (
            Period.TODAY,
            date(2026, 3, 31),
            "Of **7 papers** that answer this none with votes stands on Tuesday’s list, 31 March.",
        ),
    ],
)
def test_no_chart_says_why_and_what_to_do(period: Period, day: date | None, words: str) -> None:
    post = chart_post(replace(CHART, period=period, query=parse("loom"), day=day, trouble="arXiv [x](y)"), 3, 4)
    (text,) = texts_of(post)
    assert words in text
    assert r"-# arXiv \[x\]\(y\)" in text
    (row,) = (block for block in post.blocks if isinstance(block, Row))
    assert row.buttons[-1] == Button(label="The newest papers", custom_id="paperboy:page:4:0")
    assert "/search" not in text, "the button does it"
    alone = chart_post(replace(CHART, period=period, query=parse("loom"), day=day), 3)
    assert texts_of(alone)[0].endswith("at the newest papers: `/search` with `sort:new`.")
    without = chart_post(replace(CHART, answering=0), 3, 4)
    assert len([button for block in without.blocks if isinstance(block, Row) for button in block.buttons]) == 3


@slow
@given(st.data())
def test_ten_hostile_papers_fit(data: st.DataObject) -> None:
    papers = data.draw(st.lists(hostile.papers(), max_size=10, unique_by=lambda paper: paper.id))
    counts = st.integers(1, 10**9)
    rises = tuple(
        Rise(
            paper_id=paper.id or PaperId(0),
            place=place,
            gained=data.draw(counts),
            new=data.draw(st.booleans()),
            before=data.draw(st.none() | counts),
            lately=data.draw(st.none() | st.integers(-9, 10**9)),
        )
        for place, paper in enumerate(papers, 1)
    )
    period = data.draw(st.sampled_from(Period))
    made = replace(
        CHART,
        period=period,
        query=Query(text=data.draw(hostile.queries), root=parse("x").root),
        papers=tuple(zip(rises, papers, strict=True)),
        total=len(papers),
        compared=period is not Period.TODAY and data.draw(st.booleans()),
        day=data.draw(st.none() | st.just(CHART.day)),
        since=data.draw(st.none() | st.just(CHART.today)),
        trouble=data.draw(hostile.lines),
        answering=data.draw(st.sampled_from((0, 1, 10**6))),
    )
    post = chart_post(made, data.draw(hostile.numbers), data.draw(st.none() | hostile.numbers))
    check(post, papers=papers)
    shown = sum(text.startswith("**") for text in texts_of(post))
    assert shown == len(papers) or f"{len(papers) - shown} left out: too long" in markup.as_text(post, 200)
