"""The ledger: what was claimed, sent and shown.

Owns: the tables deliveries and delivery_papers. A delivery is claimed with its papers and the
channel's next due time in one transaction, then sent, then marked: a crash leaves nothing, or a claimed
delivery that the next start settles.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import zip_longest

import aiosqlite

from bot.errors import NotFound
from bot.models import (
    ChannelId,
    Delivery,
    DeliveryId,
    DeliveryKind,
    DeliveryState,
    Mention,
    MessageId,
    Occasion,
    PaperId,
    Post,
    Verdict,
    VerdictKind,
)
from storage import channels, round_ups, verdicts
from storage.database import Database, known_moment, moment, seconds

LEASE = timedelta(minutes=2)
"""A claimed delivery belongs to its sender for so long; then the next tick settles it."""

LONGEST_WAIT = timedelta(hours=1)
"""Between two tries."""
_SET_BACK = timedelta(minutes=1)

SELECT = (
    "SELECT id, channel_id, kind, due_at, claimed_at, state, post, attempts, next_try_at, trouble, note,"
    " beyond, message_id, (SELECT json_group_array(json_array(paper_id, shown, held)) FROM"
    " (SELECT paper_id, shown, held FROM delivery_papers WHERE delivery_id = deliveries.id ORDER BY position))"
    " AS papers FROM deliveries"
)


def delivery_of(row: sqlite3.Row) -> Delivery:
    papers = json.loads(row["papers"])
    return Delivery(
        id=DeliveryId(row["id"]),
        channel_id=ChannelId(row["channel_id"]),
        kind=DeliveryKind(row["kind"]),
        due_at=known_moment(row["due_at"]),
        claimed_at=known_moment(row["claimed_at"]),
        state=DeliveryState(row["state"]),
        post=Post.from_data(json.loads(row["post"])),
        shown=tuple(PaperId(paper_id) for paper_id, shown, _ in papers if shown),
        more=tuple(PaperId(paper_id) for paper_id, shown, _ in papers if not shown),
        held=tuple(held or "" for _, shown, held in papers if not shown),
        beyond=row["beyond"],
        attempts=row["attempts"],
        next_try_at=moment(row["next_try_at"]),
        trouble=row["trouble"],
        note=row["note"],
        message_id=None if row["message_id"] is None else MessageId(row["message_id"]),
    )


def papers_of(delivery: Delivery) -> list[tuple[PaperId, int, str | None]]:
    """The values of paper_id, shown and held for each of its papers."""
    shown = [(paper_id, 1, None) for paper_id in delivery.shown]
    return shown + [(paper_id, 0, why or None) for paper_id, why in zip_longest(delivery.more, delivery.held)]


async def get(db: Database, delivery_id: DeliveryId) -> Delivery:
    """Raises NotFound."""
    async with db.read() as connection:
        rows = list(await connection.execute_fetchall(f"{SELECT} WHERE id = ?", (delivery_id,)))
    if not rows:
        raise NotFound("This digest is too old: it is not remembered any more.")
    return delivery_of(rows[0])


async def unsettled(db: Database, now: datetime, *, grace: timedelta) -> tuple[DeliveryId, ...]:
    """Claimed deliveries that nobody has marked and whose next try has come, oldest first; those of a
    paused channel wait, until `grace` after their due time."""
    async with db.read() as connection:
        rows = await connection.execute_fetchall(
            """SELECT deliveries.id FROM deliveries JOIN channels ON channels.id = channel_id
            WHERE state = 'claimed' AND (next_try_at <= ? OR next_try_at > ? OR claimed_at > ?)
            AND (paused IS NULL OR due_at < ?) ORDER BY claimed_at, deliveries.id""",
            # From the future: the host's clock was set back, and what waits for it would wait as long.
            (
                seconds(now),
                seconds(now + LONGEST_WAIT + _SET_BACK),
                seconds(now + _SET_BACK),
                seconds(now - grace),
            ),
        )
    return tuple(DeliveryId(row[0]) for row in rows)


async def last_extra(db: Database, channel_id: ChannelId) -> datetime | None:
    """When the channel last had a digest by hand, or will as soon as Discord answers."""
    async with db.read() as connection:
        rows = list(
            await connection.execute_fetchall(
                """SELECT max(claimed_at) FROM deliveries
                WHERE channel_id = ? AND kind = 'extra' AND state != 'refused'""",
                (channel_id,),
            )
        )
    return moment(rows[0][0])


async def count(db: Database, channel_id: ChannelId) -> int:
    """How many digests the channel has had, round-ups aside."""
    async with db.read() as connection:
        rows = await connection.execute_fetchall(
            """SELECT count(*) FROM deliveries
            WHERE channel_id = ? AND state != 'refused' AND kind != 'weekly'""",
            (channel_id,),
        )
    return int(next(iter(rows))[0])


async def shown(db: Database, channel_id: ChannelId, papers: Iterable[PaperId]) -> set[PaperId]:
    """Which of `papers` the channel has had."""
    async with db.read() as connection:
        rows = await connection.execute_fetchall(
            """SELECT paper_id FROM delivery_papers WHERE channel_id = ? AND shown
            AND paper_id IN (SELECT value FROM json_each(?))""",
            (channel_id, json.dumps(list(papers))),
        )
    return {PaperId(row[0]) for row in rows}


async def mentions(db: Database, channel_id: ChannelId, paper_id: PaperId) -> tuple[Mention, ...]:
    """The channel's last deliveries that have the paper, the newest first."""
    async with db.read() as connection:
        rows = await connection.execute_fetchall(
            """SELECT due_at, kind, state, shown, held, message_id FROM delivery_papers
            JOIN deliveries ON deliveries.id = delivery_id
            WHERE paper_id = ? AND delivery_papers.channel_id = ? ORDER BY claimed_at DESC LIMIT 5""",
            (paper_id, channel_id),
        )
    return tuple(
        Mention(
            due_at=known_moment(row["due_at"]),
            kind=DeliveryKind(row["kind"]),
            state=DeliveryState(row["state"]),
            shown=bool(row["shown"]),
            held=row["held"] or "",
            message_id=None if row["message_id"] is None else MessageId(row["message_id"]),
        )
        for row in rows
    )


