"""Pictures in a mirror, as whoever looks at them sees them: of the same kind, and within the limits of any other."""

from __future__ import annotations

import io
from typing import Any

from goldwork.errors import InputError
from goldwork.services.upright import noted

SAVED: dict[str, dict[str, Any]] = {
    "PNG": {}, "JPEG": {"quality": 95, "subsampling": 0}, "WEBP": {"quality": 95}, "GIF": {},
}  # fmt: skip
"""How each kind is written again."""


def mirror(data: bytes) -> bytes:
    """A stored picture with left and right exchanged. Raises InputError for one that moves."""
    import PIL.Image

    upright = {
        2: PIL.Image.Transpose.FLIP_LEFT_RIGHT, 3: PIL.Image.Transpose.ROTATE_180,
        4: PIL.Image.Transpose.FLIP_TOP_BOTTOM, 5: PIL.Image.Transpose.TRANSPOSE, 6: PIL.Image.Transpose.ROTATE_270,
        7: PIL.Image.Transpose.TRANSVERSE, 8: PIL.Image.Transpose.ROTATE_90,
    }  # fmt: skip
    with PIL.Image.open(io.BytesIO(data), formats=tuple(SAVED)) as image:
        kind = "JPEG" if image.format == "MPO" else str(image.format)
        if kind != "JPEG" and getattr(image, "n_frames", 1) > 1:
            raise InputError("a picture that moves is not mirrored.")
        image.load()
        turn = upright.get(noted(image))
        shown = image if turn is None else image.transpose(turn)
        stream = io.BytesIO()
        more = SAVED[kind] | {name: image.info[name] for name in ("icc_profile",) if name in image.info}
        shown.transpose(PIL.Image.Transpose.FLIP_LEFT_RIGHT).save(stream, kind, **more)
    return stream.getvalue()
