"""Traps: what is changed of an item, and what is right then."""

from __future__ import annotations

import time
from typing import Any

import pytest

from goldwork.tasks import task_type
from goldwork.tasks.boxes import Boxes
from goldwork.tasks.chat import Chat
from goldwork.tasks.choice import Choice
from goldwork.tasks.classes import Class
from goldwork.tasks.compare import Aspect, Compare
from goldwork.tasks.edits import LONGEST, proposals
from goldwork.tasks.form import Attribute
from goldwork.tasks.rank import Rank
from goldwork.tasks.spans import Spans
from goldwork.tasks.text import Text
from goldwork.tasks.traps import Trap, perturb, turned
from goldwork.testing.task_types import Sample, traps_are_what_they_say

PHOTO = {"width": 100, "height": 50}
SIDES = Choice((Class("l", "Left hand"), Class("r", "Right hand"), Class("n", "None")))


def made(task: Any, item: Any, answer: Any, seed: int = 0) -> Trap:
    trap = perturb(task, item, answer, seed)
    assert trap is not None
    return trap


def words(text: str) -> list[str]:
    return [trap.texts["text"] for trap in proposals({"text": text})]


def test_a_swap_turns_every_preference() -> None:
    item = {"p": "One.", "q": "Two.", "prompt": "Which?"}
    task = Compare(("p", "q"), 3, both_bad=True, attributes=(Aspect("safe"), Aspect("short")))
    trap = made(task, item, {"overall": -2, "safe": "bad", "short": 0})
    assert trap.answer == {"overall": 2, "safe": "bad", "short": 0}
    assert trap.changed(item) == {"p": "Two.", "q": "One.", "prompt": "Which?"}
    pair = Compare(("p", "q"))
    assert [made(pair, item, one).answer for one in ("first", "second")] == ["second", "first"]
    for answer, shown in (("tie", item), ("first", {"p": "Same.", "q": "Same."}), ("first", {})):
        assert perturb(pair, shown, answer, 0) is None


def test_pictures_trade_places_too() -> None:
    item = {"p": PHOTO, "q": PHOTO}
    trap = made(Compare(("p", "q")), item, "first")
    assert trap.moved == {"p": "q", "q": "p"}
    assert trap.changed({"p": "hash 1", "q": "hash 2"}) == {"p": "hash 2", "q": "hash 1"}


@pytest.mark.parametrize("seed", range(12))
def test_a_ranking_follows_what_it_ranks(seed: int) -> None:
    item = {"a": "best", "b": "good", "c": "", "d": "bad", "e": "worst"}
    order = ["best", "good", "bad", "worst"]
    trap = made(Rank(tuple(item)), item, [["a"], ["b"], ["d"], ["e"]], seed)
    after = trap.changed(item)
    assert [after[name] for [name] in trap.answer] == order
    assert after["c"] == ""


def test_of_the_best_one_of_three_only_changes_that_concern_it() -> None:
    item = {"a": "best", "b": "good", "c": "fair"}
    found = [perturb(Rank(tuple(item), pick="best"), item, [["a"], ["b", "c"]], seed) for seed in range(40)]
    assert {str(trap.answer) for trap in found if trap} == {"[['b'], ['a', 'c']]", "[['c'], ['a', 'b']]"}
    assert None in found, "where two others trade places the answer stays"


def test_spans_move_with_their_sentence() -> None:
    task = Spans("text", (Class("drug"),))
    text = "Take 👩‍👩‍👧 aspirin. Or ibuprofen! E\u0301 voilà."
    marks = [
        {"start": text.index(word), "end": text.index(word) + len(word), "label": "drug"}
        for word in ("aspirin", "ibuprofen")
    ]
    for seed, first in enumerate(["Or ibuprofen! Take", "Take"]):
        trap = made(task, {"text": text}, marks, seed)
        after = trap.texts["text"]
        assert after.startswith(first)
        assert sorted(after[one["start"] : one["end"]] for one in trap.answer) == ["aspirin", "ibuprofen"]
    crossing = [{"start": 0, "end": text.index("!"), "label": "drug"}]
    assert perturb(task, {"text": text}, crossing, 0) is None
    assert perturb(task, {"text": "Only one sentence."}, marks[:1], 0) is None
    assert perturb(task, {"text": text}, [], 0) is None, "nothing is marked: nothing moves"


