"""Gold: how it is made, voted on, corrected, retired, and what follows for those who answered it."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from goldwork.errors import ConflictError, ForbiddenError, InputError, NotFoundError
from goldwork.quality.skill import ALL, HITS
from goldwork.services import accounts, gold, gold_list, placement
from goldwork.services.access import Member, Role, person_of
from goldwork.services.gold_items import Entry, free_items
from goldwork.store.database import Database
from goldwork.store.schema import annotator_state, assignment, decision, event, gold_result, item
from goldwork.store.schema import gold as table
from tests.core import Core


class Keepers:
    """A project and the experts who make its gold."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.first, self.second = self.expert("Ada"), self.expert("Bo", "adjudicator")

    def expert(self, name: str, role: Role = "manager") -> Member:
        def make(connection: sa.Connection) -> Member:
            now = self.core.database.now(connection)
            of = accounts.create_account(connection, now, name=name)
            accounts.accept_notice(connection, person_of(connection, of), 1, now)
            return Member(person_of(connection, of), self.core.project, role)

        return self.core.writer.run(make)

    def names(self, items: list[int]) -> list[str]:
        return [self.core.row(item, id=one).external_id for one in items]

    def add(self, items: list[int], value: str = "a", **options: Any) -> int:
        entries = [Entry(name, {"q": [value]}, "Because.") for name in self.names(items)]
        return self.run(gold.add, self.first, entries, **options)

    def run(self, function: Any, mine: Member, *arguments: Any, **options: Any) -> Any:
        core = self.core
        return core.writer.run(lambda connection: function(connection, core.database, mine, *arguments, **options))

    def page(self, mine: Member, *states: Any) -> gold_list.GoldPage:
        with self.core.database.read() as connection:
            states = states or ("draft", "active", "split", "retired")
            return gold_list.list_gold(connection, mine, states, ("gold", "trap", "training"), 0, 50)

    def answer(self, who: int, value: str) -> list[int]:
        """Have somebody answer everything that they are given. Returns which of it was gold."""
        seen = []
        while held := self.core.lease(who, 5).assignments:
            for one in held:
                row = self.core.assignment(one.id)
                seen += [row.item] if row.purpose == "gold" else []
                self.core.submit(who, one.id, answers={"q": value})
        return seen


@pytest.fixture
def keepers(database: Database) -> Iterator[Keepers]:
    core = Core.make(database)
    yield Keepers(core)
    assert core.findings() == []
    core.close()


