"""Two projects with real rows, one person for every role, and a valid request for every route.

`World.send` sends a request that would succeed if it were allowed: bodies are valid, and what a route changes or
deletes is made for it anew.
"""

from __future__ import annotations

import io
import json
import secrets
from collections.abc import Callable
from typing import Any

import httpx
import msgspec
import PIL.Image
import sqlalchemy as sa

from goldwork.services import access, accounts, attributes, jobs, links, media, signin, uploads
from goldwork.services.collect import Collector, Receipt, Submit
from goldwork.services.packed import pack
from goldwork.store.schema import (
    annotator,
    assignment,
    chosen,
    decision,
    event,
    gold,
    guideline_note,
    item,
    job,
    judgement,
    reward_model,
    submit,
    token,
)
from tests.web.conftest import FORM, Stage, User

ROLES = (
    "nobody",
    "stranger",
    "annotator",
    "adjudicator",
    "manager",
    "administrator",
    "unnoticed",
    "revoked",
    "erased",
)
"""`unnoticed` is a manager who has not accepted the notice; `revoked` and `erased` were managers."""
OWNERSHIPS = ("-", "own", "other", "foreign")
"""`own`: one's own, or of a project one is in. `other`: somebody else's, or of a project one is not in.
`foreign`: under the address of one's own project, something that belongs to another one."""
PASSWORD = "correct horse battery"


