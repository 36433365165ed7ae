"""Everything that can go wrong and is expected to.

    PaperboyError
    ├── ConfigError             the operator's settings; carries every fault at once
    ├── UserError               shown to the person who asked, as it stands
    │   ├── InvalidQuery        the place in the text, and what would work
    │   └── NotFound            no such topic, channel, button
    ├── FeedError               a source could not be had; carries its address without credentials
    ├── StorageError            the database; carries what to do next
    ├── ModelError              the model of PAPERBOY_MEANING; carries what to do, and searches go on without
    ├── CompletionError         the model of PAPERBOY_MODEL gave no text; digests go out without it
    └── DeliveryError           Discord; carries the channel
        ├── ChannelGone         deleted, or we were removed: never retried
        ├── PostRefused         no permission, or a post that Discord rejects: paused with the reason
        ├── TryLater            an outage or a rate limit: retried
        └── CannotLook          the channel's history may not be read: nobody knows whether a post is there

Anything else that is raised is a bug.
"""

from __future__ import annotations

from collections.abc import Sequence


class PaperboyError(Exception):
    """The root: its text is fit for an operator's eyes."""


class ConfigError(PaperboyError):
    """`faults` lists every wrong setting, one sentence each."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


class UserError(PaperboyError):
    """Its text answers the person who asked: what is wrong and what to do."""


class InvalidQuery(UserError):
    """`at` is the place in the query's text, counted in characters."""

    def __init__(self, text: str, at: int, message: str) -> None:
        self.text, self.at = text, at
        super().__init__(message)


class NotFound(UserError):
    """What was asked for is not there any more."""


class FeedError(PaperboyError):
    """`url` is safe to show. `retry_after` is in seconds, where the source asked for a pause."""

    def __init__(self, url: str, message: str, *, retry_after: float | None = None) -> None:
        self.url, self.retry_after = url, retry_after
        super().__init__(message)


class StorageError(PaperboyError):
    """The database is missing, foreign, newer than the code, locked, full or damaged."""


class ModelError(PaperboyError):
    """There is no model to tell what texts mean: not installed, not there, not readable, not to be had."""


class CompletionError(PaperboyError):
    """The operator's own model did not answer, or not with a text. Never carries what its server said, which may
    repeat a key."""


class DeliveryError(PaperboyError):
    """A post did not reach its channel."""

    def __init__(self, channel: int, message: str) -> None:
        self.channel = channel
        super().__init__(message)


class ChannelGone(DeliveryError):
    """The channel or the server is not there for us any more."""


class PostRefused(DeliveryError):
    """Discord will not take it, now or on a retry."""


class TryLater(DeliveryError):
    """It may work later; whether this one arrived is unknown. `after` is in seconds, where Discord asked
    for a pause."""

    def __init__(self, channel: int, message: str, *, after: float | None = None) -> None:
        self.after = after
        super().__init__(channel, message)


class CannotLook(DeliveryError):
    """Whether a post has arrived cannot be told: the history is closed to us, or too long to read."""
