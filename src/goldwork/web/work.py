"""Judging: what to judge next, and what was judged.

`/next` and `/submits` are the hot routes: one look-up for who asks, one request to the writer, which answers it
together with everything else that waits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody
from litestar.response.base import ASGIResponse

from goldwork.services import mine, projects, sessions, standing
from goldwork.services.access import Member
from goldwork.services.assign import MAX_HELD, Held, Lease
from goldwork.services.collect import Asked, Receipt, Submit
from goldwork.services.media import KINDS
from goldwork.services.projects import State
from goldwork.services.reviewing import rubric_form
from goldwork.services.standing import Standing
from goldwork.store.database import Connection, Database
from goldwork.tasks.questions import draw_form, draw_lots
from goldwork.web.context import Request, for_member
from goldwork.web.errors import encode

SUBMIT_BODY = 2**21
"""The largest submit: long texts and conversations, hundreds of spans and boxes."""
MAX_ID_LENGTH = 64

DrawnJson = Annotated[dict[str, Any], msgspec.Meta(extra_json_schema={"$ref": "#/components/schemas/DrawnForm"})]
ShortId = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_ID_LENGTH)]
Version = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]


class ProjectName(msgspec.Struct, frozen=True):
    """The project one judges in."""

    id: int
    name: str
    state: State


class GuidelineNow(msgspec.Struct, frozen=True):
    """The guideline in force, as Markdown."""

    version: int
    text: str


class Screen(msgspec.Struct, frozen=True):
    """All that the workbench draws but the items. `left`: items this person could still get, up to 1000.
    `standing`: what stands between this person and ordinary work, if anything does. `session_minutes`: the longest
    stretch of work before a break is due; 0: none is stated."""

    project: ProjectName
    form: DrawnJson
    form_version: int
    guideline: GuidelineNow
    today: mine.Today
    left: int
    lease_minutes: int
    session_minutes: int
    standing: Standing | None


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many items to hold in all, those already held included."""

    count: Annotated[int, msgspec.Meta(ge=1, le=MAX_HELD)]


class TextToReview(msgspec.Struct, frozen=True):
    """What somebody else answered, by question, to be judged by the rubric's `form`; `shown`: how fields stood."""

    answers: dict[str, Any]
    shown: dict[str, list[str]]
    form: DrawnJson


class Assignment(msgspec.Struct, frozen=True):
    """One item to judge: what is shown of it, until when it is held. Images and sounds are addresses under /api.

    `shown`: for questions about several fields, in which order these stand on the screen. `suggestions`: a model's
    answers by question, to be accepted or corrected; empty where there are none or they are hidden. `review`: the text
    that is to be reviewed, where it is not the project's questions that are to be answered.
    """

    id: str
    fields: dict[str, str]
    leased_until: int
    shown: dict[str, list[str]] = {}
    suggestions: dict[str, Any] = {}
    review: TextToReview | None = None


class Work(msgspec.Struct, frozen=True):
    """What one holds now, oldest first. `left`: 0 when there is nothing more at present. `standing`: why these are
    training items, or why there are none."""

    state: State
    form_version: int
    guideline_version: int
    assignments: list[Assignment]
    left: int
    standing: Standing | None = None


class NewSubmit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was judged. `id`: the client's own, so that sending it again is harmless. `seconds`: active time."""

    id: ShortId
    assignment: ShortId
    kind: Literal["answer", "skip", "undo"]
    form_version: Version
    guideline_version: Version
    answers: dict[str, Any] = {}
    seconds: Annotated[float, msgspec.Meta(ge=0, le=86_400)] | None = None