class World:
    """Everything there is to ask for, in one's own project and in another one."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.hash = accounts.hash_password(PASSWORD)
        boss = stage.user("boss", administrator=True)
        self.people: dict[str, User] = {"nobody": stage.nobody, "stranger": stage.user("stranger")}
        self.own = stage.project(boss, "own", texts=50)
        self.other = stage.project(boss, "other", texts=50)
        roles: tuple[access.Role, ...] = ("annotator", "adjudicator", "manager")
        for role in roles:
            self.people[role] = stage.join(self.own, stage.user(role), role)
        self.people["administrator"] = stage.user("administrator", administrator=True)
        self.people["unnoticed"] = self._unnoticed()
        self.people["erased"] = stage.join(self.own, stage.user("erased"), "manager")
        self.people["revoked"] = stage.join(self.own, stage.user("revoked"), "manager")
        self._erase(self.people["erased"])
        with stage.database.write() as connection:
            connection.execute(sa.delete(token).where(token.c.hash == access.digest(self.people["revoked"].token)))
        self.boss = boss
        self.decided = 10**6
        self.names = 0

    def _unnoticed(self) -> User:
        return self.stage.join(self.own, self.stage.user("unnoticed", accept=False), "manager")

    def _erase(self, user: User) -> None:
        assert user.person is not None
        with self.stage.database.write() as connection:
            accounts.erase(connection, user.person.account)

    def caller(self, role: str) -> User:
        """The role's person, in a session of its own: a request may end it."""
        user = self._unnoticed() if role == "unnoticed" else self.people[role]
        if role in ("nobody", "revoked", "erased"):
            return user
        assert user.person is not None
        with self.stage.database.write() as connection:
            fresh = signin.start_session(connection, user.person.account, self.now(connection))
        return User(self.stage, fresh, user.person)

    def now(self, connection: Any) -> int:
        return int(self.stage.database.now(connection))

    def send(self, method: str, route: str, role: str, ownership: str) -> httpx.Response:
        """The route's request, as `role`, about something of this `ownership`."""
        caller = self.caller(role)
        project = self.other if ownership == "other" else self.own
        of = self.other if ownership in ("other", "foreign") else self.own
        owner = self.boss if ownership == "other" or caller.person is None else caller
        path = route.removeprefix("/api")
        for name, make in PARAMETERS.items():
            if "{" + name + "}" in path:
                path = path.replace("{" + name + "}", str(make(self, of, owner, route)))
        path = path.replace("{project_id}", str(project))
        options = BODIES.get((method, route), lambda *_: {})(self, of, owner)
        return caller.request(method, path, **options)

    # What requests are about, made anew.

    def token(self, _project: int, owner: User, _route: str) -> int:
        assert owner.person is not None
        with self.stage.database.write() as connection:
            made = signin.create_api_token(connection, owner.person, "one", self.now(connection))
            return made[0]

    def account(self, project: int, _owner: User, route: str) -> int:
        fresh = self.stage.user("fresh")
        assert fresh.person is not None
        if "members" in route:
            self.stage.join(project, fresh, "annotator")
        return fresh.person.account

    def invitation(self, project: int, _owner: User, _route: str) -> int:
        with self.stage.database.write() as connection:
            return links.invite(connection, project, "annotator", None, self.now(connection)).id

    def job(self, project: int, _owner: User, route: str) -> int:
        if "exports" in route:
            return self.export(project)
        with self.stage.database.write() as connection:
            made = jobs.add(connection, self.stage.database, "import", project, {})
            assert made is not None
            return made.id

    def export(self, project: int) -> int:
        """A finished export."""
        folder = self.stage.home.exports / str(project)
        folder.mkdir(exist_ok=True)
        (folder / "stored").write_text("item,annotator,label\n")
        with self.stage.database.write() as connection:
            made = jobs.add(connection, self.stage.database, "export", project, {})
            assert made is not None
            result = '{"stored": "stored", "file": "judgements.csv"}'
            connection.execute(sa.update(job).where(job.c.id == made.id).values(state="done", result=result))
            return made.id

    def image(self, project: int, _owner: User, _route: str) -> str:
        """An image that only this project has."""
        data = picture((project % 256, 0, 0))
        with self.stage.database.write() as connection:
            return media.add(self.stage.database, self.stage.home, connection, project, "one.png", data).hash

    def item(self, project: int, _owner: User, _route: str) -> int:
        """An item of the project."""
        with self.stage.database.read() as connection:
            mine = sa.select(item.c.id).where(item.c.project == project).limit(1)
            return int(connection.execute(mine).scalar_one())

    def decision(self, project: int, owner: User, route: str) -> int:
        """A decision about its owner; a member of nothing has the manager's. Its seq stands in one project alone."""
        assert owner.person is not None
        who = owner.person.annotator if "/me/" in route else self.boss_of()
        with self.stage.database.write() as connection:
            self.decided += 1
            at = self.now(connection)
            of = {"project": project, "seq": self.decided, "kind": "of a test", "body": "{}", "hash": b"", "at": at}
            connection.execute(sa.insert(event).values(of))
            body = '{"e": 25.0, "gold": 0, "right": 0, "floor": 8500, "since": 1, "begins": 1}'
            made = {"kind": "quarantine", "subject": f"annotator {who}", "number": 0, "body": body}
            connection.execute(sa.insert(decision).values(project=project, seq=self.decided, **made))
        return self.decided

    def boss_of(self) -> int:
        """The annotator of whoever made the projects."""
        assert self.boss.person is not None
        return self.boss.person.annotator

    def gold(self, project: int, _owner: User, route: str) -> int:
        """Gold of the project; a draft where it is voted on."""
        with self.stage.database.write() as connection:
            of = self.fresh_item(connection, project)
            state, answers = ("draft", "{}") if "vote" in route else ("active", '{"kind": ["a"]}')
            made = {"project": project, "item": of.id, "kind": "gold", "state": state, "answers": answers}
            connection.execute(sa.insert(gold).values(made | {"created_at": 0}))
            return int(of.id)

    def fresh_item(self, connection: Any, project: int) -> Any:
        """An item of the project that nobody has judged."""
        self.names += 1
        self.stage.add_items(connection, project, [{"text": "new"}], f"fresh{self.names}")
        return connection.execute(sa.select(item).order_by(item.c.id.desc()).limit(1)).one()

    def to_settle(self, project: int, *, settled: bool) -> str:
        """The name of an item of which gold can be made; `settled` by an expert."""
        with self.stage.database.write() as connection:
            of = self.fresh_item(connection, project)
            if settled:
                who, at = self.boss_of(), self.now(connection)
                held = {"id": f"settled{of.id}", "project": project, "item": of.id, "annotator": who}
                held |= {"purpose": "adjudication", "state": "done", "pass_number": 2, "current": -of.id}
                connection.execute(sa.insert(assignment).values(held | {"leased_at": at, "leased_until": at}))
                sent = {"project": project, "seq": -of.id, "annotator": who, "client_id": held["id"], "item": of.id}
                sent |= {"assignment": held["id"], "kind": "answer", "body_hash": b"", "response": "{}"}
                versions = {"form_version": 1, "guideline_version": 1}
                connection.execute(sa.insert(submit).values(sent | versions | {"submitted_at": at}))
                said = {"project": project, "seq": -of.id, "question": "kind", "value": '"a"'}
                connection.execute(sa.insert(judgement).values(said))
            return str(of.external_id)

    def source(self, project: int) -> str:
        """The name of gold of which a trap can be made."""
        with self.stage.database.write() as connection:
            self.names += 1
            name = f"source{self.names}"
            self.stage.add_items(connection, project, [{"text": "It is on the left."}], name)
            of = connection.execute(sa.select(item).order_by(item.c.id.desc()).limit(1)).one()
            made = {"project": project, "item": of.id, "kind": "gold", "state": "active", "answers": '{"kind": ["a"]}'}
            connection.execute(sa.insert(gold).values(made | {"created_at": 0}))
            return str(of.external_id)

    def attribute(self, project: int, _owner: User, _route: str) -> int:
        """An attribute of the project, defined by its manager."""
        with self.stage.database.write() as connection:
            boss = self.boss.person
            mine = access.find_member(connection, boss, project, "manager")
            there = attributes.asked(connection, mine)
            if there:
                return there[0].id
            given = {
                "name": "Region",
                "question": "Where are you from?",
                "options": ["north", "south"],
                "why": "To see.",
            }
            return attributes.define(connection, mine, self.now(connection), **given).id

    def link(self) -> str:
        aside = self.stage.project(self.boss, "aside", texts=0)
        with self.stage.database.write() as connection:
            return links.invite(connection, aside, "annotator", None, self.now(connection)).secret

    def file(self, project: int) -> str:
        incoming = uploads.Upload(self.stage.home, project, "rows.csv")
        incoming.write(b"id,text\n1,one\n")
        return incoming.finish()

    def sign_in(self) -> dict[str, str]:
        with self.stage.database.write() as connection:
            now = self.now(connection)
            email = f"u{connection.execute(sa.select(sa.func.count()).select_from(token)).scalar_one()}@example.org"
            accounts.create_account(connection, now, name="fresh", email=email, password_hash=self.hash)
        return {"email": email, "password": PASSWORD}

    def submit(self, project: int, owner: User) -> dict[str, Any]:
        """A skip of an item that `owner` holds in the project; a member of nothing has the manager's."""
        assert owner.person is not None
        with self.stage.database.write() as connection:
            person = owner.person
            mine = sa.select(annotator.c.id).where(annotator.c.account == person.account)
            held = self.stage.lease(connection, project, connection.execute(mine).scalar_one())
        return {
            "id": held,
            "assignment": held,
            "kind": "skip",
            "form_version": 1,
            "guideline_version": 1,
        }

    def case(self, project: int, owner: User, answer: str | None = None) -> str:
        """An item of the project in the hands of `owner`; settled already where there is an `answer`."""
        assert owner.person is not None
        name = secrets.token_hex(8)
        taken = sa.select(assignment.c.item).where(assignment.c.pass_number == 2)
        free = sa.select(item.c.id).where(item.c.project == project, item.c.id.not_in(taken)).limit(1)
        who = sa.select(annotator.c.id).where(annotator.c.account == owner.person.account)
        with self.stage.database.write() as connection:
            row = {"id": name, "project": project, "item": connection.execute(free).scalar_one(), "pass_number": 2}
            row |= {"annotator": connection.execute(who).scalar_one(), "purpose": "adjudication", "state": "leased"}
            connection.execute(sa.insert(assignment).values(leased_at=1, leased_until=2**40, **row))
            if answer is not None:
                asked = Submit(project, row["annotator"], name, name, "answer", 1, 1, {"kind": answer})
                [receipt] = Collector(self.stage.database).submit_many(connection, [asked])
                assert isinstance(receipt, Receipt), receipt
        return name

    def suspect(self, project: int) -> str:
        """The name of an item whose label a model doubts."""
        from goldwork.store.schema import item_state, snapshot

        known = sa.select(item_state.c.item)
        free = sa.select(item.c.id, item.c.external_id).where(item.c.project == project, item.c.id.not_in(known))
        with self.stage.database.write() as connection:
            of = connection.execute(free.limit(1)).one()
            body = '{"answer":{"kind":0},"status":"complete"}'
            row = {"project": project, "item": of.id, "status": "complete", "body": body}
            connection.execute(sa.insert(item_state).values(row))
            gone = snapshot.c.project == project, snapshot.c.name == "suspects"
            connection.execute(sa.delete(snapshot).where(*gone))
            entry = {"item": of.id, "label": 0, "wrong": 0.9, "votes": [[0, 2]], "chances": [[1, 0.9], [0, 0.1]]}
            listed = {"project": project, "name": "suspects", "through_seq": 0, "computed_at": 1}
            told = json.dumps({"question": "kind", "entries": [entry]})
            connection.execute(sa.insert(snapshot).values(listed | {"body": told}))
        return str(of.external_id)

    def version(self, project: int, _owner: User, _route: str) -> int:
        """A reward model of the project, of a version that stands in one project alone."""
        with self.stage.database.write() as connection:
            self.decided += 1
            of = {"project": project, "version": self.decided, "made_at": 1, "body": EVALUATION, "content": b""}
            connection.execute(sa.insert(reward_model).values(of | {"through_seq": 0, "question": "better"}))
        return self.decided

    def policy(self, project: int, owner: User, route: str) -> int:
        """What a policy of the project chose, of a version that stands in one project alone."""
        model = self.version(project, owner, route)
        with self.stage.database.write() as connection:
            of = {"project": project, "version": model, "model": model, "made_at": 1}
            of |= {"body": msgspec.json.encode(POLICY | of).decode()}
            connection.execute(sa.insert(chosen).values(of | {"content": pack([])}))
        return model

    def note(self, project: int, owner: User, _route: str) -> int:
        """A note for the guideline."""
        assert owner.person is not None
        with self.stage.database.write() as connection:
            of = connection.execute(sa.select(item.c.id).where(item.c.project == project).limit(1)).scalar_one()
            row = {"project": project, "item": of, "by_account": owner.person.account, "text": "Say more.", "at": 1}
            made = connection.execute(sa.insert(guideline_note).values(row)).inserted_primary_key
            assert made is not None
            return int(made[0])


