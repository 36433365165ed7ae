"""The one or two sentences that a reader gets, and who wrote them. Pure.

Owns: choosing and shortening. Refuses: rewriting; every word is the source's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from bot.models import Paper
from bot.papers import salience, terms
from bot.papers.openings import bare, sections
from bot.papers.sentences import sentences
from bot.papers.summary_weights import WEIGHTS

LIMIT = 300
"""Characters of a summary."""
_OWN = 2 * LIMIT
"""Characters; a source's own summary that is longer is the abstract again, as a few of Hugging Face's are."""
_BOTH = 30
"""Words of two sentences. Summaries that people write have some 20: the second sentence costs 0.4 of ROUGE-1 on
SciTLDR's dev part, and would cost 1.6 wherever 300 characters allow it. Beside Hugging Face's summaries it costs
nothing."""
_ARTICLE = 3_000
"""Characters; what is longer is no abstract, and few are. With titles, 2,048 of them are some 7 MB at most."""
_THIN = 4
"""Words that the title does not have; a sentence with fewer says too little alone."""
_LONG = 0.3
"""By how much a sentence is worth less that has to be cut."""
_ENGLISH = 0.12
"""Of a text's words those that only link, in English; of other languages' texts far fewer are on that list."""

# By how much a heading says more than the sentence itself; a sentence whose weights differ by one is 2.7 times as
# likely the best. Nothing to fit them on: the data have no headings.
_SECTIONS = {"background": -1.0, "method": -0.3, "result": 0.3, "conclusion": 0.6, "aside": -2.0}

# What came out, rather than what was tried.
_OUTCOME = re.compile(
    r"""outperform|state[- ]of[- ]the[- ]art|\bsota\b|\bachiev|\bimproves|improvement|surpass|superior|exceed
    |better\ than|\d\ ?%|\d\ ?[x×](?!\w)|speed-?ups?\b|faster|\breduc(?:es|ing|tion)|\bleads?\ to\b|\byields?\b
    |\bwe\ (?:\w+ly\ |also\ |further\ )?(?:show|find|found|prove|observe|demonstrate)\ (?:that|how)
    |(?:results|experiments|evaluations?|analys[ei]s|findings)\ (?:[\w-]+\ ){0,6}?
        (?:show|demonstrate|indicate|suggest|reveal|confirm)""",
    re.IGNORECASE | re.VERBOSE,
)
_NOTHING = re.compile(
    r"\W*(?:n/?a|none|null|nan|undefined|tbd|no (?:summary|abstract)(?: available)?)\W*", re.IGNORECASE
)
_EXCUSE = re.compile(r"i['’]m sorry|i am sorry|i cannot|i can['’]t|as an ai\b|please provide", re.IGNORECASE)


def summarise(paper: Paper) -> tuple[str, str]:
    """(text, author): the source's own summary, else what the abstract says was done and came out, at most LIMIT
    characters; the author is "Hugging Face", "abstract", or "" where there is no text at all."""
    own = paper.summary
    if own and len(own) <= _OWN and (not paper.abstract or _is_summary(own, paper.title)):
        return _lead(own), "Hugging Face"
    if paper.abstract:
        return _told(paper.title, paper.abstract), "abstract"
    return (_told(paper.title, own), "Hugging Face") if own else ("", "")


def _is_summary(text: str, title: str) -> bool:
    """Whether a source's summary says something: no placeholder, no model's excuse, not the title again."""
    if not any(map(str.isalpha, text)) or _NOTHING.fullmatch(text) or _EXCUSE.match(text):
        return False
    return terms.words(text) != terms.words(title)


def _told(title: str, text: str) -> str:
    """The day's papers stand in the digests of many channels: they are remembered, but for articles."""
    return remembered(title, text) if len(text) <= _ARTICLE else chosen(title, text)


@lru_cache(maxsize=2_048)
def remembered(title: str, text: str) -> str:
    return chosen(title, text)


# "Authors: A. B., C. D. Upvotes: 13 Summary: We": feeds that put a list into their text.
_FRONT = re.compile(r"\AAuthors?: .{1,2000}? (?:Summary|Abstract): (?=.)")


