"""When simulated people work, where their gold comes, and which item is next."""

from __future__ import annotations

import collections
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from goldwork.sim import hours as stated
from goldwork.sim.blocks import Blocks
from goldwork.sim.hours import Hours
from goldwork.sim.line import Line


def test_a_break_comes_after_a_sitting_and_is_told_by_the_place() -> None:
    clock = Hours("ann", seed=1)
    assert 0 <= clock.now <= 60 * stated.FIRST
    lengths, breaks, begun = [], [], clock.now
    for _ in range(40_000):
        before, place, sitting = clock.now, clock.place, clock.sitting
        clock.work(8.0)
        if clock.sitting == sitting:
            assert clock.place == place + 1
            assert clock.now == pytest.approx(before + 8.0 + stated.BETWEEN)
        else:
            assert (clock.place, clock.sitting) == (0, sitting + 1)
            lengths.append(before - begun)
            breaks.append((clock.now - before) / 60)
            begun = clock.now
    assert statistics.median(lengths) / 60 == pytest.approx(stated.SITTING, rel=0.1)
    assert min(breaks) > stated.SHORTEST
    nights = [minutes for minutes in breaks if minutes > stated.NIGHT_LEAST]
    assert len(nights) / len(breaks) == pytest.approx(stated.NIGHT, abs=0.06)
    days = [minutes for minutes in breaks if minutes <= stated.NIGHT_LEAST]
    assert statistics.median(days) == pytest.approx(stated.BREAK, rel=0.1)


def test_waiting_for_half_an_hour_is_a_break_too() -> None:
    clock = Hours("ann", seed=1)
    clock.work(8.0)
    now = clock.now
    clock.wait(now - 100)
    assert (clock.now, clock.place) == (now, 1)
    clock.wait(now + 60)
    assert (clock.now, clock.place) == (now + 60, 1)
    clock.wait(now + 60 + 60 * stated.SHORTEST)
    assert (clock.place, clock.sitting) == (0, 2)


def test_two_clocks_of_one_seed_and_name_are_one() -> None:
    def ends(name: str, seed: int) -> list[float]:
        clock = Hours(name, seed)
        for _ in range(500):
            clock.work(5.0)
        return [clock.now, clock.sitting]

    assert ends("ann", 1) == ends("ann", 1)
    assert ends("ann", 1) != ends("bob", 1)
    assert ends("ann", 1) != ends("ann", 2)


@given(st.text(max_size=5), st.lists(st.integers(1, 25), min_size=1, max_size=30))
def test_every_block_has_one(seed: str, lengths: list[int]) -> None:
    blocks = Blocks(seed)
    for length in lengths:
        assert [blocks.next(length) for _ in range(length)].count(True) == 1


def test_a_block_keeps_the_length_that_it_began_with() -> None:
    blocks = Blocks("ann")
    turns = [blocks.next(20), *(blocks.next(5) for _ in range(24))]
    assert (sum(turns[:20]), sum(turns[20:])) == (1, 1)


def test_the_place_in_a_block_is_drawn_by_lot() -> None:
    blocks = Blocks("ann")
    places: collections.Counter[int] = collections.Counter()
    for _ in range(2000):
        places[[blocks.next(5) for _ in range(5)].index(True)] += 1
    assert chisquare([places[place] for place in range(5)]).pvalue > 1e-4


@given(st.integers(1, 12), st.integers(0, 3), st.data())
def test_the_line_gives_what_is_open_and_not_judged_round_the_order(
    items: int, wanted: int, data: st.DataObject
) -> None:
    line = Line(items, wanted=wanted, seed=5)
    wants, taken = [wanted] * items, [0] * items
    everything = Line(items, wanted=1, seed=5)
    order, stand = [], -1
    for _ in range(items):
        item, stand = everything.next((), stand) or (-1, -1)
        everything.hold(item)
        order.append(item)
    assert sorted(order) == list(range(items))
    for _ in range(data.draw(st.integers(0, 30))):
        item = data.draw(st.integers(0, items - 1))
        if data.draw(st.booleans()):
            line.hold(item)
            taken[item] += 1
        else:
            was, wants[item] = wants[item], data.draw(st.integers(0, 4))
            assert line.want(item, wants[item]) == (was <= taken[item] < wants[item])
        judged = data.draw(st.sets(st.integers(0, items - 1)))
        stand = data.draw(st.integers(-1, items - 1))
        round_the_order = [*range(stand + 1, items), *range(stand + 1)]
        free = [at for at in round_the_order if wants[order[at]] > taken[order[at]] and order[at] not in judged]
        assert line.next(judged, stand) == ((order[free[0]], free[0]) if free else None)
        assert line.closed == pytest.approx(sum(w <= t for w, t in zip(wants, taken, strict=True)) / items)
