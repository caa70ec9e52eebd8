"""Gold in the browser: drawn, voted on by two who do not see each other, decided, corrected, retired."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.people import House, Somebody
from tests.browser.test_accessibility import SCREENS, check

pytestmark = pytest.mark.browser
Visit = Callable[..., Page]


def vote(page: Page, answers: list[str]) -> None:
    """Answer the drafts one by one."""
    for left, answer in zip(range(len(answers), 0, -1), answers, strict=True):
        page.get_by_text(f"{left} item{'s' if left > 1 else ''} to vote on").wait_for()
        page.get_by_role("button", name=answer, exact=True).or_(page.get_by_role("radio", name=answer)).first.click()
        page.get_by_role("button", name="Vote", exact=True).click()


def test_from_a_sample_to_gold(house: House, visit: Visit) -> None:
    project = house.project(texts=[f"My parcel {n} did not come" for n in range(8)])
    expert = house.annotator(project, "Bea", role="adjudicator")
    page = visit(house.boss)
    page.goto(f"{house.url}/p/{project}")
    page.get_by_role("link", name="Gold", exact=True).click()
    page.get_by_role("heading", name="No gold yet").wait_for()
    check(page, "empty")
    page.get_by_role("button", name="Draw a sample").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("How many items").fill("3")
    check(page, "drawing")
    dialog.get_by_role("button", name="Draw them").click()
    vote(page, ["Parcel", "Parcel", "Parcel"])
    page.get_by_text("3 items of yours wait for a second expert").wait_for()
    other = visit(expert)
    other.goto(f"{house.url}/p/{project}/gold")
    other.get_by_text("3 items to vote on").wait_for()
    for left, key in ((3, "2"), (2, "2"), (1, "1")):
        other.get_by_text(f"{left} item{'s' if left > 1 else ''} to vote on").wait_for()
        chosen = other.locator(f'button[aria-keyshortcuts="{key}"]')
        expect(chosen).to_have_attribute("aria-pressed", "false")  # drawn, and without the last one's answer
        other.keyboard.press(key)
        expect(chosen).to_have_attribute("aria-pressed", "true")
        other.keyboard.press("Enter")
    other.get_by_role("heading", name="Where do the two experts differ?").wait_for()
    check(other, "split")
    page.reload()
    page.get_by_role("button", name="Decide").click()
    page.get_by_text("Bea: Money").get_by_role("button", name="take this").click()
    check(page, "deciding")
    dialog.get_by_role("button", name="This is right").click()
    expect(page.get_by_role("row")).to_have_count(4)
    expect(page.get_by_text("3 in use")).to_be_visible()
    rows = house.boss.call("GET", f"/projects/{project}/gold")["rows"]
    assert sorted(row["answers"]["request"][0] for row in rows) == ["money", "parcel", "parcel"]
    assert all(row["drawn"] for row in rows)

    page.get_by_role("button", name="Correct").first.click()
    dialog.get_by_role("button", name="Change", exact=True).or_(
        dialog.get_by_role("radio", name="Change")
    ).first.click()
    dialog.get_by_label("Why it is corrected").fill("It asks to change the address.")
    dialog.get_by_role("button", name="Correct it").click()
    page.get_by_role("row").filter(has_text="Change").wait_for()

    page.get_by_role("button", name="Retire").first.click()
    dialog.get_by_role("button", name="Retire it").click()
    dialog.get_by_text("Say why").wait_for()
    dialog.get_by_label("Why").fill("It was shown in an appeal.")
    check(page, "retiring")
    dialog.get_by_role("button", name="Retire it").click()
    expect(page.get_by_role("row")).to_have_count(3)
    page.get_by_label("Show").select_option("retired")
    page.get_by_text("It was shown in an appeal.").wait_for()


def test_an_answer_is_written_and_settled_items_are_asked_for(house: House, visit: Visit) -> None:
    project = house.project(texts=[])
    page = visit(house.boss)
    page.goto(f"{house.url}/p/{project}/gold")
    expect(page.get_by_role("link", name="Import items")).to_be_visible()
    house.bring(project, [{"id": f"m{n}", "text": f"Message {n}"} for n in range(3)], id="id")
    page.reload()
    page.get_by_role("button", name="Write an answer").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("The item’s own id").fill("m7")
    dialog.get_by_role("button", name="Show it").click()
    dialog.get_by_text("no open item 'm7'").wait_for()
    dialog.get_by_label("The item’s own id").fill("m1")
    dialog.get_by_role("button", name="Show it").click()
    dialog.get_by_text("Message 1").wait_for()
    for answer in ("Money", "Parcel"):
        dialog.get_by_role("button", name=answer, exact=True).or_(
            dialog.get_by_role("radio", name=answer)
        ).first.click()
        if answer == "Money":
            dialog.get_by_role("button", name="Another answer is right too").click()
    check(page, "writing")
    dialog.get_by_role("button", name="Make it gold").click()
    page.get_by_role("row").filter(has_text="Message 1").wait_for()
    [row] = house.boss.call("GET", f"/projects/{project}/gold")["rows"]
    assert sorted(row["answers"]["request"]) == ["money", "parcel"]
    page.get_by_role("button", name="Write an answer").click()
    dialog.get_by_label("What for").select_option("trap")
    dialog.get_by_role("button", name="write it").click()
    dialog.get_by_label("The item’s own id").fill("check 1")
    dialog.get_by_label("text").fill("Press Other, please.")
    dialog.get_by_role("button", name="Other", exact=True).or_(dialog.get_by_role("radio", name="Other")).first.click()
    check(page, "attention check")
    dialog.get_by_role("button", name="Make it gold").click()
    page.get_by_role("row").filter(has_text="Press Other").get_by_text("attention check").wait_for()
    page.get_by_role("button", name="From a file").click()
    table = {"name": "gold.csv", "mimeType": "text/csv", "buffer": b"item,request\nm0,parcel\nm2,nothing\n"}
    check(page, "from a file")
    page.get_by_label("A table of gold").set_input_files(table)  # type: ignore[arg-type]
    dialog.get_by_text("nothing was imported").first.wait_for()
    page.get_by_label("A table of gold").set_input_files(table | {"buffer": b"item,request\nm0,parcel\n"})  # type: ignore[arg-type]
    page.get_by_role("row").filter(has_text="Message 0").wait_for()
    page.get_by_role("button", name="Take settled items").click()
    dialog.get_by_label("Their own ids").fill("m2")
    dialog.get_by_role("button", name="Make them gold").click()
    dialog.get_by_text("no expert has settled item 'm2'").wait_for()


def judge_all(somebody: Somebody, project: int, answer: str) -> None:
    """Give one answer to everything that is there, gold among it."""
    while held := (work := somebody.call("POST", f"/projects/{project}/next", {"count": 20}))["assignments"]:
        for one in held:
            sent = {"id": one["id"], "assignment": one["id"], "kind": "answer", "answers": {"request": answer}}
            versions = {name: work[name] for name in ("form_version", "guideline_version")}
            somebody.call("POST", f"/projects/{project}/submits", sent | versions | {"seconds": 2.0})


@pytest.mark.parametrize("screen", SCREENS, ids=lambda name: name.replace(", ", "-"))
def test_on_every_screen(house: House, visit: Visit, screen: str) -> None:
    project = house.project(texts=[f"Where is parcel {n}, which I ordered two weeks ago?" for n in range(12)])
    expert = house.annotator(project, "Bea", role="adjudicator")
    house.boss.call("POST", f"/projects/{project}/gold/draws", {"count": 6})
    drafts = house.boss.call("GET", f"/projects/{project}/gold?in_state=draft")["rows"]
    for place, row in enumerate(drafts[:5]):
        for who, answer in ((house.boss, "parcel"), (expert, "parcel" if place < 3 else "money")):
            path = f"/projects/{project}/gold/{row['item']}/vote"
            who.call("PUT", path, {"answers": {"request": answer}, "reason": "It asks where it is."})
    for number in range(3):
        judge_all(house.annotator(project, f"Grace {number}"), project, "money" if number else "parcel")
    page = visit(house.boss, **SCREENS[screen])
    page.goto(f"{house.url}/p/{project}/gold")
    page.get_by_role("heading", name="How does the gold hold?").wait_for()
    expect(page.get_by_role("row")).to_have_count(4)
    check(page, screen)


def test_who_annotates_does_not_get_there(house: House, visit: Visit) -> None:
    project = house.project()
    page = visit(house.annotator(project, "Grace"))
    page.goto(f"{house.url}/p/{project}/gold")
    page.get_by_role("heading", name="My work").wait_for()
    expect(page.get_by_role("link", name="Gold", exact=True)).to_have_count(0)
