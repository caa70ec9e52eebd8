"""The form in force of a project."""

from __future__ import annotations

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.store.schema import form, project
from goldwork.tasks.questions import ProjectForm, read_form

_FORM = (
    sa.select(form.c.body)
    .select_from(project.join(form, (form.c.project == project.c.id) & (form.c.version == project.c.form_version)))
    .where(project.c.id == bind("project"))
)


def current_form(connection: Connection, project_id: int) -> ProjectForm:
    """The form in force."""
    return read_form(msgspec.json.decode(connection.execute(_FORM, {"project": project_id}).scalar_one()))
