"""The card in the poste that a second person answers, with what the rules recognised in it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from appservice.domain.alert import Alert
from appservice.domain.commands.reactions import HINTS
from appservice.domain.member import Member
from appservice.domain.moderation import Finding
from appservice.domain.telephone.shown import Shown
from appservice.domain.territory import Territory
from appservice.domain.wording.alerts import audience, length
from appservice.domain.wording.common import Explained, plural, quoted, reasons
from appservice.domain.wording.preview import on_telephone

# What Element keeps of HTML: no <mark>, but a background for a span (Matrix, m.room.message).
_MARK = '<span data-mx-bg-color="#ffe08a" data-mx-color="#1a1a1a"><strong>{}</strong></span>'


@dataclass(frozen=True, slots=True)
class HoldCard:
    """Shows who asks, for whom, the text, and why a second person is needed."""

    alert: Alert
    author: Member
    territory: Territory
    findings: Sequence[Finding]
    known: Mapping[str, Explained]
    shown: Shown  # by a telephone

    @property
    def body(self) -> str:
        """For Signal, and any client without HTML: the recognised elements are quoted."""
        seen = [self.alert.text[start:end] for start, end in self._places()]
        noticed = f"Relevé : {', '.join(quoted(words) for words in seen)}\n" if seen else ""
        text = f"Texte : {quoted(self.alert.text)} ({length(self.alert.text)})"
        return f"{self._head}\n{text}\n{self._telephone}\n{noticed}{self._why}\n{self._hint}"

    @property
    def html(self) -> str:
        """For Element: the recognised elements are highlighted where they stand."""
        text = f"Texte : « {''.join(self._marked())} » ({length(self.alert.text)})"
        telephone = _html(self._telephone)
        lines = (_html(self._head), text, telephone, _html(self._why), _html(self._hint))
        return "<br>".join(lines)

    @property
    def _head(self) -> str:
        return (
            f"🕓 {self.alert.reference} attend une deuxième personne\n"
            f"De : {self.author.attribution}\n"
            f"Pour : {audience(self.alert.audience, self.territory)}"
        )

    @property
    def _telephone(self) -> str:
        price = plural(self.shown.segments, "SMS", "SMS")
        return f"{on_telephone(self.alert.text, self.shown)} {price} par téléphone."

    @property
    def _why(self) -> str:
        return reasons((finding.rule for finding in self.findings), self.known)

    @property
    def _hint(self) -> str:
        name = self.alert.reference
        return f"{HINTS['hold']} — ou « valide {name} », « refuse {name} motif »"

    def _places(self) -> list[tuple[int, int]]:
        """In order, without overlap."""
        found = sorted({span for finding in self.findings for span in finding.spans})
        kept: list[tuple[int, int]] = []
        for start, end in found:
            if start < end and (not kept or start >= kept[-1][1]):
                kept.append((start, end))
        return kept

    def _marked(self) -> Iterator[str]:
        text, last = self.alert.text, 0
        for start, end in self._places():
            yield _html(text[last:start])
            yield _MARK.format(_html(text[start:end]))
            last = end
        yield _html(text[last:])


def _html(text: str) -> str:
    return escape(text).replace("\n", "<br>")
