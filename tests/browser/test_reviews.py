"""Three people on a project of texts: they write, review blind, and read what is said; the expert settles."""

from __future__ import annotations

import json
import os
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.people import House, Somebody
from tests.browser.test_accessibility import SCREENS, check
from tests.browser.test_workbench import synced

pytestmark = pytest.mark.browser
Visit = Callable[..., Page]
FORM = {
    "fields": [{"name": "text", "show": "text"}],
    "questions": [{"name": "reply", "title": "Write the reply", "task": {"type": "text", "low": 5, "high": 2000}}],
}
GOOD, POOR = (5, 5, 4, 5), (2, 1, 2, 2)
SHOTS = os.environ.get("GOLDWORK_SHOTS", "")
"""A folder for pictures of the screens, to be looked at."""


def make_project(house: House, texts: int, **quality: object) -> int:
    asks = [f"Message {n}: the teapot came without its lid. What can be done?" for n in range(texts)]
    made = house.project(asks, FORM, overlap=1, guideline="# Replies\n\nBe kind, be short, say what happens next.")
    before = house.boss.call("GET", f"/projects/{made}")["quality"]
    house.boss.call("PATCH", f"/projects/{made}", {"quality": before | {"review": 1, "gold": False} | quality})
    return made


def picture(page: Page, name: str) -> None:
    if SHOTS:
        for width, scheme in ((1400, "light"), (1400, "dark"), (390, "light"), (390, "dark")):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.screenshot(path=f"{SHOTS}/{name}-{width}-{scheme}.png", full_page=width == 1400)
        page.set_viewport_size({"width": 1400, "height": 900})
        page.emulate_media(color_scheme="light")


def work(page: Page, house: House, project: int) -> Page:
    page.goto(f"{house.url}/p/{project}/work")
    page.locator("main[data-assignment]").wait_for()
    return page


def shown(page: Page) -> Locator:
    """What is reviewed now; the next one is drawn behind it."""
    return page.locator("article[data-item]").get_by_test_id("theirs")


def going_on(page: Page) -> None:
    """Send from inside the text, and wait for what comes next."""
    before = page.locator("main").get_attribute("data-assignment")
    expect(page.locator("textarea")).to_be_focused()
    page.keyboard.press("Control+Enter")
    page.wait_for_function("before => document.querySelector('main').dataset.assignment !== before", arg=before)


def write(page: Page, words: str) -> None:
    page.locator("textarea").fill(words)
    page.locator("textarea").focus()
    going_on(page)


def review(page: Page, places: tuple[int, ...], comment: str = "") -> None:
    """By the number keys alone, which end in the comment."""
    for at, place in enumerate(places):
        page.keyboard.press(str(place))
        expect(page.locator("[aria-pressed=true]")).to_have_count(at + 1)
    if comment:
        page.locator("textarea").fill(comment)
    going_on(page)


def write_all(house: House, project: int, who: Somebody, words: str) -> None:
    while held := [one for one in _next(who, project) if not one.get("review")]:
        for one in held:
            _send(who, project, one["id"], {"reply": words})


def review_all(who: Somebody, project: int, places: tuple[int, ...], comment: str = "") -> None:
    for one in _next(who, project):
        names = [question["name"] for question in one["review"]["form"]["questions"]]
        answers = dict(zip(names, places, strict=False)) | ({"comment": comment} if comment else {})
        _send(who, project, one["id"], answers)


def _next(who: Somebody, project: int) -> list[dict[str, object]]:
    return who.call("POST", f"/projects/{project}/next", {"count": 20})["assignments"]  # type: ignore[no-any-return]


def _send(who: Somebody, project: int, of: object, answers: object) -> None:
    body = {"id": f"s-{of}", "assignment": of, "kind": "answer", "form_version": 1, "guideline_version": 1}
    who.call("POST", f"/projects/{project}/submits", body | {"answers": answers})


def test_three_people_write_and_review(house: House, visit: Visit) -> None:
    """One writes, two review by keys; the author reads lots, the manager agreement, the expert text and reviews."""
    project = make_project(house, 4)
    ann, bob, cleo = (house.annotator(project, name) for name in ("Ann", "Bob", "Cleo"))
    page = work(visit(ann), house, project)
    for n in range(4):
        write(page, f"I am sorry. A new lid, number {n}, is on its way to you.\n\nKind regards")
    synced(page)
    expect(page.get_by_test_id("theirs")).to_have_count(0)

    page = work(visit(bob), house, project)
    theirs = shown(page)
    expect(theirs).to_contain_text("A new lid, number")
    expect(theirs).not_to_contain_text("Ann")
    expect(page.get_by_role("heading", name="Is it right?")).to_be_visible()
    picture(page, "review")
    for screen in SCREENS:
        check(page, screen)
    for n in range(4):
        review(page, GOOD if n else POOR, "" if n else "It does not say when.")
    synced(page)

    review_all(cleo, project, GOOD, "Friendly and clear.")
    told = visit(ann)
    told.goto(f"{house.url}/p/{project}/me")
    mine = told.get_by_test_id("reviewed")
    expect(mine).to_contain_text("5 reviews of")
    expect(mine).not_to_contain_text("Bob")
    expect(mine.locator("tbody tr")).to_have_count(4)
    picture(told, "me")
    for screen in SCREENS:
        check(told, screen)

    boss = visit(house.boss)
    boss.goto(f"{house.url}/p/{project}/oversight")
    expect(boss.get_by_test_id("reviews")).to_contain_text("8 reviews of 4 texts")
    expect(boss.get_by_test_id("reviews")).to_contain_text("Krippendorff")
    boss.locator("select").last.select_option("items")
    expect(boss.get_by_text("waits for an expert: its text has a mean of")).to_be_visible()
    picture(boss, "oversight")
    for screen in SCREENS:
        check(boss, screen)
    boss.goto(f"{house.url}/p/{project}/settle")
    verdicts = boss.get_by_test_id("verdicts")
    expect(verdicts.locator("tbody tr")).to_have_count(4)
    expect(verdicts).to_contain_text("It does not say when.")
    picture(boss, "settle")
    for screen in SCREENS:
        check(boss, screen)
    rows = boss_export(house, project)
    assert len(rows) == 8 * 4 + 5


