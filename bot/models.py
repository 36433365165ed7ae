"""The nouns of Paperboy, in one shape from the feed to the post.

Owns: names and shapes. Refuses: behaviour beyond a property, anything outside the standard library.
Every dataclass is frozen and keyword-only, every sequence a tuple, every datetime aware and UTC.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum
from typing import Literal, NamedTuple, NewType, Protocol

PaperId = NewType("PaperId", int)
TopicId = NewType("TopicId", int)
ChannelId = NewType("ChannelId", int)
GuildId = NewType("GuildId", int)
UserId = NewType("UserId", int)
MessageId = NewType("MessageId", int)
DeliveryId = NewType("DeliveryId", str)

# --- papers come in -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A work, however many feeds carry it. Everything but title and url may be missing.

    Texts and names are as people read and search them, from the moment when a feed's entry has been made
    readable (`bot.papers.legibility`); what its source wrote is in `written`. Counts are None where no source ever
    counted, which is not the same as zero.
    """

    title: str
    url: str
    """Where a reader lands: the abstract page where one is known."""
    id: PaperId | None = None
    """None until storage has given it one."""
    arxiv_id: str | None = None
    """Without version: "2604.14630", "hep-ex/0307015"."""
    version: int | None = None
    doi: str | None = None
    """Lower case, without resolver: "10.1101/857789"."""
    authors: tuple[str, ...] = ()
    abstract: str = ""
    summary: str = ""
    """A short summary that the source made (Hugging Face's is written by a model)."""
    keywords: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    organization: str = ""
    published_at: datetime | None = None
    repository: str | None = None
    project_page: str | None = None
    thumbnail: str | None = None
    discussion: str | None = None
    """The page where its votes are given."""
    votes: int | None = None
    comments: int | None = None
    stars: int | None = None
    """GitHub stars of the repository."""
    listed_on: date | None = None
    """The last day on which a feed announced it, in that source's calendar."""
    feeds: tuple[str, ...] = ()
    """Names of the feeds that carried it."""
    written: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict, hash=False)
    """By the name of a field above: how its source wrote it, where that is not as it is read (LaTeX)."""

    @property
    def key(self) -> str:
        """The id that people know it by: arXiv id, else DOI, else our own number."""
        return self.arxiv_id or self.doi or f"p{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """A paper's counts at a time."""

    seen_at: datetime
    votes: int | None = None
    comments: int | None = None
    stars: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Heat:
    """How hot a paper is at a moment."""

    expected: float | None = None
    """Votes by the end of its week; None where nobody counts."""
    gained: int | None = None
    """Votes since a day before its last count; None where that is not known, or it was not listed yet."""
    place: int = 0
    """Its place among the voted papers of its list's day, 1 is first; 0 where nobody counts."""
    of: int = 0
    """How many these are."""
    reasons: tuple[str, ...] = ()
    """What speaks for it, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a feed: a paper, and how the feed lists it."""

    paper: Paper
    listed_on: date | None
    """The day of the list, in the source's own calendar; None where the feed does not tell."""
    announced: bool = True
    """False for what only updates a known paper (an arXiv replacement): never a digest's news."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What a parser understood of one body."""

    entries: tuple[Entry, ...]
    skipped: int = 0
    """Items that were no paper, could not be read, came twice, or too many: with `entries`, all that there are."""
    site: str | None = None
    """The feed's own home page, where it names one."""
    title: str = ""
    """The feed's own name, where it tells one."""
    total: int | None = None
    """How many the whole answer has, over all its pages, where the source tells (arXiv's API)."""
    fields: Mapping[str, int] = field(default_factory=dict)
    """How many of its items carry each field that tells its shape, by the source's own name for it
    ("paper.upvotes", "pubDate"), those that none carries with 0: what was always there and is gone means a
    changed shape. Counted in what is read: the first 2,000 items."""

    @property
    def items(self) -> int:
        """All that the answer held, read or not."""
        return len(self.entries) + self.skipped


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The keys under which a paper is known. Two papers that share one are the same work."""

    strong: tuple[str, ...]
    """Identifiers: "arxiv:2604.14630", "doi:10.1101/857789", "url:https://..."."""
    weak: tuple[str, ...]
    """Normalised title with one author each; overruled where the arXiv ids differ."""


class FeedKind(StrEnum):
    HUGGINGFACE = "huggingface"
    ARXIV = "arxiv"
    RSS = "rss"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A source to poll."""

    kind: FeedKind
    name: str
    """How it is stored: "huggingface", "arxiv", "rss:https://...", "added:https://..." (by a server's admin)."""
    label: str
    """For people; like the name, without the credentials of an address."""
    address: str
    """The feed's own address (RSS), or the site's, below which its lists stand."""
    archive: str = ""
    """The site that answers for past days, where the feed itself has only today's (arXiv)."""
    categories: tuple[str, ...] = ()
    """arXiv's, asked for in one call."""
    trusted: bool = True
    """Set by the operator. What a server's admin added is fetched behind the address guard, shown in that
    server only, and changes nothing of papers that others carry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuildFeed:
    """A feed that a server's admin added."""

    name: str
    """As in `Feed`: "added:" and the address."""
    address: str
    title: str
    """The feed's own when it was added."""
    added_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedLink:
    """A feed that can be added, by its address."""

    address: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedPreview:
    """What a feed holds, before anybody adds it."""

    link: FeedLink
    entries: int
    recognised: int
    """Of them with an arXiv id or a DOI."""
    newest: tuple[Paper, ...]
    """The first few, by date where they have one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """What is remembered of a feed between polls."""

    name: str
    next_poll_at: datetime | None = None
    polled_at: datetime | None = None
    succeeded_at: datetime | None = None
    failures: int = 0
    error: str | None = None
    entries: int = 0
    """In the last answer."""
    stalls: int = 0
    """Polls in a row that brought less than was to be expected."""
    health: tuple[Health, ...] = ()
    """By category, where it has some; the worst first."""


class HealthState(StrEnum):
    FRESH = "fresh"
    QUIET = "quiet"
    """Nothing new, and nothing was to be expected: a weekend, a holiday, a feed that writes once a month."""
    PARTIAL = "partial"
    """Far fewer entries than usual."""
    STALE = "stale"
    """An old list again where a new one is due."""
    BROKEN = "broken"
    """It could not be read, or changed its shape."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What a list held when it was last read: a feed's, or one category's of it."""

    category: str = ""
    day: date | None = None
    """The newest day that its entries are of; None for an empty list."""
    entries: int = 0
    """Announced ones, without updates of known papers."""
    new: int = 0
    """Those of them that the feed had not listed on an earlier day."""
    items: int = 0
    """All, with updates."""
    repeats: date | None = None
    """The newest day on which the others had been listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A day's list of a feed or of one of its categories, as the archive has it."""

    category: str = ""
    day: date
    entries: int
    items: int = 0
    first_at: datetime
    """When something of it was first read."""
    whole: bool = True
    """False where it was partial or stale, so that something may be missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How a feed is, or one of its categories."""

    state: HealthState
    told: str
    """In words that continue its name: "still serving Thursday's list (12 of 486 ids new)"."""
    sighting: Sighting
    since: datetime | None = None
    """Since when it is in this state; None until storage knows."""

    @property
    def troubled(self) -> bool:
        return self.state in (HealthState.PARTIAL, HealthState.STALE, HealthState.BROKEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedOutcome:
    """What one poll of one feed did. An expected failure is `error`, in words."""

    feed: str
    label: str
    new: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    error: str | None = None
    not_modified: bool = False
    """The source said that nothing changed since the last poll (HTTP 304)."""
    late: tuple[date, ...] = ()
    """Past days whose lists were read now."""

    @property
    def entries(self) -> int | None:
        """How many were in what was read; None where nothing was."""
        return None if self.error or self.not_modified else self.new + self.updated + self.unchanged


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """What a source gave us to ask "has it changed since?"."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A successful answer: 200 with a body, or 304 without."""

    url: str
    body: bytes
    not_modified: bool = False
    validators: Validators = field(default_factory=Validators)
    next_url: str | None = None
    """The next page, from the Link header."""


Fetch = Callable[[str, Validators], Awaitable[Fetched]]
"""Raises FeedError. The only way out to the network."""

# --- what is asked --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Words:
    """A word, or a phrase: its words side by side. Searched in title, abstract, summary and keywords."""

    text: str
    others: tuple[str, ...] = ()
    """Other spellings that are found as well: "h₂o" for "h2o"."""

    @property
    def spellings(self) -> tuple[str, ...]:
        return (self.text, *self.others)


@dataclass(frozen=True, slots=True)
class Filter:
    """`author:`, `org:`, `cat:` or `source:`."""

    field: Literal["author", "org", "cat", "source"]
    value: str


@dataclass(frozen=True, slots=True)
class Votes:
    """`votes:>=n`. A paper without a count has none."""

    comparison: Literal[">=", "<=", ">", "<", "="]
    count: int


@dataclass(frozen=True, slots=True)
class Since:
    """`since:7d`: announced by a feed within the last days."""

    days: int


@dataclass(frozen=True, slots=True)
class Identifier:
    """An arXiv id, a DOI or a link of a paper."""

    key: str
    """As `bot.papers.identity` has it: "arxiv:2604.14630"."""
    text: str
    """As one would type it."""


@dataclass(frozen=True, slots=True)
class Not:
    node: Node


@dataclass(frozen=True, slots=True)
class And:
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    nodes: tuple[Node, ...]


Node = Words | Filter | Votes | Since | Identifier | Not | And | Or
Sort = Literal["", "new", "votes"]
"""What comes first in an answer: what answers best, what was listed last, what has most votes. A digest has an
order of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A question to the archive; `root` None asks for everything, by votes."""

    text: str
    """As it was asked, with single spaces."""
    root: Node | None
    """Equal for the same question, whatever its capitals and spaces."""
    sort: Sort = ""
    said: tuple[str, ...] = ()
    """The words and phrases that an answer may contain, in the order and as often as they were said."""

    @property
    def words(self) -> tuple[str, ...]:
        """The words and phrases that an answer may contain, without those asked not to be there."""
        return tuple(dict.fromkeys(words.text for words in positive_words(self.root)))

    @property
    def spellings(self) -> tuple[str, ...]:
        """The same in every spelling."""
        return tuple(dict.fromkeys(text for words in positive_words(self.root) for text in words.spellings))


def positive_words(node: Node | None) -> tuple[Words, ...]:
    """The words and phrases below a node, without those asked not to be there."""
    match node:
        case Words():
            return (node,)
        case And(nodes) | Or(nodes):
            return tuple(word for inner in nodes for word in positive_words(inner))
        case _:
            return ()


class Texts(NamedTuple):
    """What of a paper is searched, as it is stored."""

    title: str
    abstract: str
    summary: str
    keywords: str


class Form(NamedTuple):
    """A word as it stands in texts."""

    id: int
    word: str
    stem: str
    papers: int
    """How many have it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """What the archive knows of the words of a question."""

    stems: Mapping[str, str]
    """The stem of each."""
    forms: tuple[Form, ...]
    """Every word of the archive that has one of these stems."""
    papers: int
    """How many papers there are, about."""


BLOCK = 4_096
"""Papers, by their ids, whose postings of one word are one row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Postings:
    """Which papers have some words, how often; packed, as `storage.postings` keeps them."""

    of: Mapping[int, Sequence[tuple[int, bytes]]]
    """A form's id -> (block, its postings there)."""
    lengths: Sequence[tuple[int, bytes]]
    """(block, how many words each of its papers has)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A paper that answers a query, and the words that made it one."""

    paper: Paper
    score: float
    """Higher is better; comparable within one answer only."""
    marks: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """(field, the words found there), as the index found them."""
    wider: bool = False
    """Does not answer the query strictly, only some of its words."""
    reasons: tuple[str, ...] = ()
    """Why it is here, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One page of a search."""

    query: Query
    hits: tuple[Hit, ...]
    total: int
    """Papers that answer strictly."""
    offset: int = 0
    wider: int = 0
    """Papers that share only some of the words; they come after the strict ones."""
    spelled: tuple[tuple[str, str], ...] = ()
    """(a word that the archive hardly knows, the one that was looked for as well)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A question that found nothing, without one of its parts."""

    part: str
    """What is left out, as it is written."""
    alone: int | None
    """Papers that answer this part; None where it says only what they are not."""
    rest: str
    """The query that is left; "" where this part cannot be left out."""
    total: int
    """Papers that answer the rest."""


# --- what gains votes --------------------------------------------------------------------------------


class Period(StrEnum):
    """What a chart is of: the papers of the newest list, or what gained votes in the last 7 or 30 days."""

    TODAY = "today"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rise:
    """A paper's place in a chart, and how it came there."""

    paper_id: PaperId
    place: int
    """From 1."""
    gained: int
    """Votes within the period."""
    new: bool = False
    """First listed within the period; in a chart of a list, within the last day."""
    before: int | None = None
    """Its place in the chart of the period before; None where it was in none."""
    lately: int | None = None
    """In a chart of a list: votes gained since the same hour of the day before; None where nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """The papers that gained most votes in a period, or why there are none."""

    period: Period
    query: Query
    begin: datetime
    end: datetime
    papers: tuple[tuple[Rise, Paper], ...]
    """Best first."""
    total: int
    """How many gained votes."""
    at_least: bool = False
    """Papers with few votes were not looked at: some of them may have gained too."""
    compared: bool = False
    """Whether anything is known of the period before."""
    day: date | None = None
    """The newest list that has votes, in Hugging Face's calendar; None where there is none."""
    today: date
    """The day that it is, in the same calendar."""
    expected: date
    """The last day up to it that has a list: Friday, at the weekend."""
    since: date | None = None
    """The first day of which the archive knows; None where it is empty."""
    counted_at: datetime | None = None
    """When votes were last counted."""
    answering: int = 0
    """Papers that answer the query, whatever their votes; counted where none gained any."""
    trouble: str = ""
    """What is wrong with the source of the votes, in words."""


# --- what a channel gets ---------------------------------------------------------------------------


class Floor(StrEnum):
    """How good a topic's papers have to be, by their place among the voted papers of their list's day."""

    ALL = "all"
    NORMAL = "normal"
    SELECTIVE = "selective"
    ELITE = "elite"


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A saved search of a channel."""

    id: TopicId
    channel_id: ChannelId
    text: str
    """The query, as it was asked."""
    floor: Floor = Floor.ALL


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a channel's digest is due, in its own time, and how long it is."""

    post_at: time
    zone: str
    """IANA name."""
    days: frozenset[int]
    """Local weekdays, Monday is 0."""
    size: int = 8
    """Papers in one digest, 1 to 10."""
    late_risers: bool = True
    """Whether a digest opens with what rose after the last one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundUp:
    """When a channel's look back at its week is due, in the channel's own time zone."""

    day: int
    """Local weekday, Monday is 0."""
    post_at: time
    next_due: datetime | None = None
    """None while its channel is paused."""
    last_due: datetime | None = None
    """The last due moment that ended in a verdict."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Whose a channel is: a server's, or one person's (their inbox); one of the two."""

    guild_id: GuildId | None = None
    person: UserId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A Discord channel that gets a digest; or a person's direct messages with the bot that do: their inbox."""

    id: ChannelId
    guild_id: GuildId | None
    """None for an inbox."""
    schedule: Schedule
    next_due: datetime | None
    """None while paused."""
    last_due: datetime | None = None
    """The last due moment that ended in a verdict."""
    paused: str | None = None
    """Why nothing is posted, in words; None while it runs."""
    paused_by: UserId | None = None
    """The person who paused it, where one did and has not asked to be forgotten."""
    created_at: datetime
    round_up: RoundUp | None = None
    """None: it gets none."""
    person: UserId | None = None
    """Whose inbox it is; None for a server's channel."""

    @property
    def owner(self) -> Owner:
        return Owner(guild_id=self.guild_id, person=self.person)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a subscription would bring, before it is confirmed."""

    query: Query
    papers: tuple[Paper, ...]
    total: int
    """Papers of the last seven days that match."""
    capped: bool = False
    """There are more than `total`: counting stopped there."""
    schedule: Schedule | None
    """None where the channel has none yet and no zone was named."""
    first: datetime | None
    paused: str | None = None
    """Why the channel stands still, if it does."""
    paused_by: UserId | None = None
    early_hour: int | None = None
    """Its hour in UTC, where it comes before most of the day's papers are listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A paper in a digest: which topics it answers, and why, in words."""

    paper: Paper
    topics: tuple[str, ...]
    score: float
    reasons: tuple[str, ...]
    summary: str
    """One or two sentences."""
    summary_by: str
    """Who wrote them: "Hugging Face", "abstract", the operator's model (`bot.papers.rewriting.author`), or ""
    where there is no text."""
    gained: int | None = None
    """Votes since yesterday, where that is known."""
    late: bool = False
    """Listed, or risen, after the channel's last digest, on that day or before."""
    held: str = ""
    """By which rule it is left out, in words; "" where it is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """A day's answers to a channel's topics."""

    day: date
    """The reader's day, in the channel's zone."""
    papers: tuple[Match, ...]
    """Late ones first; each part best first."""
    more: tuple[Match, ...]
    """What also matched and was left out, best first; shown on request."""
    beyond: int = 0
    """How many were left out besides, that `more` has no room for."""
    topics: tuple[str, ...]
    source_url: str | None = None
    """The day's list at the source, where it has one for people."""

    @property
    def left(self) -> int:
        """How many were left out."""
        return len(self.more) + self.beyond


class VerdictKind(StrEnum):
    POSTED = "posted"
    NOTHING = "nothing"
    """Papers came, but none for this channel."""
    QUIET = "quiet"
    """No source listed anything: a weekend, a holiday."""
    STALE = "stale"
    """Sources could not be read; what they list meanwhile folds into the next digest."""
    MISSED = "missed"
    """Paperboy was not running; the papers fold into the next digest."""
    PAUSED = "paused"
    FAILED = "failed"
    """Given up; the papers fold into the next digest."""
    WAITING = "waiting"
    """Not over yet: claimed, not known to have arrived, to be tried again."""


class Occasion(StrEnum):
    """What was due. A channel's digest and its round-up may be due at the same moment."""

    DIGEST = "digest"
    WEEKLY = "weekly"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How one due moment of one channel ended, or what it waits for."""

    channel_id: ChannelId
    due_at: datetime
    at: datetime
    kind: VerdictKind
    text: str
    occasion: Occasion = Occasion.DIGEST

    @property
    def told(self) -> str:
        """Its text, where those of digests stand beside it."""
        return f"round-up: {self.text}" if self.occasion is Occasion.WEEKLY else self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a channel's digest would be."""

    digest: Digest
    kind: VerdictKind = VerdictKind.POSTED
    """How its due moment ends."""
    why: str = ""
    """Why there is nothing to post, in words; "" where there is something."""
    note: str = ""
    """What is to be told of the sources beside that, in words."""


# --- how it looks ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """Either an address to open or an id that comes back to us."""

    label: str
    url: str | None = None
    custom_id: str | None = None
    disabled: bool = False
    primary: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """Discord markdown, already escaped."""

    content: str
    button: Button | None = None
    """Beside it."""
    kind: Literal["text"] = "text"


@dataclass(frozen=True, slots=True)
class Line:
    """A dividing line."""

    kind: Literal["line"] = "line"


@dataclass(frozen=True, slots=True)
class Row:
    buttons: tuple[Button, ...]
    kind: Literal["row"] = "row"


@dataclass(frozen=True, slots=True)
class Select:
    """A menu of (value, label) choices."""

    custom_id: str
    placeholder: str
    options: tuple[tuple[str, str], ...]
    kind: Literal["select"] = "select"


Block = Text | Line | Row | Select


@dataclass(frozen=True, slots=True)
class Post:
    """A message as plain data: one framed container of blocks (Discord's Components V2)."""

    blocks: tuple[Block, ...]

    def as_data(self) -> dict[str, object]:
        """JSON-ready; `from_data` gives an equal Post back."""
        return dataclasses.asdict(self)

    @classmethod
    def from_data(cls, data: dict[str, list[dict[str, object]]]) -> Post:
        return cls(tuple(_block(block) for block in data["blocks"]))


def _block(data: dict[str, object]) -> Block:
    fields = {name: value for name, value in data.items() if name != "kind"}
    match data["kind"]:
        case "text":
            beside = fields.pop("button", None)  # posts of older versions have none
            return Text(**fields, button=Button(**beside) if beside else None)  # type: ignore[arg-type]
        case "line":
            return Line()
        case "row":
            return Row(tuple(Button(**button) for button in fields["buttons"]))  # type: ignore[attr-defined]
        case "select":
            options = tuple((value, label) for value, label in fields.pop("options"))  # type: ignore[attr-defined]
            return Select(**fields, options=options)  # type: ignore[arg-type]
    raise ValueError(f"unknown block {data['kind']!r}")


# --- how it gets there -----------------------------------------------------------------------------


class DeliveryKind(StrEnum):
    SCHEDULED = "scheduled"
    EXTRA = "extra"
    """Asked for by hand (`/digest now`); the due time stays."""
    WEEKLY = "weekly"
    """A round-up. Of the papers that it names only those count as shown by it that the channel had not had."""

    @property
    def occasion(self) -> Occasion | None:
        """Whose due moment it answers; None where none asked for it."""
        return _OCCASIONS.get(self)


_OCCASIONS = {DeliveryKind.SCHEDULED: Occasion.DIGEST, DeliveryKind.WEEKLY: Occasion.WEEKLY}


class DeliveryState(StrEnum):
    CLAIMED = "claimed"
    SENT = "sent"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One post on its way to one channel. Its id is also the nonce's only ingredient."""

    id: DeliveryId
    channel_id: ChannelId
    kind: DeliveryKind
    due_at: datetime
    claimed_at: datetime
    state: DeliveryState
    post: Post
    shown: tuple[PaperId, ...] = ()
    """The papers in the post that the channel had not had."""
    more: tuple[PaperId, ...] = ()
    """The papers behind its "n more" button."""
    held: tuple[str, ...] = ()
    """Why each of these is left out, in words; nothing where that is not remembered."""
    beyond: int = 0
    """How many were left out besides, that nobody remembers."""
    attempts: int = 0
    next_try_at: datetime | None = None
    note: str = ""
    """What its verdict adds about the sources, in words."""
    trouble: str | None = None
    """Why the last try failed, in words."""
    message_id: MessageId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A paper in a delivery."""

    due_at: datetime
    kind: DeliveryKind
    state: DeliveryState
    shown: bool
    held: str = ""
    """By which rule it was left out, in words."""
    message_id: MessageId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What became of a paper in a channel, and by which rule."""

    channel: Channel
    paper: Paper
    heat: Heat
    mentions: tuple[Mention, ...] = ()
    """In its deliveries, the newest first."""
    answers: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """(a topic that it answers, why)."""
    misses: tuple[tuple[str, str], ...] = ()
    """(a topic that it does not answer, what it lacks)."""
    coming: bool = False
    """The next digest, as it would be now, shows it."""
    held: str = ""
    """By which rule the next digest, as it would be now, leaves it out, in words."""
    verdict: Verdict | None = None
    """How the channel's first due moment since the paper was listed ended."""


class Publisher(Protocol):
    """The way out to Discord."""

    async def publish(self, channel: ChannelId, post: Post, nonce: str) -> MessageId:
        """Send. Raises ChannelGone, PostRefused or TryLater."""

    async def find(self, delivery: Delivery) -> MessageId | None:
        """Look in the channel for a delivery that may already be there. Raises like `publish`, and CannotLook
        where nobody can tell."""

    async def tell(self, guild: GuildId, channel: ChannelId, sentence: str, to: ChannelId | None) -> bool:
        """Tell whoever can mend it what is wrong with the digest of `channel`: "The digest of #papers ..." goes
        on with `sentence` (plain text). `to` is the server's channel for such words, if it has one.

        Never raises; False where nobody could be reached.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """How far the archive's meaning is known."""

    done: int
    """Papers with a vector of the model in use."""
    papers: int
    """All that there are."""
    trouble: str = ""
    """Why there is no model, in words."""


class LanguageModel(Protocol):
    """The operator's own model, which writes summaries where a source has none."""

    @property
    def name(self) -> str: ...

    def resting(self) -> bool:
        """Whether it is left alone for now, because it failed or asked for a pause."""

    async def __call__(self, instructions: str, text: str) -> str:
        """What it says. Raises CompletionError, while it rests at once and without asking."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewritten:
    """What has come of the operator's model."""

    kept: int
    """Papers with a summary by it."""
    refused: int
    """Papers of which it said what may not be shown."""
    calls: int
    """Today, in UTC."""


# --- what is kept ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """What is stored about a person."""

    inbox: bool = False
    """They have one, with these:"""
    topics: int = 0
    papers: int = 0
    """That it was shown."""
    paused: int = 0
    """Channels of servers of which it is known that they paused them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """How many rows of each kind were too old."""

    verdicts: int = 0
    posts: int = 0
    """Stored messages that were emptied; their deliveries stay."""
    more: int = 0
    """Papers behind "n more" buttons."""
    observations: int = 0
    searches: int = 0
    looks: int = 0
    """Addresses that somebody thought of adding."""
    questions: int = 0
    """What Hugging Face's search was asked."""
    channels: int = 0
    guilds: int = 0
    """Servers without the bot; the channels above are theirs."""
    inboxes: int = 0
    """That nobody waits for any more."""
    papers: int = 0
    """Of feeds that servers added: of those that none has any more, and the oldest of the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """What a copy of the database holds."""

    size: int
    """Bytes."""
    papers: int
    channels: int


# --- what moves to another machine -------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was written into a folder."""

    records: Mapping[str, int]
    """By file."""
    size: int
    """Bytes."""
    without_credentials: int
    """Feeds whose addresses had some: they were left out."""
    on_their_way: int
    """Deliveries that nobody knows yet to have arrived."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of the records that came in. What was here already, and learnt nothing, is in no number."""

    papers: int = 0
    enriched: int = 0
    """Papers that were here and learnt something."""
    channels: int = 0
    known_channels: int = 0
    """Those that were here already."""
    topics: int = 0
    topics_left_out: int = 0
    """Of channels that have as many as they may."""
    deliveries: int = 0
    left_out: int = 0
    """Mentions of papers and channels that are in no record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an export brought."""

    taken: Taken
    sources: tuple[str, ...]
    """The operator's feeds, as PAPERBOY_SOURCES names them."""
    incomplete: int
    """Feeds among them whose credentials are missing."""
