"""Training and what is told of it: receipts with what was right, what stands between somebody and work."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from goldwork.errors import ConflictError
from goldwork.quality.training import Progress
from goldwork.services import access, accounts, standing
from goldwork.services.collect import Collector
from goldwork.services.known import Feedback
from goldwork.services.log import Log
from goldwork.store.database import Database
from goldwork.store.schema import assignment, gold, ruling, submit
from tests.core import MINUTE, Clock, Core

REASON = "It has a core."


@pytest.fixture
def clock(database: Database) -> Clock:
    """The database's clock, which the test moves."""
    database.now = clock = Clock()
    return clock


@pytest.fixture
def core(database: Database, clock: Clock) -> Iterator[Core]:
    """A project with a quiz."""
    made = Core.make(database)
    made.set_policy(1, quiz=True, retakes=1)
    yield made
    made.close()
    assert made.findings() == []


def key(core: Core, kind: str = "training", answers: Any = ("a",)) -> int:
    """An item whose answer is known, which is not in the queue."""
    [made] = core.ids(core.stage(1))

    def work(connection: sa.Connection) -> None:
        row = {"project": core.project, "item": made, "kind": kind, "state": "active", "reason": REASON}
        said = json.dumps({"q": list(answers)})
        connection.execute(sa.insert(gold).values(**row, answers=said, stratum="q=a", created_at=0))

    core.writer.run(work)
    return made


def give(core: Core, who: int, of: int, purpose: str = "practice") -> str:
    """Lease an item for a purpose, as the queue does."""
    name = f"{purpose}-{who}-{of}"
    row = {"id": name, "project": core.project, "item": of, "annotator": who, "purpose": purpose, "state": "leased"}

    def work(connection: sa.Connection) -> None:
        now = core.database.now(connection)
        connection.execute(sa.insert(assignment).values(**row, leased_at=now, leased_until=now + 30 * MINUTE))
        connection.execute(sa.update(gold).where(gold.c.item == of).values(shown=gold.c.shown + 1))

    core.writer.run(work)
    return name


def practise(core: Core, who: int, value: str = "a", times: int = 1) -> Feedback:
    """Answer fresh training items. Returns what the last brought."""
    for _ in range(times):
        told = core.submit(who, give(core, who, key(core)), answers={"q": value}).feedback
        assert told is not None
        if told.training is not None and told.training.outcome:
            break
    return told


def member(core: Core, who: int, account: int = 0) -> access.Member:
    person = access.Person(
        account=account, name="", email=None, administrator=False, has_password=False, annotator=who,
        notice_version=1, token=0, kind="session", expires_at=None, used_at=None,
    )  # fmt: skip
    return access.Member(person, core.project, "annotator")


def stands(core: Core, who: int) -> standing.Standing | None:
    with core.database.read() as connection:
        return standing.describe(connection, member(core, who))


class TestFeedback:
    def test_after_a_training_item(self, core: Core) -> None:
        [who] = core.annotators()
        right = core.submit(who, give(core, who, key(core, answers=("a", "b"))), answers={"q": "b"}).feedback
        far = Progress("quiz", 1, 20, 1.0, 2)
        assert right == Feedback(1.0, {"q": 1.0}, {"q": ["a", "b"]}, REASON, far)
        wrong = core.submit(who, give(core, who, key(core)), answers={"q": "c"}).feedback
        assert wrong == Feedback(0.0, {"q": 0.0}, {"q": ["a"]}, REASON, Progress("quiz", 2, 20, 1.0, 2))

    def test_it_cannot_be_skipped(self, core: Core) -> None:
        """Or one could skip past the quiz."""
        [who] = core.annotators()
        held = give(core, who, key(core))
        with pytest.raises(ConflictError, match="training items are answered") as refused:
            core.submit(who, held, "skip")
        assert refused.value.reason == "no_skip"
        assert core.submit(who, held, answers={"q": "c"}).feedback is not None

    def test_the_same_again_brings_the_same(self, core: Core, clock: Clock) -> None:
        """What was lost on the way is told by sending it once more, also days later and after a restart."""
        [who] = core.annotators()
        sent = core.asked(who, give(core, who, key(core)), answers={"q": "c"})
        [first] = core.send(sent)
        assert practise(core, who, times=12).training is not None
        clock.now += 10**9
        core.collector = Collector(core.database)
        [again] = core.send(sent)
        assert msgspec.json.encode(again) == msgspec.json.encode(first)

    def test_an_answer_given_anew_is_told_too_and_counts_no_more(self, core: Core) -> None:
        [who] = core.annotators()
        mine = give(core, who, key(core))
        core.submit(who, mine, answers={"q": "c"})
        assert core.submit(who, mine, "undo").feedback is None
        told = core.submit(who, mine, answers={"q": "a"}).feedback
        assert told is not None
        assert (told.score, told.training) == (1.0, Progress("quiz", 1, 20, 0.0, 2))

    def test_passing_is_told(self, core: Core) -> None:
        [who] = core.annotators()
        told = practise(core, who, times=20)
        assert told.training == Progress("quiz", 8, 20, 8.0, 2, "passed")
        assert stands(core, who) is None
        later = core.submit(who, give(core, who, key(core))).feedback
        assert later is not None
        assert later.training is None


