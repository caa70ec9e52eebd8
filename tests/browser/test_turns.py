"""Conversations: the next turns written, turns rewritten, turns rated."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from tests.browser.people import House

pytestmark = pytest.mark.browser
Visit = Callable[..., Page]
TALK = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "What is *goldwork*? 😀"},
    {"role": "assistant", "content": "A **package** for human data."},
    {"role": "user", "content": "ما هي المدينة؟ עוד 東京"},
    {"role": "assistant", "content": "Cafe\u0301 and re\u0301sume\u0301, two  spaces."},
]
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def form(mode: str, **settings: Any) -> dict[str, Any]:
    task = {"type": "chat", "field": "talk", "mode": mode} | settings
    return {
        "fields": [{"name": "talk", "show": "chat"}],
        "questions": [{"name": "reply", "title": "How should it go?", "task": task}],
    }


def begin(page: Page, house: House, project: int) -> Page:
    page.goto(f"{house.url}/p/{project}/work")
    page.locator("[data-turn]").first.wait_for()
    page.wait_for_function("() => !document.querySelector('[data-turn] .raw')")
    page.wait_for_function("() => new Promise(requestAnimationFrame).then(() => true)")
    return page


@pytest.fixture
def bench(house: House, visit: Visit) -> Callable[..., tuple[Page, int]]:
    """A function that opens the workbench on conversations, as a new annotator."""

    def make(mode: str, talk: Any = TALK, screen: Any = None, items: int = 1, **settings: Any) -> tuple[Page, int]:
        project = house.project(texts=[], form=form(mode, **settings))
        more = [[*talk, {"role": "user", "content": f"Number {n}"}] for n in range(1, items)]
        house.load(project, [{"talk": json.dumps(one)} for one in (talk, *more)])
        return begin(visit(house.annotator(project), **(screen or {})), house, project), project

    return make


def turn(page: Page, place: int) -> Locator:
    return page.locator(f"[data-turn='{place}']")


def send(page: Page, key: str = "") -> None:
    """Send, and wait until it is stored."""
    before = page.evaluate("document.querySelector('[data-item]').dataset.item")
    if key:
        page.keyboard.press(key)
    else:
        page.get_by_role("button", name="Send").click()
    page.wait_for_function("b => document.querySelector('[data-item]')?.dataset.item !== b", arg=before)
    expect(page.get_by_test_id("sync")).to_have_attribute("data-waiting", "0", timeout=20_000)


def stored(house: House, project: int) -> list[Any]:
    rows = house.judgements(project)
    return [row["label"] for row in rows if not row.get("retracted") and not row.get("superseded_by")]


def test_write_by_keyboard(bench: Any, house: House) -> None:
    page, project = bench("write")
    page.keyboard.press(".")
    page.keyboard.type("Paris 😀, 1 2 f g, cafe\u0301 — ")
    page.keyboard.insert_text("東京 שלום")
    page.keyboard.press("Enter")
    page.keyboard.type("The end.")
    send(page, "Control+Enter")
    assert stored(house, project) == [
        [{"role": "assistant", "content": "Paris 😀, 1 2 f g, cafe\u0301 — 東京 שלום\nThe end."}]
    ]


def test_write_several_turns_and_take_back(bench: Any, house: House) -> None:
    page, project = bench("write", roles=["assistant", "user"], low=1, high=3)
    page.keyboard.press("Enter")
    expect(page.get_by_text("This one is still open.")).to_be_visible()
    turn(page, 6).get_by_role("textbox").fill("First.")
    page.keyboard.press("Escape")
    page.keyboard.press("+")
    page.keyboard.type("Second.")
    page.keyboard.press("Escape")
    page.keyboard.press("+")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Another turn")).to_be_disabled()
    page.keyboard.press("Enter")
    expect(page.get_by_text("This one is still open.")).to_be_visible()
    page.keyboard.press("Backspace")
    expect(turn(page, 8)).to_have_count(0)
    page.keyboard.press("-")
    page.keyboard.press("Backspace")
    expect(turn(page, 7).get_by_role("textbox")).to_have_value("Second.")
    send(page)
    assert stored(house, project) == [
        [{"role": "assistant", "content": "First."}, {"role": "user", "content": "Second."}]
    ]


def test_taking_back_never_leaves_the_item_while_something_is_written(bench: Any) -> None:
    page, _ = bench("write", items=2)
    held = page.evaluate("document.querySelector('[data-item]').dataset.item")
    page.keyboard.press(".")
    page.keyboard.type("A long thought")
    page.keyboard.press("Escape")
    page.keyboard.press("Backspace")
    assert page.evaluate("document.querySelector('[data-item]').dataset.item") == held
    expect(page.get_by_role("textbox")).to_have_value("")


def test_edit_by_keyboard_with_what_was_changed(bench: Any, house: House) -> None:
    page, project = bench("edit")
    page.keyboard.press("ArrowDown")
    expect(turn(page, 5)).to_have_attribute("aria-current", "true")
    page.keyboard.press(".")
    field = turn(page, 5).get_by_role("textbox")
    field.fill("Cafe\u0301 and curriculum, two  spaces.")
    page.keyboard.press("Escape")
    expect(turn(page, 5).get_by_text("changed", exact=True)).to_be_visible()
    page.keyboard.press(";")
    expect(turn(page, 5).locator("del")).to_contain_text("re\u0301sume\u0301")
    expect(turn(page, 5).locator("ins")).to_contain_text("curriculum")
    page.keyboard.press("Delete")
    expect(field).to_have_value(TALK[4]["content"])
    page.keyboard.press("Backspace")
    expect(field).to_have_value("Cafe\u0301 and curriculum, two  spaces.")
    turn(page, 3).get_by_role("textbox").fill("")
    expect(turn(page, 3).get_by_text("A turn cannot be empty.")).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("This one is still open.")).to_be_visible()
    turn(page, 3).get_by_role("button", name="As it was").or_(
        turn(page, 3).get_by_role("button", name="Turn 3 as it was")
    ).first.click()
    send(page)
    assert stored(house, project) == [[*TALK[:4], TALK[4] | {"content": "Cafe\u0301 and curriculum, two  spaces."}]]


def test_edit_nothing(bench: Any, house: House) -> None:
    page, project = bench("edit")
    page.keyboard.press("Enter")
    expect(page.get_by_text("This one is still open.")).to_be_visible()
    page.keyboard.press("'")
    expect(page.get_by_role("button", name="Nothing to change")).to_have_attribute("aria-pressed", "true")
    send(page, "Enter")
    assert stored(house, project) == [TALK]


RATED = {"low": 1, "high": 5, "anchors": [{"value": 1, "label": "useless"}, {"value": 5, "label": "perfect"}]}


def test_rate_by_keyboard(bench: Any, house: House) -> None:
    page, project = bench("rate", items=2, **RATED)
    held = page.evaluate("document.querySelector('[data-item]').dataset.item")
    expect(turn(page, 3)).to_have_attribute("aria-current", "true")
    page.keyboard.press("4")
    expect(turn(page, 5)).to_have_attribute("aria-current", "true")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("2")
    page.keyboard.press("Backspace")
    expect(turn(page, 3).get_by_role("button", name="4")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Enter")
    expect(page.get_by_text("This one is still open.")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("5")
    expect(page.get_by_text("2 of 2 marked")).to_be_visible()
    assert page.evaluate("document.querySelector('[data-item]').dataset.item") == held, "Enter sends"
    send(page, "Enter")
    marks = stored(house, project)[0]
    assert marks[:5] == [None, None, 4, None, 5]
    page.wait_for_function("() => new Promise(requestAnimationFrame).then(() => true)")
    page.keyboard.press("Backspace")
    expect(page.get_by_text("2 of 2 marked")).to_be_visible()


def test_scales_of_other_ranges(bench: Any, house: House) -> None:
    page, project = bench("rate", low=-2, high=2)
    page.keyboard.press("1")
    turn(page, 5).get_by_role("button", name="2", exact=True).click()
    send(page)
    assert stored(house, project) == [[None, None, -2, None, 2]]
    page, project = bench("rate", low=0, high=100)
    turn(page, 3).get_by_role("combobox").select_option("77")
    turn(page, 5).get_by_role("combobox").select_option("0")
    send(page)
    assert stored(house, project) == [[None, None, 77, None, 0]]


def test_by_fingers(bench: Any, house: House) -> None:
    page, project = bench("rate", screen=PHONE, **RATED)
    for place, name in ((3, "2"), (3, "5 perfect"), (5, "1 useless")):
        button = turn(page, place).get_by_role("button", name=name)
        button.scroll_into_view_if_needed()
        box = button.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 44
        button.tap()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    send(page)
    assert stored(house, project) == [[None, None, 5, None, 1]]
    page, project = bench("write", screen=PHONE)
    page.get_by_role("textbox").tap()
    page.keyboard.insert_text("مرحبا")
    assert page.get_by_role("textbox").evaluate("e => getComputedStyle(e).direction") == "rtl"
    send(page)
    assert stored(house, project) == [[{"role": "assistant", "content": "مرحبا"}]]


def test_offline_for_a_while_and_back(bench: Any, house: House) -> None:
    page, project = bench("write", items=2)
    page.context.set_offline(True)
    for text in ("One.", "Two."):
        before = page.evaluate("document.querySelector('[data-item]').dataset.item")
        expect(page.get_by_role("textbox")).to_have_value("")
        page.get_by_role("textbox").fill(text)
        page.keyboard.press("Control+Enter")
        page.wait_for_function("b => document.querySelector('[data-item]')?.dataset.item !== b", arg=before)
        page.wait_for_function("() => new Promise(requestAnimationFrame).then(() => true)")
    expect(page.get_by_test_id("sync")).to_have_attribute("data-waiting", "2")
    page.wait_for_timeout(1500)
    page.context.set_offline(False)
    expect(page.get_by_test_id("sync")).to_have_attribute("data-waiting", "0", timeout=20_000)
    assert sorted(turns[0]["content"] for turns in stored(house, project)) == ["One.", "Two."]


@pytest.mark.parametrize("mode", ["write", "edit", "rate"])
def test_nothing_in_a_conversation_runs(bench: Any, mode: str) -> None:
    evil = "<img src=x onerror='window.hit=1'><script>window.hit=1</script> [x](javascript:window.hit=1) **bold**"
    talk = [{"role": role, "content": evil} for role in ("user", "assistant")]
    settings = RATED | {"anchors": [{"value": 1, "label": evil}]} if mode == "rate" else {}
    page, _ = bench(mode, talk, **settings)
    expect(turn(page, 1).locator("strong")).to_have_text("bold")
    if mode == "edit":
        turn(page, 2).get_by_role("textbox").fill(f"{evil} {evil}")
        page.keyboard.press("Escape")
        page.keyboard.press(";")
        expect(turn(page, 2).locator("ins").first).to_be_visible()
    assert page.locator("main :is(img, script, [onclick], [onerror], a[href^=javascript])").count() == 0
    assert page.evaluate("window.hit") is None


def test_directions_follow_the_words(bench: Any) -> None:
    page, _ = bench("rate", **RATED)
    direction = "e => getComputedStyle(e).direction"
    assert turn(page, 4).locator(".prose").evaluate(direction) == "rtl"
    assert turn(page, 3).locator(".prose").evaluate(direction) == "ltr"


@pytest.mark.parametrize("screen", ["wide-light", "wide-dark", "phone-light", "phone-dark"])
@pytest.mark.parametrize("mode", ["write", "edit", "rate"])
def test_axe_finds_nothing(bench: Any, mode: str, screen: str) -> None:
    size, scheme = screen.split("-")
    settings = RATED if mode == "rate" else {"low": 1, "high": 2} if mode == "write" else {}
    page, _ = bench(mode, screen=(PHONE if size == "phone" else {}) | {"color_scheme": scheme}, **settings)
    if mode == "edit":
        turn(page, 3).get_by_role("textbox").fill("Something else.")
        page.keyboard.press("Escape")
        page.keyboard.press(";")
    if mode == "rate":
        page.keyboard.press("2")
    found = Axe().run(page, options=RULES).response["violations"]
    assert [(v["id"], [n["html"][:120] for n in v["nodes"]]) for v in found] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def merged(page: Page, house: House, project: int, values: list[Any]) -> Locator:
    """The items' page with answers that are given here: what the server merges is its own matter."""
    votes = [{"value": value, "count": 1} for value in values]
    row = {"judgements": 3, "confidence": 0.5, "tie": False, "votes": votes, "fields": {"talk": json.dumps(TALK)}}
    rows = [row | {"item": n, "external_id": str(n), "label": label} for n, label in enumerate([values[0], "odd"])]
    answer = {"rows": rows, "next": None, "total": 2, "through_seq": 9}
    page.route("**/consensus*", lambda route: route.fulfill(json=answer))
    people = [
        {"annotator": n, "pseudonym": f"P{n}", "name": None, "kind": "human", "answers": {"reply": value}}
        | {"shown": {}, "seconds": 1, "at": 1}
        for n, value in enumerate(values)
    ]
    opened = {"item": 0, "external_id": "0", "fields": row["fields"], "answers": people, "consensus": {}, "people": 3}
    page.route(re.compile(r"/items/0$"), lambda route: route.fulfill(json=opened))
    page.goto(f"{house.url}/p/{project}/items")
    page.locator("main .said").first.wait_for()
    expect(page.locator("main [aria-busy=true]")).to_have_count(0)
    return page.locator("main ul > li")


