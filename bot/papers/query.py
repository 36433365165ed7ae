"""The query language of topics and /search: text -> Query, and a Query's words for a match.

Owns: the grammar, its errors, and the explanation of a hit. Refuses: the tokenizer (SQLite's, asked by
storage) and ranking.

    query   = either
    either  = all ("OR" all)*
    all     = part+                         side by side means all of them; "AND" may stand between
    part    = "-" part | "(" either ")" | field ":" value | "phrase" | word
    field   = author | org | cat | source | votes | since
            | sort                           an order, not a part: it stands beside the rest, once

Nothing else is special: `c++`, `it's`, `state-of-the-art`, `t:graph` and `O(n log n)` are words. LaTeX asks for
what it reads as: `Schr\\"odinger`, `\\alpha`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal, cast

from bot.errors import InvalidQuery
from bot.identifiers import find_arxiv_id, find_doi, split_arxiv_id
from bot.models import (
    And,
    Filter,
    Identifier,
    Node,
    Not,
    Or,
    Paper,
    Query,
    Since,
    Sort,
    Votes,
    Words,
    positive_words,
)
from bot.papers import terms
from bot.papers.identity import address
from bot.papers.latex import readable
from bot.papers.spelling import holds, others

MAX_LENGTH = 4_000
"""Characters in a query."""
MAX_PARTS = 800
MAX_DEPTH = 20
_RELAXED = 6

_FIELD = re.compile(r"(author|org|cat|source|votes|since|sort):", re.IGNORECASE)
_VOTES = re.compile(r"(>=|<=|>|<|=)?(\d{1,9})")
_SINCE = re.compile(r"(\d{1,4})([dw])", re.IGNORECASE)
_LAST_BACKSLASH = re.compile(r"(?<=[^\s\\])\\+(?=[\s)]|$)")
_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "\0": " "})
_PLAIN = re.compile(r"\w[\w.+#'/-]*")
"""A word that needs no quotes."""
_SIGNS = re.compile(r"[()\"]|(?<!\S)-+")
_SENTENCE = 8
"""Words from which on a text without fields may be a sentence."""
_LINK = re.compile(r"https?://\w", re.IGNORECASE)
# What is called an identifier, or a link that holds one.
_NAMED = re.compile(r"https?://|(?:[\w-]+\.)+[a-z]{2,}/|arxiv:|oai:|doi:|10\.\d", re.IGNORECASE)
_CALLED = re.compile(r"((?<![^\s(-])(?:arxiv|doi):) (?=\d)", re.IGNORECASE)
_ORDER = re.compile(r"(?<!\S)sort:\S*", re.IGNORECASE)
_EVERYTHING = {"", "trending", "*"}
_SOURCES = {"hf": "huggingface"}

EXAMPLES = (
    ("diffusion video", "both words, anywhere in title, abstract, summary or keywords"),
    ('"chain of thought"', "these words side by side"),
    ("robot OR drone", "either"),
    ("agents -survey", "the first, not the second"),
    ("(speech OR audio) codec", "parentheses group"),
    ("author:hinton", 'by an author; author:"Yann LeCun" for a full name'),
    ("org:nvidia", "by an organisation"),
    ("cat:cs.CL", "in an arXiv category; cat:cs for all of them"),
    ("source:huggingface", "carried by a source: huggingface, arxiv, biorxiv, ..."),
    ("votes:>=20", "with so many votes"),
    ("since:7d", "announced in the last seven days; since:2w for two weeks"),
    ("sort:new agents", "the newest first; sort:votes for the most votes"),
    ("2403.01234", "the paper of that arXiv id; a DOI or a link does as well"),
    ("trending", "everything, by votes"),
)


def parse(text: str) -> Query:
    """The question that `text` asks.

    Raises InvalidQuery, whose text says what would work and whose `at` points at the place.
    """
    # A command line can carry halves of surrogate pairs, which no database takes.
    text = text.encode("utf-8", "ignore").decode()
    text = " ".join(text.translate(_QUOTES).split())
    if len(text) > MAX_LENGTH:
        raise InvalidQuery(text, MAX_LENGTH, f"This is too long: at most {MAX_LENGTH:,} characters.")
    if text.casefold() in _EVERYTHING:
        return Query(text="trending", root=None)
    text = _CALLED.sub(r"\1", text)
    # A backslash at the end of a word says nothing, wherever the query goes on.
    words = _LAST_BACKSLASH.sub(lambda found: " " * len(found[0]), text)
    parser = _Parser(readable(words).translate(_QUOTES))
    try:
        root = parser.parse()
    except InvalidQuery:
        if not _is_prose(text):
            raise
        parser = _Parser(_SIGNS.sub(" ", parser.text))
        root = parser.parse()
    return Query(text=text, root=root, said=tuple(parser.said), sort=parser.sort)


def unordered(query: Query) -> Query:
    """The same without an order: a digest has its own."""
    if not query.sort:
        return query
    text = " ".join(_ORDER.sub("", query.text).split()) or "trending"
    return replace(query, text=text, sort="")


def narrowed(
    text: str, *, author: str = "", category: str = "", source: str = "", since: str = "", sort: str = ""
) -> str:
    """`text` with filters behind it; a value of several words is quoted."""
    asked = {"author": author, "cat": category, "source": source, "since": since, "sort": sort}
    values = {field: " ".join(value.replace('"', " ").split()) for field, value in asked.items()}
    parts = (f"{field}:{_quoted(value)}" for field, value in values.items() if value)
    # A question of alternatives stays one.
    whole = f"({text})" if any(values.values()) and " OR " in text else text
    return " ".join((whole, *parts))


def _is_prose(text: str) -> bool:
    """Whether its signs are those of a sentence: a quotation mark or a ( alone is then no mistake."""
    return len(text.split()) >= _SENTENCE and not _FIELD.search(text) and " OR " not in text


def explain(query: Query, paper: Paper, marks: tuple[tuple[str, tuple[str, ...]], ...]) -> tuple[str, ...]:
    """Why `paper` answers `query`: the words found and where, then the filters it satisfies."""
    reasons = []
    told: set[str] = set()
    dull = terms.FUNCTION_WORDS - {*terms.telling(query.words)}
    for field, found in marks:
        fresh = [word for word in dict.fromkeys(word.casefold() for word in found) if word not in dull | told]
        told.update(fresh)
        if fresh:
            reasons.append(f"{', '.join(f'“{word}”' for word in fresh[:4])} in the {field}")
    if query.root is not None:
        reasons += _satisfied(query.root, paper)
    return tuple(dict.fromkeys(reasons))


def told(node: Node) -> str:
    """A part of a query as one would write it."""
    match node:
        case Words(text):
            return f"“{text}”"
        case Filter(field, value):
            return f"{field}:{value}"
        case Identifier(_, text):
            return text
        case Votes(comparison, count):
            return f"votes:{comparison}{count}"
        case Since(days):
            return f"since:{days}d"
        case Not(inner):
            return f"-{told(inner)}"
        case And(nodes):
            return " ".join(map(told, nodes))
        case Or(nodes):
            return " or ".join(map(told, nodes))


def text_of(node: Node | None) -> str:
    """A query that asks for `node`: `parse` gives it back (a text that reads as LaTeX may read otherwise)."""
    match node:
        case None:
            return "trending"
        case Words(text):
            return _quoted(text)
        case Filter(field, value):
            return f"{field}:{_quoted(value)}"
        case Identifier(_, text):
            return text
        case Since(days):
            return f"since:{days}d" if days < 10_000 else f"since:{days // 7}w"
        case Votes():
            return told(node)
        case Not(inner):
            return f"-{_grouped(inner)}"
        case And(nodes):
            return " ".join(map(_grouped, nodes))
        case Or(nodes):
            return " OR ".join(map(_grouped, nodes))


def _grouped(node: Node) -> str:
    return f"({text_of(node)})" if isinstance(node, And | Or) else text_of(node)


def _quoted(text: str) -> str:
    return text if _PLAIN.fullmatch(text) or '"' in text else f'"{text}"'


def relaxed(query: Query) -> tuple[tuple[Node, Query], ...]:
    """(a part left out, the query without it), for each part that can be left out and leaves a question; of
    a long query, the first few."""
    root = query.root
    parts = root.nodes if isinstance(root, And) else (root,) if isinstance(root, Votes) else ()
    found = []
    for part in parts[:_RELAXED]:
        rest = _joined(And, [other for other in parts if other != part])
        if positive_words(rest) or not positive_words(part):
            found.append((part, Query(text=query.text, root=rest)))
    return tuple(found)


def respelled(query: Query, others: Mapping[str, Sequence[str]], joined: Mapping[tuple[str, ...], str]) -> Query:
    """The query that finds its words in other spellings as well (`others`: text -> spellings), and words that
    follow each other as one (`joined`: the words -> the one). Words asked not to be there stay as they are.
    """

    def anew(node: Node) -> Node:
        match node:
            case Words(text, known):
                more = tuple(other for other in others.get(text, ()) if other not in known)
                return Words(text, (*known, *more))
            case And(nodes):
                return And(tuple(_at_once(nodes, anew, joined)))
            case Or(nodes):
                return Or(tuple(map(anew, nodes)))
        return node

    return replace(query, root=None if query.root is None else anew(query.root))


def _at_once(
    nodes: Sequence[Node], anew: Callable[[Node], Node], joined: Mapping[tuple[str, ...], str]
) -> Iterator[Node]:
    at, longest = 0, max(map(len, joined), default=1)
    while at < len(nodes):
        said = tuple(node.text if isinstance(node, Words) else "" for node in nodes[at : at + longest])
        length = next((size for size in range(len(said), 1, -1) if said[:size] in joined), 1)
        found = [anew(node) for node in nodes[at : at + length]]
        yield Or((And(tuple(found)), Words(joined[said[:length]]))) if length > 1 else found[0]
        at += length


def _satisfied(node: Node, paper: Paper) -> list[str]:
    match node:
        case And(nodes) | Or(nodes):
            return [reason for inner in nodes for reason in _satisfied(inner, paper)]
        case Filter("author", value):
            return [f"by {name}" for name in paper.authors if holds(name, value)][:2]
        case Filter("org", value) if holds(paper.organization, value):
            return [f"from {paper.organization}"]
        case Filter("cat", value):
            return [f"in {name}" for name in paper.categories if holds(name, value)][:1]
        case Identifier(_, text):
            return [text]
        case Filter("source", value) if any(value in feed.casefold() for feed in paper.feeds):
            return [f"on {value}"]
        case _:
            return []


class _Parser:
    """Recursive descent over the text itself, so that every error knows its place."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._at = 0
        self._depth = 0
        self._parts = 0
        self._refused = 0
        """How many of the parts around are asked not to be there."""
        self.said: list[str] = []
        self.sort: Sort = ""

    def parse(self) -> Node | None:
        node = self._either()
        if self._at < len(self.text):
            raise self._error(self._at, "This ) closes nothing: remove it, or open a ( before.")
        if node is None and not self.sort:
            raise self._error(0, "There is no word to search for here: type one, or `trending` for everything.")
        return node

    def _error(self, at: int, message: str) -> InvalidQuery:
        return InvalidQuery(self.text, at, message)

    def _skip(self) -> None:
        while self._at < len(self.text) and self.text[self._at] == " ":
            self._at += 1

    def _operator(self, word: str) -> bool:
        """Take `word` where it stands alone."""
        self._skip()
        end = self._at + len(word)
        if self.text[self._at : end] == word and self.text[end : end + 1] in {"", " ", "("}:
            self._at = end
            return True
        return False

    def _either(self) -> Node | None:
        choices: list[Node] = []
        while True:
            start = self._at
            node = self._all()
            if node is not None:
                choices.append(node)
            at = self._at
            if not self._operator("OR"):
                break
            if node is None:
                raise self._error(start, "OR stands between two things: `robot OR drone`.")
            self._skip()
            if self._at >= len(self.text) or self.text[self._at] == ")":
                raise self._error(at, "OR stands between two things: `robot OR drone`.")
        return _joined(Or, choices)

    def _all(self) -> Node | None:
        nodes: list[Node] = []
        while True:
            self._operator("AND")
            self._skip()
            if self._at >= len(self.text) or self.text[self._at] == ")":
                break
            at = self._at
            if self._operator("OR"):
                self._at = at
                break
            node = self._part()
            if node is not None:
                nodes.append(node)
        return _joined(And, nodes)

    def _part(self) -> Node | None:
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise self._error(self._at, f"This asks for too much at once: at most {MAX_PARTS} words.")
        start = self._at
        here = self.text[start]
        if here == "-":
            self._at += 1
            if self.text[self._at : self._at + 1] in {"", " ", "-", ")"}:
                return None  # a dash between words
            self._refused += 1
            node = self._part()
            self._refused -= 1
            return None if node is None else node.node if isinstance(node, Not) else Not(node)
        if here == "(":
            return self._group()
        if here == '"':
            return self._said(self._phrase())
        if field := _FIELD.match(self.text, start):
            self._at = field.end()
            return self._field(field[1].casefold(), start)
        word = self._word()
        return _identifier(word) or self._said(word)

    def _said(self, text: str) -> Words | None:
        found = _words(text)
        if found and not self._refused:
            self.said.append(found.text)
        return found

    def _group(self) -> Node | None:
        start = self._at
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._error(start, f"Too many ( inside each other: at most {MAX_DEPTH}.")
        self._at += 1
        node = self._either()
        if self.text[self._at : self._at + 1] != ")":
            raise self._error(start, "This ( is not closed: add a ) behind what it groups, or remove it.")
        self._at += 1
        self._depth -= 1
        return node

    def _phrase(self) -> str:
        start = self._at
        end = self.text.find('"', start + 1)
        if end < 0:
            raise self._error(start, 'This " is not closed: add another behind the phrase, or remove it.')
        self._at = end + 1
        return self.text[start + 1 : end]

    def _word(self) -> str:
        """To the next space, or to the ) that closes a group around it; `O(n log n)` is one word."""
        start = self._at
        while self._at < len(self.text) and self.text[self._at] not in " )":
            self._at = 1 + (self._closing() if self.text[self._at] == "(" else self._at)
        return self.text[start : self._at]

    def _closing(self) -> int:
        """Where the ( of a word is closed; its own place where it is not, or rather a group around it."""
        depth = 0
        for at in range(self._at, len(self.text)):
            depth += (self.text[at] == "(") - (self.text[at] == ")")
            if depth == 0:
                inside, rest = self.text[self._at : at], self.text[at + 1 :]
                of_group = " OR " in inside or rest.count(")") - rest.count("(") < self._depth
                return self._at if of_group and " " in inside else at
        return self._at

    def _field(self, field: str, start: int) -> Node | None:
        at = self._at
        value = self._phrase() if self.text[at : at + 1] == '"' else self._word()
        value = value.strip()
        if field == "sort":
            self._order(value.casefold(), start)
            return None
        if field == "votes":
            found = _VOTES.fullmatch(value)
            if not found:
                raise self._error(at, "votes: takes a number: `votes:>=20`, `votes:<5`.")
            sign = cast(Literal[">=", "<=", ">", "<", "="], found[1] or ">=")
            return Votes(sign, int(found[2]))
        if field == "since":
            found = _SINCE.fullmatch(value)
            if not found or int(found[1]) == 0:
                raise self._error(at, "since: takes a number of days or weeks: `since:7d`, `since:2w`.")
            return Since(int(found[1]) * (7 if found[2] in "wW" else 1))
        if not _searchable(value):
            example = {"author": 'author:"Yann LeCun"', "org": "org:nvidia", "cat": "cat:cs.CL"}.get(
                field, "source:huggingface"
            )
            raise self._error(start, f"{field}: needs a value right behind it: `{example}`.")
        value = value.lower()
        if field == "source":
            value = _SOURCES.get(value, value)
        return Filter(cast(Literal["author", "org", "cat", "source"], field), value)

    def _order(self, value: str, start: int) -> None:
        if value not in {"new", "votes"}:
            raise self._error(start, "sort: takes an order: `sort:new` for the newest first, `sort:votes`.")
        if self._refused or self._depth:
            raise self._error(start, "sort: orders the whole answer: put it outside of ( ) and without a -.")
        if self.sort not in {"", value}:
            raise self._error(start, "An answer has one order: keep one sort: and remove the other.")
        self.sort = cast(Sort, value)


def _joined(kind: type[And] | type[Or], nodes: list[Node]) -> Node | None:
    # A group of the same kind says nothing: `a (b c)` is `a b c`.
    flat = (inner for node in nodes for inner in (node.nodes if isinstance(node, kind) else (node,)))
    distinct = tuple(dict.fromkeys(flat))
    if not distinct:
        return None
    return distinct[0] if len(distinct) == 1 else kind(distinct)


def _identifier(word: str) -> Identifier | None:
    word = word.rstrip(".,;:!?")
    if found := split_arxiv_id(word) or (_NAMED.match(word) and find_arxiv_id(word)):
        return Identifier(f"arxiv:{found[0]}", f"arXiv:{found[0]}")
    if _NAMED.match(word) and (doi := find_doi(word)):
        return Identifier(f"doi:{doi}", f"doi:{doi}")
    if _LINK.match(word):
        return Identifier(f"url:{address(word)}", word)
    return None


def _words(text: str) -> Words | None:
    text = text.lower().strip()
    return Words(text, others(text)) if _searchable(text) else None


def _searchable(text: str) -> bool:
    """Whether an index could hold any of it: punctuation between words asks for nothing."""
    return any(sign.isalnum() for sign in text)
