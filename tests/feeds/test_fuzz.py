"""Mutations of our samples, few enough for every run; `python -m tests.fuzz` makes more of them."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.database import Database
from tests.fuzz import worst
from tests.fuzz.mutation import PARSERS, made
from tests.fuzz.promises import check_archive, parsed, store


@pytest.mark.parametrize("parser", PARSERS)
@settings(max_examples=60, derandomize=True, deadline=None)
@given(random=st.randoms(use_true_random=False))
def test_a_mutated_sample_keeps_every_promise_or_is_refused_in_words(parser: str, random: Random) -> None:
    parsed(parser, made(random, parser))


@pytest.mark.parametrize("parser", PARSERS)
async def test_what_leaves_a_parser_can_be_stored(tmp_path: Path, parser: str) -> None:
    path = tmp_path / "paperboy.sqlite"
    stored = 0
    async with Database(path) as db:
        for batch in range(3):
            found = [parsed(parser, made(Random(20 * batch + number), parser)) for number in range(20)]
            entries = tuple(entry for one in found if one for entry in one.entries)
            await store(db, parser, entries, batch)
            stored += len(entries)
    check_archive(path)
    assert stored > 10


def test_a_seed_makes_the_same_input_again() -> None:
    for parser in PARSERS:
        bodies = {made(Random(seed), parser) for seed in range(20)}
        assert bodies == {made(Random(seed), parser) for seed in range(20)}
        assert len(bodies) == 20


@pytest.mark.parametrize("parser", ["arxiv", "rss"])
@pytest.mark.parametrize("name", worst.FEEDS)
def test_the_worst_feeds_keep_every_promise(parser: str, name: str) -> None:
    parsed(parser, worst.body(parser, name, 20_000))


@pytest.mark.parametrize("name", worst.LISTS)
def test_the_worst_lists_keep_every_promise(name: str) -> None:
    parsed("huggingface", worst.body("huggingface", name, 20_000))
