"""From comparisons to a reward model, a better policy, and back to people, in the browser."""

from __future__ import annotations

import json
import math
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from goldwork.preference.reward import RewardModel
from goldwork.sim.samples.requests import prefers, requests
from tests.browser.people import House, Somebody
from tests.browser.test_accessibility import SCREENS, check
from tests.browser.test_workbench import press, synced

pytestmark = pytest.mark.browser
Visit = Callable[..., Page]
NAMES = ("first_one", "second_one")
FORM = {
    "fields": [{"name": name, "show": "text"} for name in ("prompt", *NAMES)],
    "questions": [{"name": "better", "title": "Which is better?", "task": {"type": "compare", "fields": list(NAMES)}}],
}
REQUESTS = requests(3)[:20]
WORTH = {one.prompt: one.worth for one in REQUESTS}


def judge(house: House, somebody: Somebody, project: int, names: tuple[str, str], draw: random.Random) -> int:
    """Everything that somebody is given, by their hidden taste."""
    done = 0
    while held := (found := somebody.call("POST", f"/projects/{project}/next", {"count": 20}))["assignments"]:
        for one in held:
            worth = WORTH[one["fields"]["prompt"]]
            first, second = (worth[one["fields"][name]] for name in names)
            body = {"id": f"s{one['id']}", "assignment": one["id"], "kind": "answer", "seconds": 3.0}
            body |= {name: found[name] for name in ("form_version", "guideline_version")}
            answers = {"better": "first" if prefers(first, second, draw, sees=2.0) else "second"}
            somebody.call("POST", f"/projects/{project}/submits", body | {"answers": answers})
            done += 1
    return done


def judge_by_key(page: Page, draw: random.Random) -> list[tuple[str, str]]:
    """Everything that stands in the workbench, read and answered by key. Returns prompts with the preferred text."""
    preferred: list[tuple[str, str]] = []
    places = page.locator("[data-place]")
    places.first.wait_for()
    while places.count():
        words = " ".join(page.locator("[data-item]").inner_text().split())
        prompt = next(one.prompt for one in REQUESTS if one.prompt in words)
        sides = [" ".join(text.split()) for text in places.all_inner_texts()]
        left, right = (max((one for one in WORTH[prompt] if one in side), key=len) for side in sides)
        first = prefers(WORTH[prompt][left], WORTH[prompt][right], draw, sees=2.0)
        preferred.append((prompt, left if first else right))
        press(page, "1" if first else "3")
    synced(page)
    return preferred


def download(page: Page, role: Any, name: str, path: Path) -> Path:
    """What a button or a link gives."""
    with page.expect_download() as given:
        page.get_by_role(role, name=name, exact=True).click()
    given.value.save_as(path)
    return path


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_collects_trains_reads_exports_and_compares_blind(house: House, visit: Visit, tmp_path: Path) -> None:
    draw = random.Random(1)
    project = house.project(texts=[], form=FORM, overlap=2)
    rows = [
        {"prompt": one.prompt, NAMES[0]: first, NAMES[1]: second}
        for one in REQUESTS
        for first, second in (one.candidates[:2], one.candidates[2:4], one.candidates[4:6])
    ]
    house.load(project, rows)
    judges = [house.annotator(project, name) for name in ("Ann", "Bob")]

    # One judges by key what stands on the screen, the other as fast as a machine can.
    bench = visit(judges[0])
    bench.goto(f"{house.url}/p/{project}/work")
    preferred = judge_by_key(bench, draw)
    assert len(preferred) == len(house.judgements(project)) == len(rows)
    assert judge(house, judges[1], project, NAMES, draw) == len(rows)

    page = visit(house.boss)
    page.goto(f"{house.url}/p/{project}")
    page.get_by_role("link", name="Reward").click()
    page.get_by_role("button", name="Train a reward model").click()
    sentence = page.locator("[data-sentence]")
    figures = (
        r"^It predicts \d+% of single votes \(\d+% to \d+%\), where a second person predicts \d+% and length alone"
    )
    expect(sentence).to_have_text(re.compile(figures), timeout=30_000)
    reads(page, house.boss.call("GET", f"/projects/{project}/reward")["models"][0]["evaluation"])
    check(page, "a reward model")
    exports(page, tmp_path)

    page.get_by_role("link", name="Loop").click()
    candidates = tmp_path / "candidates.jsonl"
    lines = [{"prompt": one.prompt, "response": text} for one in REQUESTS for text in one.candidates]
    candidates.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    page.get_by_label("Candidates").set_input_files(candidates)
    page.get_by_role("button", name="Improve").click()
    expect(page.get_by_role("heading", name="Round 1")).to_be_visible(timeout=20_000)
    check(page, "a round that nobody was asked about")
    chosen = {row["prompt"]: row for row in read(download(page, "link", "What it chose", tmp_path / "chosen.jsonl"))}
    gains = [WORTH[prompt][row["new"]] - WORTH[prompt][row["old"]] for prompt, row in chosen.items()]
    assert sum(gains) > 0, "the hidden taste, too, holds the new to be better"
    page.get_by_label("Prompts, drawn at random").fill("15")
    page.get_by_role("button", name="Compare blind").click()
    link = page.get_by_role("link", name="which is better?")
    expect(link).to_be_visible(timeout=20_000)
    check(page, "a comparison that nobody has judged")
    blind = int(str(link.get_attribute("href")).split("/")[2])

    # Whoever judged before is not let in; somebody new is, and sees nothing that tells old from new.
    invited = house.invitation(blind)
    refused = judges[0].client.post(f"{house.url}/api/link/use", json={"token": invited.partition("#")[2]})
    assert (refused.status_code, "did not take part" in refused.text) == (403, True)
    seat = visit(house.annotator(blind, "Cleo"))
    seat.goto(f"{house.url}/p/{blind}/work")
    seat.locator("[data-place]").first.wait_for()
    words = seat.locator("main").inner_text().lower()
    assert "new" not in words.split()
    assert "old" not in words.split()
    preferred = judge_by_key(seat, draw)
    won = sum(text == chosen[prompt]["new"] for prompt, text in preferred) / len(preferred)
    assert won > 0.5
    expect(page.locator("[data-win]")).to_contain_text(f"preferred on {won:.0%} of prompts", timeout=20_000)
    expect(page.locator("main")).to_contain_text(f"{len(preferred)} votes on {len(preferred)} prompts of")
    drawn = re.compile(rf"^Win rate: {100 * won:.0f} %, .*; expected \d+ %$")
    expect(page.get_by_role("img", name=drawn)).to_be_visible()
    for screen, settings in SCREENS.items():
        shown = visit(house.boss, **settings)
        for part in ("reward", "loop"):
            shown.goto(f"{house.url}/p/{project}/{part}")
            shown.locator("[data-sentence], [data-win]").wait_for()
            check(shown, f"{part}, {screen}")


