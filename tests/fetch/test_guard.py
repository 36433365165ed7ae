"""Addresses from strangers: every evil against real sockets, with a watch over each connection of this process.

The guard of a test permits what it needs by name (`HERE`), so that the real one has no door for tests.
"""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from hypothesis import example, given
from hypothesis import strategies as st

from bot.fetch import Fetcher
from bot.fetch.connection import Forbidden, session
from bot.fetch.guard import Address, Guard, is_public
from bot.models import Validators
from tests.fetch.servers import NONE, Handler, Names, answering, failure, get, listening, raw, serving, watching

ANY_PORT = frozenset(range(65_536))
PUBLIC = Guard(ports=ANY_PORT)
"""The policy as it is, but for the port, which a server of a test cannot choose."""
HERE = Guard(ports=ANY_PORT, permitted=(ip_network("127.0.0.1"),), max_bytes=50_000, seconds=5.0)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npapers"
FEEDS = "feeds.example.org"


def nowhere(host: str) -> str:
    return f"no public address was found for {host}: only sites of the public internet are opened"


async def refusal(url: str, **options: Any) -> str:
    """Why `url` is not opened, by a guard that connected to nothing."""
    with watching() as connected:
        error = await failure(url, guarded=True, **options)
    assert connected == []
    assert error.retry_after is None
    return str(error)


@asynccontextmanager
async def feeds(handler: Handler) -> AsyncIterator[str]:
    """The address of a server of FEEDS, which is permitted."""
    async with serving(handler) as base:
        yield base.replace("127.0.0.1", FEEDS)


# --- what is permitted ----------------------------------------------------------------------------


async def test_a_permitted_name_works() -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        if request.headers.get("If-None-Match") == '"v1"':
            return web.Response(status=304)
        return web.Response(body=b"papers", headers={"ETag": '"v1"'})

    names = Names()
    async with feeds(handler) as base, Fetcher(version="1.0", resolver=names, guard=HERE) as fetch:
        with watching() as connected:
            fetched = await fetch.guarded(f"{base}/feed", NONE)
        assert (fetched.url, fetched.body, fetched.validators) == (
            f"{base}/feed",
            b"papers",
            Validators(etag='"v1"'),
        )
        assert (await fetch.guarded(f"{base}/feed", fetched.validators)).not_modified
    assert connected == [("127.0.0.1", int(base.rpartition(":")[2]))]
    assert names.asked == [FEEDS, FEEDS]


async def test_the_address_that_answers_is_taken_among_permitted_ones() -> None:
    guard = Guard(ports=ANY_PORT, permitted=(ip_network("127.0.0.0/8"),))
    names = Names(lambda _: ("127.0.0.9", "127.0.0.1"))
    async with feeds(answering(body=b"papers")) as base:
        with watching() as connected:
            fetched = await get(base, guarded=True, resolver=names, guard=guard)
    assert fetched.body == b"papers"
    assert [place[0] for place in connected] == ["127.0.0.9", "127.0.0.1"]  # type: ignore[index]


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "0.0.0.0", "１２７.0.0.1", "127。0。0。1", "[::ffff:127.0.0.1]", FEEDS]
)
async def test_the_operators_own_addresses_lead_anywhere(host: str) -> None:
    # It also shows that the servers of this file are there to be reached, by evil spellings too.
    async with raw(OK) as (base, requests):
        await get(base.replace("127.0.0.1", host), resolver=None if host == "localhost" else Names(), guard=PUBLIC)
    assert len(requests) == 1


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "168.63.129.15",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "192.167.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "2001:200::",
        "2003::1",
        "2606:4700::1111",
        "3ffe:ffff::",
        "64:ff9b::1.1.1.1",
    ],
)
def test_a_public_address(address: str) -> None:
    assert is_public(ip_address(address))
    assert Guard().permits(address, 443)


