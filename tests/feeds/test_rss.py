"""Other people's feeds: which entry is which paper, and who wrote it."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import FeedError
from bot.feeds import rss
from bot.feeds.text import LONGEST_TEXT
from bot.models import Entry, Paper, Parsed

DATA = Path(__file__).parents[1] / "data"
CAPTURES = Path(__file__).parents[2].parent / "shared" / "data" / "feeds"


def recorded(name: str) -> Parsed:
    return rss.parse((DATA / name).read_bytes())


def feed(*items: str) -> bytes:
    return f"""<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"
        xmlns:prism="http://prismstandard.org/namespaces/basic/2.0/"
        xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>A feed</title>
        <link>https://example.org/</link>{"".join(f"<item>{item}</item>" for item in items)}
        </channel></rss>""".encode()


def only(item: str) -> Entry:
    (entry,) = rss.parse(feed(item)).entries
    return entry


def paper(item: str) -> Paper:
    return only(item).paper


def test_biorxiv() -> None:
    parsed = recorded("biorxiv.rdf")
    (entry,) = parsed.entries
    assert parsed.site == "http://biorxiv.org"
    assert entry.paper.title == "Sleep in Danio rerio is Short"
    assert entry.paper.url == "https://www.biorxiv.org/content/10.1101/2026.04.01.600001v2"
    assert entry.paper.doi == "10.1101/2026.04.01.600001"
    assert entry.paper.arxiv_id is None
    assert entry.paper.authors == ("D. Kukla", "A. J. Crampton", "The Fish Consortium", "D. van der Wood")
    assert entry.paper.abstract == "Fish sleep less than CO2 would suggest (p<0.05)."
    assert entry.paper.published_at == datetime(2026, 4, 2, tzinfo=UTC)
    assert entry.listed_on == date(2026, 4, 2)


def test_a_blog() -> None:
    parsed = recorded("blog.xml")
    citing, announcing, untitled = parsed.entries
    assert parsed.skipped == 1
    assert parsed.site == "https://lab.example.org/"
    assert citing.paper.arxiv_id is None
    assert citing.paper.url == "https://lab.example.org/2026/week?page=2"
    assert citing.paper.title == "Our week & theirs"
    assert citing.paper.abstract == "We read one and another. Both are fine."
    assert citing.paper.authors == ("Jane Doe", "John Smith")
    assert citing.paper.categories == ("news",)
    assert citing.paper.published_at == datetime(2026, 4, 21, 4, 30, tzinfo=UTC)
    assert citing.listed_on == date(2026, 4, 21)
    assert (announcing.paper.arxiv_id, announcing.paper.version) == ("2604.00003", 1)
    assert announcing.paper.url == "https://arxiv.org/abs/2604.00003"
    assert announcing.listed_on == date(2026, 4, 19)
    assert untitled.paper.title == "Nothing to see here, really."
    assert untitled.listed_on is None


def test_a_bridge_of_hugging_face() -> None:
    (entry,) = recorded("huggingface_bridge.xml").entries
    assert entry.paper.arxiv_id == "2603.20001"
    assert (
        entry.paper.abstract == "Authors: Ada Example, Bo Single Upvotes: 74 Summary: A shepherd for many agents."
    )


@pytest.mark.parametrize(
    ("item", "arxiv_id", "doi"),
    [
        ("<link>https://arxiv.org/abs/2604.00001</link>", "2604.00001", None),
        ("<link>https://example.org/1</link><guid>oai:arXiv.org:2604.00001v2</guid>", "2604.00001", None),
        ("<link>https://doi.org/10.1000/x</link>", None, "10.1000/x"),
        ("<link>https://example.org/1</link><dc:identifier>doi:10.1000/x</dc:identifier>", None, "10.1000/x"),
        ("<link>https://example.org/1</link><prism:doi>10.1000/x</prism:doi>", None, "10.1000/x"),
        ("<link>https://example.org/1</link><description>See arXiv:2604.00001.</description>", "2604.00001", None),
        ("<link>https://example.org/1</link><description>See doi:10.1000/x.</description>", None, "10.1000/x"),
        (
            "<link>https://example.org/1</link><description>arXiv:2604.00001, 10.1000/x</description>",
            None,
            None,
        ),
        (
            "<link>https://arxiv.org/abs/2604.00001</link><description>cites arXiv:2604.00002</description>",
            "2604.00001",
            None,
        ),
        (
            "<link>https://arxiv.org/abs/2604.00001</link><prism:doi>10.1000/x</prism:doi>",
            "2604.00001",
            "10.1000/x",
        ),
        (
            "<link>https://example.org/1</link>"
            "<description>arXiv:2604.00001 is at https://arxiv.org/pdf/2604.00001v1</description>",
            "2604.00001",
            None,
        ),
        ("<link>https://example.org/1</link><description>build 2604.00001</description>", None, None),
    ],
)
def test_which_paper_an_entry_is(item: str, arxiv_id: str | None, doi: str | None) -> None:
    found = paper(f"<title>T</title>{item}")
    assert (found.arxiv_id, found.doi) == (arxiv_id, doi)
    assert found.url.startswith("https://arxiv.org/abs/" if arxiv_id else "https://")


def test_without_link_a_doi_is_the_way() -> None:
    assert paper("<title>T</title><dc:identifier>doi:10.1000/X</dc:identifier>").url == "https://doi.org/10.1000/x"


@pytest.mark.parametrize(
    ("link", "url"),
    [
        ("/relative", "https://example.org/relative"),
        ("https://example.org/a?rss=1", "https://example.org/a"),
        ("https://example.org/a?utm_source=x&amp;b=2&amp;utm_medium=rss", "https://example.org/a?b=2"),
        ("https://example.org/a?source=rss----1", "https://example.org/a"),
        ("https://example.org/a?source=me", "https://example.org/a?source=me"),
    ],
)
def test_links(link: str, url: str) -> None:
    assert paper(f"<title>T</title><link>{link}</link>").url == url


@pytest.mark.parametrize(
    "item",
    [
        "<description>Only text</description>",
        "<title>Only a title</title>",
        "<title>T</title><guid>12345</guid>",
        "<title>T</title><guid>urn:uuid:1</guid>",
        "<title>T</title><link>javascript:alert(1)</link>",
        "<title>T</title><link>https://[broken/</link>",
    ],
)
def test_an_entry_that_leads_nowhere_is_skipped(item: str) -> None:
    parsed = rss.parse(feed(item, "<title>Another</title><link>https://example.org/1</link>"))
    assert ([entry.paper.title for entry in parsed.entries], parsed.skipped) == (["Another"], 1)
    assert (parsed.site, parsed.title) == ("https://example.org/", "A feed")
    with pytest.raises(FeedError, match="the only entry has no link: there is nothing to read"):
        rss.parse(feed(item))


def test_a_long_text_gives_a_short_title_and_a_bounded_abstract() -> None:
    found = paper(f"<link>https://example.org/1</link><description>{'word ' * 5_000}</description>")
    assert len(found.title) <= 100
    assert found.title.endswith("word…")
    assert len(found.abstract) <= LONGEST_TEXT


def test_an_entry_with_only_a_link_is_called_by_it() -> None:
    assert paper("<link>https://example.org/1</link>").title == "https://example.org/1"


def test_the_first_of_two_entries_with_one_address_counts() -> None:
    item = "<title>T</title><link>https://example.org/1</link>"
    parsed = rss.parse(feed(item, item))
    assert (len(parsed.entries), parsed.skipped) == (1, 1)


def test_no_more_than_two_thousand_entries() -> None:
    parsed = rss.parse(feed(*(f"<title>T</title><link>https://example.org/{n}</link>" for n in range(2_001))))
    assert (len(parsed.entries), parsed.skipped) == (2_000, 1)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Kukla, D., Crampton, A.", ("D. Kukla", "A. Crampton")),
        ("Kukla, D., Crampton, J.-P., and Wood, D. A.", ("D. Kukla", "J.-P. Crampton", "D. A. Wood")),
        ("Kukla, D", ("D Kukla",)),
        ("Kukla, D., Jr., Wood, E.", ("D. Kukla, Jr.", "E. Wood")),
        ("A B, C D and E F", ("A B", "C D", "E F")),
        ("A B, C D, and E F", ("A B", "C D", "E F")),
        ("Ada Byron &amp; Mary Shelley", ("Ada Byron", "Mary Shelley")),
        ("Ada Byron and Mary Shelley", ("Ada Byron", "Mary Shelley")),
        ("Research and Development", ("Research and Development",)),
        ("Kukla, Dorothy; Crampton, Amy", ("Dorothy Kukla", "Amy Crampton")),
        ("Kukla, Dorothy", ("Dorothy Kukla",)),
        ("van der Berg, Jan", ("Jan van der Berg",)),
        ("Ada Byron (X, Y), Mary Shelley", ("Ada Byron", "Mary Shelley")),
        ("By Jane Doe", ("Jane Doe",)),
        ("jane@example.org (Jane Doe)", ("Jane Doe",)),
        ("noreply@example.org", ()),
        ("Anderson", ("Anderson",)),
    ],
)
def test_authors_in_one_line(line: str, expected: tuple[str, ...]) -> None:
    found = paper(f"<title>T</title><link>https://example.org/1</link><author>{escape(line)}</author>")
    assert found.authors == expected


@settings(deadline=None, max_examples=60)
@given(st.text())
def test_any_line_of_authors_is_survived(line: str) -> None:
    assert all(name.strip() for name in rss.split_authors(line))


def test_a_hostile_line_of_authors_takes_no_time() -> None:
    for piece in ("a,", "a.b+", "(", "A. ", "and ", "J.-"):
        rss.split_authors(piece * 20_000)


@settings(deadline=None, max_examples=60)
@given(st.binary() | st.binary().map(lambda inner: b'<rss version="2.0"><channel><item>' + inner))
def test_any_bytes_are_papers_or_a_feed_error(body: bytes) -> None:
    with suppress(FeedError):
        assert isinstance(rss.parse(body), Parsed)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["title", "link", "guid", "description", "author", "pubDate", "category"]), st.text()
        )
    )
)
def test_any_entry_is_survived(fields: list[tuple[str, str]]) -> None:
    text = "".join(f"<{name}>{escape(_printable(value))}</{name}>" for name, value in fields)
    parsed = rss.parse(feed(text, "<link>https://example.org/0</link>"))
    assert len(parsed.entries) + parsed.skipped == 2


def _printable(text: str) -> str:
    return "".join(character for character in text if character.isprintable())


@pytest.mark.skipif(not CAPTURES.is_dir(), reason="the real captures are not here")
@pytest.mark.parametrize(
    ("name", "count"),
    [("huangboming_hf_daily.rss.xml", 22), ("arxiv_cs_lg.xml", 20), ("arxiv_response_levroz.xml", 3)],
)
def test_real_feeds_of_arxiv_papers(name: str, count: int) -> None:
    parsed = rss.parse((CAPTURES / name).read_bytes())
    assert (len(parsed.entries), parsed.skipped) == (count, 0)
    for entry in parsed.entries:
        assert entry.paper.arxiv_id
        assert entry.paper.abstract
        assert entry.listed_on


@pytest.mark.skipif(not CAPTURES.is_dir(), reason="the real captures are not here")
def test_a_real_feed_of_biorxiv() -> None:
    (entry,) = rss.parse((CAPTURES / "biorxiv_bioengineering_1item.rdf.xml").read_bytes()).entries
    assert entry.paper.doi == "10.1101/857789"
    assert entry.paper.url == "http://biorxiv.org/cgi/content/short/857789v1"
    assert entry.paper.authors == ("D. Kukla", "A. Crampton", "D. Wood", "S. Khetani")
    assert entry.listed_on == date(2019, 11, 29)