def chosen(title: str, abstract: str) -> str:
    """The sentence of an abstract that tells best what was done, and what came out if that stands in another."""
    abstract = _FRONT.sub("", " ".join(abstract.split()))
    found = sections(sentences(abstract))
    if (len(found) <= 2 and len(abstract) <= LIMIT) or not _is_english(abstract):
        return _lead(" ".join(part for _, part in found) or abstract)
    parts = [part for _, part in found]
    told = [shown(part) for part in parts]
    worth = [
        score + _SECTIONS.get(section, 0.0) - (_LONG if len(bare(part)) > LIMIT else 0.0)
        for score, (section, part) in zip(scores(title, parts, told), found, strict=True)
    ]
    first = max(range(len(parts)), key=lambda at: worth[at])
    second = _second(title, told[first], parts[first + 1 :], worth[first + 1 :])
    return f"{told[first]} {second}" if second else told[first]


def shown(part: str) -> str:
    """A sentence as it stands alone: without what only links it, without the list that makes it too long, and cut
    where it still is."""
    text = bare(part)
    if len(text) <= LIMIT:
        return text
    points = _LIST.search(text, 0, LIMIT)
    return text[: points.start()] + "…" if points else shorten(text, LIMIT)


# "three parts: (1) the first; (2) the second": those who want them all open the paper.
_LIST = re.compile(r"(?<=.{60})\s?[:,]?\s\(?(?:1|i|a|I|A)\)\s", re.DOTALL)


def scores(title: str, parts: Sequence[str], told: Sequence[str]) -> list[float]:
    """How likely each sentence of an abstract is its best summary: the logarithm of the odds, to a constant."""
    return [
        sum(weight * value for weight, value in zip(_ROW, row, strict=True) if value)
        for row in salience.features(title, parts, told)
    ]


_ROW = tuple(WEIGHTS.get(name, 0.0) for name in salience.NAMES)


def _second(title: str, told: str, later: Sequence[str], worth: Sequence[float]) -> str:
    """The best of the later sentences that tells what came out, where the first does not; else the next one, where
    the first says little more than the title; "" where there is none that fits."""
    said = len(terms.words(told))
    open_end = not _OUTCOME.search(told)
    thin = len({*salience.content(told)} - {*salience.content(title)}) < _THIN
    found: list[tuple[bool, float, str]] = []
    for at, part in enumerate(later):
        # Right behind the first, "It" and "However" make sense.
        rest = bare(part) if at else part
        if len(told) + 1 + len(rest) > LIMIT or (at and salience.DANGLING.match(rest)):
            continue
        came_out = open_end and _OUTCOME.search(rest) is not None
        if came_out and (thin or said + len(terms.words(rest)) <= _BOTH):
            found.append((True, worth[at], rest))
        elif thin and not at and not salience.CUES["stands beside"].search(rest):
            found.append((False, worth[at], rest))
    return max(found)[2] if found else ""


def _is_english(text: str) -> bool:
    said = terms.words(text)
    return sum(word in terms.FUNCTION_WORDS for word in said) >= _ENGLISH * len(said)


# --- shortening -------------------------------------------------------------------------------------


def _lead(text: str) -> str:
    """The first two sentences if they fit, else the first, else as many of its words as fit."""
    return whole(" ".join(sentences(" ".join(text.split()))[:2]), LIMIT)


def whole(text: str, limit: int) -> str:
    """As many whole sentences as `limit` characters hold, else as many words of the first one."""
    if len(text) <= limit:
        return text
    first, *others = sentences(text) or (text,)
    if len(first) > limit:
        return shorten(first, limit)
    for part in others:
        if len(first) + 1 + len(part) > limit:
            break
        first = f"{first} {part}"
    return first


_FORMULA = re.compile(r"(?<!\\)\$[^$\s](?:[^$]{0,198}[^$\s])?\$")
_FAR = 200
"""Characters of a formula, at most."""


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters, cut between words and not inside a formula, where that is not too far back, with
    an ellipsis where something is left out."""
    if len(text) <= limit:
        return text
    if limit < 2:
        return "…"[:limit]
    end = text.rfind(" ", 0, limit)
    end = end if end > limit // 2 else limit - 1
    for formula in _FORMULA.finditer(text, 0, limit + _FAR):
        if limit // 2 < formula.start() < end < formula.end():
            end = formula.start()
    return text[:end].rstrip(" ,;:-(=<>≤≥≈∈") + "…"
