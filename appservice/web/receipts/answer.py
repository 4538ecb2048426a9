"""A receipt as an answer: made when it is asked for, in the language of whoever asks."""

from aiohttp import hdrs, web

from appservice.flows.charter.receipts import Record
from appservice.web.desk import DESK, asked
from appservice.web.languages import catalogue


async def receipt_file(request: web.Request, record: Record | None) -> web.Response:
    """Raises HTTPNotFound when there is nothing to give a receipt of."""
    if record is None:
        raise web.HTTPNotFound
    say = catalogue(asked(request).language).gettext
    made = await request.app[DESK].receipt_maker.make(record, say)
    response = web.Response(body=made, content_type="application/pdf")
    name = f"recu-{record.signature.charter}-{record.signature.signed_at:%Y-%m-%d}.pdf"
    response.headers[hdrs.CONTENT_DISPOSITION] = f'attachment; filename="{name}"'
    return response
