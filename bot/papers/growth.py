"""How votes grow, written by `python -m tests.fit.trending`: do not edit.

Fitted on 2026-11-27 to 6222 counts of 32 weeks of Hugging Face's lists, 2025-04-21 to 2025-11-30.
The standard error of log(1 + votes) at 8, 24, 48 hours is 0.52, 0.34, 0.12.
"""

from __future__ import annotations

LATELY = 16
"""Hours within which what a paper gained is gained lately."""
LEVEL = (
    (8.0, (1.41, 0.746, 0.0)),
    (24.0, (0.679, 0.878, 0.0)),
    (48.0, (0.158, 0.98, 0.0)),
    (72.0, (0.0, 1.0, 0.0)),
)
"""Hours since the day of a list began -> (a, b, c), with which a paper of it has
exp(a + b log(1 + v) + c log(1 + g)) - 1 votes by the end of its week, v being its votes and g those that it gained
lately; here without g, for where that is not known."""
LEVEL_AND_GAIN = (
    (8.0, (1.41, 0.746, 0.0)),
    (24.0, (0.681, 0.779, 0.13)),
    (48.0, (0.171, 0.957, 0.04)),
    (72.0, (0.0, 1.0, 0.0)),
)
"""The same with g."""
