"""Signatures by a tenant's secret, for links that are given to people without an account or a key."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from skeldir.tenants.registry import TenantProfile

_NOBODYS: Final = secrets.token_bytes(32)


def sign_text(profile: TenantProfile, purpose: bytes, text: str) -> str:
    """Return the signature of a text: HMAC-SHA256 with a key of this purpose only, derived from the tenant's secret.

    A `purpose` has at most 16 bytes.
    """
    return _sign(profile.journey_secret, purpose, text)


def is_signed_by(profile: TenantProfile | None, purpose: bytes, text: str, signature: str) -> bool:
    """Return whether the tenant signed the text for this purpose; never for a tenant that does not exist.

    The work is the same for such a one, and takes the same time wherever the signatures differ.
    """
    secret = _NOBODYS if profile is None else profile.journey_secret
    expected = _sign(secret, purpose, text)
    return hmac.compare_digest(expected.encode(), signature.encode()) and profile is not None


def _sign(secret: bytes, purpose: bytes, text: str) -> str:
    key = hashlib.blake2b(key=secret, person=purpose, digest_size=32).digest()
    signature = hmac.digest(key, text.encode(), "sha256")
    return urlsafe_b64encode(signature).rstrip(b"=").decode()
