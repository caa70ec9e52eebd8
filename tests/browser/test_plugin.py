"""A newcomer's task type: one Python file in another package, no front-end code, and everything works on it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.people import House, join
from tests.browser.server import begin_server
from tests.browser.test_workbench import synced
from tests.plugins.install import install

pytestmark = pytest.mark.browser
STATEMENTS = ("clear", "kind", "true")
CONTRACT = """
from goldwork.testing.task_types import Sample, check_task_type
from goldwork.tasks import task_type
Grid = task_type.get("likert-grid")
from likert_grid import Statement
grid = Grid((Statement("clear"), Statement("kind")))
answers = [{"clear": a, "kind": b} for a, b in (("agree", "agree"), ("agree", "disagree"), ("undecided", "agree"))]
check_task_type(Sample(grid, answers, [{}, {"clear": "agree"}, {"clear": "agree", "kind": "x"}, "agree", [], None]))
print("kept")
"""


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    return install(tmp_path_factory.mktemp("site") / "packages")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("likert") / "home"


@pytest.fixture(scope="module")
def house(home: Path, path: str) -> Iterator[House]:
    """A server in whose environment the package is installed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", path)
        server = begin_server(home)
    more = {"email": "ada@example.org", "password": "correct horse battery"}
    house = House(server.url, join(server.url, server.first_link, "Ada", **more))
    yield house
    house.close()
    server.end()


def run(path: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, *arguments],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done


def test_it_keeps_the_contract_of_task_types(path: str) -> None:
    assert run(path, "-c", CONTRACT).stdout == "kept\n"


def test_without_the_package_there_is_no_such_type() -> None:
    code = "from goldwork.tasks import task_type; print('likert-grid' in task_type.names())"
    assert run(os.environ.get("PYTHONPATH", ""), "-c", code).stdout == "False\n"


def test_the_designer_is_told_of_it(house: House) -> None:
    told = {one["name"]: one for one in house.boss.call("GET", "/task-types")["task_types"]}["likert-grid"]
    assert (told["title"], told["about"]) == ("Likert grid", "How far one agrees with each of several statements.")
    assert told["example"] == {"type": "likert-grid", "statements": [{"name": "a"}]}
    assert told["settings"]["properties"]["scale"]["default"] == ["disagree", "undecided", "agree"]


def test_from_the_designer_to_the_project_page(
    house: House,
    visit: Callable[..., Page],
    home: Path,
    path: str,
    tmp_path: Path,
) -> None:
    project = design(house, visit(house.boss))
    house.load(project, [{"text": f"Answer number {number}"} for number in range(3)])
    judge_by_mouse(house, project, visit)
    for name in ("Katherine", "Dorothy"):
        judge_by_program(house, project, name)
    look_at_figures(house, project, visit(house.boss))
    use_the_command_line(home, path, project, tmp_path)


def design(house: House, page: Page) -> int:
    page.goto(f"{house.url}/new")
    page.get_by_role("button", name="Blank form").click()
    page.get_by_label("Name", exact=True).fill("Statements")
    page.get_by_role("button", name="Add a question").click()
    page.get_by_label("Types of question").get_by_role("button", name="Likert grid", exact=True).click()
    page.get_by_role("button", name="Remove question 1").click()
    page.get_by_label("Question", exact=True).fill("How far do you agree?")
    add = page.get_by_role("button", name="Add a line to Statements")
    for at, name in enumerate(STATEMENTS):
        if at:
            add.click()
        page.get_by_label(f"Name {at + 1}", exact=True).fill(name)
        page.get_by_label(f"Words {at + 1}", exact=True).fill(f"It is {name}.")
    preview = page.get_by_label("Preview of the workbench")
    expect(preview.get_by_role("radio", name="It is true.: undecided")).to_be_visible()
    page.get_by_label("Scale").fill("no\nno\nyes")
    expect(page.get_by_text("A scale needs two places or more that differ.")).to_be_visible()
    page.get_by_label("Scale").fill("no\nhalf\nyes")
    preview.get_by_role("radio", name="It is kind.: half").check()
    page.get_by_role("button", name="Create the project").click()
    page.wait_for_url("**/import")
    return int(page.url.split("/")[-2])


