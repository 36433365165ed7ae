"""Messages of a search: a page of what was found, or why nothing was. Pure.

Owns: what a hit shows. Refuses: deciding what answers, and in which order.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import product

from bot.digest import markup
from bot.digest.answer import code
from bot.digest.handle import menu
from bot.digest.markup import escape
from bot.digest.outside import FEW, offer_row
from bot.digest.post import REASONS, card, facts, said, sign, summary_told
from bot.models import Answer, Block, Button, Hit, Line, Post, Query, Row, Suggestion, Text
from bot.papers import passage, terms
from bot.papers.summary import shorten, summarise
from bot.papers.trending import counted

PAGE = 5
"""Hits on one page of an answer."""
YOUNG = 14
"""Days of an archive that is told to be young."""
_PASSAGE = 240
_SPELLED = 3


def answer_post(answer: Answer, number: int, *, outside: bool = False) -> Post:
    """One page of a search. `number` stands for the query in button ids; `outside`: Hugging Face may be asked."""
    page, pages = answer.offset // PAGE, max(1, -(-(answer.total + answer.wider) // PAGE))
    head = _head(answer, page, pages)
    turns = (
        Button(label="Previous", custom_id=f"paperboy:page:{number}:{page - 1}", disabled=page == 0),
        Button(label="Next", custom_id=f"paperboy:page:{number}:{page + 1}", disabled=page + 1 >= pages),
    )
    follow = Button(label="Subscribe to this search", custom_id=f"paperboy:offer:{number}", primary=True)
    row = Row((*turns, follow) if pages > 1 else (follow,))
    # Passages are shortened evenly before a paper is left out.
    for count, limit in product(range(len(answer.hits), -1, -1), range(_PASSAGE, 39, -40)):
        shown = answer.hits[:count]
        blocks: list[Block] = [Text(head)]
        for at, hit in enumerate(shown):
            blocks.append(Line())
            if hit.wider and answer.total and not any(before.wider for before in shown[:at]):
                blocks.append(Text("-# No more paper has all the words; these come near:"))
            blocks.append(Text(row_told(answer.query, hit, limit)))
        if left := len(answer.hits) - count:
            blocks.append(Text(f"-# {left} of this page left out: too long for one message"))
        asking = offer_row(number) if outside and answer.total < FEW else ()
        post = Post((*blocks, row, *menu([hit.paper for hit in shown]), *asking))
        if markup.fits(post):
            break
    return post


def _head(answer: Answer, page: int, pages: int) -> str:
    near = f"{answer.wider} {'more ' if answer.total else ''}{'comes' if answer.wider == 1 else 'come'} near"
    if answer.total or not answer.wider:
        head = f"**{counted(answer.total, 'paper')}** for {code(answer.query.text)}"
        head += f", {near}" if answer.wider else ""
    else:
        asked = code(answer.query.text)
        lacks = f"has {asked} as it was typed" if answer.spelled else f"has all the words of {asked}"
        head = f"**No paper** {lacks}, {near}"
    if pages > 1:
        head += f" · page {page + 1} of {pages}"
    if answer.spelled:
        words = ", ".join(f"“{_word(word)}” for “{_word(slip)}”" for slip, word in answer.spelled[:_SPELLED])
        head += f"\n-# Also looked for what may be meant: {words}"
    return head


def _word(word: str) -> str:
    return escape(shorten(word, 40))


def row_told(asked: Query, hit: Hit, limit: int) -> str:
    """A hit as markdown: its title, the passage of at most `limit` characters with the words found in bold,
    facts and reasons; "≈" where it is no strict answer."""
    paper = hit.paper
    listed = f"{paper.listed_on.day} {paper.listed_on:%b %Y} · " if paper.listed_on else ""
    why = escape(shorten("; ".join(said([reason for reason in hit.reasons if reason])[:3]), REASONS))
    why = f"{'≈' if hit.wider else '↳'} {why}" if why else ""
    return card(paper, _passage(asked, hit, limit), f"{listed}{facts(paper)}", why)


def _passage(asked: Query, hit: Hit, limit: int) -> str:
    paper, marks = hit.paper, dict(hit.marks)
    dull = terms.FUNCTION_WORDS - {*terms.telling(asked.words)}

    def telling(field: str) -> set[str]:
        return {word for word in marks.get(field, ()) if word.casefold() not in dull}

    texts = ((paper.summary, telling("summary")), (paper.abstract, telling("abstract")))
    chosen = passage.choose(texts, limit)
    if chosen is None:
        return summary_told(summarise(paper), limit)
    number, pieces = chosen
    return f"{markup.emphasise(pieces)}{sign('' if number else 'Hugging Face')}"


def nothing_post(
    answer: Answer,
    archive: int,
    *,
    without: Sequence[Suggestion] = (),
    number: int | None = None,
    since: date | None = None,
    today: date | None = None,
) -> Post:
    """An answer without papers: why, and what to try.

    `without` tells its parts; `number` stands for the rest of the first in a button's id; the archive of `archive`
    papers reaches back to `since`.
    """
    lines = [f"No paper in the archive answers {code(answer.query.text)}."]
    best = without[0] if without and without[0].total else None
    unknown = [each for each in without if each.alone == 0]
    if best:
        lines.append(
            f"{code(best.part)} leaves nothing: without it there {'is' if best.total == 1 else 'are'} "
            f"**{counted(best.total, 'paper')}**."
        )
    elif unknown:
        lines.append(f"No paper has {' or '.join(code(shorten(each.part, 60)) for each in unknown)}.")
    alone = [each for each in without if each.alone and not (best and best.rest == each.part)]
    if alone:
        told = "; ".join(f"{code(shorten(each.part, 60))} {counted(each.alone or 0, 'paper')}" for each in alone)
        lines.append(f"-# Alone: {told}")
    if archive == 0:
        lines.append("The archive is still empty: the first papers arrive within minutes of the first start.")
    elif not best:
        lines.append("Try fewer or other words; `/help` shows what a query can say.")
    if archive and since and today and (today - since).days < YOUNG:
        held = f"{counted(archive, 'paper')} since {since.day} {since:%B}"
        lines.append(f"-# The archive is young: {held}. It grows every day.")
    row: tuple[Row, ...] = ()
    if best and number is not None:
        label = shorten(f"Search without {best.part}", 80)
        row = (Row((Button(label=label, custom_id=f"paperboy:page:{number}:0", primary=True),)),)
    return Post((Text("\n".join(lines)), *row))
