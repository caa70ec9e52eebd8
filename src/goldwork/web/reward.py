"""Reward models: trained as a job, looked at, fetched."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody
from litestar.response import Response

from goldwork.services import preferences, reward
from goldwork.services.jobs import Job
from goldwork.services.preferences import Request as PairsRequest
from goldwork.services.reward import RewardPage
from goldwork.web.context import Request, for_member

QuestionName = Annotated[str, msgspec.Meta(max_length=100)]


class NewReward(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to learn from: the question, or the first that compares texts."""

    question: QuestionName | None = None


class NewPairs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which file of a question's pairs to write: as trainers take preferences, the same as conversations, or single
    responses that are good or not."""

    question: QuestionName
    rows: preferences.Rows = "preference"
    format: preferences.FileFormat = "jsonl"


class RewardController(Controller):
    """`/projects/{p}/reward`."""

    tags = ("reward",)

    @get("/projects/{project_id:int}/reward", operation_id="getReward", opt=for_member("manager"))
    async def show(self, request: Request, project_id: FromPath[int]) -> RewardPage:
        """The project's reward models, and how good they are."""
        return await request.server.read(reward.page, project_id)

    @post("/projects/{project_id:int}/reward", operation_id="trainReward", status_code=202, opt=for_member("manager"))
    async def train(self, request: Request, project_id: FromPath[int], data: JSONBody[NewReward]) -> Job:
        """Begin to train a reward model on all comparisons there are; the job that does already is returned."""
        server = request.server
        return await server.write(reward.start, server.database, project_id, data.question)

    @post(
        "/projects/{project_id:int}/reward/pairs",
        operation_id="exportPairs",
        status_code=202,
        opt=for_member("manager"),
    )
    async def pairs(self, request: Request, project_id: FromPath[int], data: JSONBody[NewPairs]) -> Job:
        """Begin to write the training pairs; they are fetched as every export is."""
        server = request.server
        asked = PairsRequest(data.question, data.rows, data.format)
        return await server.write(preferences.start_export, server.database, project_id, asked)

    @get(
        "/projects/{project_id:int}/reward/{version:int}/model",
        operation_id="getRewardModel",
        opt=for_member("manager") | {"answers": ("application/octet-stream",)},
    )
    async def model(self, request: Request, project_id: FromPath[int], version: FromPath[int]) -> Response[bytes]:
        """A model as a file, for `goldwork reward score`."""
        content = await request.server.read(reward.content, project_id, version)
        named = {"content-disposition": f'attachment; filename="reward-{version}.npz"'}
        return Response(content, media_type="application/octet-stream", headers=named)
