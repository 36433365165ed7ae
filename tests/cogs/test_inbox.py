"""A personal inbox: commands and buttons in direct messages with the bot, and who may reach whose."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import discord
import pytest
import simcord
from discord.app_commands import AppCommandContext
from simcord.actors import _dispatch_actor_interaction
from simcord.enums import InteractionType

from bot.errors import UserError
from bot.models import Button, Channel, ChannelId, GuildId, Owner, Post, Row, Select, Text, Topic, UserId
from cogs._client import Interaction
from cogs._place import owner_of, require_manager
from storage import channels, people, verdicts
from tests.cogs.scene import Scene, buttons, parts, shown, text
from tests.making import entry, rows, store

DAY = timedelta(days=1)
ANYWHERE = {"search", "trending", "paper", "status", "help", "forget", "subscribe", "subscriptions"}
GROUPS = {
    *(f"digest {name}" for name in ("schedule", "preview", "now", "pause", "resume")),
    *(f"weekly {name}" for name in ("on", "off", "preview")),
}


@dataclass
class Person:
    """Somebody, in their direct messages with the bot. They are in the server too, and may not manage it."""

    scene: Scene
    handle: simcord.UserHandle
    member: simcord.MemberActor

    @property
    def owner(self) -> Owner:
        return Owner(person=UserId(self.handle.id))

    @property
    def channel(self) -> ChannelId:
        return ChannelId(self.handle.dm_channel.id)

    async def slash(self, name: str, **options: Any) -> discord.Message:
        return shown(await self.handle.slash(name, **options))

    async def ask(self, name: str, **options: Any) -> str:
        return text(await self.slash(name, **options)).replace("**", "")

    async def subscribe(self, query: str) -> None:
        offered = await self.slash("subscribe", query=query, zone="UTC")
        await self.handle.click(offered, label="Confirm")

    async def press(self, custom_id: str, *, value: str | None = None) -> str:
        """What a button or menu of this id answers, as if an old message had it."""
        message = await plant(self.scene, self.channel, custom_id, value)
        if value is None:
            return text(shown(await self.handle.click(message, custom_id=custom_id)))
        return text(shown(await self.handle.select(message, [value], custom_id=custom_id)))

    async def inbox(self) -> Channel:
        (found,) = await channels.of(self.scene.bot.db, self.owner)
        return found

    async def topics(self) -> tuple[Topic, ...]:
        return await channels.topics(self.scene.bot.db, self.channel)


def person(scene: Scene, name: str) -> Person:
    handle = scene.env.create_user(name)
    return Person(scene, handle, scene.guild.add_member(handle))


async def plant(scene: Scene, channel: int, custom_id: str, value: str | None = None) -> discord.Message:
    """A message of the bot's with a button, or a menu of one value, of this id."""
    button = Row((Button(label="x", custom_id=custom_id),))
    menu = Select(custom_id, "x", ((value or "", "x"),))
    post = Post((Text("x"), button if value is None else menu))
    number = await scene.bot.publisher.publish(ChannelId(channel), post, f"{custom_id[-20:]}{value}"[:25])
    await scene.env.settle()
    place = simcord.ChannelHandle(scene.env, None, scene.env.backend.get_channel(channel))
    return next(message for message in place.history() if message.id == number)


@pytest.fixture
def eve(scene: Scene) -> Person:
    return person(scene, "eve")


# --- a person's own digest ----------------------------------------------------------------------------


async def test_what_makes_sense_in_a_direct_message_works_there(eve: Person) -> None:
    assert set(eve.handle.available_commands()) == ANYWHERE | GROUPS
    contexts = {command["name"]: command["contexts"] for command in eve.scene.env.backend.commands[None].values()}
    assert contexts.pop("feeds") == contexts.pop("alerts") == [0]
    # In servers and in direct messages with the bot; never in a conversation of others.
    assert set(map(tuple, contexts.values())) == {(0, 1)}