def picture(colour: tuple[int, int, int]) -> bytes:
    """A small PNG."""
    stream = io.BytesIO()
    PIL.Image.new("RGB", (2, 2), colour).save(stream, "PNG")
    return stream.getvalue()


ANY = {"value": 0.5, "low": 0.4, "high": 0.6}
EVALUATION = msgspec.json.encode(
    dict.fromkeys(("sentence", "reliability_says", "position_says", "length_says", "method"), "")
    | dict.fromkeys(("people", "parity", "ceiling_low", "position"))
    | dict.fromkeys(("votes", "majority", "length", "style", "length_left"), ANY)
    | dict.fromkeys(("reliability", "paid", "worst", "warnings"), ())
    | dict.fromkeys(("prompts", "pairs", "ballots"), 1)
    | {"verdict": "poor", "ceiling_high": 1.0}
).decode()
"""Of a reward model."""
POLICY = {
    **dict.fromkeys(("limit", "caution", "before", "after", "nats"), 0.0),
    **dict.fromkeys(("against", "candidates", "prompts", "differ", "seen"), 0),
    "way": "best",
    "best_of": None,
    "expected": None,
}
"""What is told of what a reward model chose."""
PARAMETERS: dict[str, Callable[..., Any]] = {
    "token_id": World.token,
    "account_id": World.account,
    "invitation_id": World.invitation,
    "job_id": World.job,
    "content_hash": World.image,
    "item_id": World.item,
    "note_id": World.note,
    "decision_seq": World.decision,
    "gold_id": World.gold,
    "attribute_id": World.attribute,
    "version": World.version,
    "policy": World.policy,
}
Body = Callable[[World, int, User], dict[str, Any]]
PROJECT = "/api/projects/{project_id}"
BODIES: dict[tuple[str, str], Body] = {
    ("POST", "/api/session"): lambda world, *_: {"json": world.sign_in()},
    ("POST", "/api/notice"): lambda *_: {"json": {"version": 1}},
    ("POST", "/api/link"): lambda world, *_: {"json": {"token": world.link()}},
    ("POST", "/api/link/use"): lambda world, *_: {"json": {"token": world.link(), "name": "New"}},
    ("PATCH", "/api/account"): lambda *_: {"json": {"name": "Another"}},
    ("POST", "/api/tokens"): lambda *_: {"json": {"label": "one"}},
    ("POST", "/api/projects"): lambda *_: {"json": {"name": "New", "form": FORM}},
    ("POST", "/api/forms/draw"): lambda *_: {"json": {"form": FORM}},
    ("POST", f"{PROJECT}/form/preview"): lambda *_: {"json": {"form": FORM}},
    ("PATCH", PROJECT): lambda *_: {"json": {"name": "Renamed"}},
    ("PUT", f"{PROJECT}/form"): lambda *_: {"json": {"form": FORM}},
    ("PUT", f"{PROJECT}/guideline"): lambda *_: {"json": {"text": "Be kind."}},
    ("POST", f"{PROJECT}/invitations"): lambda *_: {"json": {"role": "annotator"}},
    ("PATCH", f"{PROJECT}/members/{{account_id}}"): lambda *_: {"json": {"role": "adjudicator"}},
    ("POST", f"{PROJECT}/next"): lambda *_: {"json": {"count": 1}},
    ("POST", f"{PROJECT}/submits"): lambda world, of, owner: {"json": world.submit(of, owner)},
    ("POST", f"{PROJECT}/adjudication/next"): lambda *_: {"json": {"count": 1}},
    ("POST", f"{PROJECT}/adjudication/send-back"): lambda world, of, owner: {
        "json": {"id": secrets.token_hex(8), "assignment": world.case(of, owner)}
    },
    ("POST", f"{PROJECT}/notes"): lambda world, of, owner: {
        "json": {"id": secrets.token_hex(8), "assignment": world.case(of, owner), "text": "Say more."}
    },
    ("POST", f"{PROJECT}/features"): lambda *_: {"content": b"numbers"},
    ("POST", f"{PROJECT}/suspects/looks"): lambda world, of, _: {
        "json": {"id": secrets.token_hex(8), "external_id": world.suspect(of), "kind": "dismissed"}
    },
    ("POST", f"{PROJECT}/files"): lambda *_: {"content": b"id,text\n1,one\n"},
    ("POST", f"{PROJECT}/media"): lambda *_: {"content": picture((0, 0, 1))},
    ("POST", f"{PROJECT}/imports"): lambda world, of, _: {
        "json": {"file": world.file(of), "fields": {"text": "text"}, "id": "id"}
    },
    ("POST", f"{PROJECT}/exports"): lambda *_: {"json": {"what": "judgements", "format": "csv"}},
    ("POST", f"{PROJECT}/decisions/{{decision_seq}}/rulings"): lambda *_: {
        "json": {"verdict": "noted", "text": "Seen."}
    },
    ("POST", f"{PROJECT}/me/decisions/{{decision_seq}}/appeal"): lambda *_: {"json": {"text": "I was right."}},
    ("POST", f"{PROJECT}/gold"): lambda world, of, _: {
        "json": {"entries": [{"item": world.to_settle(of, settled=False), "answers": {"kind": ["a"]}}]}
    },
    ("GET", f"{PROJECT}/gold/items"): lambda *_: {"params": {"name": "x-1"}},
    ("POST", f"{PROJECT}/gold/draws"): lambda *_: {"json": {"count": 1}},
    ("POST", f"{PROJECT}/gold/settled"): lambda world, of, _: {
        "json": {"id": secrets.token_hex(8), "items": [world.to_settle(of, settled=True)]}
    },
    ("GET", f"{PROJECT}/gold/traps"): lambda world, of, _: {"params": {"name": world.source(of)}},
    ("POST", f"{PROJECT}/gold/traps"): lambda world, of, _: {
        "json": {"item": world.source(of), "seed": 0, "answers": {"kind": ["b"]}}
    },
    ("POST", f"{PROJECT}/gold/traps/draws"): lambda *_: {"json": {"count": 1}},
    ("PUT", f"{PROJECT}/gold/{{gold_id}}"): lambda *_: {"json": {"answers": {"kind": ["b"]}, "why": "Misread."}},
    ("PUT", f"{PROJECT}/gold/{{gold_id}}/vote"): lambda *_: {"json": {"answers": {"kind": "a"}}},
    ("POST", f"{PROJECT}/gold/{{gold_id}}/retirement"): lambda *_: {"json": {"why": "Shown in an appeal."}},
    ("POST", f"{PROJECT}/attributes"): lambda *_: {
        "json": {
            "name": secrets.token_hex(4),
            "question": "Where from?",
            "options": ["north", "south"],
            "why": "To see.",
        }
    },
    ("PUT", f"{PROJECT}/attributes/{{attribute_id}}/answer"): lambda *_: {"json": {"value": "north", "agreed": True}},
    ("POST", f"{PROJECT}/policies"): lambda *_: {"json": {}},
    ("POST", f"{PROJECT}/policies/{{policy}}/comparison"): lambda *_: {"json": {}},
    ("POST", f"{PROJECT}/reward"): lambda *_: {"json": {}},
    ("POST", f"{PROJECT}/reward/pairs"): lambda *_: {"json": {"question": "kind"}},
    ("POST", f"{PROJECT}/formats"): lambda *_: {"json": {"format": "label-studio"}},
}


