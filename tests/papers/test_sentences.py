"""Where a sentence ends."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.papers.sentences import sentences


@pytest.mark.parametrize(
    "text",
    [
        "We follow Smith et al. Their method is good",
        "Smith et al. (2017) found it",
        "As Ng et al. [3] found",
        "The gradient w.r.t. X and the loss s.t. C holds",
        "As Fig. 3 shows",
        "as fig. 3 shows",
        "As Figs. 3 and 4 and Eq. (5) and Sec. 2 and Tab. 1 and Thm. 2 show",
        "Many models, e.g. BERT, fail",
        "Many models (e.g., BERT and e.g. GPT) fail",
        "One model, i.e. GPT, wins",
        "CNNs vs. Transformers",
        "we reach 96% vs. 61% before",
        "Cf. Section 2",
        "drafters a.k.a. Small models",
        "A drop from 0.5 to 0.25 and version 2.0 of GPT-4.1",
        "Release v2.0 of the tool runs on Python 3.11",
        "J. K. Rowling and Donald E. Knuth wrote it",
        "president B. Obama said so",
        "the worm C. Elegans sleeps",
        "Dr. Who and Prof. X met at St. Andrews",
        "We propose MR. Video, an agent",
        "the U.S. Senate sat",
        "i.i.d. Gaussian noise",
        "Foo Inc. Tokyo made it",
        "No. 5 lives",
        "Nos. 5 and 6, Vol. 3, pp. 10 to 12",
        "an error of approx. 5 percent",
        "lower case. follows here",
        "see arXiv.org for more",
        "Node.js and example.com are names",
        "open file.Name in torch.Tensor form",
        "Yahoo! answers all",
        "code at https://a.example/b.The_rest?x=1.In more",
        "see www.a.example.In more",
        "A.S.E constructs and U.S.In",
        "cited e.g.The others",
        "We do two things: 1. Fit it",
        "We do two things: (a) fit; (b) test",
        "steps (see the text. It is long) follow",
        "we ask [Who? When? Where?] and answer",
        "Let $f(x) = x^2. Y$ hold",
        "Let $f(x) = x^2.$ It holds.",
        "What?",
        "...",
        "",
    ],
)
def test_a_full_stop_does_not_always_end_a_sentence(text: str) -> None:
    assert sentences(text) == ((text,) if text else ())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two.", ("One.", "Two.")),
        ("Why? Because! So.", ("Why?", "Because!", "So.")),
        ("Really?! Yes.", ("Really?!", "Yes.")),
        ('He said "no." Then left.', ('He said "no."', "Then left.")),
        ("(See below.) Then.", ("(See below.)", "Then.")),
        ("(See this. And that.) Then.", ("(See this. And that.)", "Then.")),
        ("It (oddly works. Then it stops.", ("It (oddly works.", "Then it stops.")),
        ("It works. “Well” it does.", ("It works.", "“Well” it does.")),
        ("It works.” Well.", ("It works.”", "Well.")),
        ("We use $x = 0.5$. Then $y$ is free.", ("We use $x = 0.5$.", "Then $y$ is free.")),
        ("It costs $5. We pay $3. Then.", ("It costs $5.", "We pay $3.", "Then.")),
        ("It holds. $X$ wins.", ("It holds.", "$X$ wins.")),
        ("We reach 95.2. 3 runs.", ("We reach 95.2.", "3 runs.")),
        ("We tune it in 2.0. Then in 3.", ("We tune it in 2.0.", "Then in 3.")),
        ("ratios between 2 and 4. Motivated by that.", ("ratios between 2 and 4.", "Motivated by that.")),
        ("It is underexplored.In this work we do.", ("It is underexplored.", "In this work we do.")),
        ("We use GPT-4.Our model wins.", ("We use GPT-4.", "Our model wins.")),
        ("It gains 5%.We stop (here).The end", ("It gains 5%.", "We stop (here).", "The end")),
        ("Is it so?We think so.", ("Is it so?", "We think so.")),
        ("Smith et al. Show. Then.", ("Smith et al. Show.", "Then.")),
        ("as in Smith et al. We differ.", ("as in Smith et al.", "We differ.")),
        ("speech, text, etc. Models hear.", ("speech, text, etc.", "Models hear.")),
        ("Points are drawn i.i.d. We show it.", ("Points are drawn i.i.d.", "We show it.")),
        ("People in the U.S. The rest.", ("People in the U.S.", "The rest.")),
        ("for the class Y. We test it.", ("for the class Y.", "We test it.")),
        ("The answer is No. We stop.", ("The answer is No.", "We stop.")),
        ("1. We fit it. 2. We test it.", ("1. We fit it.", "2. We test it.")),
        ("It is (1) rare. (2) Unknown.", ("It is (1) rare.", "(2) Unknown.")),
        ("First this. (ii) Then that. b) And on.", ("First this.", "(ii) Then that.", "b) And on.")),
        ("A lot ... Then.", ("A lot ...", "Then.")),
        ("This ends... Then.", ("This ends...", "Then.")),
        ("This ends… Then.", ("This ends…", "Then.")),
        (
            "It works. mBERT and k-NN too. zip2zip as well.",
            ("It works.", "mBERT and k-NN too.", "zip2zip as well."),
        ),
        ("Done.\nIt is. \n\n New.", ("Done.", "It is.", "New.")),
        ("It is old. % A comment that stayed.", ("It is old.", "% A comment that stayed.")),
        ("Code at https://a.example/b. We go on.", ("Code at https://a.example/b.", "We go on.")),
        ("Això és. És nou. Там было. Это новое.", ("Això és.", "És nou.", "Там было.", "Это новое.")),
        ("我们提出方法。它很快。", ("我们提出方法。", "它很快。")),
    ],
)
def test_sentences_are_parted(text: str, expected: tuple[str, ...]) -> None:
    assert sentences(text) == expected


_signs = st.sampled_from(
    [
        *(
            "Word",
            "word",
            "A",
            "x",
            "et al",
            "Fig",
            "e.g",
            "0",
            "3",
            "$y$",
            "$",
            "\\a",
            "🙂",
            "é",
            "中",
            '"',
            "(",
            ")",
        ),
        *(
            "’",
            ". ",
            ".",
            "? ",
            "!",
            " ",
            "\n",
            "...",
            "abcd.Efg ",
            ";",
            "end.We ",
            "1. ",
            "(a) ",
            "。",
            "[",
            "]",
            "% ",
        ),
    ]
)
texts = st.text(max_size=200) | st.lists(_signs, max_size=60).map("".join) | st.text(min_size=280, max_size=400)


@settings(deadline=None, max_examples=150)
@given(texts)
def test_sentences_joined_give_the_words_back(text: str) -> None:
    parts = sentences(text)
    assert all(parts)
    assert all(part == part.strip() for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


@pytest.mark.parametrize(
    "piece", ["A. ", "(A. ", "$A. ", "e.g. A ", "a.We ", "(1) A. ", '." ', "。", "[A. We ", ". % ", "....", "?!"]
)
def test_no_text_takes_long(piece: str) -> None:
    start = time.perf_counter()
    assert sentences(piece * 5_000)
    assert time.perf_counter() - start < 2