async def test_a_person_is_asked_for_their_zone_confirms_and_gets_a_digest(eve: Person) -> None:
    offered = await eve.slash("subscribe", query="trending")
    assert "Subscribe your inbox to `trending`?" in text(offered)
    assert "In which time zone do you live?" in text(offered)
    (menu,) = (part for part in parts(offered) if part["type"] == 3)
    await eve.handle.select(offered, custom_id=menu["custom_id"], values=["Europe/Berlin"])
    confirmed = await eve.handle.click(offered, label="Confirm")
    assert "✓ Your inbox follows `trending`." in text(shown(confirmed))
    found = await eve.inbox()
    assert (found.id, found.owner, found.schedule.zone) == (eve.channel, eve.owner, "Europe/Berlin")

    await eve.scene.wait(DAY)
    assert await eve.scene.tick() == 1
    assert await eve.scene.tick() == 0
    (message,) = eve.handle.dm_channel.history()
    assert "## Wednesday 1 April" in text(message)
    assert message.flags.components_v2
    (verdict,) = await verdicts.latest(eve.scene.bot.db, eve.channel)
    assert verdict.text.startswith("posted ")
    (label,) = (label for label in buttons(message) if label.endswith(" more"))
    more = shown(await eve.handle.click(message, label=label))
    assert text(more).count("https://arxiv.org/abs/") == int(label.split()[0])
    assert eve.scene.papers.history() == []


async def test_every_answer_reads_right_in_a_direct_message(eve: Person) -> None:
    """Nothing speaks of a channel or a server that is none, or mentions what Discord cannot show."""
    answers = [await eve.ask(name) for name in ("subscriptions", "status", "digest now", "weekly off", "forget")]
    assert "Your inbox follows nothing yet" in answers[0]
    assert "You have no digest of your own yet: `/subscribe` begins." in answers[1]
    assert answers[2] == "Your inbox has no topic yet: `/subscribe` gives it one."
    answers.append(await eve.ask("subscribe", query="agent", zone="UTC"))
    await eve.subscribe("agent")
    for name, options, expected in (
        ("subscribe", {"query": "agent", "zone": "UTC"}, "Subscribe your inbox to"),
        ("subscriptions", {}, "Your inbox Mon–Fri 13:00 (UTC)"),
        ("digest schedule", {"time": "14:00"}, "Your inbox: One digest Mon–Fri at 14:00 (UTC)"),
        ("digest preview", {}, "Tuesday 31 March"),
        ("digest now", {}, "Posted 8 papers to your inbox"),
        ("digest now", {}, "There was one just now"),
        ("digest pause", {}, "Your inbox is paused."),
        ("digest pause", {}, f"Your inbox is already paused by <@{eve.handle.id}>"),
        ("digest now", {}, "Your inbox is paused."),
        ("status", {}, "Your inbox Mon–Fri 14:00 (UTC)"),
        ("digest resume", {}, "Your inbox runs again"),
        ("weekly on", {"day": "Friday", "time": "17:00"}, "Your inbox: a round-up every Friday"),
        ("weekly preview", {}, "The week to Tuesday 31 March"),
        ("weekly off", {}, "Your inbox gets no round-up any more"),
        ("help", {}, "Here, in a direct message, `/subscribe` gives you a digest of your own."),
        ("search", {"query": "diffusion"}, "12 papers for `diffusion`"),
        ("trending", {"period": "week"}, "Trending this week"),
        ("paper", {"id": "2603.28589"}, "Towards a Medical AI Scientist"),
    ):
        answers.append(await eve.ask(name, **options))
        assert expected in answers[-1], name
    for answer in answers:
        for wrong in ("<#", "this server", "this channel", "This channel", "/feeds", "/alerts", "No channel"):
            assert wrong not in answer


