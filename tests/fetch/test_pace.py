"""Politeness: what a host is asked, and how often, counted by real servers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_network
from itertools import pairwise
from typing import Any

import pytest
from aiohttp import web

from bot.errors import FeedError
from bot.fetch import Fetcher
from bot.fetch.guard import Guard
from bot.fetch.pace import BUDGETS, PAUSES, STRANGERS, Budget, Pace, renewal, retry_after
from bot.fetch.target import parse
from bot.fetch.words import span
from bot.models import Fetched, Validators
from tests.fetch.servers import NONE, Names, serving, watching

HOUR = 3600.0


@asynccontextmanager
async def counting(seconds: float) -> AsyncIterator[tuple[str, list[tuple[float, float]], Callable[[], int]]]:
    """A server that takes `seconds` for each answer: its address, the spans, and the most at one time."""
    spans: list[tuple[float, float]] = []
    now = most = 0

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        nonlocal now, most
        now += 1
        most = max(most, now)
        start = asyncio.get_running_loop().time()
        await asyncio.sleep(seconds)
        now -= 1
        spans.append((start, asyncio.get_running_loop().time()))
        return web.Response(status=500 if request.path == "/broken" else 200, body=b"x")

    async with serving(handler) as base:
        yield base, spans, lambda: most


@asynccontextmanager
async def asking(
    *answers: tuple[int, dict[str, str]], **options: Any
) -> AsyncIterator[tuple[Fetcher, Callable[[str], str], list[str]]]:
    """A Fetcher, the address of a name on a server that gives these answers (the last one again and again), and
    the paths that it was asked for.
    """
    asked: list[str] = []

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        status, headers = answers[min(len(asked), len(answers) - 1)]
        asked.append(request.path)
        return web.Response(status=status, headers=headers)

    async with (
        serving(handler) as base,
        Fetcher(version="1.0", resolver=Names(), **options) as fetch,
    ):
        port = base.rpartition(":")[2]
        yield fetch, lambda host: f"http://{host}:{port}/{len(asked)}", asked


async def tried(fetch: Fetcher, url: str, validators: Validators = NONE) -> Fetched | FeedError:
    try:
        return await fetch(url, validators)
    except FeedError as error:
        return error


async def refused(fetch: Fetcher, url: str) -> FeedError:
    """The refusal, without a connection."""
    with watching() as connected, pytest.raises(FeedError) as caught:
        await fetch(url, NONE)
    assert connected == []
    return caught.value


# --- pauses ---------------------------------------------------------------------------------------


async def test_a_host_with_a_pause_gets_one_request_after_the_other() -> None:
    async with counting(0.05) as (base, spans, most), Fetcher(version="1.0", pauses={"127.0.0.1": 0.2}) as fetch:
        results = await asyncio.gather(
            fetch(f"{base}/a", NONE),
            fetch(f"{base}/broken", NONE),
            fetch(f"{base}/b", NONE),
            return_exceptions=True,
        )
    assert [type(result) for result in results] == [Fetched, FeedError, Fetched]
    assert most() == 1
    gaps = [start - end for (_, end), (start, _) in pairwise(spans)]
    assert len(gaps) == 2
    assert min(gaps) >= 0.19


async def test_all_of_arxiv_has_one_gate() -> None:
    hosts = ["rss.arxiv.org", "export.arxiv.org", "arxiv.org", "EXPORT.arxiv.org", "rss.arxiv.org."]
    pauses = {host: seconds / 30 for host, seconds in PAUSES.items()}
    async with (
        counting(0.02) as (base, spans, most),
        Fetcher(version="1.0", pauses=pauses, resolver=Names()) as fetch,
    ):
        port = base.rpartition(":")[2]
        await asyncio.gather(*(fetch(f"http://{host}:{port}/", NONE) for host in hosts))
    assert PAUSES["arxiv.org"] == 3.0
    assert most() == 1
    assert len(spans) == len(hosts)
    assert min(start - end for (_, end), (start, _) in pairwise(spans)) >= 0.099


async def test_look_alikes_of_a_host_do_not_share_its_gate() -> None:
    other = asyncio.Event()

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        if request.host.startswith("notarxiv.test"):
            other.set()
        else:
            await other.wait()
        return web.Response(body=b"x")

    async with (
        serving(handler) as base,
        Fetcher(version="1.0", pauses={"arxiv.test": 60.0}, resolver=Names()) as fetch,
    ):
        port = base.rpartition(":")[2]
        await asyncio.gather(
            fetch(f"http://rss.arxiv.test:{port}/", NONE), fetch(f"http://notarxiv.test:{port}/", NONE)
        )


async def test_other_hosts_get_two_requests_at_once() -> None:
    async with counting(0.05) as (base, spans, most), Fetcher(version="1.0") as fetch:
        await asyncio.gather(*(fetch(f"{base}/{number}", NONE) for number in range(5)))
    assert len(spans) == 5
    assert most() == 2


async def test_the_wait_for_a_pause_is_not_counted_as_the_sources_slowness() -> None:
    async with (
        counting(0.0) as (base, spans, _),
        Fetcher(version="1.0", pauses={"127.0.0.1": 1.2}, timeout=1) as fetch,
    ):
        await asyncio.gather(fetch(base, NONE), fetch(base, NONE))
    assert len(spans) == 2


# --- what a host asks for -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "headers", "holds"),
    [
        (429, {"Retry-After": "120"}, True),
        (503, {"Retry-After": "120"}, True),
        (429, {"RateLimit": '"api";r=0;t=120'}, True),
        (200, {"RateLimit": '"api";r=0;t=120', "RateLimit-Policy": '"fixed window";"api";q=500;w=300'}, True),
        (200, {"RateLimit-Remaining": "0", "RateLimit-Reset": "120"}, True),
        (304, {"RateLimit": '"pages";r=7;t=9, "api";r=0;t=120'}, True),
        (404, {"RateLimit": '"api";r=0;t=120'}, True),
        (200, {"RateLimit": '"api";r=1;t=120'}, False),
        (200, {"RateLimit": '"api";r=0;t=0'}, False),
        (200, {"RateLimit-Remaining": "0", "RateLimit-Reset": "1776000000"}, False),
        (200, {"Retry-After": "120"}, False),
        (500, {"Retry-After": "120"}, False),
        (429, {}, False),
        (429, {"Retry-After": "0"}, False),
    ],
)
async def test_what_a_host_asks_for_holds_for_all_its_addresses(
    status: int, headers: dict[str, str], holds: bool
) -> None:
    async with asking((status, headers), (200, {}), pauses={"hub.test": 0.0}) as (fetch, at, asked):
        first = await tried(fetch, at("hub.test"), Validators(etag='"v1"'))
        assert isinstance(first, Fetched) == (status in (200, 304))
        if holds:
            for host in ("hub.test", "api.hub.test"):
                error = await refused(fetch, at(host))
                assert str(error) == f"{host} asked for a pause: the next request goes out in 2 minutes"
                assert error.retry_after is not None
                assert 0 < error.retry_after <= 120
        else:
            await fetch(at("api.hub.test"), NONE)
        await fetch(at("other.test"), NONE)
        assert len(asked) == (2 if holds else 3)


async def test_a_short_wait_for_a_hosts_own_count_is_waited_for() -> None:
    times: list[float] = []

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        times.append(asyncio.get_running_loop().time())
        return web.Response(body=b"x", headers={"RateLimit": f'"api";r={len(times) - 1};t=1'})

    async with serving(handler) as base, Fetcher(version="1.0") as fetch:
        for _ in range(3):
            await fetch(base, NONE)
    first, second, third = times
    assert second - first >= 0.99
    assert third >= second


async def test_a_refusal_ends_the_wait_of_those_in_the_queue() -> None:
    async with asking((429, {"Retry-After": "600"}), pauses={"hub.test": 0.0}) as (fetch, at, asked):
        results = await asyncio.gather(*(fetch(at("hub.test"), NONE) for _ in range(5)), return_exceptions=True)
    assert [type(result) for result in results] == [FeedError] * 5
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, {"RateLimit": '"api";r=0;t=123'}, 123.0),
        (429, {"RateLimit": '"api";t=123;r=00'}, 123.0),
        (429, {"RateLimit": '"api";r=5;t=10, "b";r=0;t=60, "c";r=0;t=30'}, 60.0),
        (200, {"RateLimit": '"api";r=0;t=123'}, None),
        (429, {"RateLimit": '"api";r=0'}, None),
        (429, {"RateLimit": "limit=100, remaining=0, reset=30"}, None),
        (429, {"RateLimit-Remaining": "0", "RateLimit-Reset": "-5"}, None),
        (429, {"RateLimit-Remaining": "0", "RateLimit-Reset": "²"}, None),
        (503, {"Retry-After": " 7 "}, 7.0),
    ],
)
def test_what_is_understood(status: int, headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(status, headers) == seconds


def test_a_spent_limit_is_understood_for_a_day_at_most() -> None:
    assert renewal({"RateLimit": '"api";r=0;t=86400'}) == 86_400.0
    assert renewal({"RateLimit": '"api";r=0;t=86401'}) is None


# --- budgets --------------------------------------------------------------------------------------


async def test_a_request_beyond_the_budget_does_not_go_out() -> None:
    budgets = {"hub.test": Budget(3, HOUR), "": Budget(2, HOUR)}
    async with asking((200, {}), (500, {}), (304, {}), (200, {}), budgets=budgets) as (fetch, at, asked):
        for host in ("hub.test", "api.hub.test", "hub.test"):
            await tried(fetch, at(host), Validators(etag='"v1"'))
        for host in ("hub.test", "www.hub.test"):
            error = await refused(fetch, at(host))
            assert error.retry_after is not None
            assert 3500 < error.retry_after <= HOUR
            assert str(error) == f"{host} was asked often enough for now: the next request goes out in 60 minutes"
        for host in ("a.test", "a.test", "b.a.test"):
            await fetch(at(host), NONE)
        await refused(fetch, at("a.test"))
        assert len(asked) == 6


async def test_redirects_count() -> None:
    async with asking((302, {"Location": "/again"}), budgets={"": Budget(3, HOUR)}) as (fetch, at, asked):
        with pytest.raises(FeedError, match="often enough"):
            await fetch(at("a.test"), NONE)
        assert len(asked) == 3


async def test_the_window_rolls() -> None:
    async with asking((200, {}), budgets={"": Budget(2, 0.3)}) as (fetch, at, asked):
        gone = 0
        while gone < 5:
            answer = await tried(fetch, at("a.test"))
            if isinstance(answer, Fetched):
                gone += 1
            else:
                assert answer.retry_after is not None
                assert 0 < answer.retry_after <= 0.3
                await asyncio.sleep(answer.retry_after + 0.001)
        assert len(asked) == 5


async def test_strangers_have_a_share_of_their_own() -> None:
    budgets, strangers = {"": Budget(4, HOUR)}, Budget(2, HOUR)
    guard = Guard(permitted=(ip_network("127.0.0.1"),), ports=frozenset(range(65536)))
    async with asking((200, {}), budgets=budgets, strangers=strangers, guard=guard) as (fetch, at, asked):
        for _ in range(2):
            await fetch.guarded(at("a.test"), NONE)
        with pytest.raises(FeedError, match="often enough"):
            await fetch.guarded(at("a.test"), NONE)
        await fetch.guarded(at("b.test"), NONE)
        for _ in range(2):
            await fetch(at("a.test"), NONE)
        await refused(fetch, at("a.test"))
        assert len(asked) == 5


def test_a_long_backfill_of_hugging_face_keeps_within_its_budget() -> None:
    budget = BUDGETS["huggingface.co"]
    assert PAUSES["huggingface.co"] * budget.requests >= budget.seconds
    assert budget.requests <= 500 * budget.seconds / 300
    assert STRANGERS.requests / STRANGERS.seconds < BUDGETS[""].requests / BUDGETS[""].seconds


async def test_hosts_with_nothing_to_remember_are_forgotten() -> None:
    pace = Pace({}, {"kept.test": Budget(50, HOUR)}, Budget(9, 0.0))
    for number in range(50):
        for host in ("kept.test", f"n{number}.test"):
            async with pace.turn(parse(f"http://{host}/", asked=""), stranger=True):
                pass
    assert sorted(pace._gates) == ["kept.test", "n49.test"]


async def test_a_host_that_is_being_asked_is_not_forgotten() -> None:
    pace = Pace({}, {}, STRANGERS)
    one, other, third = (parse(f"http://{name}.test/", asked="") for name in ("one", "other", "third"))
    async with pace.turn(one, stranger=False):
        async with pace.turn(other, stranger=False):
            assert sorted(pace._gates) == ["one.test", "other.test"]
        async with pace.turn(third, stranger=False):
            assert sorted(pace._gates) == ["one.test", "third.test"]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "1 second"),
        (5.1, "6 seconds"),
        (90.0, "90 seconds"),
        (90.1, "2 minutes"),
        (120.1, "3 minutes"),
        (5400.0, "90 minutes"),
        (5400.1, "2 hours"),
        (86_400.0, "24 hours"),
    ],
)
def test_a_span_in_words(seconds: float, words: str) -> None:
    assert span(seconds) == words
