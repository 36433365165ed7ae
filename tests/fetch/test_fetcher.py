"""The way out to the network, against real servers on this machine that can be told to fail."""

from __future__ import annotations

import asyncio
import gzip
import socket
import zlib

import pytest
from aiohttp import web

from bot.addresses import shown
from bot.fetch import Fetcher
from bot.fetch.target import parse, redirected
from bot.models import Fetched, Validators
from tests.fetch.servers import NONE, Names, answering, failure, get, listening, raw, serving

# --- answers --------------------------------------------------------------------------------------


async def test_an_answer_and_what_was_asked() -> None:
    seen: list[web.BaseRequest] = []

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        seen.append(request)
        headers = {"ETag": '"v1"', "Last-Modified": "Mon, 27 Apr 2026 04:00:00 GMT"}
        return web.Response(body=b"papers", headers=headers)

    async with serving(handler) as base:
        fetched = await get(f"{base}/feed?x=1", contact="mailto:ops@example.org")
    assert fetched == Fetched(
        url=f"{base}/feed?x=1",
        body=b"papers",
        validators=Validators(etag='"v1"', last_modified="Mon, 27 Apr 2026 04:00:00 GMT"),
    )
    (request,) = seen
    assert request.headers["User-Agent"] == "Paperboy/1.0 (+mailto:ops@example.org)"
    assert request.headers["Accept-Encoding"] == "gzip, deflate"
    assert "If-None-Match" not in request.headers
    assert "Authorization" not in request.headers


async def test_nothing_has_changed_since() -> None:
    asked = Validators(etag='W/"v1"', last_modified="Mon, 27 Apr 2026 04:00:00 GMT")

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        assert request.headers["If-None-Match"] == asked.etag
        assert request.headers["If-Modified-Since"] == asked.last_modified
        return web.Response(status=304)

    async with serving(handler) as base:
        fetched = await get(base, asked)
    assert fetched == Fetched(url=base, body=b"", not_modified=True, validators=asked)


async def test_new_validators_come_with_a_304() -> None:
    async with serving(answering(status=304, headers={"ETag": '"v2"'})) as base:
        fetched = await get(base, Validators(etag='"v1"'))
    assert fetched.validators == Validators(etag='"v2"')


async def test_a_304_that_nobody_asked_for_is_a_failure() -> None:
    async with serving(answering(status=304)) as base:
        assert "HTTP 304" in str(await failure(base))


async def test_a_validator_that_cannot_be_sent_back_is_not_kept() -> None:
    async with raw(b'HTTP/1.1 200 OK\r\nETag: "\xff\xfe"\r\nContent-Length: 1\r\n\r\nx') as (base, _):
        assert (await get(base)).validators == NONE


@pytest.mark.parametrize("coding", ["gzip", "deflate", "raw"])
async def test_a_packed_body_is_unpacked(coding: str) -> None:
    text = b"papers " * 50_000
    packed = gzip.compress(text) if coding == "gzip" else zlib.compress(text)
    if coding == "raw":
        packed = packed[2:-4]
    headers = {"Content-Encoding": "gzip" if coding == "gzip" else "deflate"}
    async with serving(answering(body=packed, headers=headers)) as base:
        assert (await get(base)).body == text


async def test_the_next_page() -> None:
    link = '</api?p=0>; rel="prev", </api?date=2026-04-27&p=2>; rel="next"'
    async with serving(answering(body=b"[]", headers={"Link": link})) as base:
        assert (await get(f"{base}/api")).next_url == f"{base}/api?date=2026-04-27&p=2"


@pytest.mark.parametrize("link", ['<file:///etc/passwd>; rel="next"', "<http://[>; rel=next", "<>", "rel=next"])
async def test_a_next_page_that_cannot_be_opened_is_none(link: str) -> None:
    async with serving(answering(body=b"[]", headers={"Link": link})) as base:
        assert (await get(base)).next_url is None


# --- refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "120"}, 120.0),
        ({"Retry-After": "999999999999"}, 86_400.0),
        ({"Retry-After": "Mon, 27 Apr 2026 04:01:30 GMT", "Date": "Mon, 27 Apr 2026 04:00:00 GMT"}, 90.0),
        ({"Retry-After": "Mon, 27 Apr 2026 03:00:00 GMT", "Date": "Mon, 27 Apr 2026 04:00:00 GMT"}, 0.0),
        ({"RateLimit": '"api";r=0;t=123', "RateLimit-Policy": '"fixed window";"api";q=500;w=300'}, 123.0),
        ({"Retry-After": "soon"}, None),
        ({}, None),
    ],
)
async def test_too_many_requests(headers: dict[str, str], seconds: float | None) -> None:
    async with serving(answering(status=429, headers=headers)) as base:
        error = await failure(base)
    assert str(error) == "127.0.0.1 asks us to slow down (HTTP 429)"
    assert error.retry_after == seconds
    assert error.url == base


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (500, "127.0.0.1 has trouble of its own (HTTP 500)"),
        (503, "127.0.0.1 has trouble of its own (HTTP 503)"),
        (404, "127.0.0.1 has nothing at this address (HTTP 404)"),
        (403, "127.0.0.1 refuses access (HTTP 403)"),
        (206, "127.0.0.1 answered with HTTP 206 instead of the feed"),
        (301, "127.0.0.1 answered with HTTP 301 instead of the feed"),
    ],
)
async def test_a_refusal_in_words(status: int, words: str) -> None:
    async with serving(answering(status=status, headers={"Retry-After": "5"})) as base:
        error = await failure(base)
    assert (str(error), error.retry_after) == (words, 5.0)


