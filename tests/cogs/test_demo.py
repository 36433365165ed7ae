"""The demo: a stranger's first minute, in the same simulated Discord, without the page that draws it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import aiohttp
import pytest
import simcord

from bot import demo
from bot.errors import UserError
from bot.models import ChannelId
from cogs._client import COGS
from cogs._demo import page, stage
from storage import channels, papers, verdicts
from tests.cogs.scene import buttons, shown, text

ROOT = Path(__file__).resolve().parents[2]


async def ask(stage: stage.Stage, command: str, *, by: str = "admin") -> str:
    """A command of /demo, and what the driver then does."""
    answer = text(shown(await getattr(stage, by).slash(stage.papers, f"demo {command}")))
    await grant(stage)
    return answer


async def grant(stage: stage.Stage) -> None:
    """What the driver does with what was asked for."""
    driving = asyncio.create_task(stage.drive())
    async with asyncio.timeout(60):
        while stage.waiting:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    driving.cancel()
    await asyncio.gather(driving, return_exceptions=True)


def said(stage: stage.Stage) -> list[str]:
    """The channel's messages, oldest first."""
    return [text(message) or message.content for message in stage.papers.history()]


async def last_verdict(stage: stage.Stage) -> str:
    (verdict,) = await verdicts.latest(stage.db, ChannelId(stage.papers.id), limit=1)
    return verdict.text


async def test_it_opens_on_the_samples_last_day_with_the_days_digest_and_a_word_on_what_to_try(
    tmp_path: Path,
) -> None:
    async with stage.opened(tmp_path / "demo.sqlite") as made:
        assert made.now() == demo.NOW
        *_, digest, welcome = said(made)
        assert digest.startswith("## Tuesday 31 March")
        assert "Towards a Medical AI Scientist" in digest
        assert "Tuesday 31 March 2026, 13:00 UTC" in welcome
        assert "`/demo next`" in welcome
        assert await papers.count(made.db) >= 60


async def test_next_brings_what_was_listed_after_the_digest_and_then_explains_the_silence(
    tmp_path: Path,
) -> None:
    async with stage.opened(tmp_path / "demo.sqlite") as made:
        assert "The clock jumps to" in await ask(made, "next")
        assert made.now() >= demo.NOW + timedelta(days=1)
        *_, digest, told = said(made)
        assert "Yesterday, after the digest" in digest
        assert "EpochX" in digest
        assert "Posted 5 papers" in told
        before = len(said(made))
        await ask(made, "next")
        assert len(said(made)) == before + 1
        assert "No new papers" in said(made)[-1]
        assert "The sample ends here" in said(made)[-1]


async def test_sources_that_are_down_are_named_in_the_verdict_and_in_status(tmp_path: Path) -> None:
    async with stage.opened(tmp_path / "demo.sqlite") as made:
        await ask(made, "next")
        await ask(made, "source-down")
        await ask(made, "next")
        assert "Hugging Face could not be read since" in await last_verdict(made)
        assert "it does not answer" in text(shown(await made.admin.slash(made.papers, "status")))
        await ask(made, "repair")
        await ask(made, "next")
        assert "could not be read" not in await last_verdict(made)


async def test_a_lost_permission_pauses_with_a_reason_and_resume_brings_the_papers(tmp_path: Path) -> None:
    async with stage.opened(tmp_path / "demo.sqlite") as made:
        await ask(made, "forbid")
        await ask(made, "next")
        (found,) = await channels.every(made.db)
        assert "Send Messages" in (found.paused or "")
        refused = await made.admin.slash(made.papers, "digest resume")
        assert "I lack **Send Messages**" in text(shown(refused))
        assert not made.env.errors  # the page would keep a command that failed in the field
        assert "/digest resume" in await refused_next(made)
        await ask(made, "repair")
        await made.admin.slash(made.papers, "digest resume")
        await ask(made, "next")
        assert any("EpochX" in message for message in said(made))


async def refused_next(stage: stage.Stage) -> str:
    return text(shown(await stage.admin.slash(stage.papers, "demo next")))


async def test_who_asks_twice_before_the_clock_has_jumped_means_the_same_moment(tmp_path: Path) -> None:
    async with stage.opened(tmp_path / "demo.sqlite") as made:
        before = len(said(made))
        await made.admin.slash(made.papers, "demo next")
        assert "The clock jumps to" in await ask(made, "next")
        assert made.now() < demo.NOW + timedelta(days=1, hours=1)
        assert len(said(made)) == before + 2


async def test_a_click_that_comes_while_the_clock_moves_waits_for_its_turn(tmp_path: Path) -> None:
    async with stage.opened(tmp_path / "demo.sqlite") as made:
        preview = made.env.preview(made.papers, viewers=(made.admin,), layout="channel", port=0)
        async with preview, aiohttp.ClientSession() as session:
            page.take_turns(preview, made.turn)
            address, _, secret = preview.url.partition("#")
            headers = {"X-Simcord-Capability": secret}
            async with session.post(f"{address}api/pages", json={}, headers=headers) as answer:
                opened = await answer.json()
            click = {
                "protocol_version": opened["protocolVersion"],
                "sequence": 1,
                "request_id": "one",
                "generation": opened["context"]["generation"],
                "bot_generation": opened["botGeneration"],
                "kind": "refresh",
            }
            moving = asyncio.create_task(made.advance(60))
            await asyncio.sleep(0)
            taken = await preview._action(opened["context"]["id"], click)
            assert taken["settlement"] == "settled"
            await moving


