"""What one reads of a receipt: the facts, what it is worth, and the whole charter (PDF)."""

import io
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table

from appservice.domain.wording.common import day, hour
from appservice.flows.charter.receipts import Record

Say = Callable[[str], str]

_FONT, _BOLD = "Vera", "VeraBd"  # come with reportlab, and are embedded
_GREY = HexColor("#515e70")
_NAVY = HexColor("#1f3a5f")
_BODY = ParagraphStyle("body", fontName=_FONT, fontSize=9, leading=13)
_FACT = ParagraphStyle("fact", parent=_BODY, wordWrap="CJK")  # digests break anywhere
_LABEL = ParagraphStyle("label", parent=_BODY, textColor=_GREY)
_TITLE = ParagraphStyle("title", parent=_BODY, fontName=_BOLD, fontSize=18, leading=24)
_HEAD = ParagraphStyle("head", parent=_BODY, fontName=_BOLD, fontSize=11, spaceBefore=10)
_ITEM = ParagraphStyle("item", parent=_BODY, leftIndent=8, firstLineIndent=-8)

TITLE = "Reçu de signature"
DESK = "au guichet de la mairie"
BY_SMS = "code reçu par SMS sur le mobile qui finit par %(end)s"
BY_HAND = "code remis de vive voix par la mairie, identité vérifiée"
SIMPLE = (
    "C'est une signature électronique simple (règlement eIDAS, article 25 ; code civil, articles "
    "1366 et 1367) : elle prouve par l'ensemble de ce qui suit, sans certificat à votre nom."
)
CHECK = (
    "Ce fichier est signé par le service : un lecteur de PDF dit s'il a été modifié. Il contient "
    "en pièces jointes le texte exact (charte.txt), ce que le sceau couvre (signature.json), le "
    "sceau (sceau.txt) et, s'il y en a, la preuve (preuve.json) : chacun peut en refaire le "
    "calcul."
)
WHOLE = "Le texte signé, en entier"
NO_STAMP = "aucun : l'heure est celle du service"
STAMP_AWAITED = "demandé, pas encore reçu : l'heure est celle du service"
STAMPED = "%(when)s, par %(authority)s ; la réponse est jointe (horodatage.tsr)"
TEXTS = (
    NO_STAMP, STAMP_AWAITED, STAMPED, "Horodatage (RFC 3161)",
    TITLE, DESK, BY_SMS, BY_HAND, CHECK, WHOLE, "Personne", "Nom tel qu'il a été écrit",
    "Identification", "Territoire", "Identifiant au registre",
)  # fmt: skip
"""What nothing else of the console says."""


def drawn(record: Record, say: Say) -> bytes:
    """The pages, unsigned. The attachments have the letters that the font lacks."""
    _know_fonts()
    out = io.BytesIO()
    document = SimpleDocTemplate(
        out,
        pagesize=A4,
        margins=18 * mm,
        leftMargin=20 * mm,
        rightMargin=20 * mm,
        title=f"{say(TITLE)} - {record.charter.title}",
        author="Maillage",
        lang="fr",
        initialFontName=_FONT,
    )
    document.build(list(_flow(record, say)), onFirstPage=_foot(record), onLaterPages=_foot(record))
    return out.getvalue()


def _flow(record: Record, say: Say) -> Iterator[Flowable]:
    yield Paragraph(escape(say(TITLE)), _TITLE)
    yield Spacer(0, 3 * mm)
    rows = [
        [Paragraph(escape(say(label)), _LABEL), Paragraph(escape(value), _FACT)]
        for label, value in _facts(record, say)
    ]
    table = Table(rows, colWidths=[48 * mm, 122 * mm])
    table.setStyle(
        [("VALIGN", (0, 0), (-1, -1), "TOP"), ("LINEBELOW", (0, 0), (-1, -1), 0.3, _GREY)]
    )
    yield table
    yield Spacer(0, 4 * mm)
    yield Paragraph(escape(say(SIMPLE)), _BODY)
    yield Spacer(0, 2 * mm)
    yield Paragraph(escape(say(CHECK)), _BODY)
    yield Spacer(0, 4 * mm)
    yield Paragraph(escape(say(WHOLE)), _HEAD)
    yield Spacer(0, 2 * mm)
    yield from _charter(record.charter.text)


def _facts(record: Record, say: Say) -> Sequence[tuple[str, str]]:
    member, signature = record.member, record.signature
    evidence = record.evidence
    shop = f", {member.shop}" if member.shop else f", {member.role.french}"
    facts = [
        ("Personne", f"{member.name}{shop}"),
        ("Identifiant au registre", member.id),
        ("Territoire", record.territory.name),
        ("Charte", f"{record.charter.title}, {signature.version}"),
        ("Signée le", f"{day(signature.signed_at)} {hour(signature.signed_at)} (Europe/Paris)"),
        ("En vigueur jusqu'au", day(signature.valid_until)),
        ("Identification", _identified(record, say)),
    ]
    if evidence is not None:
        facts.append(("Nom tel qu'il a été écrit", evidence.name))
    return [
        *facts,
        ("Horodatage (RFC 3161)", _stamped(record, say)),
        ("Empreinte du texte (SHA-256)", signature.text_hash),
        ("Sceau du service (Ed25519)", signature.seal),
    ]


def _identified(record: Record, say: Say) -> str:
    evidence = record.evidence
    if evidence is None:
        return say(DESK)
    if evidence.proof == "sms":
        return say(BY_SMS) % {"end": evidence.number_end}
    return say(BY_HAND)


def _stamped(record: Record, say: Say) -> str:
    stamp = record.stamp
    if stamp is None:
        return say(NO_STAMP)
    if stamp.at is None:
        return say(STAMP_AWAITED)
    when = f"{day(stamp.at)} {hour(stamp.at)}"
    return say(STAMPED) % {"when": when, "authority": stamp.authority}


def _charter(text: str) -> Iterator[Flowable]:
    """For reading; the exact bytes are attached."""
    for line in text.splitlines():
        words = escape(line.replace("**", ""))
        if not line.strip():
            yield Spacer(0, 1.5 * mm)
        elif line.startswith("#"):
            yield Paragraph(words.lstrip("# "), _HEAD)
        else:
            yield Paragraph(words, _ITEM if line.startswith("- ") else _BODY)


def _foot(record: Record) -> Callable[[Any, Any], None]:
    def draw(canvas: Any, _document: Any) -> None:
        canvas.saveState()
        canvas.setFont(_FONT, 7)
        canvas.setFillColor(_GREY)
        canvas.drawString(20 * mm, 10 * mm, f"Maillage · {record.signature.text_hash}")
        canvas.drawRightString(190 * mm, 10 * mm, str(canvas.getPageNumber()))
        canvas.setStrokeColor(_NAVY)
        canvas.line(20 * mm, 14 * mm, 190 * mm, 14 * mm)
        canvas.restoreState()

    return draw


def _know_fonts() -> None:
    for name in (_FONT, _BOLD):
        if name not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(name, f"{name}.ttf"))
