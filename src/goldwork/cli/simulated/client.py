"""A simulated person at a running server: they lease and submit through its HTTP API, as a browser does.

They come by a one-time link and have a session of their own. They see what a person sees and nothing else: an item is
recognised by what is shown. When they work is for others to say: the demonstration by the clock on the wall, the
simulation by one of its own.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import http.client
import json
import secrets
from collections import Counter
from collections.abc import Mapping
from typing import Any

from goldwork.sim.annotator import Annotator, Answer, Stimulus
from goldwork.sim.behaviours import Moment
from goldwork.sim.samples import Sample

HELD = 3
"""Items that a person holds at a time, the one in front of them included."""


class RefusedError(Exception):
    """The server's answer is an error. `reason` as the API gives it."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status = status
        self.reason = reason


class Api:
    """A server's API over one kept connection; for one thread. Raises OSError where the server cannot be reached."""

    def __init__(self, host: str, port: int) -> None:
        self._connection = http.client.HTTPConnection(host, port, timeout=60)

    def enter(self, secret: str, name: str | None = None) -> str:
        """Come in by a one-time link and accept the notice. Returns the session, as a browser's cookie has it."""
        found, cookie = self._send("", "POST", "/link/use", {"token": secret, "name": name})
        self.call(cookie, "POST", "/notice", {"version": found["notice"]["version"]})
        return cookie

    def call(self, session: str, method: str, path: str, body: object = None) -> Any:
        """One request and its answer as JSON. Raises RefusedError. Sent twice where the connection was closed."""
        return self._send(session, method, path, body)[0]

    def _send(self, session: str, method: str, path: str, body: object) -> tuple[Any, str]:
        payload = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        headers = {"Cookie": session} if session else {}
        if payload is not None:
            kind = "application/octet-stream" if payload is body else "application/json"
            headers["Content-Type"] = kind
        with contextlib.suppress(http.client.HTTPException, ConnectionError):
            return self._exchange(method, path, payload, headers)
        self._connection.close()
        try:
            return self._exchange(method, path, payload, headers)
        except http.client.HTTPException as error:
            raise ConnectionError(str(error)) from None

    def _exchange(self, method: str, path: str, payload: bytes | None, headers: dict[str, str]) -> tuple[Any, str]:
        self._connection.request(method, f"/api{path}", payload, headers)
        response = self._connection.getresponse()
        text = response.read()
        found = json.loads(text) if text else None
        if response.status >= 400:
            problem = (found or {}).get("error", {})
            raise RefusedError(response.status, problem.get("reason", ""), problem.get("message", ""))
        return found, (response.getheader("Set-Cookie") or "").partition(";")[0]

    def close(self) -> None:
        self._connection.close()


class Room:
    """A project as the crowd works in it. The last `reserve` judgements are left for others to make; the first `head`
    are made in a hurry, so that there is something to see."""

    def __init__(self, project: int, sample: Sample, reserve: int = 0, head: int = 0) -> None:
        self.project = project
        self.sample = sample
        self.head = head
        self.slots = len(sample.stimuli) * sample.overlap - reserve
        self.judgements = 0
        [self._field] = [str(field["name"]) for field in sample.form["fields"]]
        self._known = {
            _sight(sample, row[self._field]): stimulus
            for row, stimulus in zip(sample.rows, sample.stimuli, strict=True)
        }

    @property
    def left(self) -> float:
        """The share of the crowd's work that is still to do."""
        return max(0.0, 1 - self.judgements / self.slots)

    def recognise(self, fields: Mapping[str, str]) -> Stimulus | None:
        """The item that looks like this; None for one that somebody else has brought in."""
        return self._known.get(fields.get(self._field, "").rpartition("/media/")[2])


def _sight(sample: Sample, value: str) -> str:
    """What a person sees of a field: its text, or a picture, which the server calls by the hash of its content."""
    return hashlib.sha256(sample.picture(value)).hexdigest() if sample.picture else value


@dataclasses.dataclass
class Held:
    """The item in front of a person, and what they will answer; both None: nobody knows it, and they pass."""

    assignment: str
    form_version: int
    guideline_version: int
    stimulus: Stimulus | None
    answer: Answer | None


@dataclasses.dataclass
class Person:
    """Somebody at the server: their session, and who they are in each room, by project.

    `done`: their judgements by project; `place`: those since their last break; `taught`: how often something was
    explained to them; `seen`: how often they have judged an item, by project and name.
    """

    session: str
    minds: dict[int, Annotator]
    done: Counter[int] = dataclasses.field(default_factory=Counter)
    place: int = 0
    taught: int = 0
    seen: Counter[tuple[int, str]] = dataclasses.field(default_factory=Counter)
    room: Room | None = None
    items: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    versions: tuple[int, int] = (1, 1)
    held: Held | None = None

    def fetch(self, api: Api, room: Room) -> Any:
        """Lease items in a room. Returns what the server says."""
        found = api.call(self.session, "POST", f"/projects/{room.project}/next", {"count": HELD})
        self.items = found["assignments"]
        self.versions = (found["form_version"], found["guideline_version"])
        self.room = room if self.items else None
        return found

    def take_up(self) -> Held:
        """Look at the next of the leased items, and make up one's mind."""
        room = self.room
        assert room is not None
        item = self.items.pop(0)
        stimulus, answer = room.recognise(item["fields"]), None
        if stimulus is not None:
            moment = Moment(self.done[room.project], self.place, taught=self.taught)
            answer = self.minds[room.project].answer(stimulus, self.seen[room.project, stimulus.item], moment)
        self.held = Held(item["id"], *self.versions, stimulus, answer)
        return self.held

    def hand_in(self, api: Api, *, lost: bool = False) -> Any:
        """Submit. Returns the receipt. `lost`: it does not arrive, and the same is sent again."""
        room, held = self.room, self.held
        assert room is not None
        assert held is not None
        self.held = None
        body: dict[str, Any] = {
            "id": secrets.token_hex(16),
            "assignment": held.assignment,
            "kind": "skip",
            "form_version": held.form_version,
            "guideline_version": held.guideline_version,
        }
        if held.answer is not None and held.stimulus is not None:
            body["kind"] = "answer"
            body["answers"] = {room.sample.question: room.sample.classes[held.answer.choice]}
            body["seconds"] = round(held.answer.seconds, 2)
            self.done[room.project] += 1
            self.place += 1
            self.seen[room.project, held.stimulus.item] += 1
        receipt = api.call(self.session, "POST", f"/projects/{room.project}/submits", body)
        if lost:
            again = api.call(self.session, "POST", f"/projects/{room.project}/submits", body)
            if again != receipt:
                raise RefusedError(201, "retry", f"sent again, a submit was answered by {again}, first by {receipt}.")
        return receipt
