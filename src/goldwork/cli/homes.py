"""The options of every command that works on an installation: its home and its database."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from goldwork.store.database import Database
    from goldwork.store.home import Home


def add_home(parser: argparse.ArgumentParser) -> None:
    """Declare `--home` and `--database`."""
    parser.add_argument(
        "--home",
        metavar="DIR",
        help="the folder that holds everything (default: $GOLDWORK_HOME, else ./goldwork-data)",
    )
    parser.add_argument(
        "--database",
        metavar="URL",
        help="another database than the home's own SQLite file: postgresql://... or a path",
    )


def open_home(arguments: argparse.Namespace) -> tuple[Home, Database]:
    """The home and its database, brought to this version's schema. Raises InputError, CorruptStoreError."""
    from goldwork.store.database import Database
    from goldwork.store.home import Home
    from goldwork.store.migrations import migrate

    home = Home(arguments.home, arguments.database)
    database = Database(home.database)
    migrate(database)
    return home, database
