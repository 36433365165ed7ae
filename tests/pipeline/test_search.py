"""Searches as people type them: what comes first, what comes besides, and why."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from bot.errors import NotFound
from bot.models import Answer, PaperId
from bot.pipeline import ask, ranking
from bot.pipeline.meaning import Meaning
from storage.database import Database
from tests import static
from tests.making import ARXIV, NOW, entry, store

FILLER = tuple(f"Filler number {at} about nothing" for at in range(30))


async def archive_of(db: Database, *texts: tuple[str, str]) -> None:
    """Papers of these titles and abstracts, among others; ranked."""
    for at, (title, abstract) in enumerate((*texts, *((title, "Some words.") for title in FILLER)), 1):
        await store(db, ARXIV, entry(title, arxiv_id=f"2603.{at:05}", abstract=abstract))
    await ranking.catch_up(db)


def titles(answer: Answer) -> list[str]:
    return [hit.paper.title for hit in answer.hits]


async def asked(db: Database, text: str, limit: int = 20) -> Answer:
    return await ask.search(db, text, now=NOW, limit=limit)


async def test_a_sentence_works_as_well_as_keywords(db: Database) -> None:
    await archive_of(
        db,
        ("Robots fold laundry", "A robot learns to fold shirts from few demonstrations."),
        ("Which is the best?", "How are we and what is there to be done with it?"),
    )
    for text in ("how can a robot learn to fold laundry with few demonstrations", "robot fold laundry"):
        assert titles(await asked(db, text))[0] == "Robots fold laundry"


async def test_all_the_words_come_before_some_and_more_before_fewer(db: Database) -> None:
    await archive_of(
        db,
        ("Zebra", "Zebra zebra zebra."),
        ("Zebra robots", "Nothing of note."),
        ("Machines", "Robots that paint a zebra in oil."),
    )
    answer = await asked(db, "zebra robots oil")
    assert titles(answer)[:3] == ["Machines", "Zebra robots", "Zebra"]
    assert (answer.total, answer.wider, [hit.wider for hit in answer.hits]) == (1, 2, [False, True, True])
    assert answer.hits[1].reasons[:2] == ("only some of the words", "“zebra”, “robots” in the title")


async def test_words_side_by_side_count(db: Database) -> None:
    await archive_of(
        db,
        ("One", "The world of a model, and the model of a world."),
        ("Two", "The model has a world model, and such."),
    )
    assert titles(await asked(db, "world model"))[0] == "Two"


@pytest.mark.parametrize(
    ("text", "first", "reason"),
    [
        ("optimisation", "Optimization of sails", "spelled otherwise"),
        ("matrix sails", "Matrices for sails", "spelled otherwise"),
        ("multi-modal", "Multimodal sails", "spelled otherwise"),
        ("multi modal", "Multimodal sails", "spelled otherwise"),
        ("shipyard", "A ship yard for sails", "spelled otherwise"),
        ("RHF", "On reading human faces", "spelled otherwise"),
        ("reading human faces quickly", "RHF again", "spelled otherwise"),
        ("optimizatoin", "Optimization of sails", "spelled otherwise"),
    ],
)
async def test_what_was_meant_is_found(db: Database, text: str, first: str, reason: str) -> None:
    await archive_of(
        db,
        ("Optimization of sails", "Sails."),
        ("Matrices for sails", "Sails."),
        ("Multimodal sails", "Sails."),
        ("A ship yard for sails", "A ship yard here, the yard of a ship."),
        *((f"Yards {at}", "A ship, a yard") for at in range(3)),
        ("Reading human faces", "Reading human faces (RHF) is hard, says nobody."),
        ("On reading human faces", "Sails."),
        ("RHF again", "RHF, quickly."),
    )
    answer = await asked(db, text)
    found = {hit.paper.title: hit for hit in answer.hits}
    assert found[first].wider
    assert found[first].reasons[0] == reason
    assert answer.spelled == ((("optimizatoin", "optimization"),) if text == "optimizatoin" else ())


async def test_of_a_long_text_a_few_slips_are_looked_for(db: Database) -> None:
    words = [f"optimization{a}{b}" for a in "bcdf" for b in "ghjk"]
    await archive_of(db, ("Sails", " ".join(words)))
    answer = await asked(db, " ".join(word.replace("tion", "toin") for word in words))
    assert 0 < len(answer.spelled) <= 10


async def test_a_word_that_the_archive_has_is_no_slip(db: Database) -> None:
    await archive_of(
        db, *((f"Models {at}", "Models.") for at in range(25)), ("Modals", "Modals."), ("Two", "Two modals.")
    )
    answer = await asked(db, "modals")
    assert (answer.total, answer.spelled) == (2, (("modals", "models"),)), "two papers may have it by a slip"
    await archive_of(db, *((f"On modal logic {at}", "Modal.") for at in range(3)))
    assert (await asked(db, "modals")).spelled == ()


@pytest.mark.parametrize("text", ["gpt model", "كتب عربي", "हिन द"])
async def test_signs_and_marks_part_words_as_they_do_in_the_index(db: Database, text: str) -> None:
    await archive_of(db, ("The GPT™ model", "مَكتب عربي"), ("Another", "हिन्दी"))
    answer = await asked(db, text)
    assert (answer.total, [hit.wider for hit in answer.hits][:1]) == (1, [False])


async def test_what_is_not_ranked_yet_is_found_all_the_same(db: Database) -> None:
    await archive_of(db, ("Old zebra", "Zebra."))
    await store(db, ARXIV, entry("New zebra", arxiv_id="2604.00001", abstract="Zebra."))
    assert titles(await asked(db, "zebra")) == ["Old zebra", "New zebra"]
    await ranking.catch_up(db)
    assert {*titles(await asked(db, "zebra"))} == {"Old zebra", "New zebra"}


async def test_nothing_of_a_strangers_feed_is_suggested(db: Database) -> None:
    secret = "added:https://a.example/feed"
    await archive_of(db, ("Zebra crossing", "Zebra."))
    await store(db, secret, entry("Quaternions", url="https://a.example/1", abstract="A quaternion (QTN)."))
    await ranking.catch_up(db)
    for own, expected in (((), ()), ((secret,), (("quaternoins", "quaternions"),))):
        answer = await ask.search(db, "quaternoins", now=NOW, own=own)
        assert answer.spelled == expected
        assert bool(answer.hits) == bool(own)


async def test_every_page_tells_the_same_numbers(db: Database) -> None:
    await archive_of(
        db,
        *((f"Zebra robots {at}", "Here.") for at in range(8)),
        *((f"Zebra {at}", "There.") for at in range(130)),
    )
    for offset in range(0, 115, 5):
        page = await ask.search(db, "zebra robots", now=NOW, limit=5, offset=offset)
        assert (page.total, page.wider, len(page.hits)) == (
            8,
            100,
            5 if offset < 105 else 3 if offset < 108 else 0,
        )


async def test_pages_of_a_search_follow_each_other_without_a_gap(archive: Database) -> None:
    whole = await asked(archive, "diffusion video generation", limit=60)
    assert 0 < whole.total < 10 < len(whole.hits)
    pages: list[str] = []
    for offset in range(0, 60, 5):
        page = await ask.search(archive, "diffusion video generation", now=NOW, limit=5, offset=offset)
        assert (page.total, page.wider) == (whole.total, whole.wider)
        pages += titles(page)
    assert pages == titles(whole)


async def test_a_paper_is_found_by_its_id(db: Database) -> None:
    await archive_of(db, ("Zebra crossing", "Zebra."))
    await store(db, "added:https://a.example/feed", entry("Secret", url="https://a.example/1"))
    for text in ("2603.00001", "arXiv:2603.00001v3", "https://arxiv.org/pdf/2603.00001", "2603.00001 zebra"):
        answer = await asked(db, text)
        assert (titles(answer), answer.total) == (["Zebra crossing"], 1)
        assert "arXiv:2603.00001" in answer.hits[0].reasons
    assert titles(await asked(db, "2603.99999")) == []
    assert titles(await asked(db, "2603.99999 zebra crossing")) == ["Zebra crossing"], "near, by its words"
    assert titles(await asked(db, "https://a.example/1")) == []
    own = await ask.search(db, "https://a.example/1", now=NOW, own=("added:https://a.example/feed",))
    assert titles(own) == ["Secret"]


async def test_an_order_can_be_asked_for(db: Database) -> None:
    await store(db, ARXIV, entry("Old zebra", arxiv_id="2603.00001", votes=9, on=NOW.date() - timedelta(days=9)))
    await store(db, ARXIV, entry("New zebra", arxiv_id="2603.00002", votes=1))
    await ranking.catch_up(db)
    for text in ("zebra sort:new", "sort:new"):
        assert titles(await asked(db, text)) == ["New zebra", "Old zebra"]
    assert titles(await asked(db, "sort:votes zebra")) == ["Old zebra", "New zebra"]


async def test_what_is_found_besides_is_the_same_on_each_page(db: Database) -> None:
    # So many share a word, and so many have it in another spelling, that all is more than is shown.
    await archive_of(
        db,
        *((f"Colour sails {at}", "Colour sails.") for at in range(8)),
        *((f"Color sails {at}", "Color sails.") for at in range(60)),
        *((f"Sails {at}", "Sails.") for at in range(60)),
    )
    counts, pages = set(), []
    for offset in range(0, 140, 5):
        page = await ask.search(db, "colour sails", now=NOW, limit=5, offset=offset)
        counts.add((page.total, page.wider))
        pages += titles(page)
    assert counts == {(8, 100)}
    assert len(pages) == len({*pages}) == 108


async def test_equal_papers_come_once_where_most_of_the_best_are_filtered_out(db: Database) -> None:
    await archive_of(db, *((f"Zebra {at % 2} number {at}", "Zebra") for at in range(400)))
    async with db.write() as tx:
        await tx.execute("UPDATE papers SET votes = 9 WHERE id % 3 = 0")
    found = titles(await asked(db, "zebra gnu votes:>=5", limit=100))
    assert len(found) == len({*found}) == 100


# --- more like this ---------------------------------------------------------------------------------


async def number_of(db: Database, title: str) -> PaperId:
    (hit,) = (await asked(db, f'"{title}"', limit=1)).hits
    return PaperId(hit.paper.id or 0)


async def test_more_like_this_shares_the_rare_words(db: Database) -> None:
    await archive_of(
        db,
        ("Penguins of the south", "Penguins breed on antarctic ice; some words."),
        ("Ice of the antarctic", "Antarctic ice melts; some words."),
        ("Some words", "Some words about nothing; some words."),
    )
    hits = await ask.similar(db, await number_of(db, "Penguins of the south"), now=NOW)
    assert hits[0].paper.title == "Ice of the antarctic"
    assert hits[0].reasons[0].startswith("shares “antarctic”, “ice”")
    assert "Penguins of the south" not in [hit.paper.title for hit in hits]


async def test_more_like_a_paper_that_may_not_be_seen_is_refused(db: Database) -> None:
    secret = "added:https://a.example/feed"
    await archive_of(db, ("Zebra crossing", "Zebra."))
    await store(db, secret, entry("Zebra secrets", url="https://a.example/1", abstract="Zebra."))
    await ranking.catch_up(db)
    number = PaperId(len(FILLER) + 2)
    (first, *_) = await ask.similar(db, number, now=NOW, own=(secret,))
    assert first.paper.title == "Zebra crossing"
    with pytest.raises(NotFound, match="not in the archive"):
        await ask.similar(db, number, now=NOW)
    with pytest.raises(NotFound):
        await ask.similar(db, PaperId(999), now=NOW)
    hits = await ask.similar(db, PaperId(1), now=NOW)
    assert "Zebra secrets" not in [hit.paper.title for hit in hits]


# --- by meaning -------------------------------------------------------------------------------------


async def test_meaning_adds_papers_without_any_of_the_words_behind_exact_ones(
    db: Database, tmp_path: Path
) -> None:
    await archive_of(
        db, ("A film", "Frames."), ("Movie clip", "Frames."), ("Drone gripper", "Frames."), ("Enzyme", "Frames.")
    )
    meaning = Meaning(db, str(static.save(tmp_path / "model")))
    assert titles(await ask.search(db, "film", now=NOW, meaning=meaning)) == ["A film"], "nothing is loaded yet"
    await meaning.keep_up(now=NOW)
    answer = await ask.search(db, "film", now=NOW, meaning=meaning)
    assert titles(answer) == ["A film", "Movie clip"]
    assert [hit.wider for hit in answer.hits] == [False, True]
    assert answer.hits[1].reasons == ("by meaning",)
    assert titles(await ask.search(db, "film -clip", now=NOW, meaning=meaning)) == ["A film"]
    assert titles(await ask.search(db, "gripper frames", now=NOW, meaning=meaning))[0] == "Drone gripper"
    hits = await ask.similar(db, await number_of(db, "A film"), now=NOW, meaning=meaning)
    assert hits[0].paper.title == "Movie clip"
