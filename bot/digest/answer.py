"""Messages of asking and subscribing: a search's pages, an offer, the list of subscriptions. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

from bot.digest import due, markup
from bot.digest.markup import escape, link, local
from bot.digest.outside import FEW, offer_row
from bot.digest.post import REASONS, card, facts, said
from bot.models import (
    Answer,
    Block,
    Button,
    Channel,
    ChannelId,
    Hit,
    Line,
    Offer,
    Paper,
    Post,
    Row,
    Schedule,
    Select,
    Text,
    Topic,
    UserId,
)
from bot.papers.summary import shorten, summarise
from bot.papers.trending import counted

PAGE = 5
"""Hits on one page of an answer."""
OFFERED = 8
"""Papers that an offer shows."""
TOPICS, CHANNELS = 12, 12
"""Topics listed of one channel, and channels in one list."""
MENU = 25
"""Choices in a Discord menu."""
ZONES = (
    "UTC",
    "America/Los_Angeles",
    "America/Denver",
    "America/Chicago",
    "America/New_York",
    "America/Sao_Paulo",
    "Europe/London",
    "Europe/Paris",
    "Europe/Berlin",
    "Europe/Zurich",
    "Europe/Warsaw",
    "Europe/Athens",
    "Europe/Istanbul",
    "Europe/Moscow",
    "Africa/Cairo",
    "Africa/Lagos",
    "Asia/Jerusalem",
    "Asia/Dubai",
    "Asia/Kolkata",
    "Asia/Singapore",
    "Asia/Shanghai",
    "Asia/Seoul",
    "Asia/Tokyo",
    "Australia/Sydney",
    "Pacific/Auckland",
)
"""Where most researchers are, from west to east: a Discord menu holds 25."""


def answer_post(answer: Answer, number: int, *, outside: bool = False) -> Post:
    """One page of a search. `number` stands for the query in button ids; `outside`: Hugging Face may be asked."""
    found = f"**{counted(answer.total, 'paper')}** for {code(answer.query.text)}"
    if answer.wider:
        found += f", {counted(answer.wider, 'paper')} with some of the words"
    page, pages = answer.offset // PAGE, max(1, -(-(answer.total + answer.wider) // PAGE))
    head = f"{found}{f' · page {page + 1} of {pages}' if pages > 1 else ''}"
    # Summaries are shortened evenly before a paper is left out.
    for count, limit in product(range(len(answer.hits), -1, -1), range(240, 39, -40)):
        blocks: list[Block] = [Text(head)]
        for hit in answer.hits[:count]:
            blocks += [Line(), Text(_hit(hit, limit))]
        if left := len(answer.hits) - count:
            blocks.append(Text(f"-# {left} of this page left out: too long for one message"))
        blocks.append(
            Row(
                (
                    Button(label="Previous", custom_id=f"paperboy:page:{number}:{page - 1}", disabled=page == 0),
                    Button(
                        label="Next", custom_id=f"paperboy:page:{number}:{page + 1}", disabled=page + 1 >= pages
                    ),
                    Button(label="Subscribe to this search", custom_id=f"paperboy:offer:{number}", primary=True),
                )
            )
        )
        blocks += offer_row(number) if outside and answer.total < FEW else ()
        post = Post(tuple(blocks))
        if markup.fits(post):
            break
    return post


def nothing_post(answer: Answer, archive: int, *, outside: int | None = None) -> Post:
    """An answer without papers, and what to try. `outside` is its number where Hugging Face may be asked."""
    advice = "Try fewer or other words; `/help` shows what a query can say."
    if archive == 0:
        advice = "The archive is still empty: the first papers arrive within minutes of the first start."
    more = () if outside is None else offer_row(outside)
    return Post((Text(f"No paper in the archive answers {code(answer.query.text)}.\n{advice}"), *more))


def _hit(hit: Hit, limit: int) -> str:
    paper = hit.paper
    listed = f"{paper.listed_on.day} {paper.listed_on:%b %Y} · " if paper.listed_on else ""
    why = escape(shorten("; ".join(said(hit.reasons)[:3]), REASONS))
    return card(paper, summarise(paper), limit, f"{listed}{facts(paper)}", why)


def offer_post(offer: Offer, *, where: str, number: int, channel: int) -> Post:
    """What a subscription would have brought in the last seven days, with a button to confirm.

    `where` mentions the channel, `number` stands for the query in button ids. A channel without a schedule
    is asked for its time zone first.
    """
    for count in range(min(len(offer.papers), OFFERED), -1, -1):
        post = _offer(offer, offer.papers[:count], where=where, number=number, channel=channel)
        if markup.fits(post):
            break
    return post


def _offer(offer: Offer, papers: Sequence[Paper], *, where: str, number: int, channel: int) -> Post:
    total = f"more than {offer.total} papers" if offer.capped else counted(offer.total, "paper")
    found = f"In the last seven days it matched **{total}**"
    head = f"### Subscribe {where} to {code(offer.query.text)}?\n{found}{', the hottest:' if papers else '.'}"
    blocks: list[Block] = [Text(head)]
    blocks += [Text(f"{link(shorten(paper.title, 110), paper.url)}\n-# {facts(paper)}") for paper in papers]
    if not offer.papers:
        blocks.append(Text("-# You can subscribe all the same: it may match what comes."))
    blocks.append(Line())
    if offer.schedule is None or offer.first is None:
        blocks += [
            Text("**In which time zone does this channel live?** Its digest comes at a fixed local time."),
            Select(
                f"paperboy:zone:{number}:{channel}",
                "Choose the time zone",
                tuple((zone, zone.replace("_", " ")) for zone in ZONES),
            ),
            Text("-# Not in the list? Ask again with the option `zone`, which knows them all."),
        ]
        return Post(tuple(blocks))
    state = paused_told(offer.paused, offer.paused_by) if offer.paused else f"the first {local(offer.first, 'F')}"
    told = f"{schedule_told(offer.schedule)}; {state}.{early_told(offer.early_hour)}"
    confirm = Button(
        label="Confirm", custom_id=f"paperboy:confirm:{number}:{channel}:{offer.schedule.zone}", primary=True
    )
    cancel = Button(label="Cancel", custom_id="paperboy:cancel")
    return Post((*blocks, Text(told), Row((confirm, cancel))))


def subscribed_post(channel: Channel, query: str, *, new: bool) -> Post:
    """The confirmation, and what to do next."""
    if not new:
        return Post((Text(f"<#{channel.id}> follows {code(query)} already. Nothing was changed."),))
    when = (
        f"the next {local(channel.next_due, 'F')}"
        if channel.next_due
        else paused_told(channel.paused or "", channel.paused_by)
    )
    return Post(
        (
            Text(
                f"✓ <#{channel.id}> follows {code(query)}.\n{schedule_told(channel.schedule)}; {when}.\n"
                "-# `/digest schedule` changes the time, `/digest preview` shows the next one, "
                "`/subscriptions` lists and removes."
            ),
        )
    )


def subscriptions_post(
    told: Sequence[tuple[Channel, Sequence[Topic]]],
    *,
    names: Mapping[ChannelId, str] | None = None,
    removed: str = "",
) -> Post:
    """Every channel's topics, and a menu to choose one of them. `names` are the channels', for the menu,
    which shows no mentions."""
    blocks: list[Block] = []
    if removed:
        blocks.append(Text(f"✓ {code(removed)} is removed."))
    following = [(channel, own) for channel, own in told if own]
    topics = [topic for _, own in following for topic in own]
    if not topics:
        blocks.append(Text("No channel of this server follows anything yet: `/subscribe` begins."))
        return Post(tuple(blocks))
    room = (markup.MAX_CHARACTERS - 600) // min(len(following), CHANNELS)
    blocks += [Text(_followed(channel, own, room)) for channel, own in following[:CHANNELS]]
    if len(following) > CHANNELS:
        blocks.append(Text(f"-# and {counted(len(following) - CHANNELS, 'more channel')}"))
    options = tuple(
        (str(topic.id), shorten(f"#{(names or {}).get(topic.channel_id, '?')}: {topic.text}", 100))
        for topic in topics[:MENU]
    )
    if len(topics) > MENU:
        blocks.append(Text(f"-# The menu holds the first {MENU}; the option `channel` shows one channel’s."))
    blocks.append(Select("paperboy:topic", "Change or remove a topic", options))
    return Post(tuple(blocks))


def _followed(channel: Channel, own: Sequence[Topic], room: int) -> str:
    """A channel and its topics, as many as fit in `room` characters."""
    state = f" · {paused_told(channel.paused, channel.paused_by, 80)}" if channel.paused else ""
    head = f"**<#{channel.id}>** {when_told(channel.schedule)}{state}"
    for count in range(min(len(own), TOPICS), -1, -1):
        lines = [head, *(f"- {code(shorten(topic.text, 80))}" for topic in own[:count])]
        if len(own) > count:
            lines.append(f"-# and {len(own) - count} more")
        text = "\n".join(lines)
        if markup.length(text) <= room:
            break
    return text


def topic_post(topic: Topic) -> Post:
    """One topic, to be changed or removed."""
    row = Row(
        (
            Button(label="Change", custom_id=f"paperboy:edit:{topic.id}", primary=True),
            Button(label="Remove", custom_id=f"paperboy:remove:{topic.id}"),
            Button(label="Back", custom_id="paperboy:topics"),
        )
    )
    return Post((Text(f"<#{topic.channel_id}> follows {code(topic.text)}."), row))


def code(query: str) -> str:
    """A query as it was typed, in Discord's code style."""
    return f"`{shorten(query, 200).replace('`', '’')}`"


