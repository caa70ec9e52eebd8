"""Spans of a text: by keys, by mouse, by fingers; in every script; stored in code points."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from tests.browser.people import House, Merged, show_merged

pytestmark = pytest.mark.browser
Visit = Callable[..., Page]
CLASSES = [
    {"value": "per", "label": "Person"},
    {"value": "org", "label": "Organisation"},
    {"value": "loc", "label": "Place"},
]
ADA = "😀 Ada Lovelace met  Charles\tBabbage in London.\n\nShe wrote for Taylor & Francis."
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}

PLACE = """([part, last]) => {
  const root = document.querySelector('[data-testid=spans-text]')
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT)
  for (let node; (node = walker.nextNode()); ) {
    const at = node.data.indexOf(part)
    if (at < 0) continue
    const range = document.createRange()
    range.setStart(node, last ? at + part.length - 1 : at)
    range.setEnd(node, last ? at + part.length : at + 1)
    range.startContainer.parentElement.scrollIntoView({ block: 'nearest' })
    const box = range.getBoundingClientRect()
    const rtl = getComputedStyle(range.startContainer.parentElement.parentElement).direction === 'rtl'
    return [box.x + box.width * (last !== rtl ? 0.8 : 0.2), box.y + box.height / 2]
  }
}"""


def form(overlap: bool = False, classes: Any = CLASSES, low: int = 0) -> dict[str, Any]:
    task = {"type": "spans", "field": "text", "classes": classes, "overlap": overlap, "low": low}
    return {"fields": [{"name": "text"}], "questions": [{"name": "names", "title": "Mark every name.", "task": task}]}


def span(text: str, part: str, label: str, **found: int) -> dict[str, Any]:
    """Where a part stands, as Python counts."""
    start = text.index(part, found.get("after", 0))
    return {"start": start, "end": start + len(part), "label": label}


def place(page: Page, part: str, last: bool = False) -> tuple[float, float]:
    """Within a part's first or last character on the screen, at its outer edge."""
    found = page.evaluate(PLACE, [part, last])
    assert found, f"{part!r} is not in one piece on the screen"
    return found[0], found[1]


def drag(page: Page, first: str, last: str) -> None:
    """From the first character of one part to the last of another."""
    start, end = place(page, first), place(page, last, last=True)
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=4)
    page.mouse.up()


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def now(page: Page) -> Locator:
    return page.get_by_test_id("spans-now").locator("q")


def stands(page: Page) -> list[str]:
    """What the list beside the text says."""
    return page.get_by_test_id("spans-list").locator(".go").all_inner_texts()


def begin(page: Page, house: House, project: int) -> Page:
    page.goto(f"{house.url}/p/{project}/work")
    page.get_by_test_id("cursor").wait_for()
    page.wait_for_function("() => new Promise(requestAnimationFrame).then(() => true)")
    return page


def send(page: Page) -> None:
    """Send, and wait until it is stored."""
    before = page.evaluate("document.querySelector('[data-item]').dataset.item")
    page.get_by_role("button", name="Send").click()
    page.wait_for_function("b => document.querySelector('[data-item]')?.dataset.item !== b", arg=before)
    expect(page.get_by_test_id("sync")).to_have_attribute("data-waiting", "0", timeout=20_000)


@pytest.fixture
def bench(house: House, visit: Visit) -> Callable[..., tuple[Page, int]]:
    """A function that opens the workbench on a text, as a new annotator."""

    def make(text: str = ADA, screen: Any = None, **settings: Any) -> tuple[Page, int]:
        project = house.project(texts=[text], form=form(**settings))
        return begin(visit(house.annotator(project), **(screen or {})), house, project), project

    return make


def stored(house: House, project: int) -> list[Any]:
    return [row["label"] for row in house.judgements(project)]


