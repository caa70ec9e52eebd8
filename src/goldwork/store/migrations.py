"""Bring a database to this version's schema; refuse one that is newer."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError
from alembic.util import CommandError
from sqlalchemy import Connection

from goldwork.errors import CorruptStoreError
from goldwork.store.database import Database
from goldwork.store.schema import metadata

SCRIPTS = "goldwork:store"


def migrate(database: Database) -> bool:
    """Upgrade to the newest schema in one transaction, whichever process comes first. True where something changed.

    Raises CorruptStoreError where a newer goldwork wrote the database.
    """
    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    config.set_main_option("path_separator", "os")
    scripts = ScriptDirectory.from_config(config)
    with database.write() as connection:
        context = MigrationContext.configure(connection)
        here = context.get_current_revision()
        try:
            pending = list(scripts.iterate_revisions("head", here or "base"))
        except (CommandError, RevisionError):
            raise CorruptStoreError(
                f"the database is at schema {here!r}, which this goldwork does not know: it was written by a newer "
                "version. Install that version, or restore a backup."
            ) from None
        with Operations.context(context):
            for script in reversed(pending):
                script.module.upgrade()
                context.stamp(scripts, script.revision)
        return bool(pending)


def differences(connection: Connection) -> list[object]:
    """What the database's schema lacks or has beyond `schema.py`; empty when they agree."""
    return list(compare_metadata(MigrationContext.configure(connection), metadata))
