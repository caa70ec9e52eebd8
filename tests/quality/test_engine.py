"""The engine's step: pure, total over the kinds of events, in whole numbers; and its replay."""

from __future__ import annotations

import copy
import inspect
import random
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldwork.quality import engine
from goldwork.quality.engine import Changes, Event, Policy, State
from goldwork.quality.replay import Answers, Replay, Sweeps

KINDS = ("created", "policy", "form", "guideline", "member", "state", "published", "opened", "submit", "of the future")

small = st.integers(0, 5)
submits = st.fixed_dictionaries(
    {
        "annotator": st.integers(1, 4),
        "item": st.integers(1, 6),
        "kind": st.sampled_from(["answer", "skip", "undo"]),
        "fills": st.sampled_from([-1, 0, 0, 1, 1]),
        "wanted": st.integers(1, 3),
        "ms": st.integers(0, 86_400_000),
        "surplus": st.booleans(),
    }
)
policies = st.builds(
    lambda overlap, lease: {"policy": {"overlap": overlap, "lease_ms": lease}, "version": 1, "by": 1},
    st.integers(1, 5),
    st.integers(1, 10**9),
)
openings = st.builds(
    lambda of, after, more, items: {
        "batch": of,
        "after": after,
        "through": after + more,
        "items": items,
        "completed": items - 2,
    },
    st.integers(1, 2),
    small,
    st.integers(1, 5),
    small,
)
events = st.one_of(
    st.tuples(st.just("submit"), submits),
    st.tuples(st.just("submit"), submits),
    st.tuples(st.just("policy"), policies),
    st.tuples(st.just("opened"), openings),
    st.tuples(st.sampled_from(["created", "member", "state", "of the future"]), st.just({})),
)
logs = st.lists(events, max_size=40).map(
    lambda told: [Event(seq, kind, body, 10 * seq) for seq, (kind, body) in enumerate(told, 1)]
)


class View:
    """A view of fixed values, which notes what it is asked."""

    def __init__(
        self,
        *,
        policy: Policy | None = None,
        project: State | None = None,
        annotator: State | None = None,
        answers: int = 0,
    ) -> None:
        self._policy = policy or Policy()
        self._project: State = project or {}
        self._annotator: State = annotator or {}
        self._answers = answers

    def policy(self) -> Policy:
        return self._policy

    def project(self) -> State:
        return self._project

    def annotator(self, annotator: int) -> State:
        return self._annotator

    def answers(self, item: int) -> int:
        return self._answers


def submitted(**body: Any) -> Event:
    given = {"annotator": 7, "item": 3, "kind": "answer", "fills": 1, "wanted": 2, "ms": 1500, "surplus": False}
    return Event(9, "submit", given | body, 1)


class TestSubmit:
    @pytest.mark.parametrize(
        ("answers", "fills", "wanted", "decided"),
        [
            (1, 1, 2, None),
            (2, 1, 2, "complete"),
            (3, 1, 2, None),
            (1, 1, 1, "complete"),
            (1, -1, 2, "reopened"),
            (0, -1, 1, "reopened"),
            (2, -1, 2, None),  # more had answered than were wanted: the overlap was lowered
            (0, -1, 2, None),
            (2, 0, 2, None),
            (1, 0, 2, None),
        ],
    )
    def test_an_item_is_complete_by_what_it_wants(
        self, answers: int, fills: int, wanted: int, decided: str | None
    ) -> None:
        changes = engine.step(View(answers=answers, project={"complete": 5}), submitted(fills=fills, wanted=wanted))
        assert [made.kind for made in changes.decisions] == ([decided] if decided else [])
        assert changes.project is not None
        assert changes.project["complete"] == 5 + {"complete": 1, "reopened": -1}.get(decided or "", 0)
        for made in changes.decisions:
            assert (made.subject, made.evidence) == ("3", {"answers": answers, "wanted": wanted})

    @pytest.mark.parametrize("kind", ["answer", "skip", "undo"])
    def test_work_is_counted_and_never_down(self, kind: str) -> None:
        before = {"answer": 3, "skip": 1, "undo": 2, "ms": 100}
        changes = engine.step(View(annotator=before, project=before), submitted(kind=kind, fills=0))
        expected = before | {kind: before[kind] + 1, "ms": 1600}
        assert changes.annotators == {7: expected}
        assert changes.project == expected

    def test_surplus_is_counted_and_completes_nothing(self) -> None:
        changes = engine.step(View(answers=2), submitted(fills=0, surplus=True))
        assert (changes.annotators[7]["answer"], changes.decisions) == (1, [])


class TestOpened:
    def test_slots_are_the_policys(self) -> None:
        body = {"batch": 1, "after": 10, "through": 20, "items": 4, "completed": -3}
        changes = engine.step(
            View(policy=Policy(overlap=5), project={"items": 1, "complete": 3, "ms": 9}), Event(1, "opened", body, 0)
        )
        assert changes.opened == (10, 20, 5)
        assert changes.project == {"items": 5, "complete": 0, "ms": 9}
        assert (changes.annotators, changes.decisions) == ({}, [])


def test_other_kinds_change_nothing() -> None:
    for kind in sorted(set(KINDS) - engine.RULES.keys()):
        assert engine.step(View(), Event(1, kind, {"anything": [1.5, None]}, 0)) == Changes()


def frozen(value: Any) -> Any:
    """The same in types that refuse to change."""
    if isinstance(value, Mapping):
        return _Frozen({name: frozen(one) for name, one in value.items()})
    return tuple(frozen(one) for one in value) if isinstance(value, list) else value


