"""People named in a text: by their role, whatever the writer's telephone calls them."""

from collections.abc import Iterable, Sequence

from appservice.domain.delivery import Named
from appservice.domain.member import Channel, Member

_SOMEBODY = "membre"

Place = tuple[int, int, Member]
"""Where the text names a member: its first character, and how many."""


def labelled(text: str, places: Iterable[Place]) -> tuple[str, list[tuple[str, Member]]]:
    """« @Bijouterie Martin » in each of those places, and the labels in their order."""
    out, begun, labels = "", 0, []
    for start, length, member in sorted(places, key=lambda place: place[0]):
        if start < begun:
            continue
        label = f"@{member.attribution}"
        out += text[begun:start] + label
        labels.append((label, member))
        begun = start + length
    return out + text[begun:], labels


def neutral(text: str, places: Iterable[Place]) -> str:
    """What is judged: to name one's peer identifies nobody, and « @membre » is no address."""
    out, begun = "", 0
    for start, length, _ in sorted(places, key=lambda place: place[0]):
        if start >= begun:
            out += f"{text[begun:start]}{_SOMEBODY}"
            begun = start + length
    return (out + text[begun:]).replace(f"@{_SOMEBODY}", _SOMEBODY)


def places_in(
    body: str, after: int, labels: Sequence[tuple[str, Member]], channel: Channel
) -> tuple[Named, ...]:
    """Where the body, from there on, names those whom that channel reaches."""
    found = []
    for label, member in labels:
        at = body.find(label, after)
        if at < 0:
            continue
        after = at + len(label)
        address = member.address(channel)
        if address is not None:
            found.append(Named(at, len(label), address))
    return tuple(found)
