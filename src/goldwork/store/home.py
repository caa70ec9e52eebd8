"""The home: the folder in which one installation keeps everything.

goldwork.db       the database, unless an address of another one is given
media/ab/abcd…    images and sounds by the hash of their content, shared by all projects
files/            uploads that wait to be imported
exports/          finished exports
features/         what managers uploaded for models to read, a file a project
cache/            what models counted of items, a folder a project: made anew where it is missing
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from goldwork.errors import InputError, NotFoundError

DEFAULT = "goldwork-data"
_HASH = re.compile(r"[0-9a-f]{64}")


class Home:
    """One home folder. Makes it, readable by its owner alone, where it is not there. Raises InputError."""

    def __init__(self, path: str | Path | None = None, database: str | None = None) -> None:
        self.path = Path(path or os.environ.get("GOLDWORK_HOME") or DEFAULT).absolute()
        self.database = database or f"sqlite:///{self.path / 'goldwork.db'}"
        self.media = self.path / "media"
        self.files = self.path / "files"
        self.exports = self.path / "exports"
        self.features = self.path / "features"
        try:
            for folder in (self.path, self.media, self.files, self.exports):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"the home {self.path} cannot be used: {error.strerror}.") from None

    def media_file(self, content_hash: str) -> Path:
        """Where the file with this hash lies, or would. Raises NotFoundError for what is no hash."""
        if not _HASH.fullmatch(content_hash):
            raise NotFoundError("there is no such file.")
        return self.media / content_hash[:2] / content_hash

    def features_file(self, project: int) -> Path:
        """Where a project's uploaded features lie, or would."""
        return self.features / f"{project}.npz"

    def cache(self, project: int) -> Path:
        """The folder for what can be counted again."""
        return self.path / "cache" / str(project)
