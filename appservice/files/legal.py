"""The legal checklist of a territory: who answers for what, since when, by which document."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from appservice.files.yaml_source import ProblemList, Table, read_yaml

FOLDER = "conformite"
ITEMS: Mapping[str, str] = {
    "responsable": "responsable de traitement (RGPD art. 4, 24 et 26)",
    "dpo": "délégué à la protection des données (RGPD art. 37)",
    "registre": "inscription au registre des traitements (RGPD art. 30)",
    "aipd": "analyse d'impact (RGPD art. 35)",
    "convention": "convention avec les forces de l'ordre (CSI art. L. 512-4 ; RGPD art. 26)",
    "information": "texte d'information des personnes (RGPD art. 13)",
    "durees": "durées de conservation (RGPD art. 5)",
}
_FIELDS: Mapping[str, str] = {
    "qui": "qui en répond",
    "le": "de quand date la pièce (AAAA-MM-JJ)",
    "reference": "où la trouver",
}


def gaps_of(territories: Path, territory: str) -> tuple[str, ...]:
    """What is missing from that territory's checklist, each with file:line; empty when nothing is.

    A checklist that can't be read is a gap of its own territory, never a mistake of the others.
    """
    path, gaps = territories / FOLDER / f"{territory}.yaml", ProblemList()
    if not path.is_file():
        gaps.add(path, 1, f"la liste légale de « {territory} » manque")
        return tuple(map(str, gaps))
    table = read_yaml(path, gaps)
    if table is not None:
        table.only(*ITEMS)
        for item, meaning in ITEMS.items():
            _look(table, item, meaning, gaps)
    return tuple(map(str, gaps))


def _look(table: Table, item: str, meaning: str, gaps: ProblemList) -> None:
    if item not in table:
        gaps.add(table.path, table.start, f"« {item} » manque : {meaning}")
        return
    if not table.is_table(item):
        table.problem(item, f"« {item} » : {', '.join(_FIELDS)}, pour {meaning}")
        return
    entry = table.table(item)
    if entry is None:
        return
    entry.only(*_FIELDS)
    for field, what in _FIELDS.items():
        value = entry.text(field, "").strip()
        if not value:
            entry.problem(field, f"« {item} » : « {field} » manque, {what}")
        elif field == "le" and not _is_day(value):
            entry.problem(field, f"« {item} » : « le » n'est pas une date (AAAA-MM-JJ)")


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
