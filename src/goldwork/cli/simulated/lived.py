"""What came of a simulated crowd at a real server, told as of one in memory."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean

from goldwork.cli.simulated.house import Clock
from goldwork.cli.simulated.live import Live
from goldwork.cli.simulated.site import open_site, perform
from goldwork.quality.items import is_out
from goldwork.quality.policy import WHOLE
from goldwork.services.check import Finding, check
from goldwork.services.outcome import Reached, read_items, read_outcome, read_people
from goldwork.sim.annotator import Annotator
from goldwork.sim.outcome import PURPOSES, Outcome, disputed, tell
from goldwork.sim.project import QUESTION, Project, Setting
from goldwork.web.server import listen


@dataclasses.dataclass(frozen=True)
class Lived:
    """How it went at the server. `findings`: what `goldwork check` said of it; `overturned`: what the oversight page
    says, ruled decisions and those of them that were overruled; `retries`: submits sent twice; `seconds`: by the clock
    on the wall."""

    outcome: Outcome
    findings: list[Finding]
    overturned: tuple[int, int]
    submits: int
    retries: int
    seconds: float


class _Measured(Live):
    """The play, measured before the server ends."""

    lived: Lived | None = None

    def act(self) -> bool:
        over = super().act()
        if not self.stop.is_set():
            self.lived = _outcome_of(self)
        return over


def live_through(
    crowd: Sequence[Annotator], setting: Setting, plain: Mapping[int, float], progress: Callable[[float], None]
) -> Lived:
    """Let the crowd work at a server of its own. `plain`: majorities without quality control, to stand beside."""
    clock = Clock(round(time.time() * 1000))
    with listen("127.0.0.1", 0) as listener, open_site(listener, clock=clock) as site:
        live = _Measured(site, clock, Project(crowd, setting), progress)
        perform(live)
        if live.lived is None:
            raise KeyboardInterrupt
        told = dataclasses.replace(live.lived.outcome, majority=plain)
        return dataclasses.replace(live.lived, outcome=told)


def _outcome_of(live: Live) -> Lived:
    """What came of it; then experts settle what waits for one. While the server still answers."""
    plan, floor = live.plan, live.plan.policy.floor / WHOLE
    records = live.records()
    with live.site.database.read() as connection:
        found = read_outcome(connection, live.house.project)
        states = read_people(connection, live.house.project)
    items = _items(live)
    done = {name: sum(one.who.done.get(name, 0) for one in live.players) for name in PURPOSES}
    people = []
    for one in live.players:
        aside = sum(is_out(states.get(one.who.mind.name, {}), seq) for seq in one.seqs.values())
        people.append(tell(one.who, plan.skill, records, floor, aside))
    overturned = live.house.call(live.house.boss, "GET", "/oversight")["overturned"]
    accuracy = _accuracy(live, items)
    settled = live.settle()
    live.house.drain()
    outcome = Outcome(
        items=plan.setting.items,
        floor=floor,
        judgements=done["work"],
        gold=done["gold"],
        repeats=done["repeat"],
        training=done["practice"],
        accuracy=accuracy,
        expected=found.expected,
        experts=sum(one.status == "adjudicate" for one in items) / len(items),
        closed=sum(not one.open for one in items) / len(items),
        hours=live.last / 3600,
        settled=settled,
        final=_accuracy(live, _items(live)),
        disputed=disputed(live.appeals, overturned["ruled"]),
        majority={},
        people=people,
    )
    with live.site.database.read() as connection:
        findings = list(check(connection))
    counts = (overturned["ruled"], overturned["overruled"])
    return Lived(outcome, findings, counts, live.submits, live.retries, live.seconds)


def _items(live: Live) -> list[Reached]:
    """The items of the project, without gold and training."""
    ordinary = {one.item for one in live.plan.stimuli[: live.plan.setting.items]}
    with live.site.database.read() as connection:
        return [one for one in read_items(connection, live.house.project) if one.external_id in ordinary]


def _accuracy(live: Live, items: list[Reached]) -> float:
    truth = live.plan.stimuli
    return fmean(one.answer.get(QUESTION) == truth[live.places[one.external_id]].truth for one in items)
