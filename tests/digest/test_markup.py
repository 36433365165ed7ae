"""Text that Discord shows as it is, and the way back to plain text."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.digest import markup
from bot.digest.markup import as_text, escape, link, local
from bot.feeds.text import clean
from bot.models import Button, Line, Post, Row, Select, Text
from tests.digest import hostile


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain words, (mostly)", r"plain words, \(mostly\)"),
        ("*a* _b_ ~~c~~ `d` ||e||", r"\*a\* \_b\_ \~\~c\~\~ \`d\` \|\|e\|\|"),
        ("[x](http://evil.test)", r"\[x\]\(http\://evil.test\)"),
        ("<@1> <#2> </a:3> <t:4:R>", "\\<@\u200b1\\> \\<\\#2\\> \\</a:3\\> \\<t:4:R\\>"),
        ("@everyone a@b.test", "@\u200beveryone a@\u200bb.test"),
        ("# no heading", r"\# no heading"),
        ("-# not small", r"\-\# not small"),
        ("- no list", r"\- no list"),
        ("+ no list", r"\+ no list"),
        ("> no quote", r"\> no quote"),
        ("12. no list", r"12\. no list"),
        ("2.5 dimensions - a view", r"2\.5 dimensions - a view"),
        ("a\\b", r"a\\b"),
        ("one\nline\r\nonly\u2028here", "one line only here"),
        ("  ", ""),
    ],
)
def test_no_text_is_markup(text: str, shown: str) -> None:
    assert escape(text) == shown


@settings(deadline=None, max_examples=200)
@given(hostile.texts)
def test_escaped_text_is_one_line_without_live_signs(text: str) -> None:
    shown = escape(text)
    assert len(shown.splitlines()) <= 1
    live = re.sub(r"\\[\\*_~`|\[\]()<>#:\-+.]", "\0", shown)
    assert not re.search(r"[\\*_~`|\[\]()<>#]|://|@(?!\u200b)|^\s*(?:[-+] |\d+\. )", live)


def test_a_link_keeps_its_address_and_only_that() -> None:
    assert link("A [b](c)", "https://x.test/a_b") == r"[A \[b\]\(c\)](https://x.test/a_b)"
    assert link("t", "https://x.test/a(b)c d<e>|*`\\[]") == (
        "[t](https://x.test/a%28b%29c%20d%3Ce%3E%7C%2A%60%5C%5B%5D)"
    )
    assert link(" ", "https://x.test") == "[untitled](https://x.test)"
    assert link("t*", "https://x.test/" + "x" * markup.LONGEST_ADDRESS) == r"t\*"


def test_a_time_is_every_reader_s_own() -> None:
    assert local(datetime(2026, 3, 31, 13, tzinfo=UTC), "R") == "<t:1774962000:R>"


def test_counting_is_discord_s() -> None:
    post = Post(
        (
            Text("ab"),
            Text("cd", Button(label="c", custom_id="d")),
            Line(),
            Row((Button(label="c", custom_id="d"),) * 2),
            Select("e", "f", (("g", "h"),)),
        )
    )
    assert markup.components(post) == 1 + 1 + 3 + 1 + 3 + 2
    assert markup.characters(post) == 4
    assert markup.characters(Post((Text("🙂"), Text("é")))) == 3
    assert markup.fits(Post((Text("x" * 4_000),)))
    assert not markup.fits(Post((Text("x" * 4_001),)))
    assert markup.fits(Post((Line(),) * 39))
    assert not markup.fits(Post((Line(),) * 40))


titles = hostile.texts.map(clean)


@settings(deadline=None, max_examples=200)
@given(titles)
@example("ends with a backslash\\")
@example("\\** both \\` ways **")
@example("<t:0:R> [x](http://evil.test) `code`")
def test_a_title_is_readable_again_in_plain_text(title: str) -> None:
    post = Post((Text(f"**{link(title, 'https://x.test/1')}**\n{escape(title)} ✦\n-# {escape(title)} ·"),))
    shown = as_text(post, width=10**6).split("\n")
    assert shown[0] == (title or "untitled")
    assert shown[1] == "  https://x.test/1"
    assert shown[2].strip() == f"{title} ✦".strip()
    assert shown[3].strip() == f"{title} ·".strip()


def test_plain_text_has_links_times_buttons_and_menus_written_out() -> None:
    post = Post(
        (
            Text("## Heading\n-# small `c++ **x**` until <t:1774962000:F>"),
            Line(),
            Text(
                "- ▲ 3 [one \\[a\\]](https://x.test/1) and [two](https://x.test/2)\n",
                Button(label="Details", custom_id="open"),  # nothing that a terminal could press
            ),
            Row((Button(label="Go", url="https://x.test"), Button(label="More", custom_id="more"))),
            Select("id", "Choose", (("a", "b"),)),
        )
    )
    assert as_text(post) == (
        "Heading\n"
        "  small c++ **x** until 2026-03-31 13:00 UTC\n"
        "\n"
        "- ▲ 3 one [a] and two\n"
        "  https://x.test/1\n"
        "  https://x.test/2\n"
        "[Go] https://x.test  [More]\n"
        "[Choose]"
    )


@given(st.integers(20, 120))
def test_plain_text_keeps_to_its_width(width: int) -> None:
    post = Post((Text("-# " + "some words " * 40 + "\n" + "other words " * 40),))
    assert max(map(len, as_text(post, width).splitlines())) <= width