def boss_export(house: House, project: int) -> list[str]:
    job = house.boss.call("POST", f"/projects/{project}/exports", {"what": "reviews", "format": "jsonl"})
    house.wait(project, job["id"])
    return house.boss.client.get(f"{house.url}/api/projects/{project}/exports/{job['id']}").text.splitlines()


def test_undo_and_work_without_a_network(house: House, visit: Visit) -> None:
    """A review that was sent comes back with its places; those made offline arrive once there is a network."""
    project = make_project(house, 5, reviews=1)
    ann, bob = (house.annotator(project, name) for name in ("Ann", "Bob"))
    write_all(house, project, ann, "We send a new lid at once.")
    page = work(visit(bob), house, project)
    first = page.locator("main").get_attribute("data-assignment")
    review(page, GOOD)
    page.keyboard.press("Backspace")
    page.wait_for_function("id => document.querySelector('main').dataset.assignment === id", arg=first)
    expect(page.get_by_role("button", name="4", exact=True).and_(page.locator("[aria-pressed=true]"))).to_have_count(1)
    page.locator("textarea").focus()
    going_on(page)
    synced(page)
    page.context.set_offline(True)
    for _ in range(3):
        review(page, POOR)
    expect(page.get_by_test_id("sync")).to_contain_text("3 waiting")
    page.context.set_offline(False)
    synced(page)
    assert len(boss_export(house, project)) == 4 * 4


def test_an_answer_cannot_be_taken_back_once_anothers_was_shown(house: House, visit: Visit) -> None:
    project = make_project(house, 1)
    house.boss.call("PATCH", f"/projects/{project}", {"overlap": 2})
    ann, bob = (house.annotator(project, name) for name in ("Ann", "Bob"))
    write_all(house, project, ann, "We send a new lid at once.")
    page = work(visit(bob), house, project)
    write(page, "Sorry, here is another.")
    expect(shown(page)).to_contain_text("We send a new lid")
    page.keyboard.press("Backspace")
    strip = page.get_by_test_id("refused")
    expect(strip).to_contain_text("yours stands")
    strip.get_by_role("button", name="Discard").click()
    expect(shown(page)).to_contain_text("We send a new lid")
    expect(strip).to_have_count(0)


def test_the_rubric_is_edited_in_the_settings(house: House, visit: Visit) -> None:
    project = make_project(house, 1, review=0)
    page = visit(house.boss)
    page.goto(f"{house.url}/p/{project}/settings")
    page.get_by_label("Texts that are reviewed, in percent").fill("25")
    page.get_by_label("An expert looks at means below").fill("3.2")
    rubric = page.get_by_role("list", name="Criteria")
    rubric.get_by_role("button", name="Remove criterion 4").click()
    page.get_by_role("button", name="Add a criterion").click()
    page.keyboard.type("Is it kind?")
    rubric.get_by_role("listitem").last.get_by_label("5 means").fill("one feels at home")
    picture(page, "settings")
    for screen in SCREENS:
        check(page, screen)
    page.get_by_role("button", name="Save the quality settings").click()
    expect(page.get_by_text("Saved.").first).to_be_visible()
    now = house.boss.call("GET", f"/projects/{project}")["quality"]
    assert (now["review"], now["review_floor"]) == (0.25, 3.2)
    assert [one["name"] for one in now["rubric"]] == ["right", "complete", "clear", "is it kind"]
    assert now["rubric"][-1] == {
        "name": "is it kind", "question": "Is it kind?", "low": "", "high": "one feels at home",
    }  # fmt: skip


def test_a_demonstration_is_read_where_it_was_written(house: House, visit: Visit) -> None:
    """What follows a conversation is shown after it, whole."""
    form = {
        "fields": [{"name": "talk", "show": "chat"}],
        "questions": [{"name": "next", "title": "Write what comes next", "task": {"type": "chat", "field": "talk"}}],
    }
    project = house.project([], form, overlap=1)
    talk = [{"role": "user", "content": "My teapot came without its lid."}]
    house.load(project, [{"talk": json.dumps(talk)} for _ in range(2)])
    before = house.boss.call("GET", f"/projects/{project}")["quality"]
    house.boss.call("PATCH", f"/projects/{project}", {"quality": before | {"review": 1, "gold": False}})
    ann, bob = (house.annotator(project, name) for name in ("Ann", "Bob"))
    words = "I am sorry to hear that.\n\n" + "A new lid leaves us today. " * 30 + "THE END"
    for one in _next(ann, project):
        _send(ann, project, one["id"], {"next": [{"role": "assistant", "content": words}]})
    page = work(visit(bob), house, project)
    expect(page.locator("article[data-item]")).to_contain_text("My teapot came without its lid.")
    expect(shown(page)).to_contain_text("I am sorry to hear that.")
    expect(shown(page).get_by_text("THE END")).to_be_visible()
    picture(page, "demonstration")
    for screen in SCREENS:
        check(page, screen)