class WorkController(Controller):
    """`/projects/{p}/work`, `/next`, `/submits`, `/me`, `/rest`."""

    tags = ("work",)

    @get("/projects/{project_id:int}/work", operation_id="getWork", opt=for_member("annotator"))
    async def show(self, request: Request) -> Screen:
        """The form as it is drawn, the guideline, and how far one is."""
        return await request.server.read(_screen, request.server.database, request.member)

    @post(
        "/projects/{project_id:int}/next",
        operation_id="getNext",
        status_code=200,
        opt=for_member("annotator") | {"answers": Work},
        request_max_body_size=SUBMIT_BODY,
    )
    async def lease(self, request: Request, project_id: FromPath[int], data: JSONBody[Wanted]) -> ASGIResponse:
        """Hold items to judge: those held already, and more up to `count`. Asking again is harmless."""
        server = request.server
        wanted = Lease(project_id, request.member.person.annotator, data.count)
        leased = await server.writer.many_async(server.assigner.lease_many, wanted)
        asked, fields = await server.asked(project_id, leased.form_version)
        texts = any(held.text is not None for held in leased.assignments)
        rubric = draw_form(rubric_form(leased.rubric)) if texts else {}
        work = Work(
            state=leased.state,  # type: ignore[arg-type]
            form_version=leased.form_version,
            guideline_version=leased.guideline_version,
            assignments=[_assignment(held, asked, fields, project_id, rubric) for held in leased.assignments],
            left=int(leased.more),
            standing=await server.read(standing.describe, request.member) if leased.held else None,
        )
        return reply(work, 200)

    @post(
        "/projects/{project_id:int}/submits",
        operation_id="submit",
        opt=for_member("annotator") | {"errors": (409,), "answers": Receipt},
        request_max_body_size=SUBMIT_BODY,
    )
    async def submit(self, request: Request, project_id: FromPath[int], data: JSONBody[NewSubmit]) -> ASGIResponse:
        """Hand in an answer, a skip or an undo. Acknowledged once it is durable; sending it again is harmless."""
        server = request.server
        sent = Submit(
            project_id,
            request.member.person.annotator,
            data.id,
            data.assignment,
            data.kind,
            data.form_version,
            data.guideline_version,
            data.answers,
            data.seconds,
        )
        return reply(await server.writer.many_async(server.collector.submit_many, sent), 201)

    @get("/projects/{project_id:int}/me", operation_id="getMyWork", opt=for_member("annotator"))
    async def me(self, request: Request) -> mine.MyWork:
        """One's own work in the project: how it goes, and all that is paid counted."""
        server = request.server
        return await server.read(_me, server.database, request.member)

    @get("/projects/{project_id:int}/rest", operation_id="getRest", opt=for_member("annotator"))
    async def rest(self, request: Request) -> sessions.Rest:
        """Whether a break is due, or would do one good: said to oneself alone, and kept nowhere."""
        server = request.server
        return await server.read(_rest, server.database, request.member)


def reply(body: Any, status: int) -> ASGIResponse:
    """An answer without what the framework's own responses cost on the hot routes."""
    return ASGIResponse(body=encode(body), status_code=status, media_type="application/json")


def _screen(connection: Connection, database: Database, member: Member) -> Screen:
    found = projects.screen(connection, member)
    return Screen(
        project=ProjectName(found.id, found.name, found.state),
        form=found.form,
        form_version=found.form_version,
        guideline=GuidelineNow(found.guideline_version, found.guideline),
        today=mine.today(connection, member, database.now(connection)),
        left=mine.count_left(connection, member),
        lease_minutes=found.lease_minutes,
        session_minutes=found.session_minutes,
        standing=standing.describe(connection, member),
    )


def _me(connection: Connection, database: Database, member: Member) -> mine.MyWork:
    return mine.describe(connection, member, database.now(connection))


def _rest(connection: Connection, database: Database, member: Member) -> sessions.Rest:
    return sessions.rest(connection, member, database.now(connection))


_PAYLOAD = msgspec.json.Decoder(dict[str, Any])


def _assignment(
    held: Held, asked: Asked, fields: Mapping[str, str], project_id: int, rubric: dict[str, Any]
) -> Assignment:
    there = drawn(_PAYLOAD.decode(held.payload), fields, project_id)
    if held.text is not None:
        text = TextToReview(dict(held.text.answers), dict(held.text.shown), rubric)
        return Assignment(held.id, there, held.leased_until, review=text)
    shown = draw_lots(asked.shuffled, held.id) if asked.shuffled else {}
    return Assignment(held.id, there, held.leased_until, shown, dict(held.suggestions))


def drawn(payload: Mapping[str, Any], fields: Mapping[str, str], project_id: int) -> dict[str, str]:
    """What is shown of an item: the form's fields and nothing else of the payload; an image as its address."""
    shown = {}
    for name in fields or payload:
        value = payload.get(name)
        text = "" if value is None else value if isinstance(value, str) else msgspec.json.encode(value).decode()
        if text and fields.get(name) in KINDS:
            text = f"/api/projects/{project_id}/media/{text}"
        shown[name] = text
    return shown
