"""Talk: both ways across the bridges, under the same rules, and the telephone before all else."""

import re

import pytest
from support.town import FINISTERE, PATIENCE, Town

from appservice.demo.child import wait_until
from appservice.demo.people import BRETAGNE, MANTES
from appservice.domain.room import Kind
from appservice.files.policies import load_policy
from appservice.files.shipped import shipped

pytestmark = pytest.mark.e2e

REMINDER = "Ne remplace pas le 17 ni le 112"
RULE = re.compile(r"règle ([a-z0-9-]+)")


@pytest.mark.acceptance("S0-07")
async def test_an_agents_words_cross_to_the_signal_group_and_back(town: Town) -> None:
    cast, signal = town.cast, town.stage.signal.world
    cases = (
        (
            Kind.POSTE,
            MANTES,
            "",
            "salvi",
            "colin",
            "Brigadière Colin (police municipale) (Signal)",
        ),
        (Kind.ECHANGES, MANTES, "bijoutiers", "perrin", "fabre", "Horlogerie Fabre (Signal)"),
        (Kind.ECHANGES, BRETAGNE, "buralistes", "lebihan", "legoff", "Tabac du Port (Signal)"),
    )
    for minute, (kind, territory, trade, officer, other, name) in enumerate(cases):
        room = cast.scenery.room(kind, territory, trade)
        group = town.group(kind, territory, trade)
        there = f"Bonjour, réunion avec les agents en mairie demain à 10 h 0{minute}"
        news = town.news(other)
        await cast.elements[officer].say(room, there)
        shown = await news.of(there)
        assert shown.startswith(cast.people[officer].name), shown
        assert "(Element)" in shown
        [note] = [n for n in cast.signal_notes(other) if there in n.text]
        assert note.group == group, "in the group, not in private"

        back, news = f"Merci, je serai là à 10 h 1{minute}", town.news(officer)
        signal.say(cast.aci(other), back, group=group)
        assert (await news.of(back)).startswith(name)
        [seen] = [s for s in cast.timeline(officer) if back in s.text]
        assert (seen.room, seen.encrypted, seen.readable) == (room, True, True)


ALERTS = (
    "Attention : véhicule ou personnes suspectes en repérage dans la zone artisanale",
    "Vol constaté à Quimper hier, voiture immatriculée AB-123-CD",
    "Vol constaté à Quimper hier, appelez le 06 39 98 00 44",
    "Vol constaté à Quimper. " + "Contrôlez vos serrures et vos volets. " * 5,
    "Vol constaté à Quimper hier, fourgon au pare-chocs arraché",
)


@pytest.mark.acceptance("S4-12")
async def test_an_alert_gets_the_same_verdict_from_element_signal_and_sms(town: Town) -> None:
    """The same officer, alone with the service on each channel."""
    seen = set()
    for alert in ALERTS:
        order = f"alerte boulangers : {alert}"
        verdicts = [
            await _verdict(town, channel, order) for channel in ("matrix", "signal", "sms")
        ]
        assert verdicts[0] == verdicts[1] == verdicts[2], (alert, verdicts)
        assert verdicts[0], alert
        seen |= set(verdicts[0])
    assert {"suspicion-only", "over-length-gsm7"} <= seen
    for minute, channel in enumerate(("matrix", "signal", "sms")):
        text = f"Vol constaté à Quimper hier à 10 h 2{minute} dans une boulangerie."
        news = town.news("cariou")
        await _writes(town, "cariou", channel, f"alerte boulangers : {text}")
        await news.of(" publiée : ")
        await town.once_a_channel(text, ["nedelec"])


async def _writes(town: Town, key: str, channel: str, text: str) -> None:
    """Alone with the service."""
    cast = town.cast
    if channel == "matrix":
        await cast.elements[key].say(cast.guichet(key), text)
    elif channel == "signal":
        town.stage.signal.world.say(cast.aci(key), text)
    else:
        town.stage.kannel.say(cast.people[key].number, text)


