"""The dashboard: how good it is, how far, who, and where."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Controller, get
from litestar.params import FromPath, QueryParameter

from goldwork.services import answers, monitor
from goldwork.services.answers import ItemAnswers
from goldwork.services.monitor import MAX_ROWS, ConsensusPage, LedgerRow, Overview, Sort
from goldwork.store.database import Connection
from goldwork.web.context import Request, for_member
from goldwork.web.work import drawn

QuestionName = Annotated[str | None, QueryParameter(description="The question; without it the form's first.")]
Cursor = Annotated[str | None, QueryParameter(description="The cursor that the page before gave as `next`.")]
Limit = Annotated[int, QueryParameter(description="Rows in a page.", ge=1, le=MAX_ROWS)]
Order = Annotated[Sort, QueryParameter(description="What the rows go by; - turns it around.")]


class LedgerPage(msgspec.Struct, frozen=True):
    """All paid work, by person."""

    rows: list[LedgerRow]


class MonitorController(Controller):
    """`/projects/{p}/overview`, `/consensus`, `/items/{i}`, `/ledger`."""

    tags = ("monitor",)

    @get("/projects/{project_id:int}/overview", operation_id="getOverview", opt=for_member("manager"))
    async def overview(self, request: Request, project_id: FromPath[int]) -> Overview:
        """The project's figures; agreement and consensus as of the worker's latest snapshot."""
        return await request.server.read(monitor.overview, request.server.database, project_id)

    @get("/projects/{project_id:int}/consensus", operation_id="listConsensus", opt=for_member("manager"))
    async def consensus(
        self,
        request: Request,
        project_id: FromPath[int],
        question: QuestionName = None,
        sort: Order = "confidence",
        after: Cursor = None,
        limit: Limit = 50,
    ) -> ConsensusPage:
        """The merged answers, a page at a time."""
        server = request.server

        def page(connection: Connection) -> ConsensusPage:
            found = monitor.consensus_rows(connection, project_id, question, sort, after, limit)
            return msgspec.structs.replace(
                found,
                rows=[msgspec.structs.replace(row, fields=drawn(row.fields, fields, project_id)) for row in found.rows],
            )

        fields = await server.current_fields(project_id)
        return await server.read(page)

    @get("/projects/{project_id:int}/items/{item_id:int}", operation_id="getItem", opt=for_member("manager"))
    async def item(self, request: Request, project_id: FromPath[int], item_id: FromPath[int]) -> ItemAnswers:
        """One item with everybody's answers and the consensus."""
        server = request.server
        fields = await server.current_fields(project_id)
        found = await server.read(answers.item_answers, project_id, item_id)
        return msgspec.structs.replace(found, fields=drawn(found.fields, fields, project_id))

    @get("/projects/{project_id:int}/ledger", operation_id="getLedger", opt=for_member("manager"))
    async def ledger(self, request: Request, project_id: FromPath[int]) -> LedgerPage:
        """All paid work, by person: nothing is ever counted down."""
        return LedgerPage(await request.server.read(monitor.ledger, project_id))