def reads(page: Page, told: Any) -> None:
    """The page says what the evaluation found."""
    main = page.locator("main")
    expect(page.locator("[data-sentence]")).to_have_text(told["sentence"])
    expect(main).to_contain_text("120 votes on 60 pairs of 20 prompts")
    percents = {name: math.floor(100 * told[name]["value"] + 0.5) for name in ("votes", "people", "style", "length")}
    assert percents["votes"] > percents["length"]
    drawn = f"Single votes predicted: The model {percents['votes']} %, A second person {percents['people']} %"
    expect(page.get_by_role("img", name=f"{drawn}, Style alone {percents['style']} %")).to_be_visible()
    parity = f"{told['parity']['value']:.2f}".removeprefix("0")
    expect(main).to_contain_text(f"Parity {parity}")
    expect(page.get_by_role("img", name=re.compile(r"^Reliability: says \d+ %, \d+ % of \d+"))).to_be_visible()
    for says in ("reliability_says", "position_says", "length_says"):
        expect(main).to_contain_text(told[says])
    for paid in told["paid"]:
        expect(page.get_by_role("row", name=paid["feature"]).first).to_contain_text(" to ")
    for worst in told["worst"]:
        expect(page.get_by_role("row").filter(has_text=worst["prompt"])).to_contain_text(f"{worst['votes']}")


def exports(page: Page, folder: Path) -> None:
    """The files hold the model and the pairs that people made."""
    model = RewardModel.load(download(page, "link", "The model, version 1", folder / "reward-1.npz"))
    best = {one.prompt: max(one.candidates, key=WORTH[one.prompt].__getitem__) for one in REQUESTS}
    worst = {one.prompt: min(one.candidates, key=WORTH[one.prompt].__getitem__) for one in REQUESTS}
    ahead = model.score(list(best), list(best.values())).reward > model.score(list(worst), list(worst.values())).reward
    assert ahead.mean() > 0.8
    pairs = read(download(page, "button", "Preferences", folder / "pairs.jsonl"))
    assert {"prompt", "chosen", "rejected", "split", "votes", "probability", "weight"} <= pairs[0].keys()
    right = [WORTH[row["prompt"]][row["chosen"]] > WORTH[row["prompt"]][row["rejected"]] for row in pairs]
    assert sum(right) / len(right) > 0.75
    splits = {(row["prompt"], row["split"]) for row in pairs}
    assert len(splits) == len({prompt for prompt, _ in splits}), "a prompt is in one split"
    turns = read(download(page, "button", "Preferences as conversations", folder / "turns.jsonl"))
    assert [row["chosen"][-1]["content"] for row in turns] == [row["chosen"] for row in pairs]
    single = read(download(page, "button", "Single responses", folder / "single.jsonl"))
    assert {row["label"] for row in single} == {True, False}
