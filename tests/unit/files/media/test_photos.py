"""A photo loses all that its camera wrote, and nothing but a picture passes."""

import io
import random

import pytest
from PIL import Image

from appservice.domain.report import Unfit
from appservice.files.media import CleanMedia, PillowPhotos
from bridges.protocol import Attachment

MAKER, GPS, ORIENTATION = 0x010F, 0x8825, 0x0112


def photo(kind: str = "JPEG", size: tuple[int, int] = (60, 40)) -> bytes:
    noise = random.Random(7).randbytes(size[0] * size[1] * 3)
    picture = Image.frombytes("RGB", size, noise)
    exif = Image.Exif()
    exif[MAKER] = "Appareil de Martin"
    exif[ORIENTATION] = 6
    exif.get_ifd(GPS)[2] = (48.0, 12.0, 30.0)
    out = io.BytesIO()
    picture.save(out, kind, exif=exif, comment=b"rue Foch")
    return out.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
async def test_metadata_is_gone_and_the_picture_stands_upright(kind):
    raw = photo(kind)
    assert b"Martin" in raw
    cleaned = await PillowPhotos().clean(Attachment(f"image/{kind.lower()}", raw, "martin.jpg"))
    assert isinstance(cleaned, Attachment)
    assert b"Martin" not in cleaned.data
    assert b"rue Foch" not in cleaned.data
    assert cleaned.filename == "photo.jpg"
    with Image.open(io.BytesIO(cleaned.data)) as seen:
        assert dict(seen.getexif()) == {}
        assert "comment" not in seen.info
        assert seen.size == (40, 60)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("audio/ogg", b"OggS"),
        ("application/pdf", b"%PDF-1.4"),
        ("image/jpeg", b"not a picture"),
        ("image/jpeg", photo()[:200]),
        ("image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("image/png", b""),
    ],
    ids=["voice", "pdf", "junk", "cut short", "svg", "empty"],
)
async def test_what_is_no_whole_picture_is_refused(kind, data):
    assert isinstance(await CleanMedia().clean(Attachment(kind, data)), Unfit)


async def test_a_huge_picture_is_made_small_and_a_bomb_is_refused():
    wide = io.BytesIO()
    Image.new("1", (4096, 2048)).save(wide, "PNG")
    cleaned = await PillowPhotos().clean(Attachment("image/png", wide.getvalue()))
    assert isinstance(cleaned, Attachment)
    with Image.open(io.BytesIO(cleaned.data)) as seen:
        assert seen.size == (2048, 1024)
    bomb = io.BytesIO()
    Image.new("1", (6400, 6400)).save(bomb, "PNG")
    assert await PillowPhotos().clean(Attachment("image/png", bomb.getvalue())) is Unfit.UNREADABLE
