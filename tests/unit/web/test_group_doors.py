"""Into Signal: links of the groups where one is due, shown to nobody else, each asking first."""

import html
import re
from dataclasses import replace

import pytest_asyncio
from support.arrival import a_signer
from support.bridges import FakeBridge
from support.console import LIFFRE, ConsoleTown

from appservice.domain.ids import RoomId
from appservice.domain.member import Channel, Member
from appservice.domain.membership import desired
from appservice.domain.room import KnownRoom
from bridges.protocol import Group

ACI = "0b1c2d3e-0000-4000-8000-123456789abc"


@pytest_asyncio.fixture
async def signal(town: ConsoleTown) -> FakeBridge:
    """Every room of both territories has a group, each with a link."""
    bridge = FakeBridge("signal")
    people = [await town.merchant("Martin", Channel.SIGNAL)]
    people.append(await town.merchant("Salvi", Channel.SIGNAL, commune="78361"))
    people.append(await town.merchant("Aurore", Channel.SIGNAL, trade="bijoutiers"))
    async with town.store.transaction() as tx:
        signatures = await tx.signatures.all_latest()
        for key, room in desired(town.world, people, signatures, town.clock()).rooms.items():
            group = await bridge.create_group(room.name, "", announcement=False)
            place = RoomId(f"!{len(bridge.groups)}:maillage.test")
            await tx.rooms.remember(KnownRoom(key, place, group))
    assert town.server is not None
    town.server.desk = replace(town.server.desk, groups=bridge)
    await town.server.close()
    await town.server.open("127.0.0.1", int(town.url.rpartition(":")[2]))
    return bridge


async def a_signaller(town: ConsoleTown) -> tuple[Member, str]:
    """Who has written « Bonjour » to the service."""
    member, path = await a_signer(town, channels=frozenset({Channel.SIGNAL}))
    await writes(town, member)
    return member, path


async def writes(town: ConsoleTown, member: Member) -> None:
    async with town.store.transaction() as tx:
        await tx.members.save(replace(member, signal=ACI))


def doors(text: str) -> list[str]:
    """Titles of the groups that one may ask to join."""
    found = re.search(r'id="doors">(.*?)</ul>', text, re.DOTALL)
    names = re.findall(r"<strong>(.*?)</strong>", found[1]) if found else []
    return [html.unescape(name) for name in names]


def group_called(signal: FakeBridge, title: str) -> Group:
    return next(group for group in signal.groups.values() if group.title == title)


async def test_groups_of_one_s_trade_are_shown_once_signal_is_known(
    town: ConsoleTown, signal: FakeBridge
):
    member, path = await a_signer(town, channels=frozenset({Channel.SIGNAL}))
    before = await town.visitor().get(path)
    assert doors(before.text) == []
    assert "Rechargez cette page" in before.text
    await writes(town, member)
    page = await town.visitor().get(path)
    assert len(doors(page.text)) == 2, "alerts and talk of the trade"
    assert all("uraliste" in title for title in doors(page.text))
    for title in doors(page.text):
        assert f'href="{group_called(signal, title).link}"' in page.text
    shown = set(re.findall(r"https://groups\.example/\d+", page.text))
    hidden = {group.link for group in signal.groups.values()} - shown
    assert len(shown) == 2
    assert hidden, "other trades and other lands"
    assert page.text.count("<svg") > len(shown), "each with its drawing to scan"


async def test_a_group_that_one_is_in_or_that_lets_anybody_in_is_not_shown(
    town: ConsoleTown, signal: FakeBridge
):
    _, path = await a_signaller(town)
    inside, broken = doors((await town.visitor().get(path)).text)
    await signal.add(group_called(signal, inside).id, [ACI])
    assert doors((await town.visitor().get(path)).text) == [broken]
    group = group_called(signal, broken)
    for changed in (
        replace(group, sealed=False),
        replace(group, link=""),
        replace(group, link="javascript:alert(1)"),
    ):
        signal.groups[group.id] = changed
        page = await town.visitor().get(path)
        assert (page.status, doors(page.text)) == (200, [])


async def test_while_signal_can_t_say_the_page_is_whole(town: ConsoleTown, signal: FakeBridge):
    _, path = await a_signaller(town)
    signal.down = True
    page = await town.visitor().get(path)
    assert (page.status, doors(page.text)) == (200, [])
    assert "Sur Signal" in page.text


async def test_nobody_else_is_shown_any(town: ConsoleTown, signal: FakeBridge):
    member, path = await a_signaller(town)
    desk = town.server.desk if town.server else None
    assert desk is not None
    assert len(await desk.group_doors.of(replace(member, signal=ACI))) == 2
    for other in (
        replace(member, signal=ACI, channels=frozenset({Channel.SMS})),
        replace(member, signal=ACI, territory="nulle-part"),
    ):
        assert list(await desk.group_doors.of(other)) == []
    async with town.store.transaction() as tx:
        await tx.signatures.revoke(member.id, town.clock())
    assert list(await desk.group_doors.of(replace(member, signal=ACI))) == []
    assert (await town.visitor().get(path)).status == 410


async def test_in_a_test_phase_nobody_off_the_list_is_shown_any(
    town: ConsoleTown, signal: FakeBridge
):
    member, _ = await a_signaller(town)
    lands = dict(town.world.territories)
    lands[LIFFRE] = replace(lands[LIFFRE], test_list=frozenset({"+33639980001"}))
    assert town.server is not None
    closed = replace(town.server.desk.group_doors, world=replace(town.world, territories=lands))
    assert list(await closed.of(replace(member, signal=ACI))) == []
