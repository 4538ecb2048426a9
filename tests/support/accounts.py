"""Accounts of a homeserver, in memory; and ways for it to fail."""

from collections.abc import Callable
from dataclasses import dataclass, field

from appservice.domain.ids import UserId


@dataclass
class MemoryAccounts:
    """Implements `ports.Accounts`."""

    passwords: dict[UserId, str] = field(default_factory=dict)
    names: dict[UserId, str] = field(default_factory=dict)
    devices: set[UserId] = field(default_factory=set)
    given: list[UserId] = field(default_factory=list)
    """Each time that one was made or set."""
    closed: list[UserId] = field(default_factory=list)
    fails: Callable[[str], None] = lambda verb: None
    """Told the verb before it is done; may raise."""
    dies: Callable[[], None] = lambda: None
    """Called once a password was given, as whoever dies before noting it."""

    async def is_free(self, user: UserId) -> bool:
        self.fails("is_free")
        return user not in self.passwords

    async def give(self, user: UserId, password: str, name: str) -> None:
        self.fails("give")
        self.passwords[user], self.names[user] = password, name
        self.devices.discard(user)
        self.given.append(user)
        self.dies()

    async def has_devices(self, user: UserId) -> bool:
        self.fails("has_devices")
        return user in self.devices

    async def close(self, user: UserId) -> None:
        self.fails("close")
        self.passwords.pop(user, None)
        self.devices.discard(user)
        self.closed.append(user)

    def sign_in(self, user: str, password: str) -> None:
        """As the person does on their telephone."""
        assert self.passwords[UserId(user)] == password
        self.devices.add(UserId(user))


@dataclass
class MemoryIntroductions:
    """Implements `ports.Introductions`: what each account reads in its list of invitations."""

    rooms: dict[str, tuple[UserId, str]] = field(default_factory=dict)
    sent: list[tuple[UserId, str]] = field(default_factory=list)
    fails: Callable[[str], None] = lambda verb: None

    async def invite(self, key: str, user: UserId, name: str) -> None:
        self.fails("invite")
        self.rooms[key] = (user, name)
        self.sent.append((user, name))

    async def withdraw(self, key: str) -> None:
        self.fails("withdraw")
        self.rooms.pop(key, None)
