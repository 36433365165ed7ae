"""The Publisher, and Discord's errors as ours.

Owns: sending with a nonce, looking whether a delivery is there, and the pace of all that the bot asks unasked.
Refuses: wording and limits (the Post's), retries (the pipeline's).
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Iterator
from datetime import timedelta
from time import monotonic
from typing import Any, TypeVar

import aiohttp  # only for the errors that discord.py lets through
import discord

from bot.digest.markup import escape, link
from bot.errors import CannotLook, ChannelGone, DeliveryError, PostRefused, TryLater
from bot.models import ChannelId, Delivery, GuildId, MessageId, Post
from cogs._layout import layout

log = logging.getLogger(__name__)

NEEDED = discord.Permissions(view_channel=True, send_messages=True, read_message_history=True)
"""What posting takes; reading back the own posts is how a digest is never sent twice."""

Answer = TypeVar("Answer")
_SILENT = discord.AllowedMentions.none()
_LOOK_BACK, _PAGE = 2_000, 100
"""Messages read, newest first, when looking for a delivery; and how many come in one answer."""
_REMEMBERED = 10_000
"""Posts whose number is known without looking."""
_PER_SECOND, _GAP = 48, 1 / 56
"""Requests in any second, and seconds between two. Discord takes 50 a second from a bot, counted over everything
but answers to commands; two are left to what travels faster than the one before."""
_PATIENCE = 45.0
"""Seconds until an answer counts as not coming; longer than discord.py waits by itself for a rate limit."""
_SILENCES = 3
"""So many in a row are an outage."""
_REFUSED, _BARRED = 300.0, 60.0
"""Seconds without asking, after a refused token, and after the shield said 429 without saying how long."""


class DiscordPublisher:
    """The Publisher over whichever client is connected at the time.

    Every request that it makes keeps to an even pace below Discord's limit, and none is ever cancelled: a
    post whose answer does not come stays in hand, so that it is never sent beside itself. (Cancelling would
    also harm discord.py 2.7.1, which forgets to lift a global rate limit whose waiting was cancelled.)
    """

    def __init__(self, client: Callable[[], discord.Client | None]) -> None:
        self._client = client
        self._in_hand: dict[str, asyncio.Task[MessageId]] = {}
        self._arrived: dict[str, MessageId] = {}
        """The last posts: the database may not have taken what Discord did."""
        self._begun: set[asyncio.Task[Any]] = set()
        self._turn = asyncio.Lock()
        self._sent: deque[float] = deque(maxlen=_PER_SECOND)
        self._held: tuple[float, str] = (0.0, "")
        self._unanswered = 0

    async def publish(self, channel: ChannelId, post: Post, nonce: str) -> MessageId:
        """Raises ChannelGone, PostRefused, TryLater. Discord drops a second post with the same nonce
        within a few minutes."""
        sending = self._in_hand.get(nonce)
        if sending is None:
            self._connected(channel)
            sending = self._in_hand[nonce] = self._begin(self._post(channel, post, nonce))
            sending.add_done_callback(lambda _: self._in_hand.pop(nonce))
        return await self._patiently(channel, sending)

    async def find(self, delivery: Delivery) -> MessageId | None:
        """The message of a delivery: known by its number, or recognised by the delivery's id in the message's
        button, which readers cannot see and no text can forge.

        Raises CannotLook where the history may not be read or is too long, else like `publish`.
        """
        if message := self._arrived.get(delivery.id):
            return message
        if sending := self._in_hand.get(delivery.id):
            return await self._patiently(delivery.channel_id, sending)
        self._connected(delivery.channel_id)
        return await self._patiently(delivery.channel_id, self._begin(self._look(delivery)))

    async def _post(self, channel: ChannelId, post: Post, nonce: str) -> MessageId:
        view = layout(post)
        await self._slot()
        place = self._connected(channel).get_partial_messageable(channel)
        message = MessageId((await place.send(view=view, nonce=nonce, allowed_mentions=_SILENT)).id)
        self._arrived[nonce] = message
        if len(self._arrived) > _REMEMBERED:
            del self._arrived[next(iter(self._arrived))]
        return message

    async def _look(self, delivery: Delivery) -> MessageId | None:
        await self._slot()
        client = self._connected(delivery.channel_id)
        known = client.get_channel(delivery.channel_id)
        if isinstance(known, discord.abc.GuildChannel) and not known.permissions_for(known.guild.me).is_superset(
            discord.Permissions(read_message_history=True)
        ):
            # Discord answers an empty list then, which says nothing.
            raise CannotLook(
                delivery.channel_id, "I may not read the channel: allow me Read Message History there"
            )
        # A day's room for a host whose clock was ahead.
        since = delivery.claimed_at - timedelta(days=1)
        place, seen = client.get_partial_messageable(delivery.channel_id), 0
        async for message in place.history(limit=_LOOK_BACK):
            if message.created_at < since:
                return None
            if client.user and message.author.id == client.user.id and _carries(message, delivery.id):
                return MessageId(message.id)
            seen += 1
            if seen % _PAGE == 0:
                await self._slot()
        if seen == _LOOK_BACK:
            raise CannotLook(delivery.channel_id, f"{seen:,} messages came after it, and I read no further")
        return None

    async def _patiently(self, channel: ChannelId, request: asyncio.Task[Answer]) -> Answer:
        """The answer, if it comes in time; the request itself goes on."""
        await asyncio.wait({request}, timeout=_PATIENCE)
        if not request.done():
            self._unanswered += 1
            if self._unanswered >= _SILENCES:
                self._hold(_PATIENCE, "Discord does not answer in time")
            raise TryLater(channel, "Discord does not answer in time")
        self._unanswered = 0
        try:
            return request.result()
        except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError) as error:
            worse = worded(channel, error)
            match error:
                case discord.HTTPException(status=401):
                    self._hold(_REFUSED, str(worse))
                case discord.HTTPException(status=429):
                    # discord.py handles Discord's own; this one is the shield before it, which bars an address
                    # that goes on asking.
                    pause = _seconds(error.response.headers.get("Retry-After"))
                    self._hold(pause, str(worse))
                    worse = TryLater(channel, str(worse), after=pause)
            raise worse from error
        except RuntimeError as error:
            if "closed" not in str(error):
                raise
            # aiohttp's word for a client that was replaced meanwhile.
            raise TryLater(channel, "not connected to Discord") from error

    async def _slot(self) -> None:
        """Wait for the next place in the row of requests. What a busy moment delayed is made up for within the
        second, but never in a burst."""
        async with self._turn:
            ready = self._sent[-1] + _GAP if self._sent else 0.0
            if len(self._sent) == _PER_SECOND:
                ready = max(ready, self._sent[0] + 1.0)
            await asyncio.sleep(ready - monotonic())
            self._sent.append(monotonic())

    def _hold(self, pause: float, reason: str) -> None:
        """Ask Discord nothing for so many seconds: each further answer would be the same, and count."""
        self._held = max(self._held, (monotonic() + pause, reason))

    async def tell(self, guild: GuildId, channel: ChannelId, sentence: str, to: ChannelId | None) -> bool:
        """To the channel `to`, else a direct message to the server's owner, else a word in its system channel;
        whether one of them took it in time. Never raises."""
        telling = self._begin(self._tell(guild, channel, sentence, to))
        await asyncio.wait({telling}, timeout=_PATIENCE)
        told = telling.done() and telling.result()
        if not told:
            log.warning("channel %s %s; nobody could be told", channel, sentence)
        return told

    async def _tell(self, guild: GuildId, channel: ChannelId, sentence: str, to: ChannelId | None) -> bool:
        for way in ("alerts", "owner", "system channel"):
            await self._slot()
            try:
                client = self._connected(channel)
                server = client.get_guild(guild)
                if server is None:
                    return False
                place: discord.abc.Messageable | None = server.system_channel
                if way == "alerts":
                    place = client.get_partial_messageable(to) if to else None
                elif way == "owner":
                    place = await client.fetch_user(server.owner_id) if server.owner_id else None
                if place:
                    known, named = client.get_channel(channel), f"<#{channel}>"
                    if way == "owner" and isinstance(known, discord.abc.GuildChannel):
                        # Outside of its server a mention may show as a number.
                        named = link(f"#{known.name}", known.jump_url)
                    text = f"The digest of {named} in **{escape(server.name)}** {escape(sentence)}."
                    await place.send(text, allowed_mentions=_SILENT)
                    return True
            except Exception as error:  # a word to somebody is never worth a digest
                log.info("channel %s: %s could not be told: %s", channel, way, error)
        return False

    def _begin(self, asking: Coroutine[Any, Any, Answer]) -> asyncio.Task[Answer]:
        """A request that goes on by itself, whoever stops waiting for it."""
        request = asyncio.create_task(asking)
        self._begun.add(request)
        request.add_done_callback(self._begun.discard)
        request.add_done_callback(_retrieve)
        return request

    def _connected(self, channel: ChannelId) -> discord.Client:
        until, reason = self._held
        left = until - monotonic()
        if left > 0:
            raise TryLater(channel, reason, after=left)
        client = self._client()
        if client is None:
            raise TryLater(channel, "not connected to Discord")
        return client


def _retrieve(request: asyncio.Task[Any]) -> None:
    """An error that nobody waits for any more: the next look finds what came of it."""
    if not request.cancelled():
        request.exception()


def _seconds(text: str | None) -> float:
    """A Retry-After header."""
    return min(float(text), 3600.0) if text and text.isdecimal() else _BARRED


def _carries(message: discord.Message, delivery: str) -> bool:
    return any(delivery in (getattr(part, "custom_id", None) or "") for part in _parts(message.components))


def _parts(components: Iterable[object]) -> Iterator[object]:
    for component in components:
        yield component
        yield from _parts(getattr(component, "children", ()))


def worded(channel: int, error: Exception) -> DeliveryError:
    """Discord's refusals in an admin's words (plain text), with what to do.

    Only Discord's own codes are final: a bare 403 or 404 may come from something in between. Codes: 10003
    unknown channel, 10004 unknown server, 50001 missing access, 50007 closed direct messages, 50013 missing
    permissions, 50278 direct messages without a server in common.
    """
    match error:
        case discord.NotFound(code=10003 | 10004):
            return ChannelGone(channel, "the channel was deleted, or I was removed from the server")
        case discord.Forbidden(code=50013):
            return PostRefused(
                channel, "I may not post there. Allow me Send Messages in that channel, then use /digest resume"
            )
        case discord.Forbidden(code=50001):
            return PostRefused(
                channel,
                "I cannot see the channel. Allow me View Channel and Send Messages there, then use /digest resume",
            )
        case discord.Forbidden(code=50007 | 50278):
            return PostRefused(
                channel,
                "I may not write to you. Allow direct messages from a server that we share, then use "
                "/digest resume here",
            )
        case discord.HTTPException(status=400):
            return PostRefused(channel, f"Discord rejects the post ({error.text[:200]}). Please report this")
        case discord.HTTPException(status=401):
            return TryLater(channel, "Discord refuses the token; the operator has to renew it")
        case discord.RateLimited():
            return TryLater(channel, "Discord asks for a pause", after=error.retry_after)
        case discord.HTTPException():
            return TryLater(channel, f"Discord answers {error.status}")
        case TimeoutError():
            return TryLater(channel, "Discord does not answer in time")
        case _:
            return TryLater(channel, f"the connection to Discord failed ({type(error).__name__})")
