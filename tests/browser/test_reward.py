"""From comparisons to a reward model, a better policy, and back to people, in the browser."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from goldwork.sim.samples.requests import prefers, requests
from tests.browser.people import House, Somebody
from tests.browser.test_accessibility import RULES

pytestmark = pytest.mark.browser
Visit = Callable[..., Page]
NAMES = ("first_one", "second_one")
FORM = {
    "fields": [{"name": name, "show": "text"} for name in ("prompt", *NAMES)],
    "questions": [{"name": "better", "title": "Which is better?", "task": {"type": "compare", "fields": list(NAMES)}}],
}
REQUESTS = requests(3)[:20]
WORTH = {one.prompt: one.worth for one in REQUESTS}


def judge(house: House, somebody: Somebody, project: int, names: tuple[str, str], draw: random.Random) -> int:
    """Everything that somebody is given, by their hidden taste."""
    done = 0
    while held := (found := somebody.call("POST", f"/projects/{project}/next", {"count": 20}))["assignments"]:
        for one in held:
            worth = WORTH[one["fields"]["prompt"]]
            first, second = (worth[one["fields"][name]] for name in names)
            body = {"id": f"s{one['id']}", "assignment": one["id"], "kind": "answer", "seconds": 3.0}
            body |= {name: found[name] for name in ("form_version", "guideline_version")}
            answers = {"better": "first" if prefers(first, second, draw, sees=2.0) else "second"}
            somebody.call("POST", f"/projects/{project}/submits", body | {"answers": answers})
            done += 1
    return done


def accessible(page: Page) -> None:
    found = Axe().run(page, options=RULES)
    assert found.violations_count == 0, found.generate_report()


def test_collects_trains_reads_exports_and_compares_blind(house: House, visit: Visit, tmp_path: Path) -> None:
    draw = random.Random(1)
    project = house.project(texts=[], form=FORM, overlap=2)
    rows = [
        {"prompt": one.prompt, NAMES[0]: first, NAMES[1]: second}
        for one in REQUESTS
        for first, second in (one.candidates[:2], one.candidates[2:4], one.candidates[4:6])
    ]
    house.load(project, rows)
    judges = [house.annotator(project, name) for name in ("Ann", "Bob")]

    # One comparison by hand, the others as fast as a machine can.
    bench = visit(judges[0])
    bench.goto(f"{house.url}/p/{project}/work")
    bench.locator("[data-place]").first.wait_for()
    bench.keyboard.press("1")
    for _ in range(50):
        if house.judgements(project):
            break
        bench.wait_for_timeout(100)
    assert house.judgements(project)
    assert sum(judge(house, one, project, NAMES, draw) for one in judges) >= 110

    page = visit(house.boss)
    page.goto(f"{house.url}/p/{project}")
    page.get_by_role("link", name="Reward").click()
    page.get_by_role("button", name="Train a reward model").click()
    sentence = page.locator("[data-sentence]")
    expect(sentence).to_contain_text("single votes", timeout=30_000)
    expect(page.get_by_role("img", name="Single votes predicted")).to_be_visible()
    expect(page.get_by_role("img", name="Reliability")).to_be_visible()
    expect(page.get_by_text("Parity")).to_be_visible()
    accessible(page)

    with page.expect_download() as model:
        page.get_by_role("link", name="The model, version 1").click()
    assert model.value.suggested_filename == "reward-1.npz"
    with page.expect_download() as pairs:
        page.get_by_role("button", name="Preferences", exact=True).click()
    path = tmp_path / "pairs.jsonl"
    pairs.value.save_as(path)
    row: dict[str, Any] = json.loads(path.read_text(encoding="utf-8").splitlines()[0])
    assert {"prompt", "chosen", "rejected", "split", "votes"} <= row.keys()

    page.get_by_role("link", name="Loop").click()
    candidates = tmp_path / "candidates.jsonl"
    lines = [{"prompt": one.prompt, "response": text} for one in REQUESTS for text in one.candidates]
    candidates.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    page.get_by_label("Candidates").set_input_files(candidates)
    page.get_by_role("button", name="Improve").click()
    expect(page.get_by_role("heading", name="Round 1")).to_be_visible(timeout=20_000)
    page.get_by_label("Prompts, drawn at random").fill("15")
    page.get_by_role("button", name="Compare blind").click()
    link = page.get_by_role("link", name="which is better?")
    expect(link).to_be_visible(timeout=20_000)
    blind = int(str(link.get_attribute("href")).split("/")[2])

    # Whoever judged before is not let in; somebody new is, and sees nothing that tells old from new.
    invited = house.invitation(blind)
    refused = judges[0].client.post(f"{house.url}/api/link/use", json={"token": invited.partition("#")[2]})
    assert (refused.status_code, "did not take part" in refused.text) == (403, True)
    reader = house.annotator(blind, "Cleo")
    seat = visit(reader)
    seat.goto(f"{house.url}/p/{blind}/work")
    seat.locator("[data-place]").first.wait_for()
    words = seat.locator("main").inner_text().lower()
    assert "new" not in words.split()
    assert "old" not in words.split()
    for _ in range(100):
        if len(house.judgements(blind)) + judge(house, reader, blind, ("one", "two"), draw) >= 1:
            break
        seat.wait_for_timeout(100)
    expect(page.locator("[data-win]")).to_contain_text("preferred on", timeout=20_000)
    expect(page.get_by_role("img", name="Win rate")).to_be_visible()
    accessible(page)
    page.set_viewport_size({"width": 390, "height": 844})
    for part in ("reward", "loop"):
        page.goto(f"{house.url}/p/{project}/{part}")
        page.get_by_role("heading", level=1).wait_for()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), part
