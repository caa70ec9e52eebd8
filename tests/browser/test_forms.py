"""Several questions on one form: the keys go round, what is begun is kept, what is missing shows, models suggest."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from typing import Any

import playwright.sync_api
import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.people import House
from tests.browser.test_accessibility import check
from tests.browser.test_answers import PHONE, answers, classes, form, question
from tests.browser.test_workbench import current, open_bench, press, synced

pytestmark = pytest.mark.browser
Visit = Callable[..., Page]
ATTRIBUTES = ("helpful", "correct", "coherent", "complex")
RLHF = {
    "fields": [{"name": "prompt"}, {"name": "a"}, {"name": "b"}],
    "questions": [
        question({"type": "compare", "fields": ["a", "b"], "strength": 3, "both_bad": True}, "better"),
        *[question({"type": "rating", "low": 0, "high": 4}, name) for name in ATTRIBUTES],
        question({"type": "text", "low": 5}, "why"),
        question({"type": "text"}, "own", optional=True),
    ],
}


def rlhf(house: House) -> int:
    project = house.project(texts=[], form=RLHF)
    house.load(
        project, [{"prompt": f"Explain {n}.", "a": f"One way {n}. " * 30, "b": f"Another {n}."} for n in range(6)]
    )
    return project


def by_question(house: House, project: int) -> dict[str, Any]:
    return {row["question"]: row["label"] for row in house.judgements(project)}


def test_an_rlhf_form_by_keys(house: House, visit: Visit) -> None:
    project = rlhf(house)
    page = open_bench(visit(house.annotator(project)), house, project)
    for key in "14321":
        page.keyboard.press(key)
    expect(page.get_by_role("textbox", name="What of why?")).to_be_focused()
    page.keyboard.type("Because it is shorter.")
    press(page, "Control+Enter")
    synced(page)
    stored = by_question(house, project)
    assert abs(stored.pop("better")) == 3
    assert stored == {"helpful": 4, "correct": 3, "coherent": 2, "complex": 1, "why": "Because it is shorter."}


def test_left_is_what_stands_left_and_what_is_stored_is_not_turned(house: House, visit: Visit) -> None:
    asked = question({"type": "compare", "fields": ["a", "b"]}, "better")
    project = house.project(texts=[], form={"fields": [{"name": "a"}, {"name": "b"}], "questions": [asked]})
    house.load(project, [{"a": f"alpha {n}", "b": f"beta {n}"} for n in range(10)])
    page = open_bench(visit(house.annotator(project)), house, project)
    held = page.evaluate(f"""fetch('/api/projects/{project}/next', {{method: 'POST', body: '{{"count": 10}}',
        headers: {{'content-type': 'application/json', 'x-goldwork': '1'}}}}).then(r => r.json())""")
    wanted = [("first" if one["shown"]["better"] == ["a", "b"] else "second") for one in held["assignments"]]
    assert set(wanted) == {"first", "second"}, "both ways round among ten"
    for _ in wanted:
        expect(page.get_by_role("button", name="Left is better")).to_have_attribute("aria-keyshortcuts", "1")
        press(page, "1")
        expect(page.locator("footer")).to_contain_text("Answered “Left is better”")
    synced(page)
    assert answers(house, project) == wanted


def test_an_rlhf_form_by_fingers(house: House, visit: Visit) -> None:
    project = rlhf(house)
    page = open_bench(visit(house.annotator(project), **PHONE), house, project)
    check(page, "an RLHF form on a phone")
    page.get_by_role("button", name="left much better").tap()
    for name in ATTRIBUTES:
        page.get_by_role("group", name=f"What of {name}?").get_by_role("button", name="2", exact=True).tap()
    page.get_by_role("button", name="Send").tap()
    expect(page.get_by_text("This one is still open.")).to_be_in_viewport()
    page.get_by_role("textbox", name="What of why?").fill("Shorter.")
    before = current(page)
    page.get_by_role("button", name="Send").tap()
    page.wait_for_function("b => document.querySelector('[data-item]').dataset.item !== b", arg=before)
    assert page.evaluate("scrollY") == 0, "the next item begins at its top"
    synced(page)
    assert by_question(house, project)["why"] == "Shorter."


def test_twelve_questions(house: House, visit: Visit) -> None:
    asked = [
        question({"type": "choice", "classes": classes("yes", "no")}, f"q{n}", optional=n % 4 == 3) for n in range(12)
    ]
    project = house.project(form=form(*asked))
    page = open_bench(visit(house.annotator(project)), house, project)
    for _ in range(9):
        page.keyboard.press("2")
    expect(page.get_by_text("9 of 12 answered")).to_be_visible()
    tenth = page.get_by_role("group", name="What of q9?")
    expect(tenth).to_be_in_viewport(ratio=1)
    expect(page.locator("[data-item] p")).to_be_in_viewport()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("1")
    expect(page.get_by_role("group", name="What of q8?").get_by_role("button", name="yes")).to_have_attribute(
        "aria-pressed", "true"
    )
    page.keyboard.press("Enter")
    expect(page.get_by_text("This one is still open.")).to_be_in_viewport()
    page.keyboard.press("1")
    page.keyboard.press("1")
    press(page, "Enter")
    synced(page)
    stored = by_question(house, project)
    assert len(stored) == 11, "the last one is optional"
    assert [stored[f"q{n}"] for n in (7, 8, 9)] == ["no", "yes", "yes"]


def test_an_answer_that_is_taken_back_is_there_to_be_changed(house: House, visit: Visit) -> None:
    tasks = [{"type": "rating"}, {"type": "choices", "classes": classes("a", "b")}, {"type": "text"}]
    project = house.project(form=form(*[question(task, f"q{n}") for n, task in enumerate(tasks)]))
    page = open_bench(visit(house.annotator(project)), house, project)
    page.keyboard.press("4")
    page.keyboard.press("2")
    page.get_by_role("textbox").fill("first words")
    press(page, "Control+Enter")
    synced(page)
    page.keyboard.press("Escape")
    press(page, "Backspace")
    expect(page.get_by_role("textbox")).to_have_value("first words")
    expect(page.get_by_role("button", name="4", exact=True)).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("5")
    page.keyboard.press("Escape")
    press(page, "Enter")
    synced(page)
    rows = [row for row in house.judgements(project) if not row.get("retracted") and not row.get("superseded_by")]
    assert {row["question"]: row["label"] for row in rows} == {"q0": 5, "q1": ["b"], "q2": "first words"}


def test_what_is_begun_survives_a_reload_and_a_crash_and_ends_when_sent(house: House, visit: Visit) -> None:
    tasks = [{"type": "choice", "classes": classes("a", "b")}, {"type": "text", "low": 10}]
    project = house.project(form=form(*[question(task, f"q{n}") for n, task in enumerate(tasks)]))
    page = open_bench(visit(house.annotator(project)), house, project)
    page.keyboard.press("2")
    page.keyboard.type("half")
    page.reload()
    expect(page.get_by_role("textbox")).to_have_value("half")
    expect(page.locator("footer")).to_contain_text("What you had begun here is back.")
    expect(page.get_by_role("button", name="b", exact=True)).to_have_attribute("aria-pressed", "true")
    page.get_by_role("textbox").press("End")
    page.keyboard.type(" a sentence")
    page.wait_for_timeout(600)
    context = page.context
    crash(page)
    page = open_bench(context.new_page(), house, project)
    expect(page.get_by_role("textbox")).to_have_value("half a sentence")
    page.get_by_role("textbox").focus()
    press(page, "Control+Enter")
    expect(page.get_by_role("textbox")).to_have_value("")
    synced(page)
    kept = page.evaluate("Object.keys(localStorage).filter(key => key.includes('draft'))")
    assert kept == []
    assert by_question(house, project) == {"q0": "b", "q1": "half a sentence"}


def crash(page: Page) -> None:
    """The page's process dies; nothing of it runs any more."""
    with contextlib.suppress(playwright.sync_api.Error), page.expect_event("crash"):
        page.goto("chrome://crash")
    page.close()


