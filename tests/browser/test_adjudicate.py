"""Settling items by keyboard and by fingers: what an expert sees, does, takes back; blind ones; nothing left."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, Route, expect

from goldwork.quality.policy import Policy
from goldwork.quality.queue import is_blind
from goldwork.services.log import record
from goldwork.store.database import Database
from goldwork.store.schema import item, project
from tests.browser.people import FORM, House, join
from tests.browser.server import begin_server
from tests.browser.test_accessibility import SCREENS, check

pytestmark = pytest.mark.browser
Visit = Callable[..., Page]
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
SPANS = {
    "fields": [{"name": "text", "show": "text"}],
    "questions": [
        {
            "name": "names",
            "title": "Who is named?",
            "task": {"type": "spans", "field": "text", "classes": [{"value": "person"}, {"value": "place"}]},
        }
    ],
}


TALK = {
    "fields": [{"name": "text", "show": "chat"}],
    "questions": [
        {
            "name": "talk",
            "title": "How does it go on?",
            "task": {"type": "chat", "field": "text", "mode": "write", "low": 2, "high": 2},
        }
    ],
}


@dataclass
class Court:
    """A server with projects whose items wait for an expert."""

    house: House
    database: Database

    def disputed(
        self,
        number: int = 4,
        form: Mapping[str, Any] = FORM,
        answers: Sequence[Any] = ("money", "parcel", "money"),
        blind: bool = False,
        text: str = "Ann Lee of Bath asks again, for the time number %d",
        **policy: Any,
    ) -> int:
        """A project with `number` items, each judged so by three people; `blind`: whether those are kept that an
        expert sees blind."""
        made = self.house.project([], form, overlap=2)
        self._policy(made, **({"maximum": 3, "target": 9999, "slice": 0, "audited": 0} | policy))
        rows = [{"id": f"item {n}", "text": text % n} for n in range(60)]
        self.house.bring(made, rows, id="id")
        with self.database.read() as connection:
            found = sa.select(item.c.id, item.c.external_id).where(item.c.project == made).order_by(item.c.id)
            status = "audit" if policy.get("audited") else "adjudicate"
            names = [row.external_id for row in connection.execute(found) if is_blind(row.id, status) == blind]
        judged = [
            {"item": name, "annotator": f"{who} of {made}", "label": answer}
            for name in names[:number]
            for who, answer in zip(("Cleo", "Dora", "Emil"), answers, strict=True)
        ]
        self.house.bring(made, judged, "judgements")
        return made

    def _policy(self, of: int, **change: Any) -> None:
        with self.database.write() as connection:
            mine = sa.select(project.c.policy).where(project.c.id == of)
            new = msgspec.structs.replace(
                msgspec.json.decode(connection.execute(mine).scalar_one(), type=Policy), **change
            )
            stored = {"policy": msgspec.json.encode(new).decode(), "policy_version": 2}
            connection.execute(sa.update(project).where(project.c.id == of).values(stored))
            record(connection, self.database, of, "policy", {"policy": msgspec.to_builtins(new), "version": 2})

    def settled(self, of: int) -> list[Any]:
        return [row["label"] for row in self.house.judgements(of) if row["purpose"] == "adjudication"]


@pytest.fixture(scope="module")
def court(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Court]:
    home = tmp_path_factory.mktemp("court")
    server = begin_server(home)
    more = {"email": "ada@example.org", "password": "correct horse battery"}
    house = House(server.url, join(server.url, server.first_link, "Ada", **more))
    database = Database(str(home / "goldwork.db"))
    yield Court(house, database)
    database.close()
    house.close()
    server.end()


def open_page(page: Page, court: Court, of: int) -> Page:
    page.goto(f"{court.house.url}/p/{of}/settle")
    page.locator("main[data-assignment], [data-testid=nothing]").wait_for()
    expect(page.locator("main [aria-busy=true]")).to_have_count(0)
    return page


def going_on(page: Page, act: Callable[[], None]) -> None:
    """Do something, and wait until another item is on the screen, or none."""
    before = page.locator("main").get_attribute("data-assignment")
    act()
    page.wait_for_function(
        """before => {
          const now = document.querySelector('main').dataset.assignment
          return now ? now !== before : document.querySelector('[data-testid=nothing]') !== null
        }""",
        arg=before,
    )
    page.wait_for_function("() => new Promise(requestAnimationFrame).then(() => true)")


def test_items_are_settled_by_keys(court: Court, visit: Visit) -> None:
    of = court.disputed(7)
    page = open_page(visit(court.house.boss), court, of)
    expect(page.get_by_test_id("standing")).to_contain_text("7 items wait")
    for name, said in (("Cleo", "Money"), ("Dora", "Parcel"), ("Emil", "Money")):
        row = page.locator("li", has_text=f"{name} of {of}")
        expect(row).to_contain_text(said)
        expect(row).to_contain_text("% right")
    expect(page.locator(".chances")).to_contain_text("Money")
    press: Callable[[str], None] = lambda key: going_on(page, lambda: page.keyboard.press(key))  # noqa: E731

    press("3")
    expect(page.locator("main footer")).to_contain_text("Settled “Change”")
    press("Enter")
    expect(page.locator("main footer")).to_contain_text("Settled “Money”")
    page.keyboard.press("g")
    expect(page.get_by_role("button", name="Make it gold too")).to_have_attribute("aria-pressed", "true")
    press("4")
    expect(page.locator("main footer")).to_contain_text("and made gold")
    expect(page.get_by_role("button", name="Make it gold too")).to_have_attribute("aria-pressed", "false")

    page.keyboard.press("n")
    page.get_by_label("What should the guideline say").fill("Say what a <b>refund</b> is.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("main footer")).to_contain_text("Noted")
    page.keyboard.press("b")
    page.get_by_role("dialog").get_by_role("button", name="2 more").wait_for()
    press("2")
    expect(page.locator("main footer")).to_contain_text("2 more judgements")

    press("Space")
    skipped = page.locator("main").get_attribute("data-assignment")
    press("1")
    press("Backspace")
    expect(page.locator("main")).to_have_attribute("data-assignment", skipped or "")
    press("2")
    press("2")
    expect(page.get_by_test_id("nothing")).to_contain_text("Only what you skipped is left")
    page.get_by_role("button", name="Look at them again").click()
    page.locator("main[data-assignment]").wait_for()
    press("Enter")
    expect(page.get_by_test_id("nothing")).to_contain_text("Nothing waits")
    expect(page.get_by_test_id("standing")).to_contain_text("6 settled by you now")
    assert sorted(court.settled(of)) == ["change", "money", "money", "other", "parcel", "parcel"]

    page.goto(f"{court.house.url}/p/{of}/settings")
    notes = page.get_by_test_id("notes")
    expect(notes).to_contain_text("Say what a <b>refund</b> is.")
    notes.get_by_role("button", name="Done").click()
    expect(notes).to_have_count(0)


def test_items_are_settled_by_fingers_by_somebody_who_does_not_manage(court: Court, visit: Visit) -> None:
    of = court.disputed(3)
    expert = court.house.annotator(of, "Eva", "adjudicator")
    page = open_page(visit(expert, **PHONE), court, of)
    tabs = page.get_by_role("navigation", name="Project").get_by_role("link")
    assert tabs.all_inner_texts() == ["Gold", "Settle", "Review", "My work"]
    going_on(page, lambda: page.get_by_role("button", name="Settle as Money").tap())
    going_on(page, lambda: page.locator("li", has_text="Dora").get_by_role("button").tap())
    expect(page.locator("main footer")).to_contain_text("Settled “Parcel”")
    page.get_by_role("button", name="Send back").tap()
    going_on(page, lambda: page.get_by_role("dialog").get_by_role("button", name="1 more").tap())
    expect(page.get_by_test_id("nothing")).to_contain_text("Nothing waits")
    assert sorted(court.settled(of)) == ["money", "parcel"]


def test_spans_stand_over_each_other_and_are_mended(court: Court, visit: Visit) -> None:
    whole = [{"start": 0, "end": 7, "label": "person"}]
    of = court.disputed(2, SPANS, (whole, [{"start": 0, "end": 3, "label": "person"}], whole))
    page = open_page(visit(court.house.boss), court, of)
    expect(page.locator(".said")).to_contain_text("Ann Lee")
    # What most people said stands there already: Enter settles with it.
    going_on(page, lambda: page.keyboard.press("Enter"))
    page.locator("li", has_text="Dora").get_by_role("button", name="Take").click()
    going_on(page, lambda: page.get_by_role("button", name="Settle", exact=True).click())
    expect(page.get_by_test_id("nothing")).to_be_visible()
    ends = sorted(answer[0]["end"] for answer in court.settled(of))
    assert ends == [3, 7]


def test_nothing_that_was_begun_is_left_on_the_next_item(court: Court, visit: Visit) -> None:
    answers = [[{"role": "assistant", "content": f"{who} {n}"} for n in (1, 2)] for who in ("Yes", "No", "Well")]
    asked = json.dumps([{"role": "user", "content": "Is it %d?"}])
    page = open_page(visit(court.house.boss), court, court.disputed(2, TALK, answers, text=asked))
    page.get_by_role("textbox").first.fill("Half of a")
    going_on(page, lambda: page.get_by_role("button", name="Skip").click())
    expect(page.get_by_role("textbox").first).to_have_value("")


def test_a_blind_item_tells_nothing_of_what_others_said(court: Court, visit: Visit) -> None:
    of = court.disputed(2, answers=("money", "money", "money"), blind=True, target=7000, audited=10_000)
    heard: list[str] = []
    page = visit(court.house.boss)
    page.on("response", lambda response: heard.append(response.text()) if "adjudication" in response.url else None)
    open_page(page, court, of)
    expect(page.get_by_test_id("blind")).to_be_visible()
    for name in ("Cleo", "Dora", "Emil"):
        expect(page.locator("main")).not_to_contain_text(name)
    assert not [text for text in heard if re.search("Cleo|Dora|Emil|audit", text)]
    page.keyboard.press("Enter")  # there is no answer to accept
    page.wait_for_timeout(200)
    expect(page.get_by_test_id("blind")).to_be_visible()
    going_on(page, lambda: page.keyboard.press("1"))
    assert court.settled(of) == ["money"]


@pytest.mark.parametrize("screen", SCREENS, ids=lambda name: name.replace(", ", "-"))
def test_everybody_can_use_it(court: Court, visit: Visit, screen: str) -> None:
    page = visit(court.house.boss, **SCREENS[screen])
    whole = [{"start": 0, "end": 7, "label": "person"}]
    for form, answers in ((FORM, ("money", "parcel", "money")), (SPANS, (whole, [], whole))):
        open_page(page, court, court.disputed(1, form, answers))
        check(page, f"settle, {screen}")
    page.get_by_role("button", name="Send back").click()
    check(page, f"send back, {screen}")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Note", exact=True).click()
    check(page, f"note, {screen}")
    page.keyboard.press("Escape")
    going_on(page, lambda: page.get_by_role("button", name="Settle", exact=True).click())
    expect(page.get_by_test_id("nothing")).to_be_visible()
    check(page, f"nothing left, {screen}")


def test_what_cannot_be_sent_is_sent_later(court: Court, visit: Visit, page_errors: list[str]) -> None:
    of = court.disputed(2)
    page = open_page(visit(court.house.boss), court, of)
    page.context.set_offline(True)
    going_on(page, lambda: page.keyboard.press("1"))
    expect(page.get_by_text("The server cannot be reached")).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_text("The server cannot be reached")).to_have_count(0, timeout=15_000)
    page_errors.clear()
    assert court.settled(of) == ["money"]


def test_a_lost_reply_does_nothing_twice(court: Court, visit: Visit, page_errors: list[str]) -> None:
    """What the server did but could not say is sent again under the same id, and not done again."""
    of = court.disputed(2)
    page = open_page(visit(court.house.boss), court, of)
    lost: list[str] = []

    def lose(route: Route) -> None:
        path = route.request.url.rpartition("/")[2]
        if path in lost:
            route.continue_()
            return
        lost.append(path)
        assert route.fetch().ok
        route.abort("connectionreset")

    for path in ("notes", "send-back", "settled"):
        page.route(f"**/{path}", lose)
    page.get_by_role("button", name="Note", exact=True).click()
    page.get_by_role("dialog").get_by_label("What should the guideline say").fill("Say what a parcel is.")
    page.get_by_role("button", name="Keep the note").click()
    page.get_by_role("button", name="Send back").click()
    going_on(page, lambda: page.get_by_role("dialog").get_by_role("button", name="2 more").click())
    page.keyboard.press("g")
    with page.expect_response("**/gold/settled"):
        going_on(page, lambda: page.keyboard.press("1"))
    expect(page.get_by_test_id("nothing")).to_be_visible(timeout=30_000)
    expect(page.get_by_text("The server cannot be reached")).to_have_count(0, timeout=30_000)
    assert sorted(lost) == ["notes", "send-back", "settled"]
    expect(page.locator(".note.bad")).to_have_count(0)
    assert len(court.house.boss.call("GET", f"/projects/{of}/notes")["notes"]) == 1
    assert len(court.house.boss.call("GET", f"/projects/{of}/gold")["rows"]) == 1
    page_errors.clear()