async def test_topics_of_an_inbox_are_changed_and_removed(eve: Person) -> None:
    await eve.subscribe("agent")
    await eve.subscribe("robot")
    listed = await eve.slash("subscriptions")
    (menu,) = (part for part in parts(listed) if part["type"] == 3)
    assert [option["label"] for option in menu["options"]] == ["agent", "robot"]
    agent, robot = (option["value"] for option in menu["options"])
    chosen = await eve.handle.select(listed, custom_id=menu["custom_id"], values=[agent])
    assert "Your inbox follows `agent`." in text(shown(chosen))
    form = await eve.handle.click(listed, label="Change")
    assert form.modal is not None
    query, floor = (label["component"]["custom_id"] for label in form.modal["components"])
    await eve.handle.submit_modal(form, {query: "agents -survey", floor: ["elite"]})
    assert {topic.text for topic in await eve.topics()} == {"agents -survey", "robot"}
    await eve.handle.select(listed, custom_id=menu["custom_id"], values=[robot])
    await eve.handle.click(listed, label="Remove")
    assert [topic.text for topic in await eve.topics()] == ["agents -survey"]


async def test_subscribe_to_this_search_subscribes_the_inbox(eve: Person) -> None:
    found = await eve.slash("search", query="diffusion")
    offered = shown(await eve.handle.click(found, label="Subscribe to this search"))
    assert "Subscribe your inbox to `diffusion`?" in text(offered)


async def test_old_buttons_and_menus_work_after_a_restart(eve: Person) -> None:
    """The new client has never seen the direct messages."""
    scene = eve.scene
    offered = await eve.slash("subscribe", query="agent")
    again = type(scene.bot)(db=scene.bot.db, clock=scene.bot.clock, feeds=scene.bot.feeds, inboxes=10)
    await scene.env.restart_bot(again)
    scene.bot = again
    (menu,) = (part for part in parts(offered) if part["type"] == 3)
    await eve.handle.select(offered, custom_id=menu["custom_id"], values=["UTC"])
    await eve.handle.click(offered, label="Confirm")
    assert [topic.text for topic in await eve.topics()] == ["agent"]
    await scene.wait(DAY)
    await scene.tick()
    assert len(eve.handle.dm_channel.history()) == 1
    assert "Your inbox runs already" not in await eve.ask("digest pause")


async def test_what_a_card_says_of_a_paper_in_an_inbox(eve: Person) -> None:
    await eve.subscribe("agent")
    await eve.ask("digest now")
    card = await eve.slash("paper", id="2603.28589")
    why = text(shown(await eve.handle.click(card, label="Why?")))
    assert f"https://discord.com/channels/@me/{eve.channel}/" in why
    assert "The topics that are followed here" in why


# --- closed direct messages ---------------------------------------------------------------------------


@pytest.mark.parametrize("code", [50007, 50278])
async def test_closed_direct_messages_pause_it_with_a_reason(eve: Person, code: int) -> None:
    scene = eve.scene
    await eve.subscribe("agent")
    await scene.subscribe("agent")
    await scene.admin.slash(scene.papers, "alerts", channel=scene.other)
    scene.faults_expected = True  # /digest now tells of the closed door
    path = f"/channels/{eve.channel}/messages"
    scene.env.inject_error("POST", path, status=403, code=code, times=2)
    await scene.wait(DAY)
    assert await scene.tick() == 2
    why = "paused: I may not write to you. Allow direct messages from a server that we share, then"
    assert f"{why} use /digest resume here" in await eve.ask("status")
    assert "paused: I may not write to you\n" in await eve.ask("subscriptions"), "in short"
    assert len(scene.papers.history()) == 1
    assert scene.other.history() == []
    assert scene.guild.owner.dm_channel.history() == []

    assert "Your inbox runs again" in await eve.ask("digest resume")
    # Still closed: the one who asks is told so.
    assert "That did not work: I may not write to you." in await eve.ask("digest now")
    assert "Your inbox runs again" in await eve.ask("digest resume")
    await scene.wait(DAY)
    await scene.tick()
    (message,) = eve.handle.dm_channel.history()
    assert "Towards a Medical AI Scientist" in text(message)


# --- how many may have one ----------------------------------------------------------------------------


async def test_no_more_people_than_the_operator_allows(scene: Scene, eve: Person) -> None:
    scene.bot.inboxes = 1
    max_ = person(scene, "max_")
    offered = await max_.slash("subscribe", query="agent", zone="UTC")
    await eve.subscribe("agent")
    full = "As many people have an inbox as this bot may serve (1)"
    assert full in text(shown(await max_.handle.click(offered, label="Confirm")))
    assert full in await max_.ask("subscribe", query="agent")
    assert await channels.of(scene.bot.db, max_.owner) == ()
    await eve.subscribe("robot")
    assert len(await eve.topics()) == 2


