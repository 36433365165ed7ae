"""Which feeds a page names, however its HTML is written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.feeds import links
from bot.feeds.text import web_url

PAGE = "https://site.example/blog/"


def head(*tags: str) -> bytes:
    return (
        f"<!doctype html><html><head><title>Blog</title>{''.join(tags)}</head><body>Hello</body></html>".encode()
    )


def link(href: str, title: str = "", kind: str = "application/rss+xml", rel: str = "alternate") -> str:
    return f'<link rel="{rel}" type="{kind}" title="{title}" href="{href}">'


def addresses(body: bytes) -> list[str]:
    return [found.address for found in links.find(body, PAGE)]


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ([link("/feed.xml")], ["https://site.example/feed.xml"]),
        ([link("feed")], ["https://site.example/blog/feed"]),
        ([link("//cdn.example/a.rss")], ["https://cdn.example/a.rss"]),
        ([link("HTTP://Site.Example:80/Feed?utm_source=x&a=1#top")], ["http://site.example/Feed?a=1"]),
        (['<base href="/other/">', link("feed")], ["https://site.example/other/feed"]),
        ([link("a", kind="application/atom+xml; charset=utf-8")], ["https://site.example/blog/a"]),
        ([link("a", kind="Application/RDF+XML", rel="Feed ALTERNATE")], ["https://site.example/blog/a"]),
        ([link("/a?x=1&amp;y=2")], ["https://site.example/a?x=1&y=2"]),
        (["<LINK REL=alternate TYPE=application/rss+xml HREF=/a />"], ["https://site.example/a"]),
        ([link("a", "News > all"), "<link rel='alternate' title='", "<p>"], ["https://site.example/blog/a"]),
        ([link("a"), link("a"), link("b")], ["https://site.example/blog/a", "https://site.example/blog/b"]),
        ([link(str(n)) for n in range(9)], [f"https://site.example/blog/{n}" for n in range(links.MOST)]),
        # Comments are what a reader wants only where there is nothing else.
        (
            [link("/comments/feed/", "Blog » Comments Feed"), link("/feed/", "Blog » Feed")],
            ["https://site.example/feed/"],
        ),
        ([link("/comments/feed/")], ["https://site.example/comments/feed/"]),
        # What is no feed, or no address for us.
        ([link("/style.css", rel="stylesheet"), link("/de", kind="text/html")], []),
        ([link("/f.json", kind="application/feed+json"), f"<!-- {link('/old')} -->"], []),
        ([link("javascript:alert(1)"), link("data:text/xml,x"), link("ftp://a.example/f"), link("")], []),
        ([link("https://u:pw@a.example/f"), link("/feed?api_key=x"), link("http://["), link("http://a b/")], []),
        ([], []),
    ],
)  # fmt: skip
def test_the_links_of_a_head(tags: list[str], expected: list[str]) -> None:
    assert addresses(head(*tags)) == expected


def test_titles_are_plain_text() -> None:
    (found,) = links.find(head(link("/a", "Tom &amp; <b>Ann</b>&#8203; &quot;x&quot;")), PAGE)
    assert found.title == 'Tom & <b>Ann</b> "x"'


@pytest.mark.parametrize(
    "piece", ["<", "<link ", '<link "', "<link a='", "<!--", "<![", "<base x=", "<link><", "-->", "\xff", "<link/"]
)
def test_a_broken_page_names_what_can_be_read_and_takes_no_time(piece: str) -> None:
    """(Python's own parser gives up over "<![", and takes a second for half a megabyte of "<".)"""
    begun = head(link("/a")).removesuffix(b"</html>")
    assert addresses(begun + (piece * 600_000).encode()[:600_000]) == ["https://site.example/a"]
    assert addresses(b"") == []


@given(st.lists(st.text(max_size=40), max_size=8), st.binary(max_size=200))
def test_whatever_a_page_says_only_web_addresses_come_out(texts: list[str], junk: bytes) -> None:
    body = head(*(link(text, text) for text in texts)) + junk
    for found in links.find(body, PAGE):
        assert found.address == web_url(found.address)
        assert "@" not in found.address.partition("://")[2].partition("/")[0]
