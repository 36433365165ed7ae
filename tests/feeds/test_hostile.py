"""What a source could send to mislead, to hide or to break something: the same table for each parser."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any
from xml.sax.saxutils import escape

import pytest

from bot.digest.post import digest_post
from bot.errors import FeedError
from bot.feeds import arxiv, huggingface, rss
from bot.feeds.text import LONGEST_TITLE
from bot.models import DeliveryId, Digest, Entry, Match, Parsed
from bot.papers.summary import summarise
from tests.digest import hostile
from tests.feeds import test_arxiv
from tests.fuzz.mutation import PARSERS
from tests.fuzz.promises import check

DAY = date(2026, 4, 27)


def parse(parser: str, body: bytes) -> Parsed:
    """What is promised of every result is checked beside what a test asks for."""
    match parser:
        case "huggingface":
            found = huggingface.parse(body, day=DAY)
        case "arxiv":
            found = arxiv.parse(body)
        case _:
            found = rss.parse(body)
    check(found)
    return found


def listed(parser: str, *papers: dict[str, str]) -> bytes:
    """A list of papers in the shape of a source; what is not told of them is simple."""
    simple = {"title": "T", "abstract": "A", "authors": "B", "date": "2026-04-27"}
    whole = [{"id": f"2604.{at:05}", **simple, **paper} for at, paper in enumerate(papers)]
    if parser == "huggingface":
        return json.dumps([hugging_face(paper) for paper in whole]).encode()
    made = arxiv_item if parser == "arxiv" else rss_item
    return test_arxiv.rss([], *(made({key: escape(text) for key, text in paper.items()}) for paper in whole))


def hugging_face(paper: dict[str, str]) -> dict[str, Any]:
    return {
        "paper": {
            "id": paper["id"],
            "title": paper["title"],
            "summary": paper["abstract"],
            "authors": [{"name": name} for name in paper["authors"].split(", ")],
            "submittedOnDailyAt": paper["date"],
        }
    }


def arxiv_item(paper: dict[str, str]) -> str:
    return """<item><title>{title}</title><link>https://arxiv.org/abs/{id}</link><pubDate>{date}</pubDate>
        <description>arXiv:{id}v1 Announce Type: new \nAbstract: {abstract}</description>
        <dc:creator>{authors}</dc:creator></item>""".format_map(paper)


def rss_item(paper: dict[str, str]) -> str:
    return """<item><title>{title}</title><link>https://arxiv.org/abs/{id}</link><pubDate>{date}</pubDate>
        <description>{abstract}</description><author>{authors}</author></item>""".format_map(paper)


def only(parser: str, **fields: Any) -> Entry:
    (entry,) = parse(parser, listed(parser, fields)).entries
    return entry


both = pytest.mark.parametrize("parser", PARSERS)


PICTURES = "👩\u200d👩\u200d👧 👍🏽 🏳\ufe0f\u200d🌈 1\ufe0f\u20e3 🇩🇪"
WALES = "🏴\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f"

# --- text -----------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$x<y$ and $a>b$, p<0.05 & q", "$x<y$ and $a>b$, p<0.05 & q"),
        (r"\textbf{bold} $\frac{1}{2}$ 100\%", r"\textbf{bold} $\frac{1}{2}$ 100\%"),
        ("a <think> token, <SEG>, </answer>", "a <think> token, <SEG>, </answer>"),
        ("@everyone <@123> <@&1> <#2> </help:1>", "@everyone <@123> <@&1> <#2> </help:1>"),
        ("[https://arxiv.org](https://evil.example)", "[https://arxiv.org](https://evil.example)"),
        ("**bold** __u__ `code` ||spoiler||", "**bold** __u__ `code` ||spoiler||"),
        ("javascript:alert(1) data:text/html,x", "javascript:alert(1) data:text/html,x"),
        ("safe\u202etxt.exe\u2066\u200f", "safetxt.exe"),
        ("in\u200bvi\u2060si\ufeffble\u00ad", "invisible"),
        ("tagged\U000e0049\U000e0067\U000e006e", "tagged"),
        ("שלום עולם, مرحبا", "שלום עולם, مرحبا"),
        (PICTURES, PICTURES),
        (WALES, WALES),
        ("a\u200db 👩\u200dx \u200d👧", "ab 👩x 👧"),
        ("e\u0301 and " + "a" + "\u0300\u0316" * 500, "é and a"),
        ("two\n lines\tand\u2028more", "two lines and more"),
    ],
)
def test_what_is_text_stays_and_what_is_hidden_goes(parser: str, text: str, expected: str) -> None:
    paper = only(parser, title=text, abstract=text).paper
    assert paper.title == expected
    assert paper.abstract == expected


@both
def test_long_titles_and_lists_of_authors(parser: str) -> None:
    names = ", ".join(f"Ada{at} Example{at}" for at in range(600))
    paper = only(parser, title="long " * 2_000, abstract="word " * 50_000, authors=names).paper
    assert LONGEST_TITLE - 10 < len(paper.title) <= LONGEST_TITLE
    assert paper.title.endswith("long…")
    assert 9_990 < len(paper.abstract) <= 10_000
    assert paper.authors == tuple(names.split(", "))


@both
def test_what_leaves_a_parser_is_only_text_in_discord(parser: str) -> None:
    """Escaping is markup.py's; here, all the way from bytes to a post."""
    for piece in (
        *hostile.PIECES,
        "👩\u200d🔬",
        "\u202e@every\u200bone",
        "[a](https://arxiv.org)(https://evil.example)",
    ):
        paper = only(parser, title=f"T {piece}", abstract=f"A {piece}. {piece}", authors=f"B {piece} C").paper
        summary, author = summarise(paper)
        why = (f"by {paper.authors}",)
        match = Match(paper=paper, topics=("x",), score=1.0, reasons=why, summary=summary, summary_by=author)
        digest = Digest(day=DAY, papers=(match,), more=(), topics=("x",))
        hostile.check(digest_post(digest, DeliveryId("d"))[0], papers=[paper])


