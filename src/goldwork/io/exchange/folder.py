"""Formats that are folders of files: written whole or not at all, and never outside themselves."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from goldwork.errors import InputError

MAX_FILES = 5_000_000
MAX_DEPTH = 12


@contextlib.contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """A folder that becomes `path` when the block ends well, and nothing when it fails. `path` may not hold files."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise InputError("this is there already. Name a new folder.", where=str(path))
        draft.mkdir()
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}.", where=str(path)) from None
    try:
        yield draft
        if hasattr(os, "sync"):
            os.sync()
        if path.exists():
            path.rmdir()
        draft.replace(path)
    except OSError as error:
        shutil.rmtree(draft, ignore_errors=True)
        raise InputError(f"cannot be written: {error.strerror}.", where=str(path)) from None
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def write_under(root: Path, name: str, text: str) -> None:
    """Write one file of a folder, with the folders above it. Raises InputError for half a character."""
    try:
        data = text.encode()
    except UnicodeEncodeError:
        raise InputError("half a character (a lone surrogate) cannot be written.", where=repr(name)[:80]) from None
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as stream:
        stream.write(data)


class Stems:
    """Names of the files about images: `train/a.jpg` becomes `train/a`, and every image needs its own."""

    def __init__(self) -> None:
        self._images: dict[str, str] = {}

    def add(self, image: str, item: str) -> str:
        """The image's name without its suffix. Raises InputError where that is no file's name, or stands already."""
        where = f"item {item}"
        parts = image.split("/")
        if len(parts) > MAX_DEPTH or not all(_can_be(part) for part in parts):
            raise InputError(
                "the image needs a file's name, without a dot in front, backslashes, and signs that cannot be printed. "
                f"Got {image[:80]!r}.",
                where=where,
            )
        stem = str(PurePosixPath(image).with_suffix(""))
        if (other := self._images.get(stem.casefold())) is not None:
            raise InputError(
                f"the images {other!r} and {image!r} would share one file. Give every image its own name.", where=where
            )
        self._images[stem.casefold()] = image
        return stem


def _can_be(part: str) -> bool:
    return (
        part.strip() == part
        and part[:1] not in ("", ".")
        and part.isprintable()
        and not set(part) & set('\\:*?"<>|')
        and len(part.encode()) <= 200
    )


def files(root: Path, suffixes: Iterable[str]) -> Iterator[str]:
    """Names of the files below `root` that end so, with slashes, sorted; links to folders are not followed."""
    wanted = tuple(suffixes)
    count = 0
    for above, folders, names in os.walk(root):
        place = Path(above).relative_to(root)
        deep = len(place.parts) >= MAX_DEPTH
        folders[:] = [] if deep else sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            count += 1
            if count > MAX_FILES:
                raise InputError(f"more than {MAX_FILES:,} files. Split the folder.", where=str(root))
            if name.lower().endswith(wanted) and not name.startswith("."):
                yield (place / name).as_posix()


def read_small(path: Path, most: int, where: str) -> bytes:
    """A small file's bytes. Raises InputError where it cannot be opened or is large."""
    try:
        if not path.is_file():
            raise InputError("there is no such file.", where=where)
        with path.open("rb") as stream:
            data = stream.read(most + 1)
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be opened: {getattr(error, 'strerror', None) or error}.", where=where) from None
    if len(data) > most:
        raise InputError(f"the file is larger than {most // 2**20} MB.", where=where)
    return data
