"""How often a host is asked: its pauses, its budget, and what its own answers ask for.

Owns: the order and the spacing of requests, in this process. Refuses: connections, retries. Time is the event
loop's, which no clock of the host sets.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from types import MappingProxyType

from bot.errors import FeedError
from bot.fetch import words
from bot.fetch.target import Target


@dataclass(frozen=True, slots=True)
class Budget:
    """At most `requests` within any `seconds`."""

    requests: int
    seconds: float


PAUSES: Mapping[str, float] = MappingProxyType({"arxiv.org": 3.0, "huggingface.co": 1.0})
"""Seconds between two requests to a host and all its subdomains together, which get one at a time.

arXiv asks for one request every three seconds on one connection, over API and RSS together (help/api/tou).
Hugging Face's pause keeps within its budget, so that a long backfill never runs into it.
"""

BUDGETS: Mapping[str, Budget] = MappingProxyType(
    {"arxiv.org": Budget(300, 3600.0), "huggingface.co": Budget(300, 300.0), "": Budget(600, 3600.0)}
)
"""For a host and all its subdomains together; "" is for each other host by itself.

Hugging Face answers 500 calls in five minutes (hub-docs, rate-limits.md). Nobody else tells a number: theirs is
far beyond what polling takes, and stops a mistake.
"""

STRANGERS = Budget(60, 3600.0)
"""For each host, of requests to addresses from strangers; they count against the host's budget too."""

_AT_ONCE = 2
_LONGEST_WAIT = 86_400.0
_PATIENCE = 5.0
"""Seconds that a request waits where a host's own count says that nothing is left; beyond that it fails."""


class Pace:
    """The gates of all hosts."""

    def __init__(self, pauses: Mapping[str, float], budgets: Mapping[str, Budget], strangers: Budget) -> None:
        self._pauses, self._budgets, self._strangers = dict(pauses), dict(budgets), strangers
        self._named = sorted({*pauses, *budgets} - {""}, key=len, reverse=True)
        self._gates: dict[str, _Gate] = {}

    @asynccontextmanager
    async def turn(self, target: Target, *, stranger: bool) -> AsyncIterator[None]:
        """Wait for a request's turn, and hold it while the request runs.

        Raises FeedError, with the seconds to wait, where the host asked for a pause or its budget is spent.
        """
        clock = asyncio.get_running_loop().time
        gate = self._gate(target.host, clock())
        counts = (gate.requests, gate.strangers) if stranger else (gate.requests,)
        gate.users += 1
        try:
            # Before the queue, so that it fails at once, and behind it, where all may be different.
            gate.check(target, counts, clock())
            async with gate.slots:
                # In a loop, because a sleep may end a moment early.
                while True:
                    gate.check(target, counts, clock())
                    if (wait := gate.opens_at - clock()) <= 0:
                        break
                    await asyncio.sleep(wait)
                for count in counts:
                    count.spend(clock())
                try:
                    yield
                finally:
                    gate.ended(clock())
        finally:
            gate.users -= 1

    def heed(self, host: str, status: int, headers: Mapping[str, str]) -> None:
        """Keep to what an answer asks for: Retry-After of a 429 or 503, and a spent rate limit of any."""
        now = asyncio.get_running_loop().time()
        gate = self._gate(host, now)
        if status in (429, 503):
            gate.closed_until = max(gate.closed_until, now + (retry_after(status, headers) or 0.0))
        gate.renewed_at = max(gate.renewed_at, now + (renewal(headers) or 0.0))

    def _gate(self, host: str, now: float) -> _Gate:
        key = next((name for name in self._named if host == name or host.endswith(f".{name}")), host)
        if key not in self._gates:
            # Strangers name hosts without end.
            self._gates = {name: gate for name, gate in self._gates.items() if not gate.idle(now)}
            self._gates[key] = _Gate(
                pause=self._pauses.get(key),
                budget=self._budgets.get(key, self._budgets.get("")),
                strangers=self._strangers,
            )
        return self._gates[key]


