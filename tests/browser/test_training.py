"""Training in the workbench: quizzes, what was right after each item, guidelines to be read, pauses and breaks."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from goldwork.services.log import Log
from goldwork.store.database import Database
from goldwork.store.home import Home
from goldwork.store.schema import account, annotator, gold, item, ruling
from tests.browser.people import House, join
from tests.browser.server import begin_server
from tests.browser.test_accessibility import SCREENS, check
from tests.browser.test_workbench import synced

pytestmark = pytest.mark.browser
Visit = Callable[..., Page]
MONEY = {"request": ["money"]}
REASON = "A refund is money, whatever else the message says."
MINUTE = 60_000
SHOTS = os.environ.get("GOLDWORK_SHOTS", "")
"""A folder for pictures of the screens, to be looked at."""


@dataclass
class School(House):
    """A house whose database is at hand, for what only the engine or another page would put there."""

    database: Database | None = None

    def course(self, **quality: Any) -> int:
        """A project with ordinary items and 30 of training, whose answer is always "money"."""
        project = self.project(guideline="# Money\n\nA refund is *money*.")
        self.set_quality(project, **quality)
        self.keys(project, "training", 30)
        return project

    def set_quality(self, project: int, **quality: Any) -> None:
        before = self.boss.call("GET", f"/projects/{project}")["quality"]
        self.boss.call("PATCH", f"/projects/{project}", {"quality": before | quality})

    def keys(self, project: int, kind: str, number: int, text: str = "", answers: Any = MONEY) -> None:
        """Items whose answer is known, outside of the queue."""
        assert self.database is not None
        with self.database.write() as connection:
            batch = connection.execute(sa.select(item.c.batch).where(item.c.project == project).limit(1)).scalar_one()
            for n in range(number):
                row = {"project": project, "batch": batch, "external_id": f"{kind}-{n}", "shuffle": n}
                payload = json.dumps({"text": text or f"Where is the refund for order {n}?"})
                add = sa.insert(item).values(row | {"payload": payload}).returning(item.c.id)
                made = connection.execute(add).scalar_one()
                known = {"kind": kind, "state": "active", "answers": json.dumps(answers)}
                known["stratum"] = "request=money" if kind == "gold" else ""
                row = {"project": project, "item": made, "reason": REASON, "created_at": 0}
                connection.execute(sa.insert(gold).values(row | known))

    def pause(self, project: int, name: str, words: str) -> None:
        """A named person pauses somebody's work, as the page of decisions does."""
        assert self.database is not None
        with self.database.write() as connection:
            who = connection.execute(
                sa.select(annotator.c.id)
                .join(account, account.c.id == annotator.c.account)
                .where(account.c.name == name)
            ).scalar_one()
            log = Log(connection, self.database, project)
            log.load(set(), {who})
            body = {"about": [3, 0], "decision": "propose", "annotator": who, "verdict": "upheld", "action": "pause"}
            seq = log.add("ruling", body | {"by": 1})
            log.flush()
            said = {"about_seq": 3, "about_number": 0, "by_account": 1, "kind": "upheld", "action": "pause"}
            row = {"project": project, "seq": seq, "annotator": who, "text": words, "at": log.now}
            connection.execute(sa.insert(ruling).values(row | said))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    """A running server, and its database beside it."""
    folder = tmp_path_factory.mktemp("school")
    server = begin_server(folder)
    more = {"email": "ada@example.org", "password": "correct horse battery"}
    boss = join(server.url, server.first_link, "Ada", **more)
    school = School(server.url, boss, database=Database(Home(folder).database))
    yield school
    school.close()
    assert school.database is not None
    school.database.close()
    server.end()


def bench(house: School, visit: Visit, project: int, name: str = "Grace", **screen: Any) -> Page:
    """The workbench of somebody who just joined."""
    somebody = house.annotator(project, name)
    page = visit(somebody, **screen)
    page.goto(f"{house.url}/p/{project}/work")
    page.locator("[data-testid=aside], [data-item]").first.wait_for()
    return page


def aside(page: Page, kind: str) -> Any:
    """What stands in the place of an item."""
    found = page.locator(f"[data-testid=aside][data-kind={kind}]")
    found.wait_for()
    return found


