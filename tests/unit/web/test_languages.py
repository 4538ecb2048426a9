"""Five languages: nothing that a page says lacks a translation, and the reader chooses."""

import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from support.console import ConsoleTown

import appservice.web
from appservice.domain.charter import NotInForce
from appservice.domain.console import Position, Right, password_mistake
from appservice.domain.console.acts import ACTS
from appservice.domain.console.conditions import EVERY
from appservice.domain.console.reached import Why
from appservice.domain.console.search import CharterState, Order
from appservice.domain.enrolment import LANGUAGES
from appservice.domain.errors import MaillageError, NotAllowed
from appservice.domain.wording import alerts as words
from appservice.flows.arrival import handing, linking
from appservice.flows.charter import refusals
from appservice.flows.charter.links import IS_OUT, NOT_OUT, OFF_LIST
from appservice.flows.console import agents, entry, passkeys, vouching
from appservice.flows.console.editing import ANOTHER_ACCOUNT, ANOTHER_PERSON
from appservice.flows.signature import TextChanged
from appservice.web import admission, filters
from appservice.web.alerting.shown import REPORT_STAGES, STAGES, STEPS, VERDICTS
from appservice.web.enrolling import typed
from appservice.web.languages import NAMES, SOURCE, accepted_by, catalogue, choose
from appservice.web.openid import provider
from appservice.web.pages import importing, log, openly
from appservice.web.pages.links import LINK_STATES
from appservice.web.pages.register import TRAININGS
from appservice.web.receipts import page as receipt
from appservice.web.routes import ROUTES

FOLDER = Path(appservice.web.__file__).parent
OTHERS = [language for language in LANGUAGES if language != SOURCE]


def texts() -> set[str]:
    """What templates say, and what is said through them."""
    found = {
        message
        for _file, _line, message, _comments, _context in extract_from_dir(
            FOLDER, [("templates/**.html", "jinja2")], keywords={"_": None}
        )
        if isinstance(message, str)
    }
    return found | set(said_elsewhere())


def said_elsewhere() -> Iterator[str]:
    for label in (*Position, *Right):
        yield label.french
    for route in ROUTES:
        yield from (text for text in (route.title, route.about) if text)
    yield from admission.SENTENCES.values()
    yield from ACTS.values()
    yield from openly.KEPT.values()
    yield from (agents.NOT_ONESELF, typed.NO_ROLE, typed.NO_ZONE, typed.NOT_A_COMMUNE)
    yield from (linking.ALREADY_IN, linking.NOT_THE_CODE, linking.NO_ACCOUNT)
    yield from (linking.NO_HOMESERVER, *linking.MISTAKES.values())
    yield from (log.NOT_A_DAY, log.BACKWARDS, log.NOT_A_SUBJECT, log.NOT_YOURS)
    for why in Why:
        yield from (why.french, why.remedy)
    for choice in (*CharterState, *Order):
        yield choice.french
    yield from (text for one in EVERY for text in (one.french, one.effect))
    yield from (filters.NOT_A_CHOICE, filters.NOT_A_COMMUNE, filters.NO_WORD, filters.NOT_A_PAGE)
    yield from ("Tous", "Toutes", *(label for _, label in TRAININGS))
    yield from (*VERDICTS.values(), *STAGES.values(), *STEPS.values())
    yield from REPORT_STAGES.values()
    yield from LINK_STATES.values()
    yield from importing.STAGES.values()
    yield from refusals.SENTENCES
    yield from receipt.TEXTS
    for error in (*every_error(), NotAllowed, TextChanged):
        yield error().message
    for reason in ("never-signed", "outdated", "expired", "revoked"):
        yield NotInForce(reason).french
    for password in ("court", "x" * 201, "a" * 20):
        mistake = password_mistake(password, "camille", "Camille")
        assert mistake is not None
        yield mistake


def every_error() -> Iterator[type[MaillageError]]:
    for module in (entry, vouching, passkeys, admission, provider, refusals):
        yield from errors_of(module)


def errors_of(module: object) -> list[type[MaillageError]]:
    return [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, MaillageError)
        and value.__module__ == module.__name__
        and value is not entry.NotThat
    ]


