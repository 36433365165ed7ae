"""What the command line says of a move."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bot import report
from bot.models import Exported, Imported, Taken

LEFT = Exported(
    records={"papers.jsonl": 79, "channels.jsonl": 1, "deliveries.jsonl": 2},
    size=1_234_567,
    without_credentials=0,
    on_their_way=0,
)


def test_an_export_is_one_line_and_what_to_know_of_it() -> None:
    assert report.export_line(Path("moved"), LEFT) == "moved: 1.2 MB, 79 papers, 1 channel, 2 digests"
    assert report.export_notes(LEFT, running=False) == []
    running, on_their_way, credentials = report.export_notes(
        replace(LEFT, without_credentials=2, on_their_way=1), running=True
    )
    assert "stop it" in running
    assert on_their_way.startswith("1 digest may be on the way")
    assert "in the address of 2 feeds" in credentials


def test_an_import_tells_what_is_new_what_stays_and_what_is_missing() -> None:
    nothing = Imported(taken=Taken(), sources=(), incomplete=0)
    assert report.import_lines(nothing) == ["nothing new: all was known"]
    assert report.import_notes(nothing) == []
    taken = Taken(papers=2, enriched=1, known_channels=3, topics=1, topics_left_out=4, left_out=5)
    some = Imported(taken=taken, sources=("huggingface", "arxiv:cs.CL"), incomplete=1)
    new, channels, _, sources = report.import_lines(some)
    assert new == "2 new papers, 1 enriched paper, 1 new topic"
    assert channels.startswith("3 channels here already: ")
    assert sources == "  PAPERBOY_SOURCES=huggingface arxiv:cs.CL"
    topics, mentions, credentials = report.import_notes(some)
    assert topics.startswith("4 topics left out")
    assert mentions.startswith("5 mentions of papers or channels left out")
    assert "1 source" in credentials
