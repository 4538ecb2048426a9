"""How an alert leaves: one parcel per conversation and channel, replaced or withdrawn later."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from appservice.domain.alert import Alert, Cancelled, Published
from appservice.domain.audience import Route
from appservice.domain.delivery import Kind, Parcel, Urgency
from appservice.domain.errors import Refused
from appservice.domain.ids import MemberId
from appservice.domain.member import Channel, Member
from appservice.domain.wording import alerts as words
from appservice.domain.wording.personal.trial import test_phase
from appservice.domain.wording.telephone import without_consent
from appservice.flows.departure.reach import Reach, present, reach_of
from appservice.flows.step import Step


async def reach(step: Step, alert: Alert) -> Reach:
    """Through which conversations the alert reaches each person of its audience once a channel.

    Raises Refused when nobody is concerned.
    """
    found = await _map(step, alert)
    if not found.routes:
        asides = without_consent(found.unasked) + test_phase(step.territory, found.withheld)
        raise Refused(words.NOBODY + asides)
    return found


async def _map(step: Step, alert: Alert) -> Reach:
    return await reach_of(step.tx, step.world, step.territory, alert, step.now)


async def send(step: Step, alert: Alert, author: Member, through: Sequence[Route]) -> None:
    """Queues the first text of a published alert."""
    expires_at = _expiry(step, alert, first=True)
    gsm7_only = step.world.gsm7_only(alert)
    await step.tx.outbox.put(
        [post(alert, author, route, expires_at, gsm7_only=gsm7_only) for route in through]
    )


async def replace_everywhere(step: Step, alert: Alert, author: Member) -> int:
    """Queues a corrected text wherever the former one went, and for who has come since.

    Returns how many telephones are told in words. Whoever left meanwhile is told nothing.
    """
    now = await _map(step, alert)
    former = await _first_posts(step, alert)
    unreached = await step.tx.telephone.texts.unreached(alert.id)
    parcels = [
        await _edit(step, alert, author, parcel, first=parcel.member in unreached)
        for parcel in former
        if parcel.member is None or parcel.member in now.present
    ]
    reached = {(parcel.channel, parcel.target) for parcel in former}
    expires_at = _expiry(step, alert, first=True)
    for route in now.routes:
        home = now.homes.get(route.channel, {}).get(route.member or MemberId(""))
        if not {(route.channel, route.target), (route.channel, home)} & reached:
            through = await _not_twice(step, route, now, former)
            gsm7_only = step.world.gsm7_only(alert)
            parcels += [
                post(alert, author, one, expires_at, gsm7_only=gsm7_only) for one in through
            ]
    await step.tx.outbox.put(parcels)
    return sum(parcel.channel is Channel.SMS for parcel in parcels)


async def _not_twice(
    step: Step, route: Route, now: Reach, former: Sequence[Parcel]
) -> list[Route]:
    """A group whose people were reached one by one when Signal was down: one by one again."""
    signal = {parcel.member for parcel in former if parcel.channel is Channel.SIGNAL}
    telephone = {parcel.member for parcel in former if parcel.channel is Channel.SMS}
    seated = now.seated(route.channel, route.target) if route.to_group else []
    listed = [now.present[who] for who in seated]
    instead = {m.id for m in listed if m.id in telephone and Channel.SMS not in m.channels}
    if not instead and not signal & set(seated):
        return [route]
    members = await step.tx.members.some(set(seated) - signal - instead)
    return [
        Route(route.channel, member.signal, member.id)
        for member in members.values()
        if member.signal is not None
    ]


async def withdraw(step: Step, alert: Alert, published: Published) -> None:
    """Takes the alert away where it can be, and says so on telephones."""
    unreached = await step.tx.telephone.texts.unreached(alert.id)
    merchants = await present(step.tx, step.world, step.territory, step.now)
    concerned = {member.id for member in merchants} - unreached
    parcels = []
    for post in await _first_posts(step, alert):
        if post.channel is Channel.SMS:
            if post.member in concerned:
                body = words.sms_cancellation(published.at)
                key = _key(alert, post.channel, post.member or post.target, "x")
                parcels.append(
                    replace(post, key=key, body=body, urgency=_urgency(alert), expires_at=None)
                )
            continue
        for shown in await _shown_by(step, alert, post):
            key = f"{_key(alert, post.channel, post.member or post.target, 'x')}:{shown}"
            parcels.append(
                replace(post, key=key, kind=Kind.DELETE, body="", html="", replaces=shown)
            )
    await step.tx.outbox.put(parcels)


async def _first_posts(step: Step, alert: Alert) -> list[Parcel]:
    """The first parcel of the alert in each conversation."""
    first: dict[tuple[Channel, str], Parcel] = {}
    for parcel in await step.tx.outbox.of_alert(alert.id):
        first.setdefault((parcel.channel, parcel.target), parcel)
    return list(first.values())


async def _shown_by(step: Step, alert: Alert, post: Parcel) -> list[str]:
    """Keys of the parcels that a phone of this conversation may show as messages of their own.

    Normally the first one alone, whose text was edited since; a correction whose original never
    arrived was posted in full.
    """
    shown = [post.key]
    for revision in range(2, _revision(alert) + 1):
        key = _key(alert, post.channel, post.member or post.target, f"r{revision}")
        if key != post.key:
            shown.append(key)
    return shown


async def _edit(step: Step, alert: Alert, author: Member, post: Parcel, *, first: bool) -> Parcel:
    """`first`: that telephone shows nothing that would have to be replaced."""
    key = _key(alert, post.channel, post.member or post.target, f"r{_revision(alert)}")
    if post.channel is Channel.SMS:
        say = words.sms if first else words.sms_correction
        body = say(alert, gsm7_only=step.world.gsm7_only(alert)).text
        expires_at = _expiry(step, alert, first=first)
        urgency = _urgency(alert)
        return replace(post, key=key, body=body, urgency=urgency, expires_at=expires_at)
    return replace(
        post,
        key=key,
        kind=Kind.EDIT,
        body=words.body(alert, author),
        html=words.html(alert, author) if post.html else "",
        replaces=await _latest_shown(step, alert, post),
    )


async def _latest_shown(step: Step, alert: Alert, post: Parcel) -> str:
    """The parcel that the phone shows: the first one that was taken by the channel."""
    keys = [post.key] + [
        _key(alert, post.channel, post.member or post.target, f"r{revision}")
        for revision in range(2, _revision(alert))
    ]
    for key in keys:
        if await step.tx.outbox.delivered_as(key) is not None:
            return key
    return post.key


def post(
    alert: Alert, author: Member, route: Route, expires_at: datetime, *, gsm7_only: bool
) -> Parcel:
    """The text that stands, for one conversation; an SMS is not sent after `expires_at`."""
    telephone = route.channel is Channel.SMS
    sms = words.sms(alert, gsm7_only=gsm7_only).text if telephone else ""
    return Parcel(
        key=_key(alert, route.channel, route.member or route.target, f"r{_revision(alert)}"),
        channel=route.channel,
        target=route.target,
        body=sms if telephone else words.body(alert, author),
        html=words.html(alert, author) if route.channel is Channel.MATRIX else "",
        to_group=route.to_group,
        alert=alert.id,
        member=route.member,
        urgency=_urgency(alert),
        expires_at=expires_at if telephone else None,
    )


def versions(alert: Alert, channel: Channel, who: str) -> list[str]:
    """Keys of every text of the alert for that conversation, oldest first."""
    return [_key(alert, channel, who, f"r{n}") for n in range(1, _revision(alert) + 1)]


def _expiry(step: Step, alert: Alert, *, first: bool) -> datetime:
    """When a text is stale. A wrong text on a phone is still corrected in the morning."""
    begins = step.world.quiet_until(step.territory, step.now)
    leaves = step.now if first or alert.urgent or begins is None else begins
    return leaves + step.world.settings.sms_expires_after


def _urgency(alert: Alert) -> Urgency:
    """Before all the rest if an officer said so; otherwise in turn with it."""
    return Urgency.URGENT if alert.urgent else Urgency.NORMAL


def _revision(alert: Alert) -> int:
    return alert.stage.revision if isinstance(alert.stage, Published | Cancelled) else 1


def _key(alert: Alert, channel: Channel, who: str, version: str) -> str:
    """Names a member or a room, never a number: gateways are given a digest of the key."""
    return f"alert:{alert.reference}:{version}:{channel}:{who}"
