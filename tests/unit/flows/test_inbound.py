"""Who wrote, where, and what it became; once."""

from dataclasses import dataclass, replace

import pytest
from support.story import (
    ALERTES,
    ANNE,
    BRUNO,
    CHLOE,
    DAVID,
    ELISE,
    MAIRIE,
    MOREL,
    NADIA,
    PHOTO,
    POSTE,
    POSTE_GROUP,
    VOICE,
    Story,
    guichet,
    merchant,
    signature,
)

from appservice.domain.errors import TemporaryFailure
from appservice.domain.ids import MemberId
from appservice.domain.member import Channel
from bridges.protocol import Message, Receipt, ReceiptState

FACT = "Un client a payé avec un faux billet ce matin"


async def test_the_same_message_twice_is_handled_once(story: Story) -> None:
    for _ in range(3):
        await story.writes(ANNE, FACT, key="$same")
    assert len(story.store.tables.reports) == 1


async def test_a_refusal_is_told_once_too(story: Story) -> None:
    for _ in range(3):
        await story.writes(MOREL, "valide A9", where=POSTE, key="$same")
    assert story.told(MOREL) == ["A9 n'existe pas."]


async def test_what_nobody_foresaw_goes_up_and_leaves_nothing(story: Story) -> None:
    story.inbound.media = Broken(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        await story.writes(ANNE, FACT, PHOTO, key="$same")
    assert story.store.tables.reports == {}
    assert story.parcels() == []
    story.inbound = Story().inbound
    story.inbound.store = story.store
    await story.writes(ANNE, FACT, key="$same")
    assert len(story.store.tables.reports) == 1


@dataclass
class Broken:
    error: Exception

    async def clean(self, attachment: object) -> None:
        raise self.error


async def test_an_outage_is_nobodys_refusal(story: Story) -> None:
    story.inbound.media = Broken(TemporaryFailure())
    with pytest.raises(TemporaryFailure):
        await story.writes(ANNE, FACT, PHOTO)
    assert story.parcels() == []


class TestGuichet:
    async def test_gives_help_with_a_contact(self, story: Story) -> None:
        await story.writes(ANNE, "aide")
        assert "17 ou 112" in story.told(ANNE)[0]
        assert "mairie de Liffré" in story.told(ANNE)[0]
        await story.writes(MOREL, "aide")
        assert "valide A7" in story.told(MOREL)[0]

    async def test_gives_the_charter_and_what_is_known(self, story: Story) -> None:
        await story.writes(ANNE, "charte")
        assert "Texte de charte-commercants." in story.told(ANNE)[0]
        assert "21/11/2027" in story.told(ANNE)[0]
        await story.writes(CHLOE, "charte", channel=Channel.SMS)
        assert "Texte de" not in story.told(CHLOE, Channel.SMS)[0]
        await story.writes(ANNE, "moi")
        assert "Commerce : Tabac Anne" in story.told(ANNE)[-1]
        assert "Commune : Liffré" in story.told(ANNE)[-1]

    async def test_an_unknown_command_is_explained_and_is_no_report(self, story: Story) -> None:
        await story.writes(ANNE, "!chate")
        assert "« charte »" in story.told(ANNE)[0]
        assert story.store.tables.reports == {}

    async def test_officers_are_asked_what_they_meant(self, story: Story) -> None:
        await story.writes(MOREL, "je ne sais plus")
        assert "Écrivez « aide »" in story.told(MOREL)[0]
        await story.writes(MOREL, "il est armé")
        assert "URGENCE" in story.poste()[0]

    async def test_the_mairie_may_report(self, story: Story) -> None:
        await story.writes(MAIRIE, "la vitrine de la mairie est brisée ce matin")
        assert "S1" in story.poste()[0]

    async def test_belongs_to_one_member(self, story: Story) -> None:
        await story.writes(MOREL, "aide", where=guichet(ANNE.id))
        assert story.parcels() == []


class TestPoste:
    async def test_officers_talk_across_the_bridge(self, story: Story) -> None:
        await story.writes(MOREL, "Bonjour à tous", where=POSTE)
        await story.writes(NADIA, "Reçu", PHOTO, where=POSTE_GROUP, channel=Channel.SIGNAL)
        await story.deliver()
        assert story.bridges[Channel.SIGNAL].texts(POSTE_GROUP) == [
            "Morel (gendarmerie) (Element) : Bonjour à tous"
        ]
        (line,) = story.bridges[Channel.MATRIX].sent
        assert line.text == "Nadia (gendarmerie) (Signal) : Reçu"
        assert line.attachments[0].data == b"clean:photo"

    async def test_talk_may_be_edited_and_deleted(self, story: Story) -> None:
        key = await story.writes(MOREL, "Bonjour", where=POSTE)
        await story.edits(MOREL, key, "Bonsoir", where=POSTE)
        await story.deliver()
        assert story.bridges[Channel.SIGNAL].texts(POSTE_GROUP)[0].endswith("Bonsoir")
        await story.deletes(MOREL, key, where=POSTE)
        await story.deliver()
        assert story.bridges[Channel.SIGNAL].texts(POSTE_GROUP) == []

    async def test_a_mistyped_command_is_told_in_private_and_does_not_cross(
        self, story: Story
    ) -> None:
        await story.writes(MOREL, "valdie A7", where=POSTE)
        assert "valide A7" in story.told(MOREL)[0]
        assert story.poste() == []

    async def test_a_merchant_who_got_in_is_neither_obeyed_nor_relayed(self, story: Story) -> None:
        await story.writes(BRUNO, "valide A1", where=POSTE_GROUP, channel=Channel.SIGNAL)
        assert "rôle" in story.told(BRUNO, Channel.SIGNAL)[0]
        assert story.poste() == []


class TestStrangers:
    async def test_get_one_polite_answer_a_week(self, story: Story) -> None:
        for number in range(3):
            await story.inbound.handle(
                Channel.SIGNAL, Message(f"k{number}", "aci-stranger", "Bonjour", story.now)
            )
        (answer,) = story.parcels(Channel.SIGNAL, "aci-stranger")
        assert "mairie de Liffré" in answer.body
        story.later(days=6, hours=23)
        await story.inbound.handle(
            Channel.SIGNAL, Message("k8", "aci-stranger", "Bonjour", story.now)
        )
        assert len(story.parcels(Channel.SIGNAL, "aci-stranger")) == 1
        story.later(hours=1)
        await story.inbound.handle(
            Channel.SIGNAL, Message("k9", "aci-stranger", "Bonjour", story.now)
        )
        assert len(story.parcels(Channel.SIGNAL, "aci-stranger")) == 2

    async def test_a_flood_of_them_costs_no_more_than_the_cap(self, story: Story) -> None:
        async def flood(name: str) -> int:
            before = len(story.parcels(Channel.SMS))
            for number in range(100):
                sender = f"+3361{name}{number:05}"
                message = Message(f"{name}:{number}", sender, "Bonjour", story.now)
                await story.inbound.handle(Channel.SMS, message)
            return len(story.parcels(Channel.SMS)) - before

        assert await flood("00") == story.world.settings.strangers_an_hour == 60
        story.later(minutes=59)
        assert await flood("01") == 0
        danger = Message("k", "+33612345678", "il est armé", story.now)
        await story.inbound.handle(Channel.SMS, danger)
        assert story.parcels(Channel.SMS)[-1].body.startswith("Danger en cours")
        story.later(minutes=2)
        assert await flood("02") == 60

    async def test_asking_for_help_get_the_mairie(self, story: Story) -> None:
        message = Message("k", "+33612345678", "AIDE", story.now)
        await story.inbound.handle(Channel.SMS, message)
        assert "mairie de Liffré, 02 99 00 00 00" in story.parcels(Channel.SMS)[0].body

    async def test_nothing_of_what_they_write_is_kept(self, story: Story) -> None:
        message = Message("k", "+33612345678", "Je m'appelle Hortense", story.now)
        await story.inbound.handle(Channel.SMS, message)
        assert story.store.tables.reports == {}
        assert story.store.tables.links == {}
        assert "Hortense" not in str(story.store.tables)

    async def test_in_danger_get_the_telephone(self, story: Story) -> None:
        await story.inbound.handle(
            Channel.SMS, Message("k", "+33639980000", "il est armé", story.now)
        )
        assert story.parcels(Channel.SMS)[0].body.startswith("Danger en cours")

    @pytest.mark.parametrize(
        ("sender", "text"), [("36180", "Gagnez un lot"), ("INFO", "x"), ("+33639980001", "STOP")]
    )
    async def test_machines_and_stop_get_no_answer(
        self, story: Story, sender: str, text: str
    ) -> None:
        await story.inbound.handle(Channel.SMS, Message("k", sender, text, story.now))
        assert story.parcels() == []

    async def test_who_chose_signal_is_recognised_by_their_number(self, story: Story) -> None:
        fanny = replace(merchant("fanny", channels=frozenset({Channel.SIGNAL})), signal=None)
        async with story.store.transaction() as tx:
            await tx.members.save(fanny)
            await tx.signatures.add(signature(fanny))
        message = Message("k", "aci-new", FACT, story.now, sender_number=fanny.phone)
        await story.inbound.handle(Channel.SIGNAL, message)
        assert story.store.tables.members[fanny.id].signal == "aci-new"
        assert len(story.store.tables.reports) == 1

    async def test_a_number_does_not_steal_a_known_account(self, story: Story) -> None:
        message = Message("k", "aci-thief", FACT, story.now, sender_number=BRUNO.phone)
        await story.inbound.handle(Channel.SIGNAL, message)
        assert story.store.tables.members[BRUNO.id].signal == BRUNO.signal
        assert story.store.tables.reports == {}

    async def test_rooms_that_are_not_ours_are_ignored(self, story: Story) -> None:
        await story.writes(ANNE, FACT, where="!elsewhere")
        await story.writes(BRUNO, FACT, where="group-elsewhere", channel=Channel.SIGNAL)
        assert story.parcels() == []


class TestStop:
    async def test_ends_sms_for_good(self, story: Story) -> None:
        await story.writes(CHLOE, "STOP", channel=Channel.SMS)
        await story.writes(CHLOE, "stop", channel=Channel.SMS)
        assert Channel.SMS not in story.store.tables.members[CHLOE.id].channels
        (last,) = story.told(CHLOE, Channel.SMS)
        assert "plus de SMS" in last
        assert "member.stop-sms" in story.verbs
        await story.writes(MOREL, "alerte tous : Vol constaté", where=POSTE)
        assert CHLOE.phone not in {p.target for p in story.parcels(alert=1)}

    async def test_whoever_also_has_element_goes_on_there(self, story: Story) -> None:
        await story.writes(DAVID, "STOP", channel=Channel.SMS)
        await story.writes(DAVID, "aide", channel=Channel.SMS)
        assert len(story.told(DAVID, Channel.SMS)) == 1
        assert "signaler" in story.told(DAVID)[0]


async def test_nobody_answers_an_announcement_room_in_public(story: Story) -> None:
    await story.writes(ANNE, FACT, where=ALERTES)
    assert "S1" in story.told(ANNE)[0]
    assert story.parcels(target=ALERTES) == []


async def test_a_member_of_a_territory_that_is_gone_is_a_stranger(story: Story) -> None:
    async with story.store.transaction() as tx:
        await tx.members.save(replace(BRUNO, territory="mantes"))
    await story.writes(BRUNO, FACT, channel=Channel.SIGNAL)
    assert story.store.tables.reports == {}
    assert "réservé à ses membres" in story.told(BRUNO, Channel.SIGNAL)[0]


async def test_receipts_go_to_the_queue(story: Story) -> None:
    await story.writes(CHLOE, "aide", channel=Channel.SMS)
    await story.deliver()
    slip = next(s for s in story.store.tables.slips.values() if s.parcel.target == CHLOE.phone)
    receipt = Receipt(slip.provider_id or "", ReceiptState.DELIVERED)
    await story.inbound.handle(Channel.SMS, receipt)
    key = slip.parcel.key
    assert story.store.queue.state_of(key).value == "delivered"
    assert MemberId(CHLOE.id) == slip.parcel.member


async def test_a_command_takes_no_file_and_says_so(story: Story) -> None:
    await story.writes(MOREL, "alerte buralistes : Vol constaté", PHOTO, where=POSTE)
    assert "ne prend pas de fichier" in story.told(MOREL)[-1]
    assert not any(p.blobs for p in story.parcels())
    await story.writes(MAIRIE, "état A1", PHOTO)
    assert "ne prend pas de fichier" in story.told(MAIRIE)[-1]
    await story.writes(ANNE, "aide", PHOTO)
    assert len(story.store.tables.reports) == 1


async def test_a_voice_note_among_officers_is_refused_by_type(story: Story) -> None:
    await story.writes(MOREL, "", VOICE, where=POSTE)
    assert "pas accepté" in story.told(MOREL)[0]
    assert story.parcels(Channel.SIGNAL) == []


async def test_a_device_that_nobody_vouches_for_decides_nothing(story):
    message = Message(
        story.key(),
        MOREL.mxid,
        "alerte buralistes 35 : Vol constaté hier",
        story.now,
        POSTE,
        verified=False,
    )
    await story.inbound.handle(Channel.MATRIX, message)
    await story.deliver()
    told = story.bridges[Channel.MATRIX].texts(guichet(MOREL.id))
    assert [text for text in told if "n'est pas vérifié" in text] == told != []
    assert story.bridges[Channel.MATRIX].texts(ALERTES) == []


@pytest.mark.parametrize("channel", Channel)
async def test_help_tells_whoever_has_not_signed_how_to(story: Story, channel: Channel) -> None:
    for _ in range(2):
        await story.writes(ELISE, "Aide ?", channel=channel)
    told = story.told(ELISE, channel)
    assert len(told) == 2, "asked twice, answered twice"
    assert "Demandez un lien" in told[0]
    assert "mairie de Liffré" in told[0]
