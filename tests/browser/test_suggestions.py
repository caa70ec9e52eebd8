"""Suggestions in the browser: taken over by one key, corrected by another, hidden without a trace; then measured."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.people import CLASSES, House
from tests.browser.test_workbench import open_bench, press, synced

pytestmark = pytest.mark.browser
Visit = Callable[..., Page]

ITEMS = 12


def predicted(house: House, share: float) -> int:
    """A project whose every item a model has answered, its answers shown but for `share` of them."""
    project = house.project(texts=[], overlap=2)
    rows = [{"id": f"i{n}", "text": f"Message number {n}"} for n in range(ITEMS)]
    load(house, project, rows, what="items", id="id", fields={"text": "text"})
    rows = [{"item": f"i{n}", "annotator": "bert", "label": CLASSES[n % 3]} for n in range(ITEMS)]
    load(house, project, rows, what="judgements", id=None, fields={}, kind="model")
    house.boss.call("PATCH", f"/projects/{project}", {"suggestions": "bert", "hidden_share": share})
    return project


def load(house: House, project: int, rows: list[dict[str, Any]], **asked: Any) -> None:
    lines = "\n".join(json.dumps(row) for row in rows).encode()
    path = f"/projects/{project}/files?name=rows.jsonl"
    look = house.boss.call("POST", path, content=lines, headers={"content-type": "application/octet-stream"})
    job = house.boss.call("POST", f"/projects/{project}/imports", asked | {"file": look["file"]})
    house.wait(project, job["id"])


def test_enter_takes_it_over_and_another_key_corrects(house: House, visit: Visit) -> None:
    project = predicted(house, 0)
    page = open_bench(visit(house.annotator(project)), house, project)
    suggested = page.get_by_text("A model suggests:")
    expect(suggested).to_be_visible()
    word = page.locator(".note b").inner_text()
    press(page, "Enter")
    expect(page.locator("footer")).to_contain_text(f"Answered “{word}”.")
    expect(suggested).to_be_visible()
    press(page, "4")  # the model never says "other"
    expect(page.locator("footer")).to_contain_text("Answered “Other”.")
    synced(page)
    rows = [row for row in house.judgements(project) if row["kind"] == "human"]
    assert [(row["label"], row["suggestion"]) for row in rows] == [(word.lower(), "shown"), ("other", "shown")]


def test_a_hidden_one_shows_nothing(house: House, visit: Visit) -> None:
    project = predicted(house, 1)
    page = visit(house.annotator(project))
    sent: list[str] = []
    page.on("response", lambda answer: sent.append(answer.text()) if "/api/" in answer.url else None)
    open_bench(page, house, project)
    for _ in range(3):
        assert "suggest" not in page.locator("main").inner_text().lower()
        press(page, "1")
    synced(page)
    assert sent
    assert not any("bert" in text or "hidden" in text for text in sent)
    rows = [row for row in house.judgements(project) if row["kind"] == "human"]
    assert [row["suggestion"] for row in rows] == ["hidden"] * 3


def test_the_lead_turns_them_on_and_reads_what_they_do(house: House, visit: Visit) -> None:
    project = predicted(house, 0.5)
    somebody = house.annotator(project)
    versions = {"form_version": 1, "guideline_version": 1, "kind": "answer", "seconds": 2.0}
    held = somebody.call("POST", f"/projects/{project}/next", {"count": ITEMS})["assignments"]
    shown = sum(bool(one["suggestions"]) for one in held)
    for number, one in enumerate(held):
        answers = one["suggestions"] or {"request": "other"}
        body = {"id": f"s{number}", "assignment": one["id"], "answers": answers} | versions
        somebody.call("POST", f"/projects/{project}/submits", body)
    page = visit(house.boss)
    page.goto(f"{house.url}/p/{project}")
    section = page.locator("section").filter(has=page.get_by_role("heading", name="Suggestions"))
    expect(section).to_be_visible(timeout=30_000)
    for name, number in (("shown", shown), ("hidden", ITEMS - shown)):
        expect(section.get_by_role("row", name=f"Suggestion {name}").get_by_role("cell").first).to_have_text(
            str(number)
        )
    page.goto(f"{house.url}/p/{project}/settings")
    expect(page.get_by_label("Show the answers of")).to_have_value("bert")
    expect(page.get_by_label("Hidden, in percent")).to_have_value("50")
    page.get_by_label("Hidden, in percent").fill("150")
    page.get_by_role("button", name="Save the suggestions").click()
    expect(page.get_by_text("A number from 0 to 100.")).to_be_visible()
    page.get_by_label("Hidden, in percent").fill("12.5")
    page.get_by_role("button", name="Save the suggestions").click()
    expect(page.get_by_text("Saved.", exact=True).first).to_be_visible()
    now = house.boss.call("GET", f"/projects/{project}")
    assert (now["suggestions"], now["hidden_share"]) == ("bert", 0.125)
    page.get_by_label("Show the answers of").select_option("")
    page.get_by_role("button", name="Save the suggestions").click()
    expect(page.get_by_label("Hidden, in percent")).to_be_disabled()
