"""What somebody may have meant: a query's words in the other spellings that the archive has.

Owns: asking the archive which candidates of `bot.papers.variants` are words of it. Refuses: the order of what is
found.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice, pairwise

from bot.models import PaperId, Query
from bot.papers import query, terms, variants
from storage import postings
from storage import search as index
from storage.database import Database

LONGEST = 10
"""Words of a question that are looked at for other spellings, and rare ones of it for slips."""
_RARE = 3
"""Papers below which a word may be a slip: somebody else's, too."""
_MORE = 10
"""Times as common as the slip the word must be that was meant."""
_LONG_FORMS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Respelled:
    """A query with its words in other spellings as well."""

    query: Query
    spelled: tuple[tuple[str, str], ...]
    """(what looks like a slip, the word that was meant)"""


async def respell(
    db: Database, asked: Query, among: Sequence[PaperId], *, today: date, own: Sequence[str]
) -> Respelled | None:
    """The query with every variant of its words that the archive has; None where there is none.

    What an acronym stands for is read from the papers `among` which the best hits are. In a long question only
    slips are looked for: no paper has all of its words in any spelling.
    """
    split = {text: terms.words(text) for text in asked.words}
    singles = {text: words[0] for text, words in split.items() if len(words) == 1}
    others: dict[str, set[str]] = {text: set() for text in asked.words}
    joined: dict[tuple[str, ...], str] = {}
    if len(asked.words) <= LONGEST:
        compounds = {text: "".join(words) for text, words in split.items() if 1 < len(words) <= 3}
        pairs = {
            pair: "".join(pair)
            for pair in pairwise(asked.said)
            if singles.keys() >= {*pair} and not terms.FUNCTION_WORDS & {*pair}
        }
        candidates = {*compounds.values(), *pairs.values()}.union(*map(variants.candidates, singles.values()))
        known = await postings.known(db, candidates)
        for text, word in singles.items():
            others[text] |= variants.among(word, known)
        for text, whole in compounds.items():
            others[text] |= {whole} & known.keys()
        joined = {pair: whole for pair, whole in pairs.items() if whole in known}
        texts = await postings.texts(db, among)
        read = await asyncio.to_thread(
            variants.acronyms, (f"{each.title} {each.abstract}" for each in texts.values())
        )
        for (short, long), _ in read.most_common():
            for text in (text for text, word in singles.items() if word == short):
                others[text] |= {long} if sum(" " in other for other in others[text]) < _LONG_FORMS else set()
            joined.setdefault(tuple(long.split()), short)
            if long in others:
                others[long].add(short)
    slips = {text: word for text, word in singles.items() if not others[text] and word not in terms.FUNCTION_WORDS}
    spelled = await _slips(db, slips, today=today, own=own)
    for text, meant in spelled:
        others[text].add(meant)
    respelled = query.respelled(asked, {text: tuple(sorted(found)) for text, found in others.items()}, joined)
    return None if respelled.root == asked.root else Respelled(query=respelled, spelled=spelled)


async def _slips(
    db: Database, words: Mapping[str, str], *, today: date, own: Sequence[str]
) -> tuple[tuple[str, str], ...]:
    """(text, the word that was meant) for those of `words` that hardly a paper has, in any form."""
    having: Counter[str] = Counter()
    vocabulary = await postings.forms(db, words.values())
    for form in vocabulary.forms:
        having[form.stem] += form.papers
    rare = {text: word for text, word in words.items() if having[vocabulary.stems[word]] < _RARE}
    found = []
    # Each takes some 10 ms: of a text in another language, say, the first few tell enough.
    for text, word in islice(rare.items(), LONGEST):
        near = await postings.neighbours(db, word, papers=_MORE * having[vocabulary.stems[word]] + 1)
        meant = await asyncio.to_thread(variants.meant, word, near)
        # Others' feeds must not tell their words.
        if meant and await index.answering(db, query.parse(f'"{meant}"'), today=today, own=own):
            found.append((text, meant))
    return tuple(found)
