"""The learn job: a model of a project's items, fitted anew as judgements come, and what it says to ask next.

It is a model of one question, the first that chooses among 2 to MOST_CLASSES classes, on the judgements in force. The
evaluation slice, the project's random sample that always gets its judgements, never trains it; how right it is comes
from there, and what the items of the slice are comes from people alone. Where there is no model, the job says why, and
work goes on without one.

**Invariant: nothing that a model says is evidence about an item. It chooses, it suspects; people judge.**
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.errors import InputError
from goldwork.quality.items import MOST_CLASSES, drawn
from goldwork.quality.policy import Policy
from goldwork.services import due, fitting, jobs, ranking, suspects
from goldwork.services.codes import read_codes
from goldwork.services.evaluating import Pool, curve_of, pack, truth_of, unpack, version_of
from goldwork.services.fit import Asked
from goldwork.services.forms import current_form
from goldwork.services.inference import Question, read_judgements
from goldwork.services.log import decode
from goldwork.services.media import as_text
from goldwork.services.models import NAME, Chosen, Learned, by_model, is_asked, read_last
from goldwork.services.sql import upsert
from goldwork.services.work import Steps, Work
from goldwork.store.database import Database
from goldwork.store.schema import batch, item, item_state, job, model, project, project_state, snapshot
from goldwork.store.writer import Writer
from goldwork.tasks.questions import ProjectForm

GROWN, LEAST = 0.1, 25
"""It is due when the log has grown by this share since it was last made, and by so many events at least."""
MOST_ITEMS = 100_000
"""Items that a model reads: those that were judged, and others drawn at random."""
KEPT = 3
"""Versions of which the model itself is kept."""
AT_ONCE = 500
READ = ("text", "markdown", "code", "chat")
"""How fields are shown whose words are read."""

_HEAD = sa.select(project.c.seq, project.c.policy, project.c.policy_version, project.c.form_version).where(
    project.c.id == bind("project")
)
_ITEMS = (
    sa.select(
        item.c.id,
        item.c.external_id,
        item.c.shuffle,
        item.c.rank,
        item.c.wanted,
        item.c.taken,
        item_state.c.status,
        item_state.c.body,
    )
    .select_from(item.join(batch, batch.c.id == item.c.batch).outerjoin(item_state, item_state.c.item == item.c.id))
    .where(item.c.project == bind("project"), batch.c.state == "published")
    .order_by(item.c.id)
)
_PAYLOADS = sa.select(item.c.id, item.c.payload).where(item.c.id.in_(bind("ids", expanding=True)))
_STATE = sa.select(project_state.c.body).where(project_state.c.project == bind("project"))
_VERSIONS = (
    sa.select(model.c.version, model.c.judgements, model.c.said)
    .where(model.c.project == bind("project"))
    .order_by(model.c.version)
)
_FORGET = (
    sa.update(model)
    .where(model.c.project == bind("of"), model.c.version <= bind("through"), model.c.content.is_not(None))
    .values(content=None)
)


def request_due(database: Database, writer: Writer) -> None:
    """Add the job for every project that has grown enough, and asks for a model."""
    due.request(database, writer, NAME, share=GROWN, least=LEAST, asked=is_asked)


def run(work: Work) -> Steps:
    """Read, fit, measure, put in order; or say why not."""
    begun = time.monotonic()
    with work.database.read() as connection:
        head = connection.execute(_HEAD, {"project": work.project}).one()
        policy = msgspec.json.decode(head.policy, type=Policy)
    settings = _settings(work, head)
    try:
        learned, made, listed = yield from _learn(work, policy, head, begun)
    except InputError as why:
        with work.database.read() as connection:
            last, _ = read_last(connection, work.project)
        learned, made, listed = msgspec.structs.replace(last, note=why.message), None, None
    took = int((time.monotonic() - begun) * 1000)
    storing = partial(_store, work=work, learned=learned, made=made, listed=listed, through=head.seq, took=took)
    work.save(partial(storing, settings=settings))
    return {"through_seq": head.seq, "version": learned.version, "note": learned.note}


def undo(work: Work) -> Iterator[None]:
    """Say that there is no new model, whatever the reason was; the next is due when the log has grown."""
    with work.database.read() as connection:
        head = connection.execute(_HEAD, {"project": work.project}).one()
        last, _ = read_last(connection, work.project)
    learned = msgspec.structs.replace(last, note="the last run ended without a model. The server's log says why.")
    storing = partial(_store, work=work, learned=learned, made=None, listed=None, through=head.seq, took=0)
    work.save(partial(storing, settings=_settings(work, head)), cancellable=False)
    yield


def _settings(work: Work, head: Any) -> tuple[int, int]:
    """What a model is made by, besides judgements: the policy, and the uploaded features."""
    features = work.home.features_file(work.project)
    return head.policy_version, features.stat().st_mtime_ns if features.exists() else 0


def _learn(work: Work, policy: Policy, head: Any, begun: float) -> Any:
    """What is learned, and the version to be stored. Raises InputError with why there is none."""
    if not is_asked(policy):
        raise InputError("no model is asked for: choose a strategy that needs one, or switch it on, in the settings.")
    if policy.paradigm != "prescriptive":
        raise InputError(
            "answers here are people's views, of which none is right: there is nothing for a model to learn."
        )
    with work.database.read() as connection:
        form = current_form(connection, work.project)
        pool = _read(connection, work.project, policy, form, head.form_version)
    yield
    with work.database.read() as connection:
        asked = _asked(connection, work, pool, form, policy, head.seq)
    table = _table(pool)
    labelled = len(np.unique(table["item"][~pool.held[table["item"]]]))
    asked = msgspec.structs.replace(asked, batch=ranking.size(labelled) if asked.strategy else 0)
    yield
    fitted = yield from fitting.run(asked, table)
    truth = truth_of(pool)
    said = {pool.ids[at]: int(fitted.predicted[at].argmax()) for at in truth}
    number = int((table["weight"][np.isin(table["item"], fitted.train)] > 0).sum())
    number += int((table["known"][fitted.train] >= 0).sum())  # gold is a judgement too: whoever made it looked
    with work.database.read() as connection:
        versions = connection.execute(_VERSIONS, {"project": work.project}).all()
    version = versions[-1].version + 1 if versions else 1
    told = {pool.ids[at]: shares for at, shares in truth.items() if shares is not None}
    history = [(row.version, row.judgements, unpack(bytes(row.said))) for row in versions]
    curve = curve_of([*history, (version, number, said)], told)
    listed = suspects.find(pool, fitted)
    yield
    chosen = None
    if asked.strategy:
        chosen = yield from ranking.write(
            work, _open(pool, fitted.chosen), seed=head.seq, policy_version=head.policy_version
        )
    took = time.monotonic() - begun
    made = {
        "project": work.project,
        "version": version,
        "through_seq": head.seq,
        "judgements": number,
        "body": msgspec.json.encode(version_of(pool, fitted, truth, took)).decode(),
        "said": pack(said),
        "content": fitted.content,
    }
    learned = Learned(
        "", pool.question, version, int(pool.held.sum()), len(told), curve, Chosen(*chosen) if chosen else None
    )
    return learned, made, listed


# What is read.


def _read(connection: Connection, project_id: int, policy: Policy, form: ProjectForm, form_version: int) -> Pool:
    """The pool. Raises InputError where there is nothing to learn."""
    codes = read_codes(connection, project_id, form_version)
    name = next(
        (
            name
            for name, task in form.tasks().items()
            if task.kind == "choice" and 2 <= len(codes[name]) <= MOST_CLASSES
        ),
        None,
    )
    if name is None:
        raise InputError(
            f"a model needs a question that chooses one of 2 to {MOST_CLASSES} classes. The form has none."
        )
    asked = read_judgements(connection, project_id).get(name, Question())
    if not asked.rows and not asked.known:
        raise InputError("nobody has judged yet.")
    judged = {row[0] for row in asked.rows} | asked.known.keys()
    rows = connection.execute(_ITEMS, {"project": project_id}).all()
    if len(rows) > MOST_ITEMS:
        rows = sorted(rows, key=lambda row: (row.id not in judged, row.shuffle, row.id))[:MOST_ITEMS]
        rows.sort(key=lambda row: row.id)
    body = connection.execute(_STATE, {"project": project_id}).scalar()
    held = np.array([drawn(row.id, "slice", policy.slice) for row in rows], bool)
    return Pool(
        name,
        sorted(codes[name], key=lambda value: codes[name][value]),
        asked,
        [row.id for row in rows],
        list(rows),
        [decode(row.body) if row.body is not None else {} for row in rows],
        held,
        decode(body) if body is not None else {},
    )


def _asked(connection: Connection, work: Work, pool: Pool, form: ProjectForm, policy: Policy, seq: int) -> Asked:
    """What the other process needs. Raises InputError where items have nothing that a model can read."""
    strategy = policy.strategy if by_model(policy) else ""
    asked = Asked(str(work.home.cache(work.project)), pool.classes, strategy=strategy, seed=seq)
    if (uploaded := work.home.features_file(work.project)).exists():
        names = [row.external_id for row in pool.rows]
        return msgspec.structs.replace(asked, features=str(uploaded), names=names)
    shows = form.shows()
    words = [name for name, show in shows.items() if show in READ]
    image = next((name for name, show in shows.items() if show == "image"), None)
    if shows and not words and image is None:
        raise InputError(
            "the items have neither text nor a picture that a model can read. Upload features of your own below."
        )
    texts: list[str] = []
    pictures: list[str] = []
    for begin in range(0, len(pool.ids), AT_ONCE):
        ids = pool.ids[begin : begin + AT_ONCE]
        found = {row.id: row.payload for row in connection.execute(_PAYLOADS, {"ids": ids})}
        for one in ids:
            payload = msgspec.json.decode(found[one])
            texts.append("\n".join(as_text(payload.get(name)) for name in (words if shows else payload)))
            pictures.append(_path(work, str(payload.get(image) or "")) if image else "")
    return msgspec.structs.replace(
        asked, texts=texts if words or not shows else None, pictures=pictures if image else None
    )


def _path(work: Work, content_hash: str) -> str:
    return str(work.home.media_file(content_hash)) if content_hash else ""


def _table(pool: Pool) -> dict[str, Any]:
    """Judgements and items by place, as the other process reads them."""
    place = {one: at for at, one in enumerate(pool.ids)}
    rows = [(place[of], who, code, weight) for of, who, code, weight in pool.asked.rows if of in place]
    where, who, code, weight = zip(*rows, strict=True) if rows else ((), (), (), ())
    known = np.full(len(pool.ids), -1)
    for of, answer in pool.asked.known.items():
        if of in place:
            known[place[of]] = answer
    judged = np.bincount(np.array(where, np.int64), minlength=len(pool.ids)) > 0
    free = np.array([row.taken < row.wanted and not row.taken for row in pool.rows], bool)
    return {
        "item": np.array(where, np.int64),
        "annotator": np.array(who, np.int64),
        "answer": np.array(code, np.int64),
        "weight": np.array(weight, np.float64),
        "known": known,
        "held": pool.held,
        "open": free & ~judged & ~pool.held,
        "lot": np.array([row.shuffle for row in pool.rows], np.uint64),
    }


def _open(pool: Pool, chosen: npt.NDArray[np.int64]) -> ranking.Open:
    """What there is to be ordered, by what it is."""
    judged = {row[0] for row in pool.asked.rows}
    found = ranking.Open([pool.ids[at] for at in chosen.tolist()])
    for row, held in zip(pool.rows, pool.held.tolist(), strict=True):
        if row.rank:
            found.ranked.append(row.id)
        if row.taken >= row.wanted:
            continue
        if row.taken or row.id in judged:
            found.begun.append(row.id)
        elif held:
            found.slice.append(row.id)
        else:
            found.rest.append(row.id)
    return found


# What is stored.


def _store(
    connection: Connection,
    work: Work,
    learned: Learned,
    made: dict[str, Any] | None,
    listed: suspects.Listed | None,
    through: int,
    took: int,
    settings: tuple[int, int],
) -> None:
    """What was learned; by settings that were changed meanwhile, so that it is due again."""
    now = work.database.now(connection)
    if _settings(work, connection.execute(_HEAD, {"project": work.project}).one()) != settings:
        through = 0
    if made is not None:
        connection.execute(sa.insert(model).values(made | {"made_at": now}))
        connection.execute(_FORGET, {"of": work.project, "through": made["version"] - KEPT})
    bodies: dict[str, Any] = {NAME: learned} | ({suspects.NAME: listed} if listed is not None else {})
    row = {"project": work.project, "through_seq": through, "took_ms": took, "computed_at": now}
    rows = [row | {"name": name, "body": msgspec.json.encode(body).decode()} for name, body in bodies.items()]
    connection.execute(upsert(work.database, snapshot, "body", "through_seq", "took_ms", "computed_at"), rows)
    over = (job.c.kind == NAME) & job.c.state.not_in(jobs.ACTIVE)
    connection.execute(sa.delete(job).where(job.c.project == work.project, over))
