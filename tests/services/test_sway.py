"""Acceptance and sway: what is counted, what is said of it, and that the interval covers."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import msgspec
import numpy as np
import pytest

from goldwork.services import access, monitor, policy, projects, sway
from goldwork.services.figures import Interval
from goldwork.services.sway import Compared, compare, difference, measure
from tests.services.test_monitor import take_snapshot
from tests.services.test_suggest import predict, suggests


def of(shown: tuple[int, int], hidden: tuple[int, int], people: int = 1) -> Compared:
    """(taken over, all) where shown and where hidden, people in turn."""
    same = [n < shown[0] for n in range(shown[1])] + [n < hidden[0] for n in range(hidden[1])]
    total = shown[1] + hidden[1]
    return Compared([n < shown[1] for n in range(total)], same, None, [n % people for n in range(total)])


class TestDifference:
    @pytest.mark.parametrize(
        ("first", "second", "low", "high"),
        [
            # Newcombe (1998), Statistics in Medicine 17, 873-890, table II, method 10.
            ((56, 70), (48, 80), 0.0524, 0.3339),
            ((9, 10), (3, 10), 0.1705, 0.8090),
            ((6, 7), (2, 7), 0.0582, 0.8062),
            ((5, 56), (0, 29), -0.0381, 0.1926),
            ((0, 10), (0, 20), -0.1611, 0.2775),
            ((10, 10), (0, 20), 0.6791, 1.0000),
        ],
    )
    def test_newcombes_own_examples(
        self, first: tuple[int, int], second: tuple[int, int], low: float, high: float
    ) -> None:
        table = of(first, second)
        found = difference(np.array(table.shown), np.array(table.same), None)
        assert (found.low, found.high) == (pytest.approx(low, abs=6e-5), pytest.approx(high, abs=6e-5))
        assert found.value == pytest.approx(first[0] / first[1] - second[0] / second[1])

    @pytest.mark.parametrize(
        ("people", "each", "share", "alone", "more", "spread"),
        [
            (5, 60, 0.1, 0.7, 0.1, 0.0),
            (3, 300, 0.2, 0.9, 0.05, 0.0),
            (10, 100, 0.1, 0.7, 0.1, 0.2),
            (20, 100, 0.1, 0.7, 0.1, 0.25),
            (12, 200, 0.2, 0.6, 0.0, 0.3),
            (30, 20, 0.1, 0.85, 0.05, 0.0),
        ],
    )
    def test_the_interval_covers(
        self, people: int, each: int, share: float, alone: float, more: float, spread: float
    ) -> None:
        """95 % of intervals hold the mean sway of the crowd that the people are drawn from: 93 to 97 here.

        People differ in how often they agree by themselves and in how readily they follow.
        """
        random = np.random.default_rng(11)
        covered, times = 0, 2000
        who = np.repeat(np.arange(people), each)
        for _ in range(times):
            base = alone + random.uniform(-spread, spread, people) * 0.5
            sways = more + random.uniform(-spread, spread, people) * 0.5
            shown = random.random(len(who)) >= share
            chance = np.clip(np.where(shown, (base + sways)[who], base[who]), 0, 1)
            made = measure(Compared(shown, random.random(len(who)) < chance, None, who))
            assert made.clustered == (len(np.unique(who[~shown])) >= sway.CLUSTERED)
            assert made.sway.low is not None
            assert made.sway.high is not None
            covered += made.sway.low <= more <= made.sway.high
        assert 0.93 <= covered / times <= 0.97

    def test_people_who_differ_widen_it(self) -> None:
        who = np.repeat(np.arange(12), 100)
        shown = np.arange(1200) % 5 > 0
        same = np.where(shown, who < 6, True)
        alone, clustered = difference(shown, same, None), difference(shown, same, who)
        assert (clustered.low or 0) < (alone.low or 0)
        assert (clustered.high or 0) > (alone.high or 0)

    def test_always_the_same(self) -> None:
        made = measure(of((240, 240), (60, 60), people=12))
        assert made.clustered
        assert (made.sway.value, made.accepted.value) == (0.0, 1.0)
        assert (made.sway.low or 0) < 0 < (made.sway.high or 0)


class TestWords:
    def test_more(self) -> None:
        made = measure(of((780, 812), (80, 95)))
        assert made.sentence == (
            "Where the suggestion was shown, people gave the model's answer 12 points more often (95 %: 6 to 21, "
            "812 shown, 95 hidden). Part of this may be the model being right and people saved from slips; compare "
            "with gold."
        )
        assert made.note == "The interval is Newcombe's, taking answers as independent of each other."

    def test_less(self) -> None:
        made = measure(of((400, 800), (95, 100), people=20))
        assert "45 points less often (95 %: −" in made.sentence
        assert made.sentence.endswith("People turn from what is suggested: look at where they do.")
        assert made.note.endswith("allowing for differences between people.")

    def test_chance(self) -> None:
        made = measure(of((81, 100), (8, 10)))
        assert "1 point more often (95 %: −16 to 33, 100 shown" in made.sentence
        assert made.sentence.endswith("That may be chance.")

    @pytest.mark.parametrize(
        ("shown", "hidden", "said"),
        [((3, 4), (0, 0), "No suggestion was hidden"), ((0, 0), (3, 4), "No suggestion was shown")],
    )
    def test_no_comparison(self, shown: tuple[int, int], hidden: tuple[int, int], said: str) -> None:
        made = measure(of(shown, hidden))
        assert made.sentence.startswith(f"{said} so far, so how much suggestions sway people cannot be measured.")
        assert (made.sway, made.note) == (Interval(None, None, None), "")
        assert {made.accepted.value, made.alone.value} == {0.75, None}
        assert sway.leans(made, 4) is None

    def test_a_warning_where_most_saw_them_and_they_sway(self) -> None:
        swayed, chance = measure(of((780, 812), (80, 95))), measure(of((81, 100), (8, 10)))
        assert "81 % of the answers were given with a model's suggestion in sight" in str(sway.leans(swayed, 1000))
        assert "(95 %: 6 to 21 points)" in str(sway.leans(swayed, 1000))
        assert sway.leans(swayed, 1624) is None  # no more than half
        assert sway.leans(chance, 110) is None


class TestCompare:
    def test_values_that_have_a_distance(self) -> None:
        pairs = [(1, 1), (3, 1), (None, 1), (5, 1)]
        table = compare([True, True, True, False], [1, 2, 3, 4], pairs, lambda one, other: abs(one - other) / 4)
        assert list(table.same) == [True, False, False, False]
        made = measure(table)
        assert (made.near_shown, made.near_hidden) == (0.75, 0.0)
        assert made.accepted.value == pytest.approx(1 / 3)

    def test_structured_values(self) -> None:
        pairs: list[tuple[Any, Any]] = [([], []), (["a"], ["a"]), (["a", "b"], ["a"])]
        table = compare([True] * 3, [1] * 3, pairs, lambda one, other: float(one != other))
        assert table.near is not None
        assert (list(table.same), table.near.tolist()) == ([True, True, False], [1.0, 1.0, 0.0])

    def test_nothing_known(self) -> None:
        made = measure(compare([True], [1], [(None, 1)], lambda _one, _other: math.nan))
        assert (made.near_shown, made.accepted.value) == (None, 0.0)


class TestProject:
    """Through import, leases, submits and the snapshot."""

    def counts(self, room: Any, question: str = "kind") -> Any:
        take_snapshot(room)
        return room.read(monitor.overview, room.database, room.project).suggestions[question]

    def test_it_counts_what_stands(self, room: Any) -> None:
        room.add_items(20)
        predict(room, "".join(f"i{n},bert,b\n" for n in range(20)))
        suggests(room, share=0)
        ann = room.add_annotator("Ann")
        held = room.lease(ann, 4)
        for lease, value in zip(held, ("b", "b", "a", None), strict=True):
            room.submit(ann, lease.id, value)
        room.submit(ann, held[1].id, kind="undo", answers={})
        room.submit(ann, held[1].id, "c")
        suggests(room, share=1)
        for lease in room.lease(ann, 2):
            room.submit(ann, lease.id, "b")
        suggests(room, "")
        for lease in room.lease(ann, 3):
            room.submit(ann, lease.id, "b")
        made = self.counts(room)
        assert (made.shown, made.hidden, made.annotators) == (3, 2, 1)
        assert (made.accepted.value, made.alone.value) == (pytest.approx(1 / 3), 1.0)
        assert (made.near_shown, made.clustered) == (None, False)

    def test_it_is_by_the_model_that_was_shown(self, room: Any) -> None:
        room.add_items(4)
        predict(room, "".join(f"i{n},bert,b\ni{n},gpt,c\n" for n in range(4)))
        suggests(room, share=0)
        ann = room.add_annotator("Ann")
        held = room.lease(ann, 2)
        suggests(room, "gpt", 0)
        for lease in held:
            room.submit(ann, lease.id, "b")
        for lease in room.lease(ann, 2):
            room.submit(ann, lease.id, "b")
        made = self.counts(room)
        assert (made.shown, made.accepted.value) == (4, 0.5)

    def test_without_suggestions_there_is_nothing(self, room: Any) -> None:
        room.add_items(2)
        room.judge(room.add_annotator("Ann"), lambda _payload: "a")
        take_snapshot(room)
        assert room.read(monitor.overview, room.database, room.project).suggestions == {}

    def test_a_number_has_a_nearness_and_the_consensus_a_warning(self, room: Any) -> None:
        room.make_project(
            {"questions": [{"name": "kind", "title": "?", "task": {"type": "rating", "low": 1, "high": 5}}]}
        )
        room.add_items(60)
        predict(room, "".join(f"i{n},bert,5\n" for n in range(60)))
        suggests(room, share=0.3)
        for name in ("Ann", "Bob"):
            who = room.add_annotator(name)
            for lease in room.lease(who, 60):
                value = 5 if lease.suggestions else 1 + len(lease.id + lease.payload) % 2
                room.submit(who, lease.id, value)
        made = self.counts(room)
        assert made.shown + made.hidden == 120
        assert (made.near_shown, made.accepted.value, made.alone.value) == (1.0, 1.0, 0.0)
        assert made.near_hidden < 0.3
        found = room.read(monitor.overview, room.database, room.project)
        for warnings in (found.agreement.warnings, found.consensus.warnings):
            assert any("in sight" in warning for warning in warnings)

    def test_an_older_snapshot_is_still_read(self, room: Any) -> None:
        from goldwork.services.figures import Figures

        text = msgspec.to_builtins(Figures(1, 0, 0, 0, 0, 0, 0, None, [], [], [], {}, {}, {}))
        del text["suggestions"]
        assert msgspec.convert(text, Figures).suggestions == {}
        mine = access.Member(room.manager, room.project, "manager")
        room.writer.run(partial(policy.set_policy, database=room.database, mine=mine, hidden_share=0.2))
        assert room.read(projects.describe, mine).hidden_share == 0.2