class TestGold:
    def shapes(self, core: Core) -> tuple[bytes, bytes]:
        """The receipts of a gold item and of another one, but for what differs between any two."""
        [who] = core.annotators()
        core.add_items(1)
        ordinary = core.submit(who, core.lease_one(who), id="c-1")
        test = core.submit(who, give(core, who, key(core, "gold"), "gold"), id="c-2")
        alike = {"seq": ordinary.seq, "id": ordinary.id, "assignment": ordinary.assignment}
        return msgspec.json.encode(ordinary), msgspec.json.encode(msgspec.structs.replace(test, **alike))

    @pytest.mark.parametrize("feedback", ["none", "delayed"])
    def test_its_receipt_is_that_of_any_item(self, core: Core, feedback: str) -> None:
        core.set_policy(1, feedback=feedback)
        ordinary, test = self.shapes(core)
        assert ordinary == test

    def test_told_at_once_where_the_project_says_so(self, core: Core) -> None:
        core.set_policy(1, feedback="immediate")
        [who] = core.annotators()
        told = core.submit(who, give(core, who, key(core, "gold"), "gold"), answers={"q": "b"}).feedback
        assert told == Feedback(0.0, {"q": 0.0}, {"q": ["a"]}, REASON, None)
        skipped = core.submit(who, give(core, who, key(core, "gold"), "gold"), "skip")
        assert skipped.feedback is None

    def test_a_trap_is_never_told(self, core: Core) -> None:
        core.set_policy(1, feedback="immediate")
        [who] = core.annotators()
        assert core.submit(who, give(core, who, key(core, "trap"), "gold")).feedback is None


class TestStanding:
    def test_a_quiz_is_due(self, core: Core) -> None:
        [who] = core.annotators()
        assert stands(core, who) == standing.Standing("quiz", Progress("quiz", 0, 20, 0.0, 2))
        practise(core, who, "c", times=2)
        found = stands(core, who)
        assert found is not None
        assert found.training == Progress("quiz", 2, 20, 0.0, 2)

    def test_barred_with_the_decision_to_disagree_with(self, core: Core) -> None:
        [who, other] = core.annotators(2)
        for _ in range(2):
            told = practise(core, who, "c", times=20)
        assert told.training is not None
        assert (told.training.outcome, told.training.tries) == ("failed", 0)
        last = max(row.seq for row in core.rows(submit))
        practise(core, other)
        found = stands(core, who)
        assert found is not None
        assert found.held == "barred"
        assert found.about is not None
        assert (found.about.seq, found.about.number) == (last, 0)

    def test_paused_by_whom_and_why(self, core: Core) -> None:
        [who] = core.annotators()

        def work(connection: sa.Connection) -> None:
            now = core.database.now(connection)
            of = accounts.create_account(connection, now, name="Mona")
            log = Log(connection, core.database, core.project)
            log.load(set(), {who})
            body = {"about": [4, 0], "decision": "propose", "annotator": who, "verdict": "upheld", "action": "pause"}
            seq = log.add("ruling", body | {"by": of})
            log.flush()
            row = {"project": core.project, "seq": seq, "about_seq": 4, "about_number": 0, "annotator": who}
            said = {"by_account": of, "kind": "upheld", "action": "pause", "text": "Let us talk.", "at": now}
            connection.execute(sa.insert(ruling).values(row | said))

        core.writer.run(work)
        about = standing.Basis(4, 0, core.writer.run(core.database.now))
        assert stands(core, who) == standing.Standing("paused", by="Mona", words="Let us talk.", about=about)

    def test_teaching_names_what_was_set_aside(self, core: Core) -> None:
        core.set_policy(1)
        [who] = core.annotators()
        for _ in range(8):
            core.submit(who, give(core, who, key(core, "gold"), "gold"), answers={"q": "c"})
        found = stands(core, who)
        assert found is not None
        assert (found.held, found.about is not None) == ("teaching", True)
        assert practise(core, who, times=20).training == Progress("teaching", 8, 20, 8.0, 3, "passed")
        assert stands(core, who) is None