def judge_by_mouse(house: House, project: int, visit: Callable[..., Page]) -> None:
    page = visit(house.annotator(project, "Grace"))
    page.goto(f"{house.url}/p/{project}/work")
    for _ in range(3):
        shown = page.locator("[data-item]")
        expect(shown).to_be_visible()
        before = shown.get_attribute("data-item")
        place = place_of(shown.inner_text())
        for name in STATEMENTS:
            page.get_by_role("radio", name=f"It is {name}.: {place}").check()
        page.get_by_role("button", name="Send").click()
        page.wait_for_function("b => document.querySelector('[data-item]')?.dataset.item !== b", arg=before)
    synced(page)


def place_of(text: str) -> str:
    return "no" if text.strip().endswith("1") else "yes"


def judge_by_program(house: House, project: int, name: str) -> None:
    """Everybody agrees but Dorothy, on one statement of the last item."""
    somebody = house.annotator(project, name)
    held = somebody.call("POST", f"/projects/{project}/next", {"count": 3})["assignments"]
    for lease in held:
        text = lease["fields"]["text"]
        answer = dict.fromkeys(STATEMENTS, place_of(text))
        if name == "Dorothy" and text.endswith("2"):
            answer["true"] = "no"
        body = {"id": lease["id"], "assignment": lease["id"], "kind": "answer", "form_version": 1}
        body |= {"guideline_version": 1, "answers": {"how_far_do_you_agree": answer}}
        somebody.call("POST", f"/projects/{project}/submits", body)


def look_at_figures(house: House, project: int, page: Page) -> None:
    overview = until(house, project, lambda found: found["agreement"] and found["through_seq"] == found["latest_seq"])
    assert 0 < overview["agreement"]["value"] < 1
    rows = house.boss.call("GET", f"/projects/{project}/consensus?question=how_far_do_you_agree")["rows"]
    assert {row["fields"]["text"]: row["label"] for row in rows} == {
        f"Answer number {n}": dict.fromkeys(sorted(STATEMENTS), place_of(str(n))) for n in range(3)
    }
    page.goto(f"{house.url}/p/{project}")
    expect(page.locator("main")).to_contain_text("medoid")
    page.goto(f"{house.url}/p/{project}/items")
    expect(page.locator("main")).to_contain_text("It is clear.")


def until(house: House, project: int, good: Callable[[Any], Any]) -> Any:
    for _ in range(150):
        found = house.boss.call("GET", f"/projects/{project}/overview")
        if good(found):
            return found
        time.sleep(0.2)
    raise AssertionError(found)


def use_the_command_line(home: Path, path: str, project: int, folder: Path) -> None:
    """What was judged elsewhere comes in, what was judged here goes out, the form itself both ways."""
    command = ("-m", "goldwork.cli")
    out, labels = folder / "out.jsonl", folder / "labels.jsonl"
    exported = (*command, "export", str(project), str(out), "--home", str(home))
    run(path, *exported)
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert len(rows) == 9
    answer = dict.fromkeys(STATEMENTS, "half")
    labels.write_text(json.dumps({"item": rows[0]["item"], "annotator": "elsewhere", "label": answer}) + "\n")
    run(path, *command, "import", str(project), str(labels), "--what", "judgements", "--home", str(home))
    run(path, *exported)
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert [row["label"] for row in rows if row["annotator"] == "elsewhere"] == [answer]
    form = folder / "form.json"
    run(path, *command, "form", str(project), "-o", str(form), "--home", str(home))
    task = json.loads(form.read_text())["questions"][0]["task"]
    assert (task["type"], task["scale"]) == ("likert-grid", ["no", "half", "yes"])
