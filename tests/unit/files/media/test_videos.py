"""A video loses all that its telephone wrote, is read apart, and nothing but a film passes."""

import asyncio
import io
import random
from pathlib import Path

import av
import pytest
from support.films import MARKS, WHERE, boxes, film

from appservice.domain.report import HEAVIEST_FILE, LONGEST_VIDEO, Unfit
from appservice.files.media import ApartVideos, CleanMedia
from appservice.files.media.videos import PROGRAM
from bridges.protocol import Attachment

VIDEO = "video/quicktime"


async def cleaned(data: bytes) -> Attachment:
    shown = await CleanMedia().clean(Attachment(VIDEO, data, "martin.mov"))
    assert isinstance(shown, Attachment), shown
    return shown


def frames(data: bytes) -> list[av.VideoFrame]:
    with av.open(io.BytesIO(data)) as opened:
        return list(opened.decode(video=0))


def pixels(data: bytes) -> list[bytes]:
    return [bytes(plane) for frame in frames(data) for plane in frame.planes]


@pytest.mark.parametrize(("kind", "picture"), [("mov", "libx264"), ("mp4", "libx265")])
async def test_nothing_of_who_where_when_is_left_in_any_byte(kind, picture):
    raw = film(kind=kind, picture=picture)
    assert WHERE in raw
    shown = await cleaned(raw)
    assert [mark for mark in (*MARKS, b"x265") if mark in shown.data] == []
    assert (shown.content_type, shown.filename) == ("video/mp4", "video.mp4")
    for box in (b"mvhd", b"tkhd", b"mdhd"):
        dates = [rest[4:12] for rest in boxes(shown.data, box)]
        assert dates, box
        assert set(dates) == {bytes(8)}, box
    for box in (b"uuid", b"tmcd", b"text", b"chap", b"keys", b"\xa9xyz"):
        assert list(boxes(shown.data, box)) == [], box
    assert set(boxes(shown.data, b"ilst")) <= {b""}, "its list of titles is empty"


@pytest.mark.parametrize("picture", ["libx264", "libx265"])
async def test_what_was_filmed_and_heard_is_the_same(picture):
    raw = film(2, picture=picture)
    shown = await cleaned(raw)
    assert len(frames(raw)) == 20
    assert pixels(shown.data) == pixels(raw)
    with av.open(io.BytesIO(shown.data)) as opened:
        assert [stream.type for stream in opened.streams] == ["video", "audio"]
        assert sum(frame.samples for frame in opened.decode(audio=0)) >= 2 * 44100 - 1024
        assert opened.metadata.keys() <= {"major_brand", "minor_version", "compatible_brands"}


async def test_a_film_made_upright_stays_upright():
    raw = film(turned=90)
    assert frames(raw)[0].rotation != 0
    assert frames((await cleaned(raw)).data)[0].rotation == frames(raw)[0].rotation


async def test_a_film_without_sound_passes():
    assert len(frames((await cleaned(film(sound=""))).data)) == 10


async def test_a_film_that_was_shown_may_be_shown_again():
    once = await cleaned(film())
    assert pixels((await cleaned(once.data)).data) == pixels(once.data)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: b"", Unfit.MISSING),
        (lambda: bytes(HEAVIEST_FILE + 1), Unfit.MISSING),
        (lambda: b"pas un film", Unfit.UNREADABLE),
        (lambda: random.Random(7).randbytes(5000), Unfit.UNREADABLE),
        (lambda: film()[:900], Unfit.UNREADABLE),
        (lambda: film(picture=""), Unfit.UNREADABLE),  # a sound alone
        (lambda: film(sound="pcm_s16le"), Unfit.UNREADABLE),  # we would show it silent
        (lambda: film(kind="matroska"), Unfit.UNREADABLE),
        (lambda: film(picture="mpeg4"), Unfit.UNREADABLE),
        (lambda: film(slow=int(LONGEST_VIDEO.total_seconds()) + 40, sound=""), Unfit.TOO_LONG),
    ],
    ids="gone heavy words noise cut sound-alone raw-sound matroska mpeg4 long".split(),
)
async def test_what_is_no_film_for_us_is_said_to_be_none(make, why):
    assert await CleanMedia().clean(Attachment(VIDEO, make())) is why


@pytest.mark.parametrize("kind", ["audio/aac", "application/pdf", "text/html", ""])
async def test_other_kinds_are_never_opened(kind):
    assert await CleanMedia().clean(Attachment(kind, film())) is Unfit.KIND


async def test_a_damaged_film_is_refused_or_bare():
    whole, chance = film(), random.Random(11)
    for _ in range(12):
        broken = bytearray(whole)
        for _ in range(40):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        shown = await CleanMedia().clean(Attachment(VIDEO, bytes(broken)))
        assert shown is Unfit.UNREADABLE or b"Martin" not in shown.data


@pytest.mark.parametrize(
    "program",
    [
        "import os; os.abort()",
        "import sys; sys.exit(9)",
        "import sys; sys.stdin.buffer.read()",  # says nothing
        "import time; time.sleep(600)",
        "import sys\nwhile True: sys.stdout.buffer.write(bytes(65536))",
    ],
    ids="dies fails silent hangs floods".split(),
)
async def test_whatever_becomes_of_the_reader_we_live_on(tmp_path: Path, program):
    file = tmp_path / "reader.py"
    file.write_text(program)
    videos = ApartVideos(file, patience=1)
    assert await videos.clean(Attachment(VIDEO, film())) is Unfit.UNREADABLE
    assert await videos.clean(Attachment(VIDEO, bytes(HEAVIEST_FILE))) is Unfit.UNREADABLE


@pytest.mark.parametrize(
    ("attempt", "refusal"),
    [
        ("bytearray(2 << 30)", b"MemoryError"),
        ("open('essai', 'wb', buffering=0).write(b'x')", b"File too large"),
    ],
)
async def test_the_reader_has_little_to_misuse(tmp_path: Path, attempt, refusal):
    """Whatever a hostile film may make FFmpeg do, it does it as one who can do little."""
    words = f"import sys; sys.path.insert(0, {str(PROGRAM.parent)!r}); import bare_video; "
    script = f"{words}bare_video.confine(); {attempt}"
    apart = await asyncio.create_subprocess_exec(
        *(str(Path(av.__file__).parents[4] / "bin/python"), "-I", "-c", script),
        cwd=tmp_path,
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await apart.communicate()
    assert apart.returncode != 0
    assert refusal in said
