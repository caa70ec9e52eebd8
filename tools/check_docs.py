"""Check that the links of the documentation lead somewhere: to a file of this repository, to a heading in it.

Addresses elsewhere are not fetched: a check that needs the network fails for reasons that are nobody's fault.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parent.parent
FENCE = re.compile(r"^(```|~~~).*?^\1\s*$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)>\s]+)>?[^)]*\)")
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*\s*$", re.MULTILINE)
ELSEWHERE = re.compile(r"^[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def pages(root: Path) -> list[Path]:
    """The Markdown files that people read: at the top, and under docs/."""
    return sorted([*root.glob("*.md"), *root.glob("docs/**/*.md")])


def anchors(text: str) -> set[str]:
    """The anchors that a code host makes of the headings of a page."""
    found: set[str] = set()
    for heading in HEADING.findall(FENCE.sub("", text)):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower()
        anchor = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        repeats = sum(1 for known in found if re.fullmatch(re.escape(anchor) + r"(-\d+)?", known))
        found.add(f"{anchor}-{repeats}" if anchor in found else anchor)
    return found


def broken(page: Path, root: Path) -> Iterator[str]:
    """A line for every link of `page` that leads nowhere."""
    text = page.read_text(encoding="utf-8")
    prose = CODE.sub(_blank, FENCE.sub(_blank, text))
    for link in LINK.finditer(prose):
        address = unquote(link.group(1))
        if ELSEWHERE.match(address):
            continue
        where = f"{page.relative_to(root)}:{text.count(chr(10), 0, link.start()) + 1}"
        path, _, anchor = address.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists():
            yield f"{where}: {address}: there is no such file"
        elif anchor and target.suffix == ".md" and anchor not in anchors(target.read_text(encoding="utf-8")):
            yield f"{where}: {address}: the page has no heading with this anchor"


def _blank(match: re.Match[str]) -> str:
    """Spaces of the same shape, so that what follows keeps its line."""
    return re.sub(r"[^\n]", " ", match.group())


def main() -> int:
    """Print what is broken; exit 1 when something is."""
    lines = [line for page in pages(ROOT) for line in broken(page, ROOT)]
    print("\n".join(lines) or f"links of {len(pages(ROOT))} pages lead somewhere")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