def suggest(page: Page, suggestions: dict[str, Any]) -> None:
    """A model's answers come with every item."""

    def add(route: Route) -> None:
        answer = route.fetch()
        body = answer.json()
        for one in body["assignments"]:
            one["suggestions"] = suggestions
        route.fulfill(response=answer, body=json.dumps(body))

    page.route("**/next", add)


@pytest.mark.parametrize("way", ["keyboard", "touch"])
def test_a_suggestion_is_accepted_or_corrected_by_one_key(house: House, visit: Visit, way: str) -> None:
    project = house.project(form=form(question({"type": "choice", "classes": classes("cat", "dog")}, "kind")))
    page = visit(house.annotator(project), **(PHONE if way == "touch" else {}))
    suggest(page, {"kind": "dog"})
    open_bench(page, house, project)
    expect(page.get_by_text("A model suggests: dog")).to_be_visible()
    expect(page.get_by_role("button", name="dog suggested")).to_be_visible()
    check(page, f"a suggestion, {way}")
    if way == "keyboard":
        press(page, "Enter")
        press(page, "1")
    else:
        for name in ("Accept", "cat"):
            before = current(page)
            page.get_by_role("button", name=name).tap()
            page.wait_for_function("b => document.querySelector('[data-item]').dataset.item !== b", arg=before)
    synced(page)
    assert answers(house, project) == ["dog", "cat"]


