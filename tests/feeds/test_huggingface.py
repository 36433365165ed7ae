"""Hugging Face's daily papers: recorded shapes, hostile ones, and a year of real mornings."""

from __future__ import annotations

import gzip
import json
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import FeedError
from bot.feeds import huggingface
from bot.models import Parsed

DATA = Path(__file__).parents[1] / "data"
CAPTURES = Path(__file__).parents[2].parent / "shared" / "data" / "hf" / "mornings"
DAY = date(2026, 3, 20)


def parse(value: object) -> Parsed:
    return huggingface.parse(json.dumps(value).encode(), day=DAY)


@pytest.mark.parametrize(
    ("now", "day"),
    [
        (datetime(2026, 7, 1, 1, 29, tzinfo=UTC), date(2026, 6, 30)),
        (datetime(2026, 7, 1, 1, 30, tzinfo=UTC), date(2026, 7, 1)),
        (datetime(2026, 1, 15, 2, 29, tzinfo=UTC), date(2026, 1, 14)),
        (datetime(2026, 1, 15, 2, 30, tzinfo=UTC), date(2026, 1, 15)),
        (datetime(2026, 12, 31, 12, 0, tzinfo=UTC), date(2026, 12, 31)),
    ],
)
def test_the_day_rolls_over_at_half_past_nine_in_new_york(now: datetime, day: date) -> None:
    assert huggingface.day_of(now) == day


def test_address() -> None:
    base = "https://huggingface.co/"
    assert huggingface.address(base, DAY) == "https://huggingface.co/api/daily_papers?date=2026-03-20&limit=100"
    assert huggingface.address(base, DAY, 2).endswith("?date=2026-03-20&limit=100&p=2")


def test_the_last_days_have_no_weekends() -> None:
    monday, sunday = datetime(2026, 3, 23, 12, tzinfo=UTC), datetime(2026, 3, 22, 12, tzinfo=UTC)
    assert huggingface.days(monday, 3) == (date(2026, 3, 23), date(2026, 3, 20), date(2026, 3, 19))
    assert huggingface.days(sunday, 1) == (DAY,)
    assert huggingface.days(monday, 0) == ()


def test_the_page_of_a_day() -> None:
    assert huggingface.page(DAY) == "https://huggingface.co/papers/date/2026-03-20"


def test_the_shape_of_2025() -> None:
    parsed = huggingface.parse((DATA / "huggingface_2025.json").read_bytes(), day=date(2025, 2, 3))
    (entry,) = parsed.entries
    paper = entry.paper
    assert paper.title == "Counting Sheep with Small Transformers"
    assert paper.abstract == "We count sheep at night. Small models fall asleep later than <think> ones."
    assert paper.authors == ("Ada Example", "José Núñez")
    assert paper.published_at == datetime(2025, 1, 31, 18, 48, 8, tzinfo=UTC)
    assert (paper.votes, paper.comments, paper.stars) == (18, 1, None)
    assert (paper.summary, paper.keywords, paper.organization, paper.repository) == ("", (), "", None)
    assert entry.listed_on == paper.listed_on == date(2025, 2, 3)
    assert entry.announced


def test_the_shape_of_2026() -> None:
    parsed = huggingface.parse((DATA / "huggingface_2026.json").read_bytes())
    first, second = (entry.paper for entry in parsed.entries)
    assert parsed.skipped == 0
    assert first.arxiv_id == "2603.20001"
    assert first.url == "https://arxiv.org/abs/2603.20001"
    assert first.discussion == "https://huggingface.co/papers/2603.20001"
    assert first.published_at == datetime(2026, 3, 19, tzinfo=UTC)
    assert first.listed_on == DAY
    assert first.keywords == ("agents", "herding")
    assert first.organization == "Example Laboratory"
    assert first.repository == "https://github.com/example/herding"
    assert first.project_page == "https://example.org/herding"
    assert (first.votes, first.comments, first.stars) == (74, 2, 3)
    assert first.thumbnail is not None
    assert first.thumbnail.endswith("/2603.20001.png")
    assert second.organization == "ExampleLab"
    assert (second.votes, second.comments, second.authors) == (0, 0, ())


