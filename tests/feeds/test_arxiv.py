"""arXiv's RSS, Atom and API: recorded shapes, hostile ones, and real days."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import FeedError
from bot.feeds import arxiv
from bot.feeds.text import clean
from bot.models import Parsed

DATA = Path(__file__).parents[1] / "data"
CAPTURES = Path(__file__).parents[2].parent / "shared" / "data" / "feeds"
MONDAY = date(2026, 4, 27)


def recorded(name: str) -> Parsed:
    return arxiv.parse((DATA / name).read_bytes())


def test_address() -> None:
    assert arxiv.address("https://rss.arxiv.org/", ("cs.AI", "cs.CL")) == "https://rss.arxiv.org/rss/cs.AI+cs.CL"


def test_rss() -> None:
    parsed = recorded("arxiv_rss.xml")
    new, cross, replaced, crossed = parsed.entries
    assert parsed.skipped == 1
    assert [entry.announced for entry in parsed.entries] == [True, True, False, False]
    assert {entry.listed_on for entry in parsed.entries} == {MONDAY}
    assert {entry.paper.published_at for entry in parsed.entries} == {None}
    assert new.paper.title == "When $a<b$ Matters"
    assert new.paper.abstract == "We order things. If $a<b$ and p<0.05, a <SEG> token follows; R&D agrees."
    assert new.paper.authors == ("Ada Example", "Andr\\'e Other", "Sam Third, Jr.")
    assert new.paper.categories == ("cs.CL", "cs.AI")
    assert (new.paper.arxiv_id, new.paper.version) == ("2604.22001", 1)
    assert new.paper.url == "https://arxiv.org/abs/2604.22001"
    assert cross.paper.authors == ("Bo Single",)
    assert replaced.paper.doi == "10.1000/example.77"
    assert replaced.paper.version == 3
    assert replaced.paper.authors == ("Cy Reviser", "The Example Collaboration")
    assert (crossed.paper.arxiv_id, crossed.paper.version) == ("hep-ex/0307015", 2)


def test_the_atom_twin_of_rss() -> None:
    (entry,) = recorded("arxiv_atom.xml").entries
    assert (entry.listed_on, entry.announced, entry.paper.published_at) == (MONDAY, False, None)
    assert (entry.paper.arxiv_id, entry.paper.version) == ("2604.22001", 2)
    assert entry.paper.abstract == "We order things, again."
    assert entry.paper.authors == ("Ada Example", "Andr\\'e Other")


def test_the_api() -> None:
    two, one = recorded("arxiv_api.xml").entries
    assert two.paper.title == "Learning to Wait"
    assert two.paper.abstract == "Waiting is learnt. It takes < 3 days."
    assert two.paper.authors == ("Ada Example", "Bo Single")
    assert two.paper.categories == ("cs.LG", "cs.AI")
    assert two.paper.doi == "10.1000/wait.1"
    assert two.paper.published_at == datetime(2026, 4, 29, 17, 59, 1, tzinfo=UTC)
    assert (two.listed_on, two.announced) == (date(2026, 4, 29), True)
    assert (one.paper.arxiv_id, one.paper.version) == ("math/0309136", 1)
    assert one.paper.authors == ("Example Collaboration, The",)


def test_the_shape_of_2022_that_mirrors_still_serve() -> None:
    updated, new = recorded("arxiv_2022.rdf").entries
    assert (updated.paper.title, updated.paper.version, updated.announced) == ("Naming Things Twice", 3, False)
    assert updated.paper.authors == ("Ada Example", "Bo Other")
    assert updated.paper.abstract == "Names come in pairs here."
    assert updated.listed_on == date(2022, 7, 18)
    assert (new.paper.title, new.announced) == ("Is This New?", True)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("arxiv_rss_error.xml", "arXiv says: Bad archive 'cs.NOPE'."),
        ("arxiv_api_error.xml", "arXiv says: incorrect id format for 12341234"),
    ],
)
def test_an_error_dressed_as_a_feed_is_an_error(name: str, words: str) -> None:
    with pytest.raises(FeedError) as caught:
        recorded(name)
    assert str(caught.value).startswith(words)


def test_a_paper_called_error_is_a_paper() -> None:
    body = b"""<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>http://arxiv.org/abs/2604.00001v1</id>
        <title>Error</title></entry></feed>"""
    (entry,) = arxiv.parse(body).entries
    assert entry.paper.title == "Error"


def test_a_weekend_is_empty_and_no_error() -> None:
    body = b"""<rss version="2.0"><channel><title>cs.CL updates on arXiv.org</title>
        <skipDays><day>Sunday</day></skipDays></channel></rss>"""
    parsed = arxiv.parse(body)
    assert (parsed.entries, parsed.skipped, parsed.title) == ((), 0, "cs.CL updates on arXiv.org")
    assert set(parsed.fields.values()) == {0}


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"", "an empty body"),
        (b"<html><head><title>Sorry</title></head></html>", "an HTML page titled “Sorry”"),
        (b"Rate exceeded.", "text that begins “Rate exceeded.”"),
        (b"/etc/hostname", "text that begins “/etc/hostname”"),
        (b"[]", "JSON"),
    ],
)
def test_what_is_no_feed_is_told(body: bytes, found: str) -> None:
    with pytest.raises(FeedError) as caught:
        arxiv.parse(body)
    assert str(caught.value) == f"this is not a feed: expected RSS or Atom, found {found}"


@pytest.mark.parametrize("offset", ["-0400", "-0500", "EDT", "EST", "+0000"])
def test_the_day_is_the_announcements_own(offset: str) -> None:
    body = rss([], item("2604.00001", date_line=f"Mon, 27 Apr 2026 00:00:00 {offset}"))
    (entry,) = arxiv.parse(body).entries
    assert entry.listed_on == MONDAY


def test_an_item_without_date_has_the_feeds() -> None:
    (entry,) = arxiv.parse(rss([], item("2604.00001", date_line="soon"))).entries
    assert entry.listed_on == date(2026, 4, 26)


@pytest.mark.parametrize(
    ("kind", "announced"),
    [("new", True), ("cross", True), ("replace", False), ("replace-cross", False), ("", True), ("absonly", True)],
)
def test_replacements_are_no_news(kind: str, announced: bool) -> None:
    (entry,) = arxiv.parse(rss([], item("2604.00001", kind=kind))).entries
    assert entry.announced is announced


def test_the_first_of_two_items_for_one_paper_counts() -> None:
    parsed = arxiv.parse(rss([], item("2604.00001"), item("2604.00001", kind="replace")))
    assert ([entry.announced for entry in parsed.entries], parsed.skipped) == ([True], 1)


def test_no_more_than_two_thousand_entries() -> None:
    parsed = arxiv.parse(rss([], *(item(f"2604.{number:05}") for number in range(2_010))))
    assert (len(parsed.entries), parsed.skipped) == (2_000, 10)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("A B, C D", ("A B", "C D")),
        ("A B (X, Y), C D (Z (W, V))", ("A B", "C D")),
        ("A B (never closed, C D", ("A B never closed", "C D")),
        ("A B, Jr., C D, III", ("A B, Jr.", "C D, III")),
        ("NVIDIA, :, A B", ("NVIDIA", "A B")),
        ("A  B, , A B", ("A B",)),
        ("", ()),
    ],
)
def test_authors_in_one_line(line: str, expected: tuple[str, ...]) -> None:
    assert arxiv.split_names(line) == expected


@settings(deadline=None, max_examples=60)
@given(st.binary() | st.binary().map(lambda inner: b'<rss version="2.0"><channel><item>' + inner))
def test_any_bytes_are_papers_or_a_feed_error(body: bytes) -> None:
    with suppress(FeedError):
        assert isinstance(arxiv.parse(body), Parsed)


@settings(deadline=None, max_examples=60)
@given(st.text(), st.text(), st.text(), st.text())
def test_any_text_in_a_feed_is_survived(title: str, authors: str, abstract: str, kind: str) -> None:
    body = rss(
        [], item("2604.00001", title=title, authors=authors, abstract=abstract, kind=kind), item("2604.00002")
    )
    assert {entry.paper.arxiv_id for entry in arxiv.parse(body).entries} <= {"2604.00001", "2604.00002"}


@pytest.mark.skipif(not CAPTURES.is_dir(), reason="the real captures are not here")
@pytest.mark.parametrize(("name", "count"), [("arxiv_cs_lg.xml", 20), ("arxiv_response_levroz.xml", 3)])
def test_real_answers_of_the_api(name: str, count: int) -> None:
    parsed = arxiv.parse((CAPTURES / name).read_bytes())
    assert (len(parsed.entries), parsed.skipped) == (count, 0)
    for entry in parsed.entries:
        assert entry.paper.authors
        assert entry.paper.abstract
        assert entry.paper.categories
        assert entry.paper.version == 1
        assert entry.paper.published_at is not None
        assert entry.listed_on == entry.paper.published_at.date()


DAYS = sorted((CAPTURES / "arxiv_cs_cv").glob("*.json"))


@pytest.mark.skipif(not DAYS, reason="the real captures are not here")
@pytest.mark.parametrize("file", DAYS, ids=lambda file: file.stem[-10:])
def test_real_days_come_back_from_rss_as_they_were(file: Path) -> None:
    listed = json.loads(file.read_text(encoding="utf-8"))
    day = date.fromisoformat(listed["date"])
    papers: list[dict[str, Any]] = listed["papers"]
    parsed = arxiv.parse(as_rss(listed))
    assert parsed.skipped == 0
    for paper, entry in zip(papers, parsed.entries, strict=True):
        assert entry.listed_on == day
        assert entry.paper.arxiv_id == paper["arxiv_id"]
        assert entry.paper.title == clean(paper["title"])
        assert entry.paper.abstract == clean(paper["abstract"])
        # The lists hold a lone ":" behind a collaboration, and now and then the same name twice.
        assert entry.paper.authors == tuple(
            dict.fromkeys(name for name in map(clean, paper["authors"]) if name != ":")
        )
        assert entry.paper.categories == tuple(paper["categories"])
        assert entry.announced == (paper["announce_type"] in ("new", "cross"))


def as_rss(listed: dict[str, Any]) -> bytes:
    """A captured day of cs.CV in the shape of arXiv's RSS."""
    midnight = f"{date.fromisoformat(listed['date']):%a, %d %b %Y} 00:00:00 -0400"
    items = [
        item(
            paper["arxiv_id"],
            title=paper["title"],
            authors=", ".join(paper["authors"]),
            abstract=paper["abstract"],
            kind=paper["announce_type"],
            categories=paper["categories"],
            date_line=midnight,
        )
        for paper in listed["papers"]
    ]
    return rss(["cs.CV"], *items)