def plant(stage: Stage, project: int) -> None:
    """Put the word CANARY wherever an annotator of the project must not look."""
    from goldwork.store import schema

    with stage.database.write() as connection:
        now = stage.database.now(connection)
        stage.add_items(connection, project, [{"text": "shown", "hidden": "CANARY field"}], "CANARY-external")
        for table, column in (
            (schema.judgement, "value"),
            (schema.decision, "body"),
            (schema.annotator, "pseudonym"),
            (schema.job, "phase"),
        ):
            assert column in table.c
        of = connection.execute(sa.select(schema.item).where(schema.item.c.project == project)).first()
        assert of is not None
        for kind, purpose in (("gold", "gold"), ("model", "work"), ("human", "adjudication")):
            who = accounts.add_annotator(connection, None, kind)
            connection.execute(sa.update(annotator).where(annotator.c.id == who).values(pseudonym=f"CANARY-{kind}"))
            held = f"CANARY-{kind}"
            connection.execute(
                sa.insert(assignment).values(
                    id=held,
                    project=project,
                    item=of.id,
                    annotator=who,
                    purpose=purpose,
                    state="done",
                    leased_at=now,
                    leased_until=now,
                )
            )
            seq = -1 - who
            connection.execute(
                sa.insert(schema.submit).values(
                    project=project,
                    seq=seq,
                    annotator=who,
                    client_id=f"CANARY-{kind}",
                    body_hash=b"",
                    assignment=held,
                    item=of.id,
                    kind="answer",
                    form_version=1,
                    guideline_version=1,
                    response="CANARY receipt",
                    submitted_at=now,
                )
            )
            value = msgspec.json.encode(f"CANARY {kind} answer").decode()
            connection.execute(
                sa.insert(schema.judgement).values(project=project, seq=seq, question="kind", value=value)
            )
            connection.execute(
                sa.insert(event).values(project=project, seq=seq, kind="CANARY", body='{"CANARY": 1}', hash=b"", at=now)
            )
        connection.execute(
            sa.insert(schema.consensus).values(
                project=project,
                question="kind",
                item=of.id,
                external_id="CANARY-external",
                label='"CANARY consensus"',
                confidence=0.5,
                judgements=3,
                tie=False,
                votes='{"CANARY": 3}',
            )
        )
        said = {"project": project, "about_seq": seq, "about_number": 0, "annotator": who, "by_account": 1, "at": now}
        connection.execute(sa.insert(schema.ruling).values(**said, seq=seq, kind="appeal", text="CANARY appeal"))
        connection.execute(
            sa.insert(schema.decision).values(
                project=project, seq=seq, number=0, kind="warn", subject=f"annotator {who}", body='{"CANARY": 1}'
            )
        )
        connection.execute(
            sa.insert(schema.snapshot).values(
                project=project, name="CANARY", body='{"CANARY": 1}', through_seq=1, computed_at=now
            )
        )
        for name, body in (("learn", {"note": "CANARY note"}), ("suspects", {"question": "CANARY", "entries": []})):
            told = {"project": project, "name": name, "body": json.dumps(body), "through_seq": 1, "computed_at": now}
            connection.execute(sa.insert(schema.snapshot).values(told))
        looked = {"project": project, "item": of.id, "by_account": 1, "kind": "dismissed", "more": 0, "seq": 1}
        connection.execute(sa.insert(schema.second_look).values(looked | {"at": now}))
        connection.execute(
            sa.insert(schema.job).values(
                project=project, kind="import", body='{"file": "CANARY"}', phase="CANARY", created_at=now
            )
        )
        links.invite(connection, project, "annotator", "canary@example.org", now)
        asked = connection.execute(
            sa.insert(schema.attribute)
            .values(project=project, name="Region", question="Where from?", options='["north"]', why="", created_at=now)
            .returning(schema.attribute.c.id)
        ).scalar_one()
        connection.execute(
            sa.insert(schema.attribute_answer).values(
                attribute=asked, annotator=who, value="CANARY of another", consented_at=now
            )
        )