# --- addresses ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        *(
            "javascript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "//evil.example",
            "https://",
            "http://[::1",
        ),
        *("https://user:pass@evil.example/", "https://arxiv.org\\@evil.example/", "https://evil.example/a b"),
        *(
            "vbscript:x",
            "https://a.example/" + "x" * 3_000,
            7,
            None,
            ["https://a.example"],
            {"href": "https://a.example"},
        ),
    ],
)
def test_an_address_that_leads_nowhere_or_astray_is_none(address: Any) -> None:
    fields = dict.fromkeys(("githubRepo", "projectPage", "thumbnail"), address)
    body = json.dumps([{"paper": {"id": "2604.00001", "title": "T", **fields}, "thumbnail": address}])
    (entry,) = parse("huggingface", body.encode()).entries
    assert (entry.paper.repository, entry.paper.project_page, entry.paper.thumbnail) == (None, None, None)
    item = f"<item><title>T</title><link>{escape(str(address))}</link><guid>{escape(str(address))}</guid></item>"
    good = "<item><title>U</title><link>https://good.example/1</link></item>"
    assert [found.paper.title for found in parse("rss", test_arxiv.rss([], item, good)).entries] == ["U"]


# --- numbers and dates ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "number",
    [
        *("1e999", "-1e999", "NaN", "Infinity", "-1", "1.0", "1e3", "true", "null", '"7"', "[7]", "{}", "1" * 20),
        *("9" * 400, "9" * 10_000, "-" + "9" * 10_000),
    ],
)
def test_a_number_that_is_no_count_costs_nothing_else(number: str) -> None:
    counts = f'"upvotes": {number}, "githubStars": {number}'
    body = f'[{{"paper": {{"id": "2604.00001", "title": "T", {counts}}}, "numComments": {number}}}]'
    (entry,) = parse("huggingface", body.encode()).entries
    assert (entry.paper.votes, entry.paper.stars, entry.paper.comments) == (None, None, None)


