"""Features that a manager uploads for the model to read in place of what can be counted of the items.

A job reads the file, whose ids are the items' own, and keeps its numbers in the home as a file of the project: it
replaces the one before. Nothing in it is unpickled.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.errors import InputError
from goldwork.io.source import replacing
from goldwork.services import jobs, models
from goldwork.services.jobs import Job
from goldwork.services.uploads import find_upload, remove_upload
from goldwork.services.work import Steps, Work
from goldwork.store.database import Database
from goldwork.store.home import Home
from goldwork.store.schema import batch, item

KIND = "import-features"

_IDS = (
    sa.select(item.c.external_id)
    .join(batch, batch.c.id == item.c.batch)
    .where(item.c.project == bind("project"), batch.c.state == "published")
    .order_by(item.c.id)
)


def start(connection: Connection, database: Database, home: Home, project_id: int, file: str) -> Job:
    """Add the job that reads an upload. Raises NotFoundError."""
    find_upload(home, project_id, file)
    made = jobs.add(connection, database, KIND, project_id, {"file": file})
    assert made is not None
    return made


def run(work: Work) -> Steps:
    """Read, check, keep. Raises InputError where the file is none of features, or fits no item."""
    from goldwork.features.files import read_features

    if "kept" not in work.checkpoint:
        source = find_upload(work.home, work.project, work.body["file"])
        ids, rows = read_features(source.path, name=str(source))
        yield
        with work.database.read() as connection:
            items = list(connection.execute(_IDS, {"project": work.project}).scalars())
        if ids is None:
            if len(rows) != len(items):
                raise InputError(
                    f"there are {len(rows):,} rows without ids, and {len(items):,} items. Send one row an item, in the "
                    "order in which they were imported, or ids beside them.",
                    where=str(source),
                )
            ids = np.array(items, dtype=object)
        known = len(set(items) & set(ids.tolist()))
        if not known:
            raise InputError(
                f"the ids, such as {ids[0]!r}, are of none of the project's items: they must be the items' own.",
                where=str(source),
            )
        target = work.home.features_file(work.project)
        target.parent.mkdir(mode=0o700, exist_ok=True)
        with replacing(target) as stream:
            np.savez(stream, ids=np.array(ids.tolist(), dtype=np.str_), features=rows)
        work.checkpoint["kept"] = {"rows": len(rows), "items": known, "numbers": rows.shape[1]}
        work.save(partial(models.be_due, project_id=work.project))
    remove_upload(work.home, work.project, work.body["file"])  # once its features are kept: the job may be begun again
    result: dict[str, int] = work.checkpoint["kept"]
    return result
