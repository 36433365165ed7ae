"""arXiv ids and DOIs, as links, feeds and prose write them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.identifiers import (
    find_arxiv_id,
    find_arxiv_ids,
    find_doi,
    find_dois,
    normalise_doi,
    split_arxiv_id,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2604.14630", ("2604.14630", None)),
        (" 2604.14630v12 ", ("2604.14630", 12)),
        ("1207.7214", ("1207.7214", None)),
        ("hep-ex/0307015v2", ("hep-ex/0307015", 2)),
        ("math.GT/0309136", ("math/0309136", None)),
        ("2613.14630", None),
        ("2604.146301", None),
        ("see 2604.14630", None),
        ("2604.14630v" + "9" * 5_000, None),
        ("", None),
    ],
)
def test_a_bare_arxiv_id(text: str, expected: tuple[str, int | None] | None) -> None:
    assert split_arxiv_id(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://arxiv.org/abs/1605.08386v1", ("1605.08386", 1)),
        ("https://arxiv.org/pdf/2604.14630v2.pdf", ("2604.14630", 2)),
        ("https://www.alphaxiv.org/abs/2604.14630", ("2604.14630", None)),
        ("https://huggingface.co/papers/2604.14630", ("2604.14630", None)),
        ("https://hf.co/papers/2604.14630", ("2604.14630", None)),
        ("oai:arXiv.org:hep-ex/0307015v2", ("hep-ex/0307015", 2)),
        ("https://doi.org/10.48550/arXiv.2604.14630", ("2604.14630", None)),
        ("as shown (arXiv: 2604.14630).", ("2604.14630", None)),
        ("ARXIV:MATH.GT/0309136", ("math/0309136", None)),
        ("build 2604.14630 is out", None),
        ("https://arxiv.org/abs/2604.146301", None),
        ("https://arxiv.org/list/cs.CL/new", None),
    ],
)
def test_an_arxiv_id_counts_only_where_it_is_named_as_one(
    text: str, expected: tuple[str, int | None] | None
) -> None:
    assert find_arxiv_id(text) == expected


def test_every_arxiv_id_of_a_text_comes_once_with_its_version() -> None:
    text = "arXiv:2604.00001, https://arxiv.org/abs/2604.00002v3 and https://arxiv.org/abs/2604.00001v2"
    assert find_arxiv_ids(text) == (("2604.00001", 2), ("2604.00002", 3))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("doi:10.1101/857789", "10.1101/857789"),
        ("https://doi.org/10.1038/S41586-020-2649-2", "10.1038/s41586-020-2649-2"),
        ("https://www.biorxiv.org/content/10.1101/2026.04.01.600001v2?rss=1", "10.1101/2026.04.01.600001"),
        ("https://www.biorxiv.org/content/10.1101/2026.04.01.600001v2.full.pdf", "10.1101/2026.04.01.600001"),
        ("https://onlinelibrary.wiley.com/doi/10.1002/adma.2026/full", "10.1002/adma.2026"),
        (
            "https://journals.example.org/article?id=10.1371/journal.pone.1&type=printable",
            "10.1371/journal.pone.1",
        ),
        ("(see 10.1016/S0140-6736(20)30183-5).", "10.1016/s0140-6736(20)30183-5"),
        ("[10.1000/abc.]", "10.1000/abc"),
        ("10.48550/arXiv.2604.14630 or 10.1000/x", "10.1000/x"),
        ("10.48550/arXiv.2604.14630", None),
        ("version 210.1234/5", None),
        ("nothing", None),
    ],
)
def test_a_doi_in_a_link_or_text(text: str, expected: str | None) -> None:
    assert find_doi(text) == expected


def test_every_doi_of_a_text_comes_once() -> None:
    assert find_dois("10.1000/A, 10.1000/b; https://doi.org/10.1000/a") == ("10.1000/a", "10.1000/b")


@settings(deadline=None, max_examples=60)
@given(st.text())
def test_any_text_is_survived(text: str) -> None:
    for name, _ in find_arxiv_ids(f"arXiv:{text}"):
        assert split_arxiv_id(name) == (name, None)
    for doi in find_dois(f"10.1000/{text}"):
        assert normalise_doi(doi) == doi or doi != doi.strip()


def test_a_hostile_line_takes_no_time() -> None:
    assert find_doi("10.1000/" + ")" * 1_000_000) is None or True
    assert find_arxiv_ids("arxiv:" * 200_000) == ()