def test_a_longer_form_is_filled_in_with_suggestions(house: House, visit: Visit) -> None:
    tasks = {
        "kind": {"type": "choice", "classes": classes("cat", "dog")},
        "good": {"type": "rating"},
        "said": {"type": "text"},
    }
    project = house.project(form=form(*[question(task, name) for name, task in tasks.items()]))
    page = visit(house.annotator(project))
    suggest(page, {"kind": "dog", "good": 4, "said": "woof"})
    open_bench(page, house, project)
    expect(page.get_by_text("Filled in as a model suggests:")).to_have_count(3)
    expect(page.get_by_role("textbox")).to_have_value("woof")
    page.keyboard.press("1")
    expect(page.get_by_text("You changed what a model suggests: dog")).to_be_visible()
    page.keyboard.press("Escape")
    press(page, "Enter")
    press(page, "Enter")
    synced(page)
    rows = house.judgements(project)
    assert sorted((row["question"], row["label"]) for row in rows if row["question"] == "kind") == [
        ("kind", "cat"),
        ("kind", "dog"),
    ]
    assert [row["label"] for row in rows if row["question"] == "good"] == [4, 4]


GRID = {
    "primitive": "grid",
    "rows": [{"value": name, "label": f"{name} 👍 عربي", "help": ""} for name in ("clear", "kind", "true")],
    "columns": [{"value": str(n), "label": label} for n, label in enumerate(("no", "partly", "yes"))],
}


def draw_grid(page: Page, project: int) -> list[dict[str, Any]]:
    """A grid in place of the project's question, whose answers are kept from the server. Returns what would be sent."""
    sent: list[dict[str, Any]] = []

    def draw(route: Route) -> None:
        answer = route.fetch()
        body = answer.json()
        body["form"]["questions"][0]["form"]["primitives"] = [GRID]
        route.fulfill(response=answer, body=json.dumps(body))

    def keep(route: Route) -> None:
        body = route.request.post_data_json
        assert body
        sent.append(body)
        receipt = {"id": body["id"], "assignment": body["assignment"], "kind": body["kind"], "seq": len(sent)}
        route.fulfill(status=201, json=receipt | {"surplus": False, "leased_until": None})

    page.route(f"**/projects/{project}/work", draw)
    page.route("**/submits", keep)
    return sent


@pytest.mark.parametrize("way", ["keyboard", "mouse", "touch"])
def test_a_grid(house: House, visit: Visit, way: str) -> None:
    project = house.project()
    page = visit(house.annotator(project), **(PHONE if way == "touch" else {}))
    sent = draw_grid(page, project)
    open_bench(page, house, project)
    check(page, f"a grid, {way}")
    before = current(page)
    if way == "keyboard":
        page.keyboard.press("1")
        page.keyboard.press("2")
        page.keyboard.press("Enter")
        expect(page.get_by_role("main").get_by_text("Still open: true")).to_be_visible()
        page.keyboard.press("3")
        page.keyboard.press("ArrowUp")
        page.keyboard.press("3")
        press(page, "Enter")
    else:
        for row, column in (("clear", "no"), ("kind", "partly"), ("true", "yes"), ("kind", "yes")):
            cell = page.get_by_role("radio", name=f"{row} 👍 عربي: {column}")
            cell.tap() if way == "touch" else cell.click()
        page.get_by_role("button", name="Send").click()
        page.wait_for_function("b => document.querySelector('[data-item]').dataset.item !== b", arg=before)
    synced(page)
    assert [one["answers"] for one in sent] == [{"request": {"clear": "0", "kind": "2", "true": "2"}}]
    assert page.get_by_role("radio", checked=True).count() == 0, "the next item begins empty"
    if way == "touch":
        first, second = (page.get_by_role("radio").nth(n).evaluate("e => e.getBoundingClientRect().y") for n in (0, 1))
        assert second > first + 40, "the columns stand below each other"
