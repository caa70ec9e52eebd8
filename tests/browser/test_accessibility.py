"""Every page meets WCAG 2.2 AA as far as axe can tell: empty and full, light and dark, wide and on a phone."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import playwright.sync_api
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.people import FORM, House, Somebody

pytestmark = pytest.mark.browser
Visit = Callable[..., Page]
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
WIDE = {"viewport": {"width": 1400, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
SCREENS = {
    "wide, light": WIDE | {"color_scheme": "light"},
    "wide, dark": WIDE | {"color_scheme": "dark"},
    "phone, light": PHONE | {"color_scheme": "light"},
    "phone, dark": PHONE | {"color_scheme": "dark"},
}
PATIENCE = 30.0


@dataclass
class Place:
    """A house with a project that is empty and one with some work in it."""

    house: House
    empty: int
    full: int
    grace: Somebody


@pytest.fixture(scope="module")
def place(house: House) -> Place:
    tone = {
        "name": "tone",
        "title": "How does it sound?",
        "task": {"type": "choice", "classes": [{"value": "calm"}, {"value": "angry"}]},
    }
    form = {"fields": [{"name": "text", "show": "markdown"}], "questions": [*FORM["questions"], tone]}
    empty = house.project(texts=[], form=FORM, name="Empty", guideline="")
    full = house.project(texts=[f"**Message** {n}" for n in range(90)], form=form, name="Full", overlap=2)
    people = [house.annotator(full, name) for name in ("Grace", "Katherine")]
    for number, somebody in enumerate(people):
        judge(somebody, full, number)
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        overview = house.boss.call("GET", f"/projects/{full}/overview")
        if overview["agreement"] and overview["through_seq"] == overview["latest_seq"]:
            break
        time.sleep(0.3)
    house.invitation(full)
    return Place(house, empty, full, people[0])


def judge(somebody: Somebody, project: int, salt: int) -> None:
    """Answer ten items over HTTP."""
    work = somebody.call("POST", f"/projects/{project}/next", {"count": 10})
    for number, assignment in enumerate(work["assignments"]):
        kind = ("money", "parcel")[(number + (salt and number % 4 == 0)) % 2]
        submit = {
            "id": f"{salt}-{project}-{number}",
            "assignment": assignment["id"],
            "kind": "answer",
            "answers": {"request": kind, "tone": "calm"},
            "seconds": 3.0,
            "form_version": work["form_version"],
            "guideline_version": work["guideline_version"],
        }
        somebody.call("POST", f"/projects/{project}/submits", submit)


def check(page: Page, what: str) -> None:
    """No violation, and nothing wider than the screen."""
    page.wait_for_function("() => !document.querySelector('main [aria-busy=true]')")
    page.wait_for_timeout(250)
    page.wait_for_function("() => !document.querySelector('main [aria-busy=true]')")
    response = Axe().run(page, options=RULES).response
    found = [(v["id"], v["help"], [n["html"][:160] for n in v["nodes"]][:4]) for v in response["violations"]]
    assert found == [], f"{what}: {found}"
    wide = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide[0] <= wide[1], f"{what}: the page is {wide[0]} px wide on a screen of {wide[1]}"


@pytest.mark.parametrize("screen", SCREENS, ids=lambda name: name.replace(", ", "-"))
def test_the_lead_s_pages(place: Place, visit: Visit, screen: str) -> None:
    page = visit(place.house.boss, **SCREENS[screen])
    parts = ("", "/items", "/people", "/import", "/settings", "/me", "/work")
    paths = ["/", "/new", "/account", "/nowhere"]
    paths += [f"/p/{project}{part}" for project in (place.full, place.empty) for part in parts]
    for path in paths:
        page.goto(place.house.url + path)
        page.locator("main").wait_for()
        check(page, f"{path}, {screen}")


@pytest.mark.parametrize("screen", SCREENS, ids=lambda name: name.replace(", ", "-"))
def test_doors(place: Place, visit: Visit, screen: str) -> None:
    page = visit(None, **SCREENS[screen])
    page.goto(f"{place.house.url}/signin")
    page.get_by_role("heading", name="Sign in").wait_for()
    check(page, f"sign-in, {screen}")
    page.goto(f"{place.house.url}/link#nothing")
    page.get_by_role("heading", name="This link does not work").wait_for()
    check(page, f"broken link, {screen}")
    page.goto(place.house.invitation(place.full))
    page.get_by_label("Your name").fill(f"Barbara {screen}")
    check(page, f"invitation, {screen}")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="I have read this").wait_for()
    check(page, f"notice, {screen}")
    page.get_by_role("button", name="I have read this").click()
    page.locator("[data-item]").wait_for()
    check(page, f"workbench, {screen}")


def open_dialog(page: Any, key: str) -> None:
    """Press the key once it is listened to: a busy machine draws the item before that, and closes dialogs late."""
    for _ in range(5):
        page.keyboard.press(key)
        with contextlib.suppress(playwright.sync_api.TimeoutError):
            page.get_by_role("dialog").wait_for(timeout=3000)
            return
    pytest.fail(f"{key} opens no dialog")


@pytest.mark.parametrize("screen", ["wide, light", "phone, dark"], ids=lambda name: name.replace(", ", "-"))
def test_dialogs_strips_and_errors(place: Place, visit: Visit, screen: str) -> None:
    house = place.house
    page = visit(house.boss, **SCREENS[screen])
    page.goto(f"{house.url}/p/{place.full}/work")
    page.locator("[data-item]").wait_for()
    for key in "g?":
        open_dialog(page, key)
        check(page, f"dialog {key}, {screen}")
        page.keyboard.press("Escape")
    page.get_by_role("button", name="More").click()
    check(page, f"menu, {screen}")
    page.keyboard.press("Escape")
    page.context.set_offline(True)
    page.keyboard.press("1")
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    page.wait_for_timeout(200)
    check(page, f"offline, {screen}")
    page.context.set_offline(False)
    page.goto(f"{house.url}/new")
    page.get_by_role("button", name="Blank form").click()
    page.get_by_role("button", name="Add a question").click()
    page.get_by_label("Preview of the workbench").get_by_text("The answers as they are stored").click()
    check(page, f"the designer, {screen}")
    for kind in ("Choices", "Rating", "Text"):
        page.get_by_label("Types of question").get_by_role("button", name=kind, exact=True).click()
        page.get_by_role("button", name="Add a question").click()
    for summary in page.get_by_text("Settings", exact=True).all():
        if not summary.evaluate("e => e.parentElement.open"):
            summary.click()
    page.get_by_label("nested").first.check()
    page.get_by_label("stored names").first.check()
    page.get_by_role("button", name="Create the project").click()
    check(page, f"a form with errors, {screen}")
    page.goto(f"{house.url}/p/{place.full}")
    page.get_by_role("button", name="Export").last.click()
    page.get_by_role("dialog").wait_for()
    check(page, f"export, {screen}")
    page.goto(f"{house.url}/p/{place.empty}/import")
    rows = "id,text,picture\n1,Hello,a.png\n"
    page.locator("input[type=file]").set_input_files({"name": "t.csv", "mimeType": "text/csv", "buffer": rows.encode()})
    page.get_by_role("button", name="Import 1 item").wait_for()
    check(page, f"mapping, {screen}")


def test_right_to_left_pages_hold_together(place: Place, visit: Visit) -> None:
    page = visit(place.grace, viewport={"width": 390, "height": 844})
    for part in ("/work", "/me"):
        page.goto(f"{place.house.url}/p/{place.full}{part}")
        page.locator("main").wait_for()
        page.evaluate("document.documentElement.dir = 'rtl'")
        check(page, f"{part} from right to left")


def test_focus_moves_to_the_heading_of_a_new_page(place: Place, visit: Visit) -> None:
    page = visit(place.house.boss)
    page.goto(f"{place.house.url}/p/{place.full}")
    page.get_by_role("link", name="People", exact=True).click()
    page.wait_for_function("() => document.querySelector('h1:focus')?.textContent === 'People'")
    assert "People" in page.title()
