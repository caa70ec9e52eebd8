"""Group differences on real judgements whose annotators said who they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from goldwork import io
from goldwork.bias import LEAST_SHOWN, GroupDifferences, group_differences
from tests.reference.conftest import labels, rows


@pytest.fixture(scope="module")
def offensiveness(data: Any) -> dict[str, GroupDifferences]:
    """POPQUORN: how offensive 1,500 comments are, from 1 to 5, by 262 people (Pei and Jurgens 2023)."""
    folder: Path = data("popquorn_offensiveness")
    table = labels(folder, value="rating")
    attributes = io.read_groups(folder / "annotators.csv", table)
    found = group_differences(table, {name: attributes[name] for name in ("gender", "race", "age")}, draws=499)
    return {one.attribute: one for one in found}


def means(found: GroupDifferences) -> dict[str, Any]:
    return {one.group: one for one in found.classes if one.kind == "mean"}


def test_groups_under_five_are_not_shown(offensiveness: dict[str, GroupDifferences]) -> None:
    race = offensiveness["race"]
    # one Arab American alone: five Hispanic or Latino people go with them, or the one could be subtracted
    assert set(race.groups) == {"Asian", "Black or African American", "Native American", "White"}
    assert race.hidden == 6
    for found in offensiveness.values():
        assert found.rows.annotators.min() >= LEAST_SHOWN


def test_it_says_what_the_paper_says(offensiveness: dict[str, GroupDifferences]) -> None:
    """Pei and Jurgens 2023 (LAW-XVII, 252-265): genders do not differ for certain, Black people and older
    people see more offence."""
    black = means(offensiveness["race"])["Black or African American"]
    assert black.difference == pytest.approx(0.29, abs=0.05)
    assert black.low > 0
    assert black.p_value is not None
    assert black.p_value < 0.06
    older = means(offensiveness["age"])["60-64"]
    assert older.low > 0
    assert not any(one.named for one in offensiveness["gender"].classes)


def test_two_groups_of_three_show_nothing(data: Any) -> None:
    folder: Path = data("hs_brexit")
    table = io.read_labels(folder / "labels.csv", {"label": "hate"}).table
    attributes = io.read_groups(folder / "annotators.csv", table)
    [found] = group_differences(table, attributes)
    assert found.groups == {}
    assert not found.classes
    assert not len(found.rows)
    assert len({row["group"][:6] for row in rows(folder / "annotators.csv")}) == 2