# --- broken and oversized bodies ------------------------------------------------------------------

BROKE_OFF = "the connection to 127.0.0.1 broke off before the answer was complete"
NOT_HTTP = "127.0.0.1 sent an answer that is not valid HTTP"
PACKED_TWICE = gzip.compress(gzip.compress(b"x", mtime=0), mtime=0)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this", BROKE_OFF),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", BROKE_OFF),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n", NOT_HTTP),
        (
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"x" * 999, mtime=0)[:-9],
            BROKE_OFF,
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nnot packed at all",
            "the packed answer of 127.0.0.1 is damaged",
        ),
        (b"", BROKE_OFF),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", NOT_HTTP),
        (
            b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 1\r\n\r\nx",
            "127.0.0.1 packed its answer in a way that was not asked for",
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip\r\n\r\n" + PACKED_TWICE,
            "127.0.0.1 packed its answer in a way that was not asked for",
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Encoding: gzip\r\n\r\n" + PACKED_TWICE,
            "127.0.0.1 packed its answer in a way that was not asked for",
        ),
    ],
)
async def test_an_answer_that_cannot_be_read_is_asked_for_once(answer: bytes, words: str) -> None:
    async with raw(answer) as (base, requests):
        assert str(await failure(base)) == words
    assert len(requests) == 1


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this"])
async def test_a_reset_connection(answer: bytes) -> None:
    async with raw(answer, reset=True) as (base, requests):
        assert str(await failure(base)) == BROKE_OFF
    assert len(requests) == 1


async def test_a_gzip_bomb_goes_off_at_the_cap() -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    async with serving(answering(body=bomb, headers={"Content-Encoding": "gzip"})) as base:
        error = await failure(base, max_bytes=1_000_000)
    assert str(error) == "the answer of 127.0.0.1 is larger than 1 MB"


async def test_a_body_without_end_is_cut_at_the_cap() -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 10_000)

    async with serving(handler) as base:
        assert str(await failure(base, max_bytes=50_000)).endswith("larger than 50,000 bytes")


@pytest.mark.parametrize(
    "start", [gzip.compress(b"x"), gzip.compress(b"")[:10]], ids=["behind its end", "of empty blocks"]
)
async def test_packed_bytes_that_unpack_to_nothing_are_cut_at_the_cap(start: bytes) -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Encoding": "gzip"})
        await response.prepare(request)
        await response.write(start)
        while True:
            await response.write(b"\x00\x00\x00\xff\xff" * 2_000)

    async with serving(handler) as base:
        assert str(await failure(base, max_bytes=50_000)).endswith("larger than 50,000 bytes")


@pytest.mark.parametrize("packed", [True, False])
async def test_a_body_of_just_the_cap_is_taken(packed: bool) -> None:
    text = b"x" * 5_000
    headers = {"Content-Encoding": "gzip"} if packed else {}
    async with serving(answering(body=gzip.compress(text) if packed else text, headers=headers)) as base:
        assert (await get(base, max_bytes=5_000)).body == text
        await failure(base, max_bytes=4_999)


async def test_a_slow_body_meets_the_timeout() -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(50):
            await response.write(b"x")
            await asyncio.sleep(0.05)
        return response

    async with serving(handler) as base:
        assert str(await failure(base, timeout=0.8)) == "127.0.0.1 did not answer in full within 0.8 seconds"


# --- connections ----------------------------------------------------------------------------------


async def test_a_refused_connection() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    error = await failure(f"http://127.0.0.1:{port}/")
    assert str(error) == "could not connect to 127.0.0.1: it refused the connection"


async def test_a_name_that_is_not_found() -> None:
    error = await failure("https://huggingface.co/api", resolver=Names(lambda _: ()))
    assert str(error) == "could not connect to huggingface.co: its name was not found"
    assert error.url == "https://huggingface.co/api"


@pytest.mark.parametrize("host", [f"{'a' * 64}.org", "a..b"])
async def test_a_name_that_can_be_none_is_not_found_either(host: str) -> None:
    assert str(await failure(f"http://{host}/")) == f"could not connect to {host}: its name was not found"


