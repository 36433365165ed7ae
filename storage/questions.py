"""What Hugging Face's search was asked, and what it answered.

Owns: the table questions, and how often may be asked. Of who asked only the server is kept, whose share
it is, for a day.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.errors import UserError
from bot.models import GuildId, PaperId
from storage.database import Database, known_moment, seconds
from storage.upkeep import QUESTIONS

WITHIN = timedelta(hours=1)
MOST = 30
"""Questions of the whole bot within that time: little beside the 300 requests in five minutes that
`bot.fetch.pace` permits, so that no list waits for them, and at most 300 papers for the archive."""
OF_GUILD = 10
"""Of one server: no single one takes what all share. Direct messages together count as one, number 0: who asked is
not kept."""


async def begin(
    db: Database, question: str, guild: GuildId, *, now: datetime
) -> tuple[int, tuple[PaperId, ...] | None]:
    """(the question's number, what it was answered within the last day or None).

    What is remembered counts for no budget; what failed does. Raises UserError where a budget is used up.
    """
    async with db.write() as tx:
        known = list(
            await tx.execute_fetchall(
                """SELECT id, papers FROM questions WHERE question = ? AND papers IS NOT NULL
                AND asked_at > ? AND asked_at <= ? ORDER BY asked_at DESC LIMIT 1""",
                (question, seconds(now - QUESTIONS), seconds(now)),
            )
        )
        if known:
            return known[0]["id"], tuple(map(PaperId, json.loads(known[0]["papers"])))
        rows = await tx.execute_fetchall(
            "SELECT guild_id, asked_at FROM questions WHERE asked_at > ? AND asked_at <= ? ORDER BY asked_at DESC",
            (seconds(now - WITHIN), seconds(now)),
        )
        every = [row["asked_at"] for row in rows]
        ours = [row["asked_at"] for row in rows if row["guild_id"] == guild]
        here = "this server" if guild else "all direct messages together"
        for asked, most, who in ((ours, OF_GUILD, here), (every, MOST, "this bot")):
            if len(asked) >= most:
                wait = known_moment(asked[most - 1]) + WITHIN - now
                minutes = max(1, -(-wait // timedelta(minutes=1)))
                raise UserError(
                    f"Hugging Face was asked {most} times within the hour, as often as {who} may: "
                    f"ask again in {minutes} minute{'s'[: minutes > 1]}."
                )
        cursor = await tx.execute(
            "INSERT INTO questions (guild_id, asked_at, question) VALUES (?, ?, ?)",
            (guild, seconds(now), question),
        )
        return int(cursor.lastrowid or 0), None


async def end(db: Database, number: int, keys: Sequence[Sequence[str]]) -> tuple[PaperId, ...]:
    """The papers that were answered, each by the keys it is known under: their ids, which are remembered."""
    async with db.write() as tx:
        rows = await tx.execute_fetchall(
            "SELECT key, paper_id FROM identities WHERE key IN (SELECT value FROM json_each(?))",
            (json.dumps([key for each in keys for key in each]),),
        )
        numbers = {row["key"]: PaperId(row["paper_id"]) for row in rows}
        first = (next((numbers[key] for key in each if key in numbers), None) for each in keys)
        ids = tuple(dict.fromkeys(found for found in first if found is not None))
        await tx.execute("UPDATE questions SET papers = ? WHERE id = ?", (json.dumps(ids), number))
    return ids
