"""Pictures that a camera stored turned have the sides that browsers show."""

from __future__ import annotations

import io

import PIL.Image
import pytest

from goldwork.services.media import check

ORIENTATION = 0x0112


def picture(format: str, orientation: int | None, **more: object) -> bytes:
    """A picture stored 40 wide and 30 high."""
    exif = PIL.Image.Exif()
    if orientation is not None:
        exif[ORIENTATION] = orientation
    stream = io.BytesIO()
    PIL.Image.new("RGB", (40, 30), "red").save(stream, format, exif=exif.tobytes(), **more)
    return stream.getvalue()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_what_is_turned_by_a_quarter_has_its_sides_exchanged(format: str, orientation: int) -> None:
    image = check(picture(format, orientation))
    assert (image.width, image.height) == ((30, 40) if orientation >= 5 else (40, 30))


def test_browsers_do_not_turn_webp() -> None:
    image = check(picture("WEBP", 6))
    assert (image.width, image.height) == (40, 30)


def test_a_picture_without_a_note_or_with_a_broken_one_stays_as_it_is() -> None:
    stream = io.BytesIO()
    PIL.Image.new("RGB", (40, 30)).save(stream, "JPEG", exif=b"Exif\0\0MM\0*\0\0\xff\xff\xff\xff")
    for data in (picture("JPEG", None), stream.getvalue()):
        image = check(data)
        assert (image.width, image.height) == (40, 30)


def test_browsers_do_not_read_xmp() -> None:
    note = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    image = check(picture("JPEG", None, xmp=note))
    assert (image.width, image.height) == (40, 30)


def test_a_phone_s_jpeg_with_several_pictures_is_a_jpeg() -> None:
    image = check(picture("MPO", 6, save_all=True, append_images=[PIL.Image.new("RGB", (40, 30))]))
    assert (image.type, image.width, image.height) == ("image/jpeg", 30, 40)