def item(
    arxiv_id: str,
    *,
    title: str = "A Title",
    authors: str = "Ada Example",
    abstract: str = "Text.",
    kind: str = "new",
    categories: tuple[str, ...] | list[str] = ("cs.CV",),
    date_line: str = "Mon, 27 Apr 2026 00:00:00 -0400",
) -> str:
    """An item as arXiv's server writes it."""
    return f"""<item><title>{_xml(title)}</title><link>https://arxiv.org/abs/{arxiv_id}</link>
        <description>arXiv:{arxiv_id}v1 Announce Type: {_xml(kind)} \nAbstract: {_xml(abstract)}</description>
        <guid isPermaLink="false">oai:arXiv.org:{arxiv_id}v1</guid>
        {"".join(f"<category>{_xml(name)}</category>" for name in categories)}
        <pubDate>{date_line}</pubDate><arxiv:announce_type>{_xml(kind)}</arxiv:announce_type>
        <dc:creator>{_xml(authors)}</dc:creator></item>"""


def rss(categories: list[str], *items: str) -> bytes:
    return f"""<?xml version='1.0' encoding='UTF-8'?>
        <rss xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/" version="2.0">
        <channel><title>{", ".join(categories)} updates on arXiv.org</title>
        <pubDate>Sun, 26 Apr 2026 00:00:00 -0400</pubDate>{"".join(items)}</channel></rss>""".encode()


def _xml(text: str) -> str:
    return escape("".join(character for character in text if character.isprintable() or character in "\t\n"))