def test_by_keyboard(bench: Any, house: House) -> None:
    page, project = bench()
    expect(now(page)).to_have_text("😀")
    press(page, "ArrowRight", "[", "ArrowRight", "1")
    assert stands(page) == ["Person Ada Lovelace"]
    press(page, "ArrowRight", "ArrowRight", "2")
    assert stands(page)[1:] == ["Organisation Charles"], "one key labels the word at the cursor"
    press(page, "1", "+")
    assert stands(page)[1:] == ["Person Charles Babbage"], "relabelled, and longer"
    press(page, "+", "-")
    assert stands(page)[1:] == ["Person Charles Babbage"]
    press(page, "[", "ArrowRight", "Escape")
    expect(page.get_by_test_id("spans-text").locator(".mark")).to_have_count(0)
    press(page, "ArrowDown", "ArrowDown", "3", "Delete", "Backspace")
    assert len(stands(page)) == 3, "what was removed is back"
    press(page, "Backspace")
    assert len(stands(page)) == 2
    press(page, ",")
    expect(now(page)).to_have_text("Charles Babbage")
    press(page, ".", ".")
    expect(now(page)).to_have_text("Charles Babbage")
    send(page)
    assert stored(house, project) == [[span(ADA, "Ada Lovelace", "per"), span(ADA, "Charles\tBabbage", "per")]]


def test_the_beginning_moves_where_the_cursor_stands_there(bench: Any) -> None:
    page, _ = bench()
    press(page, "ArrowRight", "[", "ArrowRight", "1", ",", "-")
    assert stands(page) == ["Person Lovelace"]
    press(page, "-")
    expect(page.get_by_test_id("spans-refused")).to_contain_text("cannot be any shorter")
    press(page, "ArrowRight", "[", "[", "ArrowLeft", "ArrowLeft")
    expect(now(page)).to_have_text("Ada Lovelace met")
    press(page, "2")
    expect(page.get_by_test_id("spans-refused")).to_contain_text("Person “Lovelace” is in the way")
    press(page, "1")
    assert stands(page) == ["Person Ada Lovelace met"], "one around it of the same label takes it in"


def test_a_held_arrow_goes_on_and_a_held_label_does_not(bench: Any) -> None:
    page, _ = bench()
    for _step in range(4):
        page.keyboard.down("ArrowRight")
    page.keyboard.up("ArrowRight")
    expect(now(page)).to_have_text("Charles")
    for _step in range(4):
        page.keyboard.down("1")
    page.keyboard.up("1")
    press(page, "Backspace")
    expect(page.get_by_test_id("spans-list")).to_have_count(0)


def test_by_mouse(bench: Any, house: House) -> None:
    page, project = bench()
    drag(page, "da", "Lovel")
    expect(now(page)).to_have_text("Ada Lovelace")
    page.get_by_role("button", name="Person", exact=True).click()
    assert page.evaluate("document.activeElement.role") == "application", "Space would press the button again"
    page.keyboard.down("Alt")
    drag(page, "abb", "ag")
    page.keyboard.up("Alt")
    expect(now(page)).to_have_text("abbag")
    page.get_by_role("button", name="Organisation", exact=True).click()
    page.mouse.click(*place(page, "abbag", last=True))
    expect(now(page)).to_have_text("abbag")
    page.get_by_role("button", name="Place", exact=True).click()
    drag(page, "London", "ondon")
    page.get_by_role("button", name="Place", exact=True).click()
    drag(page, "Charles", "Charles")
    page.mouse.click(*place(page, "wrote"))
    expect(now(page)).to_have_text("wrote")
    drag(page, "She", "Fran")
    page.get_by_role("button", name="Organisation", exact=True).click()
    page.get_by_role("button", name="Remove: Organisation").click()
    assert stands(page) == ["Person Ada Lovelace", "Place abbag", "Place London"]
    page.get_by_test_id("spans-text").locator(".chip").nth(2).click()
    page.get_by_role("button", name="Remove", exact=True).click()
    page.get_by_role("button", name="Undo").click()
    send(page)
    wanted = [("Ada Lovelace", "per"), ("abbag", "loc"), ("London", "loc")]
    assert stored(house, project) == [[span(ADA, part, label) for part, label in wanted]]