def answer(page: Page, key: str) -> Any:
    """Answer the training item on the screen by a key, and wait for what is told."""
    page.locator("[data-item]").wait_for()
    page.wait_for_function("() => new Promise(requestAnimationFrame).then(() => true)")
    page.keyboard.press(key)
    return aside(page, "told")


def go_on(page: Page) -> None:
    """One key goes on."""
    before = page.get_by_test_id("told").inner_text()
    page.keyboard.press("Enter")
    page.wait_for_function("b => document.querySelector('[data-testid=told]')?.innerText !== b", arg=before)


def test_a_quiz_by_keyboard_from_its_first_page_to_the_work(house: School, visit: Visit) -> None:
    page = bench(house, visit, house.course(quiz=True))
    first = aside(page, "intro")
    expect(first.get_by_role("heading")).to_have_text("Before you begin: a short quiz")
    expect(first).to_contain_text("At most 20 items")
    page.keyboard.press("1")
    page.keyboard.press("g")
    expect(page.get_by_role("dialog")).to_contain_text("A refund is money")
    page.keyboard.press("g")
    page.keyboard.press("Enter")
    told = answer(page, "2")
    expect(told.get_by_test_id("verdict")).to_have_text("Not right")
    expect(told.locator("dl")).to_contain_text("Parcel")
    expect(told.locator("dl .right")).to_have_text("Money")
    expect(told).to_contain_text(REASON)
    expect(told).to_contain_text("0 of 1 right, at most 19 items to come")
    expect(page.get_by_role("status").filter(has_text="Right is: Money")).to_have_count(1)
    page.keyboard.press("1")
    expect(told).to_be_visible()
    go_on(page)
    expect(page.get_by_test_id("training")).to_have_text("training: 1 of at most 20")
    for _ in range(30):
        told = answer(page, "1")
        expect(told.get_by_test_id("verdict")).to_have_text("Right")
        if page.get_by_test_id("outcome").count():
            break
        go_on(page)
    expect(page.get_by_test_id("outcome")).to_contain_text("You know the guideline.")
    page.keyboard.press("Enter")
    page.locator("[data-item]").wait_for()
    expect(page.get_by_test_id("today")).to_be_visible()
    expect(page.locator("[data-item]")).to_contain_text("Message number")
    page.keyboard.press("1")
    expect(page.locator("footer")).to_contain_text("Answered “Money”.")
    synced(page)
    assert page.get_by_test_id("aside").count() == 0
    page.goto(page.url.replace("/work", "/me"))
    expect(page.locator("main")).to_contain_text("of these training")


def test_failing_says_how_often_one_may_try_and_then_a_person_decides(house: School, visit: Visit) -> None:
    page = bench(house, visit, house.course(quiz=True, retakes=1))
    for left in (1, 0):
        aside(page, "intro")
        page.keyboard.press("Enter")
        for _ in range(20):
            answer(page, "3")
            if page.get_by_test_id("outcome").count():
                break
            go_on(page)
        said = "you can try 1 more time" if left else "the last try"
        expect(page.get_by_test_id("outcome")).to_contain_text(said)
        go_on(page)
        if left:
            expect(aside(page, "intro").get_by_role("heading")).to_have_text("The quiz once more")
    barred = aside(page, "barred")
    expect(barred.get_by_role("heading")).to_have_text("A person decides how it goes on")
    page.reload()
    aside(page, "barred").get_by_role("link", name="See why, or disagree").click()
    expect(page.get_by_test_id("standing")).to_contain_text("as often as one can")


KEPT = """number => new Promise((tell, fail) => {
  const asked = indexedDB.open('goldwork')
  asked.onerror = fail
  asked.onsuccess = () => {
    const count = asked.result.transaction('outbox').objectStore('outbox').count()
    count.onsuccess = () => (asked.result.close(), tell(count.result === number))
  }
})"""
"""Whether so many answers are on the disk: who leaves before is warned, and loses what is not."""