def when_told(schedule: Schedule) -> str:
    """ "Mon-Fri 15:00 (Europe/Berlin)"."""
    return f"{due.days_told(schedule.days)} {schedule.post_at:%H:%M} ({schedule.zone})"


def schedule_told(schedule: Schedule) -> str:
    """ "One digest Mon-Fri at 15:00 (Europe/Berlin), up to 8 papers"."""
    return (
        f"One digest {due.days_told(schedule.days)} at **{schedule.post_at:%H:%M}** ({schedule.zone}), "
        f"up to {counted(schedule.size, 'paper')}"
    )


def paused_told(reason: str, by: UserId | None, limit: int = 200) -> str:
    """ "paused: I may not post there", "paused by @ada with /digest pause": a mention that pings nobody."""
    if by is None:
        return f"paused: {escape(shorten(reason, limit))}"
    return f"paused by <@{by}> {escape(shorten(reason.removeprefix('by hand '), limit))}"


def early_told(hour: int | None) -> str:
    """What a digest before ten o'clock UTC costs; "" where `hour` is None."""
    if hour is None:
        return ""
    share, missing = due.EARLY[max(hour, min(due.EARLY))]
    later, left = due.EARLY[max(due.EARLY)]
    most = "fewer than " if hour < min(due.EARLY) else ""
    return (
        f"\n-# ⚠ At {hour:02}:00 UTC Hugging Face has listed {most}{share} % of the day’s papers, and "
        f"{missing:.1f} of its final top five are missing, on average. At {max(due.EARLY)}:00 UTC it is {later} % "
        f"and {left:.1f}."
    )
