"""Signal groups as provisioned rooms: list, make, change, let in, send away."""

from collections.abc import Mapping, Sequence

from bridges.protocol import Group, GroupRefused
from bridges.signal.calls import group_id, person
from bridges.signal.client import SignalClient
from bridges.signal.envelope import Own
from bridges.signal.errors import CallRefused, InvalidCall, NoAnswer, read_refusal

FADES_AFTER = 28 * 24 * 3600  # seconds: the longest that Signal proposes
_SEALED = {
    "setPermissionAddMember": "only-admins",
    "setPermissionEditDetails": "only-admins",
    "link": "enabled-with-approval",
    "expiration": FADES_AFTER,
}


class SignalGroups:
    """The ability `bridges.protocol.Groups`; people are named by ACI, our account left out."""

    def __init__(self, client: SignalClient, own: Own) -> None:
        self._client = client
        self._own = own

    async def list_groups(self) -> Sequence[Group]:
        """Groups we are in, legacy ones apart. Raises ConnectionError."""
        found = await self._ask("listGroups", {})
        if not isinstance(found, list):
            # An empty list here would have every group made a second time.
            raise ConnectionError("unreadable list of groups")
        self._learn_who_we_are(found)
        groups = [_group(item, self._own) for item in found]
        return [group for group in groups if group is not None]

    def _learn_who_we_are(self, groups: Sequence[object]) -> None:
        """Our ACI stands in every group beside our number; elsewhere the number may be null."""
        if self._own.aci is not None:
            return
        for group in groups:
            members = group.get("members") if isinstance(group, Mapping) else None
            for one in members if isinstance(members, list) else []:
                if isinstance(one, Mapping) and one.get("number") == self._own.number:
                    self._own = Own(self._own.number, str(one.get("uuid")))

    async def create_group(self, title: str, description: str, *, announcement: bool) -> str:
        """Raises ConnectionError when it may work later, GroupRefused when it never will.

        Making a group is many calls to Signal: when one fails midway the group may exist though
        no id was told, so what appeared meanwhile under our title is adopted.
        """
        if not title:
            raise GroupRefused("empty_title")
        before = {group.id for group in await self.list_groups()}
        wish = {"name": title, "description": description, **_SEALED, **_sending(announcement)}
        try:
            made = await self._ask("updateGroup", wish)
        except (GroupRefused, NoAnswer):
            return await self._adopt(title, before, wish)
        created = made.get("groupId") if isinstance(made, Mapping) else None
        try:
            return group_id(created if isinstance(created, str) else "")
        except InvalidCall as error:
            # signal-cli falls back silently on a legacy group, which has no permissions.
            if isinstance(created, str):
                await self._ask("quitGroup", {"groupId": created, "delete": True})
            raise GroupRefused("legacy_group") from error

    async def _adopt(self, title: str, before: set[str], wish: Mapping[str, object]) -> str:
        for group in await self.list_groups():
            if group.title == title and group.id not in before:
                await self._ask("updateGroup", {"groupId": group.id, **wish})
                return group.id
        raise ConnectionError("the group was not made")

    async def change_group(
        self,
        group: str,
        *,
        title: str | None = None,
        description: str | None = None,
        announcement: bool | None = None,
    ) -> None:
        """Also puts the permissions, the link and the timer back; nobody else stays admin."""
        wish: dict[str, object] = {"groupId": _checked(group), **_SEALED}
        if others := await self._other_admins(group):
            wish["removeAdmin"] = sorted(others)
        if title is not None:
            wish["name"] = title
        if description is not None:
            wish["description"] = description
        if announcement is not None:
            wish |= _sending(announcement)
        try:
            await self._ask("updateGroup", wish)
        except GroupRefused:
            now = await self._look(group)
            if now is None or not _is_as_wished(now, title, description, announcement):
                raise

    async def add(self, group: str, people: Sequence[str]) -> Sequence[str]:
        """One person who can't be added makes the whole call fail: then each is tried alone.

        signal-cli may fail after Signal did as asked, so what the group has become decides.
        It invites whom it can't add; an invitation that made it fail is withdrawn, or it would
        make everything after it fail too.
        """
        valid = [name for name in people if _is_person(name)]
        failed = [name for name in people if name not in valid]
        if not valid:
            return failed
        try:
            await self._ask("updateGroup", {"groupId": _checked(group), "member": valid})
        except GroupRefused:
            left = await self._left_out(group, valid)
            if len(valid) == 1:
                return [*failed, *left]
            for name in left:
                failed.extend(await self.add(group, [name]))
        return failed

    async def _left_out(self, group: str, people: Sequence[str]) -> Sequence[str]:
        """Who is no member after an addition that failed; none of them stays invited."""
        now = await self._look(group)
        if now is None:
            return people
        if stuck := now.pending.intersection(people):
            await self.remove(group, sorted(stuck))
        return [name for name in people if name not in now.members]

    async def remove(self, group: str, people: Sequence[str]) -> None:
        """Members, pending members and requests alike."""
        names = [name for name in people if _is_person(name)]
        if not names:
            return
        try:
            await self._ask("updateGroup", {"groupId": _checked(group), "removeMember": names})
        except GroupRefused:
            now = await self._look(group)
            if now is None or (now.members | now.pending | now.requesting).intersection(names):
                raise

    async def _other_admins(self, group: str) -> frozenset[str]:
        found = await self._ask("listGroups", {"groupId": [group]})
        for item in found if isinstance(found, list) else []:
            if isinstance(item, Mapping):
                return _people(item.get("admins"), self._own)
        return frozenset()

    async def _look(self, group: str) -> Group | None:
        """The group as it is now; None when we are not in it."""
        found = {one.id: one for one in await self.list_groups()}
        return found.get(group)

    async def _ask(self, method: str, params: Mapping[str, object]) -> object:
        try:
            return await self._client.call(method, params)
        except CallRefused as error:
            raise GroupRefused(read_refusal(error).code) from error


