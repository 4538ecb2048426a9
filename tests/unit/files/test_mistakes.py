"""One bad file per mistake, and what its author is told, with file and line."""

import shutil
from pathlib import Path

import pytest
from support.land import shipped_world

from appservice.files.charters import read_charters
from appservice.files.config import load_config
from appservice.files.seed import read_seed
from appservice.files.templates import read_templates
from appservice.files.territories import read_territories
from appservice.files.world import shipped_paths
from appservice.files.yaml_source import BadFiles, Problem, ProblemList

BAD = Path(__file__).parent / "bad"
CHARTERS = ("charte-commercants", "charte-agents")

EXPECTED: dict[str, list[str]] = {
    "charter.bad-front-matter.md": [
        "2: « version » manque",
        "3: clé inconnue « versoin », vouliez-vous dire « version » ?",
        "5: « valid_days » doit être un nombre entier, pas « un an »",
    ],
    "charter.empty.md": [
        "6: le texte de la charte est vide",
    ],
    "charter.endless.md": [
        "5: « valid_days » va de 1 à 1098, pas 36500",
    ],
    "charter.grace-alone.md": [
        "2: « replaces » manque",
        "2: « since » manque",
    ],
    "charter.grace-odd.md": [
        "6: « replaces » est l'empreinte de ce texte même",
        "8: « grace_days » va de 1 à 90, pas 400",
    ],
    "charter.grace-unreadable.md": [
        "6: « replaces » est l'empreinte (SHA-256) du texte précédent",
    ],
    "charter.no-front-matter.md": [
        "1: l'en-tête entre deux lignes « --- » manque",
    ],
    "charter.no-reminder.md": [
        "6: la charte doit dire que l'usage est professionnel",
        "6: la charte doit dire « ne remplace pas le 17 ni le 112 »",
    ],
    "charter.windows-lines.md": [
        "1: fins de ligne Windows : enregistrez en fins de ligne Unix",
    ],
    "config.bad-values.yaml": [
        "2: « url » doit être une adresse http:// ou https://, pas « 127.0.0.1:8008 »",
        "7: « port » va de 1 à 65535, pas 70000",
        "9: « account » s'écrit au format international (+33…)",
        "10: « http_check » doit être une adresse http:// ou https://, pas « http://[oups »",
        "16: « sender » : 11 lettres ou chiffres au plus, sans accent",
        "17: « max_segments » va de 1 à 6, pas 12",
        "19: « sms_expires_minutes » doit être positif, pas -5",
        "20: clé inconnue « path »",
        "20: « port » va de 1 à 65535, pas 0",
    ],
    "config.missing-files.yaml": [
        "4: « registration » : fichier introuvable « ailleurs.yaml »",
        "5: « dsn_file » : fichier introuvable « ailleurs »",
        "6: « keys » : dossier introuvable « ailleurs »",
        "7: « policies » : dossier introuvable « ailleurs »",
    ],
    "config.missing-sections.yaml": [
        "1: « database » manque",
        "1: « homeserver » manque",
    ],
    "config.other-gateway.yaml": [
        "8: « application_key » manque",
        "8: « consumer_key_file » manque",
        "8: « service » manque",
        "10: clé inconnue « user », vouliez-vous dire « sender » ?",
        "11: « application_secret_file » : fichier introuvable « ailleurs »",
        "13: « sender » : « ALERTE » ne dit pas qui écrit, les opérateurs le refusent ; "
        "mettez la commune",
        "14: « rate » va de 0 à 1000, pas -1",
        "15: « window » va de 1 à 100, pas 0",
    ],
    "config.password-in-clear.yaml": [
        "2: « url » contient un mot de passe : passez par un fichier",
        "6: « dsn » contient un mot de passe : mettez-le dans « dsn_file »",
        "9: « password_file » manque",
        "11: clé inconnue « password », vouliez-vous dire « password_file » ?",
    ],
    "config.unknown-gateway.yaml": [
        "8: « transport » : valeur inconnue « gamu », vouliez-vous dire « gammu » ?",
        "13: « sender » : un nom, ou un numéro court à cinq chiffres (36… ou 38…)",
        "14: « validity_minutes » va de 5 à 1440, pas 1",
    ],
    "config.two-databases.yaml": [
        "5: « database » : soit « dsn », soit « dsn_file »",
    ],
    "config.unknown-keys.yaml": [
        "7: clé inconnue « signl », vouliez-vous dire « signal » ?",
        "9: clé inconnue « sms_expire_minutes », vouliez-vous dire « sms_expires_minutes » ?",
    ],
    "seed.bad-phones.yaml": [
        "9: « 02 99 68 31 45 » n'est pas un numéro de mobile",
        "17: « demain » n'est pas un numéro de téléphone",
        "25: « 06 12 » n'est pas un numéro de téléphone",
    ],
    "seed.no-address.yaml": [
        "2: Le canal signal demande un numéro ou un compte Signal.",
        "2: Le canal sms demande un numéro de mobile.",
        "9: Au moins un canal : matrix, signal ou sms.",
    ],
    "seed.nobody.yaml": [
        "1: « members » : au moins une personne",
    ],
    "seed.not-a-list.yaml": [
        "1: « members » doit être une liste",
    ],
    "seed.not-of-the-territory.yaml": [
        "6: Métier inconnu « fleuristes » (connus : buralistes, boulangers, bijoutiers).",
        "7: Commune hors du territoire Ille-et-Vilaine.",
        "9: Le compte Matrix doit être sur maillage.test.",
        "13: zone « canton:1 » : écrire « commune:35152 »",
        "19: Zone hors du territoire : departement:78.",
    ],
    "seed.unknown-words.yaml": [
        "7: clé inconnue « comune », vouliez-vous dire « commune » ?",
        "8: canal inconnu « signl », vouliez-vous dire « signal » ?",
        "10: « language » : valeur inconnue « br »",
        "12: « role » : valeur inconnue « marchand », vouliez-vous dire « merchant » ?",
        "13: « territory » : valeur inconnue « ile-et-vilaine »"
        ", vouliez-vous dire « ille-et-vilaine » ?",
    ],
    "template.malformed.yaml": [
        "4: YAML mal formé : found unexpected end of stream",
    ],
    "template.no-reminder.yaml": [
        "3: « topic » doit dire « ne remplace pas le 17 ni le 112 »",
        "4: « welcome » doit dire « ne remplace pas le 17 ni le 112 »",
    ],
    "template.same-kind-twice.yaml": [
        "1: deux modèles pour le genre « poste »",
    ],
    "template.space-with-signal.yaml": [
        "5: un espace n'a pas de groupe Signal",
    ],
    "template.unknown-key.yaml": [
        "1: « welcome » manque",
        "4: clé inconnue « welcom », vouliez-vous dire « welcome » ?",
    ],
    "template.unknown-kind.yaml": [
        "1: « kind » : valeur inconnue « alerte », vouliez-vous dire « alertes » ?",
    ],
    "template.unknown-words.yaml": [
        "2: « name » : blanc inconnu « metier »",
        "2: « name » : blanc inconnu « zonne », vouliez-vous dire « zone » ?",
        "5: « writers » : valeur inconnue « membre », vouliez-vous dire « membres » ?",
        "6: « signal » : valeur inconnue « groupes », vouliez-vous dire « groupe » ?",
        "7: « officer_power » va de 0 à 99, pas 100",
        "8: « tolerates » ne vaut que pour les échanges",
    ],
    "territory.bad-test.yaml": [
        "7: « phase » : valeur inconnue « essai »",
        "10: « quelqu'un » n'est pas un numéro de téléphone, ni un identifiant Matrix ou Signal",
    ],
    "territory.commune-elsewhere.yaml": [
        "6: 78361 (Mantes-la-Jolie) n'est pas dans le département 35",
    ],
    "territory.no-grouping.yaml": [
        "4: 29083 (Île-de-Sein) n'a pas d'EPCI",
    ],
    "territory.not-a-table.yaml": [
        "1: le fichier doit contenir un tableau de clés",
    ],
    "territory.trade-twice.yaml": [
        "4: « communes » manque : au moins un code INSEE, ou all",
        "10: clé « buralistes » écrite deux fois",
    ],
    "territory.unknown-commune.yaml": [
        "5: code INSEE inconnu « 35153x », vouliez-vous dire « 35153 » ?",
        "7: commune 35152 écrite deux fois",
    ],
    "territory.unknown-department.yaml": [
        "1: « id » : minuscules, chiffres et tirets, pas « Essai 1 »",
        "3: département inconnu « 00 »",
    ],
    "territory.bad-senders.yaml": [
        "9: « senders » : valeur inconnue « chef-de-quart », "
        "vouliez-vous dire « chef_de_quart » ?",
    ],
    "territory.bad-texts.yaml": [
        "8: « quiet_hours » s'écrit « 22h-7h », « 22h30-6h45 » ou aucune, pas « la nuit »",
        "9: fuseau horaire inconnu « Europe/Rennes » (par exemple Europe/Paris)",
        "10: « gsm7_only » doit être true ou false, pas « peut-être »",
        "11: clé inconnue « stale »",
    ],
    "territory.unknown-keys.yaml": [
        "4: « communes » est une liste de codes INSEE, ou all",
        "5: clé inconnue « depatement », vouliez-vous dire « department » ?",
        "6: « poste » : valeur inconnue « communes », vouliez-vous dire « commune » ?",
        "8: clé inconnue « agents », vouliez-vous dire « agent » ?",
        "8: « agent » manque",
        "8: « merchant » : valeur inconnue « charte-comercants »"
        ", vouliez-vous dire « charte-commercants » ?",
        "9: « trades » : au moins un métier",
    ],
    "territory.unknown-level.yaml": [
        "9: « buralistes » : valeur inconnue « departemnt », vouliez-vous dire « departement » ?",
        "10: clé inconnue « nom »",
        "10: « level » : valeur inconnue « comune », vouliez-vous dire « commune » ?",
        "11: métier « Bijoutiers » : minuscules, chiffres et tirets seulement",
    ],
}


