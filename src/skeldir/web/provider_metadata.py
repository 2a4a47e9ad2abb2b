"""What an OpenID Connect provider says of itself, and the errors of providers."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from skeldir.errors import SkeldirError
from skeldir.settings import is_loopback

logger = logging.getLogger(__name__)

Document: TypeAlias = Mapping[str, object]
"""A JSON object as a provider sends it: nothing is known of its values."""

_LONGEST_URL: Final = 2_000
_OPTIONAL: Final = ("userinfo_endpoint", "end_session_endpoint")
_NEEDED: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class ProviderOff(SkeldirError):
    """No provider is configured."""

    code = "provider_off"
    status = 404
    title = "There is no provider to sign in by"


class ProviderUnreachable(SkeldirError):
    """The provider did not answer."""

    code = "provider_unreachable"
    status = 503
    title = "The provider cannot be reached"


class ProviderInvalid(SkeldirError):
    """What the provider answered is not what OpenID Connect says."""

    code = "provider_answer_invalid"
    status = 502
    title = "The provider's answer cannot be used"


class ProviderRefused(SkeldirError):
    """The provider did not let the person in."""

    code = "provider_refused"
    status = 403
    title = "The provider did not let you in"


@dataclass(frozen=True, slots=True)
class Metadata:
    """Where the provider's endpoints are, from its discovery document."""

    authorization: str
    token: str
    keys: str
    user_info: str | None
    end_session: str | None
    takes_basic: bool


def is_safe_url(url: str, *, may_be_plain: bool) -> bool:
    """Return whether an address is of HTTPS, or of HTTP on the loopback where that is allowed."""
    if len(url) > _LONGEST_URL or not _is_plain_text(url):
        return False
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or parts.username is not None or parts.fragment:
        return False
    return parts.scheme == "https" or (
        may_be_plain and parts.scheme == "http" and is_loopback(host)
    )


def read_metadata(document: Document, issuer: str) -> Metadata:
    """Return the metadata of a provider from its description.

    Raises:
        ProviderInvalid: it is another provider's, or lacks an address, or has one that is not of HTTPS.
    """
    named = document.get("issuer")
    if named != issuer:
        logger.error("web.provider_issuer_differs %r", str(named)[:200])
        raise ProviderInvalid(
            "The provider's description is of another issuer than the configured one.",
            cure="Ask the operator to set SKELDIR_OIDC_ISSUER to the issuer that the description names, to the letter, "
            "if that is the provider.",
        )
    may_be_plain = urlsplit(issuer).scheme == "http"
    places: dict[str, str] = {}
    for name in (*_NEEDED, *_OPTIONAL):
        place = document.get(name)
        if place is None and name in _OPTIONAL:
            continue
        if not isinstance(place, str) or not is_safe_url(place, may_be_plain=may_be_plain):
            raise answer_invalid(f"Its {name} is not an address of HTTPS.")
        places[name] = place
    methods = document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    return Metadata(
        authorization=places["authorization_endpoint"],
        token=places["token_endpoint"],
        keys=places["jwks_uri"],
        user_info=places.get("userinfo_endpoint"),
        end_session=places.get("end_session_endpoint"),
        takes_basic=isinstance(methods, list) and "client_secret_basic" in methods,
    )


def _is_plain_text(url: str) -> bool:
    return url.isascii() and url.isprintable() and not set(url) & set(" \"'<>\\^`{|}")


def word_of(text: object) -> str:
    """Return an error code of a provider as it may be shown and logged."""
    if isinstance(text, str) and len(text) <= 60 and text.isascii():
        return text if text.replace("_", "").isalnum() else "without a reason"
    return "without a reason"


def unreachable(why: str) -> ProviderUnreachable:
    """Return the error for a provider that does not answer."""
    return ProviderUnreachable(
        f"The provider cannot be reached: {why}.",
        cure="Try again in a minute, or sign in by password or with an operator's link.",
    )


def answer_invalid(why: str) -> ProviderInvalid:
    """Log and return the error for an answer that cannot be used."""
    logger.error("web.provider_answer_invalid %s", why)
    return ProviderInvalid(
        f"The provider's answer cannot be used. {why}", cure="Ask the operator, whose log has it."
    )