# --- addresses that lead inside -------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1.",
        "127.0.0.2",
        "127.255.255.254",
        "127.1",
        "127.0.1",
        "127.0.0.01",
        "0",
        "0.0.0.0",
        "2130706433",
        "017700000001",
        "0x7f000001",
        "0X7F.1",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "4294967296",
        "1.2.3.4.5",
        "1.2.3.256",
        "127.0.0.0x1",
        "127%2e0.0.1",
        "%31%32%37.0.0.1",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "feeds.localhost",
        "intranet",
        "printer.local",
        "metadata.google.internal",
        "router.home.arpa",
        "169.254.169.254",
        "168.63.129.16",
        "10.0.0.1",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::ffff:1.1.1.1]",
        "[::127.0.0.1]",
        "[::ffff:0:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b:1::101:101]",
        "[2002:7f00:1::]",
        "[2001:0:101:101:0:0:80ff:fffe]",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "[fe80::1%25eth0]",
        "[::1%25lo]",
        "[2606:4700::1111%25eth0]",
        "[fec0::1]",
        "[ff02::1]",
        f"{'a' * 64}.org",
        "a..org",
        "-",
    ],
)
async def test_a_host_that_leads_inside_or_nowhere(host: str) -> None:
    names = Names()
    async with raw(OK) as (base, requests):
        why = await refusal(base.replace("127.0.0.1", host), resolver=names, guard=PUBLIC)
    assert why == nowhere(host.strip("[]").rstrip(".").lower())
    assert (requests, names.asked) == ([], [])


@pytest.mark.parametrize(
    "host", ["１２７.0.0.1", "127。0。0。1", "①②⑦.0.0.1", "ⓛocalhost", "١٢٧.0.0.1", "fееds.example.org"]
)
async def test_a_host_in_other_letters(host: str) -> None:
    names = Names()
    async with raw(OK) as (base, requests):
        why = await refusal(base.replace("127.0.0.1", host), resolver=names, guard=PUBLIC)
    assert why.startswith(f"{host} is not opened in this spelling: copy the address")
    assert (requests, names.asked) == ([], [])


@pytest.mark.parametrize(
    "addresses",
    [
        *(
            [address]
            for address in (
                "127.0.0.1",
                "127.255.255.255",
                "0.0.0.0",
                "0.255.255.255",
                "10.0.0.0",
                "10.255.255.255",
                "100.64.0.0",
                "100.100.100.200",
                "100.127.255.255",
                "168.63.129.16",
                "169.254.0.1",
                "169.254.169.254",
                "172.16.0.0",
                "172.31.255.255",
                "192.0.0.192",
                "192.0.2.1",
                "192.88.99.1",
                "192.168.0.1",
                "198.18.0.1",
                "198.19.255.255",
                "198.51.100.1",
                "203.0.113.1",
                "224.0.0.1",
                "239.255.255.250",
                "240.0.0.1",
                "255.255.255.255",
                "::",
                "::1",
                "::127.0.0.1",
                "::ffff:127.0.0.1",
                "::ffff:10.0.0.1",
                "::ffff:8.8.8.8",
                "64:ff9b::127.0.0.1",
                "64:ff9b::10.0.0.1",
                "64:ff9b::169.254.169.254",
                "64:ff9b:1::8.8.8.8",
                "100::1",
                "1fff:ffff::",
                "2001::1",
                "2001:0:5ef5:79fd:0:0:f5ff:fffe",
                "2001:2::1",
                "2001:20::1",
                "2001:1ff:ffff::",
                "2001:db8::1",
                "2002:a00:1::",
                "2002:808:808::",
                "3fff::1",
                "4000::",
                "fc00::1",
                "fd00:ec2::254",
                "fdff:ffff::",
                "fe80::1",
                "fe80::1%eth0",
                "2606:4700::1111%eth0",
                "febf::1",
                "fec0::1",
                "ff02::1",
                "ff0e::1",
            )
        ),
        ["1.1.1.1", "127.0.0.1"],
        ["10.0.0.1", "1.1.1.1"],
        ["2606:4700::1111", "::1"],
        ["1.1.1.1", "2606:4700::1111", "169.254.169.254"],
        ["localhost"],
        ["127.1"],
        ["0x7f.1"],
        ["127.0.0.1."],
        [],
    ],
    ids=lambda addresses: ",".join(addresses) or "none",
)
async def test_a_name_that_leads_inside_or_nowhere(addresses: Sequence[str]) -> None:
    names = Names(lambda _: addresses)
    async with raw(OK) as (base, requests):
        why = await refusal(base.replace("127.0.0.1", FEEDS), resolver=names, guard=PUBLIC)
    assert why == nowhere(FEEDS)
    assert (requests, names.asked) == ([], [FEEDS])


