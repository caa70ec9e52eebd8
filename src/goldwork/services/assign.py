"""Leases: who judges which item next.

A lease is an assignment row in state `leased` that holds a slot of its item until `leased_until`, by the database's
clock. `order` finds the candidates, `placement` says where gold stands among them; here they are taken, together for
all requests of a group. Gold, repeats and training hold no slot, and are leased, renewed and released as work is.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.errors import GoldworkError
from goldwork.quality import training
from goldwork.quality.fatigue import alternated
from goldwork.quality.policy import Criterion
from goldwork.services import blinding, choosing, placement, reviewing, suggest
from goldwork.services.log import Log, upsert
from goldwork.services.order import Candidate, Search, Stand
from goldwork.services.placement import PASSES, Chosen, Layout, Purpose, Shares, Spot, Standing
from goldwork.services.reviewing import Due, SomebodysText
from goldwork.services.slots import LEASED, TAKE, free_slots, release_lapsed, slices
from goldwork.store.database import Database
from goldwork.store.schema import assignment, gold, item
from goldwork.store.schema import placement as placements

MAX_HELD = 200
"""Leases one person may hold in a project, so that work can be taken offline."""
STANDS = 100_000
"""Places remembered before all are forgotten; each is a hint."""


class Lease(msgspec.Struct, frozen=True):
    """`annotator` wants to hold `count` items of `project`, with those already held."""

    project: int
    annotator: int
    count: int


class Held(msgspec.Struct, frozen=True):
    """One leased item, as its holder may see it: an opaque id and the payload (JSON).

    `suggestions`: a model's answers by question where they are shown. `text`: what is to be reviewed, of a review.
    """

    id: str
    payload: str
    leased_until: int
    suggestions: Mapping[str, Any] = {}
    text: SomebodysText | None = None


class Leased(msgspec.Struct, frozen=True):
    """What the requester holds now, in the order of their places. `more`: there may be further items for this person.

    `held`: why these are no ordinary work: training items alone, or none, since somebody has paused this person's work
    or they have failed the training as often as one may. `rubric`: what texts are reviewed by.
    """

    state: str
    form_version: int
    guideline_version: int
    assignments: list[Held]
    more: bool
    held: Literal["", "paused", "training", "barred"] = ""
    rubric: tuple[Criterion, ...] = ()


_HELD = (
    sa.select(
        assignment.c.annotator,
        assignment.c.place,
        assignment.c.purpose,
        assignment.c.subject,
        assignment.c.suggestion,
        assignment.c.suggested,
        assignment.c.id,
        item.c.payload,
        assignment.c.leased_until,
    )
    .join(item, item.c.id == assignment.c.item)
    .where(
        assignment.c.project == bind("project"),
        assignment.c.annotator.in_(bind("annotators", expanding=True)),
        assignment.c.state == LEASED,
        assignment.c.purpose != "adjudication",
    )
    .order_by(assignment.c.leased_at, item.c.priority, item.c.rank, item.c.shuffle, item.c.id)
)
_RENEW = sa.update(assignment).where(assignment.c.id == bind("held")).values(leased_until=bind("until"))
_PAYLOADS = sa.select(item.c.id, item.c.payload).where(item.c.id.in_(bind("items", expanding=True)))
_SHOWN = sa.select(assignment.c.id, assignment.c.suggested).where(
    assignment.c.id.in_(bind("ids", expanding=True)), assignment.c.suggestion == "shown"
)
_INSERT = sa.insert(assignment)
_RETAKE = (
    sa.update(assignment)
    .where(assignment.c.id == bind("lapsed"), assignment.c.state == "lapsed")
    .values(
        state="leased",
        slot=bind("to_slot"),
        leased_at=bind("to_leased_at"),
        leased_until=bind("to_leased_until"),
        place=bind("to_place"),
    )
)
_SHOW = sa.update(gold).where(gold.c.item == bind("of_item")).values(shown=gold.c.shown + 1)


class _Given(NamedTuple):
    """What is leased at one place: an open item, one that was chosen for something else, or a text to be reviewed."""

    what: Candidate | Chosen | Due
    lease: str
    place: int
    request: Lease
    log: Log

    @property
    def item(self) -> int:
        return self.what.id if isinstance(self.what, Candidate) else self.what.item

    @property
    def purpose(self) -> Purpose | Literal["review"]:
        return "work" if isinstance(self.what, Candidate) else self.what.purpose


class Assigner:
    """Leases items of one database. Remembers where each annotator stands and how much gold there is: hints, empty
    after a start."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.stands: dict[tuple[int, int], Stand] = {}
        self.shares = Shares()
        self.origins: dict[int, tuple[int, int] | None] = {}
        """Of projects that are blind comparisons, what they come from: that never changes."""

    def lease_many(self, connection: Connection, requests: Sequence[Lease]) -> list[Leased | Exception]:
        """Answer requests in order, each with all that its annotator then holds."""
        group = _Group(self, connection, requests)
        answers = [group.lease(request) for request in requests]
        group.flush(answers)
        return answers


