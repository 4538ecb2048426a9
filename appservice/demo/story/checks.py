"""What a step of the story must show, said as an error when it doesn't."""

import io
import random

from PIL import Image, ImageDraw

from appservice.demo.failure import StartFailed


class StoryFailed(StartFailed):
    """A step of the story did not show what it must."""


def expect(holds: object, what: str) -> None:
    """Raises StoryFailed."""
    if not holds:
        raise StoryFailed(f"Attendu, et pas observé : {what}")


def broken_window() -> bytes:
    """A picture for the report, with the metadata that a phone would leave in it."""
    picture = Image.new("RGB", (640, 420), "#33414f")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((60, 40, 580, 380), fill="#9fb8c8", outline="#1d252c", width=12)
    crack = random.Random(17)  # noqa: S311 - a drawing
    for _ in range(26):
        end = (crack.randint(70, 570), crack.randint(50, 370))
        draw.line(((330, 200), end), fill="#f2f6f8", width=3)
    draw.ellipse((285, 160, 375, 240), fill="#20272d")
    exif = Image.Exif()
    exif[0x010F] = "Telephone de Lucie"
    out = io.BytesIO()
    picture.save(out, "JPEG", exif=exif)
    return out.getvalue()