def test_let_go_outside_of_the_text(bench: Any) -> None:
    page, _ = bench()
    page.mouse.move(*place(page, "Taylor"))
    page.mouse.down()
    box = page.get_by_test_id("spans-text").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] + 60, box["y"] + box["height"] + 8, steps=4)
    page.mouse.up()
    expect(now(page)).to_have_text("Taylor & Francis.")


def test_by_fingers(bench: Any, house: House) -> None:
    page, project = bench(screen=PHONE)
    page.touchscreen.tap(*place(page, "Charles"))
    page.touchscreen.tap(*place(page, "Babbage", last=True))
    expect(now(page)).to_have_text("Charles Babbage")
    for name in ("Person", "Organisation", "Place", "Give up", "Characters"):
        box = page.get_by_role("button", name=name, exact=True).bounding_box()
        assert box is not None
        assert box["height"] >= 44
        assert box["width"] >= 44
    page.get_by_role("button", name="Organisation", exact=True).tap()
    page.touchscreen.tap(*place(page, "Babbage"))
    page.get_by_role("button", name="Person", exact=True).tap()
    page.touchscreen.tap(*place(page, "London"))
    page.get_by_role("button", name="Place", exact=True).tap()
    page.get_by_role("button", name="Undo").tap()
    assert stands(page) == ["Person Charles Babbage"]
    page.touchscreen.tap(*place(page, "Ada"))
    page.get_by_role("button", name="Give up").tap()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    send(page)
    assert stored(house, project) == [[span(ADA, "Charles\tBabbage", "per")]]


def pull(page: Page, end: int, part: str, last: bool) -> None:
    """Drag a handle with one finger until it stands at a part of the text."""
    handle = page.locator(f"[data-end='{end}']").bounding_box()
    assert handle
    assert handle["width"] >= 44
    assert handle["height"] >= 44
    start = (handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2)
    to = place(page, part, last=last)
    # The finger stays below the text, as far as it was at first.
    below = page.evaluate(
        "end => { const e = document.querySelector(`[data-end='${end}']`); return e.getBoundingClientRect().top + 10 }",
        end,
    )
    dy = start[1] - below + 12
    session = page.context.new_cdp_session(page)
    for kind, spot in (
        ("touchStart", start),
        ("touchMove", to),
        ("touchMove", (to[0], to[1] + dy)),
        ("touchEnd", None),
    ):
        points = [{"x": spot[0], "y": spot[1], "id": 0}] if spot else []
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def test_the_ends_of_a_span_are_pulled_by_a_finger(bench: Any, house: House) -> None:
    page, project = bench(screen=PHONE)
    page.touchscreen.tap(*place(page, "Lovelace"))
    page.get_by_role("button", name="Person", exact=True).tap()
    expect(page.locator("[data-end]")).to_have_count(2)
    pull(page, 0, "Ada", last=False)
    assert stands(page) == ["Person Ada Lovelace"]
    pull(page, 1, "Charles", last=True)
    assert stands(page) == ["Person Ada Lovelace met Charles"]
    page.get_by_role("button", name="Undo").tap()
    assert stands(page) == ["Person Ada Lovelace"], "one pull is one step back"
    page.touchscreen.tap(*place(page, "Charles"))
    page.get_by_role("button", name="Person", exact=True).tap()
    pull(page, 0, "Lovelace", last=False)
    expect(page.get_by_test_id("spans-refused")).to_contain_text("in the way")
    assert stands(page) == ["Person Ada Lovelace", "Person Charles"]
    send(page)
    assert stored(house, project) == [[span(ADA, "Ada Lovelace", "per"), span(ADA, "Charles", "per")]]


