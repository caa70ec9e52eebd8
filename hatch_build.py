"""Hatchling's hook: a wheel or an sdist carries the front end built, so nobody who installs it needs Node."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).resolve().parent / "tools"))

import frontend


class FrontendHook(BuildHookInterface):  # type: ignore[type-arg]  # its configuration has no type to name
    """Builds `frontend/` when what is built is not what the sources say."""

    PLUGIN_NAME = "custom"

    def needed(self, *, editable: bool = False) -> bool:
        """Whether this build has to run Node.

        An editable install takes the assets that are there, however old: who works on the Python side never
        waits for Node. The Makefile sets GOLDWORK_FRONTEND=skip, because it builds the front end as a step of
        its own.
        """
        if os.environ.get("GOLDWORK_FRONTEND") == "skip":
            return False
        site = frontend.Site(Path(self.root))
        return not (site.built() if editable else site.fresh())

    def dependencies(self) -> list[str]:
        """Ask for Node only when the build will run it; installers read this before they build."""
        return frontend.requirements() if self.needed() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Build, unless there is nothing to do."""
        if self.needed(editable=version == "editable"):
            frontend.build(frontend.Site(Path(self.root)), say=self.app.display_info)