NAT64 = ip_network("64:ff9b::/96")


@given(st.ip_addresses())
@example(ip_address("2001:0:4136:e378:8000:63bf:3fff:fdd2"))
def test_what_is_public_is_public_for_python_too(address: Address) -> None:
    if is_public(address) and address not in NAT64:
        assert address.is_global
        assert not any((address.is_multicast, address.is_reserved, address.is_unspecified, address.is_link_local))
        if isinstance(address, IPv6Address):
            assert not any((address.ipv4_mapped, address.sixtofour, address.teredo, address.is_site_local))


# --- between the check and the connection ---------------------------------------------------------


async def test_a_name_that_changes_is_judged_by_what_is_connected_to() -> None:
    answers = [("127.0.0.1",), ("127.0.0.2",)]
    names = Names(lambda _: answers[min(len(names.asked), len(answers)) - 1])
    async with feeds(answering(status=302, headers={"Location": "/again"})) as base:
        with watching() as connected:
            error = await failure(base, guarded=True, resolver=names, guard=HERE)
    assert str(error) == nowhere(FEEDS)
    # One search a connection: there is no second answer that could differ.
    assert names.asked == [FEEDS, FEEDS]
    assert [place[0] for place in connected] == ["127.0.0.1"]  # type: ignore[index]


@pytest.mark.parametrize(
    ("host", "error"), [("127.0.0.1", aiohttp.ClientConnectorError), (FEEDS, aiohttp.ClientConnectorDNSError)]
)
async def test_the_connection_asks_the_guard_by_itself(
    host: str, error: type[aiohttp.ClientConnectorError]
) -> None:
    # As if the text of an address could be read in two ways. aiohttp asks no resolver for 127.0.0.1.
    async with raw(OK) as (base, requests), session(agent="x", resolver=Names(), guard=PUBLIC) as guarded:
        with watching() as connected, pytest.raises(error) as caught:
            await guarded.get(base.replace("127.0.0.1", host))
        assert isinstance(caught.value.os_error, Forbidden)
    assert (requests, connected) == ([], [])


async def test_the_peer_is_checked_before_a_byte_is_sent() -> None:
    guard = Guard(ports=ANY_PORT, permitted=(ip_network("0.0.0.0"),))
    async with raw(OK) as (base, requests):
        url = base.replace("127.0.0.1", "0.0.0.0")
        # Connected to 0.0.0.0, which is permitted here, and arrived at 127.0.0.1, which is not.
        with watching() as connected:
            error = await failure(url, guarded=True, guard=guard)
        assert str(error) == nowhere("0.0.0.0")
        assert len(connected) == 1
        await get(url, guard=guard)
    assert requests[0] == b""
    assert [request[:5] for request in requests[1:]] == [b"GET /"]


# --- what an address says -------------------------------------------------------------------------


@pytest.mark.parametrize("port", [0, 1, 21, 22, 25, 6379, 8000, 8080, 8443, 11211, 65_535])
async def test_a_port_that_is_not_the_webs(port: int) -> None:
    names = Names(lambda _: ("1.1.1.1",))
    why = await refusal(f"https://{FEEDS}:{port}/", resolver=names)
    assert why == f"port {port} of {FEEDS} is not opened, only the web's usual ones: leave the number out"
    assert names.asked == []


async def test_a_server_behind_another_port_is_not_reached() -> None:
    async with raw(OK) as (base, requests):
        assert "is not opened" in await refusal(base, guard=Guard(permitted=HERE.permitted))
    assert requests == []
    assert not Guard().permits("1.1.1.1", 22)


