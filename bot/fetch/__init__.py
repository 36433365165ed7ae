"""The only way out to the network over HTTP: one conditional GET at a time, bounded and polite; and the operator's
own model (`completions`).

Owns: byte, time and redirect limits, the pauses that sources ask for, credentials in addresses, the guard
before addresses from strangers, and saying in words what went wrong.
Refuses: retries and their timing (the caller's), the meaning of a body, anything that is not http or https.
"""

from bot.fetch.completions import Completions
from bot.fetch.fetcher import Fetcher

__all__ = ["Completions", "Fetcher"]