async def test_whatever_is_wished_comes_true_between_two_clicks(tmp_path: Path) -> None:
    async with stage.opened(tmp_path / "demo.sqlite") as made:
        due = await made.next_due()
        assert due is not None
        for wish in (made.forbid, made.fail_discord, made.restart, made.repair, partial(made.tell_next, due)):
            made.wish(wish)
        driving = asyncio.create_task(made.drive())
        async with asyncio.timeout(60):
            while made.waiting and not driving.done():
                async with made.turn:
                    await made.member.slash(made.papers, "search", query="diffusion")
        driving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await driving
        assert made.now() == due
        assert "Posted 5 papers" in said(made)[-1]


async def test_after_a_restart_old_buttons_work(tmp_path: Path) -> None:
    async with stage.opened(tmp_path / "demo.sqlite") as made:
        digest = next(message for message in made.papers.history() if "Tuesday 31" in text(message))
        before = made.env.bot
        await ask(made, "restart")
        assert made.env.bot is not before
        assert before.is_closed() or before is not made.env.bot
        (more,) = (label for label in buttons(digest) if label.endswith(" more"))
        assert "Kernel-Smith" in text(shown(await made.member.click(digest, label=more)))


async def test_discord_that_fails_is_told_and_the_digest_comes_once_it_is_well(tmp_path: Path) -> None:
    async with stage.opened(tmp_path / "demo.sqlite") as made:
        made.env.inject_error("POST", f"/channels/{made.papers.id}/messages", status=503, times=1)
        await ask(made, "next")
        assert "error: Discord answers 503; next try" in await last_verdict(made)
        await made.env.advance_time(120)
        await made.tick()
        assert "EpochX" in said(made)[-1]


async def test_members_see_the_same_and_may_change_nothing(tmp_path: Path) -> None:
    async with stage.opened(tmp_path / "demo.sqlite") as made:
        with pytest.raises(simcord.SetupError, match="not visible to this user"):
            await made.member.slash(made.papers, "digest now")
        assert "papers" in text(shown(await made.member.slash(made.papers, "search", query="diffusion")))


async def test_what_is_asked_outside_and_the_reading_group_are_answered_without_a_network(
    tmp_path: Path,
) -> None:
    async with stage.opened(tmp_path / "demo.sqlite") as made:
        none = shown(await made.admin.slash(made.papers, "search", query="transformers recognition patches"))
        found = text(shown(await made.admin.click(none, label="Ask Hugging Face")))
        assert "An Image is Worth 16x16 Words" in found
        feed = shown(await made.admin.slash(made.papers, "feeds add", url=demo.READING_GROUP))
        assert "Our reading group" in text(feed)
        unknown = shown(await made.admin.slash(made.papers, "feeds add", url="https://example.org/feed"))
        assert demo.READING_GROUP in text(unknown)


async def test_live_sources_are_read_through_what_is_given_and_silence_is_told(tmp_path: Path) -> None:
    nothing = demo.Sample(lambda: datetime(2025, 1, 6, tzinfo=UTC))
    now = datetime(2026, 11, 27, 9, 30, tzinfo=UTC)
    path = tmp_path / "live.sqlite"
    feeds = demo.SOURCES[:1]
    async with stage.opened(path, now=now, feeds=feeds, fetch=nothing.fetch, guarded=nothing.fetch) as made:
        assert made.now() == now
        assert any("No digest yet" in message for message in said(made))


async def test_the_page_is_served_on_the_loopback_alone_and_a_taken_port_is_told(tmp_path: Path) -> None:
    told: list[str] = []
    opened: asyncio.Queue[str] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def show(url: str) -> None:
        loop.call_soon_threadsafe(opened.put_nowait, url)

    stop = asyncio.Event()
    serving = asyncio.create_task(page.serve(tmp_path / "one.sqlite", told.append, show=show, stop=stop, port=0))
    async with asyncio.timeout(60):
        url = await opened.get()
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            assert answer.status == 200
            assert "SimCord" in await answer.text()
        assert url.startswith("http://127.0.0.1:")
        assert url in told[0]
        for command in ("/search", "Details", "/demo next", "Ada"):
            assert command in told[0]
        stop.set()
        await serving
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(UserError, match=f"Port {port} is taken"):
        await page.serve(tmp_path / "two.sqlite", told.append, show=str, stop=stop, port=port)
    server.close()


async def test_the_command_prints_the_address_and_ends_with_ctrl_c(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        "demo",
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": "", "PYTHONUNBUFFERED": "1"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    async with asyncio.timeout(60):
        assert b"http://127.0.0.1:" in await process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, err = await process.communicate()
    assert (process.returncode, err) == (0, b"")
    assert not os.listdir(tmp_path)


def test_no_running_bot_has_its_commands() -> None:
    assert not any("demo" in name for name in COGS)


async def test_the_page_turns_to_direct_messages_and_back_at_its_address(tmp_path: Path) -> None:
    async with stage.opened(tmp_path / "demo.sqlite") as made:
        made.page = shows = page.Page(made, 0)
        await shows.turn_to(None)
        ended = asyncio.create_task(shows.ended())
        url = shows.url
        assert "Reload this page" in await ask(made, "inbox", by="member")
        assert shows.url == url
        inbox = made.member.user.dm_channel
        (told,) = inbox.history()
        assert "`/demo channel` leads back" in text(told)
        offered = shown(await made.member.user.slash("subscribe", query="agents", zone="UTC"))
        await made.member.user.click(offered, label="Confirm")
        await made.jump()
        assert "EpochX" in text(inbox.history()[-1])
        answer = text(shown(await made.member.user.slash("demo channel")))
        assert "shows the channel" in answer
        async with made.turn:  # a click is answered, and the page ends only after that
            await asyncio.wait_for(grant(made), 30)
        assert shows.url == url
        assert not ended.done()
        await shows.close()
        await asyncio.wait_for(ended, 30)