class TestMaking:
    def test_gold_leaves_the_queue(self, keepers: Keepers) -> None:
        core = keepers.core
        items = core.add_items(20)
        assert keepers.add(items[:4]) == 4
        assert [core.items()[one] for one in items[:5]] == [(0, 0)] * 4 + [(1, 0)]
        [who] = core.annotators()
        assert keepers.answer(who, "a")
        assert json.loads(core.row(annotator_state, annotator=who).body)["gold"][1] >= 1000
        core.sweep(core.row(item, id=items[0]).batch)
        assert core.items()[items[0]] == (0, 0), "a sweep does not open it again"

    def test_what_somebody_has_judged_stays(self, keepers: Keepers) -> None:
        core = keepers.core
        core.set_policy(2)
        items = core.add_items(3)
        [who] = core.annotators()
        core.submit(who, core.lease_one(who))
        keepers.add(items)
        assert [core.items()[one] for one in items] == [(2, 1), (0, 0), (0, 0)]

    def test_it_is_balanced_by_its_class(self, keepers: Keepers) -> None:
        [one] = keepers.core.add_items(1)
        keepers.add([one], "b")
        row = keepers.core.row(table, item=one)
        assert (row.stratum, row.state, json.loads(row.answers), row.reason) == (
            "q=b", "active", {"q": ["b"]}, "Because.",
        )  # fmt: skip

    @pytest.mark.parametrize(
        ("entries", "words"),
        [
            ([Entry("nowhere", {"q": ["a"]})], "not open in the project"),
            ([Entry("0", {"q": ["z"]})], "q"),
            ([Entry("0", {"other": ["a"]})], "no question 'other'"),
            ([Entry("0", {})], "at least one question"),
            ([Entry("0", {"q": []})], "at least one question"),
            ([Entry("0", {"q": ["a"]}), Entry("0", {"q": ["b"]})], "stands twice"),
            ([Entry("0", {"q": ["a"]}), Entry("1", {"q": ["z"]})], "q"),
        ],
    )
    def test_all_or_nothing(self, keepers: Keepers, entries: list[Entry], words: str) -> None:
        names = keepers.names(keepers.core.add_items(2))
        given = [Entry(names[int(one.item)], one.answers) if one.item.isdigit() else one for one in entries]
        with pytest.raises(InputError, match=words):
            keepers.run(gold.add, keepers.first, given)
        assert keepers.core.rows(table) == []

    def test_an_attention_check_is_written_with_its_own_text(self, keepers: Keepers) -> None:
        core = keepers.core
        core.add_items(20)
        core.set_policy(1, audits=5)
        entry = Entry("check 1", {"q": ["c"]}, fields={"text": "Choose c, please."})
        assert keepers.run(gold.add, keepers.first, [entry], "trap") == 1
        row = core.row(item, external_id="check 1")
        assert (json.loads(row.payload), row.wanted) == ({"text": "Choose c, please."}, 0)
        [who] = core.annotators()
        assert keepers.answer(who, "c") == [row.id]
        assert json.loads(core.row(annotator_state, annotator=who).body)["traps"] == [1, 1000]
        core.sweep(row.batch)
        assert core.row(item, id=row.id).wanted == 0, "another overlap opens it to nobody"
        for wrong, words in (
            (entry, "of this id already"),
            (Entry("", {"q": ["c"]}, fields={"text": "x"}), "needs an id"),
            (Entry("check 2", {"q": ["c"]}, fields={"text": " "}), "a text in every field"),
            (Entry("check 2", {"q": ["c"]}, fields={"text": "a\0b"}), "without NUL"),
        ):
            with pytest.raises(InputError, match=words):
                keepers.run(gold.add, keepers.first, [wrong], "trap")

    def test_twice_is_refused_and_training_needs_a_reason(self, keepers: Keepers) -> None:
        items = keepers.core.add_items(2)
        keepers.add(items[:1])
        with pytest.raises(ConflictError, match="gold already"):
            keepers.add(items[:1])
        [name] = keepers.names(items[1:])
        with pytest.raises(InputError, match="say why"):
            keepers.run(gold.add, keepers.first, [Entry(name, {"q": ["a"]})], "training")

    def test_annotators_may_not(self, keepers: Keepers) -> None:
        items = keepers.core.add_items(1)
        annotator = keepers.expert("Cy", "annotator")
        with pytest.raises(ForbiddenError):
            keepers.run(gold.add, annotator, [Entry(keepers.names(items)[0], {"q": ["a"]})])
        with pytest.raises(ForbiddenError):
            keepers.page(annotator)

    def test_of_what_an_expert_settled(self, keepers: Keepers) -> None:
        core = keepers.core
        [one, other] = core.add_items(2)
        [who] = core.annotators()
        held = {"id": "settled", "project": core.project, "item": one, "annotator": who, "pass_number": 2}
        held |= {"purpose": "adjudication", "state": "leased", "leased_at": 0, "leased_until": 0}
        core.writer.run(lambda connection: connection.execute(sa.insert(assignment), [held]))
        core.submit(who, "settled", answers={"q": "c"})
        [settled, open_] = keepers.names([one, other])
        with pytest.raises(InputError, match="no expert has settled"):
            keepers.run(gold.mint, keepers.first, "m1", [settled, open_])
        assert keepers.run(gold.mint, keepers.first, "m2", [settled]) == 1
        row = core.row(table, item=one)
        assert (json.loads(row.answers), bool(row.drawn)) == ({"q": ["c"]}, False)


