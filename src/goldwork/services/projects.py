"""Projects: what is asked, how often, by which guideline, and in which state.

Every change of what annotators see or of what the engine goes by is an event of the project's log, so that a later
reader can say what was in force when an answer was given. Events hold ids and digests, never text.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any, Literal

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.errors import ForbiddenError, InputError
from goldwork.quality.policy import Policy
from goldwork.services import form_change, suggest
from goldwork.services.access import Member, Person, Role, may_create
from goldwork.services.form_change import FormChange
from goldwork.services.forms import current_form
from goldwork.services.log import Log
from goldwork.services.log import record as record_event
from goldwork.services.names import is_readable
from goldwork.services.policy import MINUTE, QualitySettings, coefficients, methods, quality_of, read_policy
from goldwork.store.database import Database
from goldwork.store.schema import form as form_table
from goldwork.store.schema import guideline as guideline_table
from goldwork.store.schema import member, project, project_state
from goldwork.tasks.questions import ProjectForm, draw_form, form_file, read_form, write_form

MAX_NAME = 200
MAX_GUIDELINE = 200_000
State = Literal["open", "paused", "closed"]


class ProjectSummary(msgspec.Struct, frozen=True):
    """A project as every member sees it in a list."""

    id: int
    name: str
    state: State
    role: Role
    items: int
    items_done: int
    judgements: int
    created_at: int


class Guideline(msgspec.Struct, frozen=True):
    """The guideline in force. `at`: when it was written, milliseconds."""

    version: int
    text: str
    at: int


class Project(ProjectSummary, frozen=True):
    """A project as its managers see it. `form` is JSON as `read_form` takes it; `drawn` is
    what annotators' screens are drawn from.

    `method` and `coefficient`: how answers are merged and agreement is measured, out of `methods` and `coefficients`;
    "" leaves it to the questions. `suggestions`: the model, out of `models`, whose answers people see, but for
    `hidden_share` of them; "" for none.
    """

    overlap: int
    lease_minutes: int
    method: str
    methods: list[str]
    coefficient: str
    coefficients: list[str]
    suggestions: str
    models: list[str]
    hidden_share: float
    quality: QualitySettings
    form: dict[str, Any]
    drawn: dict[str, Any]
    form_version: int
    guideline: Guideline
    policy_version: int


class Screen(msgspec.Struct, frozen=True):
    """What a member needs to judge: the form as it is drawn, and the guideline."""

    id: int
    name: str
    state: State
    form: dict[str, Any]
    form_version: int
    guideline_version: int
    guideline: str
    lease_minutes: int
    session_minutes: int


_SUMMARY = sa.select(
    project.c.id,
    project.c.name,
    project.c.state,
    member.c.role,
    project.c.created_at,
    project_state.c.body.label("counts"),
).select_from(
    member.join(project, project.c.id == member.c.project).outerjoin(
        project_state, project_state.c.project == project.c.id
    )
)
_MINE = _SUMMARY.where(member.c.account == bind("account")).order_by(project.c.id.desc())
_ONE = _SUMMARY.where(member.c.account == bind("account"), project.c.id == bind("project"))
_WHOLE = (
    sa.select(
        project.c.name,
        project.c.state,
        project.c.form_version,
        project.c.guideline_version,
        project.c.policy_version,
        project.c.policy,
        form_table.c.body.label("form"),
        guideline_table.c.body.label("guideline"),
        guideline_table.c.created_at.label("guideline_at"),
    )
    .select_from(
        project.join(
            form_table,
            (form_table.c.project == project.c.id) & (form_table.c.version == project.c.form_version),
        ).join(
            guideline_table,
            (guideline_table.c.project == project.c.id) & (guideline_table.c.version == project.c.guideline_version),
        )
    )
    .where(project.c.id == bind("project"))
)


# Reading.


def list_projects(connection: Connection, person: Person) -> list[ProjectSummary]:
    """The projects that the person has a part in, newest first."""
    return [_summary(row) for row in connection.execute(_MINE, {"account": person.account})]


def summarise(connection: Connection, mine: Member) -> ProjectSummary:
    """One project, in short."""
    where = {"account": mine.person.account, "project": mine.project}
    return _summary(connection.execute(_ONE, where).one())


def describe(connection: Connection, mine: Member) -> Project:
    """One project with its settings, for managers."""
    mine.require("manager")
    short = summarise(connection, mine)
    row = connection.execute(_WHOLE, {"project": mine.project}).one()
    policy = msgspec.json.decode(row.policy, type=Policy)
    asked = read_form(msgspec.json.decode(row.form))
    return Project(
        **msgspec.structs.asdict(short),
        overlap=policy.overlap,
        lease_minutes=policy.lease_ms // MINUTE,
        method=policy.method,
        methods=methods(asked),
        coefficient=policy.coefficient,
        coefficients=coefficients(),
        suggestions=policy.suggestions,
        models=suggest.models(connection, mine.project),
        hidden_share=suggest.hidden_share(policy),
        quality=quality_of(policy),
        form=msgspec.json.decode(row.form),
        drawn=draw_form(asked),
        form_version=row.form_version,
        guideline=Guideline(row.guideline_version, row.guideline, row.guideline_at),
        policy_version=row.policy_version,
    )


def screen(connection: Connection, mine: Member) -> Screen:
    """What is drawn for whoever judges."""
    row = connection.execute(_WHOLE, {"project": mine.project}).one()
    policy = msgspec.json.decode(row.policy, type=Policy)
    return Screen(
        id=mine.project,
        name=row.name,
        state=row.state,
        form=draw_form(read_form(msgspec.json.decode(row.form))),
        form_version=row.form_version,
        guideline_version=row.guideline_version,
        guideline=row.guideline,
        lease_minutes=policy.lease_ms // MINUTE,
        session_minutes=policy.session_minutes,
    )


def _summary(row: Any) -> ProjectSummary:
    counts: Mapping[str, int] = msgspec.json.decode(row.counts) if row.counts else {}
    return ProjectSummary(
        id=row.id,
        name=row.name,
        state=row.state,
        role=row.role,
        items=counts.get("items", 0),
        items_done=counts.get("complete", 0),
        judgements=counts.get("answer", 0),
        created_at=row.created_at,
    )


def draw(connection: Connection, person: Person, form: Any) -> dict[str, Any]:
    """What the screens of a form are drawn from while somebody builds it. Raises InputError, ForbiddenError."""
    _admit_creator(connection, person)
    return draw_form(read_form(form))


def read_file(connection: Connection, mine: Member) -> dict[str, Any]:
    """The form in force as its own file, for managers."""
    mine.require("manager")
    return form_file(current_form(connection, mine.project))


def _admit_creator(connection: Connection, person: Person) -> None:
    if not may_create(connection, person):
        raise ForbiddenError(
            "only administrators, and managers of another project, begin projects.", reason="not_manager"
        )


# Writing.


def create(
    connection: Connection,
    database: Database,
    person: Person,
    *,
    name: str,
    form: Any,
    overlap: int = 3,
    lease_minutes: int = 30,
    guideline: str = "",
) -> Member:
    """A new project whose first manager is the person. `form` is JSON as `read_form` takes it.

    Raises InputError saying what does not fit; ForbiddenError unless the person may begin projects.
    """
    _admit_creator(connection, person)
    body = _write_json(write_form(read_form(form)))
    policy = read_policy(overlap, lease_minutes)
    guideline = read_guideline(guideline)
    now = database.now(connection)
    values = {
        "name": read_name(name),
        "form_version": 1,
        "guideline_version": 1,
        "policy_version": 1,
        "policy": _write_json(policy),
        "head": b"",
        "secret": secrets.token_bytes(16),
        "created_at": now,
    }
    made = connection.execute(sa.insert(project).values(values).returning(project.c.id)).scalar_one()
    connection.execute(sa.insert(form_table).values(project=made, version=1, body=body, created_at=now))
    connection.execute(sa.insert(guideline_table).values(project=made, version=1, body=guideline, created_at=now))
    connection.execute(sa.insert(member).values(project=made, account=person.account, role="manager", joined_at=now))
    log, by = Log(connection, database, made), person.account
    log.add("created", {"by": by})
    log.add("policy", {"policy": msgspec.to_builtins(policy), "version": 1, "by": by})
    log.add("form", {"version": 1, "digest": _digest(body), "by": by})
    log.add("guideline", {"version": 1, "digest": _digest(guideline), "by": by})
    log.add("member", {"account": by, "role": "manager", "by": by})
    log.flush()
    return Member(person, int(made), "manager")


def rename(connection: Connection, mine: Member, name: str) -> None:
    """Give the project another name. Raises InputError."""
    mine.require("manager")
    connection.execute(sa.update(project).where(project.c.id == mine.project).values(name=read_name(name)))


def set_state(connection: Connection, database: Database, mine: Member, state: State) -> None:
    """Open, pause or close the project: at once, for every request that follows."""
    mine.require("manager")
    connection.execute(sa.update(project).where(project.c.id == mine.project).values(state=state))
    record_event(connection, database, mine.project, "state", {"state": state, "by": mine.person.account})


def preview_form(connection: Connection, mine: Member, form: ProjectForm) -> FormChange:
    """What another form would do to the judgements in force."""
    mine.require("manager")
    return form_change.review(connection, mine.project, form)


def set_form(
    connection: Connection, database: Database, mine: Member, form: Any, checked: FormChange | None = None
) -> None:
    """Ask something else. `checked`: what `preview_form` found, so that only later answers are looked at here.

    Raises InputError, and ConflictError `answers_unfit` where answers in force would no longer fit.
    """
    mine.require("manager")
    change_form(connection, database, mine.project, form, mine.person.account, checked)


def change_form(
    connection: Connection,
    database: Database,
    project_id: int,
    form: Any,
    by: int | None = None,
    checked: FormChange | None = None,
) -> None:
    """The same by the account `by`, or by whoever owns the database."""
    read = read_form(form)
    _new_version(connection, database, project_id, "form", _write_json(write_form(read)), by, read, checked)


def set_guideline(
    connection: Connection, database: Database, mine: Member, text: str, *, certify: bool = False
) -> None:
    """A new version of the guideline. `certify`: everybody shows with a few items that they have read it, for which
    the text may also stay as it is. Raises InputError."""
    mine.require("manager")
    by = mine.person.account
    _new_version(connection, database, mine.project, "guideline", read_guideline(text), by, certify=certify)


def _new_version(
    connection: Connection,
    database: Database,
    project_id: int,
    kind: Literal["form", "guideline"],
    body: str,
    by: int | None,
    form: ProjectForm | None = None,
    checked: FormChange | None = None,
    certify: bool = False,
) -> None:
    """Append a version of the form or the guideline, unless it says the same as the one in force."""
    log = Log(connection, database, project_id)  # takes the project's row lock: nothing is submitted meanwhile
    row = connection.execute(_WHOLE, {"project": project_id}).one()
    table = form_table if kind == "form" else guideline_table
    if body == getattr(row, kind) and not certify:
        return
    if form is not None:
        known = checked is not None and checked.fits and checked.form_version == row.form_version
        after = checked.through_seq if checked is not None and known else 0
        form_change.refuse_unfit(form_change.review(connection, project_id, form, after))
    version = int(getattr(row, f"{kind}_version")) + 1
    connection.execute(sa.insert(table).values(project=project_id, version=version, body=body, created_at=log.now))
    connection.execute(sa.update(project).where(project.c.id == project_id).values({f"{kind}_version": version}))
    said = {"certify": True} if certify else {}
    log.add(kind, {"version": version, "digest": _digest(body), "by": by} | said)
    log.flush()


# What is accepted.


def read_name(name: str) -> str:
    """A project's name. Raises InputError."""
    name = name.strip()
    if not 1 <= len(name) <= MAX_NAME or not is_readable(name):
        raise InputError(f"must be 1 to {MAX_NAME} printable characters. Got {name[:50]!r}.", where="name")
    return name


def read_guideline(text: str) -> str:
    """A guideline's Markdown. Raises InputError where it is too long."""
    if len(text) > MAX_GUIDELINE or "\0" in text:
        raise InputError(f"must be at most {MAX_GUIDELINE} characters of text. Got {len(text)}.", where="guideline")
    return text


def _write_json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
