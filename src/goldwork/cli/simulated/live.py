"""A simulated crowd at a real server: the project of `goldwork.sim.project`, but through HTTP.

The people are the same, and so are their items, gold, training items and hours. Each has a session of their own, holds
a few items, answers, is taught, looks at what was decided about them when they come back from a break, and perhaps
disagrees. A manager reads what the engine proposes and decides, another one answers the appeals, experts settle what
waits for them.

The server's clock is the simulation's, so that sittings, breaks, nights and lapsed leases are what they would be; it
goes from one act to the next as fast as the server answers. Its worker runs between two acts, while the clock stands
still. What the server draws by lot is drawn anew every time: two runs with one seed differ a little.
"""

from __future__ import annotations

import bisect
import dataclasses
import heapq
import random
import time
from collections.abc import Callable
from typing import Any

from goldwork.cli.simulated.client import Person
from goldwork.cli.simulated.house import Clock, House
from goldwork.cli.simulated.site import Play, Site
from goldwork.quality.policy import WHOLE
from goldwork.services.outcome import read_outcome
from goldwork.sim import people
from goldwork.sim.appeals import DISPUTED, Appeals
from goldwork.sim.items import settling
from goldwork.sim.project import Project, Record

ERRANDS = 10
"""Submits between two looks of the worker for something to do."""
LOST = 0.01
"""The share of submits whose receipt is lost on the way, so that they are sent again."""
AGAIN, SELDOM = 600.0, 3600.0
"""Seconds until somebody looks again who found nothing to do: twice as long every time, up to an hour."""
AT_HOME = 3600.0
"""Seconds until somebody looks again who was sent home and has disagreed."""
LEAST_LEASE = 31 * 60.0
MANAGER = 900.0
"""Seconds between two looks of the manager at what waits."""
CASES = 5
WORDS = "I have read the guideline and looked at every item."


@dataclasses.dataclass
class Player:
    """Somebody: as the simulation knows them, and at the server.

    `trail`: where they stood after every submit, as time in milliseconds, judgements, gold, lowest accuracy; `seqs`:
    the place in the log of their judgement of an item; `known`: decisions that they have read; `held`: what keeps them
    from work; `idle`: how often in a row there was none.
    """

    who: people.Person
    client: Person
    trail: list[tuple[int, int, int, float]] = dataclasses.field(default_factory=list)
    seqs: dict[str, int] = dataclasses.field(default_factory=dict)
    known: set[tuple[int, int]] = dataclasses.field(default_factory=set)
    held: str = ""
    idle: int = 0

    def at(self, at: int) -> tuple[int, int, float]:
        """How far they were then: judgements, gold, lowest accuracy."""
        place = bisect.bisect_right(self.trail, at, key=lambda one: one[0])
        return self.trail[place - 1][1:] if place else (0, 0, 1.0)


