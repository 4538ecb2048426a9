"""signal-cli's methods on the stand-in's world, with the answers of 0.13.19 as recorded."""

import base64
import binascii
import contextlib
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from appservice.demo.standins.signal_account import Account, AccountMethods, AccountRefused
from appservice.demo.standins.signal_people import Circle, File, Note, Person
from appservice.demo.standins.signal_world import SignalWorld

Params = Mapping[str, object]
Answer = object

_PERMISSIONS = {
    "setPermissionAddMember": "permissionAddMember",
    "setPermissionEditDetails": "permissionEditDetails",
    "setPermissionSendMessages": "permissionSendMessage",
}
_LEVELS = {"every-member": "EVERY_MEMBER", "only-admins": "ONLY_ADMINS"}
_URI = re.compile(r"data:(?P<type>[^;,]+)(;filename=(?P<name>[^;,]+))?;base64,(?P<data>.*)", re.S)


class RpcError(Exception):
    """What signal-cli answers instead of a result."""

    def __init__(self, code: int, message: str, results: Sequence[object] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.results = results

    def as_json(self, at: int) -> dict[str, object]:
        data = {"response": {"results": self.results, "timestamp": at}} if self.results else None
        return {"code": self.code, "message": self.message, "data": data}


@dataclass(slots=True)
class Faults:
    """What goes wrong next."""

    rate_limit: int | None = None  # 413, 428 or 429, until it is set back to None
    network_down: bool = False  # Signal's servers do not answer signal-cli
    drop_next: bool = False  # the connection breaks after the next send was done
    silent: bool = False  # calls are swallowed
    legacy_groups: bool = False  # groups v2 fail, signal-cli falls back without a word
    half_made: bool = False  # the next creation breaks after the group exists
    no_creation: bool = False  # the next creation breaks before
    account: Account = field(default_factory=Account)


class Methods:
    """One function a method, in a dictionary."""

    def __init__(self, world: SignalWorld, faults: Faults) -> None:
        self._world = world
        self._faults = faults
        self._accounts = AccountMethods(world, faults.account, self._challenge_passed)
        self.table: Mapping[str, Callable[[Params], Answer]] = {
            "listGroups": self._list_groups,
            "updateGroup": self._update_group,
            "quitGroup": self._quit_group,
            "send": self._send,
            "remoteDelete": self._remote_delete,
            "sendReaction": self._send_reaction,
            "sendReceipt": self._send_nothing,
            "sendTyping": self._send_nothing,
            "getAttachment": self._get_attachment,
            "updateContact": lambda _: {},
            **self._accounts.table,
        }

    def call(self, method: str, params: Params) -> Answer:
        """Raises RpcError."""
        try:
            if method in self._accounts.bare:
                return self._accounts.bare[method](params)
            if method not in self.table:
                raise RpcError(-32601, "Method not implemented")
            account = params.get("account", self._account.number)
            if account != self._account.number or self._faults.account.missing:
                raise RpcError(-32602, "Specified account does not exist")
            if method == "listDevices" and self._faults.network_down:
                raise RpcError(-3, "Failed to get linked devices: SocketException")
            return self.table[method](params)
        except AccountRefused as refused:
            raise RpcError(-1, str(refused)) from refused

    def _challenge_passed(self) -> None:
        self._faults.rate_limit = None

    @property
    def _account(self) -> Person:
        return self._world.who(self._world.service)

    def _send(self, params: Params) -> Answer:
        text = str(params.get("message") or "")
        files = [_file(str(uri)) for uri in _list(params, "attachment")]
        if not text and not files:
            raise RpcError(-1, "Sending empty message is not allowed, either a message is needed")
        people, circle = self._recipients(params)
        self._check(people, circle)
        reached = [person.aci for person in people if person.registered]
        at = self._world.next_stamp()
        target = params.get("editTimestamp")
        if isinstance(target, int):
            self._replace(target, at, text)
        else:
            group = circle.id if circle else None
            self._world.publish(Note(self._account.aci, at, text, reached, group, files))
        return {"results": _results(people, circle), "timestamp": at}

    def _replace(self, target: int, at: int, text: str) -> None:
        # Phones ignore what points at a message that they never had: here and below.
        with contextlib.suppress(KeyError):
            self._world.replace(target, at, text)

    def _remote_delete(self, params: Params) -> Answer:
        people, circle = self._recipients(params)
        self._check(people, circle)
        target = params.get("targetTimestamp")
        if not isinstance(target, int):
            raise RpcError(-32603, 'Cannot invoke "java.lang.Long.longValue()"')
        with contextlib.suppress(KeyError):
            self._world.withdraw(target)
        return {"results": _results(people, circle), "timestamp": self._world.next_stamp()}

    def _send_reaction(self, params: Params) -> Answer:
        people, circle = self._recipients(params)
        self._check(people, circle)
        author = self._person(str(params.get("targetAuthor")))
        target = params.get("targetTimestamp")
        with contextlib.suppress(KeyError):
            note = self._world.find(author.aci, target if isinstance(target, int) else 0)
            note.reactions[self._account.aci] = str(params.get("emoji"))
        return {"results": _results(people, circle), "timestamp": self._world.next_stamp()}

    def _send_nothing(self, params: Params) -> Answer:
        people, circle = self._recipients(params)
        return {"results": _results(people, circle), "timestamp": self._world.next_stamp()}

    def _get_attachment(self, params: Params) -> Answer:
        file = self._world.file(str(params.get("id")))
        if file is None:
            raise RpcError(-1, "Could not find attachment with ID: " + str(params.get("id")))
        return {"data": file.data}

    def _list_groups(self, params: Params) -> Answer:
        asked = {str(group) for group in _list(params, "groupId")}
        circles = self._world.register.circles.values()
        return [self._described(c) for c in circles if not asked or c.id in asked]

    def _update_group(self, params: Params) -> Answer:
        adding = [self._person(str(name)) for name in _list(params, "member")]
        for person in adding:
            if not person.registered:
                raise RpcError(-1, f"The user {person.number} is not registered.")
        given = params.get("groupId")
        made = given is None
        circle = self._found(params) if made else self._circle(str(given))
        self._change(circle, params)
        for person in adding:
            _admit(circle, person.aci)
        for name in _list(params, "removeMember"):
            _send_away(circle, self._person(str(name)).aci)
        self._world.touch(circle)
        others = [self._world.who(aci) for aci in circle.members if aci != self._account.aci]
        answer: dict[str, object] = {"groupId": circle.id} if made else {}
        return answer | {
            "results": _results(others, None),
            "timestamp": self._world.next_stamp(),
        }

    def _found(self, params: Params) -> Circle:
        if self._faults.no_creation:
            self._faults.no_creation = False
            raise RpcError(-3, "Failed to send message: SocketException")
        size = 16 if self._faults.legacy_groups else 32
        circle = self._world.found_circle(str(params.get("name")), size)
        if self._faults.half_made:
            self._faults.half_made = False
            raise RpcError(-3, "Failed to send message: SocketException")
        return circle

    def _change(self, circle: Circle, params: Params) -> None:
        circle.name = str(params.get("name", circle.name))
        circle.description = str(params.get("description", circle.description))
        for given, kept in _PERMISSIONS.items():
            if given in params:
                circle.permissions[kept] = _LEVELS[str(params[given])]
        circle.fades_after = int(str(params.get("expiration", circle.fades_after)))
        for name in _list(params, "removeAdmin"):
            circle.admins.remove(self._person(str(name)).aci)
        if params.get("link") == "disabled":
            circle.link = None
        elif "link" in params and circle.link is None:
            circle.link = self._world.fresh_link()

    def _quit_group(self, params: Params) -> Answer:
        circle = self._circle(str(params.get("groupId")))
        _send_away(circle, self._account.aci)
        self._world.touch(circle)
        return {"results": [], "timestamp": self._world.next_stamp()}

    def _described(self, circle: Circle) -> dict[str, object]:
        def people(acis: Sequence[str]) -> list[dict[str, object]]:
            found = (self._world.who(aci) for aci in acis)
            return [{"number": one.public_number, "uuid": one.aci} for one in found]

        levels = {kept: circle.permissions.get(kept, "EVERY_MEMBER") for kept in _KEPT}
        return {
            "id": circle.id,
            "name": circle.name,
            "description": circle.description,
            "isMember": self._account.aci in circle.members,
            "isBlocked": False,
            "messageExpirationTime": circle.fades_after,
            "members": people(circle.members),
            "pendingMembers": people(circle.pending),
            "requestingMembers": people(circle.requesting),
            "admins": people(circle.admins),
            "banned": [],
            **levels,
            "groupInviteLink": circle.link,
        }

    def _recipients(self, params: Params) -> tuple[list[Person], Circle | None]:
        if params.get("groupId") is not None:
            circle = self._circle(str(params["groupId"]))
            if self._account.aci not in circle.members:
                name = f"{circle.name} ({circle.id})"
                raise RpcError(-1, f"User is not a member in group: {name}")
            others = [aci for aci in circle.members if aci != self._account.aci]
            return [self._world.who(aci) for aci in others], circle
        names = [str(name) for name in _list(params, "recipient")]
        if not names:
            raise RpcError(-1, "No recipients given")
        return [self._person(name) for name in names], None

    def _circle(self, group: str) -> Circle:
        try:
            size = len(base64.b64decode(group, validate=True))
        except binascii.Error:
            size = 0
        if size not in (16, 32):
            raise RpcError(-1, f"Invalid group id: Invalid group id of size {size}")
        if group not in self._world.register.circles:
            raise RpcError(-1, f"Group not found: {group}")
        return self._world.register.circles[group]

    def _person(self, name: str) -> Person:
        for person in self._world.register.people.values():
            if name in (person.aci, person.number):
                return person
        number = name if name.startswith("+") else ""
        return Person(aci="" if number else name, number=number, registered=False)

    def _check(self, people: Sequence[Person], circle: Circle | None) -> None:
        """The failures that concern every recipient."""
        limit = self._faults.rate_limit
        if limit is not None:
            more = {"token": "tok-1", "retryAfterSeconds": -1} if limit == 428 else {}
            results = [{**_result(p, circle, "RATE_LIMIT_FAILURE"), **more} for p in people]
            raise RpcError(-5, "Failed to send message due to rate limiting", results)
        if self._faults.network_down:
            results = [_result(p, circle, "NETWORK_FAILURE") for p in people]
            raise RpcError(-1, "Failed to send message", results)
        if people and all(person.new_phone for person in people):
            raise RpcError(
                -4,
                "Failed to send message due to untrusted identities",
                _results(people, circle),
            )
        if people and not any(person.registered for person in people):
            raise RpcError(-1, "Failed to send message", _results(people, circle))


_KEPT = ("permissionAddMember", "permissionEditDetails", "permissionSendMessage")


def _results(people: Sequence[Person], circle: Circle | None) -> list[dict[str, object]]:
    return [_result(person, circle, _fate(person)) for person in people]


def _fate(person: Person) -> str:
    if person.new_phone:
        return "IDENTITY_FAILURE"
    return "SUCCESS" if person.registered else "UNREGISTERED_FAILURE"


def _result(person: Person, circle: Circle | None, kind: str) -> dict[str, object]:
    address = {"uuid": person.aci or None, "number": person.public_number or None}
    result: dict[str, object] = {"recipientAddress": {**address, "username": None}}
    if circle is not None:
        result["groupId"] = circle.id
    return {**result, "type": kind}


def _admit(circle: Circle, aci: str) -> None:
    circle.requesting = [one for one in circle.requesting if one != aci]
    circle.pending = [one for one in circle.pending if one != aci]
    if aci not in circle.members:
        circle.members.append(aci)


def _send_away(circle: Circle, aci: str) -> None:
    for seats in (circle.members, circle.pending, circle.requesting, circle.admins):
        if aci in seats:
            seats.remove(aci)


def _list(params: Params, name: str) -> list[object]:
    value = params.get(name)
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def _file(uri: str) -> File:
    found = _URI.fullmatch(uri)
    if found is None:
        raise RpcError(-32603, "Failed to send message: AttachmentInvalidException")
    try:
        size = len(base64.b64decode(found["data"], validate=True))
    except binascii.Error as error:
        raise RpcError(-32603, "Failed to send message: AttachmentInvalidException") from error
    name = found["name"] or ""
    return File(f"{secrets.token_hex(16)}.bin", found["type"], name, size, found["data"])
