"""goldwork policy compare, on an installation."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa

from goldwork.cli import main
from goldwork.store.schema import item
from tests.services.conftest import Room, room  # noqa: F401
from tests.services.test_blind import ready


def test_a_comparison_is_made_and_looked_at(room: Room, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: F811
    parent = ready(room)
    address = room.database.url.render_as_string(hide_password=False)
    where = ["--home", str(room.home.path), "--database", address, "--json"]
    assert main(["policy", "compare", str(parent), "--prompts", "5", *where]) == 0
    made = json.loads(capsys.readouterr().out)
    assert (made["prompts"], made["judged"], made["win"]) == (5, 0, None)
    with room.database.read() as connection:
        there = connection.execute(sa.select(item.c.wanted).where(item.c.project == made["project"])).scalars().all()
    assert list(there) == [1] * 5
    assert main(["policy", "compare", str(parent), *where]) == 0
    assert json.loads(capsys.readouterr().out)["project"] == made["project"]
    assert main(["policy", "compare", "99", *where]) == 2
