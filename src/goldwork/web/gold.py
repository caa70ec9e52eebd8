"""Gold: made, voted on, corrected and retired by managers and adjudicators."""

from __future__ import annotations

import random
from typing import Annotated, Any, Literal

import msgspec
from litestar import Controller, get, post, put
from litestar.params import FromPath, JSONBody, QueryParameter

from goldwork.services import gold, gold_list, traps
from goldwork.services.gold import MAX_REASON
from goldwork.services.gold_items import MOST, Entry, free_items
from goldwork.services.gold_list import MAX_ROWS, GoldItem, GoldPage, Kind, State
from goldwork.services.traps import Making, Proposal
from goldwork.store.database import Connection
from goldwork.web.context import Request, for_member
from goldwork.web.session import Text
from goldwork.web.work import ShortId, drawn

Words = Annotated[str, msgspec.Meta(max_length=MAX_REASON)]
After = Annotated[int, QueryParameter(description="The item that the page before gave as `next`.", ge=0, le=2**62)]
Limit = Annotated[int, QueryParameter(description="Rows in a page.", ge=1, le=MAX_ROWS)]
OfState = Annotated[State | None, QueryParameter(description="Of one state alone.")]
OfKind = Annotated[Kind | None, QueryParameter(description="Of one kind alone.")]
ItemName = Annotated[str, QueryParameter(description="The item's own id.", min_length=1, max_length=500)]
Seed = Annotated[int, QueryParameter(description="Which change to it.", ge=0, le=2**31)]
STATES: tuple[State, ...] = ("draft", "active", "split", "retired")
KINDS: tuple[Kind, ...] = ("gold", "trap", "training")


