"""The notice that everybody accepts at first sign-in: versioned Markdown, shipped with the package.

A new text is a new file and a new VERSION; everybody is then asked again.
"""

from __future__ import annotations

import functools
from importlib import resources

VERSION = 1


@functools.cache
def text(version: int = VERSION) -> str:
    """The notice's Markdown."""
    return resources.files(__package__).joinpath(f"notice-{version}.md").read_text(encoding="utf-8")
