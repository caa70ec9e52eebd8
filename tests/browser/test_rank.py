"""Ranking: cards by keys, mouse and finger; what is stored is in the fields' terms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.people import House
from tests.browser.test_compare import HOSTILE, PHONE, accessible, lots, screen
from tests.browser.test_workbench import current, press, synced

pytestmark = pytest.mark.browser
__all__ = ["screen"]
Visit = Callable[..., Page]
NAMES = ("model_one", "model_two", "model_three", "model_four")
Bench = Callable[..., tuple[Page, int]]
ROWS = [
    {"prompt": f"Question {n}?"} | {name: f"This is by {name.removeprefix('model_')}, {n}." for name in NAMES}
    for n in range(8)
]


@pytest.fixture
def rank(house: House, visit: Visit) -> Bench:
    """A function that opens the workbench of a new ranking as a new annotator."""

    def make(
        rows: list[dict[str, str]] | None = None,
        screen: dict[str, Any] | None = None,
        number: int = 3,
        more: list[dict[str, Any]] | None = None,
        **task: Any,
    ) -> tuple[Page, int]:
        names = NAMES[:number]
        question = {"name": "order", "title": "Which are better?", "task": {"type": "rank", "fields": names} | task}
        fields = [{"name": "prompt", "show": "text"}, *({"name": name, "show": "markdown"} for name in names)]
        project = house.project(texts=[], form={"fields": fields, "questions": [question, *(more or [])]})
        kept = ("prompt", *names)
        house.load(project, [{name: row[name] for name in kept} for row in (ROWS if rows is None else rows)])
        page = visit(house.annotator(project), **(screen or {}))
        page.goto(f"{house.url}/p/{project}/work")
        page.locator("[data-card]").first.wait_for()
        page.wait_for_function("() => new Promise(requestAnimationFrame).then(() => true)")
        return page, project

    return make


def card(page: Page, letter: str) -> Locator:
    return page.locator(f"[data-card={letter}]")


def names(page: Page) -> dict[str, str]:
    """The fields by the letters of their cards, as their texts tell."""
    found = {}
    for one in page.locator("[data-card]").all():
        letter = one.get_attribute("data-card") or ""
        found[letter] = f"model_{one.inner_text().split('by ')[1].split(',')[0]}"
    return found


def order(page: Page) -> str:
    """The letters from best to worst, as they stand."""
    return "".join(page.locator("[data-card]").evaluate_all("all => all.map(c => c.dataset.card)"))


def stored(house: House, project: int) -> list[list[list[str]]]:
    rows = house.judgements(project)
    return [row["label"] for row in rows if not row.get("retracted") and not row.get("superseded_by")]


def state(page: Page) -> Locator:
    return page.get_by_test_id("order-state")


def test_three_keys_rank_three_cards(rank: Bench, house: House) -> None:
    page, project = rank()
    expected = []
    for keys in ("312", "231", "123", "321"):
        by = names(page)
        expected.append([[by["ABC"[int(key) - 1]]] for key in keys])
        expect(state(page)).to_contain_text("Not ranked yet")
        for key in keys:
            page.keyboard.press(key)
        expect(state(page)).to_contain_text("Ranked")
        press(page, "Enter")
    synced(page)
    assert stored(house, project) == expected


def test_cards_stand_as_the_lot_says_and_are_called_by_their_place(rank: Bench, house: House) -> None:
    page, project = rank(number=4)
    drawn = lots(house, project, "order")
    assert len({tuple(one) for one in drawn.values()}) > 1, "a lot is drawn for each"
    for _ in range(3):
        html = page.locator("body").inner_html()
        assert "model_" not in html
        by = names(page)
        assert [by[letter] for letter in order(page)] == drawn[current(page) or ""]
        for key in "4123":
            page.keyboard.press(key)
        press(page, "Enter")
        expect(page.locator("footer")).to_contain_text("Answered “D > A > B > C”")


def test_what_is_drawn_is_no_answer_until_it_is_confirmed(rank: Bench, house: House) -> None:
    page, project = rank()
    first, by = current(page), names(page)
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".wrong")).to_be_visible()
    assert current(page) == first
    page.keyboard.press("Enter")
    expect(state(page)).to_contain_text("Ranked")
    assert current(page) == first, "confirmed, and not yet sent"
    press(page, "Enter")
    synced(page)
    assert stored(house, project) == [[[by[letter]] for letter in "ABC"]]


def test_lifted_and_moved_by_arrows_put_back_and_taken_back(rank: Bench, house: House) -> None:
    page, project = rank(number=4)
    by = names(page)
    for key in ("ArrowDown", "ArrowDown", "[", "ArrowUp", "Escape"):
        page.keyboard.press(key)
    assert order(page) == "ABCD"
    expect(state(page)).to_contain_text("Not ranked yet")
    for key in ("[", "ArrowUp", "["):
        page.keyboard.press(key)
    assert order(page) == "BACD"
    expect(state(page)).to_contain_text("Ranked")
    page.keyboard.press("Backspace")
    assert order(page) == "ABCD"
    expect(state(page)).to_contain_text("Not ranked yet")
    for key in ("[", "ArrowDown", "ArrowDown", "["):
        page.keyboard.press(key)
    assert order(page) == "ACDB"
    press(page, "Enter")
    synced(page)
    assert stored(house, project) == [[[by[letter]] for letter in "ACDB"]]


def test_ties_by_keys(rank: Bench, house: House) -> None:
    page, project = rank(ties=True, number=4)
    by = names(page)
    for key in ("2", "1", "+", "4", "3"):
        page.keyboard.press(key)
    page.keyboard.press("+")
    page.keyboard.press("-")
    press(page, "Enter")
    synced(page)
    first = sorted((by["B"], by["A"]), key=NAMES.index)
    assert stored(house, project) == [[first, [by["D"]], [by["C"]]]]
    expect(page.locator("footer")).to_contain_text("Answered “B = A > D > C”")


def test_by_mouse_dragged_tied_and_corrected(rank: Bench, house: House) -> None:
    page, project = rank(ties=True, number=4)
    by = names(page)

    def drag(letter: str, onto: str, share: float) -> None:
        start, end = card(page, letter).locator(".grip").bounding_box(), card(page, onto).bounding_box()
        assert start is not None
        assert end is not None
        page.mouse.move(start["x"] + 5, start["y"] + 5)
        page.mouse.down()
        page.mouse.move(end["x"] + end["width"] / 2, end["y"] + end["height"] * share, steps=6)
        page.mouse.up()

    drag("D", "A", 0.1)
    assert order(page) == "DABC"
    expect(state(page)).to_contain_text("Ranked")
    drag("C", "A", 0.5)  # into the middle: a tie
    assert order(page) == "DACB"
    expect(page.locator(".group")).to_have_count(3)
    page.get_by_role("button", name="Move B towards the best").click()
    assert order(page) == "DBAC"
    press(page, "Enter")
    page.locator(".more").get_by_role("button", name="Undo").click()
    expect(page.locator("footer")).to_contain_text("Your answer was “D > B > A = C”")
    assert order(page) == "DBAC"
    expect(state(page)).to_contain_text("Ranked")
    page.get_by_role("button", name="Split C").click()
    page.get_by_role("button", name="Send").click()
    synced(page)
    assert stored(house, project) == [[[by[letter]] for letter in "DBAC"]]


def test_by_finger(rank: Bench, house: House) -> None:
    page, project = rank(screen=PHONE, ties=True)
    by = names(page)
    for button in page.locator("[data-card] .head button").all():
        box = button.bounding_box()
        assert box is not None
        assert min(box["height"], box["width"]) >= 44
    page.get_by_role("button", name="Move C towards the best").tap()
    page.get_by_role("button", name="Move C towards the best").tap()
    assert order(page) == "CAB"
    page.get_by_role("button", name="Tie B with the one before").tap()
    page.locator(".more").get_by_role("button", name="Undo").tap()
    page.get_by_role("button", name="Move A towards the worst").tap()
    assert order(page) == "CBA"
    first = current(page)
    page.get_by_role("button", name="Send").tap()
    page.wait_for_function("b => document.querySelector('[data-item]')?.dataset.item !== b", arg=first)
    synced(page)
    assert stored(house, project) == [[[by[letter]] for letter in "CBA"]]
    now = names(page)
    for letter in "BCA":
        page.get_by_role("button", name=f"{letter} is the next in order").tap()
    second = current(page)
    page.get_by_role("button", name="Send").tap()
    page.wait_for_function("b => document.querySelector('[data-item]')?.dataset.item !== b", arg=second)
    synced(page)
    assert stored(house, project)[1] == [[now[letter]] for letter in "BCA"]


def test_a_finger_drags_by_the_head(rank: Bench) -> None:
    page, _ = rank(screen=PHONE)
    start, end = card(page, "A").locator(".grip").bounding_box(), card(page, "C").bounding_box()
    assert start is not None
    assert end is not None
    client = page.context.new_cdp_session(page)
    x, y = start["x"] + 8, start["y"] + 8
    to = end["y"] + end["height"] * 0.9
    client.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for part in range(1, 9):
        point = {"x": x, "y": y + (to - y) * part / 8}
        client.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
    expect(page.locator(".group.after")).to_have_count(1)
    client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert order(page) == "BCA"
    assert page.evaluate("scrollY") == 0


def test_the_best_by_one_key(rank: Bench, house: House) -> None:
    page, project = rank(pick="best", number=4)
    expected = []
    for key in "2413":
        best = names(page)["ABCD"[int(key) - 1]]
        expected.append([[best], [name for name in NAMES if name != best]])
        press(page, key)
    press(page, "Backspace")
    expect(page.locator("footer")).to_contain_text("Your answer was “C”")
    best = names(page)["A"]
    expected[-1] = [[best], [name for name in NAMES if name != best]]
    before = current(page)
    card(page, "A").get_by_role("button").first.click()
    page.wait_for_function("b => document.querySelector('[data-item]')?.dataset.item !== b", arg=before)
    synced(page)
    assert stored(house, project) == expected


@pytest.mark.parametrize("device", ["keys", "phone"])
def test_the_ends_by_two(rank: Bench, house: House, device: str) -> None:
    page, project = rank(pick="ends", number=4, screen=PHONE if device == "phone" else None)

    def pick(letter: str) -> None:
        if device == "keys":
            page.keyboard.press(str("ABCD".index(letter) + 1))
        else:
            card(page, letter).get_by_role("button").first.tap()

    by, first = names(page), current(page)
    pick("C")
    expect(state(page)).to_contain_text("Now pick the worst")
    page.locator(".more").get_by_role("button", name="Undo").click()
    expect(state(page)).to_contain_text("Pick the best")
    pick("B")
    assert current(page) == first
    pick("D")
    page.wait_for_function("b => document.querySelector('[data-item]')?.dataset.item !== b", arg=first)
    synced(page)
    assert stored(house, project) == [[[by["B"]], sorted((by["A"], by["C"]), key=NAMES.index), [by["D"]]]]
    expect(page.locator("footer")).to_contain_text("Answered “best B, worst D”")


def test_empty_fields_are_left_out(rank: Bench, house: House) -> None:
    rows = [ROWS[0] | {"model_two": ""}]
    page, project = rank(rows=rows, number=3)
    by = names(page)
    assert set(by.values()) == {"model_one", "model_three"}
    page.keyboard.press("2")
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    synced(page)
    assert stored(house, project) == [[[by["B"]], [by["A"]]]]


def test_offline_and_a_draft_that_survives_a_reload(rank: Bench, house: House) -> None:
    page, project = rank()
    by = names(page)
    for key in "312":
        page.keyboard.press(key)
    page.wait_for_timeout(400)
    page.reload()
    page.locator("[data-card]").first.wait_for()
    page.wait_for_function("() => new Promise(requestAnimationFrame).then(() => true)")
    assert order(page) == "CAB"
    expect(state(page)).to_contain_text("Ranked")
    page.context.set_offline(True)
    press(page, "Enter")
    expected = [[[by[letter]] for letter in "CAB"], [[names(page)[letter]] for letter in "BCA"]]
    for key in "231":
        page.keyboard.press(key)
    press(page, "Enter")
    page.wait_for_timeout(3000)
    expect(page.get_by_test_id("sync")).to_have_attribute("data-waiting", "2")
    page.context.set_offline(False)
    synced(page)
    assert stored(house, project) == expected


def test_arrows_leave_the_cards_for_the_next_question(rank: Bench, house: House) -> None:
    tone = {
        "name": "tone",
        "title": "Tone?",
        "task": {"type": "choice", "classes": [{"value": "calm"}, {"value": "angry"}]},
    }
    page, project = rank(more=[tone])
    by = names(page)
    for key in "213":
        page.keyboard.press(key)
    page.keyboard.press("2")  # the last card ranked, the next question has the keys
    press(page, "Enter")
    synced(page)
    rows = {row["question"]: row["label"] for row in house.judgements(project)}
    assert rows["tone"] == "angry"
    assert rows["order"] == [[by[letter]] for letter in "BAC"]
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")  # beyond the last card
    page.keyboard.press("1")
    expect(page.get_by_role("button", name="calm")).to_have_attribute("aria-pressed", "true")


def test_long_cards_are_cut_off_and_nothing_executes(rank: Bench) -> None:
    rows = [ROWS[0] | {"model_one": HOSTILE, "model_two": "Long words. " * 400, "model_three": "שלום עולם 🎉"}]
    page, _ = rank(rows=rows)
    expect(page.locator("strong", has_text="bold")).to_be_visible()
    assert page.locator("[data-card] :is(script, img, [onclick], [onerror])").count() == 0
    hebrew = page.locator("[data-card] [dir=auto]", has_text="שלום").first
    assert hebrew.evaluate("p => getComputedStyle(p).direction") == "rtl"
    long = page.locator("[data-card]", has_text="Long words.")
    short = long.bounding_box()
    long.get_by_role("button", name="Show all").click()
    whole = long.bounding_box()
    assert short is not None
    assert whole is not None
    assert whole["height"] > short["height"] + 200
    before = current(page)
    page.keyboard.press("Space")  # the pointer left no focus on the button
    page.wait_for_function("b => document.querySelector('[data-item]')?.dataset.item !== b", arg=before)
    assert page.evaluate("window.hit") is None


@pytest.mark.parametrize("pick", ["all", "ends"])
def test_cards_are_accessible(rank: Bench, screen: dict[str, Any], pick: str) -> None:
    rows = [ROWS[0] | {"model_two": "Long words. " * 400}]
    page, _ = rank(rows=rows, screen=screen, pick=pick, ties=True, number=4)
    accessible(page)
    for key in "21+":
        page.keyboard.press(key)
        if pick == "ends":
            break
    accessible(page)