def test_what_was_right_comes_after_the_tunnel_and_a_reload(house: School, visit: Visit) -> None:
    page = bench(house, visit, house.course(quiz=True))
    aside(page, "intro")
    page.keyboard.press("Enter")
    page.locator("[data-item]").wait_for()
    page.wait_for_function("() => new Promise(requestAnimationFrame).then(() => true)")
    page.route("**/submits", lambda route: route.abort())
    page.keyboard.press("2")
    expect(page.get_by_test_id("sync")).to_have_attribute("data-waiting", "1")
    page.locator("[data-item]").wait_for()  # offline one goes on, and hears later
    page.wait_for_function("() => new Promise(requestAnimationFrame).then(() => true)")
    page.keyboard.press("1")
    expect(page.get_by_test_id("sync")).to_have_attribute("data-waiting", "2")
    page.wait_for_function(KEPT, arg=2)
    page.unroute("**/submits")
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    expect(aside(page, "told").get_by_test_id("verdict")).to_have_text("Not right", timeout=40_000)
    synced(page)
    page.reload()  # not read yet: it is still there
    expect(aside(page, "told").get_by_test_id("verdict")).to_have_text("Not right")
    go_on(page)
    expect(aside(page, "told").get_by_test_id("verdict")).to_have_text("Right")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("training")).to_have_text("training: 2 of at most 20")


def test_a_guideline_that_everybody_shows_to_have_read(house: School, visit: Visit) -> None:
    project = house.course()
    page = bench(house, visit, project)
    page.keyboard.press("1")
    synced(page)
    lead = visit(house.boss)
    lead.goto(f"{house.url}/p/{project}/settings")
    lead.get_by_label("Guideline", exact=False).first.wait_for()
    box = lead.get_by_label("Everybody shows with five items that they have read it")
    box.focus()
    lead.keyboard.press("Space")
    lead.get_by_role("button", name="Publish as version 2").press("Enter")
    expect(lead.get_by_text("version 2")).to_be_visible()
    expect(box).not_to_be_checked()
    page.reload()
    first = aside(page, "intro")
    expect(first.get_by_role("heading", name="The guideline has changed")).to_be_visible()
    expect(first).to_contain_text("A refund is money.")
    expect(first.get_by_role("button")).to_have_text(["I have read itEnter"])
    page.keyboard.press("Enter")
    for _ in range(4):
        answer(page, "1")
        go_on(page)
    told = answer(page, "1")
    expect(told).to_contain_text("Passed: 5 of 5 right. You know the new guideline.")
    page.keyboard.press("Enter")
    expect(page.locator("[data-item]")).to_contain_text("Message number")


def test_paused_by_a_named_person_with_the_way_to_disagree(house: School, visit: Visit) -> None:
    project = house.course()
    page = bench(house, visit, project, "Katherine")
    house.pause(project, "Katherine", "Let us talk on Monday.")
    page.reload()
    said = aside(page, "paused")
    expect(said).to_contain_text("Ada paused it on")
    expect(said).to_contain_text("Let us talk on Monday.")
    assert page.locator("[data-item]").count() == 0
    said.get_by_role("link", name="See why, or disagree").click()
    expect(page.get_by_test_id("standing")).to_contain_text("Ada paused your work here")


def test_gold_is_told_at_once_only_where_the_project_says_so(house: School, visit: Visit) -> None:
    for feedback in ("immediate", "delayed"):
        project = house.project(texts=[f"Message number {n}" for n in range(30)])
        house.set_quality(project, feedback=feedback, gold=True)
        house.keys(project, "gold", 4)
        page = bench(house, visit, project)
        for _ in range(12):
            page.locator("[data-item]").wait_for()
            page.wait_for_function("() => new Promise(requestAnimationFrame).then(() => true)")
            page.keyboard.press("2")
        synced(page)
        remark = page.get_by_test_id("remark")
        if feedback == "delayed":
            assert remark.count() == 0
            continue
        expect(remark).to_contain_text("you answered “Parcel”; right is “Money”")
        expect(remark).to_contain_text(REASON)


