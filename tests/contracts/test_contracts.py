"""Every registered plug-in keeps its contract."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from goldwork.agreement import coefficient
from goldwork.consensus import consensus
from goldwork.distances import distance
from goldwork.flags import flag
from goldwork.io import format  # noqa: A004
from goldwork.io.exchange import exchange
from goldwork.quality.strategies import strategy
from goldwork.tasks import task_type
from goldwork.tasks.boxes import Boxes
from goldwork.tasks.chat import Chat
from goldwork.tasks.choice import Choice
from goldwork.tasks.choices import Choices
from goldwork.tasks.classes import Class
from goldwork.tasks.compare import Aspect, Compare
from goldwork.tasks.form import Attribute
from goldwork.tasks.rank import Rank
from goldwork.tasks.rating import Rating
from goldwork.tasks.spans import Spans
from goldwork.tasks.text import Part, Text
from goldwork.testing import (
    COEFFICIENT_CHECKS,
    DISTANCE_CHECKS,
    EXCHANGE_CHECKS,
    FLAG_CHECKS,
    FORMAT_CHECKS,
    STRATEGY_CHECKS,
    TASK_TYPE_CHECKS,
    Sample,
    consensus_checks,
)

ABC = (Class("a", "A"), Class("b", key="x"), Class("1"))

PHOTO = {"width": 90, "height": 60}
PQR = {"p": "One.", "q": "Two.", "r": "Three."}


def turns(*contents: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": content} for content in contents]


def span(start: float, end: float, label: str = "a") -> dict[str, Any]:
    return {"start": start, "end": end, "label": label}


def box(x: float, y: float, width: float, height: float, label: str = "a", **attributes: str) -> dict[str, Any]:
    sides = {"x": x, "y": y, "width": width, "height": height, "label": label}
    return sides | ({"attributes": attributes} if attributes else {})


SAMPLES = {
    "choice": [
        Sample(Choice(ABC), answers=["a", "b", "1"], unfit=["c", "A", 1, ["a"], None, {"cannot_tell": ""}]),
        Sample(
            Choice((Class("l", "Left hand"), Class("r", "Right hand"), Class("none"))),
            answers=["l", "r", "none"],
            unfit=["left"],
            item={"photo": PHOTO, "text": "Which hand is it?", "more": "3 of 12 are."},
        ),
        Sample(
            Choice((Class("x"), Class("y", parent="x"), Class("z", parent="x"), Class("w")), unsure=True),
            answers=["y", "z", "w"],
            unfit=["x", {"cannot_tell": 3}, {"cannot_tell": "", "more": 1}],
        ),
    ],
    "choices": [
        Sample(
            Choices(ABC, high=2, alone=("1",)),
            answers=[["a"], ["b", "a"], ["1"], []],
            unfit=[["a", "1"], ["c"], "a", ["a", "a"], [1], {"cannot_tell": ""}],
        ),
        Sample(
            Choices((Class("left"), Class("right"), Class("up"))),
            answers=[["left"], ["left", "up"], []],
            unfit=["left"],
            item={"photo": PHOTO},
        ),
        Sample(Choices(ABC, low=1, measure="masi", unsure=True), answers=[["a"], ["b", "a"], ["1"]], unfit=[[], {}]),
    ],
    "rating": [
        Sample(
            Rating(),
            answers=[1, 2.0, 5],
            unfit=[0, 6, 1.5, "1", True, None, {"cannot_tell": ""}],
            item={"text": "It was always better than the 12 others."},
        ),
        Sample(Rating(-3, 3, 0.5, unsure=True), answers=[-3, 0, 2.5], unfit=[4, 0.25, {"cannot_tell": None}]),
    ],
    "compare": [
        Sample(Compare(("p", "q")), answers=["first", "second", "tie"], unfit=["bad", "left", 1, None], item=PQR),
        Sample(Compare(("p", "q"), 3, both_bad=True), answers=[-3, 0, 2], unfit=[4, 0.5, "first", True], item=PQR),
        Sample(
            Compare(("p", "q"), tie=False, both_bad=True, attributes=(Aspect("safe"),)),
            answers=[{"overall": one, "safe": "first"} for one in ("first", "second", "bad")],
            unfit=["first", {"overall": "first"}, {"overall": "tie", "safe": "first"}],
            item=PQR,
        ),
    ],
    "rank": [
        Sample(
            Rank(("p", "q", "r"), ties=True),
            answers=[[["p"], ["q"], ["r"]], [["r", "p"], ["q"]], [["r"], ["q"], ["p"]]],
            unfit=[
                [["p"]],
                [["p"], ["q"], ["s"]],
                ["p", "q"],
                "pqr",
                [["p", "p"], ["q"], ["r"]],
                [[], ["p", "q", "r"]],
            ],
            item=PQR,
        ),
        Sample(
            Rank(("p", "q", "r"), pick="best"),
            answers=[[["p"], ["q", "r"]], [["q"], ["p", "r"]], [["r"], ["p", "q"]]],
            unfit=[[["p"], ["q"], ["r"]], [["p", "q", "r"]]],
            item=PQR,
        ),
        Sample(
            Rank(("p", "q", "r", "s"), pick="ends"),
            answers=[[["p"], ["q", "r"], ["s"]], [["q"], ["p", "r"], ["s"]], [["s"], ["q", "r"], ["p"]]],
            unfit=[[["p"], ["q"], ["r"], ["s"]], [["p"], ["q", "r", "s"]]],
            item=PQR | {"s": "Four."},
        ),
    ],
    "text": [
        Sample(
            Text(low=2, high=40),
            answers=["hello you", " hello ", "good bye", "good  bye"],
            unfit=["x", " x ", "a" * 41, "\ud800 b", "a\0b"],
        ),
        Sample(
            Text(parts=(Part("why"), Part("more", low=0)), scripts=("LATIN",)),
            answers=[{"why": "so it is", "more": ""}, {"why": "so", "more": "x"}, {"why": "é", "more": "x y"}],
            unfit=["so", {"why": "so"}, {"why": "", "more": ""}, {"why": "да", "more": ""}],
        ),
    ],
    "chat": [
        Sample(Chat("t", high=2), answers=[turns("a b"), turns("a"), turns("a", "b")], unfit=[[], turns(""), "a", [1]]),
        Sample(Chat("t", mode="edit"), answers=[turns("a b"), turns("a"), turns("c")], unfit=["a", [{"role": "x"}]]),
        Sample(
            Chat("t", mode="rate", low=1, high=5),
            answers=[[None, 1], [3, 5], [None, 2]],
            unfit=[[9], "x", [1.5], [True]],
        ),
    ],
    "spans": [
        Sample(
            Spans("t", ABC),
            answers=[[], [span(0, 3)], [span(3, 5, "b"), span(0, 3)]],
            unfit=[[span(0, 3, "c")], [span(0, 3), span(2, 4, "b")], [span(3, 3)], [span(-1, 3)], [span(0.5, 3)], "x"],
            item={"t": "Aha 👩‍👩‍👧! Then e\u0301. And so on."},
        ),
        Sample(
            Spans("t", ABC, overlap=True, low=1),
            answers=[[span(0, 3)], [span(0, 3), span(1, 2, "b")], [span(0, 9), span(0, 3, "b")]],
            unfit=[[], [span(0, 3), span(0, 3)], [span(0, 3) | {"more": 1}], [3]],
            item={"t": "One two\n\nthree four \n  five"},
        ),
    ],
    "boxes": [
        Sample(
            Boxes("t", ABC, attributes=(Attribute("hidden", ("yes", "no")),)),
            answers=[[], [box(0, 0, 3, 4)], [box(1, 1, 3, 4, "b", hidden="yes"), box(0.123456, 0, 3, 4)]],
            unfit=[
                *([box(*sides)] for sides in [(0, 0, 0, 3), (-1, 0, 4, 3), (0, 0, 4, float("nan")), (0, 0, 1e9, 1)]),
                [box(0, 0, 4, 3, "c")],
                [box(0, 0, 4, 3, hidden="may")],
                [box(0, 0, 4, 3, size="small")],
                "x",
            ],
            item={"t": PHOTO},
        ),
        Sample(
            Boxes("t", (Class("left eye"), Class("right eye")), attributes=(Attribute("looks", ("left", "right")),)),
            answers=[[], [box(1, 2, 3, 4, "left eye")], [box(1, 2, 3.25, 4, "right eye", looks="left")]],
            unfit=[[box(1, 2, 3, 4, "eye")]],
            item={"t": PHOTO, "about": "A face."},
        ),
    ],
}


def by_name(check: Callable[..., None]) -> str:
    return check.__name__


@pytest.mark.parametrize("check", COEFFICIENT_CHECKS, ids=by_name)
@pytest.mark.parametrize("name", coefficient.names())
def test_coefficient(name: str, check: Callable[[str], None]) -> None:
    check(name)


@pytest.mark.parametrize(
    ("name", "check"),
    [(name, check) for name in consensus.names() for check in consensus_checks(name)],
    ids=lambda value: value if isinstance(value, str) else by_name(value),
)
def test_consensus(name: str, check: Callable[[str], None]) -> None:
    check(name)


@pytest.mark.parametrize("check", DISTANCE_CHECKS, ids=by_name)
@pytest.mark.parametrize("name", distance.names())
def test_distance(name: str, check: Callable[[str], None]) -> None:
    check(name)


@pytest.mark.parametrize("check", TASK_TYPE_CHECKS, ids=by_name)
@pytest.mark.parametrize("name", task_type.names())
def test_task_type(name: str, check: Callable[[Sample], None]) -> None:
    for sample in SAMPLES[name]:
        check(sample)


@pytest.mark.parametrize("check", FLAG_CHECKS, ids=by_name)
@pytest.mark.parametrize("name", flag.names())
def test_flag(name: str, check: Callable[[str], None]) -> None:
    check(name)


@pytest.mark.parametrize("check", STRATEGY_CHECKS, ids=by_name)
@pytest.mark.parametrize("name", strategy.names())
def test_strategy(name: str, check: Callable[[str], None]) -> None:
    check(name)


@pytest.mark.parametrize("check", FORMAT_CHECKS, ids=by_name)
@pytest.mark.parametrize("name", format.names())
def test_format(name: str, check: Callable[[str], None]) -> None:
    check(name)


@pytest.mark.parametrize("name", exchange.names())
@pytest.mark.parametrize("check", EXCHANGE_CHECKS, ids=lambda check: check.__name__)
def test_exchange(check: Callable[[str], None], name: str) -> None:
    check(name)
