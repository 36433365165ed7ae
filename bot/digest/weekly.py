"""A look back at a channel's week: what it is made of, and its one message. Pure.

Owns: which papers a round-up names, under which topic, and how it looks inside Discord's limits. Refuses: knowing
when it is due, and what counts as shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import zip_longest

from bot.digest import due, handle, markup
from bot.digest import post as posts
from bot.digest.compose import voted_only
from bot.digest.markup import escape, link, yours
from bot.models import (
    Block,
    Button,
    DeliveryId,
    Hit,
    Line,
    Paper,
    PaperId,
    Post,
    Query,
    RoundUp,
    Row,
    Schedule,
    Text,
)
from bot.papers import trending
from bot.papers.summary import shorten
from bot.papers.trending import counted, short

NAMED, EACH = 15, 5
"""Papers under all topics, and under one."""
LATE = 5
"""Papers that rose late."""
_FIFTH = 5
_TITLES = (120, 100, 80, 60)
"""Characters of a title: the first length at which everything fits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What the week was, in numbers."""

    listed: int
    """Papers that the sources listed, as far as the channel may see them."""
    shown: int
    """Papers that the channel was shown."""
    votes: tuple[int, ...] = ()
    """Of all the week's papers that have any, most first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """What a channel's week was."""

    due_at: datetime
    day: date
    """The reader's day on which it ends."""
    figures: Figures
    matched: int
    capped: bool
    """There are more than `matched`: counting stopped there."""
    sections: tuple[tuple[str, tuple[Paper, ...]], ...]
    """(a topic, its best papers), in the order of subscription; none is without papers."""
    untold: int = 0
    """Topics that had papers too, for which there was no room."""
    late: tuple[Paper, ...] = ()
    """What stands high by now, though the digests did not bring it."""
    shown: Mapping[PaperId, date]
    """Which papers the channel has had, with the reader's day."""

    @property
    def papers(self) -> tuple[Paper, ...]:
        """All that it names."""
        return (*(paper for _, papers in self.sections for paper in papers), *self.late)

    @property
    def fresh(self) -> tuple[PaperId, ...]:
        """What it names that the channel has not had."""
        return tuple(paper.id for paper in self.papers if paper.id is not None and paper.id not in self.shown)


