"""How well the sentence is chosen that a digest shows: `python -m tests.bench.summary --data FILE`.

FILE holds a line of JSON for each abstract: `{title, source: [sentences], targets: [summaries]}`, as SciTLDR does.
Every method reads the same sentences, cut by the product from the joined text. What stands in "Paperboy" is what
`bot.papers.summary.summarise` returns: as shown, and the first sentence of it alone. ROUGE as in rouge-score, with
stems, against the reference with the highest ROUGE-1. "new" is the share of a summary's telling words that the
title, which is shown above it, does not have; "two" the share of summaries of more than one sentence.

`--read N` prints N of the summaries with their titles, chosen by `--seed`.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

import numpy as np
from numpy.typing import NDArray

from bot.models import Paper
from bot.papers import salience, terms
from bot.papers.sentences import sentences
from bot.papers.summary import remembered, summarise
from tests.bench.rouge import rouge, rouge_1, tokens

_CUE = re.compile(r"\bwe (?:propose|introduce|present|show)\b|\bthis paper\b", re.IGNORECASE)
DAMPING, LIKE = 0.85, 0.1
"""Of LexRank and TextRank as they were published; sentences with a smaller cosine are not linked."""

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Text:
    title: str
    abstract: str
    parts: tuple[str, ...]
    targets: tuple[str, ...]


Method = Callable[[Text], str]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=Path, required=True, metavar="FILE")
    arguments.add_argument("--read", type=int, default=0, metavar="N")
    arguments.add_argument("--seed", type=int, default=1)
    given = arguments.parse_args()
    texts = read(given.data)
    rarity = Counter(word for text in texts for word in {*tokens(text.abstract)})
    print(f"{len(texts):,} abstracts of {given.data.name}")
    head = ("method", "R-1", "R-2", "R-L", "words", "characters", "longest", "new", "two")
    print(f"{head[0]:26}" + "".join(f"{name:>11}" for name in head[1:]))
    for name, method in methods(rarity, len(texts)).items():
        print(f"{name:26}" + "".join(f"{each:>11}" for each in row(texts, method)), flush=True)
    print(f"Paperboy takes {duration(texts) * 1e6:,.0f} microseconds an abstract")
    for text in random.Random(given.seed).sample(texts, min(given.read, len(texts))):
        print(f"\n{text.title}\n    {shown(text)}")


def read(path: Path) -> list[Text]:
    found = []
    for line in path.read_text("utf-8").splitlines():
        each = json.loads(line)
        abstract = " ".join(" ".join(each["source"]).split())
        found.append(Text(each["title"], abstract, sentences(abstract), tuple(each["targets"])))
    return found


def row(texts: Sequence[Text], method: Method) -> list[str]:
    told = [method(text) for text in texts]
    scores = [rouge(each, text.targets) for each, text in zip(told, texts, strict=True)]
    new = [novelty(each, text.title) for each, text in zip(told, texts, strict=True)]
    return [
        *(f"{100 * mean(score[at] for score in scores):.1f}" for at in range(3)),
        f"{mean(len(tokens(each)) for each in told):.1f}",
        f"{mean(map(len, told)):.0f}",
        f"{max(map(len, told))}",
        f"{100 * mean(new):.0f} %",
        f"{100 * mean(len(sentences(each)) > 1 for each in told):.0f} %",
    ]


def novelty(told: str, title: str) -> float:
    """The share of the telling words that the title does not have."""
    said, known = {*salience.content(told)}, {*salience.content(title)}
    return len(said - known) / max(1, len(said))


def duration(texts: Sequence[Text]) -> float:
    """Seconds for each abstract, none of them known yet."""
    remembered.cache_clear()
    start = time.perf_counter()
    for text in texts:
        shown(text)
    return (time.perf_counter() - start) / len(texts)


# --- the methods ------------------------------------------------------------------------------------


def methods(rarity: Counter[str], number: int) -> dict[str, Method]:
    """`rarity` tells how many of `number` texts have a word."""

    def vectors(text: Text) -> Numbers:
        counted = [Counter(tokens(part)) for part in text.parts]
        words = sorted({word for each in counted for word in each})
        weights = np.array([[each[word] * math.log(number / rarity[word]) for word in words] for each in counted])
        lengths = np.linalg.norm(weights, axis=1, keepdims=True)
        return np.asarray(weights / np.where(lengths, lengths, 1))

    def lexrank(text: Text) -> str:
        each = vectors(text)
        return best(text, walked((each @ each.T >= LIKE).astype(float)))

    def centroid(text: Text) -> str:
        each = vectors(text)
        return best(text, each @ each.sum(0))

    return {
        "first sentence": lambda text: text.parts[0],
        "last sentence": lambda text: text.parts[-1],
        "TextRank": textrank,
        "LexRank": lexrank,
        "TF-IDF centroid": centroid,
        "the title": lambda text: text.title,
        "first with a cue": cued,
        "Paperboy, first sentence": lambda text: sentences(shown(text))[0],
        "Paperboy, as shown": shown,
        "the best sentence (oracle)": lambda text: max(text.parts, key=lambda part: rouge_1(part, text.targets)),
    }


def shown(text: Text) -> str:
    return summarise(Paper(title=text.title, url="", abstract=text.abstract))[0]


def cued(text: Text) -> str:
    return next((part for part in text.parts if _CUE.search(part)), text.parts[0])


def textrank(text: Text) -> str:
    """Sentences that share words, as Mihalcea and Tarau weigh that (2004)."""
    said = [{*tokens(part)} - terms.FUNCTION_WORDS for part in text.parts]
    links = np.zeros((len(said), len(said)))
    for at, words in enumerate(said):
        for beside, others in enumerate(said):
            scale = math.log(max(1, len(words))) + math.log(max(1, len(others)))
            if at != beside and scale > 0:
                links[at, beside] = len(words & others) / scale
    return best(text, walked(links))


def walked(links: Numbers) -> Numbers:
    """PageRank of `links`, by fifty steps."""
    sums = links.sum(1, keepdims=True)
    steps = np.where(sums > 0, links / np.where(sums > 0, sums, 1), 1 / len(links))
    rank = np.full(len(links), 1 / len(links))
    for _ in range(50):
        rank = (1 - DAMPING) / len(links) + DAMPING * (rank @ steps)
    return np.asarray(rank)


def best(text: Text, scores: Numbers) -> str:
    return text.parts[int(np.argmax(scores))]


if __name__ == "__main__":
    main()
