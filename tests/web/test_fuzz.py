"""Requests made from openapi.json, against the running application: no answer but those that it promises."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, Phase, settings
from schemathesis import checks

from goldwork.services import signin
from goldwork.services.access import MAX_ID
from goldwork.store.database import Database
from goldwork.store.home import Home
from goldwork.store.writer import Writer
from goldwork.web.app import create_app
from goldwork.web.settings import Settings
from tests.web.conftest import Stage
from tests.web.world import World

DOCUMENT = Path(__file__).parents[2] / "openapi.json"
EXAMPLES = 8
"""Requests per route: a few hundred in all."""
PROMISES = (
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
    checks.unsupported_method,
)


def without_security() -> dict[str, Any]:
    """The description without who may what: that is tested by docs/permissions.csv, here everything is allowed."""
    document: dict[str, Any] = json.loads(DOCUMENT.read_text())
    del document["components"]["securitySchemes"]
    for path in document["paths"].values():
        for operation in path.values():
            operation["security"] = []
    return document


schema = schemathesis.openapi.from_dict(without_security())

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]


class Running:
    """An application on a free port, and the world in its database."""

    def __init__(self, url: str, world: World) -> None:
        self.url = url
        self.world = world

    def cookie(self) -> str:
        """A new session of the manager, who administrates the server too: a request may end it."""
        boss = self.world.boss.person
        assert boss is not None
        with self.world.stage.database.write() as connection:
            return f"goldwork-8321={signin.start_session(connection, boss.account, self.world.now(connection))}"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("fuzz")
    path = folder / "goldwork.db"
    path.write_bytes(sqlite_template.read_bytes())
    database, home = Database(str(path)), Home(folder / "home")
    writer = Writer(database)
    # The people and projects come in through a stage of their own, which needs no client.
    world = World(Stage(database, home, None))  # type: ignore[arg-type]
    config = uvicorn.Config(
        create_app(home, database, writer, Settings()), port=0, log_config=None, access_log=False, ws="none"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield Running(f"http://127.0.0.1:{port}", world)
    server.should_exit = True
    thread.join(20)
    writer.close()
    database.close()


def is_id(value: object) -> bool:
    """Whether a value could be a project's."""
    return str(value).isascii() and str(value).isdigit() and 1 <= int(str(value)) <= MAX_ID


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_one_that_was_promised(case: Any, running: Running) -> None:
    if is_id(case.path_parameters.get("project_id")):  # what is no id stays, to be refused
        case.path_parameters["project_id"] = running.world.own
    case.call_and_validate(base_url=running.url, headers={"cookie": running.cookie()}, checks=list(PROMISES))