def compose(
    topics: Sequence[Query],
    candidates: Mapping[Query, Sequence[Hit]],
    *,
    shown: Mapping[PaperId, date],
    figures: Figures,
    cap: int,
    due_at: datetime,
    day: date,
    digested: date | None,
) -> Week:
    """The week's best of each topic, each paper where it stands best, and what rose late.

    `candidates` holds each topic's strict hits of the week, at most `cap`; what is listed after `digested` the
    next digest may still bring. Without `sections` there is nothing to post.
    """
    ranked = {topic: _hottest([hit.paper for hit in voted_only(topic, candidates[topic])]) for topic in topics}
    matched = {paper.id: paper for papers in ranked.values() for paper in papers}
    filled = [topic for topic in topics if ranked[topic]]
    told = filled[:NAMED]
    home: dict[PaperId | None, int] = {}
    for rank in zip_longest(*(ranked[topic] for topic in told)):
        for at, paper in enumerate(rank):
            if paper:
                home.setdefault(paper.id, at)
    each = min(EACH, NAMED // max(1, len(told)))
    best = [
        (topic.text, tuple([paper for paper in ranked[topic] if home[paper.id] == at][:each]))
        for at, topic in enumerate(told)
    ]
    sections = tuple((topic, papers) for topic, papers in best if papers)
    named = {paper.id for _, papers in sections for paper in papers}
    high = _fifth(figures.votes)
    late = [
        paper
        for paper in matched.values()
        if paper.id not in named and paper.id not in shown and high and (paper.votes or 0) >= high
        if digested and (paper.listed_on or date.max) <= digested
    ]
    return Week(
        due_at=due_at,
        day=day,
        figures=figures,
        matched=len(matched),
        capped=any(len(candidates[topic]) >= cap for topic in topics),
        sections=sections,
        untold=len(filled) - len(told),
        late=tuple(_hottest(late)[:LATE]),
        shown=shown,
    )


def _hottest(papers: Sequence[Paper]) -> list[Paper]:
    """The one order of a round-up."""
    return sorted(papers, key=trending.order)


def _fifth(votes: Sequence[int]) -> int:
    """The votes from which on a paper stands in the upper fifth; 0 where nothing was voted on."""
    return votes[-(-len(votes) // _FIFTH) - 1] if votes else 0


# --- how it looks -----------------------------------------------------------------------------------------


def weekly_post(week: Week, delivery: DeliveryId) -> tuple[Post, Week]:
    """The week's one message, and the week as it fits there: titles are shortened before a paper is left out."""
    while True:
        for title in _TITLES:
            post = _week(week, delivery, title)
            if markup.fits(posts.late(post, week.due_at)):
                return post, week
        week = _less(week)


def _less(week: Week) -> Week:
    """Without the last paper of what is longest."""
    parts = [*(papers for _, papers in week.sections), week.late]
    longest = max(range(len(parts)), key=lambda at: (len(parts[at]), at))
    parts[longest] = parts[longest][:-1]
    sections = tuple(
        (topic, papers) for (topic, _), papers in zip(week.sections, parts[:-1], strict=True) if papers
    )
    untold = week.untold + len(week.sections) - len(sections)
    return replace(week, sections=sections, late=parts[-1], untold=untold)


def _week(week: Week, delivery: DeliveryId, title: int) -> Post:
    figures = week.figures
    matched = f"more than {week.matched}" if week.capped else short(week.matched)
    told = f"{counted(figures.listed, 'paper')} listed, {matched} matched, {short(figures.shown)} shown here"
    head = f"## The week to {week.day:%A} {week.day.day} {week.day:%B}\n-# {told}"
    blocks: list[Block] = [Text(head)]
    for topic, papers in week.sections:
        blocks += [Line(), Text(_list(escape(shorten(topic, 80)), papers, week, title))]
    if week.late:
        blocks += [Line(), Text(_list("Rose late: not shown here before", week.late, week, title))]
    if week.untold:
        blocks.append(Text(f"-# and {counted(week.untold, 'more topic')} with papers"))
    blocks += handle.menu(week.papers)
    # It says what the message is, and carries the delivery's id, by which it is found again.
    blocks.append(Row((Button(label="About this round-up", custom_id=f"paperboy:week:{delivery}"),)))
    return Post(tuple(blocks))


def _list(heading: str, papers: Sequence[Paper], week: Week, title: int) -> str:
    return "\n".join([f"**{heading}**", *(_line(paper, week, title) for paper in papers)])


def _line(paper: Paper, week: Week, title: int) -> str:
    """One paper: its votes, its title, and when it was shown here."""
    votes = f"▲ {short(paper.votes)} " if paper.votes is not None else ""
    when = week.shown.get(paper.id) if paper.id is not None else None
    told = f" · shown {_day(when, week.day)}" if when else ""
    return f"- {votes}{link(shorten(paper.title, title), paper.url)}{told}"


def _day(when: date, today: date) -> str:
    """ "today", "on Tuesday", "on 17 March" for what is a week ago or more."""
    if when == today:
        return "today"
    return f"on {when:%A}" if 0 < (today - when).days < 7 else f"on {when.day} {when:%B}"


def when_told(round_up: RoundUp, schedule: Schedule) -> str:
    """ "every Friday at 17:00 (Europe/Berlin)"."""
    return f"every {due.WEEKDAYS[round_up.day]} at **{round_up.post_at:%H:%M}** ({schedule.zone})"


def about_post(round_up: RoundUp | None, schedule: Schedule) -> Post:
    """What the message with the button is."""
    when = "No more of them come here."
    if round_up:
        following = f"; the next {yours(round_up.next_due)}" if round_up.next_due else ""
        when = f"It comes {when_told(round_up, schedule)}{following}. `/weekly off` ends it."
    return posts.notice(
        "A round-up looks back at the seven days before it: of each topic the papers with most votes by then. "
        "Those marked “shown” were here before; the others count as shown from then on, and no digest brings "
        f"them again. {when}\n-# `/search since:7d` finds all of the week."
    )
