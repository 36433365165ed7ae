"""The operator's own language model, behind an OpenAI-compatible API.

Owns: one call, its limits, when the server is left alone, and saying in words what went wrong. Refuses: redirects,
the guard (the address is a setting, and may well be this machine's), and what an answer is worth.
API: POST {base}/chat/completions, the text in choices[0].message.content.
"""

from __future__ import annotations

import asyncio
import json
import zlib
from types import TracebackType
from typing import Any, Self

import aiohttp

from bot.errors import CompletionError, FeedError
from bot.fetch import answer, words
from bot.fetch.connection import session
from bot.fetch.pace import retry_after
from bot.fetch.target import parse

SECONDS = 10.0
"""For one call, whole."""
PAUSE = 600.0
"""Seconds without a call after FAILURES in a row; then one more failure is enough for the next pause."""
FAILURES = 3
BREATH = 30.0
"""Seconds without a call after one that took all its time: digests of one tick wait for one of those at most."""
_MAX_BYTES = 65_536
_TOKENS = 160
"""Two sentences have some 80."""


class Completions:
    """A `models.LanguageModel`: `async with Completions("http://localhost:11434/v1", "a-model", ...) as model`.

    `key` is sent to the server of `base`, to no other, and is in no message. `version` is Paperboy's.
    """

    def __init__(
        self, base: str, name: str, *, key: str = "", version: str, seconds: float = SECONDS, pause: float = PAUSE
    ) -> None:
        self._target = parse(f"{base.rstrip('/')}/chat/completions", asked=base)
        self._name, self._seconds, self._pause = name, seconds, pause
        self._headers = {"Accept-Encoding": "identity", **self._target.credentials}
        if key:
            self._headers["Authorization"] = f"Bearer {key}"
        self._agent = f"Paperboy/{version}"
        self._session: aiohttp.ClientSession | None = None
        self._failures = 0
        self._rests_until = 0.0
        """In the event loop's time."""

    async def __aenter__(self) -> Self:
        self._session = session(agent=self._agent, resolver=None, guard=None)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        opened, self._session = self._session, None
        if opened:
            await opened.close()

    @property
    def name(self) -> str:
        return self._name

    def resting(self) -> bool:
        return self._left() > 0

    async def __call__(self, instructions: str, text: str) -> str:
        """What the model says. Raises CompletionError, while it rests at once and without asking."""
        if self.resting():
            raise CompletionError(f"the model's server is left alone for {words.span(self._left())}")
        try:
            said = await self._said({"system": instructions, "user": text})
        except TimeoutError:
            self._fail(rest=BREATH)
            raise CompletionError(f"the model's server did not answer in {self._seconds:g} seconds") from None
        except (aiohttp.ClientError, OSError, ValueError, zlib.error, FeedError) as error:
            self._fail()
            told = (
                str(error)
                if isinstance(error, FeedError)
                else words.trouble(self._target, error, seconds=self._seconds)
            )
            # Not "from error": what aiohttp raises holds the request with its key.
            raise CompletionError(f"the model's server: {told}") from None
        except CompletionError:
            self._fail()
            raise
        self._failures = 0
        return said

    def _left(self) -> float:
        return self._rests_until - asyncio.get_running_loop().time()

    def _fail(self, *, rest: float = 0.0) -> None:
        self._failures += 1
        self._rest(self._pause if self._failures >= FAILURES else rest)

    def _rest(self, seconds: float) -> None:
        self._rests_until = max(self._rests_until, asyncio.get_running_loop().time() + seconds)

    async def _said(self, messages: dict[str, str]) -> str:
        if self._session is None:
            raise RuntimeError("Completions are used inside of `async with`")
        asked = {
            "model": self._name,
            "messages": [{"role": role, "content": content} for role, content in messages.items()],
            "temperature": 0,
            "max_tokens": _TOKENS,
            "stream": False,
        }
        limits = aiohttp.ClientTimeout(total=self._seconds)
        async with self._session.post(
            self._target.url, json=asked, headers=self._headers, timeout=limits, allow_redirects=False
        ) as response:
            if response.status != 200:
                self._rest(retry_after(response.status, response.headers) or 0.0)
                raise CompletionError(_refusal(response.status))
            body = await answer.body_of(self._target, response, _MAX_BYTES)
        return _text(body)


def _refusal(status: int) -> str:
    """What an answer without a text means for the operator."""
    told = f"the model's server answered {status}"
    if status in (401, 403):
        return f"{told}: PAPERBOY_MODEL_KEY is missing there, or not accepted"
    if status == 404:
        return f"{told}: PAPERBOY_MODEL_URL leads to no such API, or it has no model of the name in PAPERBOY_MODEL"
    if 300 <= status < 400:
        return f"{told}, a redirect, which is not followed: set PAPERBOY_MODEL_URL to where it leads"
    return told


def _text(body: bytes) -> str:
    try:
        said: Any = json.loads(body)
    except (ValueError, RecursionError):
        raise CompletionError("the model's server sent no JSON") from None
    try:
        text = said["choices"][0]["message"]["content"]
    except (LookupError, TypeError):
        text = None
    if not isinstance(text, str) or not text.strip():
        raise CompletionError("the model's server sent no text")
    return text
