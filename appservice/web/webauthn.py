"""Web Authentication (W3C, level 3), checked by py_webauthn: our site, and its user verified."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

import webauthn
from webauthn.helpers import base64url_to_bytes, options_to_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from appservice.domain.console import Account
from appservice.domain.console.passkey import Passkey
from appservice.flows.ports import MadeKey, NotProved

_VERIFIED = UserVerificationRequirement.REQUIRED
_WRONG = (WebAuthnException, ValueError, TypeError, KeyError)


@dataclass(frozen=True, slots=True)
class WebAuthnKeys:
    """Implements `ports.console.KeyChecks` for the site at `url`."""

    url: str

    @property
    def site(self) -> str:
        """Keys are of this name, and of no other: a page that looks like ours gets nothing."""
        return urlsplit(self.url).hostname or ""

    def to_make(self, account: Account, known: Sequence[Passkey], challenge: bytes) -> str:
        """What a browser is asked for, as JSON; a device that has a key already says so."""
        options = webauthn.generate_registration_options(
            rp_id=self.site,
            rp_name="Maillage",
            user_id=account.id.encode()[:64],
            user_name=account.login,
            user_display_name=account.name,
            challenge=challenge,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=_VERIFIED,
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=key.id) for key in known],
        )
        return options_to_json(options)

    def to_ask(self, challenge: bytes) -> str:
        """The same to come in: whichever key of this site its owner chooses."""
        return options_to_json(
            webauthn.generate_authentication_options(
                rp_id=self.site, challenge=challenge, user_verification=_VERIFIED
            )
        )

    def made(self, answer: str, challenge: bytes) -> MadeKey:
        try:
            found = webauthn.verify_registration_response(
                credential=answer,
                expected_challenge=challenge,
                expected_rp_id=self.site,
                expected_origin=self.url,
                require_user_verification=True,
            )
        except _WRONG as error:
            raise NotProved from error
        return MadeKey(found.credential_id, found.credential_public_key, found.sign_count)

    def claimed(self, answer: str) -> bytes:
        try:
            return base64url_to_bytes(json.loads(answer)["id"])
        except (*_WRONG, AttributeError) as error:
            raise NotProved from error

    def proved(self, answer: str, challenge: bytes, key: Passkey) -> int:
        try:
            found = webauthn.verify_authentication_response(
                credential=answer,
                expected_challenge=challenge,
                expected_rp_id=self.site,
                expected_origin=self.url,
                credential_public_key=key.public_key,
                credential_current_sign_count=key.count,
                require_user_verification=True,
            )
        except _WRONG as error:
            raise NotProved from error
        return found.new_sign_count


def keys_of(url: str) -> WebAuthnKeys | None:
    """None where browsers make no passkeys: a site that has an address and no name."""
    try:
        ip_address(urlsplit(url).hostname or "")
    except ValueError:
        return WebAuthnKeys(url)
    return None
