"""compare and rank: what is their own, beyond the contract."""

from __future__ import annotations

from collections import Counter

import pytest

from goldwork.errors import AnswerError, InputError
from goldwork.tasks.compare import Aspect, Compare
from goldwork.tasks.questions import draw_lots, stood
from goldwork.tasks.rank import Rank


def test_both_bad_is_a_tie_of_which_is_better() -> None:
    assert Compare(("a", "b"), both_bad=True).value("bad") == "tie"
    assert Compare(("a", "b"), 3, both_bad=True).value("bad") == 0
    assert Compare(("a", "b"), 2, attributes=(Aspect("safe"),)).value({"overall": -2, "safe": 1}) == -2


def test_a_middle_may_be_missing() -> None:
    with pytest.raises(AnswerError, match="-1 to 1, not 0"):
        Compare(("a", "b"), 1, tie=False).validate(0)


@pytest.mark.parametrize("fields", [("a", "a"), ("a", "")])
def test_two_fields_are_needed(fields: tuple[str, str]) -> None:
    with pytest.raises(InputError, match="two different fields"):
        Compare(fields)


def test_lots_are_drawn_by_the_assignment_and_are_fair() -> None:
    fields = {"one": ("a", "b"), "other": ("b", "a"), "rank": ("a", "b", "c")}
    counts: Counter[str] = Counter()
    for number in range(2000):
        drawn = draw_lots(fields, f"assignment {number}")
        assert drawn == draw_lots(fields, f"assignment {number}")
        assert drawn["one"] == drawn["other"], "questions about the same fields show them in the same order"
        assert sorted(drawn["rank"]) == ["a", "b", "c"]
        counts[stood(drawn["one"], fields["one"])] += 1
        counts[stood(drawn["rank"], fields["rank"])] += 1
    assert abs(counts["left"] - 1000) < 120  # 5.4 standard deviations
    assert len(counts) == 2 + 6
    assert min(counts.values()) > 333 - 100


def test_an_empty_field_has_no_place() -> None:
    rank, item = Rank(("a", "b", "c")), {"a": "x", "b": "", "c": "y"}
    rank.validate([["c"], ["a"]], item)
    with pytest.raises(AnswerError, match="'b' is empty here"):
        rank.validate([["c"], ["a"], ["b"]], item)
    with pytest.raises(AnswerError, match="'a' has no place"):
        rank.validate([["c"]], item)
    with pytest.raises(AnswerError, match="one best and one worst"):
        Rank(("a", "b", "c", "d"), pick="ends").validate([["a"], ["b"], ["c"], ["d"]])
    Rank(("a", "b", "c"), pick="ends").validate([["a"], ["c"]], item)
