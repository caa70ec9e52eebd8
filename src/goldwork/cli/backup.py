"""goldwork backup and goldwork restore: one installation, in and out of one file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from goldwork.cli.homes import add_home


def add(commands: Any) -> None:
    """Declare both commands."""
    saving: argparse.ArgumentParser = commands.add_parser(
        "backup",
        help="write the database, images and uploaded features to one file, also while serving",
        description="Write the database, images and uploaded features of an installation to one tar file, while it "
        "is served or not.",
    )
    add_home(saving)
    saving.add_argument("file", metavar="FILE", type=Path, help="the tar file to write; it must not be there yet")
    saving.set_defaults(run=run_backup)
    restoring: argparse.ArgumentParser = commands.add_parser(
        "restore",
        help="make a new home from a backup",
        description="Make a new home from a backup. A folder that is not empty is refused.",
    )
    restoring.add_argument("file", metavar="FILE", type=Path, help="what `goldwork backup` wrote")
    restoring.add_argument("--home", metavar="DIR", type=Path, required=True, help="the folder to make")
    restoring.set_defaults(run=run_restore)


def run_backup(arguments: argparse.Namespace) -> int:
    """Write the backup and say what is in it."""
    from goldwork import __version__
    from goldwork.services.backup import backup
    from goldwork.store.home import Home

    made = backup(Home(arguments.home, arguments.database), arguments.file, __version__)
    print(
        f"wrote {arguments.file}: the database ({made.database_bytes:,} bytes) and {made.images:,} images",
        file=sys.stderr,
    )
    return 0


def run_restore(arguments: argparse.Namespace) -> int:
    """Make the home and say how to go on."""
    from goldwork.services.backup import restore

    restore(arguments.file, arguments.home.absolute())
    print(f"restored {arguments.home}. Check it with: goldwork check --home {arguments.home}", file=sys.stderr)
    return 0