def test_of_a_key_that_comes_twice_the_last_one_counts() -> None:
    body = b'[{"paper": {"id": "x", "id": "2604.00001", "title": "A", "title": "B", "upvotes": 1, "upvotes": 2}}]'
    paper = parse("huggingface", body).entries[0].paper
    assert (paper.arxiv_id, paper.title, paper.votes) == ("2604.00001", "B", 2)


@both
@pytest.mark.parametrize("text", ["soon", "", "Mon, 27 Apr 2026 99:99:99 +0000", "0000-01-01"])
def test_a_text_that_is_no_date_is_left_out(parser: str, text: str) -> None:
    # arXiv's feed, and the day that Hugging Face was asked for, tell the date of the list.
    own = {"huggingface": DAY, "arxiv": date(2026, 4, 26), "rss": None}
    assert only(parser, date=text).listed_on in (own[parser], None)


@both
@pytest.mark.parametrize(
    "text",
    [
        *("-1-01-01", "99999-01-01T00:00:00Z", "Mon, 27 Apr 99999 00:00:00 +0000", "2026-04-27T99:00Z"),
        *("2026-02-30", "1" * 50),
        *("9" * 10_000, "0001-01-01T00:00+23:59", "9999-12-31T23:59-23:59", "Mon, 27 Apr 0 00:00:00 GMT", "1e999"),
    ],
    ids=lambda text: text[:20],
)
def test_a_date_that_nobody_can_read_costs_nothing_else(parser: str, text: str) -> None:
    assert only(parser, date=text).paper.title == "T"


@both
@pytest.mark.parametrize("date_line", ["2099-12-31T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T00:00:00Z"])
def test_a_date_far_away_is_what_it_says(parser: str, date_line: str) -> None:
    assert only(parser, date=date_line).listed_on == date.fromisoformat(date_line[:10])


# --- ids ------------------------------------------------------------------------------------------


@both
def test_an_id_that_comes_twice_is_one_paper(parser: str) -> None:
    body = listed(parser, {"title": "First"}, {"id": "2604.00000", "title": "Second"}, {"id": "2604.00000v2"}, {})
    parsed = parse(parser, body)
    assert [(entry.paper.arxiv_id, entry.paper.title) for entry in parsed.entries] == [
        ("2604.00000", "First"),
        ("2604.00003", "T"),
    ]
    assert parsed.skipped == 2


def blog(*items: tuple[str, str, str], site: str = "https://blog.example/") -> list[tuple[str, str]]:
    """(title, address) of the entries of a feed; an item is (title, link, guid)."""
    told = "".join(
        f"<item><title>{title}</title><link>{link}</link><guid isPermaLink='false'>{guid}</guid></item>"
        for title, link, guid in items
    )
    body = f"<rss version='2.0'><channel><title>B</title><link>{site}</link>{told}</channel></rss>"
    return [(entry.paper.title, entry.paper.url) for entry in parse("rss", body.encode()).entries]


def test_entries_that_share_a_page_are_told_apart_by_their_titles() -> None:
    page = "https://blog.example/changes"
    first, second = blog(("One", page, "1"), ("Two", page, "2"), ("One", page, "3"))
    assert (first[0], second[0]) == ("One", "Two")
    assert first[1] != second[1]
    assert first[1].startswith(f"{page}#")
    # Whatever else the list holds, and whatever new guid it gets, an entry keeps its address.
    assert blog(("Three", page, "9"), ("Two", page, "8"))[1] == second
    # A page of its own stays as it is, also with a new guid, or twice.
    assert blog(("One", page, "1"), ("One", page, "2")) == [("One", page)]
    assert blog(("One", page, "new")) == [("One", page)]


def test_an_entry_that_links_to_the_home_page_has_no_page_of_its_own() -> None:
    home, own = "https://blog.example", "https://blog.example/1"
    ((_, with_guid),) = blog(("One", home, own))
    ((_, without),) = blog(("One", home, "1"))
    assert with_guid == own
    assert without.startswith(f"{home}#")
    assert blog(("One", home, own), ("Two", home, own))[0][1].startswith(f"{home}#")


