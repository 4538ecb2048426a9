"""Reports of one event: one card for the officers, an answer for each of those who reported."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from appservice.domain.delivery import Kind, Parcel, Urgency
from appservice.domain.errors import InvalidTransition
from appservice.domain.ids import MemberId, ReportId
from appservice.domain.member import Channel, Member
from appservice.domain.report import Report, leave
from appservice.domain.room import KnownRoom
from appservice.domain.same_event import same_event
from appservice.domain.wording import cases as words
from appservice.domain.wording import reports as report_words
from appservice.flows.step import Step, room_parcels

OVERTAKEN = "overtaken"
# Signal shows ten edits of a message at most.
_ON_SIGNAL = frozenset({2, 3, 5, 10, 20, 50, 100, 200, 500})


async def leader_of(step: Step, text: str) -> Report | None:
    """The open report that tells of the same event, near and a short while ago.

    Whoever reports from no shop of their own (an officer) opens a card of their own.
    """
    within = step.world.settings.same_event_within
    if not step.member.commune or within <= timedelta(0):
        return None
    since = step.now - within
    near = await step.tx.cases.around(step.territory.id, step.member.commune, since)
    return next((report for report in near if same_event(report.text, text)), None)


async def joined(step: Step, report: Report, leader: Report, rooms: Sequence[KnownRoom]) -> None:
    """A report has come to an event that has its card: the card grows.

    What must not be missed, or can't stand on a card, is posted beside it: a danger, a photo.
    """
    case, authors = await _read(step, leader.id)
    await _show(step, case, authors, rooms, f"grown:{report.reference}")
    if report.emergency:
        line = words.urgent(report, leader, authors)
        await step.post(rooms, line, urgency=Urgency.URGENT, report=report.id, blobs=report.blobs)
    elif report.blobs:
        line = words.pictured(report, leader, authors)
        await step.post(rooms, line, report=report.id, blobs=report.blobs)


async def whole(step: Step, report: Report) -> Sequence[Report]:
    """Every report of the event that this one tells of, the leader first."""
    return await step.tx.cases.of(report.leader or report.id)


async def listed(step: Step, report: Report) -> str:
    """What all of them say; empty when the report stands alone."""
    case, authors = await _read(step, report.leader or report.id)
    return words.listed(case, authors) if len(case) > 1 else ""


async def detach(step: Step, report: Report, rooms: Sequence[KnownRoom]) -> Report:
    """One report out of an event; it stands where it stood. Raises InvalidTransition."""
    leader = await step.tx.reports.get(report.leader) if report.leader else None
    if leader is None and len(await whole(step, report)) > 1:
        raise InvalidTransition(words.leads(report))
    alone = leave(report)
    if leader is None or not await step.tx.cases.leave(report.id):
        raise InvalidTransition(f"{report.reference} vient d'être détaché.")
    case, authors = await _read(step, leader.id)
    await _show(step, case, authors, rooms, f"shrunk:{step.key}")
    await step.record("report.detach", report.reference, [leader.reference])
    return alone


async def part(step: Step, leader: Report, rooms: Sequence[KnownRoom]) -> Sequence[Report]:
    """Every report on its own again; returns those that followed. Raises InvalidTransition."""
    followers = [r for r in await whole(step, leader) if r.leader == leader.id]
    if not followers:
        raise InvalidTransition(f"{leader.reference} n'est regroupé avec aucun autre.")
    alone = [leave(report) for report in followers if await step.tx.cases.leave(report.id)]
    case, authors = await _read(step, leader.id)
    await _show(step, case, authors, rooms, f"parted:{step.key}")
    codes = [report.reference for report in alone]
    await step.record("report.part", leader.reference, codes)
    return alone


async def _read(
    step: Step, leader: ReportId
) -> tuple[Sequence[Report], Mapping[MemberId, Member]]:
    case = await step.tx.cases.of(leader)
    return case, await step.tx.members.some({report.author for report in case})


async def _show(
    step: Step,
    case: Sequence[Report],
    authors: Mapping[MemberId, Member],
    rooms: Sequence[KnownRoom],
    name: str,
) -> None:
    """Edits the leader's card. Of edits that wait, only the newest leaves."""
    leader = case[0]
    author = authors.get(leader.author)
    if len(case) == 1 and author is not None:
        text = report_words.card(leader, author, step.territory)
    else:
        text = words.card(case, authors, step.territory)
    for room in rooms:
        cards = room_parcels(room, text, f"card:{leader.reference}")
        for card, edit in zip(cards, room_parcels(room, text, name), strict=True):
            if edit.channel is Channel.SIGNAL and len(case) not in _ON_SIGNAL:
                continue
            await _edit(step, case, card, edit)


async def _edit(step: Step, case: Sequence[Report], card: Parcel, edit: Parcel) -> None:
    where = card.key.removeprefix(f"card:{case[0].reference}")
    former = [f"grown:{report.reference}{where}" for report in case]
    await step.tx.recall.take_back(former, OVERTAKEN)
    parcel = Parcel(
        edit.key, edit.channel, edit.target, edit.body, kind=Kind.EDIT, to_group=edit.to_group,
        report=case[0].id, replaces=card.key,
    )  # fmt: skip
    await step.tx.outbox.put([parcel])
