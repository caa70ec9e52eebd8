"""`goldwork agreement` and `goldwork consensus` on files: no options needed, nothing written on errors."""

from __future__ import annotations

import csv
import gzip
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from goldwork import io
from goldwork.cli import main
from goldwork.consensus import Consensus, consensus
from goldwork.distances import distance
from goldwork.items import Items
from goldwork.judgements import Judgements

DATA = Path(os.environ.get("GOLDWORK_DATA", Path(__file__).parents[3] / "shared" / "data"))
LABELS = "task,worker,rating\n" + "".join(
    f"t{n},{who},{'ab'[(n + (who == 'cam')) % 2]}\n" for n in range(12) for who in ("ann", "bob", "cam")
)


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    path = tmp_path / "labels.csv"
    path.write_text(LABELS)
    return path


def test_agreement_for_people_and_for_programs(labels: Path, capsys: Any) -> None:
    assert main(["agreement", str(labels)]) == 0
    out, said = capsys.readouterr()
    assert "95 % interval" in out
    assert "item from 'task', annotator from 'worker', label from 'rating'" in said
    assert "choice (guessed)" in said
    assert main(["agreement", str(labels), "--json", "--coefficient", "percent"]) == 0
    [line] = capsys.readouterr().out.splitlines()
    found = json.loads(line)
    assert found["value"] == pytest.approx(1 / 3)
    assert (found["items"], found["judgements"], found["coefficient"]) == (12, 36, "percent")
    assert found["low"] <= found["value"] <= found["high"]


def test_agreement_says_where_it_comes_from(labels: Path, capsys: Any) -> None:
    assert main(["agreement", str(labels), "--explain", "--coefficient", "gwet", "--over", "annotators"]) == 0
    out, said = capsys.readouterr()
    assert "items that add most to the disagreement" in out
    assert "ann and bob: 1.00 on 12 items" in out
    assert "Only 3 annotators" in said
    assert main(["agreement", str(labels), "--explain", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["annotator"] for row in found["by_annotator"]] == ["ann", "bob", "cam"]
    assert len(found["by_item"]) == 12
    assert found["by_pair"][0] | {"low": 0} == {
        "first": "ann", "second": "bob", "items": 12, "agreement": 1.0, "low": 0, "high": 1.0
    }  # fmt: skip


def test_agreement_by_group(tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("item,annotator,label,batch\n" + "".join(
        f"{n},{who},{n % 2 if n < 12 or who == 'x' else 0},{n // 12}\n" for n in range(24) for who in "xy"
    ))  # fmt: skip
    assert main(["agreement", str(path), "--by", "batch", "--coefficient", "percent"]) == 0
    out = capsys.readouterr().out
    assert "0:\npercent     1.0000" in out
    assert "1:\npercent     0.5000" in out
    assert main(["agreement", str(path), "--by", "batch", "--json"]) == 0
    assert [json.loads(line)["group"] for line in capsys.readouterr().out.splitlines()] == ["0", "1"]


def test_help_lists_every_name(capsys: Any) -> None:
    from goldwork.agreement import WEIGHTINGS, coefficient
    from goldwork.distances import distance

    with pytest.raises(SystemExit) as ended:
        main(["agreement", "--help"])
    assert ended.value.code == 0
    out = capsys.readouterr().out
    for name in (*coefficient.names(), *WEIGHTINGS, *distance.names()):
        assert re.search(rf"\b{name}\b", out), name


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl", "parquet", "csv.gz", "jsonl.gz"])
def test_every_format_gives_the_same_consensus(labels: Path, tmp_path: Path, suffix: str) -> None:
    copy, out = tmp_path / f"copy.{suffix}", [tmp_path / "one.csv", tmp_path / "two.csv"]
    io.write(copy, io.load(labels).columns)
    assert main(["consensus", str(labels), "--method", "majority", "-o", str(out[0])]) == 0
    assert main(["consensus", str(copy), "--method", "majority", "-o", str(out[1])]) == 0
    assert out[0].read_bytes() == out[1].read_bytes()
    with out[0].open() as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0])[:4] == ["item", "label", "confidence", "judgements"]
    assert [row["label"] for row in rows] == ["ab"[int(row["item"][1:]) % 2] for row in rows]


def test_consensus_without_a_file_goes_to_stdout(labels: Path, capsysbinary: Any) -> None:
    assert main(["consensus", str(labels)]) == 0
    out, said = capsysbinary.readouterr()
    assert out.splitlines()[0].startswith(b"item,label,confidence,judgements")
    assert len(out.splitlines()) == 13
    assert b"dawid-skene: 12 items from 36 judgements" in said