async def test_switched_off_is_said_in_clear_words(scene: Scene, eve: Person) -> None:
    await eve.subscribe("agent")
    scene.bot.inboxes = 0
    off = "Whoever runs this bot has switched digests in direct messages off (`PAPERBOY_INBOXES` is 0). "
    off += "In a server, `/subscribe` gives a channel one."
    assert await people.switch_off(scene.bot.db, scene.bot.clock()) == 1
    for name, options in (
        ("subscribe", {"query": "robot"}),
        ("digest resume", {}),
        ("weekly on", {"day": "Friday", "time": "17:00"}),
    ):
        assert await eve.ask(name, **options) == off, name
    assert "paused: whoever runs this bot has switched digests in direct messages off" in await eve.ask("status")
    assert "direct message" not in await eve.ask("help")
    assert "12 papers" in await eve.ask("search", query="diffusion")
    await scene.wait(DAY)
    assert await scene.tick() == 0
    # Others are not sent there in vain.
    found = shown(await scene.member.slash(scene.papers, "search", query="diffusion"))
    refused = text(shown(await scene.member.click(found, label="Subscribe to this search")))
    assert "Manage Server" in refused
    assert "direct message" not in refused


async def test_who_may_not_manage_a_server_hears_of_a_digest_of_their_own(scene: Scene) -> None:
    found = shown(await scene.member.slash(scene.papers, "search", query="diffusion"))
    refused = text(shown(await scene.member.click(found, label="Subscribe to this search")))
    assert refused.endswith("In a direct message to me, `/subscribe` gives you one of your own.")
    told = text(shown(await scene.member.slash(scene.papers, "help")))
    assert "In a direct message to me, `/subscribe` gives you a digest of your own." in told


# --- whose is whose -----------------------------------------------------------------------------------


async def test_nobody_sees_or_changes_anothers_inbox(scene: Scene, eve: Person) -> None:
    ada = person(scene, "ada_")
    await eve.subscribe("agent")
    await scene.subscribe("robot")
    (hers,) = await eve.topics()
    before = await rows(scene.bot.db, "SELECT * FROM topics"), await rows(scene.bot.db, "SELECT * FROM channels")
    assert "agent" not in await ada.ask("status")
    assert "follows nothing" in await ada.ask("subscriptions")
    for actor in (scene.admin, eve.member):
        for name in ("status", "subscriptions"):
            if actor is scene.admin or name == "status":
                answer = text(shown(await actor.slash(scene.papers, name)))
                assert "agent" not in answer
                assert "nbox" not in answer
    assert "robot" not in await eve.ask("status")
    for verb in ("edit", "remove"):
        assert "gone already" in await ada.press(f"paperboy:{verb}:{hers.id}")
    assert "gone already" in await ada.press("paperboy:topic", value=str(hers.id))
    for verb in ("edit", "remove"):
        planted = await plant(scene, scene.papers.id, f"paperboy:{verb}:{hers.id}")
        answer = text(shown(await scene.admin.click(planted, custom_id=f"paperboy:{verb}:{hers.id}")))
        assert "gone already" in answer
    after = await rows(scene.bot.db, "SELECT * FROM topics"), await rows(scene.bot.db, "SELECT * FROM channels")
    assert after == before