@pytest.mark.parametrize("user", ["ada:geheim", "ada", "", ":geheim", "feeds.example.org:80", "a@b"])
async def test_credentials(user: str) -> None:
    async with raw(OK) as (base, requests):
        why = await refusal(base.replace("127.0.0.1", f"{user}@{FEEDS}"), resolver=Names(), guard=HERE)
    assert why == f"no address with a user name or password in it is opened: leave out what is before @{FEEDS}"
    assert requests == []


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "gopher://127.0.0.1/",
        "unix:///run/docker.sock",
        "data:text/xml,x",
        "javascript:alert(1)",
        "//127.0.0.1/",
        "http:127.0.0.1",
        "http:///127.0.0.1",
        "http://feeds.example.org\\@127.0.0.1/",
        "http://127.0.0.1\t/",
        "http://127.0.0.1/\r\nX: y",
        "http://[::1",
        "http://[v1.127.0.0.1]/",
        "http://127.0.0.1:80x/",
        "http://127.0.0.1:99999/",
        "http://\u200b127.0.0.1/",
    ],
)
async def test_what_is_no_web_address(url: str) -> None:
    why = await refusal(url, guard=HERE)
    assert why.startswith(("not an address that can be opened: ", "no public address was found for v1.127.0.0.1"))


# --- redirects ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("location", "why"),
    [
        ("http://127.0.0.2:{port}/", nowhere("127.0.0.2")),
        ("//[::1]:{port}/", nowhere("::1")),
        ("http://localhost:{port}/", nowhere("localhost")),
        ("http://2130706433:{port}/", nowhere("2130706433")),
        ("http://169.254.169.254/latest/meta-data/", nowhere("169.254.169.254")),
        ("http://１２７.0.0.2:{port}/", "１２７.0.0.2 is not opened in this spelling"),
        (f"http://ada:geheim@{FEEDS}:{{port}}/", "no address with a user name or password in it is opened"),
        (f"http://{FEEDS}:22/", f"port 22 of {FEEDS} is not opened"),
        ("http://inside.example.org:{port}/", nowhere("inside.example.org")),
        ("http://unknown.example.org:{port}/", nowhere("unknown.example.org")),
        ("file:///etc/passwd", "not an address that can be opened"),
        ("http://[", "not an address that can be opened"),
    ],
)
async def test_a_redirect_is_judged_like_the_first_address(location: str, why: str) -> None:
    known = {FEEDS: ("127.0.0.1",), "inside.example.org": ("127.0.0.2",)}
    guard = Guard(ports=ANY_PORT - {22}, permitted=HERE.permitted)
    count = 0

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        nonlocal count
        count += 1
        there = location.format(port=request.host.rpartition(":")[2])
        return web.Response(status=302, headers={"Location": there})

    async with feeds(handler) as base:
        with watching() as connected:
            names = Names(lambda host: known.get(host, ()))
            error = await failure(base, guarded=True, resolver=names, guard=guard)
    assert why in str(error)
    assert "geheim" not in str(error) + error.url
    assert (count, len(connected)) == (1, 1)


async def test_five_redirects_are_followed_and_a_sixth_is_not() -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        count = int(request.path[1:])
        if count == 0:
            return web.Response(body=b"papers")
        return web.Response(status=302, headers={"Location": f"/{count - 1}"})

    async with feeds(handler) as base:
        options: dict[str, Any] = {"guarded": True, "resolver": Names(), "guard": HERE}
        assert (await get(f"{base}/5", **options)).body == b"papers"
        assert str(await failure(f"{base}/6", **options)) == f"{FEEDS} redirects more than 5 times"


async def test_no_cookie_and_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    cookies = []

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        cookies.append(request.headers.get("Cookie"))
        headers = {"Set-Cookie": "a=b"}
        if request.path == "/old":
            return web.Response(status=302, headers={**headers, "Location": "/new"})
        return web.Response(body=b"x", headers=headers)

    async with raw(OK) as (proxy, proxied), feeds(handler) as base:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy)
        async with Fetcher(version="1.0", resolver=Names(), guard=HERE) as fetch:
            for ask in (fetch.guarded, fetch.guarded, fetch):
                await ask(f"{base}/old", NONE)
    assert (cookies, proxied) == ([None] * 6, [])


# --- answers without measure ----------------------------------------------------------------------