def test_a_flat_paper_is_a_paper() -> None:
    (entry,) = parse([{"id": "2603.00001", "title": "Flat", "upvotes": 3, "numComments": 1}]).entries
    assert (entry.paper.title, entry.paper.votes, entry.paper.comments) == ("Flat", 3, 1)
    assert entry.listed_on == DAY


def test_only_id_and_title_are_needed() -> None:
    parsed = parse(
        [
            {"paper": {"id": "2603.00001", "title": "Bare"}},
            {"paper": {"id": "2603.00002"}, "title": "Outer title"},
            {"paper": {"id": "2603.00003"}},
            {"paper": {"title": "No id"}},
            {"paper": {"id": 2603.1, "title": "A number for an id"}},
            {"paper": None},
            "2603.00004",
            None,
        ]
    )
    assert [entry.paper.title for entry in parsed.entries] == ["Bare", "Outer title"]
    assert parsed.skipped == 6


def test_wrong_types_of_optional_fields_are_missing_fields() -> None:
    paper = {
        "id": "2603.00001",
        "title": "Odd",
        "authors": [{"name": 1}, "Ada", {"name": "Bo", "hidden": "?"}, {"name": "Cy", "hidden": True}],
        "upvotes": True,
        "githubStars": -1,
        "publishedAt": 20260320,
        "submittedOnDailyAt": "soon",
        "summary": ["x"],
        "ai_summary": 5,
        "ai_keywords": "a, b",
        "organization": "Lab",
        "githubRepo": {"url": "x"},
        "projectPage": "javascript:alert(1)",
    }
    (entry,) = parse([{"paper": paper, "numComments": 1.5, "thumbnail": 3, "organization": []}]).entries
    odd = entry.paper
    assert odd.authors == ("Bo",)
    assert (odd.votes, odd.stars, odd.comments) == (None, None, None)
    assert (odd.published_at, odd.abstract, odd.summary, odd.keywords, odd.organization) == (None, "", "", (), "")
    assert (odd.repository, odd.project_page, odd.thumbnail) == (None, None, None)
    assert entry.listed_on == DAY


def test_keywords_keep_what_is_text() -> None:
    (entry,) = parse([{"id": "2603.00001", "title": "T", "ai_keywords": ["a", 1, None, " b ", ""]}]).entries
    assert entry.paper.keywords == ("a", "b")


def test_a_count_that_no_database_could_hold_is_missing() -> None:
    (entry,) = parse([{"id": "2603.00001", "title": "T", "upvotes": 10**30}]).entries
    assert entry.paper.votes is None


def test_an_id_that_is_not_arxivs_leads_to_the_discussion() -> None:
    (entry,) = parse([{"id": "a b/c?", "title": "Elsewhere"}]).entries
    assert entry.paper.arxiv_id is None
    assert entry.paper.url == entry.paper.discussion == "https://huggingface.co/papers/a%20b/c%3F"


def test_the_first_of_two_entries_for_one_paper_counts() -> None:
    parsed = parse([{"id": "2603.00001", "title": "First"}, {"id": "2603.00001", "title": "Second"}])
    assert [entry.paper.title for entry in parsed.entries] == ["First"]
    assert parsed.skipped == 1


def test_no_more_than_two_thousand_entries() -> None:
    parsed = parse([{"id": f"2603.{number:05}", "title": "T"} for number in range(2_500)])
    assert (len(parsed.entries), parsed.skipped) == (2_000, 500)


def test_an_empty_list_is_an_empty_day() -> None:
    parsed = parse([])
    assert (parsed.entries, parsed.skipped) == ((), 0)
    assert set(parsed.fields.values()) == {0}


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"", "an empty body"),
        (b"<html><head><title>502 Bad Gateway</title>", "an HTML page titled “502 Bad Gateway”"),
        (b'{"error": "Invalid date"}', "an error: “Invalid date”"),
        (b"{}", "a JSON object"),
        (b"42", "a JSON number"),
        (b"null", "JSON null"),
        (b"false", "a JSON boolean"),
        (b'"hello"', "a JSON string"),
        (b"[" * 100_000, "JSON that breaks off or is damaged"),
        (b'[{"paper": {', "JSON that breaks off or is damaged"),
    ],
)
def test_what_is_no_list_is_told(body: bytes, found: str) -> None:
    with pytest.raises(FeedError, match="expected a JSON list of papers, found ") as caught:
        huggingface.parse(body)
    assert str(caught.value).endswith(found)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = [
    *("id", "title", "summary", "authors", "upvotes", "publishedAt", "submittedOnDailyAt", "ai_summary"),
    *("ai_keywords", "githubRepo", "githubStars", "organization", "projectPage", "paper", "numComments"),
]


