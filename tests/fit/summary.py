"""Fit the weights by which a sentence of an abstract is chosen: `python -m tests.fit.summary --data DIR`.

DIR holds train.jsonl and dev.jsonl of SciTLDR (`{title, source: [sentences], targets: [summaries]}`). The weights
are fitted to the first and written to bot/papers/summary_weights.py, with the figures of both; nothing is chosen
here by the second. The same data give the same file, but for its day.

The model is a softmax over the sentences of an abstract, linear in what `bot.papers.salience` sees; its target is
a softmax over the ROUGE-1 that each sentence reaches as it would be shown (HEAT of it make one unit of score).
The cross entropy of the two is convex; Adam's steps find its least. Some weights are held within bounds, whatever
the references say: a sentence that begins with "This" or asks for another one reads badly alone.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.papers import salience
from bot.papers.sentences import sentences
from bot.papers.summary import shown
from tests.bench.rouge import rouge_1

HEAT = 0.1
RIDGE = 10.0
STEPS, RATE = 500, 0.05
FOLDS = 5
BOUNDS = {
    "sets the scene": -0.8,
    "begins: this": -0.5,
    "is a question": -0.5,
    "stands beside": -0.5,
    "points back": -0.3,
    "also": -0.2,
}
"""Weights are at most these."""
FLOORS = {"names it": 0.5}
"""Weights are at least these; the references do not care, but who has read a name in the title asks what it is."""

TARGET = Path(__file__).resolve().parents[2] / "bot/papers/summary_weights.py"
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Example:
    rows: Numbers
    """What is seen of each sentence."""
    worth: Numbers
    """ROUGE-1 of each sentence as it would be shown."""


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=Path, required=True, metavar="DIR")
    arguments.add_argument("--day", type=date.fromisoformat, default=None, help="that is written; else today")
    given = arguments.parse_args()
    train, dev = (examples(given.data / f"{name}.jsonl") for name in ("train", "dev"))
    weights = fit(train)
    figures = (
        f"ROUGE-1 of the chosen sentence: {reached(train, weights):.1f} there, "
        f"{across(train):.1f} in {FOLDS} folds of it, {reached(dev, weights):.1f} on dev ({len(dev):,})"
    )
    day = given.day or date.today()  # noqa: DTZ011
    TARGET.write_text(written(weights, len(train), figures, day), encoding="utf-8")
    print(figures)
    print(f"wrote {len(weights)} weights to {TARGET}")


def examples(path: Path) -> list[Example]:
    found = []
    for line in path.read_text("utf-8").splitlines():
        each = json.loads(line)
        parts = sentences(" ".join(" ".join(each["source"]).split()))
        told = [shown(part) for part in parts]
        rows = np.array(salience.features(each["title"], parts, told), dtype=np.float64)
        worth = np.array([rouge_1(one, each["targets"]) for one in told])
        found.append(Example(rows, worth))
    return found


def fit(data: Sequence[Example]) -> Numbers:
    """The weight of each of `salience.NAMES`."""
    rows = np.concatenate([each.rows for each in data])
    spread = rows.std(0) + 1e-9
    rows = (rows - rows.mean(0)) / spread
    sizes = [len(each.rows) for each in data]
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    place = np.repeat(np.arange(len(data)), sizes)

    def softmax(scores: Numbers) -> Numbers:
        risen = np.exp(scores - np.maximum.reduceat(scores, starts)[place])
        share: Numbers = risen / np.add.reduceat(risen, starts)[place]
        return share

    wanted = softmax(np.concatenate([each.worth for each in data]) / HEAT)
    most = np.array([BOUNDS.get(name, np.inf) for name in salience.NAMES]) * spread
    least = np.array([FLOORS.get(name, -np.inf) for name in salience.NAMES]) * spread
    weights, mean, square = (np.zeros(len(spread)) for _ in range(3))
    for step in range(1, STEPS + 1):
        slope = (rows.T @ (wanted - softmax(rows @ weights)) - RIDGE * weights) / len(data)
        mean += 0.1 * (slope - mean)
        square += 0.01 * (slope**2 - square)
        move = RATE * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.99**step)) + 1e-8)
        weights = np.clip(weights + move, least, most)
    fitted: Numbers = np.round(weights / spread, 3)
    return fitted


def reached(data: Sequence[Example], weights: Numbers) -> float:
    """ROUGE-1 of the chosen sentences, of 100."""
    return 100 * float(np.mean([each.worth[int(np.argmax(each.rows @ weights))] for each in data]))


def across(data: Sequence[Example]) -> float:
    """The same, each fold with weights fitted to the others."""
    folds = [data[at::FOLDS] for at in range(FOLDS)]
    scores = []
    for at, fold in enumerate(folds):
        others = [each for place, other in enumerate(folds) if place != at for each in other]
        scores += [reached(fold, fit(others))] * len(fold)
    return float(np.mean(scores))


def written(weights: Numbers, number: int, figures: str, day: date) -> str:
    table = "\n".join(f'    "{name}": {weight},' for name, weight in zip(salience.NAMES, weights, strict=True))
    return f'''"""What each thing that is seen of a sentence weighs. Written by `python -m tests.fit.summary`.

Fitted on {day} to SciTLDR's training part ({number:,} abstracts, a summary each).
{figures}.

Owns: constants. Refuses: being changed by hand.
"""

from collections.abc import Mapping

WEIGHTS: Mapping[str, float] = {{
{table}
}}
'''


if __name__ == "__main__":
    main()
