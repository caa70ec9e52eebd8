"""The application: controllers under /api, the front end elsewhere, the gate around both."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from litestar import Controller, Litestar, Router
from litestar.datastructures import State
from litestar.types import ASGIApp

from goldwork.store.database import Database
from goldwork.store.home import Home
from goldwork.store.writer import Writer
from goldwork.web.account import AccountController
from goldwork.web.adjudication import AdjudicationController
from goldwork.web.attributes import AttributesController
from goldwork.web.context import Admission, Request, Server
from goldwork.web.decisions import DecisionsController
from goldwork.web.errors import respond
from goldwork.web.exports import ExportsController
from goldwork.web.flags import FlagsController
from goldwork.web.forms import FormsController
from goldwork.web.gold import GoldController
from goldwork.web.health import HealthController
from goldwork.web.imports import ImportsController
from goldwork.web.jobs import JobsController
from goldwork.web.media import MediaController
from goldwork.web.members import MembersController
from goldwork.web.models import ModelController
from goldwork.web.monitor import MonitorController
from goldwork.web.oversight import OversightController
from goldwork.web.projects import ProjectsController
from goldwork.web.reward import RewardController
from goldwork.web.security import Gate
from goldwork.web.session import SessionController
from goldwork.web.settings import Settings
from goldwork.web.site import STATIC, Site
from goldwork.web.work import WorkController

JSON_BODY = 2**20
"""The largest body of a route that says nothing else, in bytes."""
CONTROLLERS: Sequence[type[Controller]] = (
    HealthController,
    SessionController,
    AccountController,
    ProjectsController,
    FormsController,
    MembersController,
    WorkController,
    ImportsController,
    MediaController,
    JobsController,
    ExportsController,
    FlagsController,
    MonitorController,
    AdjudicationController,
    DecisionsController,
    OversightController,
    GoldController,
    ModelController,
    AttributesController,
    RewardController,
)


def create_api(server: Server | None = None) -> Litestar:
    """The API alone. Without a server it can be looked at, and not asked."""

    @asynccontextmanager
    async def lifespan(_app: Litestar) -> AsyncIterator[None]:
        assert server is not None
        async with server.running():
            yield

    api = Router(
        "/api",
        route_handlers=CONTROLLERS,
        middleware=[Admission],
        request_class=Request,
        request_max_body_size=JSON_BODY,
    )
    app = Litestar(
        [api],
        exception_handlers={Exception: respond},
        lifespan=[lifespan] if server else [],
        openapi_config=None,
        logging_config=None,
        state=State({"server": server}),
    )
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if "who" not in handler.opt and handler.http_methods != {"OPTIONS"}:
                raise RuntimeError(f"{route.path}: a route has to say whom it is for")
    return app


def create_app(home: Home, database: Database, writer: Writer, settings: Settings, static: Path = STATIC) -> ASGIApp:
    """The whole application over an open, migrated database."""
    return Gate(create_api(Server(home, database, writer, settings)), Site(static), settings)
