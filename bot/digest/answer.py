"""Messages of subscribing: an offer, the list of subscriptions, and words for a schedule. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.digest import due, markup
from bot.digest.markup import escape, link, yours
from bot.digest.post import facts
from bot.models import (
    And,
    Block,
    Button,
    Channel,
    ChannelId,
    Floor,
    Line,
    Offer,
    Owner,
    Paper,
    Post,
    Query,
    Row,
    Schedule,
    Select,
    Text,
    Topic,
    UserId,
    positive_words,
)
from bot.papers.summary import shorten
from bot.papers.trending import counted

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


def named(channel: ChannelId, owner: Owner, *, begin: bool = False) -> str:
    """A mention, or what a person calls their own: "your inbox". `begin`: a sentence begins with it."""
    if owner.person is None:
        return f"<#{channel}>"
    return "Your inbox" if begin else "your inbox"


def offer_post(offer: Offer, *, channel: ChannelId, owner: Owner, number: int) -> Post:
    """What a subscription would have brought in the last seven days, with a button to confirm.

    `number` stands for the query in button ids. A channel without a schedule is asked for its time zone first.
    """
    for count in range(min(len(offer.papers), OFFERED), -1, -1):
        post = _offer(offer, offer.papers[:count], channel=channel, owner=owner, number=number)
        if markup.fits(post):
            break
    return post


def _offer(offer: Offer, papers: Sequence[Paper], *, channel: ChannelId, owner: Owner, number: int) -> Post:
    total = f"more than {offer.total} papers" if offer.capped else counted(offer.total, "paper")
    head = f"### Subscribe {named(channel, owner)} to {code(offer.query.text)}?\n"
    head += f"In the last seven days it matched **{total}**{_which(offer, papers)}"
    blocks: list[Block] = [Text(head)]
    blocks += [Text(f"{link(shorten(paper.title, 110), paper.url)}\n-# {facts(paper)}") for paper in papers]
    if _several(offer.query):
        blocks.append(Text("-# A subscription follows only papers with all the words; `/search` shows more."))
    if not offer.papers:
        blocks.append(Text("-# You can subscribe all the same: it may match what comes."))
    blocks.append(Line())
    if offer.schedule is None or offer.first is None:
        asked = "In which time zone do you live?" if owner.person else "In which time zone does this channel live?"
        blocks += [
            Text(f"**{asked}** The digest comes at a fixed local time."),
            Select(
                f"paperboy:zone:{number}:{channel}",
                "Choose the time zone",
                tuple((zone, zone.replace("_", " ")) for zone in ZONES),
            ),
            Text("-# Not in the list? Ask again with the option `zone`, which knows them all."),
        ]
        return Post(tuple(blocks))
    state = paused_told(offer.paused, offer.paused_by) if offer.paused else f"the first {yours(offer.first)}"
    told = f"{schedule_told(offer.schedule)}; {state}.{early_told(offer.early_hour)}"
    confirm = Button(
        label="Confirm", custom_id=f"paperboy:confirm:{number}:{channel}:{offer.schedule.zone}", primary=True
    )
    cancel = Button(label="Cancel", custom_id="paperboy:cancel")
    return Post((*blocks, Text(told), Row((confirm, cancel))))


def _which(offer: Offer, papers: Sequence[Paper]) -> str:
    if not papers:
        return "."
    return ", the hottest:" if offer.total > len(papers) else ":"


def _several(asked: Query) -> bool:
    """Whether a paper must have more than one word or phrase."""
    parts = asked.root.nodes if isinstance(asked.root, And) else ()
    return sum(bool(positive_words(part)) for part in parts) > 1


def subscribed_post(channel: Channel, query: str, *, new: bool) -> Post:
    """The confirmation, and what to do next."""
    where = named(channel.id, channel.owner, begin=True)
    if not new:
        return Post((Text(f"{where} follows {code(query)} already. Nothing was changed."),))
    when = (
        f"the next {yours(channel.next_due)}"
        if channel.next_due
        else paused_told(channel.paused or "", channel.paused_by)
    )
    return Post(
        (
            Text(
                f"✓ {where} follows {code(query)}.\n{schedule_told(channel.schedule)}; {when}.\n"
                "-# `/digest schedule` changes the time, `/digest preview` shows the next one, "
                "`/subscriptions` lists and removes."
                + (" Your ID is kept with it; `/forget` takes all of it back." if channel.person else "")
            ),
        )
    )


def subscriptions_post(
    told: Sequence[tuple[Channel, Sequence[Topic]]],
    *,
    names: Mapping[ChannelId, str] | None = None,
    removed: str = "",
    inbox: bool = False,
) -> Post:
    """Every channel's topics, or an `inbox`'s, and a menu to choose one of them. `names` are the channels', for
    the menu, which shows no mentions; an inbox needs none."""
    blocks: list[Block] = []
    if removed:
        blocks.append(Text(f"✓ {code(removed)} is removed."))
    following = [(channel, own) for channel, own in told if own]
    topics = [topic for _, own in following for topic in own]
    if not topics:
        nothing = "Your inbox follows nothing" if inbox else "No channel of this server follows anything"
        blocks.append(Text(f"{nothing} yet: `/subscribe` begins."))
        return Post(tuple(blocks))
    room = (markup.MAX_CHARACTERS - 600) // min(len(following), CHANNELS)
    blocks += [Text(_followed(channel, own, room)) for channel, own in following[:CHANNELS]]
    if len(following) > CHANNELS:
        blocks.append(Text(f"-# and {counted(len(following) - CHANNELS, 'more channel')}"))
    options = tuple(
        (str(topic.id), shorten(f"#{names[topic.channel_id]}: {topic.text}" if names else topic.text, 100))
        for topic in topics[:MENU]
    )
    if len(topics) > MENU:
        blocks.append(Text(f"-# The menu holds the first {MENU}; the option `channel` shows one channel’s."))
    blocks.append(Select("paperboy:topic", "Change or remove a topic", options))
    return Post(tuple(blocks))


def _followed(channel: Channel, own: Sequence[Topic], room: int) -> str:
    """A channel and its topics, as many as fit in `room` characters."""
    # Its first sentence; the others tell what to do, and stand in `/status`.
    why = channel.paused.partition(". ")[0] if channel.paused else ""
    state = f" · {paused_told(why, channel.paused_by, 80)}" if why else ""
    head = f"**{named(channel.id, channel.owner, begin=True)}** {when_told(channel.schedule)}{state}"
    for count in range(min(len(own), TOPICS), -1, -1):
        lines = [head, *map(_topic, own[:count])]
        if len(own) > count:
            lines.append(f"-# and {len(own) - count} more")
        text = "\n".join(lines)
        if markup.length(text) <= room:
            break
    return text


FLOORS: Mapping[Floor, str] = {
    Floor.ALL: "everything that matches",
    Floor.NORMAL: "the upper half of a day, by votes",
    Floor.SELECTIVE: "the upper fifth of a day; nothing without votes",
    Floor.ELITE: "the best twentieth of a day; nothing without votes",
}
"""What each floor lets pass."""


def _topic(topic: Topic) -> str:
    floor = f" · {topic.floor}" if topic.floor is not Floor.ALL else ""
    return f"- {code(shorten(topic.text, 80))}{floor}"


def topic_post(topic: Topic, owner: Owner) -> Post:
    """One topic, to be changed or removed."""
    row = Row(
        (
            Button(label="Change", custom_id=f"paperboy:edit:{topic.id}", primary=True),
            Button(label="Remove", custom_id=f"paperboy:remove:{topic.id}"),
            Button(label="Back", custom_id="paperboy:topics"),
        )
    )
    floor = f"-# floor “{topic.floor}”: {FLOORS[topic.floor]}"
    where = named(topic.channel_id, owner, begin=True)
    return Post((Text(f"{where} follows {code(topic.text)}.\n{floor}"), row))


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
        f"up to {counted(schedule.size, 'paper')}{'' if schedule.late_risers else ', without late risers'}"
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