class TestVotes:
    def draft(self, keepers: Keepers) -> int:
        [one] = keepers.core.add_items(1)
        assert keepers.run(gold.add_drafts, keepers.first, [one]) == 1
        return one

    def vote(self, keepers: Keepers, mine: Member, of: int, value: str) -> str:
        return str(keepers.run(gold.vote, mine, of, {"q": value}, ""))

    def test_two_equal_ones_make_gold(self, keepers: Keepers) -> None:
        of = self.draft(keepers)
        assert self.vote(keepers, keepers.first, of, "b") == "draft"
        assert self.vote(keepers, keepers.second, of, "b") == "active"
        row = keepers.core.row(table, item=of)
        assert (json.loads(row.answers), bool(row.drawn)) == ({"q": ["b"]}, True)
        told = [json.loads(one.body) for one in keepers.core.rows(event, kind="gold")]
        assert [(one["known"], one["drawn"]) for one in told] == [({"q": [1, 3]}, True)]

    def test_nobody_sees_the_other_before(self, keepers: Keepers) -> None:
        of = self.draft(keepers)
        self.vote(keepers, keepers.first, of, "b")
        [row] = keepers.page(keepers.second).rows
        assert (row.voted, row.mine, row.votes, row.answers) == (1, False, [], {})
        assert keepers.page(keepers.first).rows[0].mine

    def test_one_person_is_one_vote(self, keepers: Keepers) -> None:
        of = self.draft(keepers)
        assert [self.vote(keepers, keepers.first, of, value) for value in "ab"] == ["draft", "draft"]
        assert self.vote(keepers, keepers.second, of, "b") == "active"

    def test_different_ones_are_an_edge_case_that_a_person_decides(self, keepers: Keepers) -> None:
        of = self.draft(keepers)
        self.vote(keepers, keepers.first, of, "a")
        assert self.vote(keepers, keepers.second, of, "b") == "split"
        [row] = keepers.page(keepers.first, "split").rows
        assert [(one.name, one.answers) for one in row.votes] == [("Ada", {"q": "a"}), ("Bo", {"q": "b"})]
        with pytest.raises(ConflictError):
            self.vote(keepers, keepers.first, of, "b")
        keepers.run(gold.decide, keepers.first, of, {"q": ["a", "b"]}, "", "Both are right.")
        assert keepers.core.row(table, item=of).state == "active"

    def test_an_edge_case_may_be_dropped(self, keepers: Keepers) -> None:
        of = self.draft(keepers)
        for mine, value in ((keepers.first, "a"), (keepers.second, "b")):
            self.vote(keepers, mine, of, value)
        keepers.run(gold.retire, keepers.first, of, "Nobody can say.")
        assert keepers.core.row(table, item=of).state == "retired"
        assert keepers.core.rows(event, kind="gold") == []

    def test_what_is_not_there(self, keepers: Keepers) -> None:
        with pytest.raises(NotFoundError):
            self.vote(keepers, keepers.first, 987, "a")
        with pytest.raises(InputError, match="no open item"):
            keepers.run(gold.add_drafts, keepers.first, [])

    def test_a_sample_is_drawn_of_what_is_no_gold_yet(self, keepers: Keepers) -> None:
        core = keepers.core
        items = core.add_items(4)
        core.stage(3)
        keepers.add(items[:1])
        with core.database.read() as connection:
            assert free_items(connection, core.project) == items[1:]