async def test_from_a_direct_message_nobody_reaches_a_servers_channel(scene: Scene, eve: Person) -> None:
    """Not by a number in a button, also where they are in that server, or follow something there."""
    await scene.subscribe("robot")
    (theirs,) = await channels.topics(scene.bot.db, scene.channel_id)
    offered = await eve.slash("subscribe", query="agent", zone="UTC")
    (confirm,) = (part["custom_id"] for part in parts(offered) if part.get("label") == "Confirm")
    number = confirm.split(":")[2]
    for channel in (scene.papers.id, scene.other.id, person(scene, "max_").channel, 12345):
        refused = "That channel is not to be had from here"
        assert refused in await eve.press(f"paperboy:confirm:{number}:{channel}:UTC")
        assert refused in await eve.press(f"paperboy:zone:{number}:{channel}", value="UTC")
    for verb in ("edit", "remove"):
        assert "gone already" in await eve.press(f"paperboy:{verb}:{theirs.id}")
    # What is a server's alone: no feed is added to nobody's server.
    assert "That is a server’s" in await eve.press("paperboy:follow:1")
    assert "That is a server’s" in await eve.press("paperboy:look:1", value="0")
    assert len(await channels.every(scene.bot.db)) == 1
    assert [topic.text for topic in await channels.topics(scene.bot.db, scene.channel_id)] == ["robot"]


@pytest.mark.parametrize("name", ["subscribe", "subscriptions", "digest pause", "digest now", "weekly off"])
async def test_a_servers_channel_as_an_option_is_refused(scene: Scene, eve: Person, name: str) -> None:
    """No client of Discord's offers that. The interaction is made by hand."""
    scene.faults_expected = True
    await scene.subscribe("robot")
    before = await rows(scene.bot.db, "SELECT * FROM channels"), await rows(scene.bot.db, "SELECT * FROM topics")
    root, *rest = name.split()
    (command,) = (each for each in scene.env.backend.commands[None].values() if each["name"] == root)
    number = str(scene.papers.id)
    options: list[dict[str, Any]] = [{"name": "channel", "type": 7, "value": number}]
    if rest:
        options = [{"name": rest[0], "type": 1, "options": options}]
    channel = {"id": number, "type": 0, "name": "papers", "permissions": str(1 << 5)}
    data = {
        **{"id": command["id"], "name": root, "type": 1, "options": options},
        "resolved": {"channels": {number: channel}},
    }
    kind = InteractionType.APPLICATION_COMMAND
    answer = await _dispatch_actor_interaction(eve.handle, kind, eve.handle.dm_channel, data)
    assert "I cannot see that channel from here" in text(shown(answer))
    after = await rows(scene.bot.db, "SELECT * FROM channels"), await rows(scene.bot.db, "SELECT * FROM topics")
    assert after == before


@pytest.mark.parametrize("context", [AppCommandContext(private_channel=True), AppCommandContext()])
def test_in_a_conversation_of_others_nobody_has_anything(context: AppCommandContext) -> None:
    """SimCord has none: the bot is not in them."""
    elsewhere = SimpleNamespace(guild_id=None, context=context, user=SimpleNamespace(id=5))
    with pytest.raises(UserError, match="nowhere else"):
        owner_of(cast(Interaction, elsewhere))
    with pytest.raises(UserError, match="nowhere else"):
        require_manager(cast(Interaction, elsewhere))


async def test_from_a_server_nobody_reaches_an_inbox_or_another_server(scene: Scene, eve: Person) -> None:
    await eve.subscribe("agent")
    elsewhere = scene.env.create_guild("Elsewhere").create_text_channel("papers")
    offered = shown(await scene.admin.slash(scene.papers, "subscribe", query="robot", zone="UTC"))
    (confirm,) = (part["custom_id"] for part in parts(offered) if part.get("label") == "Confirm")
    number = confirm.split(":")[2]
    for channel in (eve.channel, elsewhere.id):
        for custom_id, value in ((f"confirm:{number}:{channel}:UTC", None), (f"zone:{number}:{channel}", "UTC")):
            planted = await plant(scene, scene.papers.id, f"paperboy:{custom_id}", value)
            name = f"paperboy:{custom_id}"
            pressed = (
                scene.admin.click(planted, custom_id=name)
                if value is None
                else scene.admin.select(planted, custom_id=name, values=[value])
            )
            assert "That channel is not to be had from here" in text(shown(await pressed))
    assert [topic.text for topic in await eve.topics()] == ["agent"]
    assert len(await channels.every(scene.bot.db)) == 1