def test_one_guid_for_other_links_is_of_no_account() -> None:
    one, two = "https://blog.example/1", "https://blog.example/2"
    assert blog(("One", one, "same"), ("Two", two, "same")) == [("One", one), ("Two", two)]


def test_shared_links_of_papers_are_told_apart_by_what_names_the_paper() -> None:
    body = "".join(
        f"<item><title>T{at}</title><link>https://journal.example/</link><guid>doi:10.1000/{at}</guid></item>"
        for at in range(2)
    )
    parsed = parse("rss", f"<rss version='2.0'><channel><title>J</title>{body}</channel></rss>".encode())
    assert [entry.paper.url for entry in parsed.entries] == [
        "https://doi.org/10.1000/0",
        "https://doi.org/10.1000/1",
    ]


# --- other bodies ---------------------------------------------------------------------------------


@both
@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "an empty body"),
        (b"\0" * 1_000, "binary data"),
        (b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><form>", "an HTML page titled “Sign in”"),
        (b"<html><body><p>rate exceeded</p></body></html>", "an HTML page"),
        (b"Too many requests\n", "text that begins “Too many requests”"),
        (b"%PDF-1.7", "a PDF"),
        (b"\x1f\x8b\x08\0", "compressed data"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "XML of another kind"),
    ],
)
def test_what_is_no_list_is_told_in_words(parser: str, body: bytes, words: str) -> None:
    with pytest.raises(FeedError) as caught:
        parse(parser, body)
    assert str(caught.value).endswith(f"found {words}")


@both
def test_an_error_in_json_is_told_in_words(parser: str) -> None:
    with pytest.raises(FeedError) as caught:
        parse(parser, '{"error": "Invalid \u202e date @everyone"}'.encode())
    told = "found an error: “Invalid date @everyone”" if parser == "huggingface" else "found JSON"
    assert str(caught.value).endswith(told)


def test_a_list_of_json_cut_off_anywhere_is_an_error() -> None:
    body = listed("huggingface", {"title": "é \ud800"}, {})
    for at in range(1, len(body)):
        with pytest.raises(FeedError, match="found JSON that breaks off or is damaged"):
            parse("huggingface", body[:at])
    assert len(parse("huggingface", body).entries) == 2


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32-be"])
def test_json_in_other_encodings_is_read(codec: str) -> None:
    body = json.dumps([{"id": "2604.00001", "title": "Café"}], ensure_ascii=False).encode(codec)
    assert parse("huggingface", body).entries[0].paper.title == "Café"


def test_halves_of_pairs_in_json_go_and_pairs_stay() -> None:
    body = rb'[{"id": "2604.00001", "title": "a\ud800b \ud83d\ude00 \udc00\ud800", "summary": "\u0000x"}]'
    paper = parse("huggingface", body).entries[0].paper
    assert (paper.title, paper.abstract) == ("ab 😀", "x")


@pytest.mark.parametrize("value", [None, 0, True, "text", [], {}, [[]], 1e999], ids=repr)
@pytest.mark.parametrize("key", ["authors", "ai_keywords", "organization", "publishedAt", "summary", "githubRepo"])
def test_another_type_costs_one_field(key: str, value: Any) -> None:
    item = {"id": "2604.00001", "title": "T", "upvotes": 3, key: value}
    (entry,) = parse("huggingface", json.dumps([item]).encode()).entries
    assert (entry.paper.title, entry.paper.votes) == ("T", 3)
    text = "text" if value == "text" and key == "summary" else ""
    assert (entry.paper.abstract, entry.paper.authors, entry.paper.published_at) == (text, (), None)


def test_a_time_without_a_zone_is_utc() -> None:
    body = json.dumps([{"id": "2604.00001", "title": "T", "publishedAt": "2026-04-27T01:02:03"}]).encode()
    assert parse("huggingface", body).entries[0].paper.published_at == datetime(2026, 4, 27, 1, 2, 3, tzinfo=UTC)
