"""A paper's entry for BibTeX, read back by a small reader that is as strict as BibTeX about braces."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings

from bot.digest import markup
from bot.digest.paper import bibtex_post
from bot.models import Paper, PaperId
from bot.papers import bibtex
from tests.digest import hostile

PAPER = Paper(
    id=PaperId(5),
    title="The Étale Looms of LoRA & GPT-4",
    url="https://arxiv.org/abs/2604.14630",
    arxiv_id="2604.14630",
    doi="10.1101/857789",
    authors=("Ada Lovelace", "Jürgen Müller", "Søren Łoś"),
    categories=("Machine Learning", "cs.CL", "cs.LG"),
    published_at=datetime(2025, 12, 31, tzinfo=UTC),
)


def _read(text: str) -> tuple[str, dict[str, str]]:
    """(key, fields): `@misc{key, name = {value}, ...}` with balanced braces and nothing left over."""
    head = re.match(r"@misc\{([a-z0-9]+),\n", text)
    assert head, text
    at, fields = head.end(), dict[str, str]()
    while not text.startswith("}", at):
        name = re.compile(r"  ([A-Za-z]+) = \{").match(text, at)
        assert name, text[at:]
        at, depth = name.end(), 1
        begin = at
        while depth:
            depth += {"{": 1, "}": -1}.get(text[at], 0)
            at += 1
        fields[name[1]] = text[begin : at - 1]
        assert text.startswith(",\n", at), text[at:]
        at += 2
    assert at == len(text) - 1
    return head[1], fields


def _names(field: str) -> list[str]:
    """The authors as BibTeX parts them: at "and" outside of braces."""
    found, depth, last = [], 0, 0
    for sign in re.finditer(r"[{}]| and ", field):
        depth += {"{": 1, "}": -1}.get(sign[0], 0)
        if sign[0] == " and " and not depth:
            found.append(field[last : sign.start()])
            last = sign.end()
    return [*found, field[last:]]


def test_a_preprint_is_told_as_arxiv_tells_it() -> None:
    assert bibtex.entry(PAPER) == "\n".join(
        (
            "@misc{lovelace2026etale,",
            r"  title = {The {\'E}tale Looms of {LoRA} \& {GPT-4}},",
            r"  author = {Ada Lovelace and J{\"u}rgen M{\"u}ller and S{\o}ren {\L}o{\'s}},",
            "  year = {2026},",
            "  eprint = {2604.14630},",
            "  archivePrefix = {arXiv},",
            "  primaryClass = {cs.CL},",
            "  doi = {10.1101/857789},",
            "  url = {https://arxiv.org/abs/2604.14630},",
            "}",
        )
    )


def test_what_is_not_known_is_not_told() -> None:
    little = Paper(id=PaperId(5), title="T", url="javascript:x", doi="10.1101/a{b}", categories=("cs.CL",))
    assert bibtex.entry(little) == "@misc{anonymoust,\n  title = {T},\n}"
    assert _read(bibtex.entry(replace(PAPER, categories=("Neuroscience",))))[1].keys() == {
        *("title", "author", "year", "eprint", "archivePrefix", "doi", "url")
    }


@pytest.mark.parametrize(
    ("authors", "title", "key"),
    [
        (("Łukasz Kaiser",), "Attention Is All You Need", "kaiser2026attention"),
        (("Søren Ærø",), "On the 3D of It", "aero20263d"),
        (("Đặng Văn Đức",), "H₂O: a Study", "duc2026h2o"),
        (("Ludwig van der Berg",), "The", "berg2026the"),
        (("Kimi Team",), "Kimi K2", "kimi2026kimi"),
        (("Иван Петров",), "Ё", "anonymous2026"),
        (("山田太郎", "B"), "~~ \\emph{Looms}", "anonymous2026emph"),
        ((), "", "anonymous2026"),
        (("x" * 200,), "y" * 200, f"{'x' * 40}2026{'y' * 40}"),
    ],
)
def test_a_key_is_a_surname_a_year_and_a_word(authors: tuple[str, ...], title: str, key: str) -> None:
    assert bibtex.key(replace(PAPER, authors=authors, title=title)) == key


@pytest.mark.parametrize(
    ("arxiv_id", "published_at", "year"),
    [
        ("2604.14630", datetime(2019, 1, 1, tzinfo=UTC), "2026"),
        ("hep-ex/0307015", None, "2003"),
        ("hep-th/9711200", None, "1997"),
        (None, datetime(2019, 1, 1, tzinfo=UTC), "2019"),
        (None, None, None),
    ],
)
def test_the_year_is_that_of_the_first_version(
    arxiv_id: str | None, published_at: datetime | None, year: str | None
) -> None:
    _, fields = _read(bibtex.entry(replace(PAPER, arxiv_id=arxiv_id, published_at=published_at)))
    assert fields.get("year") == year
    assert fields.get("eprint") == arxiv_id


@pytest.mark.parametrize(
    ("title", "told"),
    [
        ("50% of $x_1 #{1}", r"50\% of \$x\_1 \#{\textbraceleft}1{\textbraceright}"),
        ("}}, x = {", r"{\textbraceright}{\textbraceright}, x = {\textbraceleft}"),
        (
            r"\input{x} `a` ^ ~",
            r"{\textbackslash}input{\textbraceleft}x{\textbraceright} "
            r"{\textasciigrave}a{\textasciigrave} {\textasciicircum} {\textasciitilde}",
        ),
        (r"\$OneMillion-Bench", r"{\$OneMillion-Bench}"),
        ("à α ≤ ₂ 日本 Ё 🙂", r"{\`a} {\ensuremath{\alpha}} {\ensuremath{\leq}} {\ensuremath{_2}} 日本 Ё 🙂"),
        ("LLMs, T5 and (Deep) Looms", "{LLMs,} {T5} and (Deep) Looms"),
    ],
)
def test_what_latex_would_take_for_more_is_escaped(title: str, told: str) -> None:
    assert _read(bibtex.entry(replace(PAPER, title=title)))[1]["title"] == told


def test_a_name_that_bibtex_would_take_apart_is_one() -> None:
    names = ("Kimi Team", "Institute of Looms and Threads", "Ada King, Jr.", "others", "Andrew Sand", "{and}")
    _, fields = _read(bibtex.entry(replace(PAPER, authors=names)))
    assert _names(fields["author"]) == [
        *("{Kimi Team}", "{Institute of Looms and Threads}", "{Ada King, Jr.}", "{others}", "Andrew Sand"),
        r"{{\textbraceleft}and{\textbraceright}}",
    ]


def test_many_authors_end_with_others() -> None:
    many = replace(PAPER, authors=tuple(f"Jürgen Author{at}" for at in range(300)), title="Loom " * 100)
    text = bibtex.entry(many)
    names = _names(_read(text)[1]["author"])
    assert names[-1] == "others"
    assert names[:-1] == [rf"J{{\"u}}rgen Author{at}" for at in range(len(names) - 1)]
    assert 60 < len(names) < 100
    one = replace(PAPER, authors=("~" * 200, "Ada Lovelace"))
    assert "author" not in _read(bibtex.entry(one))[1]


@pytest.mark.parametrize("letters", range(20, 40))
def test_with_all_that_it_can_have_it_fits_into_a_message(letters: int) -> None:
    full = replace(
        PAPER,
        title=f"{'w' * 40} {'x' * 959}",
        url=f"https://x.test/{'a' * 485}",
        arxiv_id="hep-ex/0307015",
        doi=f"10.123456789/{'d' * 250}",
        authors=("s" * 40, *(f"{'x' * letters}{at}" for at in range(300))),
        categories=("astro-ph.ABCDEFGHIJKLMNOPQRST",),
    )
    fields = _read(bibtex.entry(full))[1]
    assert len(fields) == 8
    assert markup.fits(bibtex_post(full))


@settings(deadline=None, max_examples=200)
@given(hostile.papers())
def test_any_paper_makes_an_entry_that_can_be_read(paper: Paper) -> None:
    text = bibtex.entry(paper)
    _, fields = _read(text)
    assert len(text.encode("utf-16-le")) // 2 < 4_000 - 20
    assert "``" not in text
    assert len(text.splitlines()) == len(fields) + 2
    if "author" in fields:
        names = _names(fields["author"])
        assert len(names) <= len(paper.authors) or names[-1] == "others"