def test_what_is_right_is_drawn_as_the_question_is(house: School, visit: Visit) -> None:
    """Spans over the text, where they stand; each question with its own verdict; partly right is said as such."""
    names = {"type": "spans", "field": "text", "classes": [{"value": "per", "label": "Person"}]}
    tone = {"type": "choice", "classes": [{"value": "calm", "label": "Calm"}, {"value": "angry", "label": "Angry"}]}
    questions = [
        {"name": "names", "title": "Mark every name.", "task": names},
        {"name": "tone", "title": "How does it sound?", "task": tone},
    ]
    form = {"fields": [{"name": "text", "show": "text"}], "questions": questions}
    for screen in ("wide, light", "phone, dark"):
        project = house.project(form=form)
        house.set_quality(project, quiz=True)
        right = {"names": [[{"start": 0, "end": 12, "label": "per"}]], "tone": ["calm", "angry"]}
        house.keys(project, "training", 3, "Ada Lovelace wrote to Charles.", right)
        page = bench(house, visit, project, **SCREENS[screen])
        aside(page, "intro").get_by_role("button", name="Begin").click()
        page.locator("[data-item]").wait_for()
        page.wait_for_function("() => new Promise(requestAnimationFrame).then(() => true)")
        page.get_by_role("button", name="Angry").click()
        page.get_by_role("button", name="Send").click()
        told = aside(page, "told")
        expect(told.get_by_test_id("verdict")).to_have_text("Partly right: 50 %")
        expect(told.get_by_role("region", name="Mark every name.").get_by_role("heading")).to_contain_text("not right")
        expect(told.get_by_role("region", name="How does it sound?")).to_contain_text("Calm or Angry")
        marked = told.get_by_role("region", name="Mark every name.")
        expect(marked).to_contain_text("Ada Lovelace wrote to Charles.")
        expect(marked).to_contain_text("Right")
        check(page, f"spans told, {screen}")
        if SHOTS:
            page.screenshot(path=f"{SHOTS}/spans-{screen[:4]}.png", full_page=True)


def resting(page: Page, **rest: Any) -> None:
    """What the server says of breaks is its own matter."""
    said = {"minutes": 12.0, "limit": 0, "since": int(time.time() * 1000), "after": 0, "slower": 0.0, "taken_back": 0}
    page.route("**/rest", lambda route: route.fulfill(json=said | rest))


def test_a_break_is_suggested_quietly_and_seldom(house: School, visit: Visit) -> None:
    project = house.project()
    somebody = house.annotator(project)
    page = visit(somebody)
    resting(page, after=60, slower=0.42)
    page.goto(f"{house.url}/p/{project}/work")
    line = page.get_by_test_id("rest")
    expect(line).to_contain_text("slower than you usually are at this point, by 42 %")
    page.keyboard.press("1")
    expect(page.locator("footer")).to_contain_text("Answered “Money”.")
    line.get_by_role("button", name="Close").click()
    expect(line).to_have_count(0)
    page.reload()
    page.locator("[data-item]").wait_for()
    page.wait_for_timeout(500)
    expect(line).to_have_count(0)


def test_the_project_s_break_can_be_put_off_once(house: School, visit: Visit) -> None:
    project = house.project()
    page = visit(house.annotator(project))
    resting(page, minutes=51.0, limit=45)
    page.goto(f"{house.url}/p/{project}/work")
    said = aside(page, "rest")
    expect(said).to_contain_text("You have worked 51 minutes without one.")
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    page.locator("[data-item]").wait_for()
    page.reload()
    page.locator("[data-item]").wait_for()
    page.wait_for_timeout(500)
    assert page.get_by_test_id("aside").count() == 0
    page.evaluate("key => sessionStorage.setItem(key, '{\"off\": 1}')", f"goldwork.break.{project}")
    page.reload()
    expect(aside(page, "rest")).to_contain_text("It goes on at")
    assert page.get_by_role("button", name="Ten minutes more").count() == 0
    page.unroute("**/rest")
    resting(page, minutes=51.0, limit=45, since=int(time.time() * 1000) - 10 * MINUTE + 6000)
    page.reload()
    aside(page, "rest")
    expect(page.locator("[data-item]")).to_be_visible(timeout=20_000)