def test_boxes_are_mirrored_with_their_picture() -> None:
    task = Boxes("photo", (Class("le", "left eye"), Class("re", "right eye")), (Attribute("looks", ("left", "right")),))
    box = {"x": 10, "y": 5, "width": 20.5, "height": 30, "label": "le", "attributes": {"looks": "right"}}
    trap = made(task, {"photo": PHOTO}, [box])
    assert trap.answer == [box | {"x": 69.5, "label": "re", "attributes": {"looks": "left"}}]
    assert trap.mirrored == ("photo",)
    for item in ({}, {"photo": PHOTO, "about": "Mark the left one."}):
        assert perturb(task, item, [box], 0) is None
    alone = Boxes("photo", (Class("left eye"), Class("nose")))
    assert perturb(alone, {"photo": PHOTO}, [box | {"label": "nose"}], 0) is None, "no class for the right eye"
    middle = {"x": 40, "y": 0, "width": 20, "height": 9, "label": "a"}
    assert perturb(Boxes("photo", (Class("a"),)), {"photo": PHOTO}, [middle], 0) is None


def test_a_left_hand_is_a_right_hand_in_the_mirror() -> None:
    assert made(SIDES, {"photo": PHOTO}, "l").answer == "r"
    assert perturb(SIDES, {"photo": PHOTO}, "n", 0) is None
    assert perturb(SIDES, {"photo": PHOTO}, {"cannot_tell": ""}, 0) is None
    trap = made(SIDES, {"photo": PHOTO, "text": "The left one is meant."}, "l")
    assert (trap.answer, trap.mirrored) == (None, ()), "its caption names a side"


def test_left_and_right_keep_their_letters() -> None:
    assert turned("LEFT, Right-hand leftmost left2 left_x; leftover bright") == (
        "RIGHT, Left-hand rightmost right2 right_x; leftover bright"
    )


def test_a_text_is_changed_by_a_word_or_a_number() -> None:
    assert words("All of them can’t see more than 12.") == [
        "None of them can’t see more than 12.",
        "All of them can see more than 12.",
        "All of them can’t see less than 12.",
        "All of them can’t see more than 18.",
    ]
    assert words("Das sind 4 von 2019 Stück") == ["Das sind 6 von 2019 Stück", "Das sind 4 von 2029 Stück"]
    for nothing in ("left", "https://example.org/more 12", "a1b 3b", "x" * (LONGEST + 1)):
        assert words(nothing) == [], nothing


def test_every_seed_is_another_change_until_they_begin_again() -> None:
    item = {"text": "It is before 9 and after 5."}
    found = [made(Text(), item, "x", seed) for seed in range(8)]
    assert len({trap.texts["text"] for trap in found}) == 5
    assert found[0] == found[5]
    assert not any(trap.is_certain for trap in found)


def test_conversations_stay_conversations() -> None:
    talk = {
        "talk": '[{"role": "user", "content": "Is \\"left\\" \\u00e4 1?"}, {"role": "assistant", "content": "It is 3"}]'
    }
    task = Chat("talk", mode="rate", low=1, high=5)
    for seed in range(10):
        task.validate([None, 3], made(task, talk, [None, 3], seed).changed(talk))
    assert perturb(Chat("talk"), talk, [], 0) is None


def test_a_type_without_it_makes_none() -> None:
    class Bare:
        """Somebody else's."""

    assert perturb(Bare(), {"text": "It is so."}, 1, 0) is None  # type: ignore[arg-type]
    assert all(hasattr(task_type.get(name), "perturb") for name in task_type.names() if name != "likert-grid")


def test_hostile_texts_take_no_time() -> None:
    begun = time.perf_counter()
    for text in ("a " * 9_999, "1" * 20_000, ". " * 10_000, "has " * 5_000, "\n " * 10_000, "A.A " * 5000):
        proposals({"text": text})
        perturb(Spans("text", (Class("a"),)), {"text": text}, [{"start": 0, "end": 1, "label": "a"}], 0)
    assert time.perf_counter() - begun < 2


class Wrong(Compare, frozen=True, tag="wrong"):
    """Swaps the responses and forgets the answer."""

    def perturb(self, item: Any, answer: Any, seed: int) -> Trap | None:
        trap = super().perturb(item, answer, seed)
        return trap and Trap(trap.what, answer, moved=trap.moved)


class Fickle(Compare, frozen=True, tag="fickle"):
    """Says what is right, and changes nothing."""

    def perturb(self, item: Any, answer: Any, seed: int) -> Trap | None:
        return Trap("Nothing.", "second")


@pytest.mark.parametrize(("task", "said"), [(Wrong, "another one"), (Fickle, "another item")])
def test_the_contract_tells_a_type_that_makes_bad_ones(task: type[Compare], said: str) -> None:
    sample = Sample(task(("p", "q")), ["first", "second"], [], {"p": "One.", "q": "Two."})
    with pytest.raises(AssertionError, match=said):
        traps_are_what_they_say(sample)
