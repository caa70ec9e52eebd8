"""The whole loop, walked in the browser as people walk it."""

from __future__ import annotations

import csv
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.people import House
from tests.browser.server import begin_server
from tests.browser.test_workbench import press, synced

pytestmark = [pytest.mark.browser, pytest.mark.slow]
Visit = Callable[..., Page]
ITEMS = 240
OFFLINE = 200
MINUTE = 60


def truth(number: int) -> int:
    """Which class message `number` is about: the first, the second or the third."""
    return number % 3


def table(path: Path, rows: int) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["ticket", "message", "age"])
        for number in range(rows):
            words = ("my money back", "to know where my parcel is", "to change my order")[truth(number)]
            writer.writerow([f"t-{number}", f"Message {number}: I would like {words}.", 20 + number % 50])
    return path


def key_for(page: Page) -> str:
    """The right key for the message on the screen."""
    found = re.search(r"Message (\d+)", page.locator("[data-item]").inner_text())
    assert found
    return "123"[truth(int(found.group(1)))]


def walk_in(page: Page, link: str, name: str) -> float:
    """From the invitation to the first item on the screen, as somebody who has never seen it. Returns seconds."""
    started = time.monotonic()
    page.goto(link)
    page.get_by_label("Your name").fill(name)
    page.get_by_role("button", name="Start").click()
    page.get_by_role("button", name="I have read this").click()
    page.locator("[data-item]").wait_for()
    page.wait_for_timeout(50)
    press(page, key_for(page))
    return time.monotonic() - started


def test_the_loop(tmp_path: Path, visit: Visit) -> None:
    server = begin_server(tmp_path / "home")
    try:
        # The first administrator comes by the link that the server printed.
        lead = visit()
        lead.goto(server.first_link)
        lead.get_by_label("Your name").fill("Ada Lovelace")
        lead.get_by_label("E-mail").fill("ada@example.org")
        lead.get_by_label("Password").fill("correct horse battery")
        lead.get_by_role("button", name="Go in").click()
        lead.get_by_role("button", name="I have read this").click()

        # A project, with a wrong form first: the errors stand where the mend is.
        lead.get_by_role("link", name="New project").click()
        lead.get_by_role("button", name="Blank form").click()
        lead.get_by_role("button", name="Create the project").click()
        expect(lead.get_by_text("Give the project a name.")).to_be_visible()
        lead.get_by_label("Name", exact=True).fill("Support tickets")
        lead.get_by_label("Question", exact=True).fill("What does the customer want?")
        lead.get_by_label("Class 1", exact=True).click()
        lead.keyboard.type("Money back")
        for label in ("Where is my parcel", "Change an order"):
            lead.keyboard.press("Enter")
            lead.keyboard.type(label)
        expect(
            lead.get_by_label("Preview of the workbench").get_by_role("button", name="Change an order")
        ).to_be_visible()
        lead.get_by_label("Guideline").fill("# What we are after\n\nThe **main** request.")
        expect(lead.locator(".prose strong")).to_have_text("main")
        lead.get_by_role("button", name="Create the project").click()

        # Its items, columns mapped to what is shown.
        lead.wait_for_url("**/import")
        lead.get_by_role("heading", name="Import").wait_for()
        lead.locator("input[type=file]").set_input_files(table(tmp_path / "tickets.csv", ITEMS))
        expect(lead.get_by_label("Show message as")).to_have_value("text")
        lead.get_by_role("button", name=f"Import {ITEMS} items").click()
        expect(lead.get_by_text(f"{ITEMS} items imported")).to_be_visible(timeout=30_000)

        # Three people come by links of their own.
        lead.get_by_role("link", name="Invite people").click()
        links = []
        for _ in range(3):
            lead.get_by_role("button", name="Make a link").click()
            field = lead.get_by_label("Invitation link")
            expect(field).not_to_have_value(links[-1] if links else "")
            links.append(field.input_value())
        pages = []
        for link, name in zip(links, ("Grace", "Katherine", "Dorothy"), strict=True):
            pages.append(visit())
            assert walk_in(pages[-1], link, name) < MINUTE

        # One of them takes work along and loses the connection.
        away = pages[0]
        away.get_by_role("button", name="More").click()
        away.get_by_role("button", name="Take work offline").click()
        expect(away.get_by_text(f"{OFFLINE} items on this device")).to_be_visible()
        away.context.set_offline(True)
        for _ in range(OFFLINE):
            press(away, key_for(away))
        expect(away.get_by_test_id("sync")).to_contain_text(f"{OFFLINE} waiting to sync")
        expect(away.get_by_test_id("offline")).to_be_visible()
        for page in pages[1:]:
            for _ in range(40):
                press(page, key_for(page))
            synced(page)
        away.context.set_offline(False)
        synced(away)

        # The lead sees how good it is, in a sentence and on a scale, and takes the results.
        project = re.search(r"/p/(\d+)/", lead.url)
        assert project
        lead.goto(f"{server.url}/p/{project.group(1)}")
        expect(lead.get_by_role("img", name=re.compile(r"alpha 1\.00"))).to_be_visible(timeout=40_000)

        expect(lead.get_by_text(str(OFFLINE + 83), exact=True).first).to_be_visible(timeout=40_000)
        rows = export(lead, "Judgements", tmp_path)
        by_person: dict[str, list[dict[str, Any]]] = {}
        for row in rows:
            by_person.setdefault(row["annotator"], []).append(row)
        assert sorted(map(len, by_person.values())) == [41, 41, OFFLINE + 1]
        for theirs in by_person.values():
            assert len({row["item"] for row in theirs}) == len(theirs), "an item judged twice by one person"
        right = ["Money back", "Where is my parcel", "Change an order"]
        assert all(row["label"] == right[truth(int(row["item"][2:]))] for row in rows)
        merged = export(lead, "Consensus", tmp_path)
        assert all(row["label"] == right[truth(int(row["item"][2:]))] for row in merged)
    finally:
        server.end()


