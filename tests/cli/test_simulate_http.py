"""`goldwork simulate --http`: the same crowd at a real server, beside itself in memory."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from goldwork.cli import main
from goldwork.cli.simulated import live
from goldwork.cli.simulated.client import Api, Held, Person, RefusedError, Room
from goldwork.cli.simulated.lived import Lived, live_through
from goldwork.cli.simulated.telling import beside, summarise
from goldwork.quality.policy import Policy
from goldwork.sim import Annotator, Answer, Stimulus, appeals, make_crowd
from goldwork.sim.outcome import simulate
from goldwork.sim.project import Project, Setting
from goldwork.sim.samples.messages import messages

SMALL = ("--items", "40", "--gold", "20", "--overlap", "2..4", "--crowd", "expert=2,average=2,random=2", "--seed", "3")
MIX = {"expert": 2, "average": 2, "random": 2}


def crowd() -> list[Annotator]:
    return make_crowd(classes=4, size=6, mix=MIX, seed=1)


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    """Both runs, with a quiz before the work."""
    out = io.StringIO()
    before = signal.getsignal(signal.SIGINT)
    with contextlib.redirect_stdout(out):
        assert main(["simulate", "--http", "--quiz", *SMALL, "--json"]) == 0
    assert signal.getsignal(signal.SIGINT) is before
    return dict(json.loads(out.getvalue()))


def test_the_server_keeps_its_promises(told: dict[str, Any]) -> None:
    server, http = told["server"], told["http"]
    assert server["findings"] == 0
    sums = [sum(one[name] for one in http["people"]) for name in ("judgements", "gold")]
    assert sums == [http["judgements"], http["gold"]]
    assert http["judgements"] + http["gold"] + http["training"] == server["submits"]
    assert http["closed"] == 1.0
    assert (server["ruled"], server["overruled"]) == (http["disputed"]["ruled"], http["disputed"]["overturned"])


def test_the_same_people_meet_the_same_fate(told: dict[str, Any]) -> None:
    for summary in (told["memory"], told["http"]):
        for one in summary["people"]:
            if one["behaviour"] == "random":  # the quiz lets nobody through who does not look
                assert (one["judgements"], set(one["stages"])) == (0, {"home"})
            else:
                assert set(one["stages"]) <= {"watch"}
        assert summary["training"] >= 6 * 5
    alike = ("name", "behaviour", "honest", "accuracy", "above")
    both = [[[one[name] for name in alike] for one in told[where]["people"]] for where in ("memory", "http")]
    assert both[0] == both[1]


def test_both_stand_beside_each_other(told: dict[str, Any]) -> None:
    lines = beside(told["memory"], told["http"], told["server"])
    assert lines[0].split() == ["in", "memory", "over", "HTTP"]
    assert any(line.startswith("not honest: warned, set aside, sent home") and "0, 0, 2" in line for line in lines)
    assert lines[-1].endswith("goldwork check: everything agrees.")


@pytest.fixture(scope="module")
def heard() -> Lived:
    """Everybody appeals, the reviewer is always wrong, and a tenth of the receipts is lost."""
    policy = Policy(overlap=3, maximum=4, target=9000, floor=7000)
    setting = Setting(items=60, classes=4, gold=30, policy=policy, seed=1)
    bad = make_crowd(classes=4, size=6, mix={"average": 2, "random": 4}, seed=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(live, "LOST", 0.1)
        for name, value in (("RELIABLE", 0.0), ("HONEST", (1.0, 1.0)), ("OTHERS", (1.0, 1.0))):
            patch.setattr(appeals, name, value)
        return live_through(bad, setting, {}, lambda _: None)


def test_a_reversal_gives_back_what_was_set_aside(heard: Lived) -> None:
    found = heard.outcome
    assert heard.findings == []
    assert found.disputed.appeals == found.disputed.overturned > 0
    assert found.disputed.wrongly == found.disputed.appeals
    assert heard.overturned == (found.disputed.ruled, found.disputed.overturned)
    caught = [one for one in found.people if "quarantine" in one.stages]
    assert {one.behaviour for one in caught} == {"random"}
    assert [one.set_aside for one in caught] == [0] * len(caught)


def test_what_is_sent_twice_is_stored_once(heard: Lived) -> None:
    assert 0.02 * heard.submits < heard.retries < 0.3 * heard.submits
    found = heard.outcome
    assert found.judgements + found.gold + found.training == heard.submits


def test_experts_settle_what_waits(heard: Lived) -> None:
    assert heard.outcome.settled >= round(heard.outcome.experts * 60) > 0
    assert heard.outcome.final > heard.outcome.accuracy


def test_a_manager_decides_what_is_proposed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where lessons are over soon, work and gold go on until somebody is put before a person."""
    monkeypatch.setattr("goldwork.sim.project.TRAINING", 2)
    for name in ("HONEST", "OTHERS"):
        monkeypatch.setattr(appeals, name, (0.0, 0.0))
    setting = Setting(items=60, classes=4, gold=40, policy=Policy(overlap=4, floor=8500), seed=1)
    lived = live_through(make_crowd(classes=4, size=4, mix={"random": 4}, seed=1), setting, {}, lambda _: None)
    home = [one for one in lived.outcome.people if "home" in one.stages]
    assert lived.overturned == (len(home), 0)
    assert len(home) > 0
    assert lived.findings == []


