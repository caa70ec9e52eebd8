"""What breaks screens: names without spaces, fingers, forced colours, small windows, a minute without a connection."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from goldwork.tasks.templates import Template, templates
from tests.browser.people import CLASSES, FORM, House
from tests.browser.test_accessibility import SCREENS, check
from tests.browser.test_workbench import current, open_bench, press, synced
from tests.services import test_real_sets as real

pytestmark = pytest.mark.browser
Visit = Callable[..., Page]
PHONE = SCREENS["phone, dark"]
NARROW = {"viewport": {"width": 320, "height": 568}}
LONG = "w" * 200
SCRIPTS = "👩🏽\u200d🚒 e\u0301 مرحبا بالعالم שלום 日本語"
OFFLINE_SECONDS = 60
SMALL = """least => [...document.querySelectorAll('button, a, input, select, summary')].filter((one) => {
  const box = one.getBoundingClientRect()
  const label = one.closest('label')?.getBoundingClientRect() ?? box
  const style = getComputedStyle(one)
  if (!box.width || style.visibility === 'hidden' || one.closest('[inert], .sr')) return false
  if (one.matches('a') && style.display === 'inline') return false
  return Math.max(box.width, label.width) < least - 0.5 || Math.max(box.height, label.height) < least - 0.5
}).map((one) => `${one.tagName} ${one.ariaLabel ?? one.textContent} ${one.offsetWidth}x${one.offsetHeight}`)"""


def classes(*values: str) -> list[dict[str, str]]:
    return [{"value": value} for value in values]


def form(task: dict[str, Any], *fields: str, title: str = "What is it?") -> dict[str, Any]:
    question = {"name": "asked", "title": title, "help": title, "task": task}
    return {
        "fields": [{"name": name, "show": "image" if name == "picture" else "text"} for name in fields],
        "questions": [question],
    }


def letters(text: str) -> str:
    """What is left of a text, however it is set."""
    return re.sub(r"[\W_]+", "", text)


def begin(house: House, template: Template) -> int:
    project = house.project([], form=template.form, name=template.title)
    house.load(project, template.samples)
    return project


@pytest.mark.parametrize("template", templates(), ids=lambda template: template.name)
def test_a_template_s_samples_on_a_phone(house: House, visit: Visit, template: Template) -> None:
    page = open_bench(visit(house.boss, **PHONE), house, begin(house, template))
    page.wait_for_timeout(300)
    assert page.evaluate(SMALL, 44) == []
    check(page, template.name)


PICTURE = real.blank(60, 40)
LABELS = classes(LONG, "x" * 200, SCRIPTS)
TASKS = {
    "choice": form({"type": "choice", "classes": LABELS}, "text", title=LONG),
    "choices": form({"type": "choices", "classes": LABELS}, "text", title=SCRIPTS),
    "spans": form({"type": "spans", "field": "text", "classes": LABELS}, "text", title=LONG),
    "rating": form(
        {"type": "rating", "low": 1, "high": 5, "anchors": [{"value": n, "label": LONG} for n in range(1, 6)]},
        "text",
        title=LONG,
    ),
    "boxes": form({"type": "boxes", "field": "picture", "classes": LABELS}, "picture", title=LONG),
    "compare": form({"type": "compare", "fields": ["text", "other"]}, "text", "other", title=LONG),
    "rank": form({"type": "rank", "fields": ["text", "other"]}, "text", "other", title=LONG),
}


def test_the_quality_page_with_long_classes_on_a_phone(house: House, visit: Visit) -> None:
    long = ["DIAGNOSE_BY_TEST_OR_DRUG_OR_WHATEVER_ELSE_THERE_IS", LONG]
    task = {"type": "choices", "classes": classes(*long)}
    project = house.project([], form=form(task, "text"))
    house.bring(project, [{"id": "1", "text": "One"}], id="id")
    told = [{"item": "1", "annotator": who, "label": long} for who in "ab"]
    house.bring(project, told, what="judgements")
    page = visit(house.boss, **PHONE)
    for _ in range(30):
        page.goto(f"{house.url}/p/{project}")
        page.wait_for_timeout(700)
        if page.get_by_role("row", name=long[0]).count():
            break
    expect(page.get_by_role("row", name=long[0])).to_be_visible()
    # A phone makes the page smaller when something is wider than it: `innerWidth` then grows as well.
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    tabs = page.get_by_role("navigation", name="Project").get_by_role("link")
    assert tabs.evaluate_all("all => all.filter(one => one.scrollWidth > one.clientWidth).length") == 0


@pytest.mark.parametrize("name", TASKS)
def test_long_words_and_every_script_stay_in_the_window(house: House, visit: Visit, name: str) -> None:
    project = house.project([], form=TASKS[name], name=(SCRIPTS + LONG)[:200])
    texts = {"text": LONG * 3 + SCRIPTS * 9, "other": "Lorem ipsum dolor. " * 1000, "picture": PICTURE}
    house.load(project, [{field["name"]: texts[field["name"]] for field in TASKS[name]["fields"]}])
    for screen in (SCREENS["wide, light"], NARROW):
        page = open_bench(visit(house.boss, **screen), house, project)
        page.wait_for_timeout(200)
        check(page, f"{name}, {screen['viewport']}")
        # Nothing that can be pressed has words beside it.
        out = "all => all.filter(one => one.scrollWidth > one.clientWidth + 2).map(one => one.outerHTML.slice(0, 200))"
        assert page.locator("main button").evaluate_all(out) == []


def test_what_is_chosen_is_seen_in_forced_colours(house: House, visit: Visit) -> None:
    task = {"type": "choices", "classes": classes("a", "b")}
    page = open_bench(visit(house.boss, forced_colors="active"), house, house.project(form=form(task, "text")))
    page.keyboard.press("1")
    chosen, other = (page.get_by_role("button", name=name, exact=True) for name in ("a", "b"))
    edge = "e => getComputedStyle(e).outlineStyle + ' ' + getComputedStyle(e).outlineWidth"
    assert chosen.evaluate(edge) == "solid 3px"
    assert other.evaluate(edge) != "solid 3px"


def test_a_question_about_one_of_two_says_where_it_stands(house: House, visit: Visit) -> None:
    (template,) = (one for one in templates() if one.name == "rlhf")
    project = begin(house, template)
    page = open_bench(visit(house.boss), house, project)
    left = letters(page.locator("[data-place=Left] .body").inner_text())
    shown = [name for row in template.samples for name in ("answer_a", "answer_b") if letters(row[name])[-12:] in left]
    places = {"answer_a": ("Left", "Right"), "answer_b": ("Right", "Left")}[shown[0]]
    assert len(shown) == 1
    for letter, place in zip("AB", places, strict=True):
        heading = page.get_by_role("heading", name=f"How correct is answer {letter}?")
        expect(heading).to_contain_text(f"Answer {letter}: {place}")


def test_the_items_page_fills_by_itself(house: House, visit: Visit) -> None:
    project = house.project(overlap=1)
    page = visit(house.boss)
    page.goto(f"{house.url}/p/{project}/items/")  # with a slash at its end, as people type it
    expect(page.get_by_role("heading", name="No consensus yet")).to_be_visible()
    work = house.boss.call("POST", f"/projects/{project}/next", {"count": 2})
    for turn, assignment in enumerate(work["assignments"]):
        submit = {
            "id": f"hostile-{turn}",
            "assignment": assignment["id"],
            "kind": "answer",
            "answers": {"request": CLASSES[0]},
            "seconds": 1.0,
            "form_version": work["form_version"],
            "guideline_version": work["guideline_version"],
        }
        house.boss.call("POST", f"/projects/{project}/submits", submit)
        if turn == 0:
            expect(page.get_by_role("button", name="all answers")).to_have_count(1, timeout=30_000)
            page.get_by_role("button", name="all answers").click()
    page.get_by_role("button", name="Show them").click(timeout=30_000)
    expect(page.get_by_role("main").get_by_role("listitem").get_by_text("confidence")).not_to_have_count(1)
    expect(page.get_by_role("button", name="close")).to_have_count(1)


def test_a_name_in_any_script(house: House, visit: Visit) -> None:
    project = house.project(name=SCRIPTS)
    page = visit(house.boss)
    page.goto(f"{house.url}/p/{project}")
    expect(page.get_by_role("navigation").get_by_text(SCRIPTS)).to_be_visible()


def test_a_mark_survives_the_closing_of_its_tab(house: House, visit: Visit) -> None:
    task = {"type": "spans", "field": "text", "classes": classes("per")}
    project = house.project([], form=form(task, "text"))
    house.load(project, [{"text": "Ada met Charles."}])
    page = open_bench(visit(house.boss), house, project)
    page.keyboard.press("1")
    marks = page.get_by_test_id("spans-list").locator(".go")
    expect(marks).to_have_count(1)
    context = page.context
    page.close()
    again = open_bench(context.new_page(), house, project)
    marks = again.get_by_test_id("spans-list").locator(".go")
    expect(marks).to_have_count(1)
    press(again, "Enter")
    synced(again)
    assert house.judgements(project)[0]["label"] == [{"start": 0, "end": 3, "label": "per"}]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["quick", "drawn"])
def test_a_minute_without_a_connection(house: House, visit: Visit, kind: str) -> None:
    task = {"type": "spans", "field": "text", "classes": classes("per")}
    asked = FORM if kind == "quick" else form(task, "text")
    project = house.project([f"Ada met number {n}" for n in range(12)], form=asked)
    page = open_bench(visit(house.annotator(project), **SCREENS["wide, light"]), house, project)
    page.context.set_offline(True)
    for _ in range(5):
        if kind == "quick":
            press(page, "2")
        else:
            page.keyboard.press("1")
            press(page, "Enter")
        page.wait_for_timeout(OFFLINE_SECONDS * 1000 / 5)
    assert current(page)
    expect(page.get_by_test_id("sync")).to_have_attribute("data-waiting", "5")
    page.context.set_offline(False)
    synced(page)
    expected = "parcel" if kind == "quick" else [{"start": 0, "end": 3, "label": "per"}]
    assert [row["label"] for row in house.judgements(project)] == [expected] * 5
