"""Messages about one paper: its card, its entry for BibTeX, and what is like it. Pure.

Owns: what a card shows. Refuses: finding papers, and who may see them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, product

from bot.digest import markup
from bot.digest.found import row_told
from bot.digest.handle import menu
from bot.digest.markup import escape, link
from bot.digest.sparkline import votes_told
from bot.models import Block, Button, Hit, Line, Observation, Paper, Post, Query, Row, Text
from bot.papers import bibtex, identity
from bot.papers.sentences import sentences
from bot.papers.summary import shorten, summarise, whole
from bot.papers.trending import counted, source

SIMILAR = 5
"""Papers like one that are shown."""
FOLDED = 600
"""Characters of a long abstract before somebody asks for all of it."""
_SHORT = 800
"""Characters of an abstract that is shown whole: folding it would hide a sentence."""
_AUTHORS, _CATEGORIES = 4, 6
_NAMES = 1_000
"""Characters kept for all authors of a card that is unfolded."""
_TITLE = 300
_ADDRESS = 512
"""Characters of a button's address."""
_ROOM = 100
"""Characters kept free, for what counts otherwise than is thought."""
_MORE = "\u00a0…"
_ANYTHING = Query(text="", root=None)


def paper_post(paper: Paper, seen: Sequence[Observation] = (), *, unfolded: bool = False) -> Post:
    """A paper with all that is known of it. A long abstract and a long list of authors are folded to their
    beginnings, or `unfolded` as far as Discord has room. `seen`: the paper's counts over time, oldest first."""
    text = " ".join((paper.abstract or paper.summary).split())
    beginning, many = _beginning(text), len(paper.authors) > _AUTHORS
    head, gist = _head(paper, seen), _gist(paper)
    room = markup.MAX_CHARACTERS - _ROOM - markup.length(head) - markup.length(gist)
    blocks: list[Block] = [Text(head)]
    if gist:
        blocks += [Line(), Text(gist)]
    if unfolded:
        told = _cut(text, room - _NAMES if many else room)
    else:
        told = _cut(beginning, room, rest=beginning != text)
    if told:
        blocks += [Line(), Text(f"**Abstract**\n{told}" if gist else told)]
    if unfolded and many:
        heading = f"-# **{len(paper.authors):,} authors**\n-# "
        names = _names(paper, len(paper.authors), room - markup.length(told) - len(heading))
        blocks += [Line(), Text(heading + names)]
    if links := _links(paper):
        blocks.append(Row(links))
    folds = "Whole abstract" if beginning != text else "All authors" if many else ""
    turn = Button(label="Fold" if unfolded else folds, custom_id=f"paperboy:unfold:{paper.id}:{int(not unfolded)}")
    actions = (
        Button(label="More like this", custom_id=f"paperboy:similar:{paper.id}"),
        Button(label="Why?", custom_id=f"paperboy:why:{paper.id}"),
        Button(label="BibTeX", custom_id=f"paperboy:bibtex:{paper.id}"),
    )
    blocks.append(Row((turn, *actions) if folds else actions))
    return Post(tuple(blocks))


def _names(paper: Paper, most: int, room: int = _NAMES) -> str:
    """The first `most` authors, as many of them as `room` characters hold, and how many these are not."""
    names: list[str] = []
    for name in paper.authors[:most]:
        names.append(escape(shorten(name, 60)))
        room -= markup.length(names[-1]) + 2
        if room < 0:
            names.pop()
            break
    others = len(paper.authors) - len(names)
    return ", ".join(names) + (f" and {others:,} more" if others else "")


