"""Telling audio by its bytes: WAV, MP3, AAC, FLAC, Ogg (Opus, Vorbis, FLAC, Speex), M4A and WebM.

Nothing is decoded. A file is what its first bytes say only if the header behind them holds together too: a page or a
script with another name is no audio, and neither is one that begins with the mark of some kind and goes on as it likes.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import IO

TYPES = ("audio/wav", "audio/mpeg", "audio/aac", "audio/flac", "audio/ogg", "audio/mp4", "audio/webm")
HEAD = 65_536
"""Bytes that are looked at, from the beginning of the sound."""
MAX_INDEX = 16 * 2**20
"""Bytes of an M4A's table of contents."""
MAX_RATE = 768_000
MAX_CHANNELS = 64

_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
"""Of MPEG audio, by the two bits of its version: 1, 2 and 2.5."""
_KILOBITS = {
    (3, 3): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (3, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (3, 1): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 3): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 1): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""By version and by the two bits of the layer (3: I, 2: II, 1: III)."""
_OGG = (b"OpusHead", b"\x01vorbis", b"\x7fFLAC", b"Speex   ")


def starts_as_audio(head: bytes) -> bool:
    """Whether the first bytes are those of a kind that is taken; `sniff` says whether the file is one."""
    return (
        (head[:4] == b"RIFF" and head[8:12] == b"WAVE")
        or head[:4] in (b"fLaC", b"OggS", b"\x1aE\xdf\xa3")
        or head[:3] == b"ID3"
        or head[4:8] == b"ftyp"
        or (len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0)
    )


def sniff(stream: IO[bytes], size: int) -> str | None:
    """The media type of a sound of `size` bytes, or None for what is none."""
    stream.seek(0)
    head = stream.read(HEAD)
    if not starts_as_audio(head):
        return None
    if head[:3] == b"ID3":
        after = _after_tag(head)
        stream.seek(after)
        return _frames(stream.read(HEAD), size - after)
    if head[4:8] == b"ftyp":
        return "audio/mp4" if _is_m4a(stream, size) else None
    for begins, holds, kind in _KINDS:
        if head.startswith(begins):
            return kind if holds(head) else None
    return _frames(head, size)


def _is_wav(head: bytes) -> bool:
    place = 12
    while place + 8 <= len(head):
        name, length = head[place : place + 4], int.from_bytes(head[place + 4 : place + 8], "little")
        if name == b"fmt ":
            if length < 16 or place + 24 > len(head):
                return False
            code, channels, rate = struct.unpack_from("<HHI", head, place + 8)
            return bool(code != 0 and 1 <= channels <= MAX_CHANNELS and 1 <= rate <= MAX_RATE)
        place += 8 + length + length % 2
    return False


def _is_flac(head: bytes) -> bool:
    """The first block describes the stream and has 34 bytes."""
    rate = int.from_bytes(head[18:21], "big") >> 4
    return len(head) >= 42 and head[4] & 0x7F == 0 and head[5:8] == b"\0\0\x22" and 1 <= rate <= MAX_RATE


def _is_ogg(head: bytes) -> bool:
    """The first page begins a stream whose first packet is a header of audio."""
    if len(head) < 28 or head[4] != 0 or not head[5] & 2:
        return False
    begin = 27 + head[26]
    return head[begin : begin + 8].startswith(_OGG)


def _is_webm(head: bytes) -> bool:
    """A header that says WebM, and tracks of audio alone."""
    pictures = any(codec in head for codec in (b"V_VP8", b"V_VP9", b"V_AV1", b"V_MPEG"))
    return b"webm" in head[:64] and (b"A_OPUS" in head or b"A_VORBIS" in head) and not pictures


def _is_m4a(stream: IO[bytes], size: int) -> bool:
    """Boxes up to the table of contents, which names sound and no pictures."""
    for name, begin, length in _boxes(stream, size):
        if name == b"moov":
            if length > MAX_INDEX:
                return False
            stream.seek(begin)
            index = stream.read(length)
            kinds = {index[place + 12 : place + 16] for place in _places(index, b"hdlr")}
            return b"soun" in kinds and b"vide" not in kinds
    return False


def _boxes(stream: IO[bytes], size: int) -> Iterator[tuple[bytes, int, int]]:
    """The outermost boxes: name, where the content begins, its length."""
    place = 0
    while place + 8 <= size:
        stream.seek(place)
        header = stream.read(16)
        length, name, begin = int.from_bytes(header[:4], "big"), header[4:8], place + 8
        if length == 1:
            length, begin = int.from_bytes(header[8:16], "big"), place + 16
        end = size if length == 0 else place + length
        if end > size or end < begin:
            return
        yield name, begin, end - begin
        place = end


def _places(data: bytes, what: bytes) -> Iterator[int]:
    place = data.find(what)
    while place >= 0:
        yield place
        place = data.find(what, place + 1)


def _after_tag(head: bytes) -> int:
    """Where an ID3 tag ends: its length has seven bits a byte."""
    length = 0
    for byte in head[6:10]:
        length = length << 7 | byte & 0x7F
    return 10 + length


def _frames(data: bytes, size: int) -> str | None:
    """MPEG or AAC frames: each says how long it is, and another one of the same kind begins there."""
    for length_of, kind in ((_mpeg_frame, "audio/mpeg"), (_aac_frame, "audio/aac")):
        place = count = 0
        while length := length_of(data[place : place + 7]):
            place += length
            count += 1
            if count >= 3 or place == size:
                return kind if place <= size else None
    return None


def _mpeg_frame(head: bytes) -> int:
    """How long the frame is that begins so; 0 for what begins none."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return 0
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    bits, rate, padding = head[2] >> 4, head[2] >> 2 & 3, head[2] >> 1 & 1
    if version == 1 or layer == 0 or not 1 <= bits <= 14 or rate == 3:
        return 0
    speed = _KILOBITS[3 if version == 3 else 2, layer][bits - 1] * 1000
    hertz = _RATES[version][rate]
    if layer == 3:
        return (12 * speed // hertz + padding) * 4
    return (72 if layer == 1 and version != 3 else 144) * speed // hertz + padding


def _aac_frame(head: bytes) -> int:
    if len(head) < 7 or head[0] != 0xFF or head[1] & 0xF6 != 0xF0 or head[2] >> 2 & 15 > 12:
        return 0
    length = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    return length if length >= 7 else 0


_KINDS: tuple[tuple[bytes, Callable[[bytes], bool], str], ...] = (
    (b"RIFF", _is_wav, "audio/wav"),
    (b"fLaC", _is_flac, "audio/flac"),
    (b"OggS", _is_ogg, "audio/ogg"),
    (b"\x1aE\xdf\xa3", _is_webm, "audio/webm"),
)
