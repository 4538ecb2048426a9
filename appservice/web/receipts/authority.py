"""An authority of time asked over HTTP, and what it answers verified (RFC 3161)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import aiohttp
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from appservice.domain.errors import TemporaryFailure
from appservice.domain.signing.stamp import Stamped
from appservice.flows.charter.stamping import NotATimeStamp
from appservice.flows.ports import Clock

QUERY, REPLY = "application/timestamp-query", "application/timestamp-reply"
APART = timedelta(minutes=5)
"""Between its clock and ours."""
_LARGEST = 64 * 1024  # bytes of an answer
_PATIENCE = aiohttp.ClientTimeout(total=20)


class AuthorityDown(TemporaryFailure):
    """L'autorité d'horodatage ne répond pas."""

    code = "horodatage-injoignable"


@dataclass(frozen=True, slots=True)
class HttpTimeAuthority:
    """Implements `ports.stamps.TimeAuthority`; `trusted` are the certificates one believes."""

    http: aiohttp.ClientSession
    url: str
    trusted: Sequence[x509.Certificate]
    clock: Clock

    async def stamp(self, data: bytes) -> Stamped:
        from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

        wanted = TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256).build()
        if wanted.nonce is None:  # the builder draws one
            raise NotATimeStamp("demande sans nombre aléatoire")
        answer = await self._ask(wanted.as_bytes())
        stamped = verified(answer, data, self.trusted, wanted.nonce)
        if abs(stamped.at - self.clock()) > APART:
            raise NotATimeStamp("son heure n'est pas la nôtre")
        return stamped

    async def _ask(self, query: bytes) -> bytes:
        headers = {"Content-Type": QUERY, "Accept": REPLY}
        try:
            async with self.http.post(
                self.url, data=query, headers=headers, timeout=_PATIENCE, allow_redirects=False
            ) as answer:
                if answer.status != 200:
                    raise AuthorityDown
                return await answer.content.read(_LARGEST)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise AuthorityDown from error


def verified(
    answer: bytes, data: bytes, trusted: Sequence[x509.Certificate], nonce: int | None = None
) -> Stamped:
    """What the answer proves of the data; certificates need to be valid at its time only.

    Raises NotATimeStamp.
    """
    from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response

    try:
        response = decode_timestamp_response(answer)
        # RFC 3161, 2.4.2: a certificate that signs anything else signs no time.
        VerifierBuilder(roots=list(trusted), nonce=nonce).build().verify_message(response, data)
        at: datetime = response.tst_info.gen_time
        return Stamped(response.as_bytes(), at, _name(response.signed_data.certificates))
    except (VerificationError, UnsupportedAlgorithm, ValueError, TypeError) as error:
        raise NotATimeStamp(str(error)[:200]) from error


def _name(certificates: set[bytes]) -> str:
    """Of the one that signs time."""
    for found in map(x509.load_der_x509_certificate, certificates):
        if _signs_time(found):
            names = found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
            return str(names[0].value) if names else found.subject.rfc4514_string()
    return ""


def _signs_time(certificate: x509.Certificate) -> bool:
    uses = [one.value for one in certificate.extensions if one.oid == x509.ExtendedKeyUsage.oid]
    return any(ExtendedKeyUsageOID.TIME_STAMPING in use for use in uses)
