"""Files of encrypted rooms: fetched and opened, or sealed and uploaded."""

import asyncio
from collections.abc import Mapping
from typing import Any

from mautrix.crypto.attachments import decrypt_attachment, encrypt_attachment
from mautrix.errors import DecryptionError

from appservice.matrix.api import Api, Json, MatrixError, segment
from appservice.matrix.events import FileRef
from appservice.matrix.settings import Unreadable
from bridges.protocol import Attachment

DOWNLOAD_SECONDS = 120.0
BLOCK = 64 * 1024


class FileRefused(Exception):
    """The file can't be had, now or ever."""

    def __init__(self, reason: Unreadable) -> None:
        self.reason = reason
        super().__init__(reason.value)


async def fetch(api: Api, file: FileRef, limit: int) -> Attachment:
    """The file in clear. Raises FileRefused; Unreachable or MatrixError when it may work later."""
    server, _, media_id = file.url.removeprefix("mxc://").partition("/")
    if server != api.user_id.partition(":")[2]:
        # Our rooms are not federated: a file elsewhere is a trap, and would hold the others up.
        raise FileRefused(Unreadable.ATTACHMENT_BROKEN)
    path = f"/_matrix/client/v1/media/download/{segment(server)}/{segment(media_id)}"
    try:
        data = await _download(api, path, limit)
    except MatrixError as refusal:
        if refusal.temporary:
            raise
        raise FileRefused(Unreadable.ATTACHMENT_BROKEN) from refusal
    if file.sealed is not None:
        data = await asyncio.to_thread(_open, data, file.sealed)
    return Attachment(file.content_type, data, file.filename)


async def upload(api: Api, attachment: Attachment) -> Json:
    """The content of the message that shows it, with the key that opens it.

    Raises MatrixError, Unreachable.
    """
    data, sealed = await asyncio.to_thread(encrypt_attachment, attachment.data)
    # Neither its name nor its type is the homeserver's business.
    opening = api.open(
        "POST",
        "/_matrix/media/v3/upload",
        data,
        content_type="application/octet-stream",
        seconds=DOWNLOAD_SECONDS,
    )
    async with opening as answer:
        url = (await answer.response.json())["content_uri"]
    filename = attachment.filename or "fichier"
    return {
        "msgtype": _msgtype(attachment.content_type),
        "body": filename,
        "filename": filename,
        "info": {"mimetype": attachment.content_type, "size": len(attachment.data)},
        "file": {**sealed.serialize(), "url": url},
    }


async def _download(api: Api, path: str, limit: int) -> bytes:
    parts, size = [], 0
    async with api.open("GET", path, seconds=DOWNLOAD_SECONDS) as answer:
        async for block in answer.response.content.iter_chunked(BLOCK):
            size += len(block)
            if size > limit:
                raise FileRefused(Unreadable.ATTACHMENT_TOO_LARGE)
            parts.append(block)
    return b"".join(parts)


def _open(data: bytes, sealed: Mapping[str, Any]) -> bytes:
    try:
        key, digest, iv = sealed["key"]["k"], sealed["hashes"]["sha256"], sealed["iv"]
        return bytes(decrypt_attachment(data, key, digest, iv))
    except (DecryptionError, LookupError, TypeError, ValueError, AttributeError) as error:
        # Whoever wrote the event wrote these too.
        raise FileRefused(Unreadable.ATTACHMENT_BROKEN) from error


def _msgtype(content_type: str) -> str:
    family = content_type.partition("/")[0]
    return {"image": "m.image", "video": "m.video", "audio": "m.audio"}.get(family, "m.file")
