"""Advice and praise: the same sentence for the same state, and nothing that tells which item was gold."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldwork.quality.advice import CONFUSED, HIDDEN, SHARE, Confused, Facts, Share, advise, praise

APPLE = Confused("kind", "Apple", "Pear", 4, 9, 60)


@pytest.mark.parametrize(
    ("facts", "kind", "says"),
    [
        (Facts(8500), "none", "go on as you do"),
        (Facts(8500, confused=[APPLE]), "confusion", "Where “Apple” was right you answered “Pear” 4 times out of 9."),
        (Facts(8500, confused=[APPLE], tired_after=60), "confusion", "Apple"),
        (Facts(8500, tired_after=60), "break", "slower after about 60 items"),
        (
            Facts(8500, pace=[(10.0, 90), (5.0, 40)], lots=[1.0, 0.7]),
            "haste",
            "5.0 s an item lately, where you usually",
        ),
        (Facts(8500, longest_minutes=140), "long", "140 minutes"),
        (Facts(8500, longest_minutes=60), "none", ""),
    ],
)
def test_one_advice(facts: Facts, kind: str, says: str) -> None:
    made = advise(facts)
    assert made.kind == kind
    assert says in made.text


@pytest.mark.parametrize(
    "facts",
    [
        Facts(8500, pace=[(10.0, 90), (5.0, 40)], lots=[0.7, 1.0]),
        Facts(8500, pace=[(10.0, 90), (5.0, 19)], lots=[1.0, 0.7]),
        Facts(8500, pace=[(10.0, 90), (8.0, 40)], lots=[1.0, 0.7]),
        Facts(8500, pace=[(5.0, 40)], lots=[1.0, 0.7]),
    ],
    ids=["and right", "few", "hardly quicker", "the first week"],
)
def test_quick_alone_is_no_fault(facts: Facts) -> None:
    assert advise(facts).kind == "none"


@pytest.mark.parametrize(
    "one",
    [
        Confused("kind", "Apple", "Pear", CONFUSED - 1, 3, None),
        Confused("kind", "Apple", "Pear", 3, 16, None),
        Confused("kind", "Apple", "Pear", 3, 5, 3 * HIDDEN - 1),
    ],
    ids=["too few", "too small a share", "points to the items"],
)
def test_what_is_not_told(one: Confused) -> None:
    assert advise(Facts(8500, confused=[one])).kind == "none"


@given(
    st.lists(
        st.builds(
            Confused,
            st.sampled_from(["kind", "tone"]),
            st.sampled_from("abc"),
            st.sampled_from("abc"),
            st.integers(1, 8),
            st.integers(8, 12),
            st.none() | st.integers(0, 60),
        ),
        max_size=5,
    ),
    st.randoms(),
)
def test_the_same_state_says_the_same(found: list[Confused], lots: object) -> None:
    """Whatever the order in which confusions were found; what is told of gold always hides among other answers."""
    said = {advise(Facts(8500, confused=list(order))) for order in itertools.islice(itertools.permutations(found), 24)}
    assert len(said) == 1
    if said.pop().kind == "confusion":
        assert any(
            one.times >= max(CONFUSED, SHARE * one.of) and (one.given is None or one.given >= HIDDEN * one.times)
            for one in found
        )


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        (Facts(8500), ""),
        (Facts(8500, gold=Share(9.0, 10, 0.6), lots=[0.9]), ""),
        (Facts(8500, gold=Share(19.0, 20, 0.76), lots=[0.9, 1.0]), "Every test item of your last ten was right."),
        (Facts(8500, gold=Share(97.0, 100, 0.915), lots=[0.9]), "97% of your 100 test items were right: surely above"),
        (Facts(8500, gold=Share(15.0, 20, 0.53), lots=[0.7, 0.8]), "better than the ten before"),
        (
            Facts(8500, agreement=Share(18.0, 20, 0.7)),
            "Others gave the same answer as you in 90% of 20 finished items.",
        ),
        (Facts(8500, agreement=Share(18.0, 19, 0.75)), ""),
    ],
)
def test_praise_is_true_or_silent(facts: Facts, says: str) -> None:
    assert says in praise(facts)
    assert bool(praise(facts)) == bool(says)
