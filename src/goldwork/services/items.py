"""Items as questions see them: what is shown of each, for checking whether an answer fits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.store.schema import media
from goldwork.tasks import Shown
from goldwork.tasks.questions import ProjectForm

LOOKED_UP = 5_000
"""Images looked up by one statement."""

_SIZES = sa.select(media.c.hash, media.c.width, media.c.height).where(
    media.c.project == bind("project"), media.c.hash.in_(bind("hashes", expanding=True))
)


def shown_many(
    connection: Connection, project: int, payloads: Mapping[int, Mapping[str, Any]], form: ProjectForm
) -> dict[int, Shown]:
    """What is shown of items, given by their payloads: fields' texts, and the size of images in pixels."""
    images = [name for name, show in form.shows().items() if show == "image"]
    hashes = sorted({payload[name] for payload in payloads.values() for name in images if payload.get(name)})
    sizes: dict[str, dict[str, int]] = {}
    for begin in range(0, len(hashes), LOOKED_UP):
        part = {"project": project, "hashes": hashes[begin : begin + LOOKED_UP]}
        for row in connection.execute(_SIZES, part):
            sizes[row.hash] = {"width": row.width, "height": row.height}
    made: dict[int, Shown] = {}
    for of, payload in payloads.items():
        fields = {name: value for name, value in payload.items() if name not in images}
        made[of] = fields | {name: sizes[payload[name]] for name in images if payload.get(name) in sizes}
    return made