def test_offline_for_a_while_and_back(house: House, visit: Visit) -> None:
    project = house.project(texts=[ADA, ADA + " Again."], form=form())
    page = begin(visit(house.annotator(project)), house, project)
    page.context.set_offline(True)
    press(page, "ArrowRight", "1", "Enter")
    page.get_by_test_id("cursor").wait_for()
    expect(page.get_by_test_id("spans-list")).to_have_count(0)
    press(page, "3", "Enter")
    expect(page.get_by_test_id("sync")).to_have_attribute("data-waiting", "2")
    page.wait_for_timeout(1500)
    page.context.set_offline(False)
    expect(page.get_by_test_id("sync")).to_have_attribute("data-waiting", "0", timeout=20_000)
    assert sorted(stored(house, project), key=str) == [[span(ADA, "😀", "loc")], [span(ADA, "Ada", "per")]]


def test_an_answer_taken_back_shows_its_spans(house: House, visit: Visit) -> None:
    project = house.project(texts=[ADA, ADA + " Again."], form=form())
    page = begin(visit(house.annotator(project)), house, project)
    press(page, "ArrowRight", "1", "Enter")
    page.get_by_test_id("cursor").wait_for()
    page.wait_for_function("() => new Promise(requestAnimationFrame).then(() => true)")
    press(page, "Backspace")
    expect(page.get_by_test_id("spans-list")).to_have_text("Person Ada ×")
    page.wait_for_function("() => new Promise(requestAnimationFrame).then(() => true)")
    press(page, ".", "2")
    send(page)
    rows = house.judgements(project)
    standing = [row["label"] for row in rows if not row.get("retracted") and not row.get("superseded_by")]
    assert standing == [[span(ADA, "Ada", "org")]]


WORDS = {
    "emoji": ("A 👩🏽‍🚀 and a 👨‍👩‍👧‍👦, then 🇩🇪🇫🇷 and 1️⃣ end", ("👩🏽‍🚀", "👨‍👩‍👧‍👦", "🇩🇪", "1️⃣", "end")),
    "combining": ("Cafe\u0301 re\u0301sume\u0301 Z͑ͫ̓ͪ̂ͫ̽͏̴̙a͗l͖g̡o̗ zo\u0308e", ("Cafe\u0301", "re\u0301sume\u0301", "zo\u0308e")),
    "arabic": ("وُلد إسحاق نيوتن في إنجلترا عام 1643م.", ("وُلد", "إسحاق", "إنجلترا")),
    "hebrew": ("שָׁלוֹם עולם, דוד גר בתל אביב 😀.", ("שָׁלוֹם", "דוד", "אביב")),
    "mixed": ("He said שלום עולם to Noa 😀 twice.", ("שלום", "Noa", "twice")),
    "japanese": ("東京は日本の首都で、1958年に完成しました。", ("日本", "首都", "1958")),
    "devanagari": ("नमस्ते दुनिया, क्षत्रिय आए।", ("नमस्ते", "क्षत्रिय")),
}


@pytest.mark.parametrize("script", WORDS)
def test_words_of_every_script_are_found_and_stored(bench: Any, house: House, script: str) -> None:
    text, parts = WORDS[script]
    page, project = bench(text)
    for part in parts:
        page.mouse.click(*place(page, part))
        expect(now(page)).to_have_text(part)
        press(page, "1")
    send(page)
    assert stored(house, project) == [[span(text, part, "per") for part in parts]]


@pytest.mark.parametrize("script", WORDS)
def test_character_by_character_no_character_is_cut(bench: Any, house: House, script: str) -> None:
    text, _ = WORDS[script]
    page, project = bench(text)
    whole = page.evaluate("t => [...new Intl.Segmenter('en').segment(t)].map(s => s.segment)", text)
    forward = "ArrowLeft" if script in ("arabic", "hebrew") else "ArrowRight"
    press(page, ";")
    seen = []
    for _letter in whole:
        seen.append(page.evaluate("document.querySelector('[data-testid=spans-now] q').textContent"))
        press(page, "1", forward)
    assert [one for one in seen if one.strip()] == [one for one in whole if one.strip()]
    send(page)
    ends = list(itertools.accumulate(len(one) for one in whole))
    assert [one["end"] for one in stored(house, project)[0]] == ends


