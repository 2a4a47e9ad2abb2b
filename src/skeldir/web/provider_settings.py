"""Which OpenID Connect provider people may sign in by: the settings, checked when the application starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from pydantic import SecretStr

from skeldir.errors import ConfigurationInvalid
from skeldir.web.provider_metadata import is_safe_url

if TYPE_CHECKING:
    from pathlib import Path

    from skeldir.settings import Settings

_LARGEST_SECRET: Final = 4_096


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """A provider by issuer, and this program as it knows it. `name` is on the button, `public_url` before each path."""

    issuer: str
    client_id: str
    client_secret: SecretStr
    name: str
    public_url: str
    prompt: str | None = None


def read_provider_settings(settings: Settings) -> ProviderSettings | None:
    """Return the provider of the settings; None without SKELDIR_OIDC_ISSUER. Reads a file: to be called in a thread.

    Raises:
        ConfigurationInvalid: a setting is missing or cannot be used.
    """
    issuer = settings.skeldir_oidc_issuer
    if not issuer:
        return None
    parts = urlsplit(issuer) if is_safe_url(issuer, may_be_plain=True) else None
    if parts is None or parts.query:
        raise ConfigurationInvalid(
            "SKELDIR_OIDC_ISSUER is not an address of HTTPS.",
            cure="Write it as the provider does, such as https://login.example.com.",
        )
    if not settings.skeldir_oidc_client_id:
        raise _missing("SKELDIR_OIDC_CLIENT_ID")
    if settings.skeldir_public_url is None:
        raise _missing("SKELDIR_PUBLIC_URL")
    return ProviderSettings(
        issuer=issuer,
        client_id=settings.skeldir_oidc_client_id,
        client_secret=_secret_of(settings),
        name=settings.skeldir_oidc_name or parts.netloc,
        public_url=settings.skeldir_public_url,
        prompt=settings.skeldir_oidc_prompt,
    )


def _secret_of(settings: Settings) -> SecretStr:
    file, secret = settings.skeldir_oidc_client_secret_file, settings.skeldir_oidc_client_secret
    if file is not None and secret is not None:
        raise ConfigurationInvalid(
            "SKELDIR_OIDC_CLIENT_SECRET and SKELDIR_OIDC_CLIENT_SECRET_FILE are both set.",
            cure="Set one of them.",
        )
    text = "" if secret is None else secret.get_secret_value()
    if file is not None:
        text = _read_secret(file)
    if not text:
        raise _missing("SKELDIR_OIDC_CLIENT_SECRET or SKELDIR_OIDC_CLIENT_SECRET_FILE")
    return SecretStr(text)


def _read_secret(file: Path) -> str:
    try:
        with file.open(encoding="utf-8") as lines:
            return lines.read(_LARGEST_SECRET).strip()
    except (OSError, ValueError) as error:
        raise ConfigurationInvalid(
            "SKELDIR_OIDC_CLIENT_SECRET_FILE cannot be read.",
            cure="Name a file that the API's user may read, with the secret alone in it.",
        ) from error


def _missing(name: str) -> ConfigurationInvalid:
    return ConfigurationInvalid(
        f"{name} is not set, and SKELDIR_OIDC_ISSUER is.",
        cure="Set it as docs/sign-in.md says, or unset SKELDIR_OIDC_ISSUER.",
    )