async def test_a_row_with_anothers_number_is_not_the_persons(scene: Scene, eve: Person) -> None:
    """Whatever a database says: an inbox is its person's, and a channel its server's."""
    await eve.subscribe("agent")
    async with scene.bot.db.write() as tx:
        await tx.execute("UPDATE channels SET person = person + 1")
    for name in ("digest pause", "digest now", "digest preview", "digest schedule"):
        assert await eve.ask(name) == "Your inbox has no topic yet: `/subscribe` gives it one.", name
    async with scene.bot.db.write() as tx:
        await tx.execute("UPDATE channels SET person = NULL, guild_id = ?", (GuildId(scene.guild.id),))
    assert "no topic yet" in await eve.ask("digest pause")


async def test_a_paper_of_a_servers_own_feed_stays_there(scene: Scene, eve: Person) -> None:
    feed = "added:https://b.example/rss"
    async with scene.bot.db.write() as tx:
        await tx.execute("INSERT INTO guild_feeds VALUES (?, ?, ?, 'B', 1)", (scene.guild.id, feed, feed[6:]))
    await store(scene.bot.db, feed, entry("A Zebra of the Server", url="https://b.example/1"))
    ((number,),) = await rows(scene.bot.db, "SELECT id FROM papers WHERE title LIKE '%Zebra%'")
    assert "Zebra" in text(shown(await scene.member.slash(scene.papers, "paper", id=str(number))))
    assert "No such paper" in await eve.ask("paper", id=str(number))
    for verb in ("card", "similar", "why"):
        assert "Zebra" not in await eve.press(f"paperboy:{verb}:{number}")
    assert "Zebra" not in await eve.ask("search", query="zebra")


# --- forgotten ----------------------------------------------------------------------------------------


async def test_to_be_forgotten_from_a_server_takes_the_inbox_after_a_look(scene: Scene, eve: Person) -> None:
    await eve.subscribe("agent")
    await eve.subscribe("robot")
    await eve.ask("digest now")
    listed = await eve.slash("subscriptions")
    (menu,) = (part for part in parts(listed) if part["type"] == 3)

    asked = shown(await eve.member.slash(scene.papers, "forget"))
    assert "your inbox: what it follows (2 topics), its schedule" in text(asked)
    assert "what it was shown (8 papers)" in text(asked)
    assert "papers may come that you have had" in text(asked)
    cancelled = await eve.member.click(asked, label="Cancel")
    assert "Nothing was changed." in text(shown(cancelled))
    assert len(await eve.topics()) == 2

    asked = shown(await eve.member.slash(scene.papers, "forget"))
    gone = text(shown(await eve.member.click(asked, label="Forget me")))
    assert gone.startswith("Forgotten: your inbox: what it follows (2 topics)")
    assert await channels.of(scene.bot.db, eve.owner) == ()
    assert "Nothing was stored about you" in await eve.ask("forget")
    answer = await eve.handle.select(listed, custom_id=menu["custom_id"], values=[menu["options"][0]["value"]])
    assert "gone already" in text(shown(answer))
    assert "no topic yet" in await eve.ask("digest resume")
    await scene.wait(DAY)
    assert await scene.tick() == 0
    assert len(eve.handle.dm_channel.history()) == 1


async def test_a_manager_with_an_inbox_is_told_of_both(scene: Scene) -> None:
    await scene.subscribe("agent")
    await scene.admin.slash(scene.papers, "digest pause")
    person = UserId(scene.admin.id)
    async with scene.bot.db.write() as tx:
        await tx.execute(
            """INSERT INTO channels (id, person, post_at, zone, days, size, next_due, created_at)
            VALUES (5, ?, '09:00', 'UTC', '0', 5, 100, 1)""",
            (person,),
        )
    asked = shown(await scene.admin.slash(scene.papers, "forget"))
    assert "your inbox: what it follows (0 topics)" in text(asked)
    assert "that it was you who paused 1 channel (the pause itself stays)" in text(asked)
    gone = text(shown(await scene.admin.click(asked, label="Forget me")))
    assert "; that it was you who paused 1 channel (the pause itself stays)." in gone
    found = await channels.get(scene.bot.db, scene.channel_id)
    assert found is not None
    assert (found.paused, found.paused_by) == ("by hand with /digest pause", None)
