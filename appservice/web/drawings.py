"""QR codes, drawn in the page itself."""

import io

import segno
from markupsafe import Markup

from appservice.web.rendering import drawing

_CELL = 4  # pixels


def qr_code(text: str) -> Markup:
    """Black on white whatever the theme: cameras want it so. Read aloud elsewhere on the page."""
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        out,
        kind="svg",
        scale=_CELL,
        dark="#000",
        light="#fff",
        xmldecl=False,
        svgclass="qr",
        lineclass=None,
    )
    svg = out.getvalue().decode()
    return drawing(svg.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1))