class NewGold(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Items to make gold, traps or training items, with their acceptable answers. All of them or none."""

    entries: Annotated[list[Entry], msgspec.Meta(min_length=1, max_length=MOST)]
    kind: Kind = "gold"


class Draw(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many items to draw at random as drafts."""

    count: Annotated[int, msgspec.Meta(ge=1, le=MOST)]


class DrawTraps(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many traps to make of gold drawn at random."""

    count: Annotated[int, msgspec.Meta(ge=1, le=traps.MOST)]


class Minting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Items that an expert has settled, by their own ids. `id`: the client's own: sending it again is harmless."""

    id: ShortId
    items: Annotated[list[Text], msgspec.Meta(min_length=1, max_length=MOST)]


class Made(msgspec.Struct, frozen=True):
    """How many items it was."""

    items: int


class NewVote(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What I hold to be the answer, and why."""

    answers: dict[str, Any]
    reason: Words = ""


class Voted(msgspec.Struct, frozen=True):
    """What the draft is after the vote: still a draft, gold, or split."""

    state: State


class Deciding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The acceptable answers by question. `reason` is what training tells; `why` they are set or corrected."""

    answers: dict[str, list[Any]]
    reason: Words = ""
    why: Words = ""


class Retiring(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why it is shown no more; withdrawn, nobody's results on it count either."""

    why: Words
    how: Literal["retire", "withdraw"] = "retire"


class GoldController(Controller):
    """`/projects/{p}/gold`."""

    tags = ("gold",)

    @get("/projects/{project_id:int}/gold", operation_id="listGold", opt=for_member("adjudicator"))
    async def index(
        self,
        request: Request,
        project_id: FromPath[int],
        in_state: OfState = None,
        kind: OfKind = None,
        after: After = 0,
        limit: Limit = 50,
    ) -> GoldPage:
        """Items whose answers are known, a page at a time."""
        server = request.server
        states, kinds = STATES if in_state is None else (in_state,), KINDS if kind is None else (kind,)
        fields = await server.current_fields(project_id)
        page = await server.read(gold_list.list_gold, request.member, states, kinds, after, limit)
        rows = [msgspec.structs.replace(row, fields=drawn(row.fields, fields, project_id)) for row in page.rows]
        return msgspec.structs.replace(page, rows=rows)

    @get("/projects/{project_id:int}/gold/items", operation_id="findGoldItem", opt=for_member("adjudicator"))
    async def find(self, request: Request, project_id: FromPath[int], name: ItemName) -> GoldItem:
        """An item by its own id, to make gold of it."""
        server = request.server
        fields = await server.current_fields(project_id)
        found = await server.read(gold_list.find_item, request.member, name)
        return msgspec.structs.replace(found, fields=drawn(found.fields, fields, project_id))

    @post(
        "/projects/{project_id:int}/gold",
        operation_id="addGold",
        opt=for_member("adjudicator") | {"errors": (409,)},
        request_max_body_size=2**23,
    )
    async def add(self, request: Request, data: JSONBody[NewGold]) -> Made:
        """Say of items what their acceptable answers are."""
        server = request.server
        return Made(await server.write(gold.add, server.database, request.member, data.entries, data.kind))

    @post("/projects/{project_id:int}/gold/draws", operation_id="drawGold", opt=for_member("adjudicator"))
    async def draw(self, request: Request, project_id: FromPath[int], data: JSONBody[Draw]) -> Made:
        """Draw a simple random sample of items, on which two experts vote: calibration learns from it."""
        server = request.server

        def sample(connection: Connection) -> list[int]:
            free = free_items(connection, project_id)
            return random.SystemRandom().sample(free, min(data.count, len(free)))

        found = await server.read(sample)
        return Made(await server.write(gold.add_drafts, server.database, request.member, sorted(found)))

    @post(
        "/projects/{project_id:int}/gold/settled",
        operation_id="mintGold",
        opt=for_member("adjudicator") | {"errors": (409,)},
    )
    async def mint(self, request: Request, data: JSONBody[Minting]) -> Made:
        """Make gold of items that an expert has settled. Sending it again is harmless."""
        server, mine = request.server, request.member
        return Made(await server.write(gold.mint, server.database, mine, data.id, data.items))

    @get(
        "/projects/{project_id:int}/gold/traps",
        operation_id="proposeTrap",
        opt=for_member("adjudicator") | {"errors": (409,)},
    )
    async def propose(self, request: Request, project_id: FromPath[int], name: ItemName, seed: Seed = 0) -> Proposal:
        """A change to an item whose answer is known, after which another one is right, or may be."""
        server = request.server
        fields = await server.current_fields(project_id)
        found = await server.read(traps.propose, request.member, name, seed)
        changed = drawn(found.changed, fields, project_id)
        changed |= {field: f"{changed[field]}/mirrored" for field in found.mirrored}
        return msgspec.structs.replace(found, fields=drawn(found.fields, fields, project_id), changed=changed)

    @post(
        "/projects/{project_id:int}/gold/traps",
        operation_id="addTrap",
        opt=for_member("adjudicator") | {"errors": (409,)},
        request_max_body_size=2**23,
    )
    async def add_trap(self, request: Request, data: JSONBody[Making]) -> Made:
        """Make a trap of an item: one of its own, which stands where audits do and nowhere else."""
        server, mine = request.server, request.member
        ready = await server.read(traps.prepare, server.home, mine, data)
        return Made(await server.write(traps.add, server.database, mine, [ready]))

    @post(
        "/projects/{project_id:int}/gold/traps/draws",
        operation_id="drawTraps",
        opt=for_member("adjudicator") | {"errors": (409,)},
    )
    async def draw_traps(self, request: Request, data: JSONBody[DrawTraps]) -> Made:
        """Make traps of gold in use, drawn at random, where the change says for certain what is right then."""
        server, mine = request.server, request.member
        ready = await server.read(traps.draw, server.home, mine, data.count)
        return Made(await server.write(traps.add, server.database, mine, ready))

    @put(
        "/projects/{project_id:int}/gold/{gold_id:int}/vote",
        operation_id="voteGold",
        opt=for_member("adjudicator") | {"errors": (409,)},
    )
    async def vote(self, request: Request, gold_id: FromPath[int], data: JSONBody[NewVote]) -> Voted:
        """Say what I hold to be a draft's answer, blind to the other expert's."""
        server, mine = request.server, request.member
        state = await server.write(gold.vote, server.database, mine, gold_id, data.answers, data.reason)
        return Voted(state)  # type: ignore[arg-type]

    @put(
        "/projects/{project_id:int}/gold/{gold_id:int}",
        operation_id="decideGold",
        status_code=204,
        opt=for_member("adjudicator"),
    )
    async def decide(self, request: Request, gold_id: FromPath[int], data: JSONBody[Deciding]) -> None:
        """Decide a draft or a split, or correct an answer: everybody's results on it are scored anew."""
        server, mine = request.server, request.member
        await server.write(gold.decide, server.database, mine, gold_id, data.answers, data.reason, data.why)

    @post(
        "/projects/{project_id:int}/gold/{gold_id:int}/retirement",
        operation_id="retireGold",
        status_code=204,
        opt=for_member("adjudicator") | {"errors": (409,)},
    )
    async def retire(self, request: Request, gold_id: FromPath[int], data: JSONBody[Retiring]) -> None:
        """Show it to nobody any more; its results stay, or do not count where it is withdrawn."""
        server, mine = request.server, request.member
        await server.write(gold.retire, server.database, mine, gold_id, data.why, withdraw=data.how == "withdraw")