async def test_no_secure_connection() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()

    async with listening(serve) as base:
        error = await failure(base.replace("http:", "https:"))
    assert str(error) == "could not connect to 127.0.0.1: no secure connection was possible"


async def test_it_works_only_while_it_is_open() -> None:
    fetch = Fetcher(version="1.0")
    with pytest.raises(RuntimeError):
        await fetch("http://127.0.0.1/", NONE)


# --- addresses ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://example.org/",
        "example.org",
        "",
        "http://",
        "http://[::1/",
        "http://example.org:port/",
        "http://exa mple.org/",
        "http://example.org/\r\nX: y",
        "http://user:geheim/x@example.org/",
    ],
)
async def test_what_cannot_be_opened(url: str) -> None:
    error = await failure(url)
    assert str(error).startswith("not an address that can be opened: ")
    assert "geheim" not in str(error) + error.url


async def test_redirects_are_followed() -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        assert request.headers["If-None-Match"] == '"v1"'
        if request.path == "/new":
            return web.Response(body=b"papers")
        return web.Response(status=301, headers={"Location": "/new" if request.path == "/mid" else "mid"})

    async with serving(handler) as base:
        fetched = await get(f"{base}/old", Validators(etag='"v1"'))
    assert (fetched.url, fetched.body) == (f"{base}/new", b"papers")


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "gopher://127.0.0.1/", "http://[", "javascript:alert(1)"]
)
async def test_a_redirect_leaves_the_web_never(location: str) -> None:
    async with serving(answering(status=302, headers={"Location": location})) as base:
        error = await failure(base)
    assert str(error).startswith("not an address that can be opened: ")
    assert error.url == base


async def test_a_redirect_loop_ends() -> None:
    count = 0

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        nonlocal count
        count += 1
        return web.Response(status=302, headers={"Location": "/again"})

    async with serving(handler) as base:
        assert str(await failure(base)) == "127.0.0.1 redirects more than 5 times"
    assert count == 6


async def test_credentials_go_into_a_header_and_nowhere_else() -> None:
    seen: list[tuple[str, str | None]] = []

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        seen.append((request.path, request.headers.get("Authorization")))
        if request.path == "/moved":
            return web.Response(status=302, headers={"Location": "/feed"})
        return web.Response(body=b"x", status=200 if request.path == "/feed" else 500)

    async with serving(handler) as base:
        there = base.replace("http://", "http://ada:p%40ss@")
        fetched = await get(f"{there}/moved?api_key=geheim&x=1")
        error = await failure(f"{there}/broken?api_key=geheim&x=1")
    basic = "Basic YWRhOnBAc3M="
    assert seen == [("/moved", basic), ("/feed", basic), ("/broken", basic)]
    assert fetched.url == f"{base}/feed"
    assert error.url == f"{base}/broken?api_key=…&x=1"
    for text in (str(error), repr(error), repr(fetched)):
        assert not any(secret in text for secret in ("ada", "p%40ss", "p@ss", "geheim"))


async def test_credentials_stay_with_their_server() -> None:
    seen: list[str | None] = []

    async def second(request: web.BaseRequest) -> web.StreamResponse:
        seen.append(request.headers.get("Authorization"))
        return web.Response(body=b"x")

    async with (
        serving(second) as other,
        serving(answering(status=302, headers={"Location": f"{other}/x"})) as base,
    ):
        await get(base.replace("http://", "http://ada:pass@"))
    assert seen == [None]


@pytest.mark.parametrize(
    ("location", "kept"),
    [
        ("/other", True),
        ("https://example.org/", True),
        ("http://EXAMPLE.org/", True),
        ("http://example.org:8080/", False),
        ("https://example.org:8443/", False),
        ("http://feeds.example.org/", False),
        ("//example.net/", False),
    ],
)
def test_credentials_go_over_no_other_and_no_weaker_connection(location: str, kept: bool) -> None:
    plain, secure = (parse(f"{scheme}://ada:pass@example.org/", asked="") for scheme in ("http", "https"))
    assert bool(redirected(plain, location).credentials) is kept
    assert not redirected(secure, location.replace("https:", "http:")).credentials or location == "/other"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://example.org/a?b=c#d", "https://example.org/a?b=c#d"),
        ("https://ada:pass@example.org:8080/a", "https://example.org:8080/a"),
        ("https://ada@[::1]:80/a", "https://[::1]:80/a"),
        ("https://ada:p@ss@example.org", "https://example.org"),
        ("https://ada:pa/ss@example.org/", "https://…"),
        ("https://medium.com/@ada", "https://medium.com/@ada"),
        (
            "https://example.org/?apikey=1&x=2&Access_Token=3&client_secret=4&password=5",
            "https://example.org/?apikey=…&x=2&Access_Token=…&client_secret=…&password=…",
        ),
        ("not an address", "notanaddress"),
        ("", ""),
    ],
)
def test_shown(url: str, expected: str) -> None:
    assert shown(url) == expected
