"""What happens to people in their own browser: who answers at random is warned, set aside and taught, and works on; an
honest slow one and an honest one with another norm are left in peace."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from goldwork.store.database import Database
from goldwork.store.home import Home
from tests.browser.people import CLASSES, House, Somebody, join
from tests.browser.server import begin_server
from tests.browser.test_oversight import GOLD, at_random, by_another_norm, honest, truth
from tests.browser.test_training import aside, go_on
from tests.browser.test_workbench import synced
from tests.core import findings

pytestmark = pytest.mark.browser
Visit = Callable[..., Page]
Answer = Callable[[str, random.Random], str]
ITEMS, TESTS, LESSONS = 120, 60, 30
MOST = 90
"""So many keys are enough for gold to speak, one in two in a first session."""
SLOW = 90
"""Seconds that the slow one takes."""


@dataclass
class School(House):
    """A house whose database is at hand."""

    database: Database | None = None

    def decided(self, project: int, name: str) -> list[str]:
        """Kinds of decisions about somebody, the first first."""
        rows = self.boss.call("GET", f"/projects/{project}/decisions?about=annotator&limit=200")["rows"]
        return [row["kind"] for row in reversed(rows) if row["name"] == name]


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    folder: Path = tmp_path_factory.mktemp("shown")
    server = begin_server(folder)
    more = {"email": "ada@example.org", "password": "correct horse battery"}
    database = Database(Home(folder).database)
    house = School(server.url, join(server.url, server.first_link, "Ada", **more), database=database)
    yield house
    house.close()
    database.close()
    server.end()


@pytest.fixture(scope="module")
def project(school: School) -> int:
    """Items, gold and lessons, all of which say what they are about."""
    made = school.project(texts=[f"Message {n} about {CLASSES[n % 4]}" for n in range(ITEMS)], overlap=3)
    before = school.boss.call("GET", f"/projects/{made}")["quality"]
    school.boss.call("PATCH", f"/projects/{made}", {"quality": before | {"gold_first": 2, "gold_block": 2}})
    for kind, number in (("gold", TESTS), ("training", LESSONS)):
        entries = []
        for n in range(number):
            known = GOLD[n % 2]
            entry = {"item": f"{kind}-{n}", "answers": {"request": [known]}, "reason": f"It is about {known}."}
            entries.append(entry | {"fields": {"text": f"Message {kind[0]}{1000 + n} about {known}"}})
        school.boss.call("POST", f"/projects/{made}/gold", {"entries": entries, "kind": kind})
    return made


def bench(school: School, visit: Visit, project: int, somebody: Somebody) -> Page:
    page = visit(somebody)
    page.goto(f"{school.url}/p/{project}/work")
    page.locator("[data-item]").first.wait_for()
    return page


SHOWN = """() => {
  const item = document.querySelector('[data-item]')
  return document.querySelector('[data-testid=aside]') || !item ? null : [item.dataset.item, item.innerText]
}"""
"""The item on the screen and its text, read at once: what is decided about somebody may come between."""


def key_of(text: str, answer: Answer, chance: random.Random) -> str:
    """The key by which somebody answers the item of this text."""
    found = re.search(r"Message \w+ about \w+", text)
    assert found
    return str(CLASSES.index(answer(found.group(0), chance)) + 1)


def answer(page: Page, how: Answer, most: int, before_each: Callable[[], Any] = lambda: None) -> int:
    """Answer by keys until something else than an item is on the screen. Returns how many."""
    chance = random.Random(7)
    for number in range(most):
        page.locator("[data-item], [data-testid=aside]").first.wait_for()
        page.wait_for_function("() => new Promise(requestAnimationFrame).then(() => true)")
        shown = page.evaluate(SHOWN)
        if shown is None:
            return number
        item, text = shown
        before_each()
        page.keyboard.press(key_of(text, how, chance))
        page.wait_for_function("b => document.querySelector('[data-item]')?.dataset.item !== b", arg=item)
    return most


def test_who_answers_at_random_is_warned_set_aside_and_taught(school: School, visit: Visit, project: int) -> None:
    page = bench(school, visit, project, school.annotator(project, "Rana"))
    done = answer(page, at_random, MOST)
    assert done < MOST
    synced(page)
    by_gold = [kind for kind in school.decided(project, "Rana") if kind != "watch"]  # a flag's, whenever its job ran
    assert by_gold[:2] == ["warn", "quarantine"]

    # The workbench says so in the place of an item, and where to disagree.
    lesson = aside(page, "intro")
    expect(lesson.get_by_role("heading")).to_have_text("A few items to learn from")
    expect(lesson).to_contain_text("What you judged since it began is set aside for now. It is paid all the same.")
    lesson.get_by_role("link", name="See what it rests on, or disagree").click()
    mine = page.get_by_test_id("my-decisions")
    expect(mine.get_by_text("set aside until you have gone through a short lesson")).to_be_visible()
    expect(mine.get_by_text(re.compile("^Warned"))).to_be_visible()
    expect(mine).not_to_contain_text("Message")

    # She is taught: after each item she hears what is right.
    page.go_back()
    page.locator("[data-testid=aside][data-kind=intro]").wait_for()
    page.keyboard.press("Enter")
    for number in range(LESSONS):
        page.locator("[data-item]").wait_for()
        page.wait_for_function("() => new Promise(requestAnimationFrame).then(() => true)")
        right = truth(page.locator("[data-item]").inner_text().split("\n")[0])
        wrong = number == 0
        page.keyboard.press(
            "3" if wrong else key_of(page.locator("[data-item]").inner_text(), honest, random.Random(0))
        )
        told = aside(page, "told")
        expect(told.get_by_test_id("verdict")).to_have_text("Not right" if wrong else "Right")
        if wrong:
            expect(told.locator("dl .right")).to_have_text(right.title())
        if page.get_by_test_id("outcome").count():
            break
        go_on(page)
    expect(page.get_by_test_id("outcome")).to_contain_text("Your work counts again from here on.")
    page.keyboard.press("Enter")
    assert answer(page, honest, 3) == 3
    synced(page)
    assert school.decided(project, "Rana")[-1] == "qualified"
    page.goto(f"{school.url}/p/{project}/me")
    expect(page.get_by_test_id("my-decisions")).to_contain_text("You passed the training.")


def test_the_honest_are_left_in_peace(school: School, visit: Visit, project: int) -> None:
    for name, how, pause in (("Sloane", honest, SLOW), ("Norma", by_another_norm, 0)):
        somebody = school.annotator(project, name)
        page = visit(somebody)
        if pause:
            page.clock.install()
        page.goto(f"{school.url}/p/{project}/work")
        page.locator("[data-item]").first.wait_for()

        def wait(page: Page = page, pause: int = pause) -> None:
            if pause:
                page.clock.fast_forward(1000 * pause)

        assert answer(page, how, 30, wait) == 30, "something else than an item was shown"
        for _ in range(20):  # what waits for another try waits for the page's clock
            if not pause or page.get_by_test_id("sync").get_attribute("data-waiting") == "0":
                break
            page.clock.fast_forward(1000 * pause)
            time.sleep(0.25)
        synced(page)
        assert set(school.decided(project, name)) <= {"watch"}
        page.goto(f"{school.url}/p/{project}/me")
        page.get_by_text("What is paid").wait_for()
        for word in ("Warned", "Set aside"):
            expect(page.get_by_test_id("my-decisions").get_by_text(word, exact=True)).to_have_count(0)
    assert school.database is not None
    assert findings(school.database) == []