def _told(town: Town, channel: str) -> list[str]:
    """What the service wrote privately to that officer on that channel, oldest first."""
    cast = town.cast
    if channel == "matrix":
        guichet, bot = cast.guichet("cariou"), town.stage.homeserver.bot
        timeline = cast.timeline("cariou")
        return [s.text for s in timeline if s.room == guichet and s.sender == bot]
    if channel == "signal":
        service = town.stage.signal.world.service
        notes = cast.signal_notes("cariou")
        return [n.text for n in notes if n.author == service and n.group is None]
    return [t.text for t in town.stage.kannel.inbox(cast.people["cariou"].number) if not t.mine]


async def _verdict(town: Town, channel: str, order: str) -> tuple[str, ...]:
    """The rules that the answer names; a held alert names them on its card, in the poste."""
    before, news = len(_told(town, channel)), town.news("cariou")
    await _writes(town, "cariou", channel, order)

    async def answered() -> bool:
        return len(_told(town, channel)) > before

    await wait_until(answered, f"une réponse par {channel}", PATIENCE)
    answer = _told(town, channel)[before]
    if "Alerte non diffusée" in answer:
        return ("refusée", *RULE.findall(answer))
    card = await news.of("attend une deuxième personne\n")
    return ("retenue", *RULE.findall(card))


@pytest.mark.acceptance("S4-12")
async def test_talk_gets_the_same_verdict_from_element_and_signal(town: Town) -> None:
    cast = town.cast
    room = cast.scenery.room(Kind.ECHANGES, MANTES, "bijoutiers")
    group = town.group(Kind.ECHANGES, MANTES, "bijoutiers")
    for accused in (
        "C'est le neveu de la fleuriste, un type louche qui traîne toujours par ici",
        "Encore eux, la voiture immatriculée AB-123-CD rôde devant chez moi",
    ):
        aurore, fabre = town.news("aurore"), town.news("fabre")
        sent = await cast.elements["aurore"].say(room, accused)
        on_element = await aurore.of("Votre message a été retiré")
        town.stage.signal.world.say(cast.aci("fabre"), accused, group=group)
        on_signal = await fabre.of("Votre message n'a pas été relayé")
        assert RULE.findall(on_element) == RULE.findall(on_signal) != []

        async def removed(event: str = sent) -> bool:
            return cast.elements["aurore"].seen[event].deleted

        await wait_until(removed, "Le message retiré", PATIENCE)
        # Each shows the phrase where its author wrote it, and nowhere else.
        assert cast.copies("aurore", accused) == 0
        assert cast.copies("fabre", accused) == 1
        assert cast.copies("salvi", accused) == 0


@pytest.mark.acceptance("S0-12")
async def test_the_reminder_is_pinned_and_read_by_who_came_later(town: Town) -> None:
    cast = town.cast
    await cast.maillage("revoke", cast.address("guyot"))
    await town.sign("guyot")
    await town.come_in("guyot")
    rooms = await cast.elements["guyot"].seats()
    kinds = {key.kind for key, room in cast.scenery.rooms.items() if room in rooms}
    assert kinds == {Kind.ALERTES, Kind.ECHANGES, Kind.GUICHET, Kind.SPACE}
    for key, room in cast.scenery.rooms.items():
        if key.territory != BRETAGNE:
            continue
        assert REMINDER in (await cast.read_state(room, "m.room.topic"))["topic"], key
        if key.kind is Kind.SPACE:
            continue
        [pinned] = (await cast.read_state(room, "m.room.pinned_events"))["pinned"]
        # Those who came first may have the welcome further up than a phone loads by itself.
        for person in ("guyot",):
            element = cast.elements[person]
            if room not in await element.seats():
                continue
            seen = await element.until(
                lambda element=element, pinned=pinned: element.seen.get(pinned), PATIENCE
            )
            assert seen.readable, (key.kind, person)
            assert REMINDER in seen.text, (key.kind, person)
            assert "Bienvenue" in seen.text, (key.kind, person)
    for charter in town.stage.world.charters.glob("*.md"):
        assert REMINDER in charter.read_text(encoding="utf-8"), charter.name
    circle = town.stage.signal.world.register.circles[
        town.group(Kind.ALERTES, BRETAGNE, "buralistes")
    ]
    assert REMINDER in circle.description