def test_everybody_s_answers_stand_beside_each_other(house: House, visit: Visit) -> None:
    def said(text: str) -> Any:
        return [{"role": "assistant", "content": text}]

    edited = [*TALK[:4], TALK[4] | {"content": "Cafe\u0301 and more, two  spaces."}]
    cases: list[tuple[str, list[Any], str]] = [
        ("rate", [[None, None, 4, None, 5], [None, None, 2, None, 5], {"cannot_tell": "x"}], "marks 4, 5"),
        ("write", [said("Paris is big."), said("Paris is small."), None], "Paris is big."),
        ("edit", [edited, TALK, [None, 3]], "1 turn changed"),
    ]
    for mode, values, line in cases:
        project = house.project(texts=[], form=form(mode, **(RATED if mode == "rate" else {})))
        rows = merged(visit(house.boss), house, project, values)
        expect(rows.first.locator(".said > :first-child")).to_have_text(line)
        rows.first.get_by_role("button", name="all answers").click()
        expect(rows.nth(1).locator(".said > :first-child")).to_have_text("no answer")
        if mode == "rate":
            expect(rows.first.locator("tbody tr")).to_have_count(2)
            table = [" ".join(one.split()) for one in rows.first.locator("tbody tr").all_inner_texts()]
            assert [one.rsplit(" ", 3)[1:] for one in table] == [["4", "2", "–"], ["5", "5", "–"]]
            expect(rows.first.locator("tr.split")).to_have_count(1)
        elif mode == "write":
            expect(rows.first.locator("del")).to_contain_text("big")
            expect(rows.first.locator("ins")).to_contain_text("small")
        else:
            expect(rows.first.locator("ins")).to_contain_text("more")
            expect(rows.first.get_by_text("as it was", exact=True)).to_be_visible()
