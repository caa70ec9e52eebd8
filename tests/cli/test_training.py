"""goldwork impact, reward and policy."""

from __future__ import annotations

import csv
import json
import re
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from goldwork.cli import main
from goldwork.testing import simulate_preferences


def write(path: Path, columns: dict[str, Any]) -> str:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return str(path)


@pytest.fixture(scope="module")
def preferences(tmp_path_factory: Any) -> tuple[str, str]:
    """Votes about pairs, and the pairs with their prompts."""
    folder = tmp_path_factory.mktemp("preferences")
    simulated = simulate_preferences(prompts=40, seed=1)
    table = simulated.table.to_columns()
    labels = {name: table[name].tolist() for name in ("item", "annotator", "label", "shown")}
    items = {"id": simulated.items.ids.tolist()} | {k: v.tolist() for k, v in simulated.items.columns.items()}
    return write(folder / "labels.csv", labels), write(folder / "items.csv", items)


@pytest.fixture(scope="module")
def model(preferences: tuple[str, str], tmp_path_factory: Any) -> str:
    path = tmp_path_factory.mktemp("model") / "model.npz"
    assert main(["reward", "train", preferences[0], "--items", preferences[1], "-o", str(path)]) == 0
    return str(path)


def test_training_says_how_good_it_is_and_writes_pairs(
    preferences: tuple[str, str], tmp_path: Path, capsys: Any
) -> None:
    labels, items = preferences
    target, rows = tmp_path / "m.npz", tmp_path / "pairs.parquet"
    arguments = ["reward", "train", labels, "--items", items, "-o", str(target), "--pairs", str(rows)]
    assert main(arguments) == 0
    out = capsys.readouterr().out
    for word in ("single votes", "a second person", "parity", "length alone", "ceiling", "position", "agrees least on"):
        assert word in out
    assert target.exists()
    table = pq.read_table(rows)
    assert {"prompt", "chosen", "rejected", "probability", "weight", "votes", "split"} <= set(table.column_names)
    assert main([*arguments[:-1], str(tmp_path / "u.jsonl"), "--rows", "unpaired", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["verdict"] in ("good", "fair", "poor")
    assert said["votes"]["low"] < said["votes"]["value"] < said["votes"]["high"]
    assert json.loads((tmp_path / "u.jsonl").read_text().splitlines()[0]).keys() >= {"prompt", "completion", "label"}


def test_evaluation_leaves_out_what_was_trained_on(
    preferences: tuple[str, str], model: str, tmp_path: Path, capsys: Any
) -> None:
    labels, items = preferences
    assert main(["reward", "evaluate", model, labels, "--items", items]) == 2
    assert "trained on every one of these prompts" in capsys.readouterr().err
    fresh = simulate_preferences(prompts=60, seed=9)
    table = fresh.table.to_columns()
    more = write(tmp_path / "l.csv", {name: table[name].tolist() for name in ("item", "annotator", "label")})
    columns = {"id": fresh.items.ids.tolist()} | {k: v.tolist() for k, v in fresh.items.columns.items()}
    assert main(["reward", "evaluate", model, more, "--items", write(tmp_path / "i.csv", columns)]) == 0
    told = capsys.readouterr()
    assert "40 of 60 prompts were trained on and are left out" in told.err
    assert "It predicts" in told.out


def test_scores_stand_beside_the_responses(model: str, tmp_path: Path, capsys: Any) -> None:
    texts = ["First measure, then cut. Store it dry and dark.", "It really depends."]
    responses = write(tmp_path / "r.csv", {"prompt": ["Why?"] * 2, "response": texts})
    assert main(["reward", "score", model, responses]) == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert [row["response"] for row in rows] == texts
    assert float(rows[0]["reward"]) > float(rows[1]["reward"])
    assert float(rows[0]["spread"]) > 0
    assert main(["reward", "score", model, responses, "--response", "text"]) == 2
    assert "there is no column 'text'" in capsys.readouterr().err
    assert main(["reward", "score", responses, responses]) == 2
    assert "is no reward model" in capsys.readouterr().err


def test_policies_choose_and_say_how_far_they_went(model: str, tmp_path: Path, capsys: Any) -> None:
    texts = ["No.", "It really depends.", "First measure, then cut. Store it dry and dark.", "No."]
    candidates = write(tmp_path / "c.csv", {"prompt": ["Why?"] * 4, "response": texts})
    chosen = tmp_path / "chosen.jsonl"
    assert main(["policy", "improve", model, candidates, "-o", str(chosen), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["prompts"] == 1
    assert said["after"] > said["before"]
    assert said["divergence"] == pytest.approx(np.log(3) - 2 / 3), "equal candidates are one"
    assert json.loads(chosen.read_text())["response"] == texts[2]
    assert main(["policy", "improve", model, candidates, "-o", str(chosen), "--limit", ".1"]) == 0
    assert "0.10 nats away" in capsys.readouterr().out
    assert main(["policy", "improve", model, candidates, "-o", candidates]) == 2
    assert main(["policy", "improve", model, candidates, "-o", str(chosen), "--limit", "-1"]) == 2
    assert "nats" in capsys.readouterr().err


def test_one_of_several_questions_is_chosen(preferences: tuple[str, str], tmp_path: Path, capsys: Any) -> None:
    """An exported project asks for more than a comparison, and grades it."""
    with Path(preferences[0]).open(newline="", encoding="utf-8") as file:
        votes = list(csv.DictReader(file))
    columns: dict[str, list[str]] = {name: [] for name in ("item", "annotator", "question", "label", "shown")}
    grades = {"left": "-2", "right": "1", "tie": "bad"}
    for vote in votes:
        for question, label in (("preference", grades.get(vote["label"], "0")), ("why", "It says what to do.")):
            row = vote | {"question": question, "label": label}
            for name, values in columns.items():
                values.append(row[name])
    labels, target = write(tmp_path / "export.csv", columns), tmp_path / "m.npz"
    arguments = ["reward", "train", labels, "--items", preferences[1], "-o", str(target)]
    assert main(arguments) == 2
    assert "preference, why. Choose one with --about" in capsys.readouterr().err
    assert main([*arguments, "--about", "reason"]) == 2
    assert "no question 'reason'" in capsys.readouterr().err
    assert main([*arguments, "--about", "preference"]) == 0
    assert target.exists()


def test_reward_needs_the_items(preferences: tuple[str, str], tmp_path: Path, capsys: Any) -> None:
    assert main(["reward", "train", preferences[0], "-o", str(tmp_path / "m.npz")]) == 2
    assert "give --items FILE" in capsys.readouterr().err
    arguments = ["reward", "train", preferences[0], "--items", preferences[1], "-o", str(tmp_path / "m.npz")]
    assert main([*arguments, "--fields", "left,middle"]) == 2
    assert "no field 'middle'" in capsys.readouterr().err
    assert not list(tmp_path.iterdir()), "nothing is half-written"


@pytest.fixture(scope="module")
def judged(tmp_path_factory: Any) -> tuple[str, str, str]:
    """Labels by four people, one of whom guesses; features that tell most; the truth of as many items again."""
    folder = tmp_path_factory.mktemp("judged")
    rng = np.random.default_rng(0)
    n, right = 400, (0.85, 0.75, 0.7, 0.34)
    truth = rng.integers(0, 3, n)
    features = 2 * np.eye(3)[truth] + rng.normal(size=(n, 3))
    np.savez(folder / "f.npz", ids=np.array([f"i{row}" for row in range(n)]), features=features)
    rows: dict[str, list[str]] = {"item": [], "annotator": [], "label": []}
    for row in range(n // 2):
        for who, skill in enumerate(right):
            said = truth[row] if rng.random() < skill else (truth[row] + rng.integers(1, 3)) % 3
            for name, value in zip(rows, (f"i{row}", f"p{who}", "abc"[said]), strict=True):
                rows[name].append(value)
    known = {"item": [f"i{row}" for row in range(n)], "truth": ["abc"[one] for one in truth]}
    return write(folder / "l.csv", rows), str(folder / "f.npz"), write(folder / "t.csv", known)


def test_impact_says_what_labels_are_worth(judged: tuple[str, str, str], capsys: Any) -> None:
    labels, features, truth = judged
    assert main(["impact", labels, "--features", features, "--truth", truth]) == 0
    out = capsys.readouterr().out
    assert "held against 200 items of known truth, trained on 200" in out
    for way in ("one judgement", "majority", "consensus", "soft labels", "annotators and model"):
        assert way in out
    assert main(["impact", labels, "--features", features, "--truth", truth, "--json"]) == 0
    rows = {row["way"]: row for row in map(json.loads, capsys.readouterr().out.splitlines())}
    assert rows["one judgement"]["judgements"] == 200
    assert rows["annotators and model"]["accuracy"] > rows["one judgement"]["accuracy"]


def test_where_all_known_items_are_judged_a_part_is_left_out(
    judged: tuple[str, str, str], tmp_path: Path, capsys: Any
) -> None:
    labels, features, truth = judged
    rows = list(csv.DictReader(Path(truth).read_text(encoding="utf-8").splitlines()))[:100]
    few = write(tmp_path / "t.csv", {name: [row[name] for row in rows] for name in ("item", "truth")})
    assert main(["impact", labels, "--features", features, "--truth", few]) == 0
    assert "held against 20 items of known truth, trained on 180" in capsys.readouterr().out


def test_words_of_the_items_will_do(tmp_path: Path, capsys: Any) -> None:
    rng = np.random.default_rng(0)
    said = rng.integers(0, 2, 80)
    texts = [f"{('bad awful', 'good fine')[one]} number{rng.integers(9)}" for one in said]
    ids = [f"i{row}" for row in range(80)]
    items = write(tmp_path / "i.csv", {"id": ids, "text": texts})
    votes = {"item": ids[:60] * 2, "annotator": ["x"] * 60 + ["y"] * 60, "label": [str(one) for one in said[:60]] * 2}
    truth = write(tmp_path / "t.csv", {"item": ids, "truth": [str(one) for one in said]})
    arguments = ["impact", write(tmp_path / "l.csv", votes), "--items", items, "--truth", truth]
    assert main([*arguments, "--text", "text"]) == 0
    assert "held against 20 items" in capsys.readouterr().out
    assert main(arguments) == 2
    assert "--text NAME" in capsys.readouterr().err


def test_impact_says_what_is_missing(judged: tuple[str, str, str], tmp_path: Path, capsys: Any) -> None:
    labels, features, truth = judged
    np.savez(tmp_path / "few.npz", ids=np.array(["i0"]), features=np.ones((1, 2)))
    assert main(["impact", labels, "--features", str(tmp_path / "few.npz"), "--truth", truth]) == 2
    assert "no features of 199 judged items" in capsys.readouterr().err
    np.save(tmp_path / "bare.npy", np.ones((1, 2)))
    assert main(["impact", labels, "--features", str(tmp_path / "bare.npy"), "--truth", truth]) == 2
    assert "has no ids" in capsys.readouterr().err
    other = write(tmp_path / "t.csv", {"item": ["i0"], "truth": ["zebra"]})
    assert main(["impact", labels, "--features", features, "--truth", other]) == 2
    assert "'zebra' is nobody's label" in capsys.readouterr().err


def test_the_guides_commands_run_as_written(tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    """Every command of docs/guide/models.md, in its order, on files of the names it uses."""
    guide = Path(__file__).resolve().parents[2] / "docs" / "guide" / "models.md"
    blocks = re.findall(r"```sh\n(.*?)```", guide.read_text(encoding="utf-8"), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    said = rng.integers(0, 2, 80)
    texts = [f"{('bad awful', 'good fine')[one]} number{rng.integers(9)}" for one in said]
    ids = [f"i{row}" for row in range(80)]
    write(tmp_path / "items.csv", {"id": ids, "text": texts})
    write(tmp_path / "truth.csv", {"item": ids, "truth": [str(one) for one in said]})
    votes = {"item": ids[:60] * 2, "annotator": ["x"] * 60 + ["y"] * 60, "label": [str(one) for one in said[:60]] * 2}
    write(tmp_path / "labels.csv", votes)
    for name, pairs, seed, prompts in (("votes", "pairs", 1, 30), ("more-votes", "more-pairs", 2, 50)):
        simulated = simulate_preferences(prompts=prompts, seed=seed)
        table = simulated.table.to_columns()
        write(tmp_path / f"{name}.csv", {column: table[column].tolist() for column in ("item", "annotator", "label")})
        columns = {"id": simulated.items.ids.tolist()} | {k: v.tolist() for k, v in simulated.items.columns.items()}
        write(tmp_path / f"{pairs}.csv", columns)
    candidates = {"prompt": ["Why?"] * 3, "response": ["No.", "It depends.", "First measure, then cut."]}
    write(tmp_path / "responses.csv", candidates)
    write(tmp_path / "candidates.csv", candidates)
    for line in "".join(blocks).splitlines():
        assert main(shlex.split(line)[1:]) == 0, (line, capsys.readouterr().err)
    assert (tmp_path / "chosen.jsonl").exists()
    assert (tmp_path / "scored.csv").exists()
