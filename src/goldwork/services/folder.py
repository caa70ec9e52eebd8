"""The files that a table names, taken from a folder of this machine into a project.

All names are looked at before anything is stored: one that leads out of the folder, or to nothing, is said with its
place in the table.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from goldwork.errors import InputError
from goldwork.services import media
from goldwork.services.forms import current_form
from goldwork.services.ingest import SAID, refused
from goldwork.services.rows import SHOWN, Problem, RowReader
from goldwork.services.uploads import find_upload
from goldwork.store.database import Database
from goldwork.store.home import Home

CHUNK = 500
"""Files named in one transaction."""
PIECE = 2**20


def take(
    database: Database,
    home: Home,
    project: int,
    file: str,
    fields: Mapping[str, str],
    folder: Path,
    format: str | None = None,
) -> int:
    """Store the files of `folder` that an upload's cells name, under those names. Returns how many there were.

    Raises InputError with every problem; then none of them is named in the project.
    """
    if not folder.is_dir():
        raise InputError("there is no such folder.", where=str(folder))
    source = find_upload(home, project, file)
    with database.read() as connection:
        reader = RowReader(source, fields, None, current_form(connection, project), format)
    names = Names(folder, reader)
    total = 0
    for rows, _ in reader.read():
        total += len(rows)
        for row in rows:
            for field, name in row.media.items():
                names.see(name, row.line, field)
    with database.read() as connection:
        names.settle(media.resolve(connection, project, names.absent))
    stored = list(names.store(home)) if not names.problems else []
    if names.problems:
        problems = sorted(names.problems, key=lambda problem: problem.line)
        wrong = len({problem.line for problem in problems})
        raise refused(source, reader.unit, problems[:SAID], wrong, total)
    for begin in range(0, len(stored), CHUNK):
        with database.write() as connection:
            media.record(connection, database, project, stored[begin : begin + CHUNK])
    return len(stored)


class Names:
    """The names in a table, each with the first place at which it stands and the file it means."""

    def __init__(self, folder: Path, reader: RowReader) -> None:
        self.folder = folder.resolve()
        self.problems: list[Problem] = []
        self.absent: dict[str, Problem] = {}
        """Names of no file here, which the project may have already."""
        self._reader = reader
        self._places: dict[str, tuple[int, str]] = {}
        self._paths: dict[str, Path] = {}

    def see(self, name: str, line: int, field: str) -> None:
        """Take note of a name in a cell."""
        if name in self._places:
            return
        self._places[name] = (line, field)
        try:
            path = inside(self.folder, name)
        except InputError as error:
            self.problems.append(self._problem(name, error.message))
            return
        if path is None:
            message = (
                f"there is no file {name[:SHOWN]!r} in the folder {self.folder}, and none of that name was uploaded."
            )
            self.absent[name] = self._problem(name, message)
        else:
            self._paths[name] = path

    def settle(self, known: Mapping[str, media.Medium]) -> None:
        """Names of no file here that the project does not know either are problems."""
        self.problems += [problem for name, problem in self.absent.items() if name not in known]

    def store(self, home: Home) -> Iterator[media.Medium]:
        """Keep every file. What is none that a field can show becomes a problem."""
        for name, path in self._paths.items():
            show = self._reader.show[self._places[name][1]]
            try:
                medium = _store(home, name, path)
            except InputError as error:
                self.problems.append(self._problem(name, f"{name[:SHOWN]}: {error.message}"))
                continue
            if not medium.is_shown_as(show):
                message = f"{name[:SHOWN]!r} is no {media.KINDS[show]}, but {medium.type}."
                self.problems.append(self._problem(name, message))
            yield medium

    def _problem(self, name: str, message: str) -> Problem:
        line, field = self._places[name]
        return Problem(line, self._reader.fields[field], name[:SHOWN], message)


def inside(folder: Path, name: str) -> Path | None:
    """The file of a resolved `folder` that a relative name means; None where there is none.

    Raises InputError for a name that leads out of it, also by a symbolic link, and for what is no plain file.
    """
    parts = name.split("/")
    if "\\" in name or "\0" in name or ":" in parts[0]:
        raise InputError(f"write a path within the folder, with / between its parts. Got {name[:SHOWN]!r}.")
    if name.startswith("/") or ".." in parts:
        raise InputError(f"a path must not lead out of the folder {folder}. Got {name[:SHOWN]!r}.")
    try:
        path = (folder / name).resolve(strict=True)
        plain = stat.S_ISREG(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, RuntimeError) as error:
        raise InputError(f"{name[:SHOWN]!r} cannot be found: {getattr(error, 'strerror', None) or error}.") from None
    if not path.is_relative_to(folder):
        raise InputError(
            f"{name[:SHOWN]!r} is a link that leads out of the folder {folder}. Put the file itself there."
        )
    if not plain:
        raise InputError(f"{name[:SHOWN]!r} is no plain file.")
    return path


def _store(home: Home, name: str, path: Path) -> media.Medium:
    incoming = media.Incoming(home, name)
    try:
        # The name was resolved: a link that stands there by now is not followed.
        with os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)), "rb") as stream:
            while piece := stream.read(PIECE):
                incoming.write(piece)
    except OSError as error:
        incoming.abort()
        raise InputError(f"cannot be read: {error.strerror}.") from None
    return incoming.finish()
