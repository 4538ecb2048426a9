"""A parcel as rows: what is sealed, what is looked up by HMAC, what is in clear."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from asyncpg import Record

from appservice.domain.delivery import Kind, Named, Parcel, Urgency
from appservice.domain.ids import BlobId
from appservice.domain.member import Channel
from appservice.store.vault import DataKey, Vault, open_text, open_words, seal_words

SEALED, ADDRESS = "parcels.sealed", "parcels.address"
AS_SENT = "deliveries.as_sent"
DAY = "exchanges:"
URGENCIES = (Urgency.URGENT, Urgency.NORMAL)


def owner_of(parcel: Parcel, at: datetime) -> str:
    """Whose key seals it: its case, whoever it is about, the one person it reaches, or its day."""
    if parcel.alert is not None:
        return f"case:A{parcel.alert}"
    if parcel.report is not None:
        return f"case:S{parcel.report}"
    return parcel.sealed_for or parcel.member or f"{DAY}{at:%Y-%m-%d}"


def message_index(vault: Vault, name: str) -> bytes:
    """How a parcel is found by its key, or by the name that the channel gave it."""
    return vault.index("message", name)


def conversation_of(vault: Vault, parcel: Parcel) -> str:
    """What orders parcels: a room or group id in clear, a number or an ACI by its HMAC."""
    if parcel.channel is Channel.MATRIX or parcel.to_group:
        return parcel.target
    return vault.index(parcel.channel.value, parcel.target).hex()


def owners_of(rows: Iterable[Record]) -> Iterator[str]:
    """Whose keys open these parcels."""
    for row in rows:
        yield row["owner"]
        if row["member"] is not None:
            yield row["member"]


def values_of(
    vault: Vault, keys: Mapping[str, DataKey], parcel: Parcel, owner: str, at: datetime
) -> tuple[object, ...]:
    """The values of `outbox.PUT`, in its order.

    What a case says to one person is sealed twice over: the words with the case, and how that
    person is reached with the person. Whichever is erased takes its own away.
    """
    address = {"key": parcel.key, "target": parcel.target, "replaces": parcel.replaces}
    words: dict[str, str | None] = {"body": parcel.body, "html": parcel.html}
    if parcel.named:
        words["named"] = json.dumps([[one.start, one.length, one.who] for one in parcel.named])
    if parcel.answers:
        words["answers"] = parcel.answers
    if parcel.member is None or parcel.member == owner:
        words |= address
    else:
        words["address"] = seal_words(keys[parcel.member], ADDRESS, address).hex()
    return (
        message_index(vault, parcel.key),
        parcel.kind.value,
        parcel.to_group,
        parcel.notice,
        parcel.urgency is Urgency.URGENT,
        parcel.alert,
        parcel.report,
        parcel.member,
        parcel.event,
        "{" + ",".join(map(str, parcel.blobs)) + "}",  # arrays of arrays must be even
        message_index(vault, parcel.replaces) if parcel.replaces else None,
        owner,
        seal_words(keys[owner], SEALED, words),
        at,
        parcel.channel.value,
        conversation_of(vault, parcel),
        URGENCIES.index(parcel.urgency),
        parcel.expires_at,
    )


def parcel_from(row: Record, keys: Mapping[str, DataKey]) -> Parcel:
    """Of a parcel joined to its delivery; without what was erased. Raises BrokenSeal."""
    key = keys.get(row["owner"])
    words = open_words(key, SEALED, row["sealed"])
    if as_sent := row.get("as_sent"):
        words["body"] = open_text(key, AS_SENT, as_sent)
    if address := words.get("address"):
        words |= open_words(keys.get(row["member"]), ADDRESS, bytes.fromhex(address))
    return Parcel(
        key=words.get("key") or "",
        channel=Channel(row["channel"]),
        target=words.get("target") or "",
        body=words.get("body") or "",
        kind=Kind(row["kind"]),
        to_group=row["to_group"],
        html=words.get("html") or "",
        notice=row["notice"],
        alert=row["alert"],
        report=row["report"],
        member=row["member"],
        named=tuple(Named(*one) for one in json.loads(words.get("named") or "[]")),
        answers=words.get("answers") or "",
        replaces=words.get("replaces"),
        event=row["event"],
        blobs=tuple(BlobId(blob) for blob in row["blobs"]),
        urgency=Urgency.URGENT if row["said_urgent"] else Urgency.NORMAL,
        expires_at=row["expires_at"],
        sealed_for=_sealed_for(row),
    )


def _sealed_for(row: Record) -> str:
    owner: str = row["owner"]
    said = row["alert"] is not None or row["report"] is not None or owner == row["member"]
    return "" if said or owner.startswith(DAY) else owner
