"""Projects and their settings."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Controller, get, patch, post, put
from litestar.params import JSONBody
from msgspec import UNSET, UnsetType

from goldwork.services import jobs, policy, projects
from goldwork.services.access import Member, Person
from goldwork.services.projects import MAX_GUIDELINE, Project, ProjectSummary, State
from goldwork.store.database import Connection
from goldwork.web.context import Request, Server, for_consenting, for_member
from goldwork.web.session import Text

FormJson = Annotated[dict[str, Any], msgspec.Meta(extra_json_schema={"$ref": "#/components/schemas/ProjectForm"})]
GuidelineText = Annotated[str, msgspec.Meta(max_length=MAX_GUIDELINE)]
POLICY = ("overlap", "lease_minutes", "method", "coefficient", "suggestions", "hidden_share", "quality")
"""What of a change is the engine's policy."""
FORM_BODY = 2 * 2**20
"""The largest body with a form: a thousand classes with help texts."""


class Projects(msgspec.Struct, frozen=True):
    """The projects one has a part in."""

    projects: list[ProjectSummary]


class NewProject(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A project to begin. `overlap`: judgements per item."""

    name: Text
    form: FormJson
    overlap: int = 3
    lease_minutes: int = 30
    guideline: GuidelineText = ""


QualityJson = Annotated[
    dict[str, Any], msgspec.Meta(description="Those of a project's quality settings that change, by name.")
]


class ProjectChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to change."""

    name: Text | UnsetType = UNSET
    state: State | UnsetType = UNSET
    overlap: int | UnsetType = UNSET
    lease_minutes: int | UnsetType = UNSET
    method: str | UnsetType = UNSET
    coefficient: str | UnsetType = UNSET
    suggestions: str | UnsetType = UNSET
    hidden_share: float | UnsetType = UNSET
    quality: QualityJson | UnsetType = UNSET


class NewGuideline(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The guideline to use from now on, as Markdown. `certify`: everybody shows with five training items that they
    have read it, before their work goes on."""

    text: GuidelineText
    certify: bool = False


class ProjectsController(Controller):
    """`/projects`."""

    tags = ("projects",)

    @get("/projects", operation_id="listProjects", opt=for_consenting())
    async def index(self, request: Request) -> Projects:
        """The projects one has a part in, newest first."""
        return Projects(await request.server.read(projects.list_projects, request.person))

    @post("/projects", operation_id="createProject", opt=for_consenting(), request_max_body_size=FORM_BODY)
    async def create(self, request: Request, data: JSONBody[NewProject]) -> Project:
        """Begin a project, as its manager."""
        return await request.server.write(_create, request.server, request.person, data)

    @get("/projects/{project_id:int}", operation_id="getProject", opt=for_member("annotator"))
    async def show(self, request: Request) -> Project | ProjectSummary:
        """A project; its settings are for managers, others get the summary."""
        mine = request.member
        if mine.role == "manager":
            return await request.server.read(projects.describe, mine)
        return await request.server.read(projects.summarise, mine)

    @patch("/projects/{project_id:int}", operation_id="updateProject", opt=for_member("manager"))
    async def update(self, request: Request, data: JSONBody[ProjectChange]) -> Project:
        """Rename, open, pause or close a project; change its overlap, leases, methods and suggestions."""
        return await request.server.write(_update, request.server, request.member, data)

    @put("/projects/{project_id:int}/guideline", operation_id="setGuideline", opt=for_member("manager"))
    async def set_guideline(self, request: Request, data: JSONBody[NewGuideline]) -> Project:
        """A new version of the guideline."""
        server, mine = request.server, request.member
        await server.write(projects.set_guideline, server.database, mine, data.text, certify=data.certify)
        return await server.read(projects.describe, mine)


def _create(connection: Connection, server: Server, person: Person, data: NewProject) -> Project:
    mine = projects.create(
        connection,
        server.database,
        person,
        name=data.name,
        form=data.form,
        overlap=data.overlap,
        lease_minutes=data.lease_minutes,
        guideline=data.guideline,
    )
    return projects.describe(connection, mine)


def _update(connection: Connection, server: Server, mine: Member, data: ProjectChange) -> Project:
    database = server.database
    if data.name is not UNSET:
        projects.rename(connection, mine, data.name)
    asked = {name: getattr(data, name) for name in POLICY if getattr(data, name) is not UNSET}
    if asked and policy.set_policy(connection, database, mine, **asked):
        jobs.add(connection, database, "sweep", mine.project, {})
    if data.state is not UNSET:
        projects.set_state(connection, database, mine, data.state)
    return projects.describe(connection, mine)