class _Gate:
    """What is known of one host. Moments are the loop's."""

    def __init__(self, *, pause: float | None, budget: Budget | None, strangers: Budget) -> None:
        self.slots = asyncio.Semaphore(_AT_ONCE if pause is None else 1)
        self.requests, self.strangers = _Count(budget), _Count(strangers)
        self.users = 0
        self.closed_until = 0.0
        """The host refused, and asked for a pause."""
        self.renewed_at = 0.0
        """The host's own count says that nothing is left until then."""
        self._pause = pause or 0.0
        self._rested_at = 0.0

    @property
    def opens_at(self) -> float:
        return max(self._rested_at, self.renewed_at)

    def ended(self, now: float) -> None:
        self._rested_at = now + self._pause

    def check(self, target: Target, counts: tuple[_Count, ...], now: float) -> None:
        """Raises FeedError where no request may go out for longer than anybody should wait for it."""
        rest = max(self.closed_until - now, 0.0)
        if self.renewed_at - now > _PATIENCE:
            rest = max(rest, self.renewed_at - now)
        if rest:
            raise FeedError(
                target.shown,
                f"{target.host} asked for a pause: the next request goes out in {words.span(rest)}",
                retry_after=rest,
            )
        rest = max(count.rest(now) for count in counts)
        if rest:
            raise FeedError(
                target.shown,
                f"{target.host} was asked often enough for now: the next request goes out in {words.span(rest)}",
                retry_after=rest,
            )

    def idle(self, now: float) -> bool:
        """Nothing is lost when it is forgotten."""
        return (
            not self.users
            and max(self.opens_at, self.closed_until) <= now
            and not self.requests.any(now)
            and not self.strangers.any(now)
        )


class _Count:
    """The requests of a budget's last seconds; without a budget none is counted."""

    def __init__(self, budget: Budget | None) -> None:
        self._budget = budget
        self._at: deque[float] = deque()

    def any(self, now: float) -> bool:
        while self._at and self._budget and self._at[0] + self._budget.seconds <= now:
            self._at.popleft()
        return bool(self._at)

    def rest(self, now: float) -> float:
        """Seconds until the next request is within the budget."""
        if not self._budget or not self.any(now) or len(self._at) < self._budget.requests:
            return 0.0
        return self._at[0] + self._budget.seconds - now

    def spend(self, now: float) -> None:
        if self._budget:
            self._at.append(now)


# --- what an answer asks for ------------------------------------------------------------------------


def retry_after(status: int, headers: Mapping[str, str]) -> float | None:
    """Seconds, at most a day. The date form counts from the answer's own date: clocks differ."""
    value = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,12}", value):
        return min(float(value), _LONGEST_WAIT)
    try:
        wait = parsedate_to_datetime(value) - parsedate_to_datetime(headers.get("Date", ""))
        return min(max(wait.total_seconds(), 0.0), _LONGEST_WAIT)
    except (ValueError, TypeError, IndexError, OverflowError):
        # Hugging Face sends a 429 without it.
        return renewal(headers) if status == 429 else None


def renewal(headers: Mapping[str, str]) -> float | None:
    """Seconds until a spent rate limit is renewed; None where something is left, or nothing is told.

    `RateLimit: "api";r=<left>;t=<seconds>` (Hugging Face: hub-docs, rate-limits.md), or RateLimit-Remaining and
    RateLimit-Reset of the older drafts. More than a day is no span but a date, or a mistake: it is not told.
    """
    told = [
        dict(re.findall(r";\s*([rt])=([0-9]{1,12})", limit)) for limit in headers.get("RateLimit", "").split(",")
    ]
    told.append(
        {"r": headers.get("RateLimit-Remaining", "").strip(), "t": headers.get("RateLimit-Reset", "").strip()}
    )
    waits = [
        float(limit["t"])
        for limit in told
        if re.fullmatch("0+", limit.get("r", "")) and re.fullmatch("[0-9]{1,12}", limit.get("t", ""))
    ]
    return max((wait for wait in waits if wait <= _LONGEST_WAIT), default=None)
