"""docs/guide/task-types.md says what is so."""

from __future__ import annotations

import json
import re
from pathlib import Path

import msgspec
import pytest

from goldwork.tasks import task_type
from goldwork.tasks.questions import read_form

GUIDE = (Path(__file__).parents[2] / "docs" / "guide" / "task-types.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", GUIDE, re.MULTILINE | re.DOTALL))
ROWS = re.findall(r"^\| \[`(\w+)`\]\(#\1\) \|.*\| (.*?) \|$", GUIDE, re.MULTILINE)


def test_the_form_is_one() -> None:
    form = read_form(json.loads(re.findall(r"```json\n(.*?)```", GUIDE, re.DOTALL)[0]))
    assert form.check({"better": -2, "harm": {"cannot_tell": "long"}}) == {
        "better": -2,
        "harm": {"cannot_tell": "long"},
    }


def test_every_task_type_has_a_row_and_a_section() -> None:
    assert {name for name, _ in ROWS} == set(task_type.names()) == set(SECTIONS) - {"Your"}


@pytest.mark.parametrize(("name", "consensus"), ROWS)
def test_a_section_s_settings_can_be_asked(name: str, consensus: str) -> None:
    [settings] = re.findall(r"```json\n(.*?)```", SECTIONS[name], re.DOTALL)
    task = msgspec.convert(json.loads(settings), task_type.get(name))
    assert task.form().primitives
    assert f"`{task.consensus}`" in consensus