@pytest.mark.parametrize("language", OTHERS)
def test_everything_that_is_said_is_translated(language: str):
    missing = {text for text in texts() if catalogue(language).gettext(text) == text}
    assert missing - SAME == set()


@pytest.mark.parametrize("language", OTHERS)
def test_no_translation_is_of_a_text_that_is_gone(language: str):
    known = texts() | SAID_BY_FLOWS
    assert set(catalogue(language).messages) - known == set()


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_names_the_same_things(language: str):
    for text, translation in catalogue(language).messages.items():
        assert names(text) == names(translation), text


def names(text: str) -> set[str]:
    return {word for word in text.split("%(")[1:] for word in [word.partition(")")[0]]}


SAME = {
    "Console",
    "Zone",
    "Photos",
    "Urgente",
    "Gendarmerie",
    "Auditor",
    "Password",
    "Pages",
    "Participants",
    "Commune",
    "Communes",
    "Versions",
    "Canal",
    "Version",
    "Identification",
}
"""Spelt alike in two languages."""

SAID_BY_FLOWS = {
    "Le jour de la formation s'écrit 21/11/2026.",
    ANOTHER_PERSON,
    ANOTHER_ACCOUNT,
    IS_OUT,
    NOT_OUT,
    handing.NOT_SIGNED,
    handing.NOT_OURS,
    handing.NOT_DONE,
    "Le serveur Matrix ne répond pas.",
    "Le serveur Matrix est occupé.",
    OFF_LIST,
    "Choisissez une zone de la liste.",
    "Choisissez des métiers de la liste.",
    "Choisissez une infraction de la liste.",
    "Choisissez un service de la liste.",
    "Le texte manque.",
    "Le texte est trop long.",
    "Dites pourquoi, en quelques mots.",
    "Quelqu'un d'autre a été plus rapide : voici ce qu'il en est.",
    "L'auteur d'une alerte ne peut pas la valider lui-même.",
    words.NOBODY,
    words.SUSPENDED,
    words.HELD_CORRECTION,
    "Les deux mots de passe ne sont pas les mêmes.",
    "Ce code n'est pas celui que l'application montre maintenant.",
    "La base de données est momentanément hors d'atteinte.",
    "Vous ne pouvez pas retirer votre propre participation.",
    "Il n'y a pas de participation à retirer.",
    "Aucun lien de signature n'est ouvert.",
    "Aucune charte à signer pour ce territoire.",
    "Le nom manque.",
    "Le nom du commerce manque : c'est lui que les autres lisent.",
    "Au moins un métier.",
    "Au moins un canal : matrix, signal ou sms.",
    "La commune du commerce manque.",
    "Ce SIRET est faux : quatorze chiffres, vérifiés par une clé.",
    "Cette colonne manque.",
    "Cette colonne n'est pas attendue.",
    "Le fichier ne contient personne.",
    "Trop de colonnes, ou un texte trop long.",
    "Ligne illisible : un guillemet n'est pas fermé.",
    "Déjà inscrit avec ce numéro.",
    "Déjà inscrit avec cet identifiant Matrix.",
    "Le canal sms demande un numéro de mobile.",
}


def test_there_are_as_many_names_as_languages():
    assert tuple(NAMES) == LANGUAGES
    assert all(set(name) <= set(string.ascii_letters + "çñ") for name in NAMES.values())


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("pt-BR, it;q=0.5, es;q=0.7", "es"),
        ("*", "fr"),
        ("", "fr"),
        ("en;q=zut", "en"),
        (";q=,,;", "fr"),
    ],
)
def test_the_browser_says_what_it_reads(header: str, expected: str):
    assert choose(None, None, accepted_by(header)) == expected


async def test_a_language_is_chosen_by_a_link_and_kept(town: ConsoleTown):
    reader = town.visitor()
    assert "Se connecter" in (await reader.get("/connexion")).text
    german = await reader.get("/connexion?langue=de")
    assert '<html lang="de">' in german.text
    assert "Anmelden" in german.text
    assert "Anmelden" in (await reader.get("/connexion")).text
    assert "Diese Seite gibt es nicht" in (await reader.get("/nulle-part")).text
    nonsense = await reader.get("/connexion?langue=<x>")
    assert "Anmelden" in nonsense.text
    assert "<x>" not in nonsense.text
