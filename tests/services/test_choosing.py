"""The project's strategy chooses among the next open items; nobody gets an item twice, and nobody runs dry."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from goldwork.errors import InputError
from goldwork.quality.policy import Policy
from goldwork.services.log import decode
from goldwork.services.policy import quality_of, read_quality
from goldwork.store.database import Database
from goldwork.store.schema import item_state
from tests.core import Core


@pytest.fixture
def core(database: Database) -> Iterator[Core]:
    made = Core.make(database, overlap=3)
    yield made
    made.close()


def judge(core: Core, who: int, count: int, say: Any) -> list[int]:
    items = []
    for held in core.lease(who, count).assignments:
        of = core.assignment(held.id).item
        core.submit(who, held.id, answers={"q": say(of)})
        items.append(of)
    return items


def test_the_least_sure_comes_first(core: Core) -> None:
    core.add_items(12)
    first, second, third = core.annotators(3)
    judge(core, first, 12, lambda of: "a")
    judge(core, second, 12, lambda of: "a" if of % 4 else "b")
    core.set_policy(3, strategy="uncertainty")
    sure = {row.item: decode(row.body)["sure"] for row in core.rows(item_state)}
    unsure = {of for of in sure if of % 4 == 0}
    assert max(sure[of] for of in unsure) < min(sure[of] for of in sure.keys() - unsure)
    assert set(judge(core, third, 3, lambda of: "a")) == unsure
    assert core.findings() == []


@pytest.mark.parametrize("strategy", ["uncertainty", "expertise", "budget", "balance"])
def test_everything_is_given_once(core: Core, strategy: str) -> None:
    core.add_items(70)
    people = core.annotators(3)
    core.set_policy(3, strategy=strategy)
    for who in people:
        seen: list[int] = []
        while given := judge(core, who, 5, lambda of: "abc"[of % 3]):
            seen += given
        assert sorted(seen) == sorted(set(seen))
        assert len(seen) == 70
    assert core.findings() == []


def test_strategies_are_known_by_name() -> None:
    with pytest.raises(InputError, match="must be one of balance, budget, coverage"):
        read_quality(quality_of(Policy()), {"strategy": "cheapest"}, 3)
