"""Another tool's file through the API: known by the upload, imported with its answers, exported in other formats."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from goldwork.io.exchange import exchange
from goldwork.tasks.questions import read_form
from tests.conftest import LiveServer
from tests.services.conftest import FORM
from tests.services.test_exchange import COUNT, examples
from tests.web.test_live import finish, sign_in


def test_in_and_out(live_server: LiveServer, tmp_path: Path) -> None:
    path = tmp_path / "tasks.json"
    exchange.get("label-studio").write(path, read_form(FORM), iter(examples()))
    with contextlib.ExitStack() as closing:
        ada = sign_in(closing, live_server.url, live_server.first_link, "Ada")
        made = ada.post("/projects", json={"name": "Kinds", "form": FORM, "overlap": 2})
        project = made.json()["id"]
        here = f"/projects/{project}"
        seen = ada.post(f"{here}/files?name=tasks.json", content=path.read_bytes()).json()
        assert (seen["format"], seen["columns"]) == ("label-studio", [])
        found = seen["exchange"]
        assert (found["items"], found["annotators"], found["fits"]) == (COUNT, 2, "")
        body = {"file": seen["file"], "what": "exchange", "format": found["format"], "batch": "theirs"}
        done = finish(ada, project, ada.post(f"{here}/imports", json=body).json())
        assert (done["state"], done["result"]["items"], done["result"]["submits"]) == ("done", COUNT, 2 * COUNT)
        wrong = ada.post(f"{here}/imports", json=body | {"format": "xls"})
        assert wrong.status_code == 400
        assert "no exchange is called" in wrong.json()["error"]["message"]

        offers = {one["format"]: one for one in ada.get(f"{here}/formats").json()["formats"]}
        assert offers["coco"]["refusal"]
        assert list(offers["label-studio"]["losses"]) == ["all", "consensus"]
        refused = ada.post(f"{here}/formats", json={"format": "coco"})
        assert (refused.status_code, "boxes only" in refused.json()["error"]["message"]) == (400, True)
        asked = {"format": "label-studio", "answers": "all"}
        written = finish(ada, project, ada.post(f"{here}/formats", json=asked).json())
        file = ada.get(f"{here}/exports/{written['id']}")
        assert 'filename="label-studio.json"' in file.headers["content-disposition"]
        assert [len(one["annotations"]) for one in json.loads(file.text)] == [2] * COUNT
        assert "@" not in file.text
