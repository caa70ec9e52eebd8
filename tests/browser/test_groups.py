"""People say what they are, or do not, and take it back; the lead compares groups and never sees who said what."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.people import FORM, House, Somebody
from tests.browser.test_accessibility import SCREENS, check

pytestmark = pytest.mark.browser
Visit = Callable[..., Page]

REGIONS = ("north", "south", "elsewhere")
TEXTS = [f"Message number {number}: where is my money?" for number in range(6)]
WHY = "To see whether people from different places read the same words differently."


@dataclass
class Crowd:
    """A project whose people said where they are from: twelve north, twelve south, two elsewhere."""

    house: House
    project: int
    attribute: int
    people: list[Somebody]


def ask(house: House, project: int) -> int:
    """Define the attribute over HTTP."""
    asked = {"name": "Region", "question": "Where did you grow up?", "options": list(REGIONS), "why": WHY}
    made: int = house.boss.call("POST", f"/projects/{project}/attributes", asked)["id"]
    return made


def judge(somebody: Somebody, project: int, number: int, *, north: bool) -> None:
    """Everybody says parcel, one in four money; the north reads message 0 as about change, but for one of them."""
    work = somebody.call("POST", f"/projects/{project}/next", {"count": len(TEXTS)})
    for assignment in work["assignments"]:
        item = int(assignment["fields"]["text"].split()[2].rstrip(":"))
        kind = "money" if (number + item) % 4 == 0 else "parcel"
        if item == 0:
            kind = "change" if (number % 12 != 11) == north else "parcel" if number % 6 else "change"
        body = {
            "id": f"{number}-{item}",
            "assignment": assignment["id"],
            "kind": "answer",
            "answers": {"request": kind},
            "seconds": 2.0,
            "form_version": work["form_version"],
            "guideline_version": work["guideline_version"],
        }
        somebody.call("POST", f"/projects/{project}/submits", body)


def gather(house: House, sizes: dict[str, int]) -> Crowd:
    project = house.project(texts=TEXTS, form=FORM, name="Support tickets", overlap=sum(sizes.values()))
    attribute = ask(house, project)
    people = []
    for region, size in sizes.items():
        for number in range(size):
            people.append(house.annotator(project, f"{region.title()} {number}"))
            say(people[-1], project, attribute, region)
            judge(people[-1], project, number, north=region == "north")
    return Crowd(house, project, attribute, people)


def say(somebody: Somebody, project: int, attribute: int, value: str) -> None:
    somebody.call("PUT", f"/projects/{project}/attributes/{attribute}/answer", {"value": value, "agreed": True})


@pytest.fixture(scope="module")
def crowd(house: House) -> Crowd:
    return gather(house, {"north": 12, "south": 12, "elsewhere": 2})


def test_the_lead_asks_and_somebody_answers_refuses_and_takes_back(house: House, visit: Visit) -> None:
    project = house.project(texts=TEXTS)
    grace = house.annotator(project)
    lead = visit(house.boss)
    lead.goto(f"{house.url}/p/{project}/settings")
    lead.get_by_role("button", name="Ask something about the people").click()
    lead.get_by_role("button", name="Ask this").click()
    expect(lead.get_by_text("Say why: people decide by it")).to_be_visible()
    lead.get_by_label("Short name").fill("Region")
    lead.get_by_label("What people are asked").fill("Where did you grow up?")
    lead.get_by_label("What they may answer").fill("north\nnorth")
    expect(lead.get_by_text("One answer stands twice.")).to_be_visible()
    lead.get_by_label("What they may answer").fill("north\n\nsouth\n")
    lead.get_by_label("Why it is asked").fill(WHY)
    lead.get_by_role("button", name="Ask this").click()
    expect(lead.get_by_text("north · south")).to_be_visible()

    page = visit(grace)
    page.goto(f"{house.url}/p/{project}/me")
    expect(page.get_by_text(WHY)).to_be_visible()
    expect(page.get_by_text("I agree that this answer is kept")).to_have_count(0)
    page.get_by_label("north").check()
    expect(page.get_by_text("I agree that this answer is kept")).to_be_visible()
    page.get_by_role("button", name="I would rather not say").click()
    expect(page.get_by_label("north")).not_to_be_checked()
    assert mine(grace, project) is None, "a refusal leaves nothing"
    page.get_by_label("south").check()
    page.get_by_role("button", name="I agree, keep my answer").click()
    expect(page.get_by_text("You said south")).to_be_visible()
    assert mine(grace, project) == "south"
    page.reload()
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_label("south")).to_be_visible()
    assert mine(grace, project) is None

    lead.get_by_role("button", name="Remove Region").click()
    lead.get_by_role("button", name="Remove it and the answers").click()
    expect(lead.get_by_text("north · south")).to_have_count(0)
    page.reload()
    expect(page.get_by_role("heading", name="My work")).to_be_visible()
    expect(page.get_by_text("About you, if you like")).to_have_count(0)


def mine(somebody: Somebody, project: int) -> Any:
    [asked] = somebody.call("GET", f"/projects/{project}/attributes")["attributes"]
    return asked["mine"]


def test_groups_side_by_side_without_anybody(crowd: Crowd, visit: Visit) -> None:
    house, project = crowd.house, crowd.project
    page = visit(house.boss)
    heard: list[str] = []
    page.on("response", lambda answer: heard.append(answer.text()) if "/groups" in answer.url else None)
    page.goto(f"{house.url}/p/{project}")
    section = page.locator("section").filter(has=page.get_by_role("heading", name="Do groups see it differently?"))
    section.get_by_role("button", name="Compare the groups").click()
    # two people are elsewhere: they are hidden, and with them the smaller of the others, or they could be subtracted
    expect(section.get_by_text(re.compile(r"^(north|south) 12; 14 people in no group shown$"))).to_be_visible(
        timeout=30_000
    )
    expect(section.get_by_role("button", name="Compare them anew")).to_be_disabled()
    expect(section.get_by_text("closer together, they could tell")).to_be_visible()
    assert heard
    assert not any("elsewhere" in text for text in heard), "a group of two is named"
    names = [one["pseudonym"] for one in house.boss.call("GET", f"/projects/{project}/overview")["people"]]
    assert not any(name in text for name in names for text in heard)


def test_named_differences_and_what_is_taken_back(house: House, visit: Visit) -> None:
    made = gather(house, {"north": 12, "south": 12})
    page = visit(house.boss)
    page.goto(f"{house.url}/p/{made.project}")
    section = page.locator("section").filter(has=page.get_by_role("heading", name="Do groups see it differently?"))
    section.get_by_role("button", name="Compare the groups").click()
    expect(section.get_by_text("north 12, south 12")).to_be_visible(timeout=30_000)
    first = section.get_by_role("listitem").first
    expect(first).to_contain_text("Message number 0")
    expect(first).to_contain_text("more than chance")
    expect(first.get_by_role("row", name=re.compile("^north"))).to_contain_text("90 %")
    made.people[0].call("DELETE", f"/projects/{made.project}/attributes/{made.attribute}/answer")
    page.reload()
    expect(section.get_by_text("Somebody took back what they had said")).to_be_visible()
    expect(section.get_by_text("north 12")).to_have_count(0)


@pytest.mark.parametrize("screen", SCREENS, ids=lambda name: name.replace(", ", "-"))
def test_every_part_can_be_read(crowd: Crowd, visit: Visit, screen: str) -> None:
    house, project = crowd.house, crowd.project
    if house.boss.call("GET", f"/projects/{project}/groups")["computed_at"] is None:
        house.wait(project, house.boss.call("POST", f"/projects/{project}/groups")["id"])
    page = visit(house.boss, **SCREENS[screen])
    page.goto(f"{house.url}/p/{project}")
    page.get_by_role("heading", name="Do groups see it differently?").wait_for()
    check(page, f"groups, {screen}")
    page.goto(f"{house.url}/p/{project}/settings")
    page.get_by_role("button", name="Ask something about the people").click()
    page.get_by_role("button", name="Ask this").click()
    check(page, f"defining, {screen}")
    page.get_by_role("button", name="Remove Region").click()
    check(page, f"removing, {screen}")
    page.keyboard.press("Escape")
    page = visit(crowd.people[0], **SCREENS[screen])
    page.goto(f"{house.url}/p/{project}/me")
    page.get_by_role("button", name="Take it back").wait_for()
    check(page, f"about me, given, {screen}")
    page = visit(house.boss, **SCREENS[screen])
    page.goto(f"{house.url}/p/{project}/me")
    page.get_by_label("north").check()
    check(page, f"about me, asked, {screen}")
