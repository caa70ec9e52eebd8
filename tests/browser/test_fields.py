"""Every kind of field, as annotators see it: drawn, driven by mouse and keys, and nothing in it ever runs."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from typing import Any

import PIL.Image
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from tests.browser.people import FORM, House
from tests.browser.test_accessibility import RULES, SCREENS
from tests.services.test_media import wav

pytestmark = pytest.mark.browser
Visit = Callable[..., Page]

EVIL = (
    "<script>window.ran = 1</script><img src=x onerror='window.ran = 2'><svg onload='window.ran = 3'></svg>"
    "<iframe srcdoc='<script>parent.ran = 4</script>'></iframe><a href='javascript:window.ran = 5'>x</a>"
    "<math><mtext><table><mglyph><style><!--</style><img src onerror='window.ran = 6'>"
    "<style>body { display: none }</style> $\\href{javascript:alert(1)}{x}$ [y](javascript:window.ran=7)"
)
CODE = "def f(n):\n\tif n:\n\t\treturn " + "long_" * 80 + "\n" + "\n".join(f"x = {n}" for n in range(10)) + "\n"
TURNS = [
    {"role": "system", "content": "Be *kind*."},
    {"role": "user", "content": "What is $\\frac{a}{b}$? It costs $5 and $6."},
    {"role": "assistant", "content": "$$\\frac12$$\n\nDone."},
    {"role": "tool", "content": "0.5"},
]


def picture(width: int = 1200, height: int = 900) -> bytes:
    stream = io.BytesIO()
    PIL.Image.new("RGB", (width, height), "teal").save(stream, "PNG")
    return stream.getvalue()


FILES = {"a.png": picture(), "b.png": picture(30, 20), "c.wav": wav(20), "d.wav": wav(10)}


def project(house: House, fields: Mapping[str, str], values: Mapping[str, Any], **titles: str) -> int:
    """A project that shows `fields`, with two items of the same values."""
    shown = [{"name": name, "show": show, "title": titles.get(name, "")} for name, show in fields.items()]
    made = house.project(texts=[], form=FORM | {"fields": shown}, overlap=10)
    for name, data in FILES.items():
        if name in values.values():
            path = f"/projects/{made}/media?name={name}"
            house.boss.call("POST", path, content=data, headers={"content-type": "application/octet-stream"})
    house.load(made, [values] * 2)
    return made


@pytest.fixture
def bench(house: House, visit: Visit) -> Callable[..., tuple[Page, Locator]]:
    """A function that opens the workbench on a project as somebody new; gives the page and the item."""

    def open_bench(made: int, **settings: Any) -> tuple[Page, Locator]:
        page = visit(house.annotator(made), **settings)
        page.goto(f"{house.url}/p/{made}/work")
        item = page.locator("[data-item]")
        expect(item).to_be_visible()
        return page, item

    return open_bench


def test_a_conversation_with_maths(house: House, bench: Any) -> None:
    _page, item = bench(project(house, {"talk": "chat"}, {"talk": TURNS}, talk="The talk"))
    expect(item.locator(".name")).to_have_text("The talk")
    turns = item.get_by_role("list", name="The talk").locator("> li")
    expect(turns.locator(".role")).to_have_text(["System", "User", "Assistant", "Tool"])
    expect(turns.nth(0).locator("em")).to_have_text("kind")
    expect(turns.nth(1).locator("mfrac")).to_have_count(1)
    expect(turns.nth(1)).to_contain_text("It costs $5 and $6.")
    block = turns.nth(2).locator("math")
    expect(block).to_have_attribute("display", "block")
    assert block.evaluate("m => m.getBoundingClientRect().height") > 20


def test_code_keeps_its_shape(house: House, bench: Any) -> None:
    _page, item = bench(project(house, {"program": "code"}, {"program": CODE}))
    lines = item.get_by_role("region", name="The item")
    assert lines.locator("code").evaluate("c => c.textContent") == CODE.rstrip("\n")
    assert item.locator(".numbers").evaluate("n => n.textContent").split() == [str(n) for n in range(1, 14)]
    heights = [item.locator(one).evaluate("e => e.getBoundingClientRect().top") for one in (".numbers", ".lines pre")]
    tops = item.locator(".numbers").evaluate("n => parseFloat(getComputedStyle(n).paddingTop)")
    assert abs(heights[0] + tops - heights[1]) < 1, "a line stands beside its number"
    wide, shown = lines.evaluate("r => [r.scrollWidth, r.clientWidth]")
    assert wide > 2 * shown, "long lines scroll"
    lines.focus()
    lines.press("ArrowRight")
    expect(item.locator(".code")).to_be_visible()


def test_a_link_says_where_it_leads(house: House, bench: Any) -> None:
    _page, item = bench(project(house, {"page": "link"}, {"page": "https://example.org/a?b=1"}))
    link = item.get_by_role("link")
    expect(link).to_have_attribute("href", "https://example.org/a?b=1")
    expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")
    expect(link).to_have_attribute("target", "_blank")
    expect(item.locator("b")).to_have_text("example.org")


def test_several_pictures_and_one_larger(house: House, bench: Any) -> None:
    fields = {"before": "image", "after": "image", "note": "text"}
    values = {"before": "a.png", "after": "b.png", "note": "Which?"}
    page, item = bench(project(house, fields, values, before="Before"))
    expect(item.locator(".gallery img")).to_have_count(2)
    expect(item.locator(".name")).to_have_text(["Before", "after", "note"])
    places = item.locator(".gallery .f").evaluate_all("all => all.map(e => e.getBoundingClientRect().top)")
    assert places[0] == places[1], "side by side"
    assert item.locator(".gallery img").nth(1).evaluate("i => i.clientWidth") > 150, "a small one is drawn large"
    opener = item.get_by_role("button", name="Before")
    opener.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Before")
    expect(dialog).to_be_visible()
    assert dialog.locator("img").evaluate("i => i.clientHeight") > 500
    page.keyboard.press("1")
    expect(page.locator("footer")).to_have_text("", timeout=500)
    dialog.get_by_role("button", name="Actual size").click()
    assert dialog.locator("img").evaluate("i => [i.clientWidth, i.clientHeight]") == [1200, 900]
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    opener.click()
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.keyboard.press("Space")
    expect(page.locator("footer")).to_contain_text("Skipped")  # a pointer leaves no focus on the picture


def state(item: Locator, at: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = (
        item.locator("audio").nth(at).evaluate("a => ({now: a.currentTime, rate: a.playbackRate, paused: a.paused})")
    )
    return found


def test_a_sound_by_keys_and_by_mouse(house: House, bench: Any) -> None:
    made = project(house, {"one": "audio", "two": "audio"}, {"one": "c.wav", "two": "d.wav"}, one="Call")
    page, item = bench(made)
    first = item.get_by_role("group", name="Call")
    second = item.get_by_role("group", name="two")
    expect(first.get_by_text("0:20")).to_be_visible()
    page.keyboard.press(";")
    expect(first.get_by_role("button", name="Pause")).to_be_visible()
    page.keyboard.press(".")
    page.keyboard.press(".")
    page.wait_for_function("document.querySelector('[data-item] audio').currentTime >= 6")
    page.keyboard.press(",")
    assert 2.9 < state(item)["now"] < 6.5
    page.keyboard.press("'")
    assert state(item)["rate"] == 1.25
    second.get_by_role("button", name="Play").click()
    expect(first.get_by_role("button", name="Play")).to_be_visible()
    assert not state(item, 1)["paused"], "one sound at a time, and the other one has the keys"
    page.keyboard.press(";")
    expect(second.get_by_role("button", name="Play")).to_be_visible()
    place = second.get_by_role("slider", name="Position")
    place.focus()
    before = state(item, 1)["now"]
    place.press("ArrowRight")
    assert state(item, 1)["now"] > before
    for _ in range(6):
        second.get_by_role("button", name="Speed").click()
    assert state(item, 1)["rate"] == 1, "all speeds in turn"
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_contain_text("Play or pause")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
    page.keyboard.press(";")
    sound = item.locator("audio").nth(1).element_handle()
    page.keyboard.press("1")
    expect(page.locator("footer")).to_contain_text("Answered")
    assert sound.evaluate("a => a.paused"), "a sound stops with its item"
    expect(page.locator("[data-item] audio").first).to_have_js_property("paused", True)
    page.keyboard.press(";")
    expect(
        page.locator("[data-item]").get_by_role("group", name="Call").get_by_role("button", name="Pause")
    ).to_be_visible()


def test_media_that_cannot_be_loaded_say_so_and_try_again(house: House, visit: Visit, page_errors: list[str]) -> None:
    made = project(house, {"photo": "image", "clip": "audio"}, {"photo": "a.png", "clip": "c.wav"})
    page = visit(house.annotator(made))
    page.route("**/media/*", lambda route: route.abort())
    page.goto(f"{house.url}/p/{made}/work")
    item = page.locator("[data-item]")
    notes = item.locator(".note")
    expect(notes).to_have_count(2)
    expect(notes.nth(0)).to_contain_text("This picture could not be loaded")
    expect(notes.nth(1)).to_contain_text("This sound could not be loaded")
    page.unroute("**/media/*")
    for _ in range(2):
        item.get_by_role("button", name="Try again").first.click()
    expect(notes).to_have_count(0)
    assert item.locator("img").evaluate("i => i.decode().then(() => i.naturalWidth)") == 1200
    expect(item.get_by_text("0:20")).to_be_visible()
    page_errors.clear()


@pytest.mark.parametrize("show", ["text", "markdown", "code", "chat"])
def test_nothing_in_a_field_runs(house: House, visit: Visit, page_errors: list[str], show: str) -> None:
    value: Any = [{"role": "user", "content": EVIL}] if show == "chat" else EVIL
    made = project(house, {"evil": show}, {"evil": value}, evil=EVIL[:90])
    page = visit(house.annotator(made))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{house.url}/p/{made}/work")
    item = page.locator("[data-item]")
    expect(item).to_be_visible()
    page.wait_for_timeout(600)
    assert page.evaluate("window.ran") is None
    assert item.locator("script, iframe, svg[onload], style, [onerror], [onload], [style]").count() == 0
    assert (
        item.locator("a").evaluate_all(
            "all => all.filter(a => !/^https?:|^mailto:/.test(a.getAttribute('href') ?? 'https:')).length"
        )
        == 0
    )
    assert all(url.startswith((house.url, "blob:")) for url in asked)
    if show in ("text", "code"):
        assert EVIL in item.locator("p.text, code").first.evaluate("e => e.textContent")
    assert page.locator("h2").first.is_visible(), "the page stands"
    page_errors.clear()


ALL_FIELDS = {
    "talk": "chat", "program": "code", "page": "link", "clip": "audio", "one": "image", "two": "image",
    "words": "text", "prose": "markdown",
}  # fmt: skip
ALL_VALUES = {
    "talk": TURNS, "program": CODE, "page": "https://example.org/", "clip": "c.wav", "one": "a.png", "two": "b.png",
    "words": "x" * 500, "prose": "# Maths\n\n$x^2$ and \\[" + " + ".join("abcdefghij" * 4) + "\\]",
}  # fmt: skip


@pytest.fixture(scope="module")
def everything(house: House) -> int:
    return project(house, ALL_FIELDS, ALL_VALUES)


@pytest.mark.parametrize("screen", SCREENS)
def test_every_field_is_accessible_and_fits(house: House, bench: Any, everything: int, screen: str) -> None:
    page, item = bench(everything, **SCREENS[screen])
    expect(item.locator("math").first).to_be_attached()
    expect(item.locator("audio")).to_be_attached()
    found = Axe().run(page, options=RULES).response["violations"]
    assert found == [], json.dumps(found, indent=1)[:3000]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out"
    pictures = item.get_by_role("button", name="one")
    pictures.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    found = Axe().run(page, options=RULES).response["violations"]
    assert found == [], json.dumps(found, indent=1)[:3000]


def test_rows_of_every_field_are_accessible(house: House, visit: Visit, everything: int) -> None:
    page = visit(house.boss)
    page.goto(f"{house.url}/p/{everything}/items")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    found = Axe().run(page, options=RULES).response["violations"]
    assert found == [], json.dumps(found, indent=1)[:3000]
