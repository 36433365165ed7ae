"""What the command line prints: digests, answers, sources and channels, as text or as JSON.

Owns: the shape of `--format json`, which scripts may rely on. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from bot.digest import chart as charts
from bot.digest import markup, post
from bot.digest.due import days_told
from bot.digest.trouble import conditions
from bot.models import (
    Answer,
    Backup,
    Channel,
    Chart,
    DeliveryId,
    Digest,
    Exported,
    Feed,
    FeedOutcome,
    FeedState,
    Hit,
    Imported,
    Line,
    Match,
    Paper,
    Period,
    Post,
    Pruned,
    Rewritten,
    Rise,
    Text,
    Topic,
    Verdict,
)
from bot.papers.trending import counted


def digest_text(digest: Digest, why: str) -> str:
    """The message as a channel would get it, or why there is none."""
    if not digest.papers:
        return f"No digest for {digest.day:%A} {digest.day.day} {digest.day:%B %Y}: {why}."
    message, _ = post.digest_post(digest, DeliveryId("preview"))
    return markup.as_text(message)


def digest_json(digest: Digest, why: str) -> str:
    """{"day", "source", "topics", "papers": [...], "more": [...], "verdict"}; a paper as in `answer_json`,
    with "topics", "topic" (the first of them), "summary" and "summary_by"."""
    return _dump(
        {
            "day": digest.day.isoformat(),
            "source": digest.source_url,
            "topics": digest.topics,
            "papers": [_match(match) for match in digest.papers],
            "more": [_match(match) for match in digest.more],
            "verdict": why or None,
        }
    )


def answer_text(answer: Answer) -> str:
    if not answer.hits:
        return f"No paper answers {answer.query.text!r}. Try fewer or other words."
    wider = f", {counted(answer.wider, 'paper')} with some of the words" if answer.wider else ""
    lines = [f"{counted(answer.total, 'paper')} for {answer.query.text!r}{wider}"]
    for hit in answer.hits:
        paper = hit.paper
        published = f"{paper.published_at:%Y-%m-%d}" if paper.published_at else "undated"
        lines += ["", paper.title, f"  {paper.url}", f"  {published} · {'; '.join(hit.reasons) or 'listed'}"]
    return "\n".join(lines)


def answer_json(answer: Answer) -> str:
    """A list, best first, of {"id", "title", "url", "published", "votes", "score", "reasons", "wider", ...}."""
    return _dump([_hit(hit) for hit in answer.hits])


def chart_text(chart: Chart) -> str:
    """The answer of `/trending` without its buttons."""
    message = charts.chart_post(chart, 0)
    return markup.as_text(Post(tuple(block for block in message.blocks if isinstance(block, Text | Line))))


def chart_json(chart: Chart) -> str:
    """{"period", "query", "begin", "end", "list", "total", "papers": [...]}; a paper as in `answer_json`, with
    "place", "gained", "new", "before" (its place in the chart before) and "lately" (gained in the last day)."""
    return _dump(
        {
            "period": chart.period,
            "query": chart.query.text,
            "begin": chart.begin.isoformat(),
            "end": chart.end.isoformat(),
            "list": chart.day.isoformat() if chart.day and chart.period is Period.TODAY else None,
            "total": chart.total,
            "papers": [_rise(rise, paper) for rise, paper in chart.papers],
        }
    )


def outcome_line(outcome: FeedOutcome) -> str:
    """One source: "Hugging Face: 41 new, 3 updated, 2 unchanged"."""
    if outcome.not_modified and not outcome.error:
        return f"{outcome.label}: nothing changed since the last look"
    counted = f"{outcome.new} new, {outcome.updated} updated, {outcome.unchanged} unchanged"
    if outcome.skipped:
        counted += f", {outcome.skipped} skipped"
    return f"{outcome.label}: {counted}{f' - error: {outcome.error}' if outcome.error else ''}"


def source_lines(feed: Feed, state: FeedState | None) -> list[str]:
    if state is None or state.polled_at is None:
        return [f"{feed.label}: not read yet"]
    if state.error:
        since = f", last read {at(state.succeeded_at)}" if state.succeeded_at else ""
        return [f"{feed.label}: {state.error} (tried {at(state.polled_at)}{since}; next {at(state.next_poll_at)})"]
    first = f"{feed.label}: read {at(state.succeeded_at)}, {state.entries} entries; next {at(state.next_poll_at)}"
    return [
        first,
        *(
            f"  {', '.join(condition.categories)}{': ' if condition.categories else ''}"
            f"{'TROUBLE: ' if condition.troubled else ''}{condition.told}"
            for condition in conditions(state)
        ),
    ]


def channel_lines(
    channel: Channel, topics: Sequence[Topic], verdicts: Sequence[Verdict], *, now: datetime
) -> list[str]:
    schedule = channel.schedule
    if channel.paused:
        state = f"paused: {channel.paused}"
    elif topics and channel.next_due and channel.next_due < now:
        state = f"due since {at(channel.next_due)}, waits until `run` is connected to Discord"
    else:
        state = f"next {at(channel.next_due)}"
    what = "channel" if channel.person is None else "inbox"  # whose, nobody needs to see
    lines = [
        f"{what} {channel.id}: {days_told(schedule.days)} {schedule.post_at:%H:%M} {schedule.zone}, {state}",
        f"  topics: {', '.join(topic.text for topic in topics) or 'none'}",
    ]
    if round_up := channel.round_up:
        lines.append(
            f"  round-up: {days_told(frozenset({round_up.day}))} {round_up.post_at:%H:%M} {schedule.zone}, "
            f"next {at(round_up.next_due)}"
        )
    return lines + [f"  {at(verdict.due_at)}: {verdict.told}" for verdict in verdicts]


def pruned_line(pruned: Pruned) -> str:
    """ "too old and gone: 3 verdicts, 1 server"."""
    rows = (
        (pruned.verdicts, "verdict"),
        (pruned.posts, "stored post"),
        (pruned.more, "left-out paper"),
        (pruned.observations, "observation"),
        (pruned.searches, "search"),
        (pruned.looks, "look"),
        (pruned.questions, "question"),
        (pruned.channels, "channel"),
        (pruned.guilds, "server"),
        (pruned.inboxes, "personal digest"),
        (pruned.papers, "private paper"),
    )
    told = ", ".join(counted(number, name) for number, name in rows if number)
    return f"too old and gone: {told or 'nothing'}"


def read_again_line(papers: int) -> str:
    """ "made readable: the LaTeX of 812 papers that an older Paperboy stored"."""
    return f"made readable: the LaTeX of {counted(papers, 'paper')} that an older Paperboy stored"


def backup_line(file: Path, made: Backup) -> str:
    size = f"{made.size / 1_000_000:.1f} MB"
    return f"{file}: {size}, {counted(made.papers, 'paper')}, {counted(made.channels, 'channel')}"


def export_line(folder: Path, made: Exported) -> str:
    """ "export: 1.2 MB, 79 papers, 3 channels, 12 digests"."""
    named = (("papers.jsonl", "paper"), ("channels.jsonl", "channel"), ("deliveries.jsonl", "digest"))
    told = ", ".join(counted(made.records[name], what) for name, what in named)
    return f"{folder}: {made.size / 1_000_000:.1f} MB, {told}"


def export_notes(made: Exported, *, running: bool) -> list[str]:
    """What to know before one moves with it."""
    notes = []
    if running:
        notes.append(
            "`run` is at work: what it posts from now on is not in there. To move, stop it and export again."
        )
    if made.on_their_way:
        told = counted(made.on_their_way, "digest")
        notes.append(f"{told} may be on the way: the new Paperboy looks into the channel before it posts.")
    if made.without_credentials:
        told = counted(made.without_credentials, "feed")
        notes.append(f"The credentials in the address of {told} were left out: they stay in your settings.")
    return notes


def import_lines(made: Imported) -> list[str]:
    """What came in; where nothing did, that all was known."""
    taken = made.taken
    new = (
        (taken.papers, "new paper"),
        (taken.enriched, "enriched paper"),
        (taken.channels, "new channel"),
        (taken.topics, "new topic"),
        (taken.deliveries, "digest"),
    )
    lines = [", ".join(counted(number, what) for number, what in new if number) or "nothing new: all was known"]
    if taken.known_channels:
        told = counted(taken.known_channels, "channel")
        lines.append(f"{told} here already: schedule and pause are of the side that posted last, topics of both")
    if made.sources:
        lines += ["the sources of the export, for your settings:", f"  PAPERBOY_SOURCES={' '.join(made.sources)}"]
    return lines


def import_notes(made: Imported) -> list[str]:
    """What did not come in, and what is still to do."""
    notes = []
    if made.taken.topics_left_out:
        told = counted(made.taken.topics_left_out, "topic")
        notes.append(f"{told} left out: the channel has as many as it may.")
    if made.taken.left_out:
        told = counted(made.taken.left_out, "mention")
        notes.append(f"{told} of papers or channels left out that are not in the export.")
    if made.incomplete:
        told = counted(made.incomplete, "source")
        notes.append(f"The credentials in the address of {told} are missing: take them from the old settings.")
    return notes


def model_line(name: str, told: Rewritten, daily: int) -> str:
    """What the operator's own model has written."""
    return (
        f"model {name}: wrote on {counted(told.kept, 'paper')}, may not be shown on {told.refused}; "
        f"asked {told.calls} of {daily} times today"
    )


def at(moment: datetime | None) -> str:
    """A time for an operator, in UTC."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if moment else "never"


def _paper(paper: Paper) -> Mapping[str, object]:
    return {
        "id": paper.key,
        "title": paper.title,
        "url": paper.url,
        "published": paper.published_at.isoformat() if paper.published_at else None,
        "listed": paper.listed_on.isoformat() if paper.listed_on else None,
        "authors": paper.authors,
        "votes": paper.votes,
        "stars": paper.stars,
        "sources": paper.feeds,
    }


def _hit(hit: Hit) -> Mapping[str, object]:
    return {**_paper(hit.paper), "score": hit.score, "reasons": hit.reasons, "wider": hit.wider}


def _rise(rise: Rise, paper: Paper) -> Mapping[str, object]:
    return {
        **_paper(paper),
        "place": rise.place,
        "gained": rise.gained,
        "new": rise.new,
        "before": rise.before,
        "lately": rise.lately,
    }


def _match(match: Match) -> Mapping[str, object]:
    return {
        **_paper(match.paper),
        "score": match.score,
        "reasons": match.reasons,
        "topic": match.topics[0] if match.topics else None,
        "topics": match.topics,
        "summary": match.summary,
        "summary_by": match.summary_by,
    }


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
