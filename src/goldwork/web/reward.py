"""Reward models, the policies that they choose, and the blind comparisons of these: each begun as a job."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody
from litestar.response import Response

from goldwork.services import blind, improve, loop, preferences, reward
from goldwork.services.improve import Request as ImproveRequest
from goldwork.services.jobs import Job
from goldwork.services.loop import Loop
from goldwork.services.policy import MAX_OVERLAP
from goldwork.services.preferences import Request as PairsRequest
from goldwork.services.reward import RewardPage
from goldwork.web.context import Request, for_member
from goldwork.web.session import Text

Version = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
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


class NewPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How to choose among candidates. `file`: an upload with a row a response; without it the candidates there are.

    `way`: the best of all candidates, or of the first `best_of`; or a draw within `limit` nats. `caution`: spreads of
    the ensemble taken off a reward. `model`: a version, by default the latest. `against`: the policy that is replaced,
    by default a draw from the candidates.
    """

    file: Text | None = None
    prompt: Text = "prompt"
    response: Text = "response"
    way: improve.Way = "best"
    best_of: Annotated[int, msgspec.Meta(ge=2, le=10_000)] | None = None
    limit: Annotated[float, msgspec.Meta(ge=0, le=100)] = 1.0
    caution: Annotated[float, msgspec.Meta(ge=0, le=100)] = 1.0
    model: Version | None = None
    against: Version | None = None


class NewComparison(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many prompts to draw, and how many people judge each."""

    prompts: Annotated[int, msgspec.Meta(ge=1, le=blind.MOST_PROMPTS)] = blind.PROMPTS
    overlap: Annotated[int, msgspec.Meta(ge=1, le=MAX_OVERLAP)] = 1


class RewardController(Controller):
    """`/projects/{p}/reward`, `/policies`, `/loop`."""

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

    @get("/projects/{project_id:int}/loop", operation_id="getLoop", opt=for_member("manager"))
    async def loop(self, request: Request, project_id: FromPath[int]) -> Loop:
        """Models, what they chose, and what people say of it."""
        return await request.server.read(loop.page, project_id)

    @post("/projects/{project_id:int}/policies", operation_id="improve", status_code=202, opt=for_member("manager"))
    async def improve(self, request: Request, project_id: FromPath[int], data: JSONBody[NewPolicy]) -> Job:
        """Begin to choose a response for every prompt."""
        asked = ImproveRequest(**msgspec.structs.asdict(data))
        return await request.server.write(improve.start, request.server.database, project_id, asked)

    @get(
        "/projects/{project_id:int}/policies/{policy:int}/choices",
        operation_id="getChoices",
        opt=for_member("manager") | {"answers": ("application/octet-stream",)},
    )
    async def choices(self, request: Request, project_id: FromPath[int], policy: FromPath[int]) -> Response[bytes]:
        """What a policy chose, as JSON Lines: prompt, old and new response, and what the reward says of them."""
        found = await request.server.read(improve.choices, project_id, policy)
        named = {"content-disposition": f'attachment; filename="policy-{policy}.jsonl"'}
        lines = b"".join(msgspec.json.encode(one) + b"\n" for one in found)
        return Response(lines, media_type="application/octet-stream", headers=named)

    @post(
        "/projects/{project_id:int}/policies/{policy:int}/comparison",
        operation_id="comparePolicy",
        status_code=202,
        opt=for_member("manager") | {"errors": (409,)},
    )
    async def compare(self, request: Request, policy: FromPath[int], data: JSONBody[NewComparison]) -> Job:
        """Begin a blind comparison of a policy with what it replaces, in a project of its own."""
        server, mine = request.server, request.member
        return await server.write(
            blind.start,
            server.database,
            mine.project,
            policy,
            prompts=data.prompts,
            overlap=data.overlap,
            by=mine.person.account,
        )
