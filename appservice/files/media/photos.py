"""Makes a picture fit to be shown: pixels only, no metadata (RGPD art. 5(1)(c))."""

import asyncio
import io
import warnings

from PIL import Image, ImageOps

from appservice.domain.report import Unfit
from bridges.protocol import Attachment

LARGEST = 40_000_000  # pixels: a decompression bomb stops here
LONGEST_SIDE = 2048  # pixels: enough to read a banknote, small enough for every channel
_ACCEPTED = ("JPEG", "PNG", "WEBP", "GIF")


class PillowPhotos:
    """Pictures drawn anew with Pillow."""

    async def clean(self, attachment: Attachment) -> Attachment | Unfit:
        """A JPEG without EXIF, XMP, GPS, thumbnail or name."""
        return await asyncio.to_thread(_clean, attachment.data)


def _clean(data: bytes) -> Attachment | Unfit:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return Attachment("image/jpeg", _pixels_of(data), "photo.jpg")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Warning):
        # Pillow's parsers raise all of these on broken or hostile files.
        return Unfit.UNREADABLE


def _pixels_of(data: bytes) -> bytes:
    with Image.open(io.BytesIO(data), formats=_ACCEPTED) as opened:
        if opened.width * opened.height > LARGEST:
            raise ValueError("too many pixels")
        # The orientation lives in the EXIF that we drop: turn the pixels first.
        upright = ImageOps.exif_transpose(opened).convert("RGB")
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    bare = Image.new("RGB", upright.size)
    bare.paste(upright)
    out = io.BytesIO()
    bare.save(out, "JPEG", quality=85)
    return out.getvalue()
