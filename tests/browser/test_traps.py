"""Traps in the browser: made of a comparison and of a text with keys alone, by hand, in bulk, on every screen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.people import House
from tests.browser.pictures import picture
from tests.browser.test_accessibility import SCREENS, check

pytestmark = pytest.mark.browser
Visit = Callable[..., Page]
PAIR: dict[str, Any] = {
    "fields": [
        {"name": "prompt"},
        {"name": "a", "show": "markdown", "title": "Answer"},
        {"name": "b", "show": "markdown"},
    ],
    "questions": [
        {"name": "better", "title": "Which answer is better?", "task": {"type": "compare", "fields": ["a", "b"]}}
    ],
}
ROWS = [
    {
        "id": f"p{n}",
        "prompt": f"How many legs have {n + 2} spiders?",
        "a": f"They have **{8 * (n + 2)}** legs: every spider has eight.",
        "b": "That depends on the spiders, I would say. Most animals have four.",
    }
    for n in range(6)
]
ENTRY = "/projects/{}/gold"


def pairs(house: House, known: int) -> int:
    project = house.project(texts=[], form=PAIR)
    house.bring(project, ROWS, id="id")
    entries = [{"item": row["id"], "answers": {"better": ["first"]}} for row in ROWS[:known]]
    house.boss.call("POST", ENTRY.format(project), {"entries": entries})
    return project


def messages(house: House) -> int:
    project = house.project(texts=[])
    texts = ["My parcel is not here, and it should have come before 9 May.", "Thanks!"]
    house.bring(project, [{"id": f"m{n}", "text": text} for n, text in enumerate(texts)], id="id")
    house.boss.call("POST", ENTRY.format(project), {"entries": [{"item": "m0", "answers": {"request": ["parcel"]}}]})
    return project


def made(house: House, project: int) -> list[Any]:
    return [row for row in house.boss.call("GET", ENTRY.format(project))["rows"] if row["kind"] == "trap"]


def open_trap(page: Page, house: House, project: int, name: str) -> None:
    """With the keys alone: to the row's button, and Enter."""
    page.goto(f"{house.url}/p/{project}/gold")
    page.get_by_role("button", name=f"Make a trap of {name}").wait_for()
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.getAttribute('aria-label')") == f"Make a trap of {name}":
            break
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="What is right after this change?").wait_for()
    page.get_by_role("heading", name="The trap").wait_for()


def test_of_a_comparison_with_keys_alone(house: House, visit: Visit) -> None:
    project = pairs(house, 2)
    page = visit(house.boss)
    open_trap(page, house, project, "p1")
    trap = page.locator(".card").nth(1)
    expect(trap.get_by_text("what was first is second")).to_be_visible()
    expect(trap.locator('button[aria-pressed="true"]').filter(has_text="better")).to_have_count(1)
    check(page, "a comparison")
    page.keyboard.press("Enter")
    page.get_by_role("row").filter(has_text="trap made of p1").wait_for()
    [row] = made(house, project)
    assert (row["fields"]["a"], row["fields"]["b"]) == (ROWS[1]["b"], ROWS[1]["a"])
    assert (row["answers"], row["source"]) == ({"better": ["second"]}, "p1")


def test_of_a_text_with_keys_alone(house: House, visit: Visit) -> None:
    project = messages(house)
    page = visit(house.boss)
    open_trap(page, house, project, "m0")
    trap = page.locator(".card").nth(1)
    expect(trap.locator("del")).to_contain_text("not")
    page.keyboard.press("Enter")
    page.get_by_text("Say first what is right of it.").wait_for()
    page.keyboard.press("f")
    expect(trap.locator(".diff")).to_contain_text("it should [added:not ]have")
    page.keyboard.press("f")
    expect(trap.locator("ins")).to_contain_text("after")
    chosen = trap.locator('button[aria-keyshortcuts="4"]')
    page.keyboard.press("4")
    expect(chosen).to_have_attribute("aria-pressed", "true")
    check(page, "a text")
    page.keyboard.press("Enter")
    page.get_by_role("row").filter(has_text="trap made of m0").wait_for()
    [row] = made(house, project)
    assert row["fields"]["text"] == "My parcel is not here, and it should have come after 9 May."
    assert row["answers"] == {"request": ["other"]}
    open_trap(page, house, project, "m0")
    page.keyboard.press("g")
    page.get_by_role("heading", name="How does the gold hold?").wait_for()