@settings(deadline=None, max_examples=60)
@given(st.binary())
def test_any_bytes_are_papers_or_a_feed_error(body: bytes) -> None:
    with suppress(FeedError):
        assert isinstance(huggingface.parse(body), Parsed)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.dictionaries(st.sampled_from(FIELDS), JSON), max_size=3))
def test_any_json_is_papers(items: list[dict[str, Any]]) -> None:
    named = [{**item, "id": f"2603.{number:05}", "title": "T"} for number, item in enumerate(items)]
    for item in named:
        item.pop("paper", None)
    assert len(parse([*items, *named]).entries) >= len(named)


MONTHS = sorted({file.name[:7] for file in CAPTURES.glob("*.json.gz")})


@pytest.mark.skipif(not MONTHS, reason="the real captures are not here")
def test_the_real_captures_are_all_here() -> None:
    assert len(list(CAPTURES.glob("*.json.gz"))) == 301


@pytest.mark.skipif(not MONTHS, reason="the real captures are not here")
@pytest.mark.parametrize("month", MONTHS)
def test_real_mornings_lose_nothing(month: str) -> None:
    for file in sorted(CAPTURES.glob(f"{month}-*.json.gz")):
        body = gzip.decompress(file.read_bytes())
        day = date.fromisoformat(file.name[:10])
        parsed = huggingface.parse(body, day=day)
        items = json.loads(body)
        assert parsed.skipped == 0
        for item, entry in zip(items, parsed.entries, strict=True):
            raw, paper = item["paper"], entry.paper
            assert entry.listed_on == day
            assert paper.arxiv_id == raw["id"]
            assert paper.title.split() == raw["title"].split()
            assert paper.abstract
            assert paper.published_at is not None
            assert (paper.votes, paper.comments) == (raw["upvotes"], item["numComments"])
            assert len(paper.authors) == sum(not author["hidden"] for author in raw["authors"])
            assert (paper.repository is None) == ("githubRepo" not in raw)
            assert (paper.project_page is None) == ("projectPage" not in raw)
            assert paper.stars == raw.get("githubStars")
            assert bool(paper.summary) == bool(raw.get("ai_summary"))
            assert bool(paper.keywords) == any(raw.get("ai_keywords", ()))
            assert bool(paper.organization) == ("organization" in raw)
            assert paper.thumbnail == item["thumbnail"]


@pytest.mark.skipif(not CAPTURES.is_dir(), reason="the real captures are not here")
def test_another_programs_capture() -> None:
    parsed = huggingface.parse((CAPTURES.parents[1] / "feeds" / "hf_daily_papers_sotawhat.json").read_bytes())
    assert (len(parsed.entries), parsed.skipped) == (30, 0)


def test_what_the_search_found_announces_nothing_wrapped_or_flat() -> None:
    paper = {"id": "2603.00001", "title": "A", "upvotes": 3, "submittedOnDailyAt": "2026-03-31T00:00:00.000Z"}
    for item in ({"paper": paper, "title": "A", "numComments": 0}, paper):
        (entry,) = huggingface.found(json.dumps([item]).encode()).entries
        assert (entry.paper.arxiv_id, entry.paper.votes, entry.announced) == ("2603.00001", 3, False)
    assert huggingface.found(b"[]").entries == ()
    with pytest.raises(FeedError):
        huggingface.found(b'{"error": "q is too short"}')


def test_a_question_is_one_value_of_its_address() -> None:
    assert huggingface.question_address("https://a.example/", "c++ & x=1/é#", 5) == (
        "https://a.example/api/papers/search?q=c%2B%2B%20%26%20x%3D1%2F%C3%A9%23&limit=5"
    )
