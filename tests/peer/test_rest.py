"""The peer itself: what it must have in common with Discord for the other tests to mean something."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from datetime import timedelta

import aiohttp
import pytest

from tests.making import NOW
from tests.peer.rest import Peer, serving
from tests.peer.shapes import HISTORY, SEND, VIEW, Json, custom_ids
from tests.test_cli import ROOT


class Asking:
    """A client that knows nothing of Discord."""

    def __init__(self, base: str, session: aiohttp.ClientSession) -> None:
        self.base, self.session = base, session

    async def get(self, path: str) -> tuple[int, object]:
        async with self.session.get(self.base + path) as response:
            return response.status, await response.json()

    async def post(self, text: str, **more: object) -> tuple[int, Json]:
        body = {"content": text, **more}
        async with self.session.post(f"{self.base}/channels/1/messages", json=body) as response:
            return response.status, await response.json()

    async def texts(self, query: str) -> list[str]:
        _, found = await self.get(f"/channels/1/messages?{query}")
        assert isinstance(found, list)
        return [message["content"] for message in found]


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    async with serving(Peer()) as served:
        served.clock = lambda: NOW
        yield served


@pytest.fixture
async def asking(peer: Peer) -> AsyncIterator[Asking]:
    async with aiohttp.ClientSession() as session:
        yield Asking(peer.rest, session)


async def test_a_history_is_newest_first_whichever_end_is_asked_for(peer: Peer, asking: Asking) -> None:
    ids = [(await asking.post(str(number)))[1]["id"] for number in range(6)]
    assert await asking.texts("limit=2") == ["5", "4"]
    assert await asking.texts(f"limit=2&before={ids[4]}") == ["3", "2"]
    assert await asking.texts(f"limit=2&after={ids[1]}") == ["3", "2"]
    assert await asking.texts(f"after={ids[5]}") == []


async def test_a_nonce_counts_for_a_while_in_its_channel(peer: Peer, asking: Asking) -> None:
    first = await asking.post("one", nonce="n", enforce_nonce=True)
    again = await asking.post("two", nonce="n", enforce_nonce=True)
    assert first == again
    assert first[1]["nonce"] == "n"
    await asking.post("three", nonce="n")
    peer.clock = lambda: NOW + timedelta(seconds=181)
    await asking.post("four", nonce="n", enforce_nonce=True)
    assert await asking.texts("") == ["four", "three", "one"]
    assert (await asking.post("five", nonce="n" * 26))[0] == 400


async def test_components_come_back_with_ids(peer: Peer, asking: Asking) -> None:
    row = {"type": 1, "components": [{"type": 2, "custom_id": "paperboy:more:d1"}]}
    tree = [{"type": 17, "components": [{"type": 10, "content": "words"}, row]}]
    _, message = await asking.post("", components=tree, flags=1 << 15)
    (frame,) = message["components"]
    text, row = frame["components"]
    assert [part["id"] for part in (frame, text, row, row["components"][0])] == [1, 2, 3, 4]
    assert list(custom_ids(message["components"])) == ["paperboy:more:d1"]


@pytest.mark.parametrize(
    ("denied", "sent", "read"), [(VIEW, 50001, 50001), (SEND, 50013, None), (HISTORY, None, None)]
)
async def test_what_is_denied_is_refused_and_a_closed_history_looks_empty(
    denied: int, sent: int | None, read: int | None, peer: Peer, asking: Asking
) -> None:
    await asking.post("there")
    peer.channels[1].denied = denied
    _, answer = await asking.post("more")
    assert answer.get("code") == sent
    status, found = await asking.get("/channels/1/messages")
    assert status == (403 if read else 200)
    assert bool(found) == (denied != HISTORY)


async def test_limits_are_kept_per_route_and_for_all(peer: Peer, asking: Asking) -> None:
    peer.limits.enforced = True
    statuses = [(await asking.post("x"))[0] for _ in range(6)]
    assert statuses == [200] * 5 + [429]
    answers = await asyncio.gather(*(asking.get(f"/users/{number}") for number in range(10, 70)))
    assert {status for status, _ in answers} == {200, 429}
    counts = peer.limits.counts
    assert counts["429 route"] >= 1
    assert counts["invalid"] == counts["429 route"] + counts["429 global"]


async def test_a_door_that_is_shut_refuses_and_opens_again(peer: Peer, asking: Asking) -> None:
    assert (await asking.get("/users/@me"))[0] == 200
    await peer.door.shut()
    with pytest.raises(aiohttp.ClientConnectorError):
        await asking.get("/users/@me")
    await peer.door.open()
    assert (await asking.get("/users/@me"))[0] == 200


@pytest.mark.parametrize(
    ("what", "error"),
    [
        ("reset", aiohttp.ClientOSError),
        ("close", aiohttp.ServerDisconnectedError),
        ("half", aiohttp.ClientPayloadError),
    ],
)
async def test_a_broken_answer_breaks_as_named(
    what: str, error: type[Exception], peer: Peer, asking: Asking
) -> None:
    peer.fail(("POST", "/channels/1/messages"), what=what, stored=True)
    with pytest.raises(error) as raised:
        await asking.post("x")
    assert type(raised.value) is error
    assert len(peer.messages()) == 1


async def test_it_runs_as_a_process_that_is_asked_and_told_over_http() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.peer", "--channels", "3", "--latency", "0.001", "0.002"),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout
    try:
        async with asyncio.timeout(60), aiohttp.ClientSession() as session:
            addresses = json.loads(await process.stdout.readline())
            asking = Asking(addresses["rest"], session)
            fault = {"match": ["POST", "/channels/1/messages"], "status": 503, "code": 0, "stored": True}
            async with session.post(f"{addresses['control']}/faults", json=fault) as response:
                assert response.status == 200
            assert [(await asking.post("x"))[0] for _ in range(2)] == [503, 200]
            async with session.get(f"{addresses['control']}/stats") as response:
                stats = await response.json()
    finally:
        process.terminate()
        await process.wait()
    assert (stats["requests"], stats["messages"], stats["channels with several messages"]) == (2, 2, 1)
