"""The model in the loop: what it is worth, what it reads, and the labels that it doubts."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody

from goldwork.services import models, own_features, projects, second_looks, suspects, uploads
from goldwork.services.access import Member
from goldwork.services.adjudicate import MOST_MORE
from goldwork.services.collect import MAX_SECONDS
from goldwork.services.jobs import Job
from goldwork.services.models import ModelPage
from goldwork.services.second_looks import Kind, Look
from goldwork.services.suspects import Suspects
from goldwork.store.database import Connection
from goldwork.web.context import Request, Server, for_member
from goldwork.web.receiving import FileName, receive
from goldwork.web.session import Text
from goldwork.web.work import DrawnJson, ProjectName, ShortId, drawn

MAX_FEATURES = 2**30


class SecondLook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an expert makes of an entry: `confirmed` and `fixed` say the class (`value`), `asked` how many more
    judgements, `undone` takes the last of it back. `id`: the client's own: sending it again is harmless."""

    id: ShortId
    external_id: Text
    kind: Kind
    value: str | int | float | bool | None = None
    more: Annotated[int, msgspec.Meta(ge=1, le=MOST_MORE)] = 1
    seconds: Annotated[float, msgspec.Meta(ge=0, le=MAX_SECONDS)] | None = None


class SuspectsDesk(msgspec.Struct, frozen=True):
    """All that the review list draws."""

    project: ProjectName
    form: DrawnJson
    list: Suspects


class ModelController(Controller):
    """`/projects/{p}/model`, `/features`, `/suspects`."""

    tags = ("model",)

    @get("/projects/{project_id:int}/model", operation_id="getModel", opt=for_member("manager"))
    async def show(self, request: Request, project_id: FromPath[int]) -> ModelPage:
        """The project's model: its versions, the learning curve, what it chose, or why there is none."""
        return await request.server.read(models.read_page, project_id)

    @post(
        "/projects/{project_id:int}/features",
        operation_id="uploadFeatures",
        status_code=202,
        opt=for_member("manager") | {"takes": "application/octet-stream"},
        request_max_body_size=MAX_FEATURES,
    )
    async def features(self, request: Request, project_id: FromPath[int], name: FileName = "features.npy") -> Job:
        """Send numbers that the model reads in place of texts and pictures: .npy, .npz or .parquet, a row an item."""
        server = request.server
        file = await receive(request, partial(uploads.Upload, server.home, project_id, name))
        return await server.write(own_features.start, server.database, server.home, project_id, file)

    @get("/projects/{project_id:int}/suspects", operation_id="listSuspects", opt=for_member("adjudicator"))
    async def suspects(self, request: Request, project_id: FromPath[int]) -> SuspectsDesk:
        """Items whose label is probably wrong, with why, and how often the list was right so far."""
        server = request.server
        desk = await server.read(_desk, server, request.member)
        _, fields = await server.asked(project_id, desk.list.form_version)
        shown = [
            msgspec.structs.replace(one, fields=drawn(one.fields, fields, project_id)) for one in desk.list.suspects
        ]
        return msgspec.structs.replace(desk, list=msgspec.structs.replace(desk.list, suspects=shown))

    @post(
        "/projects/{project_id:int}/suspects/looks",
        operation_id="lookAgain",
        status_code=204,
        opt=for_member("adjudicator") | {"errors": (409,)},
    )
    async def look(self, request: Request, data: JSONBody[SecondLook]) -> None:
        """Confirm a label, mend it, dismiss the doubt, ask more people, or undo it. Sending it again is harmless."""
        server = request.server
        what = Look(data.external_id, data.kind, data.value, data.more, data.seconds)
        await server.write(second_looks.look, server.database, server.collector, request.member, data.id, what)


def _desk(connection: Connection, server: Server, member: Member) -> SuspectsDesk:
    found = projects.screen(connection, member)
    return SuspectsDesk(
        ProjectName(found.id, found.name, found.state),
        found.form,
        suspects.read(connection, server.collector, member, found.form_version),
    )