def test_by_hand_and_of_what_cannot_be_changed(house: House, visit: Visit) -> None:
    project = messages(house)
    page = visit(house.boss)
    page.goto(f"{house.url}/p/{project}/gold")
    page.get_by_role("button", name="Make traps").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("shows no traps yet").wait_for()
    check(page, "the dialog")
    dialog.get_by_role("button", name="Make them").click()
    dialog.get_by_text("No gold is left that can be turned round").wait_for()
    dialog.get_by_label("Or of one item").fill("m1")
    dialog.get_by_role("button", name="Look at it").click()
    page.get_by_text("not known what is right of item 'm1'").wait_for()
    page.get_by_role("button", name="Back", exact=True).click()
    page.get_by_role("button", name="Make a trap of m0").click()
    page.get_by_role("button", name="Edit the text").click()
    page.get_by_label("text", exact=True).fill("I paid twice, and my parcel is here.")
    trap = page.locator(".card").nth(1)
    expect(trap.locator("ins").filter(has_text="paid")).to_have_count(1)
    expect(trap.get_by_text("Written by hand.")).to_be_visible()
    trap.get_by_role("button", name="Money").or_(trap.get_by_role("radio", name="Money")).first.click()
    check(page, "by hand")
    page.get_by_role("button", name="Add the trap").click()
    page.get_by_role("row").filter(has_text="trap made of m0").wait_for()
    [row] = made(house, project)
    assert (row["fields"]["text"], row["answers"]) == ("I paid twice, and my parcel is here.", {"request": ["money"]})


def test_in_bulk(house: House, visit: Visit) -> None:
    project = pairs(house, 4)
    page = visit(house.boss)
    page.goto(f"{house.url}/p/{project}/gold")
    page.get_by_role("button", name="Make traps").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("How many").fill("3")
    dialog.get_by_role("button", name="Make them").click()
    expect(page.get_by_role("row").filter(has_text="trap made of")).to_have_count(3)
    assert {str(row["answers"]) for row in made(house, project)} == {"{'better': ['second']}"}


def boxes(house: House) -> int:
    task = {
        "type": "boxes",
        "field": "photo",
        "classes": [{"value": "cat"}, {"value": "left ear"}, {"value": "right ear"}],
    }
    form = {
        "fields": [{"name": "photo", "show": "image"}],
        "questions": [{"name": "cats", "title": "Mark the cat", "task": task}],
    }
    project = house.project(texts=[], form=form)
    house.bring(project, [{"id": "b0", "photo": picture(format="JPEG")}], id="id")
    box = {"x": 10, "y": 10, "width": 60, "height": 40}
    marks = [box | {"label": "cat"}, box | {"x": 20, "width": 12, "height": 8, "label": "left ear"}]
    house.boss.call("POST", ENTRY.format(project), {"entries": [{"item": "b0", "answers": {"cats": [marks]}}]})
    return project


def test_of_a_picture(house: House, visit: Visit) -> None:
    project = boxes(house)
    page = visit(house.boss)
    open_trap(page, house, project, "b0")
    page.get_by_role("main").get_by_text("The picture is mirrored").wait_for()
    check(page, "a picture")
    page.keyboard.press("Enter")
    page.get_by_role("row").filter(has_text="trap made of b0").wait_for()
    [row] = made(house, project)
    assert sorted(box["label"] for box in row["answers"]["cats"][0]) == ["cat", "right ear"]


@pytest.mark.parametrize("screen", SCREENS, ids=lambda name: name.replace(", ", "-"))
def test_on_every_screen(house: House, visit: Visit, screen: str) -> None:
    page = visit(house.boss, **SCREENS[screen])
    for project, name in ((pairs(house, 1), "p0"), (messages(house), "m0"), (boxes(house), "b0")):
        page.goto(f"{house.url}/p/{project}/gold")
        page.get_by_role("button", name=f"Make a trap of {name}").click()
        page.get_by_role("heading", name="The trap").wait_for()
        check(page, f"{name}, {screen}")
