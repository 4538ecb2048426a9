"""Texts of the console in five languages: written in French, translated by gettext catalogues."""

import gettext
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files
from io import BytesIO

from babel.messages.pofile import read_po

from appservice.domain.enrolment import LANGUAGES

SOURCE = "fr"
NAMES = {
    "fr": "Français",
    "en": "English",
    "es": "Español",
    "de": "Deutsch",
    "it": "Italiano",
}


class Catalogue(gettext.NullTranslations):
    """A `.po` file as it is: no compiled copy that could grow old."""

    def __init__(self, messages: dict[str, str]) -> None:
        super().__init__()
        self.messages = messages

    def gettext(self, message: str) -> str:
        """The translation; what has none stays in French."""
        return self.messages.get(message, message)


@lru_cache(maxsize=len(LANGUAGES))
def catalogue(language: str) -> Catalogue:
    """French needs none."""
    if language == SOURCE:
        return Catalogue({})
    file = files("appservice.web") / "locales" / f"{language}.po"
    read = read_po(BytesIO(file.read_bytes()), locale=language, abort_invalid=True)
    return Catalogue({str(m.id): str(m.string) for m in read if m.id and m.string})


def choose(asked: str | None, kept: str | None, accepted: Iterable[str]) -> str:
    """Asked in the address, else kept in the cookie, else as the browser says, else French."""
    for wish in (asked, kept, *accepted):
        language = (wish or "").partition("-")[0].lower()
        if language in LANGUAGES:
            return language
    return SOURCE


def accepted_by(header: str) -> list[str]:
    """The languages of `Accept-Language`, the best first. What can't be read counts last."""
    weighed = []
    for rank, part in enumerate(header.split(",")[:20]):
        name, _, weight = part.partition(";q=")
        try:
            worth = float(weight) if weight else 1.0
        except ValueError:
            worth = 0.0
        weighed.append((-worth, rank, name.strip()))
    return [name for _, _, name in sorted(weighed) if name]