ZEROS = b"\0" * 20_000_000
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n"
LARGE = f"the answer of {FEEDS} is larger than 50,000 bytes"
PACKED = f"{FEEDS} packed its answer in a way that was not asked for"
NOT_HTTP = f"{FEEDS} sent an answer that is not valid HTTP"
SLOW = f"{FEEDS} did not answer in full within 0.5 seconds"


@pytest.mark.parametrize(
    ("answer", "again", "why"),
    [
        (HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(ZEROS), False, LARGE),
        (HEAD + b"Content-Encoding: deflate\r\n\r\n" + zlib.compress(ZEROS), False, LARGE),
        (HEAD + b"Content-Encoding: deflate\r\n\r\n" + zlib.compress(ZEROS)[2:-4], False, LARGE),
        (HEAD + b"Content-Encoding: br\r\n\r\nx", False, PACKED),
        (HEAD + b"Content-Encoding: zstd\r\n\r\nx", False, PACKED),
        (HEAD + b"Content-Encoding: gzip, gzip\r\n\r\n" + gzip.compress(gzip.compress(ZEROS)), False, PACKED),
        (
            HEAD + b"Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"x"),
            False,
            PACKED,
        ),
        (HEAD + b"\r\n" + b"x" * 50_001, False, LARGE),
        (HEAD + b"Content-Length: 99999999999\r\n\r\n" + b"x" * 50_001, False, LARGE),
        (HEAD + b"".join(b"X-%d: y\r\n" % number for number in range(9_999)) + b"\r\n", False, NOT_HTTP),
        (HEAD + b"X: " + b"y" * 99_999 + b"\r\n\r\n", False, NOT_HTTP),
        (b"HTTP/1.1 200 " + b"O" * 99_999 + b"\r\n\r\n", False, NOT_HTTP),
        (b"HTTP/1.1 100 Continue\r\n\r\n", True, SLOW),
    ],
    ids=[
        "gzip bomb",
        "deflate bomb",
        "bare deflate bomb",
        "brotli",
        "zstd",
        "packed twice",
        "packed twice, two headers",
        "no length",
        "wrong length",
        "headers",
        "header",
        "status",
        "continue without end",
    ],
)
async def test_an_answer_without_measure(answer: bytes, again: bool, why: str) -> None:
    guard = Guard(ports=ANY_PORT, permitted=HERE.permitted, max_bytes=50_000, seconds=0.5 if again else 5.0)
    async with raw(answer, again=again) as (base, requests):
        url = base.replace("127.0.0.1", FEEDS)
        assert str(await failure(url, guarded=True, resolver=Names(), guard=guard)) == why
    assert len(requests) == 1


@pytest.mark.parametrize("part", ["name", "headers", "body", "redirects"])
async def test_slowness_of_every_kind_meets_one_limit(part: str) -> None:
    pieces = {"headers": b"HTTP/1.1 200 OK\r\nX: ", "body": HEAD + b"Content-Length: 9999\r\n\r\n"}

    class Slow(Names):
        async def resolve(self, *args: Any, **options: Any) -> Any:
            if part == "name":
                await asyncio.Event().wait()
            return await super().resolve(*args, **options)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        if part == "redirects":
            # Each of the two is quick enough, both together are not.
            await asyncio.sleep(0.3)
            moved = b"HTTP/1.1 302 Found\r\nLocation: /new\r\nContent-Length: 0\r\n\r\n"
            writer.write(OK if request.startswith(b"GET /new") else moved)
        else:
            writer.write(pieces[part])
            for _ in range(30):
                writer.write(b"x")
                await asyncio.sleep(0.05)

    guard = Guard(ports=ANY_PORT, permitted=HERE.permitted, seconds=0.5)
    async with listening(serve) as base:
        url = base.replace("127.0.0.1", FEEDS)
        assert str(await failure(url, guarded=True, resolver=Slow(), guard=guard)) == SLOW


def test_strangers_get_less_than_the_operator() -> None:
    assert (Guard().max_bytes, Guard().seconds) == (5_000_000, 20.0)
    assert (Guard().ports, Guard().permitted) == (frozenset({80, 443}), ())


async def test_it_works_only_while_it_is_open() -> None:
    with pytest.raises(RuntimeError):
        await Fetcher(version="1.0").guarded("http://1.1.1.1/", NONE)
