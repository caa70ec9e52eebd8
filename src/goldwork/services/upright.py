"""The sides of a picture as browsers show it: cameras store a turned picture and note how to turn it back.

Boxes are drawn on what is shown, so their coordinates are checked against its sides, not the stored ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import PIL.Image

ORIENTATION = 0x0112
"""EXIF's tag; 5 to 8 exchange the sides."""
TURNED = ("JPEG", "MPO", "PNG")
"""Formats whose note browsers follow; that of WebP they do not (Chromium 153)."""


def sides(image: PIL.Image.Image) -> tuple[int, int]:
    """Width and height of a loaded picture as shown."""
    width, height = image.size
    return (height, width) if noted(image) in (5, 6, 7, 8) else (width, height)


def noted(image: PIL.Image.Image) -> int:
    """How a loaded picture is to be turned, by EXIF's numbers: 1 is not at all."""
    import PIL.Image

    note = image.info.get("exif")
    if not isinstance(note, bytes) or image.format not in TURNED:
        return 1
    exif = PIL.Image.Exif()
    try:
        # Not image.getexif(): that believes XMP too, which browsers do not.
        exif.load(note)
        found = exif.get(ORIENTATION)
    except Exception:  # noqa: BLE001 - a broken note raises whatever it likes, and browsers pass over it
        return 1
    return found if isinstance(found, int) and 1 <= found <= 8 else 1
