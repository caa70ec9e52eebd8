"""A simulated project at a real server, made as people make one: by its HTTP API.

A manager makes the project, brings in the items and invites everybody by links of their own. Gold is drawn from the
items and voted on by two experts blind to each other; training items are written with their reasons.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec

from goldwork.cli.simulated.client import Api, Room
from goldwork.cli.simulated.site import Site
from goldwork.errors import GoldworkError
from goldwork.services import links, policy
from goldwork.services.worker import Worker
from goldwork.sim.annotator import Stimulus
from goldwork.sim.project import QUESTION, Project
from goldwork.sim.samples import Sample

SECOND = 20
"""An item's text has so many characters for every second that it takes."""
MOST = 100
REASON = "This is how the guideline reads it."


class Clock:
    """The server's time, which stands still until the simulation moves it: `seconds` since the project began."""

    def __init__(self, begin: int) -> None:
        self.begin = begin
        self.seconds = 0.0

    def __call__(self, _connection: Any = None) -> int:
        return self.begin + round(1000 * self.seconds)


class House:
    """The project, whoever runs it, and the room that people work in. `plan`: the same project in memory."""

    def __init__(self, site: Site, api: Api, plan: Project) -> None:
        self.site = site
        self.api = api
        self.plan = plan
        self.worker = Worker(site.database, site.home, writer=site.writer)
        self._later = {"snapshot": self.worker.handlers.pop("snapshot")}
        self.values = [f"class {number}" for number in range(1, plan.setting.classes + 1)]
        now = site.database.now
        link = site.writer.run(lambda connection: links.make_administrator_link(connection, now(connection)))
        self.boss = api.enter(link.secret, "manager")
        sample = self._sample()
        body = {"name": sample.name, "form": sample.form, "overlap": plan.policy.overlap, "guideline": sample.guideline}
        self.project: int = api.call(self.boss, "POST", "/projects", body)["id"]
        self.room = Room(self.project, sample)
        quality = msgspec.to_builtins(policy.quality_of(plan.policy))
        self.call(self.boss, "PATCH", "", {"quality": quality})
        self.reviewer = self.invite("reviewer", "manager")
        self.experts = [self.invite(f"expert {number}", "adjudicator") for number in (1, 2)]
        if plan.policy.gold:
            self._make_gold()
        self._make_training()
        self._bring_in("items", range(plan.setting.items))

    def drain(self) -> None:
        """Let the worker do what is to be done: also the overview's figures, which rest by the server's clock and would
        be made anew all the time while it is rushed."""
        self.worker.handlers |= self._later
        self.worker.drain()

    def call(self, session: str, method: str, path: str, body: object = None) -> Any:
        """A request about the project."""
        return self.api.call(session, method, f"/projects/{self.project}{path}", body)

    def invite(self, name: str, role: str = "annotator") -> str:
        """Let somebody in by an invitation. Returns their session."""
        made = self.call(self.boss, "POST", "/invitations", {"role": role, "email": None})
        return self.api.enter(made["link"].partition("#")[2], name)

    def _sample(self) -> Sample:
        task = {"type": "choice", "classes": [{"value": value, "label": value.title()} for value in self.values]}
        question = {"name": QUESTION, "title": "Which is it?", "task": task}
        stimuli = self.plan.stimuli
        return Sample(
            name="Simulated",
            form={"fields": [{"name": "text", "show": "text"}], "questions": [question]},
            guideline="# What is what\n\nAs simulated people see it.",
            overlap=self.plan.policy.overlap,
            rows=tuple({"id": one.item, "text": text_of(one)} for one in stimuli),
            stimuli=tuple(stimuli),
        )

    def _bring_in(self, name: str, places: Sequence[int]) -> None:
        """Import items, and wait until they are in the queue."""
        rows = [self.room.sample.rows[place] for place in places]
        text = "".join(json.dumps(row) + "\n" for row in rows).encode()
        look = self.call(self.boss, "POST", f"/files?name={name}.jsonl", text)
        asked = {"file": look["file"], "what": "items", "id": "id", "fields": {"text": "text"}, "batch": name}
        job = self.call(self.boss, "POST", "/imports", asked)
        self.worker.drain()
        job = self.call(self.boss, "GET", f"/jobs/{job['id']}")
        if job["state"] != "done":
            raise GoldworkError(f"the import of the simulated items is {job['state']}: {job['error']}")

    def _make_gold(self) -> None:
        """Draw all gold items there are, which are in the project before the others, and vote."""
        known = {self.plan.stimuli[place].item: self.values[answer] for place, answer in self.plan.gold.items()}
        self._bring_in("gold", list(self.plan.gold))
        self.call(self.experts[0], "POST", "/gold/draws", {"count": len(known)})
        for expert in self.experts:
            after: int | None = 0
            while after is not None:
                page = self.call(expert, "GET", f"/gold?in_state=draft&limit={MOST}&after={after}")
                for row in page["rows"]:
                    body = {"answers": {QUESTION: known[row["external_id"]]}}
                    self.call(expert, "PUT", f"/gold/{row['item']}/vote", body)
                after = page["next"]

    def _make_training(self) -> None:
        stimuli = [(self.plan.stimuli[place], self.values[answer]) for place, answer in self.plan.training.items()]
        entries = [
            {"item": one.item, "answers": {QUESTION: [value]}, "reason": REASON, "fields": {"text": text_of(one)}}
            for one, value in stimuli
        ]
        self.call(self.boss, "POST", "/gold", {"entries": entries, "kind": "training"})


def text_of(stimulus: Stimulus) -> str:
    """What is shown of an item: its name, by which it is recognised, and as much as takes its time to read."""
    return f"{stimulus.item}: " + "x" * round(SECOND * stimulus.seconds)