def test_right_to_left_arrows_follow_the_eye(bench: Any) -> None:
    page, _ = bench("שלום עולם\nHello world")
    press(page, "ArrowLeft")
    expect(now(page)).to_have_text("עולם")
    press(page, "ArrowRight")
    expect(now(page)).to_have_text("שלום")
    press(page, "ArrowDown")
    expect(now(page)).to_have_text("world")
    press(page, "ArrowLeft")
    expect(now(page)).to_have_text("Hello")


def test_nested_spans_are_drawn_one_under_the_other(bench: Any, house: House) -> None:
    page, project = bench(overlap=True)
    press(page, "ArrowRight", "[", "ArrowRight", "ArrowRight", "2", ",", "[", "1", "ArrowRight", "[", "ArrowRight", "3")
    assert stands(page) == ["Person Ada", "Organisation Ada Lovelace met", "Place Lovelace met"]
    lanes = (
        page.get_by_test_id("spans-text")
        .locator("span.marked")
        .evaluate_all("all => all.map(one => [0, 1, 2].filter(l => one.style.getPropertyValue(`--l${l}`)).length)")
    )
    assert lanes == [2, 1, 2]
    chips = page.get_by_test_id("spans-text").locator(".chip")
    assert chips.evaluate_all("all => all.map(one => one.dataset.label)") == ["Organisation", "Person", "Place"]
    chips.nth(1).click()
    press(page, "Delete")
    send(page)
    assert stored(house, project) == [[span(ADA, "Ada Lovelace met", "org"), span(ADA, "Lovelace met", "loc")]]


def test_nothing_to_mark_is_an_answer_unless_some_are_needed(bench: Any, house: House) -> None:
    page, project = bench()
    send(page)
    assert stored(house, project) == [[]]
    page, project = bench(low=2)
    press(page, "1", "Enter")
    expect(page.get_by_text("This one is still open.")).to_be_visible()
    expect(page.get_by_text("One more span is needed.")).to_be_visible()
    assert len(stands(page)) == 1, "what was marked stands"
    press(page, "ArrowRight", "1")
    send(page)
    assert len(stored(house, project)[0]) == 2


def test_the_text_stays_as_it_is_and_nothing_in_it_runs(house: House, visit: Visit) -> None:
    evil = "<img src=x onerror='window.hit=1'>\r\n\t<script>window.hit=1</script>  two  spaces \n\n\u2028end "
    bold = {"value": "x", "label": "<b onclick='window.hit=1'>\"'x</b>"}
    classes = [bold, {"value": "</i><script>window.hit=1</script>"}]
    project = house.project(texts=[evil], form=form(classes=classes))
    page = begin(visit(house.annotator(project)), house, project)
    press(page, "ArrowRight", "1", ".", "ArrowDown", "2")
    pane = page.get_by_test_id("spans-text")
    assert pane.evaluate("e => [...e.querySelectorAll('[data-from]')].map(s => s.textContent).join('')") == evil
    assert page.locator("main :is(img, script, [onclick])").count() == 0
    assert page.evaluate("window.hit") is None
    send(page)
    assert len(stored(house, project)[0]) == 2


def test_the_list_is_used_by_keyboard_and_changes_are_said(bench: Any) -> None:
    page, _ = bench()
    press(page, "ArrowRight", "1")
    said = page.locator("[aria-live]").first
    expect(said).to_contain_text("Person “Ada”")
    press(page, "ArrowRight", "ArrowRight")
    expect(said).to_contain_text("met")
    row = page.get_by_test_id("spans-list").get_by_role("button", name="Person Ada", exact=True)
    row.focus()
    press(page, "Enter")
    expect(row).to_have_attribute("aria-current", "true")
    press(page, "Tab", "Enter")
    expect(said).to_contain_text("Removed: Person “Ada”")


