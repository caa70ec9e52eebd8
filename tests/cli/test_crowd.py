"""The crowd at a server: what it sends, when it stops, and that nothing the server answers upsets it."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

import pytest

from goldwork.cli.simulated.client import RefusedError, Room
from goldwork.cli.simulated.crowd import RUSH, Crowd, make_people
from goldwork.sim import Moment
from goldwork.sim.samples import Sample
from goldwork.sim.samples.digits import digits
from goldwork.sim.samples.messages import messages

FAST = 1e6
ALWAYS = 60.0


@pytest.fixture(autouse=True)
def short_idleness(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("goldwork.cli.simulated.crowd.IDLE", 0.001)


class Server:
    """A server in memory: leases items in order, takes submits, ends the test when `enough` have come."""

    def __init__(self, samples: dict[int, Sample], stop: threading.Event, enough: int) -> None:
        self.samples = samples
        self.stop = stop
        self.enough = enough
        self.leases: dict[str, tuple[int, str, int]] = {}
        self.open: dict[tuple[int, str], list[int]] = {}
        self.submits: list[tuple[int, int, dict[str, Any]]] = []
        self.refuse: RefusedError | None = None
        self.refused = 0
        self.strange = False

    def call(self, token: str, method: str, path: str, body: Any = None) -> Any:
        self.refused += self.refuse is not None
        if self.refused >= self.enough:
            self.stop.set()
        if path == "/projects":
            counts = Counter(project for project, _, body in self.submits if body["kind"] == "answer")
            return {"projects": [{"id": project, "judgements": counts[project]} for project in self.samples]}
        project, what = int(path.split("/")[2]), path.split("/")[3]
        if self.refuse is not None:
            raise self.refuse
        if what == "next":
            return self._lease(project, token, body["count"])
        of_project, of_token, row = self.leases[body["assignment"]]
        assert (of_project, of_token) == (project, token)
        self.submits.append((project, row, body))
        self.open[project, token].remove(row)
        if len(self.submits) >= self.enough:
            self.stop.set()
        return {}

    def _lease(self, project: int, token: str, count: int) -> Any:
        sample = self.samples[project]
        mine = self.open.setdefault((project, token), [])
        had = {row for of, who, row in self.leases.values() if (of, who) == (project, token)}
        for row in range(len(sample.rows)):
            if len(mine) == count:
                break
            if row not in had:
                mine.append(row)
                self.leases[f"{project}-{token}-{row}"] = (project, token, row)
        assignments = [{"id": f"{project}-{token}-{row}", "fields": self._fields(project, row)} for row in mine]
        return {"assignments": assignments, "form_version": 4, "guideline_version": 7}

    def _fields(self, project: int, row: int) -> dict[str, str]:
        sample = self.samples[project]
        fields = {name: value for name, value in sample.rows[row].items() if name != "id"}
        if sample.picture is not None:
            from hashlib import sha256

            shown = {name: sha256(sample.picture(value)).hexdigest() for name, value in fields.items()}
            fields = {name: f"/api/projects/{project}/media/{value}" for name, value in shown.items()}
        return {name: f"{value}, differently" for name, value in fields.items()} if self.strange else fields


class Play:
    """A crowd of a few before a `Server`, with both samples."""

    def __init__(self, *, people: int = 4, enough: int = 200, reserve: int = 0) -> None:
        self.stop = threading.Event()
        self.samples = {3: digits(40), 5: messages()}
        self.server = Server(self.samples, self.stop, enough)
        self.rooms = [Room(project, sample, reserve) for project, sample in self.samples.items()]
        self.people = make_people([f"token {number}" for number in range(people)], self.rooms, seed=1)
        self.crowd = Crowd(self.server, self.people, self.rooms, speed=FAST, seed=1)  # type: ignore[arg-type]

    def run(self, patience: float = ALWAYS) -> Server:
        timer = threading.Timer(patience, self.stop.set)
        timer.start()
        self.crowd.run(self.stop)
        timer.cancel()
        timer.join()
        return self.server


def test_everybody_judges_in_both_projects_as_a_browser_would() -> None:
    server = Play().run()
    assert len(server.submits) == 200
    assert {project for project, _, _ in server.submits} == {3, 5}
    assert len({(project, body["assignment"]) for project, _, body in server.submits}) == 200
    assert len({body["id"] for _, _, body in server.submits}) == 200
    for project, _, body in server.submits:
        sample = server.samples[project]
        assert body["kind"] == "answer"
        assert (body["form_version"], body["guideline_version"]) == (4, 7)
        assert 0 < body["seconds"] <= 600
        assert set(body["answers"]) == {sample.question}
        assert body["answers"][sample.question] in sample.classes


def test_what_is_seen_is_what_is_judged() -> None:
    """Answers fit the items: an expert is nearly always right."""
    play = Play(people=12, enough=120)
    play.crowd.people = play.people[:1]
    assert {mind.behaviour for mind in play.people[0].minds.values()} == {"expert"}
    server = play.run()
    right = [
        body["answers"][sample.question] == sample.truth[sample.rows[row]["id"]]
        for project, row, body in server.submits
        for sample in [server.samples[project]]
    ]
    assert sum(right) / len(right) > 0.85


def test_answers_do_not_depend_on_the_order_of_work() -> None:
    def answers(people: int) -> dict[str, Any]:
        play = Play(people=4, enough=80)
        play.crowd.people = play.people[:people]
        submits = play.run().submits
        return {body["assignment"]: body["answers"] for _, _, body in submits if "token 0" in body["assignment"]}

    alone, among_others = answers(1), answers(4)
    both = alone.keys() & among_others.keys()
    assert len(both) > 10
    assert all(alone[key] == among_others[key] for key in both)


def test_people_change_with_what_they_have_done() -> None:
    """Somebody who lets go after 120 judgements does so at a server, too."""
    play = Play(people=1, enough=200)
    [person] = play.crowd.people = make_people(["token 0"], play.rooms, seed=1, mix={"drifting": 1})
    done: Counter[int] = Counter()
    for project, row, body in play.run().submits:
        sample, mind = play.samples[project], person.minds[project]
        moment = Moment(done[project], sum(done.values()))
        expected = mind.answer(sample.stimuli[row], moment=moment)
        assert body["answers"] == {sample.question: sample.classes[expected.choice]}
        done[project] += 1
    assert person.done == done


def test_the_last_judgements_are_left_to_others() -> None:
    play = Play(people=2, enough=10**6, reserve=100)
    for room in play.rooms:
        room.slots = 30
    server = play.run(patience=1.5)
    counts = Counter(project for project, _, _ in server.submits)
    held = 2 * 3  # what was leased before is still judged
    assert all(30 <= counts[project] <= 30 + held for project in (3, 5))


def test_people_slow_down_as_the_work_runs_out() -> None:
    play = Play(people=1)
    person, [first, second] = play.people[0], play.rooms
    play.crowd.speed = 1
    first.judgements = first.slots
    waits = []
    for share in (0.0, 0.5, 0.9, 1.0):
        second.judgements = round(second.slots * share)
        person.room, person.items = second, []
        person.items = play.server.call(person.session, "POST", "/projects/5/next", {"count": 3})["assignments"]
        waits.append(play.crowd._take_up(person))
    assert waits[1] == pytest.approx(2 * waits[0], rel=0.02)
    assert waits[2] == pytest.approx(10 * waits[0], rel=0.05)
    assert waits[3] == pytest.approx(20 * waits[0], rel=0.02)


def test_a_room_has_its_head_start_before_the_others_begin() -> None:
    play = Play(people=1)
    person, second = play.people[0], play.rooms[1]
    play.crowd.speed, second.head = 1, 100
    waits = []
    for second.judgements in (0, 99, 100):
        person.room, person.items = (second if second.judgements == 100 else None), []
        waits.append(play.crowd._take_up(person) * second.left)
        assert person.room is second
    assert waits == pytest.approx([waits[2] / RUSH, waits[2] / RUSH, waits[2]], rel=0.02)
    play.crowd.speed = RUSH
    assert play.crowd._begun() == [], "who is as fast anyway has no need of it"


def test_an_item_that_nobody_knows_is_passed() -> None:
    play = Play(enough=20)
    play.server.strange = True
    server = play.run()
    assert {body["kind"] for _, _, body in server.submits} == {"skip"}
    assert not any("answers" in body or "seconds" in body for _, _, body in server.submits)


@pytest.mark.parametrize("reason", ["paused", "closed", "form_changed", "lease_lost", "already_answered"])
def test_a_refusal_makes_people_look_again_later(reason: str) -> None:
    play = Play(enough=30)
    play.server.refuse = RefusedError(409, reason, "no")
    play.run()
    assert play.server.submits == []
    play.stop.clear()
    play.server.refuse, play.server.refused = None, 0
    assert len(play.run().submits) >= 30


def test_a_server_that_is_gone_ends_the_crowd() -> None:
    play = Play()
    play.server.refuse = None

    def gone(*_: Any) -> Any:
        play.stop.set()
        raise ConnectionRefusedError

    play.crowd.api.call = gone  # type: ignore[method-assign]
    play.run()
    assert play.server.submits == []
