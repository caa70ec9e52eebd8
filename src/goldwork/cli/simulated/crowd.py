"""The demonstration's crowd: simulated people who judge by the clock on the wall, several times as fast as people do.

One thread and one connection carry them all. Each person holds a few items, looks at one, lets the time pass that it
takes to judge it, and submits.
"""

from __future__ import annotations

import heapq
import random
import threading
import time
from collections.abc import Mapping, Sequence

from goldwork.cli.simulated.client import Api, Person, RefusedError, Room
from goldwork.sim.crowd import DOZEN, make_crowd

PAUSE = 0.5
"""Seconds between two items, at speed 1."""
IDLE = 5.0
"""Seconds before a person looks again where there was nothing to do, whatever the speed."""
LOOK = 2.0
"""Seconds between looks at how far the projects are."""
CHANGE = 0.3
"""The chance to go on in another project whenever new items are fetched."""
SLOWEST = 20.0
"""How much slower than at the start people become as the work runs out."""
RUSH = 25.0
"""How many times as fast as people they judge until every room has its head start, where they are not faster anyway."""


def make_people(
    sessions: Sequence[str], rooms: Sequence[Room], seed: int, mix: Mapping[str, float] = DOZEN
) -> list[Person]:
    """One person for each session: the same name and behaviour in every room."""
    crowds = {
        room.project: make_crowd(classes=len(room.sample.classes), size=len(sessions), mix=mix, seed=seed)
        for room in rooms
    }
    return [
        Person(session, {project: crowd[number] for project, crowd in crowds.items()})
        for number, session in enumerate(sessions)
    ]


class Crowd:
    """People who judge until they are told to stop, ever more slowly as the work runs out, so that some is left."""

    def __init__(self, api: Api, people: Sequence[Person], rooms: Sequence[Room], *, speed: float, seed: int) -> None:
        self.api = api
        self.people = people
        self.rooms = rooms
        self.speed = speed
        self._draw = random.Random(seed)

    def run(self, stop: threading.Event) -> None:
        """Judge until `stop`, or until the server is gone."""
        start = time.monotonic()
        turns = [(start + self._draw.uniform(0, 1 / self.speed), number) for number in range(len(self.people))]
        heapq.heapify(turns)
        look = start
        while not stop.is_set():
            now = time.monotonic()
            due, number = turns[0]
            if now < min(due, look):
                stop.wait(min(due, look) - now)
                continue
            try:
                if now >= look:
                    self._look()
                    look = now + LOOK
                else:
                    heapq.heapreplace(turns, (now + self._turn(self.people[number]), number))
            except OSError:
                if stop.wait(IDLE):  # the server is being stopped, or is too busy to answer
                    return

    def _look(self) -> None:
        """Read how far the projects are: others judge, too."""
        found = self.api.call(self.people[0].session, "GET", "/projects")["projects"]
        judged = {project["id"]: project["judgements"] for project in found}
        for room in self.rooms:
            room.judgements = judged.get(room.project, room.judgements)

    def _turn(self, person: Person) -> float:
        """Hand in what was judged, take up the next item. Returns the seconds until the person's next turn."""
        try:
            if person.held is not None:
                if person.room is not None and person.held.answer is not None:
                    person.room.judgements += 1
                person.hand_in(self.api)
            return self._take_up(person)
        except RefusedError:  # paused, closed, removed from the project, the form changed: look again later
            person.held, person.items, person.room = None, [], None
            return IDLE

    def _take_up(self, person: Person) -> float:
        if not person.items and not self._fetch(person):
            person.place = 0  # a break
            return IDLE
        answer = person.take_up().answer
        assert person.room is not None
        seconds = PAUSE + (answer.seconds if answer else 0)
        speed = RUSH if person.room in self._begun() else self.speed
        return seconds / speed * min(SLOWEST, 1 / max(person.room.left, 1e-9))

    def _begun(self) -> list[Room]:
        """Rooms that have not had their head start."""
        return [room for room in self.rooms if room.judgements < room.head and self.speed < RUSH]

    def _fetch(self, person: Person) -> bool:
        """Lease items in a room that still has work for the crowd. False where there is none."""
        room = person.room
        if room is None or not room.left or self._draw.random() < CHANGE:
            rooms = self._begun() or self.rooms
            weights = [one.left for one in rooms]
            if not any(weights):
                return False
            [room] = self._draw.choices(rooms, weights)
        return bool(person.fetch(self.api, room)["assignments"])
