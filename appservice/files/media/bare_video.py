"""A program of its own: a video on standard input, the same one bare on standard output.

Nothing is decoded for its picture: what was filmed is copied packet by packet into a new file,
which has no date, place, device, title, chapter, cover, subtitle, timecode or other track; and
of each packet only the units that draw it are kept, since cameras write in the others too.

Apart from the service, because what it reads is hostile and FFmpeg's readers are written in C;
and because PyAV's wheels carry libraries under the GPL (docs/decisions/0041). It is started as
`python -I bare_video.py SECONDS`, with nothing in its environment; its status says the rest.
"""

import io
import resource
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import av
import av.logging
from av.bitstream import BitStreamFilterContext
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition, Stream

UNREADABLE, TOO_LONG = 3, 4
MEMORY = 1 << 30  # bytes of address space; FFmpeg's libraries take a fifth of it
PROCESSOR = 15  # seconds

# Units that draw, by codec (tables 7-1 of T-REC-H.264 and T-REC-H.265). Left out: supplemental
# information (SEI), where cameras write places and names, filler, and what is unspecified.
_UNITS: Mapping[str, Sequence[range]] = {
    "h264": (range(1, 6), range(7, 10), range(13, 16), range(19, 21)),
    "hevc": (range(10), range(16, 22), range(32, 36)),
}
_SOUNDS = ("aac", "mp3", "opus")
_START = b"\0\0\1"  # of a unit in a stream of bytes


class Unfit(Exception):
    """`args[0]` is the status that says why."""


def confine() -> None:
    """Before a byte of it is read: no file is written, nothing grows, nothing lasts."""
    for what, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, PROCESSOR),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


def bare(data: bytes, longest: float) -> bytes:
    """Raises Unfit, and what FFmpeg says of a file that is no MP4, no QuickTime, or broken."""
    out, places = io.BytesIO(), list(_media(data))
    # A film may name other files, and lie about what it holds: the reader is not guessed.
    asked = {"enable_drefs": "0", "use_absolute_path": "0", "threads": "1"}
    with (
        av.open(io.BytesIO(data), "r", "mov", asked, metadata_errors="ignore") as film,
        av.open(out, "w", format="mp4", options={"fflags": "+bitexact"}) as copy,
    ):
        tracks = {}
        for stream in _chosen(film):
            made = copy.add_stream_from_template(stream, opaque=True)
            tracks[stream.index] = _sieve(stream, made), made
        for packet in film.demux([film.streams[number] for number in tracks]):
            if packet.dts is None:
                continue  # the end of a track
            _check(packet, places, longest)
            sieve, made = tracks[packet.stream.index]
            for rest in sieve.filter(packet):
                rest.stream = made
                copy.mux(rest)
    return out.getvalue()


def _check(packet: "Packet[Any]", places: Sequence[range], longest: float) -> None:
    """Wrong tables could show as a picture what is written elsewhere in the file. Raises Unfit."""
    at = packet.dts if packet.pts is None else packet.pts
    if at is not None and at * packet.time_base > longest:
        raise Unfit(TOO_LONG)
    begin = -1 if packet.pos is None else packet.pos
    if not any(begin in place and begin + packet.size <= place.stop for place in places):
        raise Unfit(UNREADABLE)


def _media(data: bytes) -> Iterator[range]:
    """Where pictures and sounds lie: inside the `mdat` boxes (ISO/IEC 14496-12, 4.2 and 8.1.1)."""
    at = 0
    while at + 8 <= len(data):
        size, head = int.from_bytes(data[at : at + 4]), 8
        if size == 1:
            size, head = int.from_bytes(data[at + 8 : at + 16]), 16
        end = min(at + size, len(data)) if size else len(data)
        if end < at + head:
            return
        if data[at + 4 : at + 8] == b"mdat":
            yield range(at + head, end)
        at = end


def _chosen(film: InputContainer) -> list[Stream]:
    """What was filmed, and what was heard: one track each. Raises Unfit without a picture.

    A sound in a format that we can't keep makes the whole film unfit: silence would lie.
    """
    pictures = [s for s in film.streams.video if not s.disposition & Disposition.attached_pic]
    sounds: list[Stream] = list(film.streams.audio)
    known = [stream for stream in sounds if _codec(stream) in _SOUNDS]
    if not pictures or _codec(pictures[0]) not in _UNITS or (sounds and not known):
        raise Unfit(UNREADABLE)
    return [pictures[0], *known[:1]]


def _sieve(stream: Stream, made: Stream) -> BitStreamFilterContext:
    """What a packet passes through; `made` is told how the rest is to be read."""
    kinds = _UNITS.get(_codec(stream))
    if kinds is None:
        return BitStreamFilterContext("null", stream, made)
    asked = "|".join(f"{kind.start}-{kind[-1]}" for kind in kinds)
    sieve = BitStreamFilterContext(f"filter_units=pass_types={asked}", stream, made)
    # FFmpeg sifts packets only: what stands at the head of the file passes as it is.
    head = made.codec_context.extradata or b""
    made.codec_context.extradata = b"".join(
        b"\0" + _START + unit.rstrip(b"\0")
        for unit in head.split(_START)[1:]
        if any(_kind(unit, _codec(stream)) in kind for kind in kinds)
    )
    return sieve


def _kind(unit: bytes, codec: str) -> int:
    """From the unit's first byte."""
    first = unit[0] if unit else 0
    return first & 0x1F if codec == "h264" else first >> 1 & 0x3F


def _codec(stream: Stream) -> str:
    """The format's name, whichever library would decode it."""
    known = stream.codec_context is not None  # of a format that FFmpeg can't name, it is
    return stream.codec_context.codec.canonical_name if known else ""


def main() -> int:
    """The status: 0, UNREADABLE or TOO_LONG; anything else is a death."""
    av.logging.set_level(None)
    confine()
    try:
        done = bare(sys.stdin.buffer.read(), float(sys.argv[1]))
    except Unfit as unfit:
        return int(unfit.args[0])
    except (av.FFmpegError, ValueError, LookupError, MemoryError):
        return UNREADABLE
    sys.stdout.buffer.write(done)
    sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
