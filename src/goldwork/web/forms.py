"""Forms: what they may be made of, how they would be drawn, a project's own and what another one would do to it."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Controller, Response, get, post, put
from litestar.params import JSONBody

from goldwork.services import projects
from goldwork.services.form_change import FormChange
from goldwork.services.projects import Project
from goldwork.tasks.describe import TypeDescription, describe_types
from goldwork.tasks.questions import read_form
from goldwork.tasks.templates import Template, templates
from goldwork.web.context import Request, for_consenting, for_member
from goldwork.web.projects import FORM_BODY, FormJson

Drawn = Annotated[dict[str, Any], msgspec.Meta(extra_json_schema={"$ref": "#/components/schemas/DrawnForm"})]


class TaskTypes(msgspec.Struct, frozen=True):
    """The kinds of question there are, those of other packages too."""

    task_types: list[TypeDescription]


class Templates(msgspec.Struct, frozen=True):
    """Forms to start from."""

    templates: list[Template]


class NewForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A form."""

    form: FormJson


class DrawnNow(msgspec.Struct, frozen=True):
    """A form as annotators would see it."""

    drawn: Drawn


class FormFile(msgspec.Struct, frozen=True):
    """A form as its own file: a form, and the version of its format."""

    goldwork_form: int
    questions: list[dict[str, Any]]
    fields: list[dict[str, Any]]


class FormsController(Controller):
    """`/task-types`, `/templates`, `/forms` and `/projects/{project_id}/form`."""

    tags = ("forms",)

    @get("/task-types", operation_id="listTaskTypes", opt=for_consenting())
    async def task_types(self, request: Request) -> TaskTypes:
        """Every task type with its settings and an example."""
        return TaskTypes(await request.server.thread(describe_types))

    @get("/templates", operation_id="listTemplates", opt=for_consenting())
    async def templates(self, request: Request) -> Templates:
        """Forms to start from, each with a guideline and sample items."""
        return Templates(await request.server.thread(templates))

    @post(
        "/forms/draw", operation_id="drawForm", opt=for_consenting(), status_code=200, request_max_body_size=FORM_BODY
    )
    async def draw(self, request: Request, data: JSONBody[NewForm]) -> DrawnNow:
        """How a form would be drawn; nothing is stored. What does not fit is said with its place."""
        return DrawnNow(await request.server.read(projects.draw, request.person, data.form))

    @get("/projects/{project_id:int}/form", operation_id="getForm", opt=for_member("manager"))
    async def show(self, request: Request) -> Response[FormFile]:
        """A project's form as a file, to keep and to use elsewhere: wherever a form is taken, so is this."""
        mine = request.member
        file = await request.server.read(projects.read_file, mine)
        name = {"content-disposition": f'attachment; filename="form-{mine.project}.json"'}
        return Response(msgspec.convert(file, FormFile), headers=name)

    @post(
        "/projects/{project_id:int}/form/preview",
        operation_id="previewForm",
        opt=for_member("manager"),
        status_code=200,
        request_max_body_size=FORM_BODY,
    )
    async def preview(self, request: Request, data: JSONBody[NewForm]) -> FormChange:
        """What another form would do to the judgements in force; nothing is stored."""
        return await request.server.read(projects.preview_form, request.member, read_form(data.form))

    @put(
        "/projects/{project_id:int}/form",
        operation_id="setForm",
        opt=for_member("manager") | {"errors": (409,)},
        request_max_body_size=FORM_BODY,
    )
    async def set_form(self, request: Request, data: JSONBody[NewForm]) -> Project:
        """Ask something else, where every answer in force still fits."""
        server, mine = request.server, request.member
        checked = await server.read(projects.preview_form, mine, read_form(data.form))
        await server.write(projects.set_form, server.database, mine, data.form, checked)
        return await server.read(projects.describe, mine)