GROWTH: dict[str, Any] = {
    "asked": 0.85,
    "accuracy": {"value": 0.9, "low": 0.699, "high": 0.972},
    "lots": [
        {"accuracy": {"value": 0.8, "low": 0.49, "high": 0.943}, "at": 1_790_000_000_000},
        {"accuracy": {"value": 1.0, "low": 0.722, "high": 1.0}, "at": 1_790_100_000_000},
    ],
    "agreement": {"share": {"value": 0.82, "low": 0.71, "high": 0.9}, "items": 61},
    "weeks": [
        {"at": 1_789_948_800_000, "answers": 120, "seconds": 9.4},
        {"at": 1_790_553_600_000, "answers": 80, "seconds": 7.1},
    ],
    "praise": "Every test item of your last ten was right.",
    "advice": {"kind": "confusion", "text": "Where “Money” was right you answered “Parcel” 3 times out of 9."},
}


def grown(page: Page) -> None:
    """One's own page with figures that are given here."""

    def fulfil(route: Any) -> None:
        said = route.fetch().json()
        route.fulfill(json=said | {"growth": GROWTH})

    page.route("**/api/projects/*/me", fulfil)


def test_one_s_own_page_says_it_in_sentences(house: School, visit: Visit) -> None:
    project = house.course()
    page = bench(house, visit, project)
    page.keyboard.press("1")
    synced(page)
    page.goto(f"{house.url}/p/{project}/me")
    main = page.locator("main")
    expect(main).to_contain_text("Some items are tests, whose answer is known.")
    expect(page.get_by_test_id("advice")).to_contain_text("go on as you do")
    grown(page)
    page.reload()
    expect(main).to_contain_text("Every test item of your last ten was right.")
    expect(page.get_by_test_id("advice")).to_contain_text("3 times out of 9")
    expect(main).to_contain_text("90 % were right: with so few, your accuracy lies between 70 % and 97 %")
    expect(main).to_contain_text("Others gave the same answer as you in 82 % of 61 finished items (71 % to 90 %).")
    expect(main).to_contain_text("Half of your items took less than 7.1 s in your latest week. That is quicker")
    expect(page.get_by_role("img", name="Test items 11 to 20: 1.00, .72 to 1.00")).to_be_visible()


@pytest.mark.parametrize("screen", SCREENS, ids=lambda name: name.replace(", ", "-"))
def test_by_touch_and_as_far_as_axe_can_tell(house: School, visit: Visit, screen: str) -> None:
    shots = SHOTS and f"{SHOTS}/{screen.replace(', ', '-')}"
    project = house.course(quiz=True, retakes=0)
    page = bench(house, visit, project, f"Mary {screen}", **SCREENS[screen])

    def look(what: str) -> None:
        check(page, f"{what}, {screen}")
        if shots:
            page.screenshot(path=f"{shots}-{what}.png")

    aside(page, "intro")
    look("intro")
    begin = page.get_by_role("button", name="Begin")
    if "phone" in screen:
        begin.tap()
    else:
        begin.click()
    for number in range(20):
        page.locator("[data-item]").wait_for()
        page.wait_for_function("() => new Promise(requestAnimationFrame).then(() => true)")
        page.get_by_role("button", name="Money" if number == 0 else "Parcel").click()
        aside(page, "told")
        if number < 2 or page.get_by_test_id("outcome").count():
            look(("right", "wrong")[number] if number < 2 else "failed")
        done = page.get_by_test_id("outcome").count()
        page.get_by_role("button", name="Go on").click()
        if done:
            break
    aside(page, "barred")
    look("barred")
    page.goto(f"{house.url}/p/{project}/me")
    grown(page)
    page.reload()
    page.get_by_text("What is paid").wait_for()
    look("me")
    other = house.project()
    page = visit(house.annotator(other, f"Joan {screen}"), **SCREENS[screen])
    resting(page, minutes=51.0, limit=45, after=60, slower=0.42)
    page.goto(f"{house.url}/p/{other}/work")
    aside(page, "rest")
    look("break")
    page.get_by_role("button", name="Ten minutes more").click()
    page.get_by_test_id("rest").wait_for()
    look("suggestion")
