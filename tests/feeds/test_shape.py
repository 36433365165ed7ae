"""The fields that tell a source's shape: counted, missed one by one, and named when nothing can be read."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from bot.errors import FeedError
from bot.feeds import arxiv, huggingface, rss
from bot.models import Parsed

DATA = Path(__file__).parents[1] / "data"

PAPERS = json.loads((DATA / "huggingface_2026.json").read_bytes())
WHOLE = PAPERS[0]
OUTER = ("numComments", "thumbnail")
INNER = ("id", "title", "summary", "authors", "publishedAt", "submittedOnDailyAt", "upvotes", "discussionId")


def hugging_face(*items: Any) -> Parsed:
    return huggingface.parse(json.dumps(items).encode())


def without(name: str, value: Any = None) -> dict[str, Any]:
    """A whole item whose field has another value, or is not there. (There is an outer title as well.)"""
    inner, outer = dict(WHOLE["paper"]), dict(WHOLE)
    place = inner if name in INNER else outer
    if value is None:
        del place[name]
    else:
        place[name] = value
    return {**outer, "paper": inner}


def test_a_whole_list_of_hugging_face_has_every_field() -> None:
    names = (*(f"paper.{name}" for name in INNER), *OUTER)
    assert dict(hugging_face(WHOLE, WHOLE, WHOLE).fields) == dict.fromkeys(names, 3)


@pytest.mark.parametrize("value", [None, {"x": 1}, [[]], True, "", -1.5], ids=repr)
@pytest.mark.parametrize("name", [*INNER, *OUTER])
def test_a_field_of_hugging_face_that_is_gone_or_of_another_type_is_missed(name: str, value: Any) -> None:
    other = without(name, value)
    parsed = hugging_face(WHOLE, other, other)
    field = name if name in OUTER else f"paper.{name}"
    assert parsed.fields[field] == 1
    assert {number for known, number in parsed.fields.items() if known != field} == {3}
    assert len(parsed.entries) + parsed.skipped == 3


@pytest.mark.parametrize(
    ("items", "words"),
    [
        ([without("id")] * 31, "none of the 31 entries has paper.id: the source changed its shape"),
        (
            [{"article": WHOLE["paper"]}] * 2_500,
            "none of the 2,500 entries has paper.id: the source changed its shape",
        ),
        ([without("id", 2603.2)], "the only entry has no paper.id: the source changed its shape"),
        (
            [{"paper": {"id": "2603.20001"}}] * 3,
            "none of the 3 entries has paper.title: the source changed its shape",
        ),
        (["2603.20001", None, 7, []], "none of the 4 entries has paper.id: the source changed its shape"),
        (
            [{"id": "2603.20001"}, {"title": "T"}],
            "none of the 2 entries has both paper.id and paper.title: the source changed its shape",
        ),
    ],
)
def test_a_list_of_hugging_face_without_a_paper_names_the_field(items: list[Any], words: str) -> None:
    with pytest.raises(FeedError) as caught:
        hugging_face(*items)
    assert str(caught.value) == words


def test_the_papers_among_other_items_are_read() -> None:
    parsed = hugging_face(None, {"ad": 1}, WHOLE, [], "x")
    assert (len(parsed.entries), parsed.skipped, parsed.fields["paper.id"]) == (1, 4, 1)


# --- feeds ----------------------------------------------------------------------------------------

RSS, TWIN, API = (
    (DATA / name).read_text(encoding="utf-8") for name in ("arxiv_rss.xml", "arxiv_atom.xml", "arxiv_api.xml")
)
# The last item of the RSS is one that is no paper.
RSS = re.sub(r"<item>(?:(?!</item>).)*An item.*?</item>", "", RSS, flags=re.DOTALL)

ARXIV = [
    *((RSS, name, name) for name in ("title", "link", "guid", "description", "category", "pubDate")),
    *((RSS, name, name) for name in ("arxiv:announce_type", "dc:creator")),
    *((TWIN, name, name) for name in ("id", "title", "link", "summary", "category", "published")),
    *((TWIN, name, name) for name in ("arxiv:announce_type", "dc:creator")),
    *((API, name, name) for name in ("id", "title", "link", "summary", "category", "published", "author")),
]


def removed(feed: str, name: str) -> str:
    """A feed whose items lack an element."""
    head, separator, items = re.split(r"(<(?:item|entry)>)", feed, maxsplit=1)
    return head + separator + re.sub(rf"<{name}\b[^>]*/>|<{name}\b.*?</{name}>", "", items, flags=re.DOTALL)


@pytest.mark.parametrize(("feed", "count"), [(RSS, 4), (TWIN, 1), (API, 2)], ids=["RSS", "Atom", "API"])
def test_every_kind_of_arxiv_s_answers_has_its_own_fields(feed: str, count: int) -> None:
    parsed = arxiv.parse(feed.encode())
    names = {name for of, name, _ in ARXIV if of is feed}
    assert dict(parsed.fields) == dict.fromkeys(names, count)
    assert parsed.skipped == 0
    assert parsed.title


@pytest.mark.parametrize(
    ("feed", "name", "field"), ARXIV, ids=lambda value: value if len(value) < 20 else value[:5]
)
def test_a_field_of_arxiv_that_is_gone_is_missed(feed: str, name: str, field: str) -> None:
    whole = arxiv.parse(feed.encode())
    body = removed(feed, name).encode()
    if field == "title":
        with pytest.raises(
            FeedError, match=r"(none of the \d entries has|the only entry has no) title: the source changed"
        ):
            arxiv.parse(body)
        return
    parsed = arxiv.parse(body)
    assert parsed.fields[field] == 0
    assert {name for name, number in parsed.fields.items() if not number} == {field}
    assert len(parsed.entries) == len(whole.entries)


def test_arxiv_s_items_without_ids_name_the_field() -> None:
    bare = re.sub(r"<(link|description)>.*?</\1>", "", removed(RSS, "guid"), flags=re.DOTALL)
    with pytest.raises(FeedError, match="none of the 4 entries has guid: the source changed its shape"):
        arxiv.parse(bare.encode())
    with pytest.raises(FeedError, match="none of the 4 entries has both a title and an arXiv id: the source"):
        arxiv.parse(re.sub(r"\d{4}\.\d{5}|hep-ex/\d{7}", "x", RSS).encode())


def test_the_fields_of_any_feed() -> None:
    item = "<title>T</title><link>https://example.org/{}</link>"
    rest = "<description>D</description><author>A B</author><pubDate>Mon, 27 Apr 2026 00:00:00 GMT</pubDate>"
    items = [
        item.format(1) + rest,
        item.format(2),
        "<title>T</title><link>urn:x</link><pubDate>soon</pubDate><author/>",
    ]
    body = "<rss version='2.0'><channel><title> A &amp;amp; B </title>%s</channel></rss>"
    parsed = rss.parse((body % "".join(f"<item>{one}</item>" for one in items)).encode())
    assert dict(parsed.fields) == {"title": 3, "link": 2, "date": 1, "description": 1, "author": 1}
    assert (len(parsed.entries), parsed.skipped, parsed.title) == (2, 1, "A & B")
