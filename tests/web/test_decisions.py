"""Decisions over HTTP, by the requests that docs/guide/decisions.md tells."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest

from goldwork.services import decisions
from goldwork.services.rulings import Verdict
from tests.gold import add_gold, give
from tests.web.conftest import Stage, User

GUIDE = (Path(__file__).parents[2] / "docs" / "guide" / "decisions.md").read_text(encoding="utf-8")
APPEAL, RULING = (json.loads(block) for block in re.findall(r"```json\n(.*?)```", GUIDE, re.DOTALL))


def rows() -> dict[str, list[str]]:
    """The guide's table of kinds."""
    lines = [line for line in GUIDE.splitlines() if re.match(r"\| `\w+` \|", line)]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {kind.strip("`"): rest for kind, *rest in cells}


def test_the_guide_tells_every_kind() -> None:
    told = rows()
    assert set(told) == set(get_args(decisions.Kind))
    for kind, (_, _, disagree, overrule) in told.items():
        assert (disagree == "yes") == (kind in decisions.APPEALABLE), kind
        assert (overrule == "yes") == (kind in decisions.REVERSIBLE), kind


def test_the_guide_tells_what_may_be_said() -> None:
    for word in (*get_args(Verdict), *filter(None, get_args(decisions.Action)), *get_args(decisions.Standing)):
        assert f"`{word}`" in GUIDE, word


@pytest.fixture
def accused(stage: Stage) -> tuple[Stage, User, User, int]:
    """A manager, somebody whose work is set aside, and the project."""
    boss = stage.user("Boss", administrator=True)
    project = stage.project(boss, texts=3)
    rana = stage.join(project, stage.user("Rana"), "annotator")
    assert rana.person is not None
    with stage.database.write() as connection:
        golds = add_gold(connection, stage.database, project, ["a"] * 5)
        held = give(connection, stage.database, project, rana.person.annotator, golds)
    for one in held:
        body = {"id": one, "assignment": one, "kind": "answer", "answers": {"kind": "b"}}
        sent = rana.post(f"/projects/{project}/submits", body | {"form_version": 1, "guideline_version": 1})
        assert sent.status_code == 201, sent.text
        assert not {"gold", "score", "e", "known"} & set(sent.json())
    return stage, boss, rana, project


def find(boss: User, project: int, kind: str) -> Any:
    return boss.get(f"/projects/{project}/decisions?kind={kind}").json()["rows"][0]


def test_disagreed_with_and_reversed(accused: tuple[Stage, User, User, int]) -> None:
    _stage, boss, rana, project = accused
    one = find(boss, project, "quarantine")
    case = boss.get(f"/projects/{project}/decisions/{one['seq']}?number={one['number']}").json()
    assert [result["answers"] for result in case["gold"]] == [{"kind": "b"}] * len(case["gold"])
    assert case["gold"][0]["fields"] == {"text": "gold text 0"}

    mine = rana.get(f"/projects/{project}/me/decisions")
    assert "gold text" not in mine.text
    assert "known" not in mine.text
    sent = rana.post(f"/projects/{project}/me/decisions/{one['seq']}/appeal", APPEAL | {"number": one["number"]})
    assert sent.status_code == 201, sent.text
    again = rana.post(f"/projects/{project}/me/decisions/{one['seq']}/appeal", APPEAL | {"number": one["number"]})
    assert (again.status_code, again.json()["error"]["reason"]) == (409, "appealed")

    where, ruling = f"/projects/{project}/decisions/{one['seq']}/rulings", RULING | {"number": one["number"]}
    assert boss.post(where, ruling | {"verdict": "noted"}).status_code == 201
    ruled = boss.post(where, ruling)
    assert ruled.status_code == 201, ruled.text  # the appeal was answered; this is a second thought
    assert [said["kind"] for said in ruled.json()["decision"]["statements"]] == ["appeal", "noted", "overruled"]
    told = {row["kind"]: row for row in rana.get(f"/projects/{project}/me/decisions").json()["rows"]}
    assert told["restored"]["may_appeal"] is told["quarantine"]["may_appeal"] is False
    assert told["quarantine"]["statements"][-1]["text"] == RULING["text"]


def test_who_ruled_does_not_answer(accused: tuple[Stage, User, User, int]) -> None:
    stage, boss, rana, project = accused
    one = find(boss, project, "quarantine")
    where, ruling = f"/projects/{project}/decisions/{one['seq']}/rulings", RULING | {"number": one["number"]}
    assert boss.post(where, ruling | {"verdict": "upheld"}).status_code == 201
    rana.post(f"/projects/{project}/me/decisions/{one['seq']}/appeal", APPEAL | {"number": one["number"]})
    refused = boss.post(where, ruling)
    assert (refused.status_code, refused.json()["error"]["reason"]) == (409, "same_person")
    assert "invite one under People" in refused.json()["error"]["message"]
    other = stage.join(project, stage.user("Nora"), "manager")
    assert other.post(where, ruling).status_code == 201


def test_nobody_rules_on_themselves(accused: tuple[Stage, User, User, int]) -> None:
    _stage, boss, rana, project = accused
    one = find(boss, project, "warn")
    promoted = boss.request("PATCH", f"/projects/{project}/members/{rana.person.account}", json={"role": "manager"})  # type: ignore[union-attr]
    assert promoted.is_success, promoted.text
    where = f"/projects/{project}/decisions/{one['seq']}/rulings"
    refused = rana.post(where, RULING | {"number": one["number"]})
    assert (refused.status_code, refused.json()["error"]["reason"]) == (403, "own_decision")


def test_the_evidence_in_both_shapes(accused: tuple[Stage, User, User, int]) -> None:
    _, boss, rana, project = accused
    assert rana.person is not None
    table = boss.get(f"/projects/{project}/evidence/table")
    assert table.headers["content-type"].startswith("text/csv")
    assert table.headers["content-disposition"] == 'attachment; filename="evidence.csv"'
    _header, *lines = table.text.splitlines()
    [person] = boss.get(f"/projects/{project}/evidence").json()["annotators"]
    assert person["e"] > 20
    assert [",".join(map(str, result)) for result in person["results"]] == lines
    assert len(lines) == 5
    assert "Rana" not in table.text
