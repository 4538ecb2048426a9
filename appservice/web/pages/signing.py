"""The page on which somebody signs their charter: no account, no script, one link, one code."""

from aiohttp import hdrs, web
from multidict import MultiDictProxy

from appservice.domain.signing import BOXES
from appservice.domain.wording.common import day, hour
from appservice.domain.wording.signing import hidden
from appservice.flows.charter.signer import Form
from appservice.flows.console.entry import NotThat
from appservice.flows.signature import TextChanged
from appservice.web.charter_text import laid_out
from appservice.web.desk import DESK, asked, sent_to, text_of
from appservice.web.receipts.answer import receipt_file
from appservice.web.rendering import render

_CODE = "code"
"""The button that asks for one."""


async def signing_page(request: web.Request) -> web.Response:
    return await _page(request, {}, 200)


async def charter_file(request: web.Request) -> web.Response:
    """The text alone, byte for byte: its SHA-256 is what the page shows."""
    offered = await request.app[DESK].signer.offered(_token(request))
    charter = offered.charter
    response = web.Response(body=charter.text.encode(), content_type="text/plain", charset="utf-8")
    name = f"{charter.id}-{charter.version}.txt"
    response.headers[hdrs.CONTENT_DISPOSITION] = f'attachment; filename="{name}"'
    return response


async def sign(request: web.Request) -> web.Response:
    """One form, two buttons; Enter in a form without a code asks for one."""
    signer, form = request.app[DESK].signer, _form(request)
    try:
        if not form.code and text_of(request, "act") == _CODE:
            number = await signer.send_code(_token(request), form.language)
            return await _page(request, {}, 200, sent_to_number=hidden(number))
        await signer.sign(_token(request), form)
    except NotThat as refused:
        return await _page(request, {refused.field: refused.message}, 422)
    except TextChanged as refused:
        return await _page(request, {"charter": refused.message}, 422)
    return sent_to(f"/signer/{_token(request)}/fait")


async def signed_page(request: web.Request) -> web.Response:
    offered, signature = await request.app[DESK].signer.done(_token(request))
    return render(
        *(request, "signed.html"),
        member=offered.member,
        territory=offered.territory,
        charter=offered.charter,
        signature=signature,
        signed_at=f"{day(signature.signed_at)} {hour(signature.signed_at)}",
        until=day(signature.valid_until),
        receipt=f"/signer/{_token(request)}/recu.pdf",
        onward=f"/arrivee/{_token(request)}",
    )


async def receipt(request: web.Request) -> web.Response:
    """Right after the signature, by the same link, for an hour."""
    return await receipt_file(request, await request.app[DESK].receipts.of_link(_token(request)))


async def _page(
    request: web.Request, problems: dict[str, str], status: int, sent_to_number: str = ""
) -> web.Response:
    offered = await request.app[DESK].signer.offered(_token(request))
    member, link, form = offered.member, offered.link, _form(request)
    place = offered.territory.communes.get(member.commune)
    return render(
        *(request, "sign.html", status),
        problems=problems,
        member=member,
        place=place.name if place else offered.territory.name,
        territory=offered.territory,
        charter=offered.charter,
        text=laid_out(offered.charter.text),
        until=day(link.until),
        handed=link.handed,
        number=hidden(member.phone) if member.phone else "",
        was_sent=link.sent > 0,
        sent_to_number=sent_to_number,
        typed=form,
    )


def _form(request: web.Request) -> Form:
    form = asked(request).form
    boxes = form.getall("boxes", []) if isinstance(form, MultiDictProxy) else []
    return Form(
        shown_hash=text_of(request, "hash", 64),
        boxes=frozenset(box for box in boxes if box in BOXES),
        name=text_of(request, "name", 100),
        code=text_of(request, "code", 20),
        language=asked(request).language,
    )


def _token(request: web.Request) -> str:
    return request.match_info["token"]
