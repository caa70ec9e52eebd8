"""What follows from gold, as people live it: one answers at random, is set aside, disagrees, and is heard; two honest
ones are left in peace."""

from __future__ import annotations

import json
import os
import random
import re
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from goldwork.store.database import Database
from tests.browser.people import CLASSES, House, Somebody, join
from tests.browser.server import begin_server
from tests.browser.test_accessibility import SCREENS, check
from tests.core import findings
from tests.gold import add_gold

pytestmark = pytest.mark.browser
Visit = Callable[..., Page]
GOLD = ("money", "parcel")
"""Classes that gold is of: about these everybody honest agrees."""
ITEMS, TESTS = 96, 60
PATIENCE = 30.0
SHOTS = os.environ.get("GOLDWORK_SHOTS", "")
"""A folder for pictures of the screens, to be looked at."""


def truth(text: str) -> str:
    """Messages say what they want."""
    return text.partition(" about ")[2]


def honest(text: str, _chance: random.Random) -> str:
    return truth(text)


def by_another_norm(text: str, _chance: random.Random) -> str:
    """What others call a change is something else to them, and the other way around."""
    said = truth(text)
    return {"change": "other", "other": "change"}.get(said, said)


def at_random(_text: str, chance: random.Random) -> str:
    return chance.choice(CLASSES)


