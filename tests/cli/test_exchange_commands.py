"""Other tools' files from the command line: in, out, from one into another, and as a table of labels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import goldwork
from goldwork.cli import main
from goldwork.errors import InputError
from goldwork.io.exchange import Answered, Example, exchange
from goldwork.io.tables import same
from goldwork.tasks.questions import read_form
from tests.services.conftest import FORM, Room, room  # noqa: F401
from tests.services.test_exchange import BOXES, PAIRS, examples
from tests.services.test_ingest import picture

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def place(room: Room) -> list[str]:  # noqa: F811
    return ["--home", str(room.home.path), "--database", room.database.url.render_as_string(hide_password=False)]


@pytest.fixture
def tasks(tmp_path: Path) -> Path:
    exchange.get("label-studio").write(tmp_path / "tasks.json", read_form(FORM), iter(examples()))
    return tmp_path / "tasks.json"


def test_in_and_out(room: Any, place: list[str], tasks: Path, tmp_path: Path, capsys: Any) -> None:  # noqa: F811
    assert main(["import", "1", str(tasks), "--format", "label-studio", *place]) == 0
    assert "imported 7 items and 14 answers by 2 annotators into project 1" in capsys.readouterr().err
    out = tmp_path / "out.jsonl"
    assert main(["export", "1", str(out), "--format", "doccano", "--losses", *place]) == 0
    said = capsys.readouterr().err
    assert "doccano cannot hold all of it:" in said
    assert "- Of several answers about an item it has the consensus." in said
    assert not out.exists()
    assert main(["export", "1", str(out), "--format", "doccano", *place]) == 0
    said = capsys.readouterr().err
    assert "doccano cannot hold all of it:" in said
    assert "7 items" in said
    assert [json.loads(line)["text"] for line in out.read_text().splitlines()] == [f"text {n}" for n in range(7)]
    data = tmp_path / "set"
    card = ["--licence", "cc-by-4.0", "--language", "en", "--tag", "rlhf"]
    assert main(["export", "1", str(data), "--format", "huggingface", *card, *place]) == 0
    readme = (data / "README.md").read_text()
    assert 'license: "cc-by-4.0"' in readme
    assert "- consensus by " in readme
    assert all(one.merged for one in exchange.get("huggingface").read(data))


def test_a_project_of_the_file_s_own_questions(room: Any, place: list[str], tasks: Path, capsys: Any) -> None:  # noqa: F811
    assert main(["import", "--new", "Theirs", str(tasks), "--format", "label-studio", "--keep-names", *place]) == 0
    said = capsys.readouterr().err
    assert "made project 2" in said
    assert "into project 2" in said
    assert main(["export", "2", str(tasks.parent / "j.csv"), *place]) == 0
    table = goldwork.read(tasks.parent / "j.csv")
    assert table.annotators.tolist() == ["Bob", "annotator 1"]
    assert "@" not in (tasks.parent / "j.csv").read_text()


def test_images_come_along(room: Any, place: list[str], tmp_path: Path, capsys: Any) -> None:  # noqa: F811
    box = {"x": 0, "y": 0, "width": 1, "height": 1, "label": "cat"}
    given = [Example("1", {"photo": "one.png", "image_width": "8", "image_height": "8"}, (Answered({"where": [box]}),))]
    (tmp_path / "images").mkdir()
    exchange.get("coco").write(tmp_path / "coco.json", read_form(BOXES), iter(given))
    command = ["import", "--new", "Cats", str(tmp_path / "coco.json"), "--format", "coco", *place]
    assert main(command) == 2
    assert "there is no image 'one.png'" in capsys.readouterr().err
    assert main(["export", "2", str(tmp_path / "x.csv"), *place]) == 2, "no project was made"
    (tmp_path / "images" / "one.png").write_bytes(picture(1))
    assert main(command) == 0
    assert main([*command, "--media", str(tmp_path / "images")]) == 0
    exchange.get("yolo").write(tmp_path / "yolo", read_form(BOXES), iter(given))
    assert main(["import", "--new", "Again", str(tmp_path / "yolo"), "--media", str(tmp_path / "images"), *place]) == 0
    out = tmp_path / "out"
    assert main(["export", "4", str(out), "--format", "voc", "--yes", *place]) == 0
    [read] = exchange.get("voc").read(out)
    assert read.fields["image"] == "one.png"


def test_images_stay_below_their_folder(room: Any, place: list[str], tmp_path: Path, capsys: Any) -> None:  # noqa: F811
    (tmp_path / "secret.png").write_bytes(picture(1))
    (tmp_path / "in").mkdir()
    box = {"x": 0, "y": 0, "width": 1, "height": 1, "label": "cat"}
    given = [Example("1", {"photo": "../secret.png"}, (Answered({"where": [box]}),))]
    exchange.get("coco").write(tmp_path / "in" / "coco.json", read_form(BOXES), iter(given))
    assert main(["import", "--new", "Cats", str(tmp_path / "in" / "coco.json"), "--format", "coco", *place]) == 2
    assert "must not lead out of the folder" in capsys.readouterr().err


@on_sqlite
def test_what_is_wrong_is_said(room: Any, place: list[str], tasks: Path, tmp_path: Path, capsys: Any) -> None:  # noqa: F811
    for command, said in (
        (["import", "Theirs", str(tasks), "--format", "label-studio"], "With --new it is made"),
        (["import", "Theirs", str(tasks)], "With --new it is made"),
        (["import", "1", str(tasks), "--format", "xls"], "no exchange is called 'xls'"),
        (["import", "1", str(tmp_path / "no.json"), "--format", "coco"], "no such file"),
        (["import", "9", str(tasks), "--format", "label-studio"], "project"),
        (["export", "1", str(tmp_path / "x.json"), "--format", "coco"], "boxes only"),
        (["export", "1", str(tmp_path / "x.json"), "--format", "doccano", "--answers", "all"], "holds one answer"),
        (["export", "1", str(tmp_path / "x.csv"), "--losses"], "--losses is for"),
        (["export", "1", str(tmp_path / "x"), "--format", "huggingface", "--language", "klingon"], "language"),
    ):
        assert main([*command, *place]) == 2, command
        assert said in capsys.readouterr().err, command
    assert not (tmp_path / "x.json").exists()
    assert not (tmp_path / "x").exists()


def test_from_one_tool_into_another(tasks: Path, tmp_path: Path, capsys: Any) -> None:
    out = tmp_path / "out.jsonl"
    assert main(["convert", str(tasks), str(out), "--to", "prodigy", "--yes"]) == 0
    assert "wrote" in capsys.readouterr().err
    read = list(exchange.get("prodigy").read(out))
    assert {one.annotator for example in read for one in example.answered} == {"annotator 1", "annotator 2"}
    assert main(["convert", str(tasks), str(out), "--from", "label-studio", "--to", "doccano"]) == 0
    assert [len(one.answered) for one in exchange.get("doccano").read(out)] == [1] * 7
    assert main(["convert", str(tasks), str(tmp_path / "set"), "--to", "huggingface", "--keep-names"]) == 0
    read = list(exchange.get("huggingface").read(tmp_path / "set"))
    assert {one.annotator for example in read for one in example.answered} == {"annotator 1", "Bob"}
    assert all(one.merged for one in read)
    assert main(["convert", str(tasks), str(tasks), "--to", "doccano"]) == 2
    assert main(["convert", str(tasks), str(out), "--to", "coco"]) == 2


def test_ties_are_counted(tmp_path: Path, capsys: Any) -> None:
    sides = {"ask": "Why?", "one": "So.", "two": "Thus."}
    given = [Example("1", sides, tuple(Answered({"better": one}, who) for one, who in (("first", "a"), ("tie", "b"))))]
    source = tmp_path / "set"
    exchange.get("huggingface").write(source, read_form(PAIRS), iter(given))
    out = tmp_path / "out.jsonl"
    assert main(["convert", str(source), str(out), "--to", "trl-preference", "--answers", "all"]) == 0
    assert "1 answers say that neither is better" in capsys.readouterr().err
    assert [json.loads(line) for line in out.read_text().splitlines()] == [
        {"prompt": "Why?", "chosen": " So.", "rejected": " Thus."}
    ]


def test_agreement_and_consensus_of_another_tool_s_file(tasks: Path, tmp_path: Path, capsys: Any) -> None:
    table = goldwork.read(tasks)
    assert (len(table), table.annotators.tolist()) == (14, ["Bob", "ann@example.org"])
    assert main(["agreement", str(tasks), "--json"]) == 0
    out, said = capsys.readouterr()
    assert "tasks.json (label-studio): 14 judgements" in said
    assert json.loads(out)["items"] == 7
    assert main(["consensus", str(tasks), "-o", str(tmp_path / "merged.csv")]) == 0
    assert len((tmp_path / "merged.csv").read_text().splitlines()) == 8
    assert same(goldwork.read(tasks, question="kind", name="label-studio"), table)


def test_one_question_at_a_time(tmp_path: Path, capsys: Any) -> None:
    form = json.loads(json.dumps(FORM))
    form["questions"].append({"name": "good", "title": "How good?", "task": {"type": "rating"}})
    given = [
        Example(
            "1", {"text": "x"}, (Answered({"kind": "a", "good": 2}, "Ann"), Answered({"kind": "a", "good": 4}, "Bob"))
        )
    ]
    exchange.get("huggingface").write(tmp_path / "set", read_form(form), iter(given))
    assert main(["agreement", str(tmp_path / "set")]) == 2
    assert "it answers 2 questions. Name one of: kind, good" in capsys.readouterr().err
    assert main(["agreement", str(tmp_path / "set"), "--question", "good"]) == 0
    with pytest.raises(InputError, match="no question 'bad'"):
        goldwork.read(tmp_path / "set", question="bad")


def test_a_long_table_stays_one(tmp_path: Path) -> None:
    path = tmp_path / "labels.jsonl"
    path.write_text('{"item": "1", "annotator": "a", "label": ["x"], "text": "so good"}\n')
    assert goldwork.read(path).items.tolist() == ["1"]
