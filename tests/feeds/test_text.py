"""Text, addresses and times, cleaned at the door."""

from __future__ import annotations

import unicodedata
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.feeds.encoding import describe
from bot.feeds.text import clean, names, parse_day, parse_time, plain, web_url, without_brackets


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  Counting\n  sheep\t\u00a0at\u2028night ", "Counting sheep at night"),
        ("e\u0301", "é"),
        ("e\u200b\u0301", "é"),
        ("pass\u202eword\u2066\ufeff\u00ad", "password"),
        ("a\x00b\x1bc\x7f", "abc"),
        ("half \ud800 pair", "half pair"),
        ("x < y & z", "x < y & z"),
        (None, ""),
        (7, ""),
        (["a"], ""),
        (b"a", ""),
    ],
)
def test_clean(text: object, expected: str) -> None:
    assert clean(text) == expected


@settings(deadline=None, max_examples=60)
@given(st.text())
def test_clean_text_stays_as_it_is(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert not any(unicodedata.category(character) in ("Cc", "Cs") for character in once)
    once.encode()


def test_a_pile_of_marks_takes_no_time() -> None:
    assert clean("a" + "\u0300\u0316" * 500_000) == "a"
    assert clean("tiếng Việt, हिन्दी") == unicodedata.normalize("NFC", "tiếng Việt, हिन्दी")


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>One</p><p>Two<br/>Three</p>", "One Two Three"),
        ("<b>bold</b>face, H<sub>2</sub>O", "boldface, H2O"),
        ("$x<y$ and p<0.05 we", "$x<y$ and p<0.05 we"),
        ("if $a<b$ and c>d", "if $a<b$ and c>d"),
        ("x <p and p> y", "x <p and p> y"),
        ("a <think> block, a <SEG> token, </answer>", "a <think> block, a <SEG> token, </answer>"),
        ("AT&amp;T &lt;b&gt; &#233;", "AT&T <b> é"),
        ("<script>alert('<p>x</p>')</script>text<style>p{}</style>", "text"),
        ("<SCRIPT async>1</Script >a<script>2</script>b</script>", "ab"),
        ("the <script> tag, never closed", "the tag, never closed"),
        ('<a href="https://example.org/?a=1>2" class=x>link</a>', "link"),
        ("<img src='x.png' alt=\"a > b\" />after", "after"),
        ("<jats:p>From a <mml:mi>journal</mml:mi></jats:p>", "From a journal"),
        ("before<!-- <b>hidden</b> -->after", "beforeafter"),
        ("<!-- never closed", "<!-- never closed"),
        ('a<iframe src="https://example.org/" allowfullscreen></iframe>b &lt; c', "ab < c"),
        ("<!DOCTYPE html><P CLASS='x'>up</P>", "up"),
        ("<", "<"),
        ("", ""),
    ],
)
def test_plain(html: str, expected: str) -> None:
    assert plain(html) == expected


@settings(deadline=None, max_examples=60)
@given(st.text(alphabet="<>/!-ab p=\"'&;#x1script \n", max_size=60) | st.text(max_size=60))
def test_plain_survives_anything(html: str) -> None:
    assert clean(plain(html)) == plain(html)


@pytest.mark.parametrize(
    "piece", ["<", "<a ", '<a x="', "<!--", "<p>", "&", "<script>", "<a x=1 ", "</p", "<!doctype "]
)
def test_hostile_html_takes_no_time(piece: str) -> None:
    plain(piece * 20_000)


@pytest.mark.parametrize(
    "address",
    [
        "https://arxiv.org/abs/2604.14630",
        "http://127.0.0.1:8080/feed?x=1#y",
        "https://xn--bcher-kva.example/",
        "https://[::1]/",
    ],
)
def test_a_web_address_stays(address: str) -> None:
    assert web_url(f" {address}\n") == address


@pytest.mark.parametrize(
    "value",
    [
        None,
        3,
        "",
        "example.org",
        "//example.org/x",
        "ftp://example.org/",
        "javascript:alert(1)",
        "https://",
        "https:///path",
        "https://user:pass@example.org/",
        "https://example.org\\@evil.org/",
        "https://exam ple.org/",
        "https://example.org/a\nb",
        "https://example.org:port/",
        "https://[::1/",
        "https://example.org/" + "x" * 2_000,
    ],
)
def test_what_is_no_web_address(value: object) -> None:
    assert web_url(value) is None


def test_what_could_end_a_markdown_link_is_encoded() -> None:
    assert web_url('https://example.org/<a>"`') == "https://example.org/%3Ca%3E%22%60"


@settings(deadline=None, max_examples=60)
@given(st.text())
def test_any_text_is_an_address_or_none(text: str) -> None:
    for candidate in (text, f"https://{text}", f"https://example.org/{text}"):
        address = web_url(candidate)
        assert address is None or web_url(address) == address


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-08-20T00:00:00.000Z", datetime(2026, 8, 20, tzinfo=UTC)),
        ("2026-04-27T00:00:00-04:00", datetime(2026, 4, 27, 4, tzinfo=UTC)),
        ("2026-04-27", datetime(2026, 4, 27, tzinfo=UTC)),
        ("0001-01-01T00:00:00+14:00", None),
        ("yesterday", None),
        ("", None),
        (1_700_000_000, None),
        (None, None),
    ],
)
def test_parse_time(value: object, expected: datetime | None) -> None:
    assert parse_time(value) == expected
    assert parse_day(value) == (expected.date() if expected else None)


def test_parse_day_is_the_utc_day() -> None:
    assert parse_day("2026-04-27T23:00:00-04:00") == date(2026, 4, 28)


def test_brackets_and_names() -> None:
    assert without_brackets("A (b [c]) d") == "A  d"
    assert without_brackets("A (b, C") == "A  b, C"
    assert names([" Ada ", ":", "Jr.", "Bo", "", "Ada, Jr.", "III"]) == ("Ada, Jr.", "Bo", "Ada, Jr., III")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", "an empty body"),
        (b" \r\n", "an empty body"),
        (b"<!DOCTYPE html><html><head><title>Just a moment...</title>", "an HTML page titled “Just a moment...”"),
        (b"<html><body>x", "an HTML page"),
        (b'{"error": "<body>"}', "JSON"),
        (b"<opml/>", "XML of another kind"),
        (b"%PDF-1.7", "a PDF"),
        (b"\x1f\x8b\x08", "compressed data"),
        (b"PK\x03\x04", "a ZIP archive"),
        (b"a\x00\xff\xfe\xff", "binary data"),
        (b"Rate exceeded.", "text that begins “Rate exceeded.”"),
    ],
)
def test_describe(body: bytes, expected: str) -> None:
    assert describe(body) == expected