@dataclass
class Place:
    """A project, its people, and the database behind it."""

    house: House
    database: Database
    project: int
    rana: Somebody
    nora: Somebody

    def state(self, name: str) -> dict[str, Any]:
        """What the engine knows of somebody."""
        query = sa.text(
            "SELECT s.body FROM annotator_state s JOIN annotator a ON a.id = s.annotator"
            " JOIN account c ON c.id = a.account WHERE c.name = :name AND s.project = :project"
        )
        with self.database.read() as connection:
            found = connection.execute(query, {"name": name, "project": self.project}).scalar_one()
        return dict(json.loads(found))

    def decided(self, name: str) -> list[str]:
        """Kinds of decisions about somebody, the first first."""
        rows = self.house.boss.call("GET", f"/projects/{self.project}/decisions?about=annotator&limit=200")["rows"]
        return [row["kind"] for row in reversed(rows) if row["name"] == name]

    def wait(self, what: str, until: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while not until():
            assert time.monotonic() < end, f"{what}: not after {PATIENCE} s"
            time.sleep(0.2)


def judge(who: Somebody, project: int, answer: Callable[[str, random.Random], str], seconds: float, most: int) -> int:
    """Judge over HTTP until there is nothing more, or `most` are done. Returns how many."""
    chance, done = random.Random(7), 0
    while done < most:
        work = who.call("POST", f"/projects/{project}/next", {"count": 5})
        if not work["assignments"]:
            return done
        for held in work["assignments"]:
            sent = {"id": secrets.token_hex(8), "assignment": held["id"], "kind": "answer", "seconds": seconds}
            sent |= {"form_version": work["form_version"], "guideline_version": work["guideline_version"]}
            sent |= {"answers": {"request": answer(held["fields"]["text"], chance)}}
            who.call("POST", f"/projects/{project}/submits", sent)
            done += 1
    return done


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("oversight")
    server = begin_server(folder)
    more = {"email": "ada@example.org", "password": "correct horse battery"}
    house = House(server.url, join(server.url, server.first_link, "Ada", **more))
    database = Database(str(folder / "goldwork.db"))
    yield furnish(house, database)
    database.close()
    house.close()
    server.end()


def furnish(house: House, database: Database) -> Place:
    """A project with gold and work, judged by an honest one, a slow one, one by another norm and one at random."""
    project = house.project(texts=[f"Message {n} about {CLASSES[n % 4]}" for n in range(ITEMS)], overlap=3)
    answers = [GOLD[n % 2] for n in range(TESTS)]
    texts = [f"Message {1000 + n} about {answer}" for n, answer in enumerate(answers)]
    with database.write() as connection:
        add_gold(connection, database, project, answers, question="request", texts=texts)
    grace, slow, norm, rana = (house.annotator(project, name) for name in ("Grace", "Sloane", "Norma", "Rana"))
    nora = house.annotator(project, "Nora", "manager")
    judge(rana, project, at_random, 1.5, 150)  # first: 96 items and the gold among them are enough to be found out
    judge(grace, project, honest, 4.0, 80)
    judge(slow, project, honest, 90.0, 60)
    judge(norm, project, by_another_norm, 5.0, 80)
    return Place(house, database, project, rana, nora)


def test_what_follows_from_gold(place: Place, visit: Visit) -> None:
    house, project = place.house, place.project
    assert place.decided("Rana")[:2] == ["warn", "quarantine"]
    for name in ("Grace", "Sloane", "Norma"):  # gold says nothing against them, whatever others say: a look at most
        assert set(place.decided(name)) <= {"watch"}
        number, right = place.state(name)["gold"]
        assert number > 5
        assert right == 1000 * number
        assert {"out", "teach"}.isdisjoint(place.state(name))
    aside = sa.text("SELECT count(*) FROM event WHERE kind = 'reweighed'")

    def swept() -> bool:
        with place.database.read() as connection:
            return bool(connection.execute(aside).scalar_one())

    place.wait("the items were reconsidered", swept)
    assert place.state("Rana")["teach"] == 1

    # The manager reads the evidence and decides.
    boss = visit(house.boss)
    boss.goto(f"{house.url}/p/{project}/oversight")
    boss.get_by_role("button", name="Evidence: Set aside, Rana").click()
    dialog = boss.get_by_role("dialog")
    rows = dialog.locator("tbody tr")
    expect(rows).to_have_count(
        place.house.boss.call("GET", newest(place, "quarantine"))["decision"]["evidence"]["gold"]
    )
    known = truth(rows.first.locator("p").first.inner_text())
    expect(rows.first.locator("td").nth(3)).to_have_text(known.title())
    dialog.get_by_role("button", name="Decide").click()
    expect(dialog.get_by_text("Say why")).to_be_visible()
    dialog.get_by_label("It stands").check()
    dialog.get_by_label("Why").fill("No better than chance.")
    dialog.get_by_role("button", name="Decide").click()
    expect(dialog.get_by_text("decided that it stands")).to_be_visible()

    # She sees what was decided about her, without which items were gold, and disagrees.
    hers = visit(place.rana)
    hers.goto(f"{house.url}/p/{project}/me")
    mine = hers.get_by_test_id("my-decisions")
    expect(mine.get_by_text("set aside until you have gone through a short lesson")).to_be_visible()
    expect(mine.get_by_text("No better than chance.")).to_be_visible()
    expect(mine).not_to_contain_text("Message")
    check(hers, "one's own decisions")
    mine.get_by_role("button", name="I disagree: Set aside").click()
    hers.get_by_role("dialog").get_by_label("What is wrong").fill("The buttons were in another order on my phone.")
    hers.get_by_role("dialog").get_by_role("button", name="Send").click()
    expect(mine.get_by_text("in another order on my phone")).to_be_visible()
    expect(mine.get_by_role("button", name="I disagree: Set aside")).to_have_count(0)

    # Who decided does not answer.
    boss.keyboard.press("Escape")
    boss.goto(f"{house.url}/p/{project}/oversight")
    waits = boss.get_by_role("region", name="What waits for a person?")
    expect(waits.get_by_text("disagrees")).to_be_visible()
    waits.get_by_role("button", name="Evidence: Set aside, Rana").click()
    dialog.get_by_label("Overrule it").check()
    dialog.get_by_label("Why").fill("I have thought again.")
    dialog.get_by_role("button", name="Decide").click()
    expect(dialog.get_by_text("answered by another person")).to_be_visible()

    # Another manager reverses it, and her work counts again.
    other = visit(place.nora)
    other.goto(f"{house.url}/p/{project}/oversight")
    other.get_by_role("region", name="What waits for a person?").get_by_role(
        "button", name="Evidence: Set aside"
    ).click()
    dialog = other.get_by_role("dialog")
    expect(dialog.get_by_text("in another order on my phone")).to_be_visible()
    dialog.get_by_label("Overrule it").check()
    dialog.get_by_label("Why").fill("The log of her phone says so too.")
    dialog.get_by_role("button", name="Decide").click()
    expect(dialog.get_by_text("overruled it")).to_be_visible()
    other.keyboard.press("Escape")
    expect(
        other.get_by_text("Nothing waits for you.").or_(other.get_by_text("looked at more closely").first)
    ).to_be_visible()
    place.wait("her work counts again", lambda: weighs(place))
    assert {"out", "teach", "evidence"}.isdisjoint(place.state("Rana"))
    hers.reload()
    expect(mine.get_by_text("All that you judged counts again.")).to_be_visible()
    assert findings(place.database) == []


def newest(place: Place, kind: str) -> str:
    """The address of the latest decision of a kind."""
    row = place.house.boss.call("GET", f"/projects/{place.project}/decisions?kind={kind}")["rows"][0]
    return f"/projects/{place.project}/decisions/{row['seq']}?number={row['number']}"


def weighs(place: Place) -> bool:
    """Whether her answer weighs on every item that Rana and others judged, and none wants more than is asked for."""
    query = sa.text(
        "SELECT i.wanted, i.taken, s.body, a.annotator FROM assignment a JOIN item i ON i.id = a.item"
        " JOIN item_state s ON s.item = i.id JOIN annotator n ON n.id = a.annotator JOIN account c ON c.id = n.account"
        " WHERE c.name = 'Rana' AND a.project = :project AND a.purpose = 'work' AND a.state = 'done'"
    )
    with place.database.read() as connection:
        rows = connection.execute(query, {"project": place.project}).all()
    assert len(rows) > 10
    shared = [row for row in rows if row.taken > 1]  # nothing is learned from an answer that stands alone
    return all(row.wanted == 3 for row in rows) and all(f"[{row.annotator}," in row.body for row in shared)


@pytest.mark.parametrize("screen", SCREENS, ids=lambda name: name.replace(", ", "-"))
def test_everybody_can_use_it(place: Place, visit: Visit, screen: str) -> None:
    house = place.house
    page = visit(house.boss, **SCREENS[screen])
    page.goto(f"{house.url}/p/{place.project}/oversight")
    page.get_by_role("heading", name="Who?").wait_for()
    expect(page.get_by_role("img", name="Rana:")).to_be_visible()
    check(page, f"oversight, {screen}")
    page.get_by_role("button", name="Decisions about Rana").click()
    expect(page.get_by_text("About Rana alone.")).to_be_visible()
    page.get_by_role("button", name="Evidence: Warned, Rana").click()
    page.get_by_role("dialog").get_by_role("heading", name="The gold items").wait_for()
    check(page, f"evidence, {screen}")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Show all").click()
    page.get_by_label("Show").select_option("complete")
    page.get_by_role("button", name="Evidence: Complete").first.click()
    page.get_by_test_id("item-answers").wait_for()
    check(page, f"an item's evidence, {screen}")


def trending(page: Page) -> None:
    """Days whose figures are given here: what a day's are is the server's own matter."""

    def known(value: float, half: float = 0.05) -> dict[str, float]:
        return {"value": value, "low": value - half, "high": min(1.0, value + half)}

    unknown = {"value": None, "low": None, "high": None}
    days = []
    for n in range(9):
        day: dict[str, Any] = {"day": f"2026-11-{12 + n:02}", "gold": 40 + n, "right": known(0.78 + 0.02 * n)}
        day |= {"measured": 50 * n, "audited": 4 * n, "confidence": 0.86 + 0.01 * n}
        day |= {"audits": known(0.9, 0.2 - 0.02 * n) if n > 3 else unknown, "agreement": known(0.5 + 0.03 * n, 0.08)}
        days.append(day)
    days[4] |= {"right": unknown, "gold": 0}

    def fulfil(route: Any) -> None:
        said = route.fetch().json()
        route.fulfill(json=said | {"quality": said["quality"] | {"trend": days}})

    page.route("**/api/projects/*/oversight", fulfil)


@pytest.mark.parametrize("screen", SCREENS, ids=lambda name: name.replace(", ", "-"))
def test_how_good_it_is_day_by_day(place: Place, visit: Visit, screen: str) -> None:
    page = visit(place.house.boss, **SCREENS[screen])
    trending(page)
    page.goto(f"{place.house.url}/p/{place.project}/oversight")
    gold = page.get_by_role("img", name=re.compile("^Gold of the day: "))
    expect(gold).to_have_attribute("aria-label", re.compile(r"12 Nov.*78\s%.*20 Nov.*94\s%"))
    assert gold.locator("circle").count() == 8  # nobody answered gold on one of the nine days
    audits = page.get_by_role("img", name=re.compile("^Blind audits so far: "))
    assert audits.locator("circle").count() == audits.locator(".ci").count() == 5
    expect(page.get_by_role("img", name=re.compile("^Mean confidence of closed items: ")).locator(".ci")).to_have_count(
        0
    )
    expect(page.get_by_role("img", name=re.compile("^Agreement beyond chance: .*0?\\.74$"))).to_be_visible()
    check(page, f"day by day, {screen}")
    if SHOTS:
        page.get_by_role("heading", name="How good is it?").scroll_into_view_if_needed()
        page.locator("section:has(#good)").screenshot(path=f"{SHOTS}/trend-{screen.replace(', ', '-')}.png")


def test_nothing_decided_yet(place: Place, visit: Visit) -> None:
    empty = place.house.project(texts=[], name="Empty")
    page = visit(place.house.boss)
    page.goto(f"{place.house.url}/p/{empty}/oversight")
    expect(page.get_by_role("heading", name="Nothing decided yet")).to_be_visible()
    check(page, "no decisions")


def test_the_evidence_is_a_table(place: Place, visit: Visit, tmp_path: Path) -> None:
    page = visit(place.house.boss)
    page.goto(f"{place.house.url}/p/{place.project}/oversight")
    with page.expect_download() as download:
        page.get_by_role("link", name="All gold results").click()
    download.value.save_as(tmp_path / "evidence.csv")
    lines = (tmp_path / "evidence.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "annotator,seq,item,score,floor,stratum"
    assert len(lines) > 30
