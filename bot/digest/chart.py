"""What gains votes, as a message: a chart, or why there is none. Pure.

Owns: how a place and its movement are told. Refuses: deciding who has which place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from itertools import product

from bot.digest import markup
from bot.digest.answer import code
from bot.digest.handle import menu
from bot.digest.markup import escape, link, local
from bot.digest.post import facts
from bot.models import Block, Button, Chart, Line, Paper, Period, Post, Rise, Row, Text
from bot.papers.summary import shorten
from bot.papers.trending import counted, short

_CALLED = {Period.TODAY: "today", Period.WEEK: "this week", Period.MONTH: "this month"}
_BEFORE = {Period.WEEK: "last week", Period.MONTH: "last month"}
_LAST = {Period.WEEK: "the last 7 days", Period.MONTH: "the last 30 days"}
_COMPARED = {Period.WEEK: "the 7 days before", Period.MONTH: "the 30 days before"}


def chart_post(chart: Chart, number: int, newest: int | None = None) -> Post:
    """The chart, with buttons for the other periods. `number` stands for the topic in button ids, `newest` for the
    search of its newest papers."""
    periods = Row(
        tuple(
            Button(
                label=_CALLED[period].capitalize(),
                custom_id=f"paperboy:trending:{period}:{number}",
                primary=period is chart.period,
            )
            for period in Period
        )
    )
    if not chart.papers:
        search = Button(label="The newest papers", custom_id=f"paperboy:page:{newest}:0")
        row = Row((*periods.buttons, search)) if newest is not None and chart.answering else periods
        nothing = _nothing(chart, button=row is not periods)
        return Post((Text("\n".join((_heading(chart), *nothing))), row))
    # Titles are shortened evenly before a paper is left out.
    for count, limit in product(range(len(chart.papers), -1, -1), (120, 80, 50)):
        shown = chart.papers[:count]
        blocks: list[Block] = [Text("\n".join((_heading(chart), *_head(chart)))), Line()]
        blocks += [Text(_entry(chart, rise, paper, limit)) for rise, paper in shown]
        if left := len(chart.papers) - count:
            blocks.append(Text(f"-# {left} left out: too long for one message"))
        post = Post((*blocks, periods, *menu([paper for _, paper in shown])))
        if markup.fits(post):
            break
    return post


def _heading(chart: Chart) -> str:
    topic = f" on {code(shorten(chart.query.text, 100))}" if chart.query.root else ""
    return f"### Trending {_CALLED[chart.period]}{topic}"


def _head(chart: Chart) -> Sequence[str]:
    papers = f"{'at least ' if chart.at_least else ''}{counted(chart.total, 'paper')}"
    if chart.period is Period.TODAY:
        lines = [f"-# {_list_told(chart)} · {papers} with votes"]
    else:
        lines = [f"-# {local(chart.begin, 'D')} to {local(chart.end, 'D')} · {papers} gained votes"]
    votes = "Hugging Face’s votes"
    if chart.counted_at:
        votes += f", counted {local(chart.counted_at, 'R')}"
    if chart.compared:
        votes += f"; places compared with {_COMPARED[chart.period]}"
    return [*lines, f"-# {votes}", *_young(chart), *_trouble(chart)]


def _young(chart: Chart) -> list[str]:
    if chart.period is Period.TODAY or chart.since is None or chart.since <= chart.begin.date():
        return []
    return [f"-# The archive is younger: it begins on {chart.since:%A} {_day(chart, chart.since)}"]


def _list_told(chart: Chart) -> str:
    """ "Tuesday’s list, 31 March"; said why where it is not today's."""
    day = chart.day or chart.today
    told = f"{day:%A}’s list, {_day(chart, day)}"
    if day == chart.today:
        return told
    weekend = day == chart.expected
    return f"{told} ({'the newest: the weekend has none' if weekend else 'the newest with votes that is known'})"


def _trouble(chart: Chart) -> list[str]:
    return [f"-# {escape(shorten(chart.trouble, 240))}"] if chart.trouble else []


def _entry(chart: Chart, rise: Rise, paper: Paper, limit: int) -> str:
    votes = f"▲ {short(paper.votes or 0)}"
    why = " · ".join((votes, *moved(chart, rise, paper.votes or 0)))
    about = facts(replace(paper, votes=None))
    return f"**{rise.place}. {link(shorten(paper.title, limit), paper.url)}**\n-# {why}\n-# {about}"


def moved(chart: Chart, rise: Rise, votes: int) -> tuple[str, ...]:
    """How a paper of so many votes came to its place, in words: ("+52 this week", "up 3 from last week"). What a
    new one gained is what it has."""
    if chart.period is Period.TODAY:
        if rise.new:
            return ("new today",)
        return () if rise.lately is None else (f"{rise.lately:+,} since yesterday at this hour",)
    gained = f"+{short(rise.gained)} {_CALLED[chart.period]}"
    before = _BEFORE[chart.period]
    if rise.new:
        new = f"new {_CALLED[chart.period]}"
        return (new,) if rise.gained == votes else (f"+{short(rise.gained)}", new)
    if not chart.compared:
        return (gained,)
    if rise.before is None:
        return gained, f"not charted {before}"
    if rise.before == rise.place:
        return gained, f"same place as {before}"
    way = "up" if rise.before > rise.place else "down"
    return gained, f"{way} {abs(rise.before - rise.place)} from {before}"


def _nothing(chart: Chart, *, button: bool) -> Sequence[str]:
    """Why there is no chart, and what to do next; `button`: one leads to the newest papers."""
    if chart.since is None and not chart.answering:
        empty = "The archive is still empty: the first papers arrive within minutes of the first start."
        return [empty, *_trouble(chart)]
    if not chart.answering:
        return [
            "No paper in the archive answers that. Try fewer or other words; `/help` shows what a query can say."
        ]
    lines = [_why(chart), "-# Only Hugging Face counts votes: what it never listed has none."]
    if chart.period is not Period.TODAY and chart.day and chart.day < chart.today:
        lines.append(f"The newest list with votes is of {chart.day:%A} {_day(chart, chart.day)}.")
    longer = "" if chart.period is Period.MONTH else "Choose a longer period, or "
    how = "" if button else ": `/search` with `sort:new`"
    lines.append(f"{longer}{'look' if longer else 'Look'} at the newest papers{how}.")
    return lines + _trouble(chart)


def _why(chart: Chart) -> str:
    answer = "answers" if chart.answering == 1 else "answer"
    of = f"Of **{counted(chart.answering, 'paper')}** that {answer} this" if chart.query.root else "Of all papers"
    if chart.period is not Period.TODAY:
        return f"{of} none gained a vote in {_LAST[chart.period]}."
    if chart.day is None:
        return "No list has votes yet."
    return f"{of} none with votes stands on {_list_told(chart)}."


def _day(chart: Chart, day: date) -> str:
    """ "31 March", with its year where it is another one."""
    return f"{day.day} {day:%B}{'' if day.year == chart.today.year else f' {day.year}'}"
