"""Another tool's file comes in by the page with its answers, and the project goes out as training data."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from goldwork.io.exchange import Answered, Example, exchange
from goldwork.tasks.questions import read_form
from tests.browser.people import FORM, PATIENCE, House

pytestmark = pytest.mark.browser
Visit = Callable[..., Page]
PAIRS: dict[str, Any] = {
    "fields": [{"name": name, "show": "text"} for name in ("ask", "one", "two")],
    "questions": [{"name": "better", "title": "Which?", "task": {"type": "compare", "fields": ["one", "two"]}}],
}


@pytest.fixture
def tasks(tmp_path: Path) -> Path:
    """Six comparisons by three people, as Label Studio exports them."""
    given = [
        Example(
            f"t{n}",
            {"ask": f"Why {n}?", "one": f"So {n}.", "two": f"Thus {n}."},
            tuple(
                Answered({"better": "first" if n % 2 else "second"}, f"{who}@example.org") for who in ("a", "b", "c")
            ),
        )
        for n in range(6)
    ]
    exchange.get("label-studio").write(tmp_path / "tasks.json", read_form(PAIRS), iter(given))
    return tmp_path / "tasks.json"


def test_label_studio_in_and_trl_out(house: House, visit: Visit, tasks: Path, tmp_path: Path) -> None:
    project = house.project(texts=[], form=FORM)
    page = visit(house.boss)
    page.goto(f"{house.url}/p/{project}/import")
    page.locator("input[type=file]").set_input_files(tasks)
    expect(
        page.get_by_role("heading", name="This is Label Studio JSON with 6 items and answers by 3 annotators")
    ).to_be_visible()
    anew = page.get_by_role("checkbox", name="Ask in this project what the file answers")
    expect(anew).to_be_checked()
    anew.uncheck()
    expect(page.get_by_role("alert")).to_contain_text("of the project is not in the file")
    anew.check()
    page.get_by_role("button", name="Import 6 items and 18 answers").click()
    expect(page.get_by_text("6 items imported, with 18 answers")).to_be_visible(timeout=30_000)

    end = time.monotonic() + PATIENCE
    while len(house.boss.call("GET", f"/projects/{project}/consensus")["rows"]) < 6:
        assert time.monotonic() < end, "the figures of the answers that came in did not appear"
        time.sleep(0.2)
    page.goto(f"{house.url}/p/{project}/items")
    expect(page.get_by_text("t5")).to_be_visible(timeout=30_000)
    page.get_by_role("button", name="Export", exact=True).first.click()
    page.get_by_role("radio", name="For another tool").check()
    page.get_by_label("Format").select_option("trl-preference")
    expect(page.get_by_text("TRL preferences cannot hold all of it.")).to_be_visible()
    expect(page.get_by_text("Answers that neither is better make no row")).to_be_visible()
    page.get_by_role("radio", name="everybody's answers").check()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Make the file").click()
    waiting.value.save_as(tmp_path / "out.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert len(rows) == 18
    assert all(set(row) == {"prompt", "chosen", "rejected"} for row in rows)
    assert {row["chosen"] for row in rows if row["prompt"] == "Why 0?"} == {" Thus 0."}


def test_rows_that_are_a_table_too(house: House, visit: Visit, tmp_path: Path) -> None:
    (tmp_path / "all.jsonl").write_text(
        '{"text": "so good", "label": ["money"]}\n{"text": "bad", "label": ["other"]}\n'
    )
    project = house.project(texts=[], form=FORM)
    page = visit(house.boss)
    page.goto(f"{house.url}/p/{project}/import")
    page.locator("input[type=file]").set_input_files(tmp_path / "all.jsonl")
    expect(page.get_by_role("heading", name="This is doccano JSON lines with 2 items")).to_be_visible()
    page.get_by_role("button", name="Read it as a table of items").click()
    expect(page.get_by_role("heading", name="What is in all.jsonl?")).to_be_visible()
    page.get_by_role("button", name="Import 2 items").click()
    expect(page.get_by_text("2 items imported.", exact=False)).to_be_visible(timeout=30_000)