class TestCorrecting:
    def answered(self, keepers: Keepers, number: int = 15, value: str = "b") -> tuple[int, list[int]]:
        """Somebody who said `value` to gold that is held to be a."""
        core = keepers.core
        core.set_policy(1, gold_first=2)
        keepers.add(core.add_items(number))
        core.add_items(3 * number)
        [who] = core.annotators()
        return who, keepers.answer(who, value)

    def test_everybody_is_scored_anew(self, keepers: Keepers) -> None:
        core = keepers.core
        who, seen = self.answered(keepers)
        state = json.loads(core.row(annotator_state, annotator=who).body)
        assert (state["gold"], state["stage"], "teach" in state) == ([len(seen), 0], "propose", True)
        for one in seen:
            keepers.run(gold.decide, keepers.first, one, {"q": ["b"]}, "", "The guideline says b.")
        state = json.loads(core.row(annotator_state, annotator=who).body)
        assert state["gold"] == [len(seen), 1000 * len(seen)]
        assert "teach" not in state
        assert "restored" in [row.kind for row in core.rows(decision)]
        assert {row.score for row in core.rows(gold_result)} == {1000}
        assert {core.row(table, item=one).stratum for one in seen} == {"q=b"}

    def test_withdrawn_it_counts_for_nobody_and_the_item_is_work_again(self, keepers: Keepers) -> None:
        core = keepers.core
        who, seen = self.answered(keepers)
        keepers.run(gold.retire, keepers.first, seen[0], "No answer is right.", withdraw=True)
        state = json.loads(core.row(annotator_state, annotator=who).body)
        assert state["gold"] == [len(seen) - 1, 0]
        assert core.items()[seen[0]] == (1, 0)
        assert core.rows(gold_result, item=seen[0]) == []
        with pytest.raises(ConflictError):
            keepers.run(gold.retire, keepers.first, seen[0], "Once more.", withdraw=True)

    def test_withdrawn_while_somebody_holds_it(self, keepers: Keepers) -> None:
        core = keepers.core
        core.set_policy(1, gold_first=1)
        [one] = core.add_items(1)
        keepers.add([one])
        core.add_items(5)
        [who] = core.annotators()
        held = next(row for row in core.lease(who, 2).assignments if core.assignment(row.id).item == one)
        keepers.run(gold.retire, keepers.first, one, "No answer is right.", withdraw=True)
        core.submit(who, held.id)
        assert "gold" not in json.loads(core.row(annotator_state, annotator=who).body)

    def test_retired_its_results_stay_and_nobody_gets_it(self, keepers: Keepers) -> None:
        core = keepers.core
        who, seen = self.answered(keepers)
        for one in seen:
            keepers.run(gold.retire, keepers.first, one, "It was shown in an appeal.")
        assert json.loads(core.row(annotator_state, annotator=who).body)["gold"] == [len(seen), 0]
        core.add_items(10)
        other = core.annotators()[0]
        assert not set(keepers.answer(other, "a")) & set(seen)
        with pytest.raises(InputError, match="say why"):
            keepers.run(gold.decide, keepers.first, seen[0], {"q": ["b"]}, "", "")

    def test_every_change_is_an_event(self, keepers: Keepers) -> None:
        [one, two] = keepers.core.add_items(2)
        keepers.add([one])
        keepers.run(gold.add_drafts, keepers.first, [two])
        keepers.run(gold.vote, keepers.first, two, {"q": "a"}, "")
        keepers.run(gold.vote, keepers.second, two, {"q": "b"}, "")
        keepers.run(gold.retire, keepers.first, two, "Nobody can say.")
        keepers.run(gold.decide, keepers.first, one, {"q": ["b"]}, "", "Misread.")
        keepers.run(gold.retire, keepers.first, one, "Told in a forum.")
        kinds = [row.kind for row in sorted(keepers.core.rows(event), key=lambda row: row.seq) if "gold" in row.kind]
        assert kinds == [
            "gold", "gold-added", "gold-drawn", "gold-voted", "gold-voted", "gold-split", "gold-retired",
            "gold", "gold-corrected", "gold-retired",
        ]  # fmt: skip


class TestListing:
    def test_what_is_odd_about_it(self, keepers: Keepers) -> None:
        core = keepers.core
        items = core.add_items(3)
        keepers.add(items)
        at = {"project": core.project, "stratum": ""}
        people = core.annotators(20)
        counts = [0] * 8
        counts[ALL], counts[HITS] = 100, 50
        for who in people:
            core.set_person(who, skill={"q": counts})
        rows = [
            at | {"annotator": who, "item": one, "seq": n, "score": score}
            for n, who in enumerate(people)
            for one, score in zip(items, (0, 500, 1000), strict=True)
        ]
        core.writer.run(lambda connection: connection.execute(sa.insert(gold_result), rows))
        page = keepers.page(keepers.first)
        assert [(row.odd, row.people, row.otherwise) for row in page.rows] == [
            ("wrong", 20, 0.5), ("", 20, 0.5), ("told", 20, 0.5),
        ]  # fmt: skip
        assert [(one.kind, one.state, one.number) for one in page.counts] == [("gold", "active", 3)]
        wipe = [sa.delete(gold_result), sa.delete(annotator_state)]
        core.writer.run(lambda connection: [connection.execute(one) for one in wipe])

    def test_pages(self, keepers: Keepers) -> None:
        items = keepers.core.add_items(5)
        keepers.add(items)
        with keepers.core.database.read() as connection:
            first = gold_list.list_gold(connection, keepers.first, ("active",), ("gold",), 0, 3)
            assert first.next is not None
            rest = gold_list.list_gold(connection, keepers.first, ("active",), ("gold",), first.next, 3)
        assert [row.item for row in first.rows + rest.rows] == items
        assert rest.next is None

    def test_an_item_is_found_by_its_own_id(self, keepers: Keepers) -> None:
        items = keepers.core.add_items(2)
        keepers.add(items[:1])
        names = keepers.names(items)
        with keepers.core.database.read() as connection:
            found = [gold_list.find_item(connection, keepers.second, name) for name in names]
            with pytest.raises(NotFoundError):
                gold_list.find_item(connection, keepers.first, "nowhere")
        assert [(one.item, one.state) for one in found] == [(items[0], "active"), (items[1], None)]


