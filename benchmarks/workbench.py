"""The key that answers to the next item painted, in a browser, for every task type.

`python -m benchmarks workbench [-- --items N]`. A server with a project of each kind is judged by keys alone; the time
is that from the last key's event to the paint of the next item, 95th percentile, against one frame of 60 a second.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks._report import percentile, report

FRAME = 1000 / 60
"""Milliseconds."""
PATIENCE = 10_000
WORDS = "Aspirin was given twice a day, and it helped. " * 20
CLASSES = [{"value": name} for name in ("one", "two", "three")]
TALK = json.dumps([{"role": "user", "content": WORDS[:200]}])
WATCH = """() => {
  window.latencies = []
  const shown = () => document.querySelector('[data-item]')
  let pressed = 0
  let before = shown()
  addEventListener('keydown', ({ key, timeStamp }) => { if (key !== 'Control') pressed = timeStamp }, true)
  const look = () => {
    if (shown() !== before) {
      before = shown()
      const channel = new MessageChannel()
      channel.port1.onmessage = () => latencies.push(performance.now() - pressed)
      channel.port2.postMessage(0)
    }
    requestAnimationFrame(look)
  }
  requestAnimationFrame(look)
}"""


class Kind(NamedTuple):
    """A task, the fields it is about, and the keys of one answer; a key of several letters that no key is called by is
    typed."""

    task: dict[str, Any]
    fields: dict[str, str]
    keys: tuple[str, ...]


def kinds() -> dict[str, Kind]:
    """One of each task type."""
    pair = {"a": "text", "b": "text"}
    return {
        "choice": Kind({"type": "choice", "classes": CLASSES}, {"text": "text"}, ("1",)),
        "choices": Kind({"type": "choices", "classes": CLASSES}, {"text": "text"}, ("1", "2", "Enter")),
        "rating": Kind({"type": "rating"}, {"text": "text"}, ("3",)),
        "compare": Kind({"type": "compare", "fields": ["a", "b"], "strength": 3}, pair, ("2",)),
        "rank": Kind({"type": "rank", "fields": ["a", "b"]}, pair, ("2", "1", "Enter")),
        "text": Kind({"type": "text"}, {"text": "text"}, ("because", "Control+Enter")),
        "chat": Kind({"type": "chat", "field": "talk"}, {"talk": "chat"}, ("Certainly", "Control+Enter")),
        "spans": Kind({"type": "spans", "field": "text", "classes": CLASSES}, {"text": "text"}, ("1", "Enter")),
        "boxes": Kind({"type": "boxes", "field": "image", "classes": CLASSES}, {"image": "image"}, ("[", "Enter")),
    }


def picture(number: int) -> str:
    """A picture of two megapixels; each has its own colour."""
    import PIL.Image

    file = io.BytesIO()
    PIL.Image.new("RGB", (1600, 1200), (number % 256, 90, 60)).save(file, "JPEG")
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()


def values(kind: Kind, number: int) -> dict[str, str]:
    """An item of it."""
    shown = {"text": f"{number}. {WORDS}", "chat": TALK, "image": picture(number) if "image" in kind.fields else ""}
    return {name: shown[show] for name, show in kind.fields.items()}


def judge(page: Any, kind: Kind, items: int) -> list[float]:
    """Answer items by their keys. Milliseconds from the last key to the next item."""
    page.locator("[data-item]").first.wait_for()
    page.wait_for_timeout(500)
    page.evaluate(WATCH)
    for done in range(items):
        for key in kind.keys:
            if len(key) > 1 and key not in ("Enter", "Control+Enter"):
                page.keyboard.type(key)
            else:
                page.keyboard.press(key)
        page.wait_for_function("(done) => latencies.length > done", arg=done, timeout=PATIENCE)
        page.wait_for_timeout(80)
    found: list[float] = page.evaluate("latencies")
    return found


def pages(items: int, folder: Path) -> Iterator[tuple[str, Kind, Any]]:
    """For each kind its workbench, open in a browser."""
    from playwright.sync_api import sync_playwright

    from tests.browser.people import House, join
    from tests.browser.server import begin_server
    from tools import ensure_browser

    server = begin_server(folder)
    house = House(
        server.url, join(server.url, server.first_link, "Ada", email="ada@example.org", password="a long one")
    )
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=ensure_browser.ensure(), args=list(ensure_browser.FLAGS)
            )
            context = browser.new_context(viewport={"width": 1400, "height": 900}, reduced_motion="reduce")
            context.add_cookies(house.boss.cookies())  # type: ignore[arg-type]
            for name, kind in kinds().items():
                fields = [{"name": field, "show": show} for field, show in kind.fields.items()]
                question = {"name": "asked", "title": "What is it?", "task": kind.task}
                project = house.project([], form={"fields": fields, "questions": [question]}, name=name, overlap=1)
                house.load(project, [values(kind, number) for number in range(items + 10)])
                page = context.new_page()
                page.goto(f"{server.url}/p/{project}/work")
                yield name, kind, page
                page.close()
            browser.close()
    finally:
        house.close()
        server.end()


def main(options: list[str]) -> None:
    """Print a figure for each task type."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks workbench", description=__doc__)
    parser.add_argument("--items", type=int, default=40, help="items judged of each kind")
    chosen = parser.parse_args(options)
    with tempfile.TemporaryDirectory() as folder:
        for name, kind, page in pages(chosen.items, Path(folder)):
            found = judge(page, kind, chosen.items)
            for share in (0.5, 0.95):
                value = percentile(found, share)
                what = f"{name}: key to next item painted, p{share:.0%}".replace("%", "")
                report(what, value, "ms", "one frame at 60 a second", value / FRAME)
