"""What can be carried to another machine: the nouns of bot.models, and beyond them what only storage knows.

Owns: the shapes of exported records. Refuses: reading and storing them (`storage.export`, `storage.intake`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from bot.models import (
    Batch,
    Channel,
    ChannelId,
    Delivery,
    FeedState,
    Floor,
    GuildId,
    Observation,
    Paper,
    TopicId,
    Verdict,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """The last numbers given to a topic, to a search and to a look at an address: old buttons name them, none is
    given twice."""

    last_topic: int = 0
    last_search: int = 0
    last_look: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFeed(FeedState):
    first_at: datetime | None = None
    """Its first successful reading: what it brought then is no news."""
    batches: tuple[Batch, ...] = ()
    """The days' lists that were had."""
    fields: Mapping[str, date] = field(default_factory=dict)
    """The fields that every item of some answer had -> the last day of one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """That a feed listed a paper on a day, in the feed's own calendar."""

    feed: str
    listed_on: date
    announced: bool = True
    first_seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A key under which a feed that a server's admin added knows a paper as an entry of its own."""

    feed: str
    key: str
    strong: bool = True
    """An identifier; False for a title."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPaper(Paper):
    """A paper, by the number that deliveries name it by, with all that hangs on it."""

    feeds: tuple[str, ...] = field(default=(), metadata={"moves": False})  # the listings tell them
    counted_at: datetime | None = None
    """When its counts were seen."""
    first_seen_at: datetime
    changed_at: datetime
    identities: tuple[str, ...] = ()
    """The keys under which it is known; a private paper has none."""
    private_to: str | None = None
    """The added feed that alone carries it: nobody but the servers with that feed may see it."""
    claims: tuple[Claim, ...] = ()
    listings: tuple[Listing, ...] = ()
    observations: tuple[Observation, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GuildFeed:
    """A feed that a server's admin added."""

    guild_id: GuildId
    feed: str
    """Its name: "added:" and the address."""
    address: str
    title: str
    added_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Guild:
    """What is kept of a server."""

    id: GuildId
    alerts_to: ChannelId | None = None
    """The channel that is told of trouble; None: the owner."""
    left_at: datetime | None = None
    """Since when the bot is not there any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptTopic:
    id: TopicId | None = None
    """Old buttons name it."""
    text: str
    created_at: datetime
    floor: Floor = Floor.ALL


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptChannel(Channel):
    alerted_at: datetime | None = None
    """When somebody was told that its digests fail."""
    topics: tuple[KeptTopic, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """A query behind buttons, by the number that they name."""

    id: int
    query: str
    asked_at: datetime


Record = Numbers | KeptFeed | KeptPaper | GuildFeed | Guild | KeptChannel | Delivery | Verdict | Search
