"""What a test sees of the simulated Discord: people, channels, and messages as text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import discord
import simcord

from bot.models import ChannelId
from bot.pipeline import deliver
from cogs._client import Paperboy


@dataclass
class Scene:
    """`admin` may manage the server, `member` may not;"""

    env: simcord.Env
    bot: Paperboy
    guild: simcord.GuildHandle
    papers: simcord.ChannelHandle
    other: simcord.ChannelHandle
    admin: simcord.MemberActor
    member: simcord.MemberActor
    faults_expected: bool = False

    async def wait(self, delta: timedelta) -> None:
        """Let time pass, for the bot and for Discord."""
        await self.env.advance_time(delta.total_seconds())

    async def tick(self) -> int:
        """What the scheduler would do."""
        handled = await deliver.deliver_due(self.bot.db, self.bot.publisher, now=self.bot.clock())
        await self.env.settle()
        return handled

    async def subscribe(self, query: str, zone: str = "UTC") -> None:
        """As an admin does it: preview, then confirm."""
        offered = await self.admin.slash(self.papers, "subscribe", query=query, zone=zone)
        await self.admin.click(shown(offered), label="Confirm")

    @property
    def channel_id(self) -> ChannelId:
        return ChannelId(self.papers.id)


def shown(result: simcord.InteractionResult) -> discord.Message:
    """The message that an interaction brought: the follow-up to a deferred answer."""
    answer = result.followups[-1] if result.followups else result.response
    assert answer is not None
    return answer.message


def parts(message: discord.Message) -> list[dict[str, Any]]:
    """Every component of a message, flat."""
    found: list[dict[str, Any]] = []

    def walk(items: list[Any]) -> None:
        for item in items:
            data = item.to_dict() if hasattr(item, "to_dict") else item
            found.append(data)
            walk(data.get("components", []))
            walk([data["accessory"]] if "accessory" in data else [])

    walk(message.components)
    return found


def text(message: discord.Message) -> str:
    """All that a reader sees, escapes taken back."""
    content = "\n".join(part["content"] for part in parts(message) if "content" in part)
    return re.sub(r"\\([^\w\s])", r"\1", content)


def buttons(message: discord.Message) -> dict[str, dict[str, Any]]:
    """Label -> button."""
    return {part["label"]: part for part in parts(message) if part.get("type") == 2}
