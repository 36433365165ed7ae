"""A paper as an entry of a BibTeX file. Pure.

Owns: the entry, its key, and that no text of a source ends a field too early. Refuses: naming a journal, which no
source tells: every entry is `@misc`, as arXiv's own are.
"""

from __future__ import annotations

import re
from functools import cache
from urllib.parse import quote

from pylatexenc import latexencode  # type: ignore[import-untyped]

from bot.identifiers import split_arxiv_id
from bot.models import Paper
from bot.papers import terms
from bot.papers.summary import shorten

TITLE, AUTHORS, ADDRESS = 1_000, 1_900, 500
"""Characters of these fields, at most: with all others an entry has fewer than 4,000, the most of a message.
(UTF-16 units: as Discord may count them.)"""

_CLASS = re.compile(
    r"""(?:astro-ph|cond-mat|cs|econ|eess|gr-qc|hep-(?:ex|lat|ph|th)|math|math-ph|nlin|nucl-(?:ex|th)|physics
    |q-bio|q-fin|quant-ph|stat)(?:\.[A-Za-z-]{2,20})?""",
    re.VERBOSE,
)
"""arXiv's archives and their categories; other sources have categories of their own."""
_DOI = re.compile(r"10\.[\w./():;+-]+", re.ASCII)
_CAPITALS = re.compile(r"\w[A-Z]|[A-Z]\d")
# What was written in LaTeX, and no formula that could be read.
_ESCAPED = re.compile(r"\\([&%$#_])")
# "Kimi Team", "Ada King, Jr.", "Institute of A and B": BibTeX would take them apart.
_ONE_NAME = re.compile(r",|\b(?:and|others|team|group|collaboration|consortium)\b", re.IGNORECASE)
_PLAIN_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})


def entry(paper: Paper) -> str:
    """`@misc{surname2026word, ...}`, in fewer than 4,000 characters and without two backticks in a row."""
    number = paper.arxiv_id if paper.arxiv_id and split_arxiv_id(paper.arxiv_id) else ""
    fields = {
        "title": _title(paper.title),
        "author": _authors(paper.authors),
        "year": _year(paper),
        "eprint": number,
        "archivePrefix": "arXiv" if number else "",
        "primaryClass": next(filter(_CLASS.fullmatch, paper.categories), "") if number else "",
        "doi": paper.doi if paper.doi and _DOI.fullmatch(paper.doi) else "",
        "url": _address(paper.url),
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join((f"@misc{{{key(paper)},", *lines, "}"))


def key(paper: Paper) -> str:
    """ "lovelace2026weaving": surname, year, and the first word of the title that tells something, in ASCII."""
    name = paper.authors[0] if paper.authors else ""
    # Of a group the first word tells most.
    parts = name.split()[:1] if _ONE_NAME.search(name) else name.split()[-1:]
    surname = _letters(" ".join(parts)) or "anonymous"
    word = next(filter(None, map(_letters, terms.telling(terms.words(paper.title)))), "")
    return f"{surname[:40]}{_year(paper)}{word[:40]}"


def _letters(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", terms.plain(text).translate(_PLAIN_LETTERS))


def _year(paper: Paper) -> str:
    """arXiv's ids tell the year of the first version; the day of a list need not be near it."""
    number = re.search(r"(?:^|/)(\d\d)\d\d", paper.arxiv_id or "")
    if number:
        return f"{'19' if number[1] > '90' else '20'}{number[1]}"
    return str(paper.published_at.year) if paper.published_at else ""


def _title(title: str) -> str:
    """As much of it as fits. Styles write titles in small letters: "LoRA" and "GPT-4" keep their capitals."""
    limit = TITLE
    while True:
        told = " ".join(
            f"{{{_encoded(word)}}}" if _CAPITALS.search(word) else _encoded(word)
            for word in _ESCAPED.sub(r"\1", shorten(title, limit)).split()
        )
        if _units(told) <= TITLE:
            return told
        limit //= 2


def _authors(names: tuple[str, ...]) -> str:
    """As many as fit, "and others" for the rest."""
    told: list[str] = []
    left = AUTHORS
    for name in names:
        encoded = f"{{{_encoded(name)}}}" if _ONE_NAME.search(name) else _encoded(name)
        left -= _units(encoded) + len(" and ")
        if left < 0:
            return " and ".join([*told, "others"]) if told else ""
        told.append(encoded)
    return " and ".join(told)


def _encoded(text: str) -> str:
    return str(_encoder().unicode_to_latex(text))


@cache
def _encoder() -> latexencode.UnicodeToLatexEncoder:
    rules = [
        # BibTeX counts a brace behind a backslash too. Backticks would end the block that shows the entry; one
        # alone, of "\`e", does not.
        latexencode.UnicodeToLatexConversionRule(
            latexencode.RULE_DICT,
            {ord("{"): r"\textbraceleft", ord("}"): r"\textbraceright", ord("`"): r"\textasciigrave"},
        ),
        # Its macros for Cyrillic letters want a font that hardly anybody has set.
        latexencode.UnicodeToLatexConversionRule(
            latexencode.RULE_REGEX, [(re.compile("[\u0400-\u052f]"), lambda found: found[0])]
        ),
        "defaults",
    ]
    return latexencode.UnicodeToLatexEncoder(
        conversion_rules=rules,
        replacement_latex_protection=_protected,
        unknown_char_policy="keep",
        unknown_char_warning=False,
    )


def _protected(latex: str) -> str:
    r"""`\&` as it is, `{\"u}` in the braces that make it one letter for BibTeX."""
    return latex if re.fullmatch(r"\\[&%$#_]|[^\\]*", latex) else f"{{{latex}}}"


def _address(url: str) -> str:
    safe = quote(url, safe=":/?#[]@!$&'()*+,;=%~-._")
    return safe if url.startswith(("https://", "http://")) and len(safe) <= ADDRESS else ""


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
