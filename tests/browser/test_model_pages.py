"""The pages of models, rewards and the loop in each of their states: a sentence that says what to do, and axe on every
screen. What they show once all is done is in test_second_looks.py and test_reward.py."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.people import House
from tests.browser.test_accessibility import SCREENS, check
from tests.browser.test_reward import FORM as COMPARISON
from tests.browser.test_reward import NAMES, REQUESTS, judge

pytestmark = pytest.mark.browser
Visit = Callable[..., Page]
every_screen = pytest.mark.parametrize("screen", SCREENS, ids=lambda name: name.replace(", ", "-"))


@dataclass
class Stages:
    """Projects by how far they are: `off` has no model, `waits` has asked for one, of `few` comparisons nothing can be
    learned, `made` has a reward model."""

    off: int
    waits: int
    few: int
    made: int


@pytest.fixture(scope="module")
def stages(house: House) -> Stages:
    off, waits = house.project(), house.project()
    house.boss.call("PATCH", f"/projects/{waits}", {"quality": {"strategy": "margin", "slice": 0.1}})
    few, made = (house.project(texts=[], form=COMPARISON, overlap=1) for _ in range(2))
    pairs = [{"prompt": one.prompt, NAMES[0]: one.candidates[0], NAMES[1]: one.candidates[1]} for one in REQUESTS]
    for project, rows in ((few, pairs[:4]), (made, pairs)):
        house.load(project, rows)
        judge(house, house.annotator(project), project, NAMES, random.Random(1))
    house.wait(made, house.boss.call("POST", f"/projects/{made}/reward", {"question": None})["id"])
    return Stages(off, waits, few, made)


def running(page: Page, kind: str) -> None:
    """Every job that is asked about is at work from here on."""
    job: dict[str, Any] = {"kind": kind, "state": "running", "phase": "bootstrap", "done": 2, "total": 5}
    job |= {"error": None, "result": None, "created_at": 1, "started_at": 1, "ended_at": None}
    page.route(
        re.compile(r"/jobs/\d+$"),
        lambda route: route.fulfill(json=job | {"id": int(route.request.url.rpartition("/")[2])}),
    )


@every_screen
def test_before_there_is_a_model(house: House, stages: Stages, visit: Visit, screen: str) -> None:
    page = visit(house.boss, **SCREENS[screen])
    says = {
        "model": "Choose how items are given in the settings",
        "review": "A manager switches the model on",
        "reward": "Make a project with the template",
        "loop": "First train a reward model",
    }
    for part, sentence in says.items():
        page.goto(f"{house.url}/p/{stages.off}/{part}")
        expect(page.locator("main")).to_contain_text(sentence)
        check(page, f"{part} without a model, {screen}")
    page.goto(f"{house.url}/p/{stages.waits}/model")
    expect(page.locator("main")).to_contain_text("The first version is fitted once there are some judgements")
    check(page, f"a model that waits, {screen}")


@every_screen
def test_training_that_runs_and_that_fails(house: House, stages: Stages, visit: Visit, screen: str) -> None:
    page = visit(house.boss, **SCREENS[screen])
    page.goto(f"{house.url}/p/{stages.few}/reward")
    expect(page.get_by_test_id("none")).to_contain_text("let people judge some pairs of several prompts first")
    check(page, f"no reward model yet, {screen}")
    running(page, "reward")
    page.get_by_role("button", name="Train a reward model").click()
    expect(page.get_by_role("progressbar", name="The training")).to_be_visible()
    expect(page.get_by_role("button", name="Train a reward model")).to_be_disabled()
    expect(page.locator("main").get_by_role("status")).to_contain_text("bootstrap: 2 of 5")
    check(page, f"training, {screen}")
    page.unroute_all()
    expect(page.get_by_role("alert")).to_contain_text("The training stopped. 4 votes are for one of two responses")
    expect(page.get_by_role("alert")).to_contain_text("Models that were made before are still here.")
    check(page, f"training that failed, {screen}")
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("The training stopped. 4 votes are for one of two responses")


@every_screen
def test_the_loop_step_by_step(house: House, stages: Stages, visit: Visit, screen: str) -> None:
    page = visit(house.boss, **SCREENS[screen])
    page.goto(f"{house.url}/p/{stages.made}/loop")
    page.get_by_role("button", name="Improve").wait_for()
    page.get_by_label("Choose", exact=True).select_option("limit")
    expect(page.get_by_label("Limit, in nats")).to_be_visible()
    check(page, f"the loop before a round, {screen}")
    wrong = {"name": "wrong.csv", "mimeType": "text/csv", "buffer": b"prompt,answer\nWhy?,So.\n"}
    page.get_by_label("Candidates").set_input_files(wrong)  # type: ignore[arg-type]
    running(page, "improve")
    page.get_by_role("button", name="Improve").click()
    expect(page.get_by_role("progressbar", name="The choice")).to_be_visible()
    check(page, f"choosing, {screen}")
    page.unroute_all()
    expect(page.get_by_role("alert")).to_contain_text("The choice stopped. There is no column 'response'.")
    check(page, f"candidates that cannot be read, {screen}")


@every_screen
def test_a_model_that_failed_or_was_switched_off(house: House, stages: Stages, visit: Visit, screen: str) -> None:
    page = visit(house.boss, **SCREENS[screen])
    found: Any = house.boss.call("GET", f"/projects/{stages.waits}/model")
    version = {"question": "request", "classes": ["money", "parcel"], "items": 40, "used": "words", "seconds": 2.5}
    version |= {"accuracy": 0.8, "low": 0.6, "high": 0.95, "log_loss": 0.4, "of": 12, "warnings": ["One is alike."]}
    found["versions"] = [{"version": 1, "made_at": 1, "judgements": 90, "about": version}]
    found["learned"] |= {"note": "the fit took longer than 600 seconds and was ended."}
    page.route("**/api/projects/*/model", lambda route: route.fulfill(json=found))
    page.goto(f"{house.url}/p/{stages.waits}/model")
    expect(page.get_by_test_id("note")).to_have_text(
        "The last attempt made no new version: the fit took longer than 600 seconds and was ended."
    )
    expect(page.get_by_test_id("fitting")).to_have_count(0)
    check(page, f"a fit that failed, {screen}")
    found |= {"asked": False, "fitting": True}
    page.reload()
    expect(page.get_by_test_id("off")).to_contain_text("The model is switched off")
    expect(page.get_by_test_id("fitting")).to_have_text("Version 2 is being fitted now.")
    check(page, f"a model that is off, {screen}")


def test_who_may_see_what(house: House, stages: Stages, visit: Visit) -> None:
    """Adjudicators have the review list and nothing else of these; annotators are led to their own work."""
    for role, parts in (("adjudicator", {"Review"}), ("annotator", set())):
        page = visit(house.annotator(stages.made, role, role))
        page.goto(f"{house.url}/p/{stages.made}/me")
        page.get_by_role("heading", level=1).wait_for()
        shown = set(page.get_by_role("navigation", name="Project").get_by_role("link").all_inner_texts())
        assert shown & {"Review", "Model", "Reward", "Loop"} == parts
        for part in ("model", "reward", "loop", *(() if parts else ("review",))):
            page.goto(f"{house.url}/p/{stages.made}/{part}")
            page.wait_for_url("**/me")
