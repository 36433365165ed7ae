"""What somebody may have meant: a query's words in the other spellings that the archive has.

Owns: asking the archive which candidates of `bot.papers.variants` are words of it. Refuses: the order of what is
found.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from bot.models import PaperId, Query
from bot.papers import query, terms, variants
from storage import postings
from storage import search as index
from storage.database import Database

_RARE = 3
"""Papers below which a word may be a slip: somebody else's, too."""
_MORE = 10
"""Times as common as the slip the word must be that was meant."""
_LONG_FORMS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Respelled:
    """A query with its words in other spellings as well."""

    query: Query
    said: tuple[str, ...]
    """The other spellings."""
    spelled: tuple[tuple[str, str], ...]
    """(what looks like a slip, the word that was meant)"""


async def respell(
    db: Database, asked: Query, among: Sequence[PaperId], *, today: date, own: Sequence[str]
) -> Respelled | None:
    """The query with every variant of its words that the archive has; None where there is none.

    What an acronym stands for is read from the papers `among` which the best hits are.
    """
    singles = {text: words[0] for text in asked.words if len(words := terms.words(text)) == 1}
    candidates = {
        text: (*variants.regular(word), *(part for pair in variants.parted(word) for part in pair))
        for text, word in singles.items()
    }
    compounds = {text: "".join(terms.words(text)) for text in asked.words if 1 < len(terms.words(text)) <= 3}
    pairs = {
        (one, other): one + other
        for one, other in zip(asked.said, asked.said[1:], strict=False)
        if one in singles and other in singles and not terms.FUNCTION_WORDS & {one, other}
    }
    wanted = {
        *singles.values(),
        *compounds.values(),
        *pairs.values(),
        *(each for found in candidates.values() for each in found),
    }
    known = await postings.known(db, wanted)
    having: Counter[str] = Counter()
    vocabulary = await postings.forms(db, singles.values())
    for form in vocabulary.forms:
        having[form.stem] += form.papers
    others: dict[str, set[str]] = {text: set() for text in asked.words}
    spelled = []
    for text, word in singles.items():
        others[text] |= {other for other in variants.regular(word) if other in known}
        split = max(
            (pair for pair in variants.parted(word) if min(known.get(part, 0) for part in pair) >= _RARE),
            key=lambda pair: min(known[part] for part in pair),
            default=None,
        )
        others[text] |= {" ".join(split)} if split else set()
        papers = having[vocabulary.stems[word]]
        if papers < _RARE and not others[text]:
            near = await postings.neighbours(db, word, papers=_MORE * papers + 1)
            meant = await asyncio.to_thread(variants.meant, word, near)
            if meant and await _seen(db, meant, today=today, own=own):
                others[text].add(meant)
                spelled.append((text, meant))
    for text, whole in compounds.items():
        others[text] |= {whole} & known.keys()
    texts = await postings.texts(db, among)
    short_forms = await asyncio.to_thread(
        variants.acronyms, (f"{each.title} {each.abstract}" for each in texts.values())
    )
    joined: dict[tuple[str, ...], str] = {pair: one for pair, one in pairs.items() if one in known}
    for (short, long), _ in short_forms.most_common():
        for text, word in singles.items():
            if word == short and sum(" " in other for other in others[text]) < _LONG_FORMS:
                others[text].add(long)
        joined.setdefault(tuple(long.split()), short)
        if long in others:
            others[long].add(short)
    respelled = query.respelled(asked, {text: tuple(sorted(found)) for text, found in others.items()}, joined)
    if respelled.root == asked.root:
        return None
    before = {*asked.spellings}
    said = tuple(text for text in respelled.spellings if text not in before)
    return Respelled(query=respelled, said=said, spelled=tuple(spelled))


async def _seen(db: Database, word: str, *, today: date, own: Sequence[str]) -> bool:
    """Whether a paper that the asker may see has the word: others' must not tell theirs."""
    return bool(await index.answering(db, query.parse(f'"{word}"'), today=today, own=own))
