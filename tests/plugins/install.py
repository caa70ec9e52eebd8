"""Install the package of one file as pip would, into a folder of its own: the module, and what says its entry point."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

FILE = Path(__file__).parent / "likert_grid.py"


def install(site: Path) -> str:
    """Returns a PYTHONPATH under which a new process has it."""
    site.mkdir(exist_ok=True)
    shutil.copy(FILE, site)
    about = site / "likert_grid-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: likert-grid\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[goldwork.task_type]\nlikert-grid = likert_grid:LikertGrid\n")
    return os.pathsep.join(filter(None, (str(site), os.environ.get("PYTHONPATH"))))