async def claim(db: Database, delivery: Delivery, *, next_due: datetime | None) -> bool:
    """Write a delivery before it is sent. False, and nothing written, where another was quicker: its due
    moment was claimed, one of its papers was shown or joined with another, or the channel was paused, forgotten
    or (for one with a due moment) changed meanwhile.

    A scheduled one moves the channel on to `next_due`, a weekly one its round-up; an extra one leaves both alone.
    """
    async with db.write() as tx:
        taken = list(
            await tx.execute_fetchall(
                """SELECT 1 FROM delivery_papers WHERE channel_id = ? AND shown
                AND paper_id IN (SELECT value FROM json_each(?))
                UNION ALL SELECT 1 FROM json_each(?) WHERE value NOT IN (SELECT id FROM papers)
                UNION ALL SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM channels WHERE id = ? AND paused IS NULL)
                LIMIT 1""",
                (
                    delivery.channel_id,
                    json.dumps(delivery.shown),
                    json.dumps(delivery.shown + delivery.more),
                    delivery.channel_id,
                ),
            )
        )
        if taken:
            return False
        begun = _begun(delivery)
        if begun and not await _move_on(tx, begun, next_due):
            return False
        await tx.execute(
            """INSERT INTO deliveries
                (id, channel_id, kind, due_at, claimed_at, state, post, next_try_at, note, beyond)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
            (
                delivery.id,
                delivery.channel_id,
                delivery.kind,
                seconds(delivery.due_at),
                seconds(delivery.claimed_at),
                DeliveryState.CLAIMED,
                json.dumps(delivery.post.as_data(), ensure_ascii=False),
                seconds(delivery.claimed_at + LEASE),
                delivery.note,
                delivery.beyond,
            ),
        )
        if begun:
            await verdicts.judge(tx, begun)
        papers = papers_of(delivery)
        await tx.executemany(
            """INSERT INTO delivery_papers (delivery_id, position, channel_id, paper_id, shown, held)
            VALUES (?, ?, ?, ?, ?, ?)""",
            [(delivery.id, at, delivery.channel_id, *paper) for at, paper in enumerate(papers)],
        )
        return True


async def record_silence(db: Database, verdict: Verdict, *, next_due: datetime | None) -> bool:
    """A due moment that posts nothing: its verdict, and the channel, or its round-up, moves on. False as in
    `claim`."""
    async with db.write() as tx:
        if not await _move_on(tx, verdict, next_due):
            return False
        await verdicts.judge(tx, verdict)
        return True


async def mark_sent(db: Database, delivery: Delivery, message_id: MessageId, verdict: Verdict | None) -> None:
    """It is in the channel. `verdict` None: an extra one, which no due moment asked for. Nothing is written where
    it was forgotten meanwhile, with its inbox; nor by the two below."""
    async with db.write() as tx:
        marked = await tx.execute(
            "UPDATE deliveries SET state = ?, message_id = ?, next_try_at = NULL WHERE id = ?",
            (DeliveryState.SENT, message_id, delivery.id),
        )
        if verdict and marked.rowcount:
            await verdicts.judge(tx, verdict)


async def postpone(
    db: Database, delivery: Delivery, verdict: Verdict | None, *, next_try_at: datetime, trouble: str
) -> None:
    """It may work later; `verdict` says so for the time being. `trouble`: why it did not now, in words."""
    async with db.write() as tx:
        marked = await tx.execute(
            "UPDATE deliveries SET attempts = attempts + 1, next_try_at = ?, trouble = ? WHERE id = ?",
            (seconds(next_try_at), trouble, delivery.id),
        )
        if verdict and marked.rowcount:
            await verdicts.judge(tx, verdict)


async def give_up(
    db: Database,
    delivery: Delivery,
    verdict: Verdict | None,
    *,
    now: datetime,
    pause: str | None = None,
    free: bool = True,
) -> bool:
    """It will not be sent. Its papers count as not shown where they are `free` to come again, and the channel
    pauses where `pause` says why. Returns whether this paused it."""
    async with db.write() as tx:
        there = await _refuse(tx, delivery.id, free=free)
        if verdict and there:
            await verdicts.judge(tx, verdict)
        if not (pause and there):
            return False
        return await channels.stop(tx, "id = ?", (delivery.channel_id,), pause, now=now) == 1


async def abandon(db: Database, delivery_id: DeliveryId, told: str, *, now: datetime) -> None:
    """Give up a delivery that cannot even be read back; its papers count as not shown."""
    async with db.write() as tx:
        await _refuse(tx, delivery_id)
        rows = await tx.execute_fetchall(
            "SELECT channel_id, due_at, kind FROM deliveries WHERE id = ?", (delivery_id,)
        )
        for channel_id, due_at, kind in rows:
            occasion = DeliveryKind(kind).occasion
            if occasion is None:
                continue
            await verdicts.judge(
                tx,
                Verdict(
                    channel_id=ChannelId(channel_id),
                    due_at=known_moment(due_at),
                    at=now,
                    kind=VerdictKind.FAILED,
                    text=told,
                    occasion=occasion,
                ),
            )


def _begun(delivery: Delivery) -> Verdict | None:
    """What a due moment's verdict is until the delivery is marked: also after a crash in between. None where no
    due moment asked for it."""
    occasion = delivery.kind.occasion
    if occasion is None:
        return None
    return Verdict(
        channel_id=delivery.channel_id,
        due_at=delivery.due_at,
        at=delivery.claimed_at,
        kind=VerdictKind.WAITING,
        text="being posted",
        occasion=occasion,
    )


async def _move_on(tx: aiosqlite.Connection, verdict: Verdict, next_due: datetime | None) -> bool:
    """The channel, or its round-up, leaves the due moment of `verdict` behind; False where it is not at that
    moment any more."""
    channel_id, due_at = verdict.channel_id, verdict.due_at
    if verdict.occasion is Occasion.WEEKLY:
        return await round_ups.move_on(tx, channel_id, due_at, next_due)
    moved = await tx.execute(
        "UPDATE channels SET next_due = ?, last_due = ? WHERE id = ? AND next_due = ?",
        (seconds(next_due), seconds(due_at), channel_id, seconds(due_at)),
    )
    return moved.rowcount == 1


async def _refuse(tx: aiosqlite.Connection, delivery_id: DeliveryId, *, free: bool = True) -> bool:
    """It will not be sent; False where it is not there any more."""
    marked = await tx.execute(
        "UPDATE deliveries SET state = ?, next_try_at = NULL WHERE id = ?", (DeliveryState.REFUSED, delivery_id)
    )
    if free:
        await tx.execute("UPDATE delivery_papers SET shown = 0 WHERE delivery_id = ?", (delivery_id,))
    return marked.rowcount == 1