class Live(Play):
    """The play. `retries`: submits that were sent twice; `seconds`: how long all took by the clock on the wall."""

    def __init__(self, site: Site, clock: Clock, plan: Project, progress: Callable[[float], None]) -> None:
        super().__init__(site)
        self.clock = clock
        self.plan = plan
        self.appeals = Appeals(plan.setting.seed)
        self.players: list[Player] = []
        self.places = {one.item: place for place, one in enumerate(plan.stimuli)}
        self.retries = 0
        self.submits = 0
        self.seconds = 0.0
        self.last = 0.0
        self._progress = progress
        self._draw = random.Random(f"{plan.setting.seed}/lost")
        self._turns: list[tuple[float, int]] = []
        self._looked = 0.0
        self._rounds = 0

    def act(self) -> bool:
        """Let everybody work until nothing is left, and answer what is asked."""
        begun = time.monotonic()
        self.house = House(self.site, self.api, self.plan)
        project = self.house.project
        for who in self.plan.people:
            self.players.append(Player(who, Person(self.house.invite(who.mind.name), {project: who.mind})))
        self._turns = [(player.who.hours.now, player.who.number) for player in self.players]
        heapq.heapify(self._turns)
        while self._turns and not self.stop.is_set():
            self._turn()
            if not self._turns:
                self._last_round()
        self.seconds = time.monotonic() - begun
        return True

    def _turn(self) -> None:
        now, number = heapq.heappop(self._turns)
        self._manage(now)
        self.clock.seconds = max(self.clock.seconds, now)
        player = self.players[number]
        if player.client.held is not None:
            self._hand_in(player)
            if self.submits % ERRANDS == 0:
                self._errands()
        else:
            self._take(player, now)

    def _take(self, player: Player, now: float) -> None:
        """Take up the next item, or come again later where there is none."""
        client, who = player.client, player.who
        if not client.items:
            found = client.fetch(self.api, self.house.room)
            held = (found["standing"] or {"held": ""})["held"]
            if held != player.held:
                player.held = held
                self._look(player)
            if not client.items:
                self._come_again(player, now)
                return
        if player.idle:
            player.idle = 0
            who.hours.wait(now)
        client.place = who.hours.place
        answer = client.take_up().answer
        assert answer is not None
        heapq.heappush(self._turns, (now + answer.seconds, who.number))

    def _come_again(self, player: Player, now: float) -> None:
        mine = [one for one in self.appeals.all if one.person == player.who.number and one.verdict is None]
        player.idle += 1
        if player.held in ("paused", "barred"):
            if mine:
                heapq.heappush(self._turns, (now + AT_HOME, player.who.number))
        elif any(not self.players[number].idle for _, number in self._turns):
            wait = min(SELDOM, AGAIN * 2 ** (player.idle - 1))
            heapq.heappush(self._turns, (now + wait, player.who.number))

    def _last_round(self) -> None:
        """Nobody has anything to do: answer the appeals, let leases lapse, and everybody looks once more."""
        while (appeal := self.appeals.next) is not None:
            self._manage(appeal.due)
        self._errands()
        self.clock.seconds += LEAST_LEASE
        self._manage(self.clock.seconds)
        if self._rounds == self.submits:
            return
        self._rounds = self.submits
        self._turns = [(self.clock.seconds, player.who.number) for player in self.players]

    def _hand_in(self, player: Player) -> None:
        who, client, plan = player.who, player.client, self.plan
        assert client.held is not None
        stimulus, answer = client.held.stimulus, client.held.answer
        assert stimulus is not None
        assert answer is not None
        who.taught = client.taught
        who.lowest = min(who.lowest, plan.skill.of(who.mind, who.moment))
        lost = self._draw.random() < LOST
        self.retries += lost
        receipt = client.hand_in(self.api, lost=lost)
        item = self.places[stimulus.item]
        purpose = "gold" if item in plan.gold else "practice" if item in plan.training else "work"
        if purpose == "work" and item in who.judged:
            purpose = "repeat"
        who.held = people.Held(purpose, item, answer.choice, answer.seconds)
        sitting = who.hours.sitting
        who.hand_in()
        if purpose == "work":
            player.seqs[stimulus.item] = receipt["seq"]
            self.last = self.clock.seconds
        done = who.done
        player.trail.append((self.clock(), done.get("work", 0), done.get("gold", 0), who.lowest))
        self.submits += 1
        far = (receipt["feedback"] or {}).get("training") or {}
        if who.hours.sitting != sitting:
            client.items = []
        if far.get("outcome") or who.hours.sitting != sitting:
            self._look(player)
        heapq.heappush(self._turns, (who.hours.now, who.number))

    def _errands(self) -> None:
        """What a server does by itself meanwhile."""
        self.house.worker.drain()
        if self.submits % (ERRANDS * ERRANDS) == 0:
            with self.site.database.read() as connection:
                closed = len(read_outcome(connection, self.house.project).closed)
            self._progress(closed / self.plan.setting.items)

    def _look(self, player: Player) -> None:
        """Read what was decided about oneself; some disagree."""
        rows = self.house.call(player.client.session, "GET", "/me/decisions")["rows"]
        for row in reversed(rows):
            about = (row["seq"], row["number"])
            if about in player.known:
                continue
            player.known.add(about)
            player.client.taught += row["kind"] in ("warn", "qualified", "unqualified")
            if row["kind"] in DISPUTED and row["may_appeal"]:
                who = player.who
                mistaken = player.at(row["at"])[2] >= self.plan.policy.floor / WHOLE
                now = self.clock.seconds
                if self.appeals.hear(about, who.number, who.mind.name, who.honest, row["kind"], mistaken, now):
                    body = {"text": WORDS, "number": row["number"]}
                    self.house.call(player.client.session, "POST", f"/me/decisions/{row['seq']}/appeal", body)

    def _manage(self, until: float) -> None:
        """What managers do until then: one reads the proposals and decides, another one answers appeals."""
        while (appeal := self.appeals.next) is not None and appeal.due <= until:
            self.clock.seconds = max(self.clock.seconds, appeal.due)
            self._rule(self.house.reviewer, appeal.about, self.appeals.answer(appeal.about))
        if until - self._looked < MANAGER:
            return
        self._looked = until
        for row in self.house.call(self.house.boss, "GET", "/decisions?standing=waiting&limit=200")["rows"]:
            if row["kind"] == "propose" and not row["statements"]:
                self._rule(self.house.boss, (row["seq"], row["number"]), "upheld", "pause")

    def _rule(self, by: str, about: tuple[int, int], verdict: str, action: str = "") -> None:
        """Read the evidence of a decision, and say whether it stands, with a reason."""
        seq, number = about
        case = self.house.call(by, "GET", f"/decisions/{seq}?number={number}")
        right = sum(one["score"] for one in case["gold"])
        text = f"{right:g} of {len(case['gold'])} items whose answer is known were right."
        body = {"verdict": verdict, "text": text, "action": action, "number": number}
        self.house.call(by, "POST", f"/decisions/{seq}/rulings", body)

    def settle(self) -> int:
        """Experts settle what waits for one. Returns how many judgements that took."""
        answer = settling(self.plan.setting.classes, self.plan.setting.seed)
        expert, done = self.house.experts[0], 0
        while True:
            opened = self.house.call(expert, "POST", "/adjudication/next", {"count": CASES})
            for case in opened["cases"]:
                made = answer(self.plan.stimuli[self.places[case["external_id"]]])
                value = self.house.values[made.choice]
                body = {
                    "id": f"settled-{case['assignment']}",
                    "assignment": case["assignment"],
                    "kind": "answer",
                    "answers": {self.house.room.sample.question: value},
                    "seconds": round(made.seconds, 2),
                    "form_version": opened["form_version"],
                    "guideline_version": opened["guideline_version"],
                }
                self.house.call(expert, "POST", "/submits", body)
                done += 1
            if not opened["cases"]:
                return done

    def records(self) -> list[Record]:
        """What was decided about people, as a manager reads it, and how far they were then."""
        by_name = {player.who.mind.name: player for player in self.players}
        rows: list[dict[str, Any]] = []
        after = ""
        while True:
            page = self.house.call(self.house.boss, "GET", f"/decisions?about=annotator&limit=200{after}")
            rows += page["rows"]
            if page["next"] is None:
                break
            after = f"&after={page['next']}"
        found = []
        for row in reversed(rows):
            if (player := by_name.get(row["name"])) is not None:
                judgements, gold, lowest = player.at(row["at"])
                at = (row["at"] - self.clock.begin) / 1000
                found.append(Record(player.who.number, row["kind"], judgements, gold, at, lowest, row["evidence"]))
        return found
