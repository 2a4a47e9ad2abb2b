"""What a secret of each provider looks like, and the key that it stands for."""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from typing import Final

from skeldir.errors import InputInvalid
from skeldir.inbox.saying import EndpointProvider

LONGEST_SECRET: Final = 500
"""Characters of a secret."""

_PREFIX: Final = "whsec_"
_KEY_BYTES: Final = 32
_PAYPAL_ID: Final = re.compile(r"[A-Za-z0-9-]{1,64}", re.ASCII)
_STRIPE: Final = re.compile(r"whsec_[!-~]+", re.ASCII)


MAKES_SECRET: Final = frozenset({"woocommerce", "standard"})
"""Providers that take a secret made here; all others give their own."""


class SecretInvalid(InputInvalid):
    """A secret does not have the form of its provider's secrets."""

    code = "secret_invalid"
    title = "The secret is not one of this provider"


def make_secret(provider: EndpointProvider) -> str:
    """Return a new secret for a provider of MAKES_SECRET."""
    if provider == "standard":
        return _PREFIX + base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()
    # Its letters are the same with and without HTML entities, which WooCommerce decodes.
    return secrets.token_urlsafe(_KEY_BYTES)


def read_standard_key(secret: str) -> bytes | None:
    """Return the key of a secret of Standard Webhooks: what its base64 after `whsec_` stands for. None: no key.

    Padding may be missing. An empty key is none: with it, anybody could sign.
    """
    text = secret.removeprefix(_PREFIX).rstrip("=")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True) or None
    except (binascii.Error, ValueError):
        return None


def require_secret(provider: EndpointProvider, secret: str) -> str:
    """Return a secret as it is to be stored, after a check of its form.

    WooCommerce's is kept as typed, since its blanks belong to the key. All others lose blanks at their ends, which are
    left from copying. For PayPal, the secret is the id of the webhook: it binds a signature to the endpoint.

    Raises:
        SecretInvalid: it cannot be a secret of this provider. It is not quoted.
    """
    found = secret if provider == "woocommerce" else secret.strip()
    cure = _cure_of(provider, found)
    if cure is not None:
        raise SecretInvalid(f"This is not a webhook's secret of {provider}.", cure=cure)
    return found


def _cure_of(provider: EndpointProvider, secret: str) -> str | None:
    """Return what to do about a secret; None: it is usable."""
    if not secret.strip() or len(secret) > LONGEST_SECRET or not secret.isprintable():
        return f"Enter the secret as the provider shows it: 1 to {LONGEST_SECRET} printable characters."
    if provider == "stripe" and not _STRIPE.fullmatch(secret):
        return "Enter the signing secret of the webhook endpoint; it starts with whsec_. An API key is none."
    if provider == "paypal" and not _PAYPAL_ID.fullmatch(secret):
        return "Enter the id of the webhook, which PayPal shows beside its address: letters and digits."
    if provider == "standard" and read_standard_key(secret) is None:
        # Some senders sign with the text itself. The standard wants base64, and guessing would let one secret stand for
        # two keys.
        return (
            "Enter the secret in base64, with or without whsec_ before it. If the sender signs with the text of its "
            "secret instead, enter the base64 of that text."
        )
    return None
