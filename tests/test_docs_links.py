"""tools/check_docs.py: which links it believes."""

from __future__ import annotations

from pathlib import Path

from tools import check_docs


def test_broken_links_are_named_with_their_line(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_text(
        "# Title\n\n[here](#title) [there](docs/guide.md#two-words) [out](https://example.org/none)\n"
        "```\n[code](nowhere.md)\n```\n[gone](docs/gone.md)\n`[code](nowhere.md)` [no heading](docs/guide.md#three)\n"
    )
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "guide.md").write_text("## Two `words`\n\n[up](../README.md)\n")
    assert check_docs.pages(tmp_path) == [page, tmp_path / "docs" / "guide.md"]
    assert list(check_docs.broken(page, tmp_path)) == [
        "README.md:7: docs/gone.md: there is no such file",
        "README.md:8: docs/guide.md#three: the page has no heading with this anchor",
    ]
    assert list(check_docs.broken(tmp_path / "docs" / "guide.md", tmp_path)) == []


def test_repeated_headings_are_numbered() -> None:
    assert check_docs.anchors("# Use\n## Use\n## Use\n# In use: v2\n") == {"use", "use-1", "use-2", "in-use-v2"}
