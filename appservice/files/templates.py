"""Reads `room-templates/*.yaml`: what rooms of each kind look like."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from appservice.domain.room import Kind, Template, Writers
from appservice.files.yaml_source import Line, ProblemList, Table, did_you_mean, read_yaml

REMINDER = "ne remplace pas le 17 ni le 112"
BLANKS = ("trade", "zone", "territory", "contact")
_KEYS = (
    "kind", "name", "topic", "welcome", "writers", "officer_power", "signal", "tolerates",
)  # fmt: skip
_SIGNAL = ("non", "groupe", "annonces")
_BLANK = re.compile(r"\{([^{}]*)\}")


def says_the_reminder(text: str) -> bool:
    """Whether the text says that the service replaces neither 17 nor 112."""
    return REMINDER in " ".join(text.lower().split())


@dataclass(slots=True)
class Templates:
    """Templates by kind, and the rules that a conversation tolerates, each where it is named."""

    by_kind: dict[Kind, Template] = field(default_factory=dict)
    tolerated: list[tuple[Path, Line]] = field(default_factory=list)


def read_templates(folder: Path, problems: ProblemList) -> Templates:
    """One template per kind; a kind without a file is a mistake."""
    found = Templates()
    paths = sorted(folder.glob("*.yaml"))
    for path in paths:
        table = read_yaml(path, problems)
        if table is None:
            continue
        template = _template(table)
        found.tolerated += [(path, line) for line in table.located_texts("tolerates")]
        if template is None:
            continue
        if template.kind in found.by_kind:
            table.problem("kind", f"deux modèles pour le genre « {template.kind} »")
        found.by_kind[template.kind] = template
    read = {path.stem for path in paths}
    for kind in Kind:
        if kind not in found.by_kind and kind.value not in read:
            problems.add(folder / f"{kind.value}.yaml", 1, f"le modèle « {kind} » manque")
    return found


def _template(table: Table) -> Template | None:
    table.only(*_KEYS)
    kind = table.choice("kind", [kind.value for kind in Kind])
    space = kind == Kind.SPACE
    name, topic = text_with_blanks(table, "name"), text_with_blanks(table, "topic")
    welcome = text_with_blanks(table, "welcome", "" if space else None)
    must_remind(table, "topic", topic)
    if not space:
        must_remind(table, "welcome", welcome)
    writers = table.choice("writers", [writers.value for writers in Writers])
    signal = table.choice("signal", _SIGNAL, "non")
    if "tolerates" in table and kind != Kind.ECHANGES:
        table.problem("tolerates", "« tolerates » ne vaut que pour les échanges")
    if space and signal != "non":
        table.problem("signal", "un espace n'a pas de groupe Signal")
    power = _power(table)
    if kind not in list(Kind) or writers not in list(Writers):
        return None
    return Template(
        kind=Kind(kind),
        name=name,
        topic=topic,
        welcome=welcome,
        writers=Writers(writers),
        officer_power=power,
        signal=signal in {"groupe", "annonces"},
        signal_announcement=signal == "annonces",
    )


def text_with_blanks(table: Table, key: str, default: str | None = None) -> str:
    """A text in which only BLANKS may be left to fill in."""
    text = table.text(key, default)
    for blank in _BLANK.findall(text):
        if blank not in BLANKS:
            table.problem(
                key, f"« {key} » : blanc inconnu « {blank} »{did_you_mean(blank, BLANKS)}"
            )
    return text


def must_remind(table: Table, key: str, text: str) -> None:
    """A text that people read must say that we replace neither 17 nor 112."""
    if text and not says_the_reminder(text):
        table.problem(key, f"« {key} » doit dire « {REMINDER} »")


def _power(table: Table) -> int:
    power = table.whole("officer_power", 0)
    if not 0 <= power < 100:
        # 100 would let an officer invite whom they like: the service alone decides who is in.
        table.problem("officer_power", f"« officer_power » va de 0 à 99, pas {power}")
    return power