def export(page: Page, what: str, folder: Path) -> list[dict[str, str]]:
    """Export through the dialog."""
    page.get_by_role("button", name="Export").first.click()
    page.get_by_role("radio", name=re.compile(f"^{what}")).check()
    with page.expect_download() as download:
        page.get_by_role("button", name="Make the file").click()
    path = folder / f"{what}.csv"
    download.value.save_as(path)
    page.keyboard.press("Escape")
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


class Keyboard:
    """Somebody without a mouse."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def to(self, target: Locator) -> None:
        """Tab until the target has the focus, and see that the focus shows."""
        target.wait_for()
        for _ in range(120):
            if target.evaluate("e => e === document.activeElement"):
                outline = target.evaluate("e => getComputedStyle(e).outlineStyle")
                assert outline != "none", f"no visible focus on {target}"
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not reach {target}")

    def write(self, label: str, text: str) -> None:
        self.to(self.page.get_by_label(label, exact=True))
        self.page.keyboard.press("Control+a")
        self.page.keyboard.type(text)

    def push(self, role: Any, name: str) -> None:
        self.to(self.page.get_by_role(role, name=name, exact=True).first)
        self.page.keyboard.press("Enter")


def test_the_loop_by_keyboard_alone(house: House, visit: Visit, tmp_path: Path) -> None:
    page = visit()
    keys = Keyboard(page)
    # Listening begins long before: a browser that has just been told to hand over its dialogs may still drop one.
    page.on("filechooser", lambda chooser: chooser.set_files(table(tmp_path / "t.csv", 5)))
    page.goto(f"{house.url}/signin")
    page.get_by_role("heading", name="Sign in").wait_for()
    keys.write("E-mail", "ada@example.org")
    keys.write("Password", "correct horse battery")
    page.keyboard.press("Enter")
    keys.push("link", "New project")
    page.get_by_role("heading", name="New project").wait_for()
    keys.push("button", "Blank form")
    keys.write("Name", "By keyboard")
    keys.write("Question", "Which?")
    keys.write("Class 1", "Left")
    page.keyboard.press("Enter")
    page.keyboard.type("Right")
    keys.push("button", "Create the project")
    page.wait_for_function("() => document.activeElement.textContent === 'Import items'")
    keys.to(page.get_by_role("button", name="Choose files"))
    page.keyboard.press("Enter")
    keys.push("button", "Import 5 items")
    page.get_by_text("5 items imported").wait_for(timeout=30_000)
    keys.push("link", "Invite people")
    page.get_by_role("heading", name="People").wait_for()
    keys.push("button", "Make a link")
    link = page.get_by_label("Invitation link")
    link.wait_for()

    other = visit()
    keys = Keyboard(other)
    other.goto(link.input_value())
    other.get_by_label("Your name").wait_for()
    other.keyboard.type("Grace")  # the field has the focus
    other.keyboard.press("Enter")
    keys.push("button", "I have read this, go on")
    other.locator("[data-item]").wait_for()
    other.wait_for_timeout(50)
    press(other, "1")
    press(other, "Backspace")
    press(other, "2")
    keys.to(other.get_by_role("button", name="Left"))  # without the single keys, too
    before = other.locator("[data-item]").get_attribute("data-item")
    other.keyboard.press("Enter")
    other.wait_for_function("b => document.querySelector('[data-item]').dataset.item !== b", arg=before)
    synced(other)

    keys = Keyboard(page)
    page.keyboard.press("Home")
    keys.push("link", "Quality")
    page.get_by_role("heading", name="Who?").wait_for()
    keys.push("button", "Export")
    page.get_by_role("dialog").wait_for()
    keys.to(page.get_by_role("radio", name="Consensus"))
    page.keyboard.press("ArrowDown")
    with page.expect_download() as download:
        keys.push("button", "Make the file")
    download.value.save_as(tmp_path / "x.csv")
    with (tmp_path / "x.csv").open(newline="") as file:
        assert [row["label"] for row in csv.DictReader(file)] == ["Right", "Left"]
