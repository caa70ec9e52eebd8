"""Comparing two answers: what stands where on the screen, what is stored, and reading both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.people import House
from tests.browser.test_accessibility import RULES
from tests.browser.test_workbench import current, press, synced

pytestmark = pytest.mark.browser
Visit = Callable[..., Page]
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
NAMES = ("secret_model", "other_model")
FIELDS = [{"name": "prompt", "show": "text"}, *({"name": name, "show": "markdown"} for name in NAMES)]
ROWS = [
    {
        "prompt": f"Question {n}?",
        "secret_model": f"The secret answer to {n}.",
        "other_model": f"The other answer to {n}.",
    }
    for n in range(12)
]
Bench = Callable[..., tuple[Page, int]]


@pytest.fixture
def compare(house: House, visit: Visit) -> Bench:
    """A function that opens the workbench of a new comparison as a new annotator."""

    def make(
        rows: list[dict[str, str]] | None = None,
        screen: dict[str, Any] | None = None,
        fields: list[dict[str, str]] | None = None,
        **task: Any,
    ) -> tuple[Page, int]:
        question = {"name": "better", "title": "Which is better?", "task": {"type": "compare", "fields": NAMES} | task}
        project = house.project(texts=[], form={"fields": fields or FIELDS, "questions": [question]})
        house.load(project, ROWS if rows is None else rows)
        page = visit(house.annotator(project), **(screen or {}))
        page.goto(f"{house.url}/p/{project}/work")
        page.locator("[data-place]").first.wait_for()
        page.wait_for_function("() => new Promise(requestAnimationFrame).then(() => true)")
        return page, project

    return make


def pane(page: Page, place: str) -> Any:
    return page.locator(f"[data-place={place}]")


def at_left(page: Page) -> str:
    """The name of the field whose text stands at the left."""
    return "secret_model" if "secret" in pane(page, "Left").inner_text() else "other_model"


def side(name: str) -> str:
    return "first" if name == NAMES[0] else "second"


def stored(house: House, project: int) -> list[Any]:
    """What stands on the server."""
    rows = house.judgements(project)
    return [row["label"] for row in rows if not row.get("retracted") and not row.get("superseded_by")]


def lots(house: House, project: int, question: str) -> dict[str, list[str]]:
    """By assignment, the order that the server drew for it."""
    work = house.others[-1].call("POST", f"/projects/{project}/next", {"count": 10})
    return {one["id"]: one["shown"][question] for one in work["assignments"]}


def test_the_answer_is_in_the_fields_terms_whatever_stood_where(compare: Bench, house: House) -> None:
    page, project = compare()
    drawn = lots(house, project, "better")
    expected = []
    for key in ("1", "3", "1", "3", "1", "3", "2"):
        left, right = drawn[current(page) or ""]
        assert at_left(page) == left
        expected.append({"1": side(left), "3": side(right), "2": "tie"}[key])
        press(page, key)
    synced(page)
    assert stored(house, project) == expected
    assert len({tuple(order) for order in drawn.values()}) == 2, "a lot is drawn for each"


def test_names_of_fields_are_nowhere_on_the_screen(compare: Bench) -> None:
    page, _ = compare(strength=3)
    for _ in range(2):
        html = page.locator("body").inner_html()
        assert "secret_model" not in html
        assert "other_model" not in html
        left = at_left(page)
        press(page, "1")
        said = page.locator("footer")
        expect(said).to_contain_text("Answered “left much better”")
        expect(said).not_to_contain_text(left)


def test_by_mouse_answered_taken_back_and_answered_otherwise(compare: Bench, house: House) -> None:
    page, project = compare()
    left = at_left(page)
    first = current(page)
    page.get_by_role("button", name="Left is better").click()
    page.wait_for_function("b => document.querySelector('[data-item]')?.dataset.item !== b", arg=first)
    expect(page.locator("footer")).to_contain_text("Answered “Left is better”")
    page.locator(".more").get_by_role("button", name="Undo").click()
    page.wait_for_function("b => document.querySelector('[data-item]')?.dataset.item === b", arg=first)
    assert at_left(page) == left, "it stands where it stood"
    page.get_by_role("button", name="Right is better").click()
    page.wait_for_function("b => document.querySelector('[data-item]')?.dataset.item !== b", arg=first)
    synced(page)
    assert stored(house, project) == [side(NAMES[1 - NAMES.index(left)])]


def test_a_scale_is_turned_with_the_panes(compare: Bench, house: House) -> None:
    page, project = compare(strength=3)
    expected = []
    for key, place in (("1", -3), ("5", 1), ("7", 3), ("3", -1)) * 2:
        expected.append(place if at_left(page) == NAMES[0] else -place)
        press(page, key)
    synced(page)
    assert stored(house, project) == expected


def test_attributes_share_the_panes(compare: Bench, house: House) -> None:
    page, project = compare(attributes=[{"name": "helpful", "title": "More helpful"}], both_bad=True)
    expect(page.locator("[data-place]")).to_have_count(2)
    left, first = at_left(page), current(page)
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    expect(page.locator(".wrong").first).to_be_visible()
    assert current(page) == first, "one is still open"
    page.keyboard.press("3")
    press(page, "Enter")
    synced(page)
    labels = [row["label"] for row in house.judgements(project)]
    assert labels == [{"overall": side(left), "helpful": side(NAMES[1 - NAMES.index(left)])}]


def test_on_a_phone_one_answer_at_a_time_or_both(compare: Bench, house: House) -> None:
    page, project = compare(screen=PHONE)
    left = at_left(page)
    expect(pane(page, "Right")).to_have_count(0)
    page.get_by_role("button", name="Right", exact=True).tap()
    expect(pane(page, "Right")).to_be_visible()
    expect(pane(page, "Left")).to_have_count(0)
    page.get_by_role("button", name="Both", exact=True).tap()
    over, under = pane(page, "Left").bounding_box(), pane(page, "Right").bounding_box()
    assert over["y"] + over["height"] <= under["y"], "stacked"
    for name in ("Left", "Right", "Both", "Differences"):
        box = page.get_by_role("button", name=name, exact=True).bounding_box()
        assert box is not None
        assert box["height"] >= 44
    first = current(page)
    page.get_by_role("button", name="Right is better").tap()
    page.wait_for_function("b => document.querySelector('[data-item]')?.dataset.item !== b", arg=first)
    expect(page.locator("[data-place]")).to_have_count(2)  # both, as it was looked at before
    page.get_by_role("button", name="Undo").first.tap()
    page.wait_for_function("b => document.querySelector('[data-item]')?.dataset.item === b", arg=first)
    page.get_by_role("button", name="Left is better").tap()
    page.wait_for_function("b => document.querySelector('[data-item]')?.dataset.item !== b", arg=first)
    synced(page)
    assert stored(house, project) == [side(left)]


def test_offline_and_back(compare: Bench, house: House) -> None:
    page, project = compare()
    page.context.set_offline(True)
    expected = []
    for _ in range(3):
        expected.append(side(at_left(page)))
        press(page, "1")
    press(page, "Backspace")
    expected[-1] = "tie"
    press(page, "2")
    expect(page.get_by_test_id("sync")).to_have_attribute("data-waiting", "3")
    page.wait_for_timeout(3000)
    page.context.set_offline(False)
    synced(page)
    assert stored(house, project) == expected


def test_words_that_differ_are_underlined_and_said(compare: Bench) -> None:
    rows = [{"prompt": "?", "secret_model": "The quick brown fox ran.", "other_model": "The quick red fox ran."}]
    page, _ = compare(rows=rows)
    expect(page.locator("mark")).to_have_count(0)
    page.keyboard.press(";")
    expect(page.locator("mark")).to_have_count(2)
    texts = {name: pane(page, name).locator("mark").inner_text() for name in ("Left", "Right")}
    words = {name: text.replace("\n", "") for name, text in texts.items()}
    assert words in (
        {"Left": f"[only left:{a}]", "Right": f"[only right:{b}]"} for a, b in (("brown", "red"), ("red", "brown"))
    )
    lines = page.locator("mark").evaluate_all("all => all.map(m => getComputedStyle(m).textDecorationLine)")
    assert lines == ["underline", "underline"], "not by colour alone, and both sides alike"
    expect(page.get_by_role("button", name="Differences")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press(";")
    expect(page.locator("mark")).to_have_count(0)


def test_long_answers_scroll_together_when_asked(compare: Bench) -> None:
    long = [
        {
            "prompt": "?",
            "secret_model": "A sentence. " * 900,
            "other_model": "Another sentence, with more words. " * 900,
        }
    ]
    page, _ = compare(rows=long)
    left, right = pane(page, "Left"), pane(page, "Right")
    boxes = [left.bounding_box(), right.bounding_box()]
    assert boxes[0]["height"] == boxes[1]["height"]
    share = "box => box.scrollTop / (box.scrollHeight - box.clientHeight)"
    left.evaluate("box => box.scrollTop = 600")
    page.wait_for_timeout(200)
    assert right.evaluate(share) == 0
    page.keyboard.press("]")
    left.evaluate("box => box.scrollTop = 900")
    page.wait_for_function("() => document.querySelector('[data-place=Right]').scrollTop > 0")
    assert abs(left.evaluate(share) - right.evaluate(share)) < 0.01
    right.evaluate("box => box.scrollTop = box.scrollHeight")
    page.wait_for_function("(b) => b.scrollTop + b.clientHeight >= b.scrollHeight - 2", arg=left.element_handle())
    measure = left.locator("p").first.evaluate(
        "p => p.getBoundingClientRect().width / parseFloat(getComputedStyle(p).fontSize)"
    )
    assert measure <= 34.1
    left.focus()
    left.evaluate("box => box.scrollTop = 0")
    page.keyboard.press("ArrowDown")
    page.wait_for_function("() => document.querySelector('[data-place=Left]').scrollTop > 0")


HOSTILE = (
    "**bold** `code` $x^2$ 👩‍👩‍👧 <img src=x onerror='window.hit=1'><script>window.hit=1</script> "
    "[x](javascript:window.hit=1) <b onclick='window.hit=1'>b</b>\n\n```python\nprint('<script>')\n```"
)


@pytest.mark.parametrize("show", ["markdown", "text"])
def test_nothing_in_an_answer_executes(compare: Bench, show: str) -> None:
    fields = [FIELDS[0], *({"name": name, "show": show} for name in NAMES)]
    rows = [{"prompt": "?", "secret_model": HOSTILE, "other_model": "שלום **עולם** מה שלומך"}]
    page, _ = compare(rows=rows, fields=fields)
    hostile = page.locator("[data-place]", has_text="bold")
    if show == "markdown":
        expect(hostile.locator("strong")).to_have_text("bold")
        expect(hostile.locator("pre code")).to_have_text("print('<script>')\n")
        expect(hostile.locator("math")).to_have_count(1)
    else:
        expect(hostile).to_contain_text("<script>window.hit=1</script>")
    expect(hostile).to_contain_text("👩‍👩‍👧")
    for key in ("", ";"):
        if key:
            page.keyboard.press(key)
            expect(page.locator("mark").first).to_be_visible()
        assert page.locator("[data-place] :is(script, img)").count() == 0
        assert page.locator("[data-place] :is([onclick], [onerror], a[href^=javascript])").count() == 0
        hebrew = page.locator("[data-place]", has_text="שלום").locator("[dir=auto]").first
        assert hebrew.evaluate("p => getComputedStyle(p).direction") == "rtl"
    page.wait_for_timeout(100)
    assert page.evaluate("window.hit") is None


@pytest.fixture(params=["wide-light", "wide-dark", "phone-light", "phone-dark"])
def screen(request: pytest.FixtureRequest) -> dict[str, Any]:
    kind, scheme = request.param.split("-")
    return {"color_scheme": scheme} | (PHONE if kind == "phone" else {})


def accessible(page: Page) -> None:
    """No violation that axe finds, and nothing wider than the screen."""
    page.wait_for_timeout(200)
    response = Axe().run(page, options=RULES).response
    assert [(v["id"], [n["html"][:200] for n in v["nodes"]][:3]) for v in response["violations"]] == []
    wide = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide[0] <= wide[1]


def test_panes_are_accessible(compare: Bench, screen: dict[str, Any]) -> None:
    rows = [{"prompt": "?", "secret_model": "Some words. " * 600, "other_model": "Other words. " * 300}]
    page, _ = compare(rows=rows, screen=screen, strength=3, both_bad=True)
    accessible(page)
    page.keyboard.press(";")
    accessible(page)
