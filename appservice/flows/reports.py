"""The story of a report: from a merchant to the officers of their commune, and back."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from appservice.domain.commands.offences import Offence, stated
from appservice.domain.delivery import Urgency
from appservice.domain.ids import BlobId, ReportId
from appservice.domain.member import Channel, Member, Role
from appservice.domain.moderation import Decision, Policy, Submission, judge
from appservice.domain.moderation.talk import just_talk
from appservice.domain.report import Report, Unfit, follow
from appservice.domain.room import KnownRoom
from appservice.domain.territory import Level, Zone
from appservice.domain.wording import cases as case_words
from appservice.domain.wording import reports as words
from appservice.domain.wording import talk as talk_words
from appservice.domain.wording.common import harmless
from appservice.flows import cases
from appservice.flows.ports import Media
from appservice.flows.step import Step
from bridges.protocol import Attachment

_DANGER = Decision.EMERGENCY
_CAPTION = 4  # words; a photo with fewer says nothing new by itself


@dataclass(frozen=True, slots=True)
class Pictures:
    """Photos and videos without metadata, and why other files are not shown."""

    clean: tuple[Attachment, ...] = ()
    refused: tuple[Unfit, ...] = ()


async def cleaned(attachments: Sequence[Attachment], media: Media) -> Pictures:
    """Only what is fit to be shown to officers."""
    found = [await media.clean(attachment) for attachment in attachments]
    kept = tuple(one for one in found if not isinstance(one, Unfit))
    return Pictures(kept, tuple(one for one in found if isinstance(one, Unfit)))


async def receive(step: Step, text: str, pictures: Pictures = Pictures()) -> Report | None:
    """Whatever a member writes to the officers; None when nothing of it could be taken.

    A danger is answered before anything else. A photo or video, or the answer to what was missing,
    belongs to the report that the member has just opened.
    """
    text = stated(harmless(text))
    if step.only_receives:
        await untrained(step, text)
        return None
    verdict = judge(Submission(text, step.member.role.voice), step.world.policy)
    if text and verdict.decision is _DANGER:
        return await emergency(step, text, pictures)
    if pictures.refused:
        await step.answer(words.refused_files(pictures.refused))
    if not text and not pictures.clean:
        return None
    if not pictures.clean and just_talk(text, verdict):
        await step.answer(words.JUST_TALK)
        await step.record("report.just-talk", "signalement")
        return None
    former = await _just_opened(step, text, pictures)
    if former is not None:
        await complete(step, former, text, pictures)
        return former
    return await _open(step, text, pictures, danger=False)


async def choose(step: Step, offence: Offence, hint: str = "") -> None:
    """What the report that was just opened is about, in the words of the menu.

    When none was, `hint` says before the menu what else the number may have meant.
    """
    if step.only_receives:
        await untrained(step, "")
        return
    since = step.now - step.world.settings.photo_follows_within
    report = await step.tx.reports.open_of(step.member.id, since)
    if report is None or await _is_kept_back(step, report):
        await step.answer(f"{hint}\n{words.MENU}".strip())
        return
    rooms = await postes_of(step, step.member)
    await step.post(rooms, words.chosen(report, offence), report=report.id)
    await step.answer(words.noted(report, offence))
    await step.record("report.complete", report.reference)


async def untrained(step: Step, text: str) -> None:
    """Nothing of it goes to the officers: the telephone first, then what is missing."""
    if is_emergency(step.world.policy, step.member.role, text):
        await step.answer(words.emergency(to_officers=False), Urgency.URGENT)
    await step.answer(talk_words.untrained(step.territory))
    await step.record("report.untrained", "signalement")


async def emergency(step: Step, text: str, pictures: Pictures = Pictures()) -> Report:
    """The telephone first, then an urgent card for the officers."""
    await step.answer(words.emergency(), Urgency.URGENT)
    return await _open(step, text, pictures, danger=True)


async def changed(step: Step, report: ReportId, text: str) -> None:
    """The author (links hold who that is) edited; the first words stay on record."""
    known = await step.tx.reports.get(report)
    if known is None:
        return
    text = harmless(text)
    danger = is_emergency(step.world.policy, step.member.role, text)
    if danger:
        await step.answer(words.emergency(), Urgency.URGENT)
    await step.post(
        await postes_of(step, step.member),
        words.changed(known, text),
        urgency=Urgency.URGENT if danger else Urgency.NORMAL,
        report=report,
    )


async def withdrawn(step: Step, report: ReportId) -> None:
    """The author deleted their message."""
    known = await step.tx.reports.get(report)
    if known is not None:
        rooms = await postes_of(step, step.member)
        await step.post(rooms, words.withdrawn(known), report=report)


def is_emergency(policy: Policy, role: Role, text: str) -> bool:
    """Whether the text reads as a danger that is going on."""
    return bool(text) and judge(Submission(text, role.voice), policy).decision is _DANGER


async def _just_opened(step: Step, text: str, pictures: Pictures) -> Report | None:
    since = step.now - step.world.settings.photo_follows_within
    former = await step.tx.reports.open_of(step.member.id, since)
    if former is None:
        return None
    photo_follows = bool(pictures.clean) and len(text.split()) < _CAPTION
    answers = "quoi" in words.missing(former.text, step.member)
    return former if photo_follows or answers else None


async def _open(step: Step, text: str, pictures: Pictures, *, danger: bool) -> Report:
    draft = Report(
        id=ReportId(0),
        author=step.member.id,
        territory=step.territory.id,
        channel=step.channel or Channel.MATRIX,
        text=text,
        received_at=step.now,
        emergency=danger,
    )
    leader = await cases.leader_of(step, text)
    opened = await step.tx.reports.open(draft if leader is None else follow(draft, leader))
    await _keep(step, opened, pictures)
    report = await step.tx.reports.get(opened.id) or opened
    if not text:
        # Nobody sees a picture of somebody for no reason: it waits for one, then for its end.
        await step.answer(words.WHY_PHOTO)
        await step.record("report.keep-back", report.reference)
        return report
    rooms = await postes_of(step, step.member)
    if leader is None:
        await show(step, report, step.member, rooms)
    else:
        await cases.joined(step, report, leader, rooms)
    await step.tx.links.relate(step.source, f"card:{report.reference}")
    await step.record("report.open", report.reference, ["emergency"] if danger else [])
    if not rooms:
        await step.answer(words.NO_POSTE)
    elif not danger:
        also = case_words.also(leader) if leader is not None else ""
        await step.answer(words.received(report, words.missing(text, step.member), also))
    return report


async def show(step: Step, report: Report, author: Member, rooms: Sequence[KnownRoom]) -> None:
    await step.post(
        rooms,
        words.card(report, author, step.territory),
        name=f"card:{report.reference}",
        urgency=Urgency.URGENT if report.emergency else Urgency.NORMAL,
        report=report.id,
        blobs=report.blobs,
    )


async def complete(
    step: Step, report: Report, text: str, pictures: Pictures, perhaps: str = "", told: str = ""
) -> None:
    """More on a report from its author, who is `told` so.

    `perhaps` tells the officers of which others it might be.
    """
    blobs = await _keep(step, report, pictures)
    if await _is_kept_back(step, report):
        await _give_reason(step, report.id, text)
        return
    line = words.more(report, text, len(blobs)) + perhaps
    rooms = await postes_of(step, step.member)
    await step.post(rooms, line, report=report.id, blobs=blobs)
    await step.answer(told or words.received_more(report))
    await step.record("report.complete", report.reference)


async def _is_kept_back(step: Step, report: Report) -> bool:
    """Whether it is a photo that nobody was shown."""
    shown = report.text or await step.tx.links.source_of(f"card:{report.reference}")
    return not shown


async def _give_reason(step: Step, number: ReportId, text: str) -> None:
    report = await step.tx.reports.get(number)
    if report is None or not text:
        await step.answer(words.WHY_PHOTO)
        return
    explained = replace(report, text=text)
    await show(step, explained, step.member, await postes_of(step, step.member))
    await step.tx.links.relate(step.source, f"card:{report.reference}")
    await step.record("report.open", report.reference)
    await step.answer(words.received(explained, words.missing(text, step.member)))


async def _keep(step: Step, report: Report, pictures: Pictures) -> list[BlobId]:
    until = step.now + step.world.settings.photo_kept
    kept = []
    for photo in pictures.clean:
        # Under the key of the case: whoever erases the case erases its photos.
        blob = await step.tx.blobs.put(f"case:{report.reference}", photo, until)
        await step.tx.reports.add_blob(report.id, blob)
        kept.append(blob)
    return kept


async def postes_of(step: Step, author: Member) -> list[KnownRoom]:
    """The poste of the shop's commune; for an officer, those of their land."""
    if author.commune:
        return await step.postes(Zone(Level.COMMUNE, author.commune))
    if not author.zones:
        return await step.postes(Zone(Level.TERRITORY, step.territory.id))
    found: dict[str, KnownRoom] = {}
    for zone in author.zones:
        found |= {room.room_id: room for room in await step.postes(zone)}
    return list(found.values())