def _sending(announcement: bool) -> dict[str, object]:
    allowed = "only-admins" if announcement else "every-member"
    return {"setPermissionSendMessages": allowed}


def _is_as_wished(
    group: Group, title: str | None, description: str | None, announcement: bool | None
) -> bool:
    return (
        group.sealed
        and title in (None, group.title)
        and description in (None, group.description)
        and announcement in (None, group.announcement)
    )


def _checked(group: str) -> str:
    try:
        return group_id(group)
    except InvalidCall as error:
        raise GroupRefused(error.code) from error


def _is_person(name: str) -> bool:
    try:
        person(name)
    except InvalidCall:
        return False
    return True


def _group(item: object, own: Own) -> Group | None:
    if not isinstance(item, Mapping) or item.get("isMember") is not True:
        return None
    try:
        found = group_id(str(item.get("id")))
    except InvalidCall:
        return None
    return Group(
        id=found,
        title=str(item.get("name") or ""),
        description=str(item.get("description") or ""),
        members=_people(item.get("members"), own),
        pending=_people(item.get("pendingMembers"), own),
        requesting=_people(item.get("requestingMembers"), own),
        announcement=item.get("permissionSendMessage") == "ONLY_ADMINS",
        link=str(item.get("groupInviteLink") or ""),
        sealed=_is_sealed(item, own),
    )


def _is_sealed(item: Mapping[str, object], own: Own) -> bool:
    return (
        item.get("permissionAddMember") == "ONLY_ADMINS"
        and item.get("permissionEditDetails") == "ONLY_ADMINS"
        and bool(item.get("groupInviteLink"))
        and item.get("messageExpirationTime") == FADES_AFTER
        and not _people(item.get("admins"), own)
    )


def _people(people: object, own: Own) -> frozenset[str]:
    return frozenset(
        str(one["uuid"])
        for one in (people if isinstance(people, list) else [])
        if isinstance(one, Mapping)
        and one.get("uuid")
        and not own.wrote(one.get("uuid"), one.get("number"))
    )
