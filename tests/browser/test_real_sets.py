"""Real judgements of every kind on the items page: opened, accessible, and without an error."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.people import House
from tests.browser.test_accessibility import SCREENS, check
from tests.reference.conftest import data  # noqa: F401 - a fixture
from tests.services import test_real_sets as real

pytestmark = pytest.mark.browser
Visit = Callable[..., Page]
FEW = 3
"""Items of each set."""


def load(house: House, of: Callable[[Path], real.Set], folder: Path) -> tuple[int, dict[str, set[str]]]:
    """A project with a small part of a set. Returns its number, and who judged which item."""
    form, items, labels = of(folder)
    kept = [item for item in items if any(other == item for other, *_ in labels)][:FEW]
    project = house.project([], form=form, name=of.__name__)
    house.bring(project, [{"id": item, **items[item]} for item in kept], id="id")
    told = [{"item": i, "annotator": who, "label": label} for i, who, label in labels if i in kept]
    house.bring(project, told, what="judgements")
    return project, {item: {row["annotator"] for row in told if row["item"] == item} for item in kept}


@pytest.mark.parametrize("of", real.SETS, ids=lambda of: of.__name__)
def test_all_answers_of_a_real_set(
    house: House,
    page: Page,
    page_errors: list[str],
    data: Callable[[str], Path],  # noqa: F811
    of: Callable[[Path], real.Set],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(real, "MOST", FEW)
    project, judges = load(house, of, data(of.__name__))
    page.context.add_cookies(house.boss.cookies())  # type: ignore[arg-type]
    page.goto(f"{house.url}/p/{project}/items")
    opens = page.get_by_role("button", name="all answers")
    expect(opens).to_have_count(len(judges), timeout=30_000)
    for _ in judges:
        opens.first.click()
    opened = page.get_by_test_id("item-answers")
    expect(opened).to_have_count(len(judges))
    people = {frozenset(one.locator("p").last.inner_text().split(": ", 1)[1].split(", ")) for one in opened.all()}
    assert people == {frozenset(who) for who in judges.values()}
    for screen in ("wide, light", "phone, dark"):
        size: Any = SCREENS[screen]
        page.set_viewport_size(size["viewport"])
        page.emulate_media(color_scheme=size["color_scheme"])
        check(page, f"{of.__name__}, {screen}")
    assert page_errors == []