def _head(paper: Paper, seen: Sequence[Observation]) -> str:
    """Its title and authors; where and when it was listed, its counts, its ids: a line each."""
    title = f"### {link(shorten(paper.title, _TITLE), paper.url)}"
    by = " · ".join(filter(None, (_names(paper, _AUTHORS), escape(shorten(paper.organization, 80)))))
    sources = [escape(shorten(name, 60)) for name in dict.fromkeys(map(source, paper.feeds))][:4]
    where = f" on {', '.join(sources)}" if sources else ""
    day, votes = paper.listed_on, votes_told(seen)
    facts = [f"Listed {day.day} {day:%B %Y}{where}" if day else f"Listed{where}" if where else ""]
    facts += [f"▲ {counted(paper.votes, 'vote')}" if paper.votes is not None and not votes else ""]
    facts += [counted(paper.comments, "comment") if paper.comments else ""]
    facts += [f"★ {counted(paper.stars, 'star')}" if paper.stars else ""]
    version = f" v{paper.version}" if paper.version else ""
    known = [f"arXiv {paper.arxiv_id}{version}" if paper.arxiv_id else ""]
    known += [f"DOI {shorten(paper.doi, 100)}" if paper.doi else ""]
    known += [shorten(", ".join(paper.categories[:_CATEGORIES]), 120)]
    lines = (" · ".join(filter(None, facts)), votes, escape(" · ".join(filter(None, known))))
    return "\n".join(filter(None, (title, by, *(f"-# {line}" for line in lines if line))))


def _gist(paper: Paper) -> str:
    """What Hugging Face's model makes of it, where that is no part of the abstract."""
    text, author = summarise(paper)
    said = identity.letters(text) in identity.letters(paper.abstract)
    if said or not paper.abstract or author != "Hugging Face":
        return ""
    return f"**In short**, by Hugging Face’s model\n{escape(text)}"


def _beginning(text: str) -> str:
    """A long `text` to the end of a sentence, else of a word."""
    if len(text) <= _SHORT:
        return text
    begin = whole(text, FOLDED)
    return begin if len(begin) > FOLDED // 2 else shorten(text, FOLDED)


def _cut(text: str, room: int, *, rest: bool = False) -> str:
    """`text` as markdown of at most `room` characters, cut behind a sentence, else between words. `rest`: there is
    more of it."""
    told = escape(text)
    if markup.length(told) <= room:
        return f"{told}{_MORE}" if rest and not told.endswith("…") else told
    parts = sentences(text)
    lengths = accumulate(markup.length(escape(part)) + 1 for part in parts)
    count = sum(length <= room - 2 for length in lengths)
    if count:
        return f"{escape(' '.join(parts[:count]))}{_MORE}"
    # One endless sentence: of the worst signs each takes four characters.
    for limit in range(room, 0, -max(1, room // 16)):
        cut = escape(shorten(text, limit))
        if markup.length(cut) <= room:
            return cut
    return ""


def _links(paper: Paper) -> tuple[Button, ...]:
    """Where the paper can be read and talked about; an address that Discord takes for none is left out."""
    listed = "huggingface" in paper.feeds
    page = paper.discussion or (
        f"https://huggingface.co/papers/{paper.arxiv_id}" if listed and paper.arxiv_id else None
    )
    found = {
        "Abstract": paper.url,
        "PDF": f"https://arxiv.org/pdf/{paper.arxiv_id}" if paper.arxiv_id else None,
        "Hugging Face" if listed else "Discussion": page,
        "Code": paper.repository,
        "Project page": paper.project_page,
    }
    buttons: dict[str, Button] = {}
    for label, url in found.items():
        if url and url.startswith(("https://", "http://")) and len(url) <= _ADDRESS and not _spaced(url):
            buttons.setdefault(url, Button(label=label, url=url))
    return tuple(buttons.values())


def _spaced(url: str) -> bool:
    return len(url.split()) != 1 or not url.isprintable()


def bibtex_post(paper: Paper) -> Post:
    """Its entry, as a block that Discord offers to copy."""
    return Post((Text(f"```bibtex\n{bibtex.entry(paper)}\n```"),))


def similar_post(paper: Paper, hits: Sequence[Hit]) -> Post:
    """What is most like `paper`, and a menu to open one of them."""
    head = f"### More like {link(shorten(paper.title, 150), paper.url)}"
    if not hits:
        return Post((Text(f"{head}\nNothing in the archive is like it yet."),))
    for count, limit in product(range(min(len(hits), SIMILAR), -1, -1), range(200, 39, -40)):
        shown = hits[:count]
        rows = (block for hit in shown for block in (Line(), Text(row_told(_ANYTHING, hit, limit))))
        post = Post((Text(head), *rows, *menu([hit.paper for hit in shown])))
        if markup.fits(post):
            break
    return post
