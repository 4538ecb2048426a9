"""Signed JSON (Matrix spec, Appendices, Signing JSON), verified by vodozemac."""

import json
from collections.abc import Mapping
from typing import Any

import vodozemac

KEY_LENGTH = 43  # 32 bytes in unpadded base64


def canonical(content: Mapping[str, Any]) -> bytes:
    """The bytes that a signature covers."""
    bare = {key: value for key, value in content.items() if key not in ("signatures", "unsigned")}
    return json.dumps(bare, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def is_key(text: object) -> bool:
    """Whether that is a public key as Matrix writes it."""
    if not isinstance(text, str) or len(text) != KEY_LENGTH:
        return False
    try:
        vodozemac.Curve25519PublicKey.from_base64(text)
    except ValueError:
        return False
    return True


def signature_of(content: Mapping[str, Any], signer: str, key_id: str, key: str) -> str | None:
    """The signature on `content` by `signer` under `ed25519:key_id`, if it is there and holds."""
    try:
        signature = content["signatures"][signer][f"ed25519:{key_id}"]
        vodozemac.Ed25519PublicKey.from_base64(key).verify_signature(
            canonical(content), vodozemac.Ed25519Signature.from_base64(signature)
        )
    except (KeyError, TypeError, ValueError, RecursionError):
        return None
    return str(signature)
