"""The words that the inverted file holds are never coarser than those of the index of texts."""

from __future__ import annotations

import sqlite3
import unicodedata
from collections import defaultdict
from contextlib import closing

from bot.papers import terms
from storage.database import TOKENIZER
from storage.postings import stems


def tokens(texts: list[str]) -> dict[int, list[str]]:
    """What the index of texts makes of each."""
    found: dict[int, list[str]] = defaultdict(list)
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as scratch:
        scratch.execute(f"CREATE VIRTUAL TABLE given USING fts5 (text, tokenize='{TOKENIZER}')")
        scratch.execute("CREATE VIRTUAL TABLE terms USING fts5vocab (given, instance)")
        scratch.execute("BEGIN")
        scratch.executemany("INSERT INTO given (rowid, text) VALUES (?, ?)", enumerate(texts))
        for at, term in scratch.execute("SELECT doc, term FROM terms"):
            found[at].append(term)
    return found


def test_what_parts_words_in_the_index_of_texts_parts_them_here() -> None:
    # Else a paper that has all words of a question would not be asked whether it answers.
    signs = [*map(chr, (*range(128, 0x1900), *range(0x1E00, 0x3100)))]
    for pattern in ("xab{}xcd", "{}xab", "xab{}"):
        texts = [pattern.format(sign) for sign in signs]
        held = [terms.words(text) for text in texts]
        every = sorted({word for words in held for word in words})
        stem = dict(zip(every, stems(every), strict=True))
        found = tokens(texts)
        for at, (sign, words) in enumerate(zip(signs, held, strict=True)):
            plain = {term for term in found[at] if term.isascii()}
            missing = plain - {stem[word] for word in words}
            assert not missing, (pattern, hex(ord(sign)), unicodedata.name(sign, ""), words)
