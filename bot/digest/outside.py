"""Messages of asking Hugging Face's search: the button, and what it found. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from bot.digest import markup
from bot.digest.post import card, facts, summary_told
from bot.models import Block, Button, Line, Paper, Post, Row, Text
from bot.papers.summary import summarise

FEW = 5
"""Strict hits below which the button is offered."""
SHOWN = 5
"""Papers in one message, as on a page of the archive's answer."""


def offer_row(number: int) -> tuple[Block, ...]:
    """The button, and what pressing it does. `number` stands for the query."""
    return (
        Row((Button(label="Ask Hugging Face", custom_id=f"paperboy:outside:{number}"),)),
        Text("-# “Ask Hugging Face” sends your words to huggingface.co"),
    )


def found_post(papers: Sequence[Paper], above: Sequence[Block] = ()) -> Post:
    """What Hugging Face found, in its order, below what the archive had to say."""
    if not papers:
        return Post((*above, Text("Hugging Face knows nothing either.")))
    shown = papers[:SHOWN]
    # Summaries are shortened evenly before a paper is left out.
    for count, limit in product(range(len(shown), -1, -1), range(240, 39, -40)):
        blocks: list[Block] = [*above, Text("Hugging Face’s own search finds:")]
        for paper in shown[:count]:
            told = card(paper, summary_told(summarise(paper), limit), facts(paper), "from Hugging Face")
            blocks += [Line(), Text(told)]
        post = Post(tuple(blocks))
        if markup.fits(post):
            break
    return post
