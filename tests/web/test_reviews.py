"""Who reviews never hears whose text it is, who wrote never hears who reviewed: in no answer of any route."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from goldwork.store.schema import annotator, submit
from tests.web.conftest import Stage, User
from tests.web.test_canaries import ask_all

FORM: dict[str, Any] = {
    "fields": [{"name": "text", "show": "text"}],
    "questions": [{"name": "reply", "title": "Answer it.", "task": {"type": "text"}}],
}
SECRETS = {"author", "annotator", "reviewer", "subject", "pseudonym", "seq", "slot", "purpose"}
"""Names of fields that could tell who did what."""


class Scene:
    """A project of texts, all reviewed by two, with an author and two reviewers whose ids and names are unlike all else
    that is said."""

    def __init__(self, stage: Stage, **quality: Any) -> None:
        self.stage = stage
        with stage.database.write() as connection:
            if stage.database.dialect == "postgresql":
                connection.execute(sa.text("SELECT setval('annotator_id_seq', 771000)"))
            else:
                connection.execute(sa.insert(annotator).values(id=771000, pseudonym="nobody"))
        self.boss = stage.user("CANARY boss", administrator=True)
        self.project = stage.project(self.boss, texts=8, form=FORM, overlap=1)
        now = self.boss.get(f"/projects/{self.project}").json()["quality"]
        settings = {"quality": now | {"review": 1.0, "gold": False} | quality}
        changed = self.boss.request("PATCH", f"/projects/{self.project}", json=settings)
        assert changed.status_code == 200, changed.text
        self.author, *self.reviewers = (
            stage.join(self.project, stage.user(f"CANARY {name}"), "annotator") for name in ("Ann", "Bob", "Cleo")
        )

    def next(self, who: User, count: int = 20) -> httpx.Response:
        return who.post(f"/projects/{self.project}/next", {"count": count})

    def submit(self, who: User, of: str, kind: str = "answer", **answers: Any) -> httpx.Response:
        body = {"id": f"{kind}-{of}", "assignment": of, "kind": kind, "form_version": 1, "guideline_version": 1}
        return who.post(f"/projects/{self.project}/submits", body | ({"answers": answers} if answers else {}))

    def hear(self, who: User) -> Iterator[httpx.Response]:
        """All that somebody is answered by any route."""
        yield self.next(who)
        yield from ask_all(self.project, who)

    def marks(self, *users: User) -> list[str]:
        """What would tell of these: ids, pseudonyms, names."""
        found = []
        with self.stage.database.read() as connection:
            for user in users:
                assert user.person is not None
                of = sa.select(annotator.c.pseudonym).where(annotator.c.id == user.person.annotator)
                found += [str(user.person.annotator), connection.execute(of).scalar_one(), user.person.name]
        return found


def names(value: Any) -> Iterator[str]:
    """Every field's name in a JSON value."""
    if isinstance(value, dict):
        yield from value
        value = list(value.values())
    for inner in value if isinstance(value, list) else ():
        yield from names(inner)


@pytest.mark.parametrize("feedback", ["delayed", "immediate"])
def test_nobody_hears_who_wrote_or_reviewed(both_stages: Stage, feedback: str) -> None:
    scene = Scene(both_stages, feedback=feedback)
    for one in scene.next(scene.author).json()["assignments"]:
        assert one.get("review") is None
        assert scene.submit(scene.author, one["id"], reply=f"Text of {one['fields']['text']}.").status_code == 201
    heard: dict[str, list[httpx.Response]] = {"author": [], "reviewers": []}
    for round_ in range(2):
        for who in scene.reviewers:
            heard["reviewers"] += scene.hear(who)
            held = [one for one in scene.next(who).json()["assignments"] if one["review"]]
            assert len(held) == (8, 4)[round_]
            criteria = [one["name"] for one in held[0]["review"]["form"]["questions"] if not one["optional"]]
            for one in held[:4]:
                assert one["review"]["answers"] == {"reply": f"Text of {one['fields']['text']}."}
                assert not SECRETS & set(names(one)), one
                answers = dict.fromkeys(criteria, 4) | {"comment": "Good."}
                heard["reviewers"].append(scene.submit(who, one["id"], **answers))
            heard["reviewers"] += scene.hear(who)
        heard["author"] += scene.hear(scene.author)
    mine = scene.author.get(f"/projects/{scene.project}/me").json()
    assert mine["reviewed"]["reviews"] == 15, "three lots of five"
    assert mine["reviewed"]["comments"] == ["Good."] * 15
    assert not SECRETS & set(names(mine["reviewed"]))
    for listener, secret in (("reviewers", scene.marks(scene.author)), ("author", scene.marks(*scene.reviewers))):
        assert len(heard[listener]) > 40
        for response in heard[listener]:
            said = f"{response.headers} {response.text}"
            assert not [one for one in secret if re.search(rf"\b{re.escape(one)}\b", said)], response.request.url
    told = scene.boss.post(f"/projects/{scene.project}/exports", {"what": "reviews", "format": "csv"})
    assert told.status_code == 202, "it could have been told"


def test_an_author_does_not_hear_which_text_is_reviewed(stage: Stage) -> None:
    """What one is answered to a text that is drawn for review and to one that is not: the same but for numbers."""
    scene = Scene(stage, review=0.5)
    work = scene.next(scene.author).json()["assignments"]
    receipts = [scene.submit(scene.author, one["id"], reply="Text.").json() for one in work]
    with stage.database.read() as connection:
        rows = connection.execute(sa.text("SELECT subject FROM review")).scalars().all()
        sent = connection.execute(sa.select(submit.c.seq)).scalars().all()
    assert 0 < len(rows) < len(sent)
    assert len({json.dumps(one | {"id": "", "assignment": "", "seq": 0}) for one in receipts}) == 1
    before = scene.author.get(f"/projects/{scene.project}/work").json()
    assert before["left"] == 0
    assert scene.author.get(f"/projects/{scene.project}/me").json()["reviewed"] is None


def test_nothing_of_other_texts_before_ones_own(stage: Stage) -> None:
    """While an item wants answers, what others wrote is in no answer of any route to somebody who has not answered."""
    scene = Scene(stage)
    settings = {"overlap": 3}
    assert scene.boss.request("PATCH", f"/projects/{scene.project}", json=settings).status_code == 200
    with stage.database.write() as connection:
        connection.execute(sa.text("UPDATE item SET wanted = 3"))
    bob, cleo = scene.reviewers
    for one in scene.next(scene.author).json()["assignments"]:
        scene.submit(scene.author, one["id"], reply="PLANTED words.")
    for response in scene.hear(bob):
        assert "PLANTED" not in response.text, response.request.url
    work = scene.next(bob).json()["assignments"]
    scene.submit(bob, work[0]["id"], reply="Mine.")
    later = scene.next(bob).json()["assignments"]
    assert [one["review"]["answers"] for one in later if one["review"]] == [{"reply": "PLANTED words."}]
    for response in scene.hear(cleo):
        assert "PLANTED" not in response.text, response.request.url
    refused = scene.submit(bob, work[0]["id"], kind="undo")
    assert (refused.status_code, refused.json()["error"]["reason"]) == (409, "seen_others")