PAINTED = """async ([keys, times]) => {
  const press = (key) => document.body.dispatchEvent(new KeyboardEvent('keydown', { key, code: key, bubbles: true }))
  const painted = () => new Promise(done => requestAnimationFrame(() => {
    const channel = new MessageChannel()
    channel.port1.onmessage = done
    channel.port2.postMessage(0)
  }))
  const took = []
  for (let n = 0; n < times; n++) for (const key of keys) {
    await new Promise(done => setTimeout(done, 20))
    const begun = performance.now()
    press(key)
    await painted()
    took.push(performance.now() - begun)
  }
  return took
}"""
KEYS = ["ArrowLeft", "2", "ArrowUp", "[", "ArrowRight", "Escape", "3", "Delete"]
FILL = """() => {
  const press = (key) => document.body.dispatchEvent(new KeyboardEvent('keydown', { key, code: key, bubbles: true }))
  for (let n = 0; n < 200; n++) {
    press('1')
    for (let step = 0; step < 45; step++) press('ArrowRight')
  }
}"""


@pytest.mark.parametrize("between", [" ", "\n"], ids=["one paragraph", "many"])
def test_ten_thousand_words_without_lag(bench: Any, record_property: Any, between: str) -> None:
    """Every step's best of six rounds, since others may be using the machine; their 95th percentile."""
    text = between.join(" ".join(f"word{n * 50 + k}" for k in range(50)) for n in range(200))
    page, _ = bench(text)
    page.bring_to_front()
    page.evaluate(FILL)
    expect(page.get_by_test_id("spans-list").locator("li")).to_have_count(200)
    rounds = [page.evaluate(PAINTED, [KEYS, 6]) for _round in range(6)]
    best = sorted(map(min, zip(*rounds, strict=True)))
    p50, p95 = (best[int(len(best) * q)] for q in (0.5, 0.95))
    print(f"key to paint with 10,000 words and 200 spans: p50 {p50:.1f} ms, p95 {p95:.1f} ms")
    record_property("p95_ms", p95)
    assert p95 < 50, f"p95 {p95:.1f} ms"


@pytest.mark.parametrize("screen", ["wide-light", "wide-dark", "phone-light", "phone-dark"])
def test_axe_finds_nothing(bench: Any, screen: str) -> None:
    size, scheme = screen.split("-")
    page, _ = bench(screen=(PHONE if size == "phone" else {}) | {"color_scheme": scheme})
    for keys in (("ArrowRight", "1"), ("ArrowRight", "[", "ArrowRight"), ("2", "Delete", "Delete")):
        press(page, *keys)
        found = Axe().run(page, options=RULES).response["violations"]
        assert [(v["id"], [n["html"][:120] for n in v["nodes"]]) for v in found] == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_everybody_s_spans_stand_under_one_text(house: House, visit: Visit) -> None:
    """What the server merges is its own matter: here it is given, some of it not fitting."""
    project = house.project(texts=[ADA], form=form(overlap=True), overlap=3)
    ada, met, babbage = span(ADA, "Ada Lovelace", "per"), span(ADA, "Lovelace met", "org"), span(ADA, "Babbage", "per")
    odd = [{"start": 3, "end": 999, "label": "per"}, None]
    values = [[ada, babbage], [ada, met], [ada, *odd], "nothing", {"cannot_tell": "x"}]
    merged = Merged("names", {"text": ADA}, values, [[ada, babbage], [], "odd", odd])
    rows = show_merged(visit(house.boss), house, project, merged)
    first = rows.first
    table = [" ".join(row.split()) for row in first.locator("tbody tr").all_inner_texts()]
    assert table == [
        "Person Ada Lovelace person 1, person 2, person 3 3/5",
        "Organisation Lovelace met person 2 1/5",
        "Person Babbage person 1 1/5",
    ]
    chips = first.locator(".chip[data-label]").evaluate_all("all => all.map(one => one.dataset.label)")
    assert chips == ["Person 3/5", "Organisation 1/5", "Person 1/5"]
    views = rows.locator(".said > :first-child").all_inner_texts()
    words = [" ".join(view.split()) for view in views]
    odd_one = "spans that do not fit this text"
    assert words == ["Person Ada Lovelace Person Babbage", "nothing marked", "no answer", odd_one]
