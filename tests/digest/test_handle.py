"""What opens a paper's card, and names it for as long as a message stands."""

from __future__ import annotations

import pytest

from bot.digest.handle import MENU, button, label, menu, name_of
from bot.models import Paper, PaperId


def _paper(number: int | None = 5, arxiv_id: str | None = None, doi: str | None = None) -> Paper:
    known = PaperId(number) if number else None
    return Paper(id=known, title="T", url="https://x.test/1", arxiv_id=arxiv_id, doi=doi)


@pytest.mark.parametrize(
    ("paper", "name"),
    [
        (_paper(arxiv_id="2604.14630", doi="10.1101/857789"), "2604.14630"),
        (_paper(arxiv_id="hep-ex/0307015"), "hep-ex/0307015"),
        (_paper(doi="10.1101/857789"), "10.1101/857789"),
        (_paper(doi="10.1002/(sici)1097:3"), "10.1002/(sici)1097:3"),
        (_paper(doi="10.1101/" + "x" * 90), "5"),
        (_paper(doi="not one", arxiv_id="neither"), "5"),
        (_paper(), "5"),
        (_paper(None), ""),
    ],
)
def test_a_paper_is_named_by_what_lasts(paper: Paper, name: str) -> None:
    assert name_of(paper) == name
    made = button(paper, 3)
    assert (made.custom_id if made else "") == (f"paperboy:open:3:{name}" if name else "")
    assert [option[0] for select in menu([paper]) for option in select.options] == ([name] if name else [])


def test_a_menu_holds_as_many_as_discord_takes_and_says_so() -> None:
    papers = [_paper(number) for number in range(1, MENU + 2)]
    (whole,) = menu(papers[:MENU])
    (first,) = menu(papers)
    assert whole.options == first.options
    assert (whole.placeholder, first.placeholder) == ("Open a paper", "Open one of the first 25")
    assert menu([]) == ()


@pytest.mark.parametrize(
    ("title", "told"),
    [("A loom", "A loom"), ("", "untitled"), (" \u200b\u2060", "untitled"), ("x" * 120, "x" * 99 + "…")],
)
def test_a_title_in_a_menu_shows_something(title: str, told: str) -> None:
    assert label(title) == told
