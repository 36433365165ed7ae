"""The operator's model, asked over real sockets: a server that answers, and many ways of not answering."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from bot.errors import CompletionError
from bot.fetch import Completions
from tests.completions import KEY, ModelServer, modelling, saying
from tests.fetch.servers import listening, raw, serving

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def model(base: str, **options: Any) -> AsyncIterator[Completions]:
    async with Completions(
        base, "small:3b", **{"key": KEY, "version": "1.0", "seconds": 5.0, **options}
    ) as opened:
        yield opened


async def failure(base: str, **options: Any) -> str:
    """What is told of a call that fails."""
    async with model(base, **options) as asked:
        return await failing(asked)


async def failing(asked: Completions) -> str:
    with pytest.raises(CompletionError) as caught:
        await asked("Do.", "It.")
    error: BaseException | None = caught.value
    told = str(error)
    while error:
        assert KEY not in repr(error)
        assert KEY not in str(error)
        error = error.__cause__
    assert "Error" not in told
    assert "object at" not in told
    return told


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with modelling() as opened:
        yield opened


def answer(*args: Any, **options: Any) -> Handler:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(*args, **options)

    return handler


# --- what is sent ---------------------------------------------------------------------------------


async def test_one_call_as_the_api_has_it(server: ModelServer) -> None:
    server.text = "Well done."
    async with model(f"{server.base}/") as asked:
        assert asked.name == "small:3b"
        assert await asked("Do.", "It.") == "Well done."
        assert not asked.resting()
    ((method, path, headers, body),) = server.requests
    assert (method, path) == ("POST", "/v1/chat/completions")
    assert body == {
        "model": "small:3b",
        "messages": [{"role": "system", "content": "Do."}, {"role": "user", "content": "It."}],
        "temperature": 0,
        "max_tokens": 160,
        "stream": False,
    }
    assert headers["Authorization"] == f"Bearer {KEY}"
    assert headers["User-Agent"] == "Paperboy/1.0"
    assert headers["Content-Type"] == "application/json"


async def test_without_a_key_none_is_sent_and_a_password_in_the_address_is(server: ModelServer) -> None:
    server.text = "Yes."
    async with model(server.base, key="") as asked:
        await asked("Do.", "It.")
    async with model(server.base.replace("://", "://joe:pass@"), key="") as asked:
        await asked("Do.", "It.")
    first, second = (headers for _, _, headers, _ in server.requests)
    assert "Authorization" not in first
    assert second["Authorization"] == "Basic am9lOnBhc3M="


async def test_a_key_is_in_no_message_and_no_log(server: ModelServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("asyncio").setLevel(logging.DEBUG)
    server.answer = answer(status=401, text=f"wrong key {KEY}")
    told = await failure(server.base)
    assert told == "the model's server answered 401: PAPERBOY_MODEL_KEY is missing there, or not accepted"
    async with model(server.base) as asked:
        assert KEY not in f"{asked!r} {asked}"
    await failure("http://127.0.0.1:9")
    assert KEY not in caplog.text


async def test_no_redirect_is_followed(server: ModelServer) -> None:
    async with modelling() as other:
        other.text = "Stolen."
        for status in (301, 302, 303, 307, 308):
            server.answer = answer(status=status, headers={"Location": f"{other.base}/chat/completions"})
            told = await failure(server.base)
            assert told.startswith(f"the model's server answered {status}, a redirect, which is not followed")
        assert other.requests == []


# --- what comes back ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (500, "the model's server answered 500"),
        (503, "the model's server answered 503"),
        (429, "the model's server answered 429"),
        (204, "the model's server answered 204"),
        (403, "the model's server answered 403: PAPERBOY_MODEL_KEY is missing there, or not accepted"),
        (404, "the model's server answered 404: PAPERBOY_MODEL_URL leads to no such API"),
    ],
)
async def test_what_is_no_answer_is_told(server: ModelServer, status: int, told: str) -> None:
    server.answer = answer(status=status)
    assert (await failure(server.base)).startswith(told)


@pytest.mark.parametrize(
    "body",
    [b"", b"Hello", b"<html>", b"\xff\xfe", b"[" * 60_000, b'{"choices": [', b'{"x": ' * 10_000, b"9" * 10_000],
)
async def test_what_is_no_json_is_told(server: ModelServer, body: bytes) -> None:
    server.answer = answer(body=body)
    assert await failure(server.base) == "the model's server sent no JSON"


@pytest.mark.parametrize(
    "body",
    [
        "[]",
        "null",
        "1",
        '"text"',
        "{}",
        '{"choices": []}',
        '{"choices": null}',
        '{"choices": {}}',
        '{"choices": [null]}',
        '{"choices": [{"text": "of another API"}]}',
        '{"choices": [{"message": null}]}',
        '{"choices": [{"message": {"role": "assistant"}}]}',
        '{"error": {"message": "no such model"}}',
    ],
)
async def test_an_answer_of_another_shape_is_told(server: ModelServer, body: str) -> None:
    server.answer = answer(text=body)
    assert await failure(server.base) == "the model's server sent no text"


@pytest.mark.parametrize(
    "content", [None, "", " \n", 5, ["A text."], [{"type": "text", "text": "A"}], {"text": "A"}]
)
async def test_a_content_that_is_no_text_is_told(server: ModelServer, content: object) -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        return saying(content)

    server.answer = handler
    assert await failure(server.base) == "the model's server sent no text"


async def test_a_body_without_end_is_cut_off(server: ModelServer) -> None:
    sent = 0

    async def endless(request: web.BaseRequest) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b" " * 65_536)
            sent += 65_536

    server.answer = endless
    assert await failure(server.base) == "the model's server: the answer of 127.0.0.1 is larger than 65,536 bytes"
    assert sent < 50_000_000


async def test_a_packed_answer_counts_unpacked(server: ModelServer) -> None:
    import gzip

    packed = {"Content-Encoding": "gzip"}
    server.answer = answer(body=gzip.compress(b'{"choices": [{"message": {"content": "Hi."}}]}'), headers=packed)
    async with model(server.base) as asked:
        assert await asked("Do.", "It.") == "Hi."
    server.answer = answer(body=gzip.compress(b" " * 10_000_000), headers=packed)
    assert "larger than 65,536 bytes" in await failure(server.base)
    server.answer = answer(body=b"not packed", headers=packed)
    assert "damaged" in await failure(server.base)


async def test_what_takes_too_long_is_given_up(server: ModelServer) -> None:
    async def slow(request: web.BaseRequest) -> web.StreamResponse:
        await asyncio.sleep(30)
        return saying("Late.")

    async def hanging(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b'{"choices"')
        await asyncio.sleep(30)
        return response

    async def dripping(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(300):
            await response.write(b" ")
            await asyncio.sleep(0.1)
        return response

    clock = asyncio.get_running_loop().time
    for bad in (slow, hanging, dripping):
        server.answer = bad
        began = clock()
        assert await failure(server.base, seconds=0.3) == "the model's server did not answer in 0.3 seconds"
        assert clock() - began < 5


async def test_a_connection_that_breaks_is_told() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"
    for sent, reset in (
        (head + b'{"choices"', False),
        (head, True),
        (b"", False),
        (b"\x00\x01nonsense\r\n\r\n", False),
    ):
        async with raw(sent, reset=reset) as (base, requests):
            told = await failure(base)
            assert told.startswith("the model's server: ")
            assert len(requests) == 1  # never asked twice

    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)

    async with listening(deaf) as base:
        assert "did not answer in 0.2 seconds" in await failure(base, seconds=0.2)
    assert "it refused the connection" in await failure("http://127.0.0.1:9")


# --- when it is left alone ------------------------------------------------------------------------


async def test_a_pause_that_the_server_asks_for_is_kept(server: ModelServer) -> None:
    for status in (429, 503):
        server.requests.clear()
        server.answer = answer(status=status, headers={"Retry-After": "100"})
        async with model(server.base) as asked:
            assert await failing(asked) == f"the model's server answered {status}"
            assert asked.resting()
            assert await failing(asked) == "the model's server is left alone for 2 minutes"
        assert len(server.requests) == 1


async def test_three_failures_in_a_row_are_a_pause_and_then_one_more_is(server: ModelServer) -> None:
    server.answer = answer(status=500)
    async with model(server.base, pause=0.3) as asked:
        for _ in range(3):
            assert not asked.resting()
            await failing(asked)
        assert asked.resting()
        assert "is left alone" in await failing(asked)
        assert len(server.requests) == 3
        await asyncio.sleep(0.35)
        assert await failing(asked) == "the model's server answered 500"
        assert asked.resting()
        await asyncio.sleep(0.35)
        server.answer, server.text = None, "Yes."
        assert await asked("Do.", "It.") == "Yes."
        server.answer = answer(status=500)
        await failing(asked)
        assert not asked.resting()  # what went well made good the failures before


async def test_after_one_that_took_all_its_time_it_is_left_alone_for_a_moment(server: ModelServer) -> None:
    server.gate = asyncio.Event()
    async with model(server.base, seconds=0.2) as asked:
        await failing(asked)
        assert asked.resting()


async def test_it_is_used_while_it_is_open_only() -> None:
    async with serving(answer(text="")) as base:
        closed = Completions(base, "m", version="1")
        with pytest.raises(RuntimeError):
            await closed("Do.", "It.")