def test_consensus_as_json_and_with_gold(labels: Path, tmp_path: Path, capsys: Any) -> None:
    gold, out = tmp_path / "gold.csv", tmp_path / "out.jsonl"
    gold.write_text("item,truth\nt0,b\nt99,a\n")
    assert main(["consensus", str(labels), "--gold", str(gold), "--json", "-o", str(out)]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["items"] == 12
    assert {row["annotator"] for row in summary["annotators"]} == {"ann", "bob", "cam"}
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert next(row["label"] for row in rows if row["item"] == "t0") == "b"


def test_several_questions(tmp_path: Path, capsys: Any) -> None:
    path, out = tmp_path / "labels.csv", tmp_path / "out.csv"
    path.write_text("item,annotator,question,label\n" + "".join(
        f"{n},{who},{question},{n % 2}\n" for n in range(12) for who in "xy" for question in ("hate", "tone")
    ))  # fmt: skip
    assert main(["agreement", str(path), "--json"]) == 0
    assert [json.loads(line)["question"] for line in capsys.readouterr().out.splitlines()] == ["hate", "tone"]
    assert main(["consensus", str(path), "-o", str(out)]) == 0
    assert out.read_text().startswith("item,question,label,")
    assert len(out.read_text().splitlines()) == 25


@pytest.mark.parametrize(
    "options",
    [
        ["--coefficient", "no"],
        ["--item", "no"],
        ["--task", "no"],
        ["--level", "interval"],
        ["--weighting", "no"],
        ["--weighting", "linear"],
        ["--distance", "no"],
        ["--by", "no"],
        ["--overlap", "first"],
        ["--items", "missing.csv"],
    ],
)
def test_bad_options_end_with_2(labels: Path, options: list[str], capsys: Any) -> None:
    assert main(["agreement", str(labels), *options]) == 2
    assert "goldwork: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        (LABELS + "t0,ann,a\n", [], "line 38 repeats line 2"),
        (LABELS + "t0,ann\n", [], "line 38: 2 cells"),
        (LABELS, ["--method", "no"], "no consensus is called 'no'"),
        (LABELS, ["--gold", "missing.csv"], "missing.csv"),
        ("a,b\n1,2\n", [], "no column is called item"),
    ],
)
def test_errors_write_nothing(tmp_path: Path, content: str, options: list[str], said: str, capsys: Any) -> None:
    path, out = tmp_path / "labels.csv", tmp_path / "out.csv"
    path.write_text(content)
    assert main(["consensus", str(path), *options, "-o", str(out)]) == 2
    assert said in capsys.readouterr().err
    assert [one.name for one in tmp_path.iterdir()] == ["labels.csv"]


def test_the_input_is_never_overwritten(labels: Path, capsys: Any) -> None:
    assert main(["consensus", str(labels), "-o", str(labels)]) == 2
    assert "is the file that is read" in capsys.readouterr().err
    assert labels.read_text() == LABELS


def test_usage_errors_and_a_reader_that_goes_away(labels: Path) -> None:
    command = [sys.executable, "-m", "goldwork.cli"]
    assert subprocess.run([*command, "agreement"], capture_output=True, check=False).returncode == 2
    assert subprocess.run([*command, "nothing"], capture_output=True, check=False).returncode == 2
    process = subprocess.Popen([*command, "consensus", str(labels)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.close()
    _, said = process.communicate()
    assert b"Traceback" not in said
    assert b"Exception" not in said


SETS = [("a", ["cat"]), ("b", ["cat", "dog"]), ("c", ["cat"])]


@pytest.fixture
def structured(tmp_path: Path) -> Path:
    """Lists of options about four items, as JSON in the cells of a CSV file."""
    path = tmp_path / "sets.csv"
    rows = [{"item": item, "annotator": who, "label": label} for item in range(4) for who, label in SETS]
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    io.write(path, columns)
    return path


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_structured_labels_go_in_and_out_as_json(structured: Path, tmp_path: Path, suffix: str, capsys: Any) -> None:
    copy, out = tmp_path / f"copy.{suffix}", tmp_path / "out.csv"
    io.write(copy, io.read(structured).to_columns())
    assert main(["consensus", str(copy), "-o", str(out)]) == 0
    said = capsys.readouterr().err
    assert "Task: sets (guessed)." in said
    assert "medoid: 4 items from 12 judgements" in said
    with out.open() as stream:
        assert [json.loads(row["label"]) for row in csv.DictReader(stream)] == [["cat"]] * 4


def test_gold_of_structured_labels(structured: Path, tmp_path: Path) -> None:
    gold, out = tmp_path / "gold.csv", tmp_path / "out.jsonl"
    gold.write_text('item,truth\n0,"[""fox""]"\n')
    assert main(["consensus", str(structured), "--gold", str(gold), "-o", str(out)]) == 0
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert [row["label"] for row in rows] == [["fox"], ["cat"], ["cat"], ["cat"]]


def test_the_distance_is_passed_on(structured: Path, capsys: Any) -> None:
    for options in ([], ["--distance", "nominal"]):
        assert main(["consensus", str(structured), "--json", *options, "-o", str(structured.parent / "out.csv")]) == 0
    sets, nominal = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert nominal["annotators"][1]["nearness"] == pytest.approx(0)
    assert sets["annotators"][1]["nearness"] == pytest.approx(0.5)
    assert main(["consensus", str(structured), "--distance", "no"]) == 2
    assert "no distance is called 'no'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--task", "choice", "--method", "mean"], "mean merges numbers. For choice there are: "),
        (["--method", "no"], "no consensus is called 'no'. For choice there are: "),
        (["--task", "numbers"], "'a' is no number"),
        (["--task", "no"], "there is no task 'no'. There are: choice, numbers, sets"),
        (["--distance", "words"], "dawid-skene has no option 'distance'"),
    ],
)
def test_what_does_not_fit_is_an_error_that_lists_what_does(
    labels: Path, options: list[str], said: str, capsys: Any
) -> None:
    assert main(["consensus", str(labels), *options]) == 2
    assert said in capsys.readouterr().err


