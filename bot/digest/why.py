"""Why a paper is here, or is not: a message. Pure.

Owns: the words. Refuses: finding out (`bot.pipeline.why`).
"""

from __future__ import annotations

from bot.digest import markup
from bot.digest.markup import escape, link, local
from bot.models import DeliveryKind, DeliveryState, Fate, Line, Mention, Paper, Post, Text
from bot.papers.summary import shorten
from bot.papers.trending import counted, gain, short

_TOPICS = 5
"""Topics that are told of each kind."""
_OCCASIONS = {
    DeliveryKind.SCHEDULED: "the digest",
    DeliveryKind.EXTRA: "the digest by hand",
    DeliveryKind.WEEKLY: "the round-up",
}


def why_post(fate: Fate) -> Post:
    """What became of a paper in a channel, what its next digest would make of it, and the figures."""
    head = f"### Why? {link(shorten(fate.paper.title, 200), fate.paper.url)}"
    topics = [f"- answers **{_text(topic)}**{_because('; '.join(why))}" for topic, why in fate.answers[:_TOPICS]]
    topics += [f"- not **{_text(topic)}**{_because(lack)}" for topic, lack in fate.misses[:_TOPICS]]
    others = len(fate.answers) + len(fate.misses) - len(topics)
    topics += [f"-# and {counted(others, 'more topic')}"] if others > 0 else []
    blocks = (
        Text("\n".join((head, *_became(fate)))),
        Line(),
        Text("\n".join(("**The topics that are followed here**", *topics))),
        Text(f"-# {_figures(fate)}"),
    )
    post = Post(blocks)
    return post if markup.fits(post) else Post((blocks[0], blocks[-1]))


def _text(text: str, limit: int = 80) -> str:
    return escape(shorten(text, limit))


def _because(why: str) -> str:
    return f": {_text(why, 200)}" if why else ""


def _became(fate: Fate) -> list[str]:
    """What happened to it here, the newest first, and what is to come."""
    # What was refused is as if it had never been, unless nobody knows whether it is there.
    mentions = [each for each in fate.mentions if each.shown or each.state is not DeliveryState.REFUSED]
    told = [_mention(mention, fate) for mention in mentions]
    if any(mention.shown for mention in mentions):
        return [*told, "What was shown here is never shown again."]
    following = fate.channel.next_due
    when = f" {local(following, 'F')}" if following else ""
    if fate.coming:
        told.append(f"As of now it comes with the next digest{when}.")
    elif fate.held:
        told.append(f"As of now the next digest{when} leaves it out: {_text(fate.held, 200)}.")
    elif not fate.answers:
        told.append("It answers no topic that is followed here.")
    elif not told:
        told.append(f"It is no news here any more: {_listed(fate.paper)}.")
        if fate.verdict:
            told.append(f"The digest of {local(fate.verdict.due_at, 'F')}: {_text(fate.verdict.text, 300)}.")
    if fate.channel.paused:
        told.append("Digests are paused here.")
    return told


def _mention(mention: Mention, fate: Fate) -> str:
    when = local(mention.due_at, "F")
    what = _OCCASIONS[mention.kind]
    if not mention.shown:
        return f"Left out of {what} of {when}{_because(mention.held)}. It stands behind the “more” button there."
    if mention.state is DeliveryState.REFUSED:
        return f"It was in {what} of {when}. Nobody knows whether that was posted."
    if mention.state is DeliveryState.CLAIMED:
        return f"It is in {what} of {when}, which is on its way."
    channel = fate.channel
    there = f"https://discord.com/channels/{channel.guild_id or '@me'}/{channel.id}/{mention.message_id}"
    posted = link("Posted", there) if mention.message_id else "Posted"
    return f"{posted} with {what} of {when}."


def _listed(paper: Paper) -> str:
    day = (
        f"it was listed on {paper.listed_on.day} {paper.listed_on:%B %Y}"
        if paper.listed_on
        else "it is in no list"
    )
    return f"{day}; a digest brings what is listed after the one before, and of the last week what rose"


def _figures(fate: Fate) -> str:
    """ "34 votes, +21 since yesterday; place 3 of its day’s 22; about 60 to be expected by its week’s end"."""
    paper, heat = fate.paper, fate.heat
    if paper.votes is None:
        return "nobody counts votes for it: its sources have none"
    told = [", ".join(filter(None, (counted(paper.votes, "vote"), gain(heat.gained))))]
    if heat.of:
        told.append(f"place {heat.place} of its day’s {heat.of}")
    if heat.expected is not None:
        told.append(f"about {short(round(heat.expected))} to be expected by its week’s end")
    return "; ".join(told)
