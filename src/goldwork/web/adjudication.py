"""Adjudication: what waits for an expert, and what they do with it. Settling is a submit like any other."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody

from goldwork.services import adjudicate, notes, projects
from goldwork.services.access import MAX_ID, Member
from goldwork.services.adjudicate import MAX_NOTE, MOST_HELD, MOST_MORE, Docket, Opened
from goldwork.services.notes import Note
from goldwork.store.database import Connection
from goldwork.web.context import Request, for_member
from goldwork.web.work import DrawnJson, GuidelineNow, ProjectName, ShortId, drawn


class Desk(msgspec.Struct, frozen=True):
    """All that the expert's screen draws but the items."""

    project: ProjectName
    form: DrawnJson
    form_version: int
    guideline: GuidelineNow
    standing: Docket


class WantedCases(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many items to hold in all, those already held included."""

    count: Annotated[int, msgspec.Meta(ge=1, le=MOST_HELD)]


class SentBack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A held item of which `more` judgements are wanted. `id`: the client's own: sending it again is harmless."""

    id: ShortId
    assignment: ShortId
    more: Annotated[int, msgspec.Meta(ge=1, le=MOST_MORE)] = 1


class NewNote(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the guideline should say, as an item shows. `id`: the client's own: sending it again is harmless."""

    id: ShortId
    assignment: ShortId
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NOTE)]


class Notes(msgspec.Struct, frozen=True):
    """The notes that wait for whoever writes the guideline."""

    notes: list[Note]


class AdjudicationController(Controller):
    """`/projects/{p}/adjudication`, `/notes`."""

    tags = ("adjudication",)

    @get("/projects/{project_id:int}/adjudication", operation_id="getAdjudication", opt=for_member("adjudicator"))
    async def show(self, request: Request) -> Desk:
        """The form as it is drawn, and how many items wait."""
        return await request.server.read(_desk, request.member)

    @post(
        "/projects/{project_id:int}/adjudication/next",
        operation_id="openCases",
        status_code=200,
        opt=for_member("adjudicator"),
    )
    async def open(self, request: Request, project_id: FromPath[int], data: JSONBody[WantedCases]) -> Opened:
        """Hold items to settle, with everybody's answers; blind ones without."""
        server = request.server
        opened = await server.write(
            adjudicate.open_cases, server.database, server.collector, request.member, data.count
        )
        _, fields = await server.asked(project_id, opened.form_version)
        shown = [msgspec.structs.replace(case, fields=drawn(case.fields, fields, project_id)) for case in opened.cases]
        return msgspec.structs.replace(opened, cases=shown)

    @post(
        "/projects/{project_id:int}/adjudication/send-back",
        operation_id="sendBack",
        status_code=204,
        opt=for_member("adjudicator") | {"errors": (409,)},
    )
    async def send_back(self, request: Request, data: JSONBody[SentBack]) -> None:
        """Ask for more judgements of an item instead of settling it. Sending it again is harmless."""
        server, mine = request.server, request.member
        await server.write(adjudicate.send_back, server.database, mine, data.id, data.assignment, data.more)

    @post(
        "/projects/{project_id:int}/notes",
        operation_id="addNote",
        status_code=204,
        opt=for_member("adjudicator") | {"errors": (409,)},
    )
    async def note(self, request: Request, data: JSONBody[NewNote]) -> None:
        """Note for the guideline what an item shows. Sending it again is harmless."""
        server, mine = request.server, request.member
        await server.write(adjudicate.write_note, server.database, mine, data.id, data.assignment, data.text)

    @get("/projects/{project_id:int}/notes", operation_id="listNotes", opt=for_member("manager"))
    async def notes(self, request: Request) -> Notes:
        """What those who settle items want the guideline to say."""
        return Notes(await request.server.read(notes.open_notes, request.member))

    @post(
        "/projects/{project_id:int}/notes/{note_id:int}/done",
        operation_id="closeNote",
        status_code=204,
        opt=for_member("manager"),
    )
    async def close(self, request: Request, note_id: FromPath[int]) -> None:
        """The note is dealt with."""
        server = request.server
        await server.write(notes.close, server.database, request.member, min(note_id, MAX_ID))


def _desk(connection: Connection, member: Member) -> Desk:
    found = projects.screen(connection, member)
    return Desk(
        project=ProjectName(found.id, found.name, found.state),
        form=found.form,
        form_version=found.form_version,
        guideline=GuidelineNow(found.guideline_version, found.guideline),
        standing=adjudicate.standing(connection, member),
    )
