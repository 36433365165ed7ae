"""Posts into components, Discord's errors into ours, and the Publisher.

Owns: the one-to-one rendering of a Post, sending with a nonce, and looking whether a delivery is there.
Refuses: wording and limits (the Post's), retries (the pipeline's).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta

import aiohttp  # only for the errors that discord.py lets through
import discord
from discord import ui

from bot.digest.markup import escape
from bot.errors import ChannelGone, DeliveryError, PostRefused, TryLater
from bot.models import ChannelId, Delivery, GuildId, Line, MessageId, Post, Row, Select, Text

log = logging.getLogger(__name__)

ACCENT = discord.Colour(0xC2410C)
NEEDED = discord.Permissions(view_channel=True, send_messages=True, read_message_history=True)
"""What posting takes; reading back the own posts is how a digest is never sent twice."""

_SILENT = discord.AllowedMentions.none()
_LOOK_BACK = 500
"""Messages read, newest first, when looking for a delivery."""


def layout(post: Post) -> ui.LayoutView:
    """The post as discord.py's components. Its buttons answer through `cogs._client.Action`, also after a
    restart, so the view itself need not be kept."""
    frame: ui.Container[ui.LayoutView] = ui.Container(accent_colour=ACCENT)
    for block in post.blocks:
        match block:
            case Text(content):
                frame.add_item(ui.TextDisplay(content))
            case Line():
                frame.add_item(ui.Separator())
            case Row(buttons):
                row: ui.ActionRow[ui.LayoutView] = ui.ActionRow()
                for button in buttons:
                    style = discord.ButtonStyle.primary if button.primary else discord.ButtonStyle.secondary
                    row.add_item(
                        ui.Button(
                            label=button.label,
                            url=button.url,
                            custom_id=button.custom_id,
                            disabled=button.disabled,
                            style=discord.ButtonStyle.link if button.url else style,
                        )
                    )
                frame.add_item(row)
            case Select(custom_id, placeholder, options):
                menu: ui.Select[ui.LayoutView] = ui.Select(
                    custom_id=custom_id,
                    placeholder=placeholder,
                    options=[discord.SelectOption(value=value, label=label) for value, label in options],
                )
                frame.add_item(ui.ActionRow(menu))
    view = ui.LayoutView(timeout=None)
    view.add_item(frame)
    view.stop()
    return view


class DiscordPublisher:
    """The Publisher over whichever client is connected at the time."""

    def __init__(self, client: Callable[[], discord.Client | None]) -> None:
        self._client = client

    async def publish(self, channel: ChannelId, post: Post, nonce: str) -> MessageId:
        """Raises ChannelGone, PostRefused, TryLater. Discord drops a second post with the same nonce
        within a few minutes."""
        try:
            place = self._connected(channel).get_partial_messageable(channel)
            message = await place.send(view=layout(post), nonce=nonce, allowed_mentions=_SILENT)
        except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError) as error:
            raise worded(channel, error) from error
        return MessageId(message.id)

    async def find(self, delivery: Delivery) -> MessageId | None:
        """The message of a delivery, recognised by its id in the message's button: readers cannot see it,
        and no text can forge it.

        None too where the history may not be read: then a post whose arrival is unknown is posted again.
        Raises like `publish`.
        """
        if delivery.message_id is not None:
            return delivery.message_id
        client = self._connected(delivery.channel_id)
        known = client.get_channel(delivery.channel_id)
        if isinstance(known, discord.abc.GuildChannel) and not known.permissions_for(known.guild.me).is_superset(
            discord.Permissions(read_message_history=True)
        ):
            # Discord answers an empty list then, which says nothing.
            log.warning("channel %s: no permission to read the history; not looking", delivery.channel_id)
            return None
        place = client.get_partial_messageable(delivery.channel_id)
        # An hour's room for a host whose clock is ahead of Discord's.
        since = delivery.claimed_at - timedelta(hours=1)
        try:
            async for message in place.history(limit=_LOOK_BACK, after=since, oldest_first=False):
                if client.user and message.author.id == client.user.id and _carries(message, delivery.id):
                    return MessageId(message.id)
        except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError) as error:
            raise worded(delivery.channel_id, error) from error
        return None

    async def tell(self, guild: GuildId, channel: ChannelId, sentence: str, to: ChannelId | None) -> bool:
        """To the channel `to`, else a direct message to the server's owner, else a word in its system channel;
        whether one of them took it. Never raises."""
        client = self._client()
        server = client.get_guild(guild) if client else None
        if client is None or server is None:
            return False
        text = f"The digest of <#{channel}> in {escape(server.name)} {escape(sentence)}"

        async def place(way: str) -> discord.abc.Messageable | None:
            if way == "alerts":
                return client.get_partial_messageable(to) if to else None
            if way == "owner":
                return await client.fetch_user(server.owner_id) if server.owner_id else None
            return server.system_channel

        for way in ("alerts", "owner", "system channel"):
            try:
                if found := await place(way):
                    await found.send(text, allowed_mentions=_SILENT)
                    return True
            except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError) as error:
                log.info("channel %s: %s could not be told: %s", channel, way, error)
        log.warning("channel %s %s; nobody could be told", channel, sentence)
        return False

    def _connected(self, channel: ChannelId) -> discord.Client:
        client = self._client()
        if client is None:
            raise TryLater(channel, "not connected to Discord")
        return client


def _carries(message: discord.Message, delivery: str) -> bool:
    return any(delivery in (getattr(part, "custom_id", None) or "") for part in _parts(message.components))


def _parts(components: Iterable[object]) -> Iterator[object]:
    for component in components:
        yield component
        yield from _parts(getattr(component, "children", ()))


def worded(channel: int, error: Exception) -> DeliveryError:
    """Discord's refusals in an admin's words (plain text), with what to do.

    Only Discord's own codes are final: a bare 403 or 404 may come from something in between. Codes: 10003
    unknown channel, 10004 unknown server, 50001 missing access, 50013 missing permissions.
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
        case discord.HTTPException(status=400):
            return PostRefused(channel, f"Discord rejects the post ({error.text[:200]}). Please report this")
        case discord.HTTPException(status=401):
            return TryLater(channel, "Discord refuses the token; the operator has to renew it")
        case discord.HTTPException():
            return TryLater(channel, f"Discord answers {error.status}")
        case TimeoutError():
            return TryLater(channel, "Discord does not answer in time")
        case _:
            return TryLater(channel, f"the connection to Discord failed ({type(error).__name__})")