class _Group:
    """One transaction's leases: held ones read together, candidates found one by one, taken together."""

    def __init__(self, assigner: Assigner, connection: Connection, requests: Sequence[Lease]) -> None:
        self.connection = connection
        self.dialect = assigner.database.dialect
        self.stands, self.shares, self.origins = assigner.stands, assigner.shares, assigner.origins
        self.logs: dict[int, Log | GoldworkError] = {}
        self.held: dict[tuple[int, int], list[Held]] = {}
        self._purposes: dict[str, str] = {}
        self._subjects: dict[int, dict[str, int]] = {}
        """By project, the reviews that are held, and the seq of what they are about."""
        self._shown: dict[int, dict[str, int]] = {}
        """By project, the leases with a suggestion to show, and the seq of the model's submit."""
        self._standings: dict[tuple[int, int], Standing] = {}
        for project in sorted({request.project for request in requests}):
            try:
                log = self.logs[project] = Log(connection, assigner.database, project)
            except GoldworkError as error:
                self.logs[project] = error
                continue
            release_lapsed(connection, log)
            annotators = {request.annotator for request in requests if request.project == project}
            log.load(set(), annotators)
            for who, standing in placement.read(connection, project, annotators).items():
                self._standings[project, who] = standing
            rows = connection.execute(_HELD, {"project": project, "annotators": sorted(annotators)})
            for row in sorted(rows, key=lambda row: (-1 if row.place is None else row.place, row.subject is None)):
                self._hold(project, row)
        self._searches: dict[int, Search] = {}
        self._renewed: list[dict[str, Any]] = []
        self._given: list[_Given] = []

    def _hold(self, project: int, row: Any) -> None:
        self.held.setdefault((project, row.annotator), []).append(Held(row.id, row.payload, row.leased_until))
        self._purposes[row.id] = row.purpose
        if row.suggestion == "shown":
            self._shown.setdefault(project, {})[row.id] = row.suggested
        if row.subject is not None:
            self._subjects.setdefault(project, {})[row.id] = row.subject

    def lease(self, request: Lease) -> Leased | Exception:
        log = self.logs[request.project]
        if not isinstance(log, Log):
            return log
        if log.id not in self.origins:
            self.origins[log.id] = blinding.origin(self.connection, log.id)
        if (of := self.origins[log.id]) and (refused := blinding.refusal(self.connection, of, request.annotator)):
            return refused
        person = log.annotator(request.annotator)
        why: Literal["", "paused", "training", "barred"] = (
            "paused" if person.get("paused") else "barred" if training.is_barred(person) else ""
        )
        if why:
            return Leased(log.state, log.form_version, log.guideline_version, [], False, why)
        held, more = self._practise(log, request), True
        if held is None:
            held, more = self._work(log, request)
        else:
            why = "training"
        rubric = log.policy().rubric
        return Leased(log.state, log.form_version, log.guideline_version, held, more, why, rubric)

    def _practise(self, log: Log, request: Lease) -> list[Held] | None:
        """The training items that somebody has to judge now; None where none is due, or none is left."""
        person, policy = log.annotator(request.annotator), log.policy()
        due = training.due(person, log.project(), policy)
        if not due:
            return None
        held = self._renew(log, request, practice=True)
        left = training.length(due, policy) - person.get("training", {}).get("done", 0)
        need = min(request.count, MAX_HELD, left) - len(held) if log.state == "open" else 0
        if need > 0:
            never = self._given_to(request)
            for row in placement.unseen(log, request.annotator, "training", "practice", stratum="", never=never)[:need]:
                chosen = Chosen(row.item, "practice", row.mine)
                held.append(self._give(log, request, Spot(chosen), chosen))
        return held or None

    def _work(self, log: Log, request: Lease) -> tuple[list[Held], bool]:
        """What somebody holds of ordinary work, with gold and audits at their places, and whether there may be more."""
        held = self._renew(log, request, practice=False)
        more, need = log.state == "open", min(request.count, MAX_HELD) - len(held)
        if not more or need <= 0:
            return held, more
        standing, policy = self._standings[log.id, request.annotator], log.policy()
        texts = self._due(log, request, need) if policy.review else []
        plan = reviewing.turns(standing.given, standing.reviews, policy, need, len(texts))
        work, more = self._ordinary(log, request, need - sum(plan))
        for is_review in plan:  # where the work has run out, the rest is reviews
            if texts and (is_review or not work):
                held.append(self._review(log, request, texts.pop(0)))
            elif work:
                held.append(self._give(log, request, *work.pop(0)))
        return held, more or bool(texts)

    def _ordinary(self, log: Log, request: Lease, need: int) -> tuple[list[tuple[Spot, Candidate | Chosen]], bool]:
        """What stands at somebody's next `need` places, and whether there may be more."""
        search = self._searches.setdefault(log.id, Search(self.connection, log.id))
        standing = self._standings[log.id, request.annotator]
        spots = Layout(log, request.annotator, standing, self.shares, self._given_to(request)).spots(need)
        for item_id in standing.withheld(log.now):
            search.keep_from(request.annotator, item_id)
        for chosen in (spot.chosen for spot in spots if spot.chosen is not None):
            search.keep_from(request.annotator, chosen.item)
            if chosen.source is not None:
                search.keep_from(request.annotator, chosen.source)
        work = sum(spot.chosen is None for spot in spots)
        found, more = self._chosen(log, request, work) if work and choosing.chooses(log) else ([], True)
        if not found:
            found, more = self._candidates(log, request, max(work, 1), give=work > 0)
        if not found:
            return [], more
        short, found = len(found) < work, found[:work]
        placed: list[tuple[Spot, Candidate | Chosen]] = []
        for spot in spots:
            if not found and (short or spot.chosen is None):
                break
            placed.append((spot, spot.chosen or found.pop(0)))
        return placed, more

    def _due(self, log: Log, request: Lease, need: int) -> list[Due]:
        """Texts that somebody may review now, without those that this transaction has given away."""
        taken = Counter(one.what.subject for one in self._given if one.log is log and isinstance(one.what, Due))
        return reviewing.find(log, request.annotator, need, self._given_to(request), taken)

    def _chosen(self, log: Log, request: Lease, number: int) -> tuple[list[Candidate], bool]:
        """What the project's strategy puts first among the next open items; nothing where these are all judged."""
        pool, more = self._candidates(log, request, number + choosing.POOL, give=False)
        found = choosing.choose(self.connection, log, request.annotator, pool, number)
        for one in found:
            self._searches[log.id].give(request.annotator, one)
        return alternated(found), more or len(pool) > len(found)

    def _renew(self, log: Log, request: Lease, *, practice: bool) -> list[Held]:
        """What somebody holds of training or of work, for another while where that is due."""
        held = [
            one
            for one in self.held.get((request.project, request.annotator), ())
            if (self._purposes[one.id] == "practice") == practice
        ]
        until = log.now + log.policy().lease_ms
        for position, lease in enumerate(held):
            if lease.leased_until - log.now < log.policy().lease_ms // 2:
                self._renewed.append({"held": lease.id, "until": until})
                held[position] = msgspec.structs.replace(lease, leased_until=until)
        return held

    def _given_to(self, request: Lease) -> set[int]:
        """The items that this transaction has given to somebody."""
        return {one.item for one in self._given if one.request.annotator == request.annotator}

    def _give(self, log: Log, request: Lease, spot: Spot, what: Candidate | Chosen) -> Held:
        """Lease an item at somebody's next place."""
        held = self._note(log, request, what)
        placement.fill(self._standings[log.id, request.annotator], spot, log.now)
        return held

    def _review(self, log: Log, request: Lease, what: Due) -> Held:
        """Lease a text to be reviewed, before somebody's next place."""
        standing = self._standings[log.id, request.annotator]
        standing.reviews += 1
        held = self._note(log, request, what)
        self._subjects.setdefault(log.id, {})[held.id] = what.subject
        return held

    def _note(self, log: Log, request: Lease, what: Candidate | Chosen | Due) -> Held:
        """One more that is leased; `flush` stores them and reads the payloads of all together."""
        place = self._standings[log.id, request.annotator].given
        given = _Given(what, what.mine or secrets.token_urlsafe(15), place, request, log)
        self._given.append(given)
        held = Held(given.lease, "", log.now + log.policy().lease_ms)
        self._purposes[held.id] = given.purpose
        self.held.setdefault((request.project, request.annotator), []).append(held)
        return held

    def _candidates(self, log: Log, request: Lease, need: int, *, give: bool) -> tuple[list[Candidate], bool]:
        """Up to `need` open items that this annotator has not judged, and whether there may be more; they are given
        away, or it is only asked whether there are some."""
        search = self._searches[log.id]
        key, opened = (log.id, request.annotator), (log.project().get("items", 0), log.ranking)
        before = self.stands.get(key)
        if before is not None and before.opened == opened:
            stand = before if give else msgspec.structs.replace(before)
            return search.go_round(request.annotator, need, stand, give=give)
        # Something was opened since, or all was put in another order, and may stand before the place: look from the
        # start, then go on from there.
        stand = Stand(opened)
        found, more = search.go_round(request.annotator, need, stand, give=give)
        if not found and more:
            place = search.latest(request.annotator) if before is None else before.place
            stand = Stand(opened, place, place)
            found, more = search.go_round(request.annotator, need, stand, give=give)
        if give:
            if len(self.stands) >= STANDS:
                self.stands.clear()
            self.stands[key] = stand
        return found, more

    def flush(self, answers: Sequence[Leased | Exception]) -> None:
        """Take what was found, open items a free slot each; fill in payloads and suggestions. A slot that is held
        nevertheless fails the group."""
        run = self.connection.execute
        if self._renewed:
            run(_RENEW, self._renewed)
        if self._given:
            self._take()
        self._fill_in(answers)

    def _take(self) -> None:
        run = self.connection.execute
        # Asked for gold too, which has none: an answer with gold takes as long as one without.
        wanted = dict.fromkeys((one.item for one in self._given), 0)
        wanted |= {one.item: one.what.wanted for one in self._given if isinstance(one.what, Candidate)}
        slots = free_slots(self.connection, wanted)
        fresh: list[dict[str, Any]] = []
        again: list[dict[str, Any]] = []
        for one in self._given:
            until = one.log.now + one.log.policy().lease_ms
            slot = slots[one.item].pop(0) if one.purpose == "work" else None
            lease = {"slot": slot, "leased_at": one.log.now, "leased_until": until, "place": one.place}
            if one.what.mine is None:
                made = {"id": one.lease, "project": one.log.id, "item": one.item, "annotator": one.request.annotator}
                reviewed = one.what if isinstance(one.what, Due) else None
                about = {
                    "pass_number": reviewed.pass_number if reviewed else PASSES[one.purpose],
                    "purpose": one.purpose,
                    "state": "leased",
                    "subject": reviewed.subject if reviewed else None,
                }
                fresh.append(lease | made | about)
            else:
                again.append({f"to_{name}": value for name, value in lease.items()} | {"lapsed": one.lease})
        for project in sorted({made["project"] for made in fresh}):
            self._draw(project, [made for made in fresh if made["project"] == project])
        if fresh:
            run(_INSERT, fresh)
            if shown := [{"of_item": one["item"]} for one in fresh if one["purpose"] in ("gold", "practice")]:
                run(_SHOW, shown)
        if again:
            run(_RETAKE, again)
            of = {one.lease: one.log.id for one in self._given}
            for row in run(_SHOWN, {"ids": [one["lapsed"] for one in again]}):
                self._shown.setdefault(of[row.id], {})[row.id] = row.suggested
        if taken := Counter(one.item for one in self._given if one.purpose == "work"):
            run(TAKE, [{"of_item": item_id, "more": more} for item_id, more in taken.items()])
        texts = Counter((one.log.id, one.what.subject) for one in self._given if isinstance(one.what, Due))
        if texts:
            run(reviewing.TAKE, reviewing.moves(texts))
        moved = {(one.log.id, one.request.annotator) for one in self._given}
        rows = [placement.stored(*key, self._standings[key]) for key in sorted(moved)]
        run(upsert(self.dialect, placements), rows)

    def _draw(self, project: int, fresh: list[dict[str, Any]]) -> None:
        """Whether each new lease comes with a suggestion, and whether it is shown."""
        log = self.logs[project]
        assert isinstance(log, Log)
        for lease in fresh:  # of texts that are reviewed there are none
            lease |= {"suggestion": None, "suggested": None}
        asked = [lease for lease in fresh if lease["subject"] is None]
        for lease, drawn in zip(asked, suggest.draw(self.connection, project, log.policy(), asked), strict=True):
            lease |= drawn
            if drawn["suggestion"] == "shown":
                self._shown.setdefault(project, {})[lease["id"]] = drawn["suggested"]

    def _fill_in(self, answers: Sequence[Leased | Exception]) -> None:
        """What is shown of every item: its payload, what a model suggests, what is to be reviewed."""
        shown: dict[str, dict[str, Any]] = {}
        for name, of in (("payload", self._payloads()), ("suggestions", self._suggestions()), ("text", self._texts())):
            for lease_id, value in of.items():
                shown.setdefault(lease_id, {})[name] = value
        for answer in answers if shown else ():
            if isinstance(answer, Leased):
                answer.assignments[:] = [
                    msgspec.structs.replace(held, **shown[held.id]) if held.id in shown else held
                    for held in answer.assignments
                ]

    def _payloads(self) -> dict[str, Any]:
        """Of what was given now."""
        payloads: dict[int, str] = {}
        for items in slices(sorted({one.item for one in self._given})):
            payloads.update({row.id: row.payload for row in self.connection.execute(_PAYLOADS, {"items": items})})
        return {one.lease: payloads[one.item] for one in self._given}

    def _suggestions(self) -> dict[str, Any]:
        said: dict[str, Any] = {}
        for project, shown in self._shown.items():
            found = suggest.answers(self.connection, project, set(shown.values()))
            said |= {lease_id: found.get(seq, {}) for lease_id, seq in shown.items()}
        return said

    def _texts(self) -> dict[str, Any]:
        said: dict[str, Any] = {}
        for project, subjects in self._subjects.items():
            found = reviewing.texts(self.connection, project, set(subjects.values()))
            said |= {lease_id: found[seq] for lease_id, seq in subjects.items()}
        return said