class _Frozen(dict):  # type: ignore[type-arg]
    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise AssertionError("the step changed what it was given")

    __setitem__ = __delitem__ = update = pop = popitem = clear = setdefault = __ior__ = _refuse  # type: ignore[assignment]


@given(
    event=events, whole=st.dictionaries(st.sampled_from(["answer", "complete", "items", "ms"]), small), answers=small
)
def test_the_step_is_pure(event: tuple[str, dict[str, Any]], whole: dict[str, int], answers: int) -> None:
    """The same in gives the same out, and what went in stays as it was."""
    kind, body = event
    view = View(project=frozen(whole), annotator=frozen(whole), answers=answers)
    told = Event(1, kind, frozen(body), 5)
    first, second = engine.step(view, told), engine.step(view, told)
    assert first == second
    assert (view.project(), told.body) == (whole, body)


@given(
    event=events, whole=st.dictionaries(st.sampled_from(["answer", "complete", "items", "ms"]), small), answers=small
)
def test_numbers_are_whole(event: tuple[str, dict[str, Any]], whole: dict[str, int], answers: int) -> None:
    kind, body = event
    changes = engine.step(View(project=whole, annotator=whole, answers=answers), Event(1, kind, body, 5))
    states = [*changes.annotators.values(), changes.project or {}]
    numbers = [number for state in states for number in state.values()]
    numbers += [number for made in changes.decisions for number in made.evidence.values()]
    assert all(type(number) is int for number in numbers)


def test_the_step_knows_no_clock_no_chance_and_no_files() -> None:
    source = inspect.getsource(engine)
    for name in ("import time", "import random", "import os", "import secrets", "datetime", "open(", "float", "numpy"):
        assert name not in source


def run(log: list[Event], replay: Replay | None = None, before: Sequence[Any] = ()) -> tuple[bytes, Replay]:
    """A log's decisions and states, as bytes. `before`: what was decided until here."""
    replay = replay or Replay()
    made = [*before, *(replay.step(event) for event in log)]
    rest = [replay.project(), {str(who): state for who, state in replay.annotators.items()}]
    return msgspec.json.encode([made, rest], order="sorted"), replay


@given(log=logs)
def test_a_replay_gives_the_same_to_the_byte(log: list[Event]) -> None:
    first, replay = run(log)
    assert run(log)[0] == first
    again = [msgspec.convert(msgspec.json.decode(msgspec.json.encode(event)), Event) for event in log]
    second, other = run(again)
    assert second == first
    for item_id in range(12):
        assert replay.answers(item_id) == other.answers(item_id)
        for of in (1, 2):
            assert replay.sweeps.get(of, Sweeps()).slots(item_id) == other.sweeps.get(of, Sweeps()).slots(item_id)


@given(log=logs, at=st.integers(0, 40))
def test_a_replay_may_stop_and_go_on(log: list[Event], at: int) -> None:
    """State and the rest of the log are enough."""
    first = Replay()
    before = [first.step(event) for event in log[:at]]
    second = copy.deepcopy(first)
    assert run(log[at:], second, before)[0] == run(log)[0]


@given(log=logs)
def test_counts_are_what_the_log_says(log: list[Event]) -> None:
    _, replay = run(log)
    sent = [event.body for event in log if event.kind == "submit"]
    for kind in ("answer", "skip", "undo"):
        assert replay.project().get(kind, 0) == sum(body["kind"] == kind for body in sent)
    for who, state in replay.annotators.items():
        assert state["ms"] == sum(body["ms"] for body in sent if body["annotator"] == who)


class TestSweeps:
    @given(
        chunks=st.lists(st.tuples(st.integers(0, 30), st.integers(1, 12), st.integers(1, 5)), max_size=30),
    )
    def test_the_latest_chunk_over_an_item_counts(self, chunks: list[tuple[int, int, int]]) -> None:
        sweeps, wanted = Sweeps(), dict.fromkeys(range(50), 0)
        for after, more, slots in chunks:
            sweeps.add(after, after + more, slots)
            wanted |= dict.fromkeys(range(after + 1, after + more + 1), slots)
        assert {item_id: sweeps.slots(item_id) for item_id in wanted} == wanted
        assert sweeps.reached == max((after + more for after, more, _ in chunks), default=0)

    def test_a_sweep_in_chunks_takes_no_room(self) -> None:
        sweeps = Sweeps()
        for _ in range(3):
            for begin in range(0, 1_000_000, 500):
                sweeps.add(begin, begin + 500, 3)
        assert sum(len(ranges) for ranges in sweeps._passes) == 3


@given(changes=st.lists(st.tuples(st.integers(0, 3 * Answers.BLOCK), st.integers(-3, 3))))
def test_answers_are_counted_by_item(changes: list[tuple[int, int]]) -> None:
    answers, counts = Answers(), dict[int, int]()
    for item_id, more in changes:
        answers.add(item_id, more)
        counts[item_id] = counts.get(item_id, 0) + more
    assert {item_id: answers.of(item_id) for item_id in counts} == counts
    assert answers.of(10**12) == 0


def test_a_million_items_take_four_bytes_each() -> None:
    answers, order = Answers(), random.Random(1)
    for _ in range(5000):
        answers.add(order.randrange(1_000_000), 1)
    assert sum(len(block) * block.itemsize for block in answers._blocks.values()) <= 4 * 1_003_520
