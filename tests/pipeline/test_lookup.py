"""One paper by what a person has of it, of those that they may see."""

from __future__ import annotations

import pytest

from bot.errors import NotFound
from bot.pipeline import lookup, ranking
from storage.database import Database
from tests.making import ARXIV, BLOG, NOW, entry, store

OWN = "added:https://site.example/feed"


async def _filled(db: Database) -> None:
    await store(db, ARXIV, entry("Diffusion Models for Looms", arxiv_id="2603.00001"))
    await store(db, BLOG, entry("Engines of Wood", url="https://blog.example/wood", doi="10.1101/857789"))
    await store(db, OWN, entry("Diffusion in one server", url="https://site.example/1"))
    await store(db, ARXIV, entry("3D Diffusivity, Générale", arxiv_id="math/0309136"))
    await ranking.catch_up(db)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("2603.00001", "Diffusion Models for Looms"),
        ("2603.00001v2", "Diffusion Models for Looms"),
        (" arXiv:2603.00001 ", "Diffusion Models for Looms"),
        ("https://arxiv.org/pdf/2603.00001v3", "Diffusion Models for Looms"),
        ("https://huggingface.co/papers/2603.00001", "Diffusion Models for Looms"),
        ("10.48550/arXiv.2603.00001", "Diffusion Models for Looms"),
        ("math.GT/0309136", "3D Diffusivity, Générale"),
        ("10.1101/857789", "Engines of Wood"),
        ("https://doi.org/10.1101/857789", "Engines of Wood"),
        ("https://www.biorxiv.org/content/10.1101/857789v2.full", "Engines of Wood"),
        ("1", "Diffusion Models for Looms"),
        ("p2", "Engines of Wood"),
        ("engines OF wood", "Engines of Wood"),
        ("Eng", "Engines of Wood"),
    ],
)
async def test_a_paper_is_found_by_what_it_is_known_as(db: Database, text: str, title: str) -> None:
    await _filled(db)
    assert (await lookup.paper(db, text, now=NOW)).title == title


@pytest.mark.parametrize(
    "text",
    [
        *("3", "https://site.example/1", "Diffusion in one server", "999999999999999999", "0", "2603.99999"),
        *("10.1/x", "https://[bad", "\0", "'\"*", "p", "x" * 999, "NEAR(", "٣", "https://", "!", "p3"),
    ],
)
async def test_what_is_not_there_or_not_for_the_asker_is_not_found(db: Database, text: str) -> None:
    await _filled(db)
    with pytest.raises(NotFound, match="/search"):
        await lookup.paper(db, text, now=NOW)


@pytest.mark.parametrize("text", ["10.5555/arxiv:2603.00001", "https://doi.org/10.5555/arXiv:2603.00001"])
async def test_a_doi_is_that_whatever_stands_in_it(db: Database, text: str) -> None:
    await _filled(db)
    await store(db, BLOG, entry("Looms, a Review", url="https://a.example", doi="10.5555/arxiv:2603.00001"))
    assert (await lookup.paper(db, text, now=NOW)).title == "Looms, a Review"
    assert (await lookup.paper(db, f"arXiv:2603.00001, not {text}", now=NOW)).title == "Diffusion Models for Looms"


async def test_a_server_finds_its_own_papers(db: Database) -> None:
    await _filled(db)
    for text in ("3", "https://site.example/1", "diffusion in one"):
        found = await lookup.paper(db, text, now=NOW, own=(OWN,))
        assert (found.title, found.feeds) == ("Diffusion in one server", (OWN,))


async def test_of_several_beginnings_one_must_be_chosen(db: Database) -> None:
    await _filled(db)
    with pytest.raises(NotFound, match="choose one"):
        await lookup.paper(db, "diff", now=NOW)


@pytest.mark.parametrize(
    ("typed", "own", "found"),
    [
        ("diff", (), [4, 1]),
        ("diff", (OWN,), [4, 3, 1]),
        ("diffusi", (), [4, 1]),  # whose stem would be no beginning of "diffus"
        ("diffusion", (), [1]),
        ("lo diffusion", (), [1]),
        ("gener", (), [4]),
        ("Généra", (), [4]),
        ("3", (), [4]),
        ("fusion", (), []),
        ("2603.00001", (), [1]),
        ("!!", (), []),
        ("\0", (), []),
        ("", (), [4, 2, 1]),
    ],
)
async def test_titles_are_offered_whose_words_begin_so(
    db: Database, typed: str, own: tuple[str, ...], found: list[int]
) -> None:
    await _filled(db)
    assert [paper_id for paper_id, _ in await lookup.titles(db, typed, now=NOW, own=own)] == found


async def test_as_many_titles_are_offered_as_a_menu_holds(db: Database) -> None:
    await store(db, ARXIV, *(entry(f"Loom {at}", arxiv_id=f"2603.{at:05}") for at in range(40)))
    found = await lookup.titles(db, "loom", now=NOW)
    assert [title for _, title in found] == [f"Loom {at}" for at in range(39, 14, -1)]
