"""A receipt signed by the service, with what was signed attached to it (PAdES, RFC 5652)."""

import asyncio
import io

from appservice.domain.charter import sign_bytes
from appservice.flows.charter.receipts import Record
from appservice.web.receipts.page import Say, drawn

_FIELD = "Maillage"


class PdfReceipts:
    """Makes them, with the key that Keys derives for this alone."""

    def __init__(self, identity: bytes) -> None:
        """`identity` is a key and its certificate (PKCS #12, without a password)."""
        self._identity = identity

    async def make(self, record: Record, say: Say) -> bytes:
        """A tenth of a second of work, beside the event loop.

        Raises ValueError for a key that can't be read.
        """
        return await asyncio.to_thread(self._make, record, say)

    def _make(self, record: Record, say: Say) -> bytes:
        # Half a second to import, at each start and each command: only receipts need it.
        from pyhanko.pdf_utils import embed
        from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
        from pyhanko.sign import fields, signers

        signer = signers.SimpleSigner.load_pkcs12_data(self._identity, other_certs=[])
        if signer is None:
            raise ValueError("the receipts' key can't be read")
        writer = IncrementalPdfFileWriter(io.BytesIO(drawn(record, say)))
        for name, data in attachments(record).items():
            embedded = embed.EmbeddedFileObject.from_file_data(
                writer, data, mime_type="text/plain"
            )
            spec = embed.FileSpec(name, name, embedded_data=embedded, description=name)
            embed.embed_file(writer, spec)
        metadata = signers.PdfSignatureMetadata(
            field_name=_FIELD,
            md_algorithm="sha256",
            subfilter=fields.SigSeedSubFilter.PADES,
            certify=True,
            docmdp_permissions=fields.MDPPerm.NO_CHANGES,
        )
        out = io.BytesIO()
        signers.sign_pdf(writer, metadata, signer=signer, output=out)
        return out.getvalue()


def attachments(record: Record) -> dict[str, bytes]:
    """By name: every byte that the seal covers, so that anybody may compute it anew."""
    found = {
        "charte.txt": record.charter.text.encode(),
        "signature.json": sign_bytes(record.signature),
        "sceau.txt": record.signature.seal.encode(),
    }
    if record.evidence is not None:
        found["preuve.json"] = record.evidence.payload
    if record.stamp is not None and record.stamp.token is not None:
        found["horodatage.tsr"] = record.stamp.token
    return found
