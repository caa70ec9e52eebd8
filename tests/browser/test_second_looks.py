"""The review list by keyboard: what the model doubts and why; confirmed, fixed, sent on, dismissed, each taken back;
and the model's own page beside it."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.people import PATIENCE, House
from tests.browser.test_accessibility import SCREENS, check

pytestmark = pytest.mark.browser
Visit = Callable[..., Page]
WORDS = {
    "money": ["refund", "paid", "twice", "invoice", "charge", "euros"],
    "parcel": ["parcel", "lost", "courier", "delivery", "late", "tracking"],
    "change": ["change", "colour", "size", "address", "swap", "another"],
}


def doubted(house: House) -> tuple[int, dict[str, str]]:
    """A project whose model doubts some labels. Returns it, and what these items are."""
    draw = random.Random(11)
    made = house.project([], overlap=3)
    quality = {"model": True, "slice": 0.1, "adjudicate": False, "target": 0}
    house.boss.call("PATCH", f"/projects/{made}", {"quality": quality})
    truth = {f"m{n}": draw.choice(list(WORDS)) for n in range(120)}
    texts = {name: " ".join(draw.choices(WORDS[kind], k=4)) for name, kind in truth.items()}
    house.bring(made, [{"id": name, "text": f"{text} please, {name}"} for name, text in texts.items()], id="id")
    # In the slice a label is never doubted; more are planted than are looked for, as nobody here sees the items' ids.
    wrong = list(truth)[:8]
    judged = []
    for place, who in enumerate(("Cleo", "Dora", "Emil")):
        for name, kind in truth.items():
            other = {"money": "parcel", "parcel": "change", "change": "money"}[kind]
            said = kind if draw.random() < 0.85 else draw.choice(list(WORDS))
            judged.append(
                {"item": name, "annotator": who, "label": (other if place else kind) if name in wrong else said}
            )
    house.bring(made, judged, "judgements")
    deadline = time.monotonic() + 3 * PATIENCE
    while not house.boss.call("GET", f"/projects/{made}/suspects")["list"]["suspects"]:
        assert time.monotonic() < deadline, house.boss.call("GET", f"/projects/{made}/model")
        time.sleep(0.5)
    return made, {name: truth[name] for name in wrong}


@pytest.fixture(scope="module")
def shop(house: House) -> tuple[int, dict[str, str]]:
    return doubted(house)


def test_one_key_each(house: House, shop: tuple[int, dict[str, str]], visit: Visit) -> None:
    made, truth = shop
    page = visit(house.boss)
    page.goto(f"{house.url}/p/{made}/review")
    main = page.locator("main")
    expect(page.get_by_test_id("reason")).to_have_text(re.compile(r"said .* the model (says|is unsure)"))
    check(page, "the review list")
    left = number(page)
    each_is_taken_back(house, made, page, left)

    first = main.get_attribute("data-item")
    assert first is not None
    listed: Any = house.boss.call("GET", f"/projects/{made}/suspects")["list"]["suspects"]
    assert first == listed[0]["external_id"]
    better = truth.get(first, listed[0]["better"])
    page.keyboard.press(key_of(page, better.title()))
    expect(page.get_by_test_id("precision")).to_contain_text("1 fixed, 0 confirmed")
    expect(main).not_to_have_attribute("data-item", first)
    expect(page.get_by_test_id("precision")).to_contain_text("right in 100 % of 1 label (21 % to 100 %)")

    page.keyboard.press("Enter")
    expect(page.get_by_test_id("precision")).to_contain_text("right in 50 % of 2 labels (9 % to 91 %)")
    expect(page.get_by_test_id("precision")).to_contain_text("1 fixed, 1 confirmed")
    expect(page.get_by_role("img", name="Share of listed labels that were wrong")).to_be_visible()
    page.keyboard.press("+")
    expect(page.get_by_test_id("precision")).to_contain_text("1 sent on")
    page.keyboard.press("Space")
    expect(page.get_by_test_id("precision")).to_contain_text("1 dismissed")
    assert house.boss.call("GET", f"/projects/{made}/suspects")["list"]["left"] <= left - 4


@pytest.mark.parametrize("screen", SCREENS, ids=lambda name: name.replace(", ", "-"))
def test_both_pages_on_every_screen(house: House, shop: tuple[int, dict[str, str]], visit: Visit, screen: str) -> None:
    page = visit(house.boss, **SCREENS[screen])
    page.goto(f"{house.url}/p/{shop[0]}/review")
    page.get_by_test_id("reason").wait_for()
    check(page, f"the review list, {screen}")
    page.goto(f"{house.url}/p/{shop[0]}/model")
    expect(page.get_by_test_id("accuracy")).to_contain_text("the model is right in")
    expect(page.get_by_test_id("gain")).to_contain_text("50 items of the slice")
    expect(page.get_by_role("img", name=re.compile("^Learning curve"))).to_be_visible()
    check(page, f"the model, {screen}")


def each_is_taken_back(house: House, made: int, page: Page, left: int) -> None:
    """What one key does to the first entry one key undoes, here and on the server."""
    main, first = page.locator("main"), page.locator("main").get_attribute("data-item")
    listed: Any = house.boss.call("GET", f"/projects/{made}/suspects")["list"]
    assert first == listed["suspects"][0]["external_id"]
    better = next(one["label"] for one in listed["classes"] if one["value"] == listed["suspects"][0]["better"])
    page.keyboard.press("Backspace")
    expect(main).to_contain_text("There is nothing to take back.")
    told = {"Enter": "1 confirmed", key_of(page, better): "1 fixed", "+": "1 sent on", "Space": "1 dismissed"}
    for key, says in told.items():
        page.keyboard.press(key)
        expect(page.get_by_test_id("precision")).to_contain_text(says)
        expect(main).not_to_have_attribute("data-item", str(first))
        expect(page.get_by_test_id("left")).to_contain_text(f"{left - 1} label")
        page.keyboard.press("Backspace")
        expect(main).to_have_attribute("data-item", str(first))
        expect(main).to_contain_text("Taken back.")
        expect(page.get_by_test_id("precision")).to_have_count(0)
        expect(page.get_by_test_id("left")).to_contain_text(f"{left} label")
        assert house.boss.call("GET", f"/projects/{made}/suspects")["list"] == listed
    # By hand, too, and in the order in which they were made.
    page.keyboard.press("Space")
    expect(page.get_by_test_id("left")).to_contain_text(f"{left - 1} label")
    second = main.get_attribute("data-item")
    page.keyboard.press("Space")
    expect(page.get_by_test_id("left")).to_contain_text(f"{left - 2} label")
    page.get_by_role("button", name="Undo").click()
    expect(main).to_have_attribute("data-item", str(second))
    page.get_by_role("button", name="Undo").click()
    expect(main).to_have_attribute("data-item", str(first))
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)


def number(page: Page) -> int:
    return int(re.findall(r"\d+", page.get_by_test_id("left").inner_text())[0])


def key_of(page: Page, label: str) -> str:
    """The key that answers with a class."""
    option = page.locator("main [aria-keyshortcuts]").filter(has_text=label).first
    return (option.get_attribute("aria-keyshortcuts") or "").lower()
