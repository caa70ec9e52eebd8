"""Decisions: what the engine decided, on what evidence, and what people say of it; one's own, and everybody's."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from goldwork.services import cases, decisions, evidence, rulings
from goldwork.services.cases import Case, GoldCase
from goldwork.services.decisions import MAX_PAGE, About, DecisionPage, Kind, MyDecision, Standing
from goldwork.services.evidence import AllEvidence
from goldwork.web.context import Request, for_member
from goldwork.web.work import drawn

OfKind = Annotated[Kind | None, QueryParameter(description="Decisions of this kind alone.")]
OfWhat = Annotated[About | None, QueryParameter(description="Those about items, or about annotators.")]
Subject = Annotated[int | None, QueryParameter(description="With `about`: the item's or annotator's number.")]
Stands = Annotated[Standing | None, QueryParameter(description="Those that wait for a person, or were ruled on.")]
Cursor = Annotated[str | None, QueryParameter(description="The cursor that the page before gave as `next`.")]
Limit = Annotated[int, QueryParameter(description="Decisions in a page.", ge=1, le=MAX_PAGE)]
Number = Annotated[int, QueryParameter(description="Which of the decisions of that event.", ge=0, le=2**31 - 1)]
Words = Annotated[str, msgspec.Meta(min_length=1, max_length=rulings.LONGEST)]
Place = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]


class NewRuling(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether a decision stands, and why. `action`: what is to happen with whom it is about."""

    verdict: Literal["upheld", "overruled", "noted"]
    text: Words
    action: Literal["", "pause", "resume", "retake"] = ""
    number: Place = 0


class NewAppeal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why one disagrees."""

    text: Words
    number: Place = 0


class MyDecisions(msgspec.Struct, frozen=True):
    """The decisions about oneself, latest first."""

    rows: list[MyDecision]


class DecisionsController(Controller):
    """`/projects/{p}/decisions`, `/evidence` and `/me/decisions`."""

    tags = ("decisions",)

    @get("/projects/{project_id:int}/decisions", operation_id="listDecisions", opt=for_member("manager"))
    async def rows(
        self,
        request: Request,
        project_id: FromPath[int],
        kind: OfKind = None,
        about: OfWhat = None,
        subject: Subject = None,
        standing: Stands = None,
        after: Cursor = None,
        limit: Limit = 50,
    ) -> DecisionPage:
        """What the engine decided, latest first, a page at a time."""
        return await request.server.read(
            decisions.list_decisions,
            project_id,
            kind=kind,
            about=about,
            subject=subject,
            standing=standing,
            after=after,
            limit=limit,
        )

    @get(
        "/projects/{project_id:int}/decisions/{decision_seq:int}",
        operation_id="getDecision",
        opt=for_member("manager"),
    )
    async def show(
        self, request: Request, project_id: FromPath[int], decision_seq: FromPath[int], number: Number = 0
    ) -> Case:
        """One decision with all that it rests on."""
        return await _case(request, project_id, decision_seq, number)

    @post(
        "/projects/{project_id:int}/decisions/{decision_seq:int}/rulings",
        operation_id="rule",
        opt=for_member("manager") | {"errors": (409,)},
    )
    async def rule(
        self, request: Request, project_id: FromPath[int], decision_seq: FromPath[int], data: JSONBody[NewRuling]
    ) -> Case:
        """Say whether a decision stands, with a reason; overruled, what followed from it is taken back."""
        server = request.server
        asked = (data.number, data.verdict, data.text, data.action)
        await server.write(rulings.rule, server.database, request.member, decision_seq, *asked)
        return await _case(request, project_id, decision_seq, data.number)

    @get("/projects/{project_id:int}/me/decisions", operation_id="listMyDecisions", opt=for_member("annotator"))
    async def mine(self, request: Request) -> MyDecisions:
        """What was decided about oneself, and on how much."""
        return MyDecisions(await request.server.read(decisions.my_decisions, request.member))

    @post(
        "/projects/{project_id:int}/me/decisions/{decision_seq:int}/appeal",
        operation_id="appeal",
        opt=for_member("annotator") | {"errors": (409,)},
    )
    async def appeal(self, request: Request, decision_seq: FromPath[int], data: JSONBody[NewAppeal]) -> MyDecisions:
        """Disagree with a decision about oneself, once; another person than who has ruled on it answers."""
        server = request.server
        await server.write(rulings.appeal, server.database, request.member, decision_seq, data.number, data.text)
        return MyDecisions(await server.read(decisions.my_decisions, request.member))

    @get("/projects/{project_id:int}/evidence", operation_id="getEvidence", opt=for_member("manager"))
    async def evidence(self, request: Request, project_id: FromPath[int]) -> AllEvidence:
        """Everybody's gold results that their E rests on, with E."""
        return await request.server.read(evidence.to_json, project_id)

    @get(
        "/projects/{project_id:int}/evidence/table",
        operation_id="getEvidenceTable",
        opt=for_member("manager") | {"answers": ("text/csv",)},
    )
    async def table(self, request: Request, project_id: FromPath[int]) -> Response[bytes]:
        """The same as a CSV file, from which anybody can compute every E."""
        text = await request.server.read(evidence.to_csv, project_id)
        headers = {"content-disposition": 'attachment; filename="evidence.csv"'}
        return Response(text.encode(), media_type="text/csv; charset=utf-8", headers=headers)


async def _case(request: Request, project_id: int, seq: int, number: int) -> Case:
    server = request.server
    fields = await server.current_fields(project_id)
    found = await server.read(cases.find_case, project_id, seq, number)

    def shown(one: GoldCase) -> GoldCase:
        return msgspec.structs.replace(one, fields=drawn(one.fields, fields, project_id))

    of = found.item
    if of is not None:
        answers = msgspec.structs.replace(of.answers, fields=drawn(of.answers.fields, fields, project_id))
        of = msgspec.structs.replace(of, answers=answers)
    return msgspec.structs.replace(found, gold=[shown(one) for one in found.gold], item=of)