def test_people_answer_as_they_do_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever does not change with time gives the same answer to the same item."""
    setting = Setting(items=30, classes=3, gold=10, policy=Policy(overlap=2, floor=7000), seed=5)
    mix = {"expert": 1, "average": 2}
    people = make_crowd(classes=3, size=3, mix=mix, seed=5)
    plans: list[Project] = []
    begin = live.Live.__init__

    def noted(self: Any, site: Any, clock: Any, plan: Project, progress: Any) -> None:
        plans.append(plan)
        begin(self, site, clock, plan, progress)

    monkeypatch.setattr(live.Live, "__init__", noted)
    live_through(people, setting, {}, lambda _: None)
    memory = Project(people, setting)
    memory.run()
    compared = 0
    for here, there in zip(plans[0].people, memory.people, strict=True):
        both = here.judged.keys() & there.judged.keys()
        compared += len(both)
        assert all(here.judged[item] == there.judged[item] for item in both)
    assert compared > 30


def test_a_receipt_that_differs_the_second_time_is_an_error() -> None:
    class Forgetful:
        times = 0

        def call(self, *_: Any) -> Any:
            self.times += 1
            return {"seq": self.times}

    sample = messages()
    person = Person("", {1: crowd()[0]}, room=Room(1, sample))
    person.held = Held("a", 1, 1, Stimulus("m1", 0), Answer(0, 1.0))
    api: Any = Forgetful()
    with pytest.raises(RefusedError, match="sent again"):
        person.hand_in(api, lost=True)


def test_a_request_that_is_refused_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is called a result that was not."""
    real = Api.call

    def refusing(self: Api, session: str, method: str, path: str, body: object = None) -> Any:
        if path.endswith("/gold/draws"):
            raise RefusedError(409, "no", "not today")
        return real(self, session, method, path, body)

    monkeypatch.setattr(Api, "call", refusing)
    with pytest.raises(RefusedError, match="not today"):
        live_through(crowd(), Setting(items=10, gold=5, policy=Policy(overlap=1)), {}, lambda _: None)


def test_in_memory_reversals_count_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    setting = Setting(items=120, classes=4, gold=30, policy=Policy(overlap=2, floor=7000), seed=1)
    for name, value in (("HONEST", (1.0, 1.0)), ("OTHERS", (1.0, 1.0)), ("RELIABLE", 0.0)):
        monkeypatch.setattr(appeals, name, value)
    project = Project(crowd(), setting)
    project.run()
    restored = [one for one in project.records if one.kind == "restored"]
    assert len(restored) == len([one for one in project.appeals.all if one.kind != "unqualified"]) > 0
    assert project.appeals.overturned == len(project.appeals.all)
    found = simulate(crowd(), setting, votes=[])
    assert found.disputed.rate == found.disputed.overturned / found.disputed.ruled
    assert "overturned" in "\n".join(beside_of(found))


def beside_of(found: Any) -> list[str]:
    summary = summarise([found], 1)
    server = {"submits": 1, "retries": 0, "seconds": 1.0, "findings": 2, "ruled": 0, "overruled": 0}
    lines = beside(summary, summary, server)
    assert lines[-1].endswith("goldwork check: 2 findings.")
    return lines


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
def test_ctrl_c_ends_it_and_leaves_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "goldwork.cli", "simulate", "--http", "--items", "300", *SMALL[2:]]
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, text=True)
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("goldwork-*/goldwork.db")) and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(1.0)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "")
    assert list(tmp_path.iterdir()) == []
