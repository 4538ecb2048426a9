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

    def sign_in(self, user: str, password: str) -> None:
        """As the person does on their telephone."""
        assert self.passwords[UserId(user)] == password
        self.devices.add(UserId(user))
