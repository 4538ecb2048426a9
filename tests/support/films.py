"""Films as a telephone makes them: a place, a date and a name written everywhere they can be."""

import io
import random
import struct
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av

WHERE = b"+48.1173-001.6778"
MARKS = (WHERE, b"Martin", b"rue Foch", b"Chapitre secret", b"x264 - core", b"Lavf", b"tmcd")
"""What stands in a film made by `film`, and must stand in none that is shown."""

_RATE, _SOUND = 10, 44100
_WIDTH, _HEIGHT = 64, 48


def film(
    seconds: float = 1, *, kind: str = "mov", picture: str = "libx264", sound: str = "aac",
    turned: int = 0, slow: int = 1,
) -> bytes:  # fmt: skip
    """`turned` is in degrees: a telephone held upright. Each picture lasts `slow` tenths."""
    out = io.BytesIO()
    with av.open(out, "w", format=kind, options={"movflags": "use_metadata_tags"}) as made:
        made.metadata.update(
            {
                "com.apple.quicktime.location.ISO6709": f"{WHERE.decode()}+035/",
                "com.apple.quicktime.model": "Appareil de Martin",
                "location": f"{WHERE.decode()}/",
                "creation_time": "2026-11-21T10:11:12Z",
                "comment": "rue Foch",
                "timecode": "10:11:12:00",
            }
        )
        made.set_chapters(
            [
                {
                    "id": 1,
                    "start": 0,
                    "end": 1,
                    "time_base": Fraction(1),
                    "metadata": {"title": "Chapitre secret"},
                }
            ]
        )
        # Every track is announced before anything is written.
        filmed = made.add_stream(picture, rate=_RATE) if picture else None
        heard = made.add_stream(sound, rate=_SOUND, layout="stereo") if sound else None
        if filmed is not None:
            _film(made, filmed, round(seconds * _RATE), turned, slow)
        if heard is not None:
            _record(made, heard, seconds)
    return out.getvalue() + _box(b"uuid", bytes(16) + b"rue Foch de Martin " + WHERE)


def boxes(data: bytes, kind: bytes) -> Iterator[bytes]:
    """What follows each name of a box of that kind (ISO/IEC 14496-12, 4.2)."""
    at = -1
    while (at := data.find(kind, at + 1)) >= 0:
        yield data[at + 4 :]


def _film(made: Any, track: Any, count: int, turned: int, slow: int) -> None:
    track.width, track.height, track.pix_fmt = _WIDTH, _HEIGHT, "yuv420p"
    track.metadata["handler_name"] = "Appareil de Martin"
    if turned:
        track.set_display_rotation(turned)
    noise = random.Random(7)
    for number in range(count):
        frame = av.VideoFrame(_WIDTH, _HEIGHT, "yuv420p")
        frame.pts, frame.time_base = number * slow, Fraction(1, _RATE)
        for plane in frame.planes:
            plane.update(noise.randbytes(plane.buffer_size))
        made.mux(track.encode(frame))
    made.mux(track.encode(None))


def _record(made: Any, track: Any, seconds: float) -> None:
    silence = av.AudioFrame(format=track.format.name, layout="stereo", samples=1024)
    silence.sample_rate = _SOUND
    for plane in silence.planes:
        plane.update(bytes(plane.buffer_size))
    for number in range(round(seconds * _SOUND / 1024)):
        silence.pts = number * 1024
        made.mux(track.encode(silence))
    made.mux(track.encode(None))


def _box(kind: bytes, inside: bytes) -> bytes:
    return struct.pack(">I4s", len(inside) + 8, kind) + inside