def test_the_task_chooses_method_and_distance(labels: Path, capsys: Any) -> None:
    assert main(["consensus", str(labels), "--task", "text"]) == 0
    assert "Task: text." in (said := capsys.readouterr().err)
    assert "medoid: 12 items" in said
    assert main(["consensus", str(labels), "--method", "rover"]) == 0
    assert "rover: 12 items" in capsys.readouterr().err


def test_help_lists_the_methods_by_task(capsys: Any) -> None:
    with pytest.raises(SystemExit):
        main(["consensus", "--help"])
    said = capsys.readouterr().out
    for name in [*consensus.names(), *distance.names()]:
        assert name in said
    assert "text        medoid (default), rover" in said


def test_questions_of_different_kinds(tmp_path: Path, capsys: Any) -> None:
    """Each by its own method; a figure that one of them lacks is empty there."""
    path, out = tmp_path / "labels.csv", tmp_path / "out.csv"
    path.write_text("item,annotator,question,label\n" + "".join(
        f"{n},{who},tone,{'ab'[n % 2]}\n{n},{who},share,{n}.{at}\n" for n in range(6) for at, who in enumerate("xyz")
    ))  # fmt: skip
    assert main(["consensus", str(path), "-o", str(out)]) == 0
    said = capsys.readouterr().err
    assert "Task: share numbers, tone choice (guessed)." in said
    assert "share: mean: 6 items" in said
    with out.open() as stream:
        rows = {(row["question"], row["item"]): row for row in csv.DictReader(stream)}
    assert rows["tone", "1"]["label"] == '"b"'  # a column that holds text and numbers holds JSON
    assert rows["tone", "1"]["low"] == ""
    assert float(rows["share", "1"]["low"]) < float(rows["share", "1"]["label"]) == pytest.approx(1.1)


def test_items_reach_the_methods_that_take_them(labels: Path, tmp_path: Path, monkeypatch: Any) -> None:
    seen = []

    def method(table: Judgements, *, gold: Any, seed: int, items: Items | None = None) -> Consensus:
        seen.append(items)
        return consensus.get("majority")(table, gold=gold, seed=seed)

    monkeypatch.setitem(consensus._entries, "with-items", method)
    items = tmp_path / "items.csv"
    items.write_text("id,left,right\n" + "".join(f"t{n},x,y\n" for n in range(12)))
    assert main(["consensus", str(labels), "--method", "with-items"]) == 0
    assert main(["consensus", str(labels), "--method", "with-items", "--items", str(items)]) == 0
    assert seen[0] is None
    assert seen[1].payload("t3") == {"left": "x", "right": "y"}


def test_json_has_no_nan(tmp_path: Path, capsys: Any) -> None:
    """Nobody else judged these items, so nothing is known of the annotators."""
    path = tmp_path / "labels.jsonl"
    path.write_text("".join(json.dumps({"item": n, "annotator": f"w{n}", "label": ["a"]}) + "\n" for n in range(3)))
    assert main(["consensus", str(path), "--json", "-o", str(tmp_path / "out.jsonl")]) == 0
    [summary] = (json.loads(line, parse_constant=pytest.fail) for line in capsys.readouterr().out.splitlines())
    assert [row["nearness"] for row in summary["annotators"]] == [None] * 3


@pytest.mark.skipif(not DATA.exists(), reason=f"the shared data sets are not at {DATA}")
@pytest.mark.parametrize(
    ("name", "method", "accuracy"),
    [("product", "dawid-skene", 0.9390), ("snow_rte", "dawid-skene", 0.9275), ("face_sentiment", "dawid-skene", 0.640)],
)
def test_real_labels_need_no_options(tmp_path: Path, name: str, method: str, accuracy: float) -> None:
    packed, out = tmp_path / "labels.csv.gz", tmp_path / "out.csv"
    packed.write_bytes(gzip.compress((DATA / name / "labels.csv").read_bytes()))
    assert main(["consensus", str(packed), "--method", method, "-o", str(out)]) == 0
    with (DATA / name / "truth.csv").open() as one, out.open() as other:
        truth = {row["item"]: row["truth"] for row in csv.DictReader(one)}
        found = {row["item"]: row["label"] for row in csv.DictReader(other)}
    known = [item for item in found if item in truth]
    assert sum(found[item] == truth[item] for item in known) / len(known) >= accuracy
