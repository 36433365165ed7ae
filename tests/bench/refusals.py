"""How well answers of a model are told apart: `python -m tests.bench.refusals --data DIR`.

DIR has captured lists of Hugging Face, `hf/mornings/*.json.gz`. A model wrote the summaries there from the
abstracts, so they stand for good answers; then a number of each is changed, a name is put in, or each is held
against another paper.
"""

from __future__ import annotations

import argparse
import gzip
import random
import re
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from bot.errors import PaperboyError
from bot.feeds import huggingface
from bot.models import Paper
from bot.papers.legibility import legible
from bot.papers.rewriting import plain, refused

NAMES = ("Gemini", "DeepSeek-R1", "Stanford", "ImageNet", "GPT-4o", "LLaVA", "Whisper", "Mixtral")

Pair = tuple[str, Paper]


def papers(folder: Path, every: int, first: int) -> list[Paper]:
    found: dict[str, Paper] = {}
    for path in sorted((folder / "hf" / "mornings").glob("*.json.gz"))[first::every]:
        try:
            parsed = huggingface.parse(gzip.decompress(path.read_bytes()))
        except PaperboyError:
            continue
        found |= {entry.paper.key: legible(entry.paper) for entry in parsed.entries if entry.paper.abstract}
    return list(found.values())


def numbered(pairs: Iterable[Pair], chance: random.Random) -> Iterator[Pair]:
    """With another number in place of the first one."""
    for text, paper in pairs:
        wrong = re.sub(r"\d+", lambda found: str(int(found[0]) + chance.choice((1, 3, 7, 11))), text, count=1)
        if wrong != text:
            yield wrong, paper


def named(pairs: Iterable[Pair], chance: random.Random) -> Iterator[Pair]:
    """With a name put in that the abstract does not have."""
    for text, paper in pairs:
        words, name = text.split(), chance.choice(NAMES)
        if name.casefold() not in f"{paper.title} {paper.abstract}".casefold():
            words.insert(chance.randrange(1, len(words)), name)
            yield " ".join(words), paper


def tell(what: str, pairs: Iterable[Pair]) -> list[Pair]:
    """Prints the share that is refused; those that are not."""
    whole = list(pairs)
    began = time.perf_counter()
    good = [(text, paper) for text, paper in whole if not refused(text, paper)]
    took = (time.perf_counter() - began) / max(1, len(whole)) * 1_000
    share = 1 - len(good) / max(1, len(whole))
    print(f"{what:45} {len(whole):6,}  refused {share:6.1%}  {took:.2f} ms each")
    return good


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="of the lists, one in N")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="the first list to take")
    options = parser.parse_args()
    chance = random.Random(1)
    every = papers(options.data, options.every, options.first)
    summed = [(plain(paper.summary), paper) for paper in every if paper.summary]
    tell("the abstract's own first sentences", ((plain(paper.abstract), paper) for paper in every))
    good = tell("summaries by Hugging Face's model", summed)
    tell("the same with a number changed", numbered(good, chance))
    tell("the same with a name put in", named(good, chance))
    others = chance.sample(every, len(every))
    tell("the same beside another paper", ((text, other) for (text, _), other in zip(good, others, strict=False)))


if __name__ == "__main__":
    main()
