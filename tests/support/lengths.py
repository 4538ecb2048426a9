"""Alerts whose length counts."""

from appservice.domain.text import gsm7_length

# The example of the ministry's instructions.
MEYTHET = (
    "MEYTHET, nombreux cambriolages dans les maisons, en fin de journée : prenez vos précautions "
    "et soyez vigilants, faites passer l'info !"
)


def fact_of(septets: int, start: str) -> str:
    """An established fact of exactly that many septets."""
    filler = " Vérifiez vos serrures, vos volets et vos réserves, fermez vos portes arrière"
    text = start + filler * 3
    while gsm7_length(text) >= septets or text[-1] in " ,":
        text = text[:-1]
    text += "." * (septets - gsm7_length(text))
    assert gsm7_length(text) == septets
    return text
