"""goldwork form: a project's form out, and another one in where it fits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from goldwork.cli import main
from goldwork.services import access, accounts, projects
from goldwork.store.database import Database
from goldwork.store.home import Home
from goldwork.store.migrations import migrate

CLASSES = [{"value": "a"}, {"value": "b"}]
FORM = {"questions": [{"name": "kind", "title": "Which?", "task": {"type": "choice", "classes": CLASSES}}]}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with one project, in which somebody judged one item."""
    home = Home(tmp_path / "home")
    database = Database(home.database)
    migrate(database)
    with database.write() as connection:
        of = accounts.create_account(connection, database.now(connection), name="Ada", administrator=True)
        person = access.person_of(connection, of)
        projects.create(connection, database, person, name="P", form=FORM)
    database.close()
    items, labels = tmp_path / "items.csv", tmp_path / "labels.csv"
    items.write_text("id,text\n1,one\n")
    labels.write_text("item,annotator,label\n1,Bob,a\n")
    for file, more in ((items, []), (labels, ["--what", "judgements"])):
        assert main(["import", "1", str(file), "--home", str(tmp_path / "home"), *more]) == 0
    return tmp_path / "home"


def written(path: Path, form: dict[str, Any]) -> str:
    path.write_text(json.dumps(form))
    return str(path)


def test_out_changed_and_in_again(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "form.json"
    assert main(["form", "1", "-o", str(file), "--home", str(home)]) == 0
    form = json.loads(file.read_text())
    assert form["goldwork_form"] == 1
    form["questions"][0]["task"]["classes"].append({"value": "c"})
    given = ["form", "1", "--set", written(file, form), "--home", str(home)]
    assert main([*given, "--preview"]) == 0
    assert "kind: 1 answer to it stay." in capsys.readouterr().err
    assert main(["form", "1", "--home", str(home)]) == 0
    assert len(json.loads(capsys.readouterr().out)["questions"][0]["task"]["classes"]) == 2
    assert main(given) == 0
    assert main(["form", "1", "--home", str(home)]) == 0
    assert len(json.loads(capsys.readouterr().out)["questions"][0]["task"]["classes"]) == 3


def test_what_answers_do_not_fit_is_refused(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    smaller = {
        "questions": [FORM["questions"][0] | {"task": {"type": "choice", "classes": [{"value": "b"}, {"value": "c"}]}}]
    }
    given = ["form", "1", "--set", written(tmp_path / "form.json", smaller), "--home", str(home)]
    for more in (["--preview"], []):
        assert main([*given, *more]) == 2
        said = capsys.readouterr().err
        assert "kind: 1 of 1 answer would no longer fit." in said
        assert "item 1: a must be one of b, c. Got 'a'." in said
    assert main(["form", "1", "--home", str(home)]) == 0
    assert json.loads(capsys.readouterr().out)["questions"][0]["task"]["classes"] == CLASSES


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is no JSON"),
        ("[" * 5000, "is nested too deeply"),
        ("{}", "missing required field `questions`"),
        ('{"goldwork_form": 2}', "forms of format 1"),
    ],
)
def test_a_bad_file_is_named(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    file = tmp_path / "bad.json"
    file.write_text(text)
    assert main(["form", "1", "--set", str(file), "--home", str(home)]) == 2
    assert said in capsys.readouterr().err
    assert main(["form", "1", "--set", str(tmp_path / "nowhere.json"), "--home", str(home)]) == 2
    assert "cannot be read" in capsys.readouterr().err
    assert main(["form", "7", "--home", str(home)]) == 2
