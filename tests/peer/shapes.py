"""Discord's objects as JSON, with the keys that discord.py cannot do without."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any

Json = dict[str, Any]

BOT, OWNER, GUILD = 123456789012345678, 42, 7
VIEW, SEND, HISTORY = 1 << 10, 1 << 11, 1 << 16
"""Permission bits."""
_ALL = (1 << 50) - 1 - (1 << 3)  # without Administrator, which no channel can take away
_EPOCH = 1420070400000
_COMPONENTS_V2 = 1 << 15


UNREADABLE: Json = {"guild_id": str(GUILD), "id": "5", "type": 0}
"""A CHANNEL_CREATE without a name, which discord.py cannot do without."""


@dataclass
class TextChannel:
    id: int
    denied: int = 0
    """Permission bits that everybody lacks here."""
    messages: list[Json] = field(default_factory=list)
    """Oldest first."""

    def as_json(self) -> Json:
        overwrite = {"id": str(GUILD), "type": 0, "allow": "0", "deny": str(self.denied)}
        return {
            "id": str(self.id),
            "type": 0,
            "name": f"papers-{self.id}",
            "position": self.id,
            "permission_overwrites": [overwrite] if self.denied else [],
        }


def user(number: int) -> Json:
    name = {BOT: "Paperboy", OWNER: "owner"}.get(number, f"user{number}")
    return {
        "id": str(number),
        "username": name,
        "discriminator": "0",
        "global_name": name,
        "avatar": None,
        "bot": number == BOT,
    }


def application() -> Json:
    return {
        "id": str(BOT),
        "name": "Paperboy",
        "icon": None,
        "description": "",
        "bot_public": True,
        "bot_require_code_grant": False,
        "verify_key": "00",
        "flags": 0,
        "owner": user(OWNER),
    }


def guild(channels: Iterable[TextChannel], joined: datetime) -> Json:
    """What GUILD_CREATE carries."""
    everyone = {"id": str(GUILD), "name": "@everyone", "permissions": str(_ALL), "position": 0}
    return {
        "id": str(GUILD),
        "name": "Lab",
        "owner_id": str(OWNER),
        "member_count": 2,
        "joined_at": joined.isoformat(),
        "large": False,
        "unavailable": False,
        "roles": [everyone],
        "channels": [channel.as_json() for channel in channels],
        "members": [{"user": user(BOT), "roles": [], "joined_at": joined.isoformat(), "flags": 0}],
        "verification_level": 0,
        "default_message_notifications": 0,
        "explicit_content_filter": 0,
        "mfa_level": 0,
        "nsfw_level": 0,
        "premium_tier": 0,
        "preferred_locale": "en-US",
        "system_channel_id": None,
        "system_channel_flags": 0,
        "afk_timeout": 300,
        "features": [],
        "emojis": [],
        "stickers": [],
        "threads": [],
        "voice_states": [],
        "presences": [],
    }


def message(number: int, channel: int, body: Json, at: datetime) -> Json:
    """The bot's message, its components numbered as Discord does."""
    return {
        "id": str(number),
        "channel_id": str(channel),
        "type": 0,
        "author": user(BOT),
        "content": body.get("content") or "",
        "timestamp": at.isoformat(),
        "edited_timestamp": None,
        "tts": False,
        "mention_everyone": False,
        "mentions": [],
        "mention_roles": [],
        "attachments": [],
        "embeds": body.get("embeds") or [],
        "pinned": False,
        "flags": body.get("flags", 0),
        "components": _numbered(body.get("components") or [], count(1)),
    }


def is_empty(body: Json) -> bool:
    """Whether Discord would refuse it for having nothing to show."""
    return not any(body.get(name) for name in ("content", "embeds", "components", "sticker_ids", "poll"))


def mixes_content_and_components(body: Json) -> bool:
    return bool(body.get("flags", 0) & _COMPONENTS_V2 and (body.get("content") or body.get("embeds")))


def _numbered(components: Iterable[Json], numbers: Iterator[int]) -> list[Json]:
    """With ids, parents before children; what is custom stays."""
    found = []
    for component in components:
        numbered = {"id": component.get("id") or next(numbers), **component}
        if "components" in component:
            numbered["components"] = _numbered(component["components"], numbers)
        if "accessory" in component:
            (numbered["accessory"],) = _numbered([component["accessory"]], numbers)
        found.append(numbered)
    return found


def snowflake(at: datetime, number: int = 0) -> int:
    """An id as of that millisecond."""
    return (int(at.timestamp() * 1000) - _EPOCH << 22) + number % (1 << 22)


def custom_ids(components: Iterable[Json]) -> Iterator[str]:
    for component in components:
        if "custom_id" in component:
            yield component["custom_id"]
        yield from custom_ids(component.get("components", ()))