EMERGENCY = "Au secours, braquage en cours dans mon magasin, ils sont armés"


@pytest.mark.acceptance("S0-12")
@pytest.mark.acceptance("S1-06")
async def test_an_emergency_is_told_17_and_112_before_anything_else(town: Town) -> None:
    cast = town.cast
    # Element, in the guichet and in a shared room.
    for room in (
        cast.guichet("tanguy"),
        cast.scenery.room(Kind.ECHANGES, BRETAGNE, "buralistes"),
    ):
        before, news = len(town.heard_by("tanguy")), town.news("tanguy")
        await cast.elements["tanguy"].say(room, EMERGENCY)
        await news.of("Danger en cours")
        assert _tells(town.heard_by("tanguy")[before])
    # Signal.
    before, news = len(cast.signal_notes("legoff")), town.news("legoff")
    town.stage.signal.world.say(cast.aci("legoff"), EMERGENCY)
    await news.of("Danger en cours")
    assert _tells(cast.signal_notes("legoff")[before + 1].text)
    # A basic phone.
    number = cast.people["riou"].number
    before, news = len(town.stage.kannel.inbox(number)), town.news("riou")
    town.stage.kannel.say(number, EMERGENCY)
    await news.of("Danger en cours")
    assert _tells(town.stage.kannel.inbox(number)[before + 1].text)
    # The officers have it, whatever the channel; nobody else does.
    for name in ("Tabac de la Halle", "Tabac du Port", "Bar-tabac Le Celtic"):

        async def urgent(name: str = name) -> bool:
            return any("URGENCE" in text and name in text for text in cast.texts("kerboul"))

        await wait_until(urgent, f"La carte de {name}", PATIENCE)
    assert cast.copies("legoff", EMERGENCY) == 1, "what he wrote himself"
    assert cast.copies("guyot", EMERGENCY) == 0


def _tells(text: str) -> bool:
    return text.startswith("Danger en cours") and all(n in text for n in ("17", "112", "114"))


@pytest.mark.acceptance("S0-17")
@pytest.mark.parametrize(
    ("key", "channel"), [("tanguy", "matrix"), ("legoff", "signal"), ("riou", "sms")]
)
async def test_any_member_reads_the_rules_that_judge(town: Town, key: str, channel: str) -> None:
    policy = load_policy(shipped("policies"))
    news = town.news(key)
    await _writes(town, key, channel, "Règles")
    if channel == "sms":
        assert f"REGLE 1 à {len(policy.rules)}" in await news.of("Une alerte dit un fait")
    else:
        listed = await news.of("Les règles qui jugent")
        assert all(rule.sentences["fr"] in listed for rule in policy.rules.values())
        assert policy.hash[:12] in listed
    plate = list(policy.rules).index("licence-plate") + 1
    await _writes(town, key, channel, f"règle {plate}")
    one = await news.of(policy.rules["licence-plate"].legal_basis)
    assert policy.rules["licence-plate"].sentences["fr"] in one


async def test_another_territory_hears_nothing(town: Town) -> None:
    cast = town.cast
    text = "Bonjour, réunion des boulangers demain à 10 h 31"
    room = cast.scenery.room(Kind.ECHANGES, FINISTERE, "boulangers")
    news = town.news("cariou")
    await cast.elements["nedelec"].say(room, text)
    await news.of(text)
    assert all(cast.copies(key, text) == 0 for key in cast.people if key not in _QUIMPER)


_QUIMPER = ("nedelec", "kervella", "cariou")
