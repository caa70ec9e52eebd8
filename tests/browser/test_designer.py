"""A form is built: from a template, from nothing, from a file; and changed while there are judgements."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.people import FORM, House

pytestmark = pytest.mark.browser
Visit = Callable[..., Page]


def preview(page: Page) -> Any:
    return page.get_by_label("Preview of the workbench")


def question(page: Page, number: int) -> Any:
    return page.get_by_role("group", name=f"Question {number}", exact=True)


def stored(page: Page) -> Any:
    """The answers that the preview would store."""
    shown = preview(page)
    if not shown.locator("pre").is_visible():
        shown.get_by_text("The answers as they are stored").click()
    return json.loads(shown.locator("pre").inner_text())


def begin(page: Page, house: House, template: str) -> None:
    page.goto(f"{house.url}/new")
    page.get_by_role("button", name=template).first.click()
    expect(preview(page).get_by_text("The answers as they are stored")).to_be_visible()


def test_an_rlhf_form_from_a_template_changed_and_tried(house: House, visit: Visit) -> None:
    page = visit(house.boss)
    begin(page, house, "RLHF comparison")
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    page.get_by_label("Name", exact=True).fill("Assistants")
    expect(page.get_by_label("Guideline")).to_have_value(re.compile("^# Comparing answers"))
    # Changed: a class of strength less, one rating away, the other duplicated and called by its own name.
    for number in (1, 2):
        question(page, number).get_by_text("Settings", exact=True).click()
    question(page, 1).get_by_label("How strong a preference may be").fill("2")
    question(page, 3).get_by_role("button", name="Remove How correct is answer B?").click()
    question(page, 2).get_by_role("button", name="Duplicate How correct").click()
    expect(question(page, 3).get_by_label("Question", exact=True)).to_be_focused()
    question(page, 3).get_by_label("Question", exact=True).fill("How safe is it?")
    question(page, 3).get_by_text("Settings", exact=True).click()
    question(page, 3).get_by_label("Label 1").fill("dangerous")
    # Tried: answers go where they would be stored.
    shown = preview(page)
    expect(shown.get_by_text("How safe is it?")).to_be_visible()
    expect(shown.get_by_text("dangerous")).to_be_visible()
    shown.get_by_role("group", name="How safe is it?").get_by_role("button").nth(3).click()
    shown.get_by_role("textbox", name="Why?").fill("It is right, and the other is not.")
    answers = stored(page)
    assert (answers["how_safe_is_it"], answers["why"]) == (4, "It is right, and the other is not.")
    shown.get_by_role("button", name="Another item").click()
    expect(shown.get_by_text("whether a number is prime")).to_be_visible()
    # Moved by the keyboard, which stays where it was.
    up = question(page, 3).get_by_role("button", name="Move How safe is it? up")
    up.focus()
    page.keyboard.press("Enter")
    expect(question(page, 2).get_by_role("button", name="Move How safe is it? up")).to_be_focused()
    page.get_by_role("button", name="Create the project").click()
    page.wait_for_url("**/import")
    form = house.boss.call("GET", f"/projects/{page.url.split('/')[-2]}")["form"]
    names = [one["name"] for one in form["questions"]]
    assert names == ["preference", "how_safe_is_it", "correct_a", "why", "better"]
    assert form["questions"][0]["task"]["strength"] == 2
    assert form["questions"][1]["task"]["anchors"][0] == {"value": 1, "label": "dangerous"}
    assert [field["name"] for field in form["fields"]] == ["prompt", "answer_a", "answer_b"]


def test_what_does_not_fit_is_said_where_it_is_and_nothing_typed_is_lost(
    house: House, visit: Visit, page_errors: list[str]
) -> None:
    page = visit(house.boss)
    page.goto(f"{house.url}/new")
    page.get_by_role("button", name="Blank form").click()
    page.get_by_label("Name", exact=True).fill("Half written")
    page.get_by_label("Question", exact=True).fill("Which one?")
    page.get_by_label("Class 1", exact=True).fill("One")
    page.get_by_role("button", name="Add a question").click()
    page.get_by_label("Types of question").get_by_role("button", name="Rating", exact=True).click()
    second = question(page, 2)
    second.get_by_label("Question", exact=True).fill("How much?")
    second.get_by_label("From").fill("9")
    expect(second.get_by_text("A scale needs low < high")).to_be_visible()
    expect(preview(page).get_by_text("before the last change")).to_be_visible()
    second.get_by_label("From").fill("0")
    expect(second.get_by_text("A scale needs low < high")).to_have_count(0)
    second.get_by_role("button", name="Add a line to What places").click()
    expect(second.get_by_text("What places on the scale mean, line 1: Value is missing.")).to_be_visible()
    second.get_by_label("Value 1").fill("7")
    second.get_by_label("Label 1").fill("much")
    expect(second.get_by_text("an anchor needs a name and a place on the scale", exact=False)).to_be_visible()
    page.get_by_role("button", name="Create the project").click()
    expect(page.get_by_text("Name this class or remove it.")).to_be_visible()
    page.reload()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Half written")
    expect(question(page, 2).get_by_label("Label 1")).to_have_value("much")  # its settings open: something does not fit
    expect(page.get_by_label("Class 1", exact=True)).to_have_value("One")
    question(page, 2).get_by_label("Value 1").fill("5")
    page.get_by_label("Class 2", exact=True).fill("Two")
    page.get_by_role("button", name="Create the project").click()
    page.wait_for_url("**/import")
    page_errors.clear()


def test_a_form_goes_out_and_comes_in(house: House, visit: Visit, tmp_path: Path) -> None:
    page = visit(house.boss)
    begin(page, house, "Toxicity")
    page.get_by_label("Class 1", exact=True).fill("An insult")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export the form").click()
    file = tmp_path / "form.json"
    download.value.save_as(file)
    form = json.loads(file.read_text())
    assert (form["goldwork_form"], form["questions"][0]["task"]["classes"][0]["label"]) == (1, "An insult")
    other = visit(house.boss)
    other.goto(f"{house.url}/new")
    other.get_by_label("A form’s file").set_input_files(file)
    expect(other.get_by_label("Class 1", exact=True)).to_have_value("An insult")
    expect(
        preview(other).get_by_role("button", name="An insult").or_(preview(other).get_by_label("An insult"))
    ).to_be_visible()
    for name, body, said in (
        ("later.json", json.dumps(form | {"goldwork_form": 9}), "this goldwork reads forms of format 1"),
        ("broken.json", "{", "This is no JSON."),
        ("list.json", "[]", "This is no form"),
        ("twice.json", json.dumps(form | {"questions": form["questions"][:1] * 2}), "stands twice"),
    ):
        bad = {"name": name, "mimeType": "application/json", "buffer": body.encode()}
        other.get_by_label("A form’s file").set_input_files(bad)
        expect(other.get_by_role("alert")).to_contain_text(name)
        expect(other.get_by_role("alert")).to_contain_text(said, ignore_case=True)
    expect(other.get_by_label("Class 1", exact=True)).to_have_value("An insult")


def test_hostile_words_are_words(house: House, visit: Visit) -> None:
    page = visit(house.boss)
    page.goto(f"{house.url}/new")
    bad = "<img src=x onerror=alert(1)>"
    classes = [{"value": bad}, {"value": "b", "help": bad}]
    form = {
        "questions": [
            {"name": bad, "title": bad, "help": bad, "task": {"type": "choice", "classes": classes}}
        ],
        "fields": [{"name": bad, "title": bad}],
    }  # fmt: skip
    page.on("dialog", lambda dialog: pytest.fail("a script ran"))
    page.get_by_label("A form’s file").set_input_files(
        {"name": "x.json", "mimeType": "application/json", "buffer": json.dumps(form).encode()}
    )
    expect(preview(page).get_by_text(bad).first).to_be_visible()
    assert page.locator("img[src=x]").count() == 0


def judged(house: House) -> int:
    """A project in which somebody answered money, parcel, money."""
    project = house.project(texts=["a", "b", "c"])
    grace = house.annotator(project)
    held = grace.call("POST", f"/projects/{project}/next", {"count": 3})["assignments"]
    for lease, value in zip(held, ("money", "parcel", "money"), strict=True):
        body = {"id": lease["id"], "assignment": lease["id"], "kind": "answer", "answers": {"request": value}}
        grace.call("POST", f"/projects/{project}/submits", body | {"form_version": 1, "guideline_version": 1})
    return project


def test_a_form_with_judgements_is_changed_where_they_fit(house: House, visit: Visit) -> None:
    project = judged(house)
    page = visit(house.boss)
    page.goto(f"{house.url}/p/{project}/settings")
    page.get_by_label("Class 1", exact=True).fill("Money back")
    page.get_by_label("Class 4", exact=True).fill("Anything else")
    page.get_by_role("button", name="Add a question").click()
    page.get_by_label("Types of question").get_by_role("button", name="Text", exact=True).click()
    question(page, 2).get_by_label("Question", exact=True).fill("Why?")
    page.get_by_role("button", name="Look at what happens").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("What becomes of the judgements")
    expect(dialog).to_contain_text("3 answers to it stay.")
    expect(dialog).to_contain_text("3 submits judged already are not asked again")
    dialog.get_by_role("button", name="Go on editing").click()
    assert house.boss.call("GET", f"/projects/{project}")["form_version"] == 1
    page.get_by_role("button", name="Look at what happens").click()
    dialog.get_by_role("button", name="Save the form").click()
    expect(page.get_by_text("Saved.").first).to_be_visible()
    expect(page.get_by_role("heading", name="Questions version 2")).to_be_visible()
    now = house.boss.call("GET", f"/projects/{project}")
    classes = now["form"]["questions"][0]["task"]["classes"]
    assert [(one["value"], one.get("label")) for one in classes][::3] == [
        ("money", "Money back"),
        ("other", "Anything else"),
    ]
    assert now["judgements"] == 3
    assert [row["label"] for row in house.judgements(project)] == ["money", "parcel", "money"]


def test_a_change_that_answers_do_not_survive_is_refused(house: House, visit: Visit) -> None:
    project = judged(house)
    page = visit(house.boss)
    page.goto(f"{house.url}/p/{project}/settings")
    page.get_by_role("button", name="Remove Money").click()
    page.get_by_role("button", name="Look at what happens").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("This form cannot be saved")
    expect(dialog).to_contain_text("2 of 3 answers would no longer fit.")
    expect(dialog).to_contain_text("must be one of parcel, change, other. Got 'money'.")
    expect(dialog.get_by_role("button", name="Save the form")).to_have_count(0)
    dialog.get_by_role("button", name="Go on editing").click()
    page.get_by_role("button", name="Back to what is saved").click()
    expect(page.get_by_label("Class 1", exact=True)).to_have_value("Money")
    task = house.boss.call("GET", f"/projects/{project}")["form"]["questions"][0]["task"]
    assert task["classes"] == FORM["questions"][0]["task"]["classes"]


def test_by_keyboard_alone_and_on_a_phone(house: House, visit: Visit) -> None:
    page = visit(house.boss, viewport={"width": 390, "height": 844}, has_touch=True)
    page.goto(f"{house.url}/new")
    page.get_by_role("button", name="Sentiment").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    page.keyboard.type("By keys")
    page.get_by_label("Class 3", exact=True).focus()
    page.keyboard.press("Enter")
    page.keyboard.type("Mixed")
    page.get_by_role("button", name="Add a question").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Add a question")).to_be_focused()
    expect(preview(page).get_by_role("button", name="Mixed")).to_be_visible()
    page.get_by_role("button", name="See the preview").click()
    expect(preview(page).get_by_role("button", name="Mixed")).to_be_in_viewport()
    preview(page).get_by_role("button", name="Mixed").tap()
    assert stored(page) == {"sentiment": "Mixed"}
    wide = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide[0] <= wide[1]


ALL = [
    "Sentiment", "Intent", "Topic taxonomy", "Toxicity", "Named entities", "Object detection", "RLHF comparison",
    "Answer attributes", "Best of several", "Demonstration", "Translation quality", "Transcription",
]  # fmt: skip


def test_every_template_is_drawn_with_its_samples(house: House, visit: Visit) -> None:
    page = visit(house.boss)
    for template in ALL:
        begin(page, house, template)
        shown = preview(page)
        expect(shown.get_by_text("Loading…")).to_have_count(0)
        expect(shown.locator(".note")).to_have_count(0)
        expect(shown.get_by_text("(empty)")).to_have_count(0)
        if template == "Object detection":
            size = "i => [...document.querySelectorAll('aside img')].map(one => one.naturalWidth)"
            page.wait_for_function(
                "() => [...document.querySelectorAll('aside img')].some(one => one.naturalWidth === 240)"
            )
            assert 240 in page.evaluate(size)
        if template == "Transcription":
            page.wait_for_function("() => document.querySelector('aside audio')?.duration > 0.5")
        page.get_by_role("button", name="Other templates").click()
