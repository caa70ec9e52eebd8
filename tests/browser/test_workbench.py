"""The workbench: keys, the queue that never waits, the outbox that never loses."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.people import CLASSES, FORM, House

pytestmark = pytest.mark.browser
Visit = Callable[..., Page]

PAINTED = """() => {
  window.latencies = []
  addEventListener('keydown', (event) => {
    const current = () => document.querySelector('[data-item]')
    const before = current()
    const look = () => {
      if (current() === before) return requestAnimationFrame(look)
      // A message sent in an animation frame arrives after its paint.
      const channel = new MessageChannel()
      channel.port1.onmessage = () => latencies.push(performance.now() - event.timeStamp)
      channel.port2.postMessage(0)
    }
    requestAnimationFrame(look)
  }, true)
}"""


def current(page: Page) -> str | None:
    """The assignment on the screen."""
    found: str | None = page.evaluate("document.querySelector('[data-item]')?.dataset.item")
    return found


def press(page: Page, key: str) -> None:
    """Press a key and wait until another item is on the screen, or none."""
    before = current(page)
    page.keyboard.press(key)
    page.wait_for_function("b => document.querySelector('[data-item]')?.dataset.item !== b", arg=before)
    page.wait_for_function("() => new Promise(requestAnimationFrame).then(() => true)")


def synced(page: Page) -> None:
    """Wait until nothing waits any more."""
    expect(page.get_by_test_id("sync")).to_have_attribute("data-waiting", "0", timeout=20_000)


def open_bench(page: Page, house: House, project: int) -> Page:
    """The workbench with its first item."""
    page.goto(f"{house.url}/p/{project}/work")
    page.locator("[data-item]").wait_for()
    page.wait_for_function("() => new Promise(requestAnimationFrame).then(() => true)")
    return page


@pytest.fixture
def bench(house: House, visit: Visit) -> Callable[..., tuple[Page, int]]:
    """A function that opens the workbench of a new project as a new annotator."""

    def make(**settings: Any) -> tuple[Page, int]:
        project = house.project(**settings)
        page = visit(house.annotator(project))
        return open_bench(page, house, project), project

    return make


def test_one_key_answers_and_advances(bench: Any, house: House) -> None:
    page, project = bench()
    first = page.locator("[data-item]").inner_text()
    press(page, "2")
    expect(page.locator("footer")).to_contain_text("Answered “Parcel”.")
    assert page.locator("[data-item]").inner_text() != first
    press(page, "Space")
    expect(page.locator("footer")).to_contain_text("Skipped")
    expect(page.get_by_test_id("today")).to_have_text("1")
    synced(page)
    assert [row["label"] for row in house.judgements(project)] == ["parcel"]


def test_keys_that_must_not_answer(bench: Any, house: House) -> None:
    page, project = bench()
    held = current(page)
    for key in ("Control+1", "Alt+1", "Shift+2", "9", "0", "x"):
        page.keyboard.press(key)
    page.keyboard.press("g")
    page.keyboard.press("1")  # the guideline is open
    expect(page.get_by_role("dialog")).to_contain_text("Be kind.")
    page.keyboard.press("g")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.evaluate("document.querySelector('footer').innerHTML = '<input id=typing>'")
    page.locator("#typing").fill("")
    page.locator("#typing").press("1")
    page.locator("#typing").evaluate("field => field.remove()")
    assert current(page) == held
    page.keyboard.down("1")  # held: the first press answers, its repetitions do not
    for _ in range(10):
        page.keyboard.down("1")
    page.keyboard.up("1")
    page.wait_for_timeout(200)
    synced(page)
    assert len(house.judgements(project)) == 1


def test_a_held_enter_presses_a_focused_class_once(bench: Any, house: House) -> None:
    page, project = bench()
    page.get_by_role("button", name="Money").focus()
    page.keyboard.down("Enter")
    for _ in range(10):
        page.keyboard.down("Enter")
    page.keyboard.up("Enter")
    page.wait_for_timeout(200)
    synced(page)
    assert len(house.judgements(project)) == 1


def test_space_after_a_click_skips_and_does_not_answer_again(bench: Any, house: House) -> None:
    page, project = bench()
    page.get_by_role("button", name="Money").click()
    page.wait_for_timeout(100)
    press(page, "Space")
    synced(page)
    assert [row["label"] for row in house.judgements(project)] == ["money"]


def test_help_lists_every_key_and_shortcuts_are_said(bench: Any) -> None:
    page, _ = bench()
    said = page.locator("[aria-keyshortcuts]").evaluate_all("all => all.map(b => b.getAttribute('aria-keyshortcuts'))")
    assert set(said) == {"1", "2", "3", "4", "G", "?", "Space", "Backspace"}
    page.keyboard.press("?")
    caps = page.get_by_role("dialog").locator("dt").all_inner_texts()
    assert caps == ["1", "2", "3", "4", "Space", "⌫", "G", "?"]
    page.get_by_role("dialog").get_by_role("checkbox").uncheck()
    page.keyboard.press("Escape")
    before = current(page)
    page.keyboard.press("1")
    page.wait_for_timeout(100)
    assert current(page) == before, "single keys are switched off"


def test_the_next_item_never_waits_for_the_network(bench: Any, house: House) -> None:
    page, project = bench(texts=[f"Message {n}" for n in range(60)])

    held: list[Route] = []
    let_go = False

    def hold(route: Route) -> None:
        if let_go:
            route.continue_()
        else:
            held.append(route)

    page.route("**/submits", hold)
    started = time.monotonic()
    before = current(page)
    page.keyboard.press("1")
    page.wait_for_function("b => document.querySelector('[data-item]').dataset.item !== b", arg=before)
    assert time.monotonic() - started < 1
    page.wait_for_timeout(2000)
    expect(page.get_by_test_id("sync")).to_contain_text("1 waiting to sync")
    press(page, "2")
    assert len(held) == 1, "in order: the second waits for the first"
    let_go = True
    held[0].continue_()
    synced(page)
    assert len(house.judgements(project)) == 2


def test_a_key_for_what_is_not_painted_yet_does_nothing(bench: Any, house: House) -> None:
    page, project = bench()
    first = current(page)
    page.evaluate("() => { window.held = []; window.requestAnimationFrame = (run) => held.push(run) }")
    page.keyboard.press("1")
    page.keyboard.press("2")
    page.keyboard.press("Space")
    synced(page)
    assert current(page) == first, "an item is named once it was painted"
    page.evaluate("held.splice(0).forEach((run) => run(performance.now()))")
    page.wait_for_function("b => document.querySelector('[data-item]').dataset.item !== b", arg=first)
    page.keyboard.press("3")
    synced(page)
    assert [row["label"] for row in house.judgements(project)] == [CLASSES[0], CLASSES[2]]


def test_what_is_being_written_goes_on_while_items_arrive(house: House, visit: Visit) -> None:
    """An answer of the server, late, neither takes the cursor nor draws the widget anew; so it is with a guideline."""
    reply = {"name": "reply", "title": "Write the reply", "task": {"type": "text", "low": 1, "high": 200}}
    form = {"fields": [{"name": "text", "show": "text"}], "questions": [reply]}
    project = house.project(["Where is my parcel?", "Who are you?"], form)
    page = visit(house.annotator(project))
    held: list[Route] = []
    asked = itertools.count()
    page.route("**/next", lambda route: held.append(route) if next(asked) else route.continue_())
    open_bench(page, house, project)
    page.locator("textarea").evaluate("area => (area.same = true)")
    page.keyboard.type("It is on its ")
    assert len(held) == 1, "more items are asked for while one writes"
    house.boss.call("PUT", f"/projects/{project}/guideline", {"text": "# Be *brief*."})
    with page.expect_response("**/next"):
        held[0].continue_()
    expect(page.get_by_text("The guideline has changed.").first).to_be_visible()
    page.keyboard.type("way.")
    assert page.evaluate("[document.activeElement.same, document.activeElement.value]") == [True, "It is on its way."]
    page.unroute("**/next")
    before = current(page)
    page.keyboard.press("Control+Enter")
    page.wait_for_function("b => document.querySelector('[data-item]').dataset.item !== b", arg=before)
    expect(page.locator("textarea")).to_be_focused()
    expect(page.locator("textarea")).to_have_value("")
    synced(page)
    assert [row["label"] for row in house.judgements(project)] == ["It is on its way."]


def test_key_to_next_item_painted(bench: Any, record_property: Any) -> None:
    """The best of three rounds, by the frames that the machine can draw meanwhile: others may be using it."""
    page, _ = bench(texts=[f"Message {n}: " + "I was charged twice. " * 20 for n in range(130)])
    page.bring_to_front()
    page.evaluate(PAINTED)
    best = float("inf")
    for _round in range(3):
        page.evaluate("latencies.length = 0")
        for number in range(40):
            press(page, "1234"[number % 4])
            page.wait_for_timeout(60)
        latencies = sorted(page.evaluate("latencies"))
        assert len(latencies) >= 35
        p50, p95 = (latencies[int(len(latencies) * q)] for q in (0.5, 0.95))
        print(f"key to next item painted: p50 {p50:.1f} ms, p95 {p95:.1f} ms")
        best = min(best, p95 / slowness(page))
        if best < 50:
            break
    record_property("p95_ms", best)
    assert best < 50, f"p95 {best:.1f} ms"


def slowness(page: Page) -> float:
    """How much slower than idle this machine is now: a frame that should come after 16.7 ms, measured."""
    frames = page.evaluate("""() => new Promise(done => {
      const at = []
      const tick = (t) => { at.push(t); at.length < 31 ? requestAnimationFrame(tick) : done(at) }
      requestAnimationFrame(tick)
    })""")
    gaps = sorted(b - a for a, b in itertools.pairwise(frames))
    return max(1.0, gaps[28] / 16.7)


def test_undo_before_and_after_it_was_sent(bench: Any, house: House) -> None:
    page, project = bench()
    first = current(page)
    press(page, "1")
    synced(page)
    press(page, "Backspace")
    assert current(page) == first
    expect(page.locator("footer")).to_contain_text("Your answer was “Money”")
    press(page, "2")
    page.context.set_offline(True)
    second = current(page)
    press(page, "3")
    expect(page.get_by_test_id("sync")).to_have_attribute("data-waiting", re.compile("[12]"))
    press(page, "Backspace")
    assert current(page) == second
    press(page, "4")
    page.context.set_offline(False)
    synced(page)
    standing = house.judgements(project)
    labels = [row["label"] for row in standing if not row.get("retracted") and not row.get("superseded_by")]
    assert sorted(labels)[-2:] == ["other", "parcel"]
    me = page.evaluate(f"fetch('/api/projects/{project}/me').then(r => r.json())")
    assert me["judged"] == 2


def test_skip_and_undo_of_a_skip(bench: Any, house: House) -> None:
    page, project = bench()
    first = current(page)
    press(page, "Space")
    synced(page)
    press(page, "Backspace")
    assert current(page) == first
    press(page, "1")
    synced(page)
    assert len(house.judgements(project)) == 1


def test_paused_keeps_the_answer_says_why_and_goes_on(bench: Any, house: House) -> None:
    page, project = bench()
    house.boss.call("PATCH", f"/projects/{project}", {"state": "paused"})
    page.keyboard.press("1")
    expect(page.get_by_test_id("hold")).to_contain_text("The project is paused. 1 answer of yours is kept")
    expect(page.get_by_test_id("sync")).to_have_attribute("data-waiting", "1")
    assert house.judgements(project) == []
    house.boss.call("PATCH", f"/projects/{project}", {"state": "open"})
    page.get_by_role("button", name="Try again").click()
    synced(page)
    expect(page.get_by_test_id("hold")).to_have_count(0)
    assert len(house.judgements(project)) == 1
    page.locator("[data-item]").wait_for()


def test_closed_can_be_discarded(bench: Any, house: House) -> None:
    page, project = bench()
    house.boss.call("PATCH", f"/projects/{project}", {"state": "closed"})
    page.keyboard.press("1")
    expect(page.get_by_test_id("hold")).to_contain_text("The project is closed.")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Discard").click()
    synced(page)
    expect(page.get_by_test_id("hold")).to_have_count(0)


def test_form_changed_keeps_the_answer_and_the_item_can_be_judged_again(bench: Any, house: House) -> None:
    page, project = bench()
    new = FORM["questions"][0] | {"task": {"type": "choice", "classes": [{"value": "good"}, {"value": "bad"}]}}
    house.boss.call("PUT", f"/projects/{project}/form", {"form": FORM | {"questions": [new]}})
    first = current(page)
    page.keyboard.press("1")
    refused = page.get_by_test_id("refused")
    expect(refused).to_have_attribute("data-reason", "form_changed")
    expect(refused).to_contain_text("The questions were changed")
    refused.get_by_role("button", name="Judge it again").click()
    page.wait_for_function("b => document.querySelector('[data-item]').dataset.item === b", arg=first)
    expect(page.get_by_role("button", name="good")).to_be_visible()
    press(page, "1")
    synced(page)
    assert [row["label"] for row in house.judgements(project)] == ["good"]


def test_lost_sign_in_keeps_the_answers_until_one_is_back(house: House, visit: Visit) -> None:
    project = house.project()
    grace = house.annotator(project)
    password = "nanoseconds of wire"
    grace.call("PATCH", "/account", {"email": "grace@example.org", "password": {"old": None, "new": password}})
    page = open_bench(visit(grace), house, project)
    page.context.clear_cookies()
    press(page, "1")
    press(page, "2")
    expect(page.get_by_role("alert")).to_contain_text("You are signed out. 2 answers wait on this device")
    page.get_by_role("link", name="Sign in").click()
    page.get_by_label("E-mail").fill("grace@example.org")
    page.get_by_label("Password").fill(password)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/p/{project}/work")
    synced(page)
    assert [row["label"] for row in house.judgements(project)] == ["money", "parcel"]


def test_answers_survive_a_reload_and_a_closed_page(house: House, visit: Visit) -> None:
    project = house.project()
    page = open_bench(visit(house.annotator(project)), house, project)
    page.route("**/submits", lambda route: route.abort())
    for key in "123":
        press(page, key)
    expect(page.get_by_test_id("sync")).to_contain_text("3 waiting to sync")
    context = page.context
    page.close(run_before_unload=False)
    page = context.new_page()
    open_bench(page, house, project)
    synced(page)
    rows = house.judgements(project)
    assert [row["label"] for row in rows] == list(CLASSES[:3])
    assert len({row["item"] for row in rows}) == 3


def test_leaving_warns_only_while_something_is_unsent(house: House, visit: Visit) -> None:
    project = house.project()
    page = open_bench(visit(house.annotator(project)), house, project)
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    press(page, "1")
    synced(page)
    page.reload()
    page.locator("[data-item]").wait_for()
    assert asked == []
    page.route("**/submits", lambda route: route.abort())
    press(page, "1")
    page.reload()
    assert asked == ["beforeunload"]


def test_two_tabs_send_everything_once(house: House, visit: Visit) -> None:
    project = house.project(texts=[f"Message {n}" for n in range(30)])
    one = open_bench(visit(house.annotator(project)), house, project)
    two = open_bench(one.context.new_page(), house, project)
    assert current(two) == current(one)
    answer_in(one, two, "1")
    one.context.set_offline(True)
    for page, other in ((two, one), (one, two), (two, one), (one, two)):
        answer_in(page, other, "2")
    one.context.set_offline(False)
    synced(one)
    synced(two)
    rows = house.judgements(project)
    assert len(rows) == 5
    assert len({row["item"] for row in rows}) == 5


def answer_in(page: Page, other: Page, key: str) -> None:
    """Press a key in one tab and wait until the other has heard of it: before that it would show the same item, of
    which the first answer stands and the second is refused."""
    page.bring_to_front()
    page.wait_for_function("() => new Promise(requestAnimationFrame).then(() => true)")
    press(page, key)
    # A tab in the background paints no frames, which is what this would wait for.
    here = "b => document.querySelector('[data-item]')?.dataset.item === b"
    other.wait_for_function(here, arg=current(page), polling=50)


def test_several_questions(bench: Any, house: House) -> None:
    tone = {
        "name": "tone",
        "title": "How does it sound?",
        "task": {"type": "choice", "classes": [{"value": "calm"}, {"value": "angry"}]},
    }
    page, project = bench(form=FORM | {"questions": [FORM["questions"][0], tone]})
    first = current(page)
    page.keyboard.press("Enter")
    expect(page.get_by_text("This one is still open.")).to_be_visible()
    page.keyboard.press("3")
    page.keyboard.press("2")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("1")
    assert current(page) == first, "nothing is sent before Enter"
    press(page, "Enter")
    synced(page)
    assert {row["question"]: row["label"] for row in house.judgements(project)} == {"request": "money", "tone": "angry"}


def test_many_classes_have_letters_and_a_search(bench: Any, house: House) -> None:
    names = [f"class {n:03}" for n in range(100)]
    question = {"name": "kind", "title": "Which?", "task": {"type": "choice", "classes": [{"value": n} for n in names]}}
    page, project = bench(form=FORM | {"questions": [question]})
    press(page, "q")  # the eleventh
    page.keyboard.press("/")
    page.keyboard.type("77")
    expect(page.get_by_role("button", name="class 077")).to_be_visible()
    press(page, "Enter")
    synced(page)
    assert [row["label"] for row in house.judgements(project)] == ["class 010", "class 077"]


def test_markdown_and_right_to_left_and_nothing_executes(house: House, visit: Visit) -> None:
    evil = (
        "**bold** <img src=x onerror='window.hit=1'><script>window.hit=1</script> "
        "[x](javascript:window.hit=1) <a href='//e.org' onclick='window.hit=1'>y</a>"
    )
    form = FORM | {"fields": [{"name": "text", "show": "markdown"}]}
    project = house.project(texts=[evil, "مرحبا، متى يصل طلبي؟"], form=form)
    page = open_bench(visit(house.annotator(project)), house, project)
    for _ in range(2):
        if page.locator("[data-item] strong").count():
            assert page.locator("[data-item] :is(img, script, [onclick])").count() == 0
            assert page.locator("[data-item] a[href^='javascript']").count() == 0
        else:
            direction = page.locator("[data-item] .prose").evaluate("e => getComputedStyle(e).direction")
            assert direction == "rtl"
        press(page, "1")
    assert page.evaluate("window.hit") is None


def test_on_a_phone_buttons_are_words_under_the_thumb(house: House, visit: Visit) -> None:
    project = house.project(texts=["A long message. " * 200, "Short"])
    grace = house.annotator(project)
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    page = open_bench(visit(grace, **phone), house, project)
    for name in ("Money", "Parcel", "Change", "Other", "Skip", "Undo"):
        box = page.get_by_role("button", name=name, exact=True).bounding_box()
        assert box is not None
        assert box["height"] >= 44
        assert box["y"] + box["height"] <= 844, f"{name} is on the screen without scrolling"
    assert page.locator("kbd:visible").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    before = current(page)
    page.get_by_role("button", name="Money").tap()
    page.wait_for_function("b => document.querySelector('[data-item]').dataset.item !== b", arg=before)


def test_time_counts_while_the_page_is_seen(house: House, visit: Visit) -> None:
    project = house.project()
    page = visit(house.annotator(project))
    page.clock.install()
    page.goto(f"{house.url}/p/{project}/work")
    page.locator("[data-item]").wait_for()
    page.clock.run_for(1000)
    before = current(page)
    page.clock.run_for(5000)
    page.mouse.move(10, 10)
    page.clock.run_for(600_000)  # away: a minute of it counts
    with page.expect_request("**/submits") as sent:
        page.keyboard.press("1")
        page.clock.run_for(100)
    assert current(page) != before
    body = sent.value.post_data_json
    assert body is not None
    assert 60 <= body["seconds"] <= 70
