"""A look back at a week: what it names, under which topic, and how it looks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta

import pytest

from bot.digest import markup, weekly
from bot.digest.markup import as_text
from bot.digest.post import late
from bot.models import DeliveryId, Hit, Line, Paper, PaperId, Post, RoundUp, Row, Schedule, Select, Text
from bot.papers.query import parse

DUE = datetime(2026, 4, 3, 15, tzinfo=UTC)
FRIDAY = DUE.date()
NUMBER = DeliveryId("0123456789abcdef0123")


def paper(number: int, votes: int | None, title: str = "", url: str = "") -> Paper:
    return Paper(
        id=PaperId(number),
        title=title or f"Paper {number}",
        url=url or f"https://a.example/{number}",
        votes=votes,
        listed_on=FRIDAY,
    )


def made(
    found: Mapping[str, Sequence[Paper]],
    *,
    shown: Mapping[int, date] | None = None,
    votes: Sequence[int] | None = None,
    cap: int = 300,
    digested: date | None = FRIDAY,
) -> weekly.Week:
    """The week of these topics; without `votes` their papers are all that there were."""
    hits = {parse(topic): [Hit(paper=each, score=0.0) for each in papers] for topic, papers in found.items()}
    given = {each.id: each.votes or 0 for papers in found.values() for each in papers}.values()
    voted = sorted(filter(None, given if votes is None else votes), reverse=True)
    return weekly.compose(
        tuple(hits),
        hits,
        shown={PaperId(number): day for number, day in (shown or {}).items()},
        figures=weekly.Figures(listed=612, shown=23, votes=tuple(voted)),
        cap=cap,
        due_at=DUE,
        day=FRIDAY,
        digested=digested,
    )


def sections(week: weekly.Week) -> list[tuple[str, list[int | None]]]:
    return [(topic, [each.id for each in papers]) for topic, papers in week.sections]


def texts(post: Post) -> str:
    return "\n".join(block.content for block in post.blocks if isinstance(block, Text))


def many(count: int, first: int = 1, **fields: str) -> list[Paper]:
    """Papers with fewer votes each."""
    return [paper(number, 1_000 - number, **fields) for number in range(first, first + count)]


# --- what it names ------------------------------------------------------------------------------------


def test_one_topic_has_its_five_with_most_votes() -> None:
    week = made({"agent": many(9)[::-1]}, votes=[])
    assert sections(week) == [("agent", [1, 2, 3, 4, 5])]
    assert (week.matched, week.capped, week.untold, week.late) == (9, False, 0, ())


@pytest.mark.parametrize(("topics", "each"), [(2, 5), (3, 5), (4, 3), (5, 3), (7, 2), (8, 1), (15, 1), (25, 1)])
def test_many_topics_have_fewer_each_and_fifteen_papers_together(topics: int, each: int) -> None:
    week = made({f"topic{at}": many(10, 1 + 20 * at) for at in range(topics)}, votes=[])
    assert [len(papers) for _, papers in week.sections] == [each] * min(topics, 15)
    assert [topic for topic, _ in week.sections] == [f"topic{at}" for at in range(min(topics, 15))]
    assert week.untold == max(0, topics - 15)


def test_a_topic_without_papers_takes_no_room() -> None:
    week = made({"nothing": [], "agent": many(9), "void": [], "none": []}, votes=[])
    assert sections(week) == [("agent", [1, 2, 3, 4, 5])]


def test_a_paper_stands_once_where_it_stands_best() -> None:
    both, first = paper(1, 50), [paper(number, 100 - number) for number in range(2, 5)]
    week = made({"agent": [*first, both], "video": [both, paper(9, 1)]})
    assert sections(week) == [("agent", [2, 3, 4]), ("video", [1, 9])]
    # In a tie the topic that was there first has it.
    assert sections(made({"agent": [both], "video": [both, paper(9, 1)]})) == [("agent", [1]), ("video", [9])]
    assert sections(made({"agent": [both], "video": [both]})) == [("agent", [1])]
    assert made({"agent": [both], "video": [both]}).matched == 1


def test_everything_means_what_was_voted_on() -> None:
    week = made({"trending": [paper(1, None), paper(2, 3), paper(3, None)]})
    assert (sections(week), week.matched) == ([("trending", [2])], 1)
    assert sections(made({"trending": [paper(1, None)]})) == [("trending", [1])]


def test_what_stands_high_and_was_not_shown_rose_late() -> None:
    # Of fifty papers with votes ten are the upper fifth.
    week = made({"agent": many(50)}, shown={6: FRIDAY, 8: FRIDAY})
    assert [each.id for each in week.late] == [7, 9, 10]
    assert [each.id for each in made({"agent": many(50)}).late] == [6, 7, 8, 9, 10]
    assert len(made({"agent": many(300)}).late) == weekly.LATE
    # As far as the week goes, not only the topic.
    assert made({"agent": many(50)}, votes=[5_000] * 100).late == ()
    assert made({"agent": [paper(number, None) for number in range(1, 20)]}).late == ()
    # What no digest has had the time to bring.
    assert made({"agent": many(50)}, digested=FRIDAY - timedelta(days=1)).late == ()
    assert made({"agent": many(50)}, digested=None).late == ()


@pytest.mark.parametrize(("count", "late"), [(5, 0), (26, 1), (30, 1), (31, 2)])
def test_the_upper_fifth_is_rounded_up(count: int, late: int) -> None:
    assert len(made({"agent": many(count)}).late) == late


def test_what_it_names_and_the_channel_has_not_had_is_fresh() -> None:
    week = made({"agent": many(50)}, shown={1: FRIDAY, 4: FRIDAY, 30: FRIDAY})
    assert week.fresh == (2, 3, 5, 6, 7, 8, 9, 10)
    assert [each.id for each in week.papers] == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]


def test_a_week_without_anything_has_no_sections() -> None:
    assert made({}).sections == made({"agent": []}).sections == ()


# --- how it looks ---------------------------------------------------------------------------------------


def test_the_message_tells_the_figures_and_when_something_was_shown() -> None:
    found = {"image generation": [paper(1, 1_234), paper(2, 7), paper(3, None)], "agent": many(40, 100)}
    shown = {1: FRIDAY, 2: FRIDAY - timedelta(days=3), 100: FRIDAY - timedelta(days=7)}
    post, week = weekly.weekly_post(made(found, shown=shown), NUMBER)
    assert texts(post).split("\n") == [
        "## The week to Friday 3 April",
        "-# 612 papers listed, 43 matched, 23 shown here",
        "**image generation**",
        "- ▲ 1.2k [Paper 1](https://a.example/1) · shown today",
        "- ▲ 7 [Paper 2](https://a.example/2) · shown on Tuesday",
        "- [Paper 3](https://a.example/3)",
        "**agent**",
        "- ▲ 900 [Paper 100](https://a.example/100) · shown on 27 March",
        *(f"- ▲ {1_000 - number} [Paper {number}](https://a.example/{number})" for number in range(101, 105)),
        "**Rose late: not shown here before**",
        *(f"- ▲ {1_000 - number} [Paper {number}](https://a.example/{number})" for number in (105, 106, 107)),
    ]
    assert week.papers == made(found, shown=shown).papers
    assert Post.from_data(json.loads(json.dumps(post.as_data()))) == post


def test_the_delivery_is_told_by_its_button() -> None:
    post, _ = weekly.weekly_post(made({"agent": many(1)}), NUMBER)
    (button,) = (button for block in post.blocks if isinstance(block, Row) for button in block.buttons)
    assert button.custom_id == f"paperboy:week:{NUMBER}"


def test_more_papers_than_are_counted_are_told_as_such() -> None:
    post, _ = weekly.weekly_post(made({"agent": many(12)}, cap=12), NUMBER)
    assert "more than 12 matched" in texts(post)


@pytest.mark.parametrize("topics", [1, 4, 15, 25])
@pytest.mark.parametrize("title", ["*" * 300, "論文🙂" * 100, "A long title of many words " * 12])
def test_it_fits_whatever_it_holds(topics: int, title: str) -> None:
    address = f"https://a.example/{'(' * 150}"
    names = [f"“{'a_b' * 30}{at}” OR {'*' * 3}" if at % 2 else f"topic{at}" for at in range(topics)]
    found = {name: many(40, 1 + 40 * at, title=title, url=address) for at, name in enumerate(names)}
    week = made(found, shown={number: FRIDAY - timedelta(days=9) for number in range(1, 1_000, 3)}, votes=[1])
    post, fitted = weekly.weekly_post(week, NUMBER)
    assert markup.fits(late(post, DUE))
    assert texts(post).count("\n- ") == len(fitted.papers) > 0
    assert set(fitted.papers) <= set(week.papers)
    assert fitted.fresh == tuple(each.id for each in fitted.papers if each.id not in week.shown)
    assert f"and {fitted.untold} more topic" in texts(post) or not fitted.untold
    assert fitted.untold == week.untold + len(week.sections) - len(fitted.sections)


def test_a_hostile_title_or_topic_does_nothing() -> None:
    title = "[nitro](https://evil.example) @everyone <@1> **bold** ||x|| `code`\n# big\n- list"
    hostile = parse("a_b OR c*d*e")
    week = weekly.compose(
        (hostile,),
        {hostile: [Hit(paper=paper(1, 5, title=title, url="https://a.example/x) [y](https://evil"), score=0.0)]},
        shown={},
        figures=weekly.Figures(listed=1, shown=0),
        cap=300,
        due_at=DUE,
        day=FRIDAY,
        digested=None,
    )
    post, _ = weekly.weekly_post(week, NUMBER)
    raw = texts(post)
    assert "@everyone" not in raw
    assert "](https://evil" not in raw.replace("\\](", "").replace("]\\(", "")
    assert raw.count("\n") == 3, "head, figures, topic, paper: one line each"
    assert "[nitro](https://evil.example) @everyone <@1> **bold** ||x|| `code` # big - list" in as_text(post, 500)
    assert "c\\*d\\*e" in raw


def test_the_parts_are_divided_by_lines() -> None:
    post, _ = weekly.weekly_post(made({"agent": many(50), "video": many(3, 90)}), NUMBER)
    assert [type(block) for block in post.blocks] == [Text, Line, Text, Line, Text, Line, Text, Select, Row]


# --- what it is -------------------------------------------------------------------------------------------


def test_the_button_tells_what_it_is_and_when_the_next_comes() -> None:
    schedule = Schedule(post_at=time(13), zone="Europe/Berlin", days=frozenset(range(5)))
    on = RoundUp(day=4, post_at=time(17, 5), next_due=DUE)
    told = texts(weekly.about_post(on, schedule))
    assert f"every Friday at **17:05** (Europe/Berlin); the next <t:{int(DUE.timestamp())}:F>" in told
    assert "; the next" not in texts(weekly.about_post(RoundUp(day=4, post_at=time(17)), schedule))
    assert "No more of them come here" in texts(weekly.about_post(None, schedule))