def test_what_is_left_falls_by_one_with_whatever_is_judged(keepers: Keepers) -> None:
    core = keepers.core
    core.set_policy(2, gold_first=3)
    keepers.add(core.add_items(12))
    core.add_items(30)
    [who] = core.annotators()

    def left() -> int:
        """As `mine.count_left` has it, for somebody without an account."""
        rows = core.rows(assignment, annotator=who)
        free = 30 - sum(row.purpose == "work" for row in rows)
        with core.database.read() as connection:
            held = sum(row.state == "leased" for row in rows)
            return held + free + placement.coming(connection, core.project, who, free)

    expected = left()
    assert expected > 30 + 8
    while held := core.lease(who, 4).assignments:
        assert left() == expected, "being given gold changes nothing"
        core.submit(who, held[0].id)
        expected -= 1
        assert left() == expected
    assert expected == 0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_random_use(keepers: Keepers, seed: int) -> None:
    """Whatever keepers and annotators do in whatever order, `check` agrees with it (see the fixture)."""
    core, draw = keepers.core, random.Random(seed)
    core.set_policy(2, gold_first=3, audits=4, floor=7000, quiz=bool(seed % 2))
    items = core.add_items(40)
    keepers.add(core.add_items(4), kind="training")
    people = core.annotators(4)

    def judge() -> None:
        who = draw.choice(people)
        for one in core.lease(who, draw.randrange(1, 7)).assignments[: draw.randrange(4)]:
            kind = draw.choice(["answer", "answer", "answer", "skip"])
            if core.assignment(one.id).purpose == "practice":
                kind = "answer"
            core.submit(who, one.id, kind, **({"answers": {"q": draw.choice("aab")}} if kind == "answer" else {}))
            if draw.random() < 0.2:
                core.submit(who, one.id, "undo")

    def make() -> None:
        keepers.add([draw.choice(items)], draw.choice("ab"), kind=draw.choice(["gold", "gold", "trap"]))

    def vote() -> None:
        of = draw.choice([row.item for row in keepers.page(keepers.first, "draft").rows] or items)
        keepers.run(gold.vote, draw.choice([keepers.first, keepers.second]), of, {"q": draw.choice("ab")}, "")

    def sample() -> None:
        keepers.run(gold.add_drafts, keepers.first, [draw.choice(items)])

    def correct() -> None:
        of = draw.choice([row.item for row in keepers.page(keepers.first).rows])
        keepers.run(gold.decide, keepers.first, of, {"q": draw.choice([["a"], ["b"], ["a", "b"]])}, "Why.", "Misread.")

    def end() -> None:
        of = draw.choice([row.item for row in keepers.page(keepers.first).rows])
        keepers.run(gold.retire, keepers.first, of, "No more.", withdraw=draw.random() < 0.5)

    def sweep() -> None:
        core.set_policy(draw.choice([1, 2, 3]), gold_first=3, audits=4, floor=7000)
        core.sweep(core.row(item, id=items[0]).batch)

    done = 0
    for _ in range(150):
        act = draw.choices([judge, make, vote, sample, correct, end, sweep], [8, 3, 2, 1, 2, 1, 1])[0]
        try:
            act()
            done += 1
        except (InputError, ConflictError, NotFoundError):
            assert act is not judge
    assert done > 80
    assert core.own_findings() == []