def problems_of(path: Path, folder: Path) -> list[Problem]:
    """Reads the file as its kind is read; `folder` is empty, and has what a good one needs."""
    kind = path.name.partition(".")[0]
    problems = ProblemList()
    if kind == "template":
        for good in shipped_paths().templates.glob("*.yaml"):
            if good.stem not in {"alertes", "espace"}:
                shutil.copy(good, folder)
        shutil.copy(path, folder)
        read_templates(folder, problems)
    elif kind == "territory":
        shutil.copy(path, folder)
        read_territories(folder, CHARTERS, problems)
    elif kind == "charter":
        shutil.copy(path, folder)
        read_charters(folder, problems)
    else:
        try:
            if kind == "seed":
                read_seed(path, shipped_world(), "maillage.test")
            else:
                read_config_in(path, folder)
        except BadFiles as bad:
            return list(bad.problems)
    return list(problems)


def read_config_in(path: Path, folder: Path) -> None:
    for name in ("registration.yaml", "dsn"):
        (folder / name).write_text("x", "utf-8")
    (folder / "keys").mkdir()
    shutil.copy(path, folder)
    load_config(folder / path.name)


def of_that_file(path: Path, problems: list[Problem]) -> list[str]:
    return [f"{p.line}: {p.message}" for p in problems if Path(p.path).name == path.name]


@pytest.mark.parametrize("path", sorted(BAD.iterdir()), ids=lambda path: path.name)
def test_each_mistake_is_told_at_its_line(path: Path, tmp_path: Path) -> None:
    assert of_that_file(path, problems_of(path, tmp_path)) == EXPECTED[path.name]
