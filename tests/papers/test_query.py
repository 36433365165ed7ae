"""The query language: what a text asks for, what is wrong with it, and that whatever parses can be searched."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.errors import InvalidQuery
from bot.models import And, Filter, Identifier, Node, Not, Or, Paper, Query, Since, Votes, Words
from bot.papers.latex import readable
from bot.papers.query import (
    EXAMPLES,
    MAX_DEPTH,
    MAX_LENGTH,
    MAX_PARTS,
    explain,
    narrowed,
    parse,
    respelled,
    text_of,
    unordered,
)
from bot.pipeline import ask
from storage import search
from storage.database import Database
from tests.making import NOW, answered

A, B, C = Words("a"), Words("b"), Words("c")
TODAY = date(2026, 3, 31)

_signs = st.sampled_from(
    [
        *('"', "(", ")", "-", ":", " ", " OR ", " AND ", "OR", "AND", "author:", "org:", "cat:", "source:"),
        *("votes:", "since:", ">=", "<", "7d", "20", "*", "^", "+", "c++", "NEAR", "NOT ", "texts", "'", ";"),
        *("%", "{", "}", "\0", "ß", "İ", "é", "e\u0301", "图", "🙂", "\u202e", "\ud800", "²", "“", "x", "_"),
        *(
            "\\",
            "$",
            r"\alpha",
            r"\"o",
            "``",
            "''",
            "pi0",
            "l2",
            "ε",
            "epsilon",
            "h₂o",
            "f(a b",
            "^{",
            r"\textbf{",
        ),
    ]
)
texts = st.one_of(st.text(max_size=60), st.lists(_signs, max_size=40).map("".join))


@pytest.mark.parametrize(
    ("text", "root"),
    [
        # words
        ("a", A),
        ("a b", And((A, B))),
        ("a AND b", And((A, B))),
        ("a AND", A),
        ("AND a", A),
        ("a and b", And((A, Words("and"), B))),
        ("a a", A),
        ('"a b"', Words("a b")),
        ('"a"b', And((A, B))),
        ("“chain of thought”", Words("chain of thought")),
        ("«a b» c", And((Words("a b"), C))),
        ('a "" b', And((A, B))),
        ('a " " b', And((A, B))),
        # either
        ("a OR b", Or((A, B))),
        ("a OR b OR c", Or((A, B, C))),
        ("a or b", And((A, Words("or"), B))),
        ("a b OR c", Or((And((A, B)), C))),
        ("a (b OR c)", And((A, Or((B, C))))),
        ("a OR(b)", Or((A, B))),
        ("ORa", Words("ora")),
        # not
        ("-a", Not(A)),
        ("a -b", And((A, Not(B)))),
        ("-(a b)", Not(And((A, B)))),
        ("-(-a)", A),
        ('-"a b"', Not(Words("a b"))),
        ("-author:x", Not(Filter("author", "x"))),
        ("a - b", And((A, B))),
        ("a -- b", And((A, B))),
        ("a – b", And((A, B))),
        # groups
        ("(a)", A),
        ("((a) (b))", And((A, B))),
        ("a ()", A),
        ("(a OR b) -c", And((Or((A, B)), Not(C)))),
        # filters
        ("author:hinton", Filter("author", "hinton")),
        ("AUTHOR:Hinton", Filter("author", "hinton")),
        ('author:"Yann LeCun"', Filter("author", "yann lecun")),
        ('author:"Müller" a', And((Filter("author", "müller"), A))),
        ("(author:x)", Filter("author", "x")),
        ("org:nvidia", Filter("org", "nvidia")),
        ("cat:cs.CL", Filter("cat", "cs.cl")),
        ("source:hf", Filter("source", "huggingface")),
        ("source:bioRxiv", Filter("source", "biorxiv")),
        ("votes:20", Votes(">=", 20)),
        ("votes:>=20", Votes(">=", 20)),
        ("votes:<=20", Votes("<=", 20)),
        ("votes:>20", Votes(">", 20)),
        ("votes:<20", Votes("<", 20)),
        ("votes:=20", Votes("=", 20)),
        ("since:7d", Since(7)),
        ("since:2W", Since(14)),
        ("(author:x OR a) -b votes:>=5", And((Or((Filter("author", "x"), A)), Not(B), Votes(">=", 5)))),
        # nothing else is special
        ("c++", Words("c++")),
        ("it's", Words("it's")),
        ("state-of-the-art", Words("state-of-the-art")),
        ("t:graph", Words("t:graph")),
        ("f(x)", Words("f(x)")),
        ("(f(x))", Words("f(x)")),
        ("f(x", Words("f(x")),
        ("NEAR(a b", And((Words("near(a"), B))),
        ("O(n log n) a", And((Words("o(n log n)"), A))),
        ("(O(n log n) OR a)", Or((Words("o(n log n)"), A))),
        ("(f(a b)", And((Words("f(a"), B))),
        ("f(a OR b", Or((Words("f(a"), B))),
        ('a"b', Words('a"b')),
        ("a*", Words("a*")),
        ("http://x.org/a?b=c", Identifier("url:x.org/a?b=c", "http://x.org/a?b=c")),
        ("a, b; c!", And((Words("a,"), Words("b;"), Words("c!")))),
        ("… a ++ 🙂", A),
        ("مرحبا עולם", And((Words("مرحبا"), Words("עולם")))),
        ("图像 生成", And((Words("图像"), Words("生成")))),
        # LaTeX asks for what it reads as
        (r"Schr\"odinger a", And((Words("schrödinger"), A))),
        (r'"Schr\"odinger a"', Words("schrödinger a")),
        (r"``a b'' -c", And((Words("a b"), Not(C)))),
        (r"$\mathcal{O}(n\log n)$", Words("o(n log n)")),
        (r"author:Andr\'e", Filter("author", "andré")),
        (r"-\alpha", Not(Words("α", ("alpha",)))),
        ("$5 and $10 a", And((Words("$5"), Words("and"), Words("$10"), A))),
        ("a\0b", And((A, B))),
        ("a\ud800", A),
        ("  a\t\n b ", And((A, B))),
        # everything
        ("", None),
        ("   ", None),
        ("*", None),
        ("Trending", None),
    ],
)
def test_a_text_asks_for(text: str, root: Node | None) -> None:
    assert parse(text).root == root


@pytest.mark.parametrize(
    ("text", "at", "told"),
    [
        ('a "b c', 2, "not closed"),
        ("a (b OR c", 2, "not closed"),
        ("a (b (c)", 2, "not closed"),
        ("a) b", 1, "closes nothing"),
        ("a OR", 2, "OR stands between"),
        ("OR a", 0, "OR stands between"),
        ("a OR OR b", 5, "OR stands between"),
        ("(a OR ) b", 3, "OR stands between"),
        ("a votes:many", 8, "votes: takes a number"),
        ("votes:>= 5", 6, "votes: takes a number"),
        ("votes:-5", 6, "votes: takes a number"),
        ("since:7", 6, "since: takes a number of days or weeks"),
        ("since:0d", 6, "since: takes a number of days or weeks"),
        ("since:yesterday", 6, "since: takes a number of days or weeks"),
        ("a author: hinton", 2, "author: needs a value"),
        ('org:""', 0, "org: needs a value"),
        ("cat:-", 0, "cat: needs a value"),
        ("source:", 0, "source: needs a value"),
        ("!?", 0, "no word to search for"),
        ("()", 0, "no word to search for"),
        ("-", 0, "no word to search for"),
        ("🙂", 0, "no word to search for"),
        ("AND", 0, "no word to search for"),
        ("(" * (MAX_DEPTH + 1) + "a", MAX_DEPTH, "Too many ("),
        ("a " * (MAX_PARTS + 1), 2 * MAX_PARTS, "too much at once"),
        ("x" * (MAX_LENGTH + 1), MAX_LENGTH, "too long"),
        ("( x" * 5_000, MAX_LENGTH, "too long"),
    ],
)
def test_an_error_knows_its_place_and_what_is_wrong(text: str, at: int, told: str) -> None:
    with pytest.raises(InvalidQuery, match=re.escape(told)) as caught:
        parse(text)
    assert caught.value.at == at
    assert 0 <= at <= len(caught.value.text)


@pytest.mark.parametrize(
    "text",
    ["a OR", "OR a", "votes:many", "since:7", "author:", "org:", "cat:", "source:", "!?", "-"],
)
def test_an_error_names_something_that_works(text: str) -> None:
    with pytest.raises(InvalidQuery) as caught:
        parse(text)
    examples = re.findall("`(.+?)`", str(caught.value))
    assert examples
    for works in examples:
        assert isinstance(parse(works), Query)


@pytest.mark.parametrize(
    ("text", "mended"), [('a "b', 'a "b"'), ("a (b", "a (b)"), ("a) b", "(a) b"), ("a) b", "a b")]
)
def test_an_error_that_asks_for_a_sign_is_right(text: str, mended: str) -> None:
    with pytest.raises(InvalidQuery, match=r"add (a|another) |open a"):
        parse(text)
    assert parse(mended).root is not None


@pytest.mark.parametrize("text", [query for query, _ in EXAMPLES])
def test_every_example_of_the_help_is_a_query(text: str) -> None:
    assert (parse(text).root is None) == (text == "trending")


def test_as_much_as_the_limits_allow_is_a_query() -> None:
    assert parse("x" * MAX_LENGTH).words == ("x" * MAX_LENGTH,)
    assert len(parse(" ".join(f"w{at}" for at in range(MAX_PARTS))).words) == MAX_PARTS
    assert parse("(" * MAX_DEPTH + "a" + ")" * MAX_DEPTH).root == A
    many_groups = " ".join(f"(w{at} OR x)" for at in range(MAX_DEPTH + 5))
    assert isinstance(parse(many_groups).root, And)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a b", "  A \n B "),
        ("a b", "a AND b"),
        ("a b", "(a b)"),
        ("a b c", "a (b c)"),
        ("a b c", "((a) b) AND c"),
        ("a OR b OR c", "a OR (b OR c)"),
        ("a", "a a"),
        ("diffusion", '"Diffusion"'),
        ('"a b"', "“A  b ”"),
        ("votes:20", "votes:>=20"),
        ("since:14d", "SINCE:2w"),
        ("source:hf", "source:HuggingFace"),
        ("author:ada", 'Author:"ADA"'),
        ("", "trending"),
        ("-a b", "- -a b"),
    ],
)
def test_equal_questions_have_equal_roots(one: str, other: str) -> None:
    assert parse(one).root == parse(other).root


@pytest.mark.parametrize(
    ("one", "other"),
    [("a b", '"a b"'), ("a b", "a OR b"), ("a", "-a"), ("a (b OR c)", "a b OR c"), ("votes:>5", "votes:>=5")],
)
def test_different_questions_have_different_roots(one: str, other: str) -> None:
    assert parse(one).root != parse(other).root


def test_the_text_stays_as_it_was_asked_with_single_spaces() -> None:
    assert parse("  Deep   LEARNING\n-Survey ").text == "Deep LEARNING -Survey"
    assert parse(" * ").text == "trending"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a b", ("a", "b")),
        ("a -b", ("a",)),
        ("a -(b OR c)", ("a",)),
        ("-(-a)", ("a",)),
        ("-(-a b)", ()),
        ('"a b" OR c author:x votes:3 since:7d', ("a b", "c")),
        ("(a OR b) (b OR c)", ("a", "b", "c")),
        ("author:x", ()),
        ("trending", ()),
    ],
)
def test_words_are_those_that_an_answer_may_contain(text: str, words: tuple[str, ...]) -> None:
    assert parse(text).words == words


@settings(deadline=None, max_examples=300)
@given(texts)
def test_any_text_is_a_query_or_an_error_with_a_place(text: str) -> None:
    query = _parsed(text)
    if isinstance(query, InvalidQuery):
        assert 0 <= query.at <= len(query.text)
        assert str(query)
        return
    assert parse(query.text) == query
    assert parse(f"  {query.text}  ").root == query.root
    grouped = f"({query.text} )"
    # LaTeX may read otherwise in a group, and an order has no place in one.
    if query.root is not None and not query.sort and len(grouped) <= MAX_LENGTH and readable(grouped) == grouped:
        assert parse(grouped).root == query.root


def _parsed(text: str) -> Query | InvalidQuery:
    try:
        return parse(text)
    except InvalidQuery as error:
        return error


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=texts)
@example("a" + " (b OR (c " * 10 + "d" + "))" * 10)
@example(" OR ".join(f"(w{at} -x{at})" for at in range(50)))
@example('"' + "a " * 490 + '"')
@example("since:9999w")
@example("votes:999999999")
@example("(c++ OR -f#) -(a+b OR author:x)")
@example("source:%_!")
async def test_whatever_parses_can_be_searched(archive: Database, text: str) -> None:
    query = _parsed(text)
    if isinstance(query, InvalidQuery):
        return
    hits, total = await answered(archive, query, today=TODAY, limit=100)
    assert len(hits) == total
    answer = await ask.search(archive, text, now=NOW, limit=300)
    assert [hit.wider for hit in answer.hits] == [False] * len(hits) + [True] * answer.wider
    assert {hit.paper.id for hit in hits} <= {hit.paper.id for hit in answer.hits}
    assert len({hit.paper.id for hit in answer.hits}) == len(answer.hits)
    news = await search.news(
        archive, today=TODAY, since=date(2026, 3, 18), unseen=datetime(2026, 3, 31, 13, tzinfo=UTC)
    )
    candidates = await search.announced(archive, query, today=TODAY, among=news, limit=100)
    assert {hit.paper.id for hit in candidates} <= {hit.paper.id for hit in hits}


@pytest.mark.parametrize("text", ["title:model", "{title}:model", "+title:model", "mod*", "-title:model"])
async def test_a_text_cannot_speak_to_the_index(archive: Database, text: str) -> None:
    """Names of columns and wildcards are words like all others."""
    known, _ = await answered(archive, parse("model"), today=TODAY, limit=100)
    hits, _ = await answered(archive, parse(text), today=TODAY, limit=100)
    assert known
    assert len(hits) == (79 if text.startswith("-") else 0)


# --- explaining -------------------------------------------------------------------------------------

PAPER = Paper(
    title="Title",
    url="https://x.org",
    authors=("Olivia Xu", "Jo Li", "Jürgen Müller-Lüdenscheidt", "Fei-Fei Li", "Bo Li"),
    organization="Université de Montréal",
    categories=("physics.optics", "cs.CL", "q-bio.NC"),
    feeds=("huggingface", "rss:https://connect.biorxiv.org"),
)


@pytest.mark.parametrize(
    ("text", "reasons"),
    [
        ("author:li", ("by Jo Li", "by Fei-Fei Li")),
        ("author:xu", ("by Olivia Xu",)),
        ("author:muller", ("by Jürgen Müller-Lüdenscheidt",)),
        ('author:"fei fei"', ("by Fei-Fei Li",)),
        ("author:olivi", ()),
        ("org:montreal", ("from Université de Montréal",)),
        ("org:real", ()),
        ("cat:cs", ("in cs.CL",)),
        ("cat:q-bio", ("in q-bio.NC",)),
        ("source:biorxiv", ("on biorxiv",)),
        ("source:arxiv.org", ()),
        ("cat:cs OR org:nobody", ("in cs.CL",)),
        ("author:xu cat:cs", ("by Olivia Xu", "in cs.CL")),
        ("-author:li votes:<3 since:7d", ()),
        ("trending", ()),
    ],
)
def test_reasons_are_the_filters_that_hold(text: str, reasons: tuple[str, ...]) -> None:
    assert explain(parse(text), PAPER, ()) == reasons


def test_reasons_name_each_found_word_once_and_where() -> None:
    marks = (
        ("title", ("Agents", "agents", "plan")),
        ("abstract", ("agents", "agent", "b", "c", "d", "e")),
        ("summary", ("plan",)),
    )
    assert explain(parse("agents plan"), PAPER, marks) == (
        "“agents”, “plan” in the title",
        "“agent”, “b”, “c”, “d” in the abstract",
    )


@settings(deadline=None)
@given(texts)
def test_the_text_of_a_query_asks_for_the_same(text: str) -> None:
    try:
        root = parse(text).root
    except InvalidQuery:
        return
    told = text_of(root)
    # What reads as LaTeX may read otherwise the second time.
    if not any(sign in told for sign in ("``", "''", "\\", "$", "{")):
        assert parse(told).root == root


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Diffusion  AND Video", "diffusion video"),
        ('"chain of thought" -(survey OR review)', '"chain of thought" -(survey OR review)'),
        ('(a b) OR author:"Yann LeCun"', '(a b) OR author:"yann lecun"'),
        ("votes:20 since:2w", "votes:>=20 since:14d"),
        ("since:9999w", "since:9999w"),
        ("c++ O(n log n) it's", 'c++ "o(n log n)" it\'s'),
        ("trending", "trending"),
    ],
)
def test_a_query_is_written_as_one_would_type_it(text: str, told: str) -> None:
    assert text_of(parse(text).root) == told


@pytest.mark.parametrize(
    ("text", "root", "sort"),
    [
        ("a sort:new", A, "new"),
        ("sort:VOTES a", A, "votes"),
        ("a OR b sort:new", Or((A, B)), "new"),
        ("sort:new", None, "new"),
        ("sort:new a sort:new", A, "new"),
        ("a sort", And((A, Words("sort"))), ""),
    ],
)
def test_an_order_is_no_part_of_the_question(text: str, root: Node | None, sort: str) -> None:
    query = parse(text)
    assert (query.root, query.sort) == (root, sort)


@pytest.mark.parametrize("text", ["a sort:old", "a sort:", "a -sort:new", "(a sort:new)", "sort:new a sort:votes"])
def test_an_order_that_cannot_be_says_so_at_its_place(text: str) -> None:
    with pytest.raises(InvalidQuery) as refused:
        parse(text)
    assert "sort:" in text[refused.value.at :]


# --- papers by name, sentences, filters beside ------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("2403.01234", "arxiv:2403.01234"),
        ("2403.01234v2", "arxiv:2403.01234"),
        ("arXiv:2403.01234v2.", "arxiv:2403.01234"),
        ("arXiv: 2403.01234", "arxiv:2403.01234"),
        ("hep-th/9901001", "arxiv:hep-th/9901001"),
        ("https://arxiv.org/abs/2403.01234v3", "arxiv:2403.01234"),
        ("https://www.alphaxiv.org/abs/2403.01234", "arxiv:2403.01234"),
        ("arxiv.org/pdf/2403.01234", "arxiv:2403.01234"),
        ("https://huggingface.co/papers/2403.01234", "arxiv:2403.01234"),
        ("10.1101/2024.01.02.123456", "doi:10.1101/2024.01.02.123456"),
        ("doi: 10.1101/2024.01.02.123456", "doi:10.1101/2024.01.02.123456"),
        ("https://doi.org/10.1101/2024.01.02.123456v1.full", "doi:10.1101/2024.01.02.123456"),
        ("https://www.example.org/paper?id=1", "url:example.org/paper?id=1"),
    ],
)
def test_a_paper_is_asked_for_by_its_id_or_link(text: str, key: str) -> None:
    root = parse(text).root
    assert isinstance(root, Identifier)
    assert root.key == key
    assert parse(text_of(root)).root == root
    assert parse(f"a OR {text}").root == Or((A, root))
    assert parse(f"a -{text}").root == And((A, Not(root)))


@pytest.mark.parametrize("text", ["10.5", "2453.0123", "1.2.3", "v2", "state/of", "e.g.", '"2403.01234"'])
def test_what_is_no_id_is_a_word(text: str) -> None:
    assert isinstance(parse(text).root, Words)


@pytest.mark.parametrize(
    "text",
    [
        'we show that "attention is enough for most of the tasks',
        "we show that attention (and more of it is enough for tasks",
        "we show that attention) is enough for most of the tasks",
        "we show (-/-) that attention is enough) for most of the tasks",
    ],
)
def test_a_sentence_may_have_stray_signs(text: str) -> None:
    query = parse(text)
    assert {"show", "attention", "enough", "tasks"} <= {*query.words}
    assert isinstance(query.root, And)
    assert all(isinstance(node, Words) for node in query.root.nodes)


@pytest.mark.parametrize("text", ['"attention is', "a (b", "author:x and (seven more words that are plain prose"])
def test_a_short_or_fielded_query_keeps_its_error(text: str) -> None:
    with pytest.raises(InvalidQuery):
        parse(text)


def test_options_become_part_of_the_query() -> None:
    assert narrowed("a b") == "a b"
    asked = narrowed("a OR b", author='Yann "LeCun', category="cs.CL", source="arxiv", since="7d", sort="new")
    assert asked == '(a OR b) author:"Yann LeCun" cat:cs.CL source:arxiv since:7d sort:new'
    query = parse(asked)
    assert query.sort == "new"
    assert isinstance(query.root, And)
    assert query.root.nodes[0] == Or((A, B))


def test_a_topic_has_no_order() -> None:
    assert unordered(parse("a sort:new b")).text == "a b"
    assert unordered(parse("sort:votes")) == parse("trending")
    assert unordered(parse("a")).text == "a"


async def test_the_longest_question_can_be_asked(archive: Database) -> None:
    words = [f"word{at}" for at in range(MAX_PARTS)]
    for text in (" ".join(words)[:MAX_LENGTH], " OR ".join(words)[: MAX_LENGTH - 20].rsplit(" OR ", 1)[0]):
        answer = await ask.search(archive, text, now=NOW)
        assert (answer.total, answer.hits) == (0, ())
        query = parse(text)
        assert await search.answering(archive, query, today=TODAY) == ()
    known = await ask.search(archive, "diffusion", now=NOW)
    pasted = f"{known.hits[0].paper.title} {known.hits[0].paper.abstract}"
    assert len(pasted) > 300
    found = await ask.search(archive, pasted, now=NOW)
    assert found.hits[0].paper.id == known.hits[0].paper.id


def test_words_in_other_spellings_are_looked_for_no_further_than_they_reach() -> None:
    looked = 0

    class Joined(dict[tuple[str, ...], str]):
        def __contains__(self, key: object) -> bool:
            nonlocal looked
            looked += 1
            return super().__contains__(key)

    asked = parse(" ".join(f"w{at}" for at in range(300)))
    found = respelled(asked, {}, Joined({("w7", "w8"): "w78"}))
    assert isinstance(found.root, And)
    assert isinstance(joined := found.root.nodes[7], Or)
    assert joined.nodes[1] == Words("w78")
    assert len(found.root.nodes) == 299
    assert looked <= 300, "a pasted text would take a second of the loop"
