"""The OpenID Connect provider by which people sign in: what it says of itself, its keys, and what it knows of people.

It is asked over HTTPS alone (or over the loopback), without redirects, for a few seconds and a few kilobytes.
"""

from __future__ import annotations

import asyncio
import json
import logging
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Final
from urllib.parse import quote_plus, urlencode, urlsplit

import httpx2

from skeldir.clock import utc_now
from skeldir.web.id_tokens import Expected, IdTokenRefused, KeyUnknown, read_id_token, read_keys
from skeldir.web.provider_metadata import (
    Document,
    Metadata,
    ProviderInvalid,
    ProviderOff,
    ProviderRefused,
    ProviderUnreachable,
    answer_invalid,
    read_metadata,
    unreachable,
    word_of,
)
from skeldir.web.provider_settings import read_provider_settings
from skeldir.web.turns import TurnLimits

if TYPE_CHECKING:
    from fastapi import Request
    from joserfc.jwk import KeySet

    from skeldir.settings import Settings
    from skeldir.web.provider_settings import ProviderSettings
    from skeldir.web.turns import Turn

logger = logging.getLogger(__name__)

CALLBACK: Final = "/identity/callback"
_SCOPE: Final = "openid email"
_TIMEOUT_S: Final = 5.0
_LONGEST_S: Final = 8.0
_LARGEST_ANSWER: Final = 256 * 1024
_KEPT_S: Final = 3_600.0
# How long a failure is remembered, so that a crowd of people does not wait for the provider one after another.
_SILENCE_KEPT_S: Final = 5.0


@dataclass(slots=True)
class _Kept:
    """What was read of the provider, and until when (of the monotonic clock) it need not be read again."""

    metadata: Metadata
    keys: KeySet | None
    until_s: float


class Provider:
    """The provider of the settings. What it says of itself is read when it is first needed, and kept for an hour."""

    def __init__(self, settings: ProviderSettings, client: httpx2.AsyncClient) -> None:
        self.settings = settings
        self.limits = TurnLimits()
        self._client = client
        self._kept: _Kept | None = None
        self._reading = asyncio.Lock()
        self._silent_until_s = 0.0

    @property
    def redirect_uri(self) -> str:
        """Where the provider sends people back to."""
        return f"{self.settings.public_url}{CALLBACK}"

    async def address_to_leave_for(self, turn: Turn, state: str) -> str:
        """Return the address to which a browser leaves.

        Raises:
            ProviderUnreachable, ProviderInvalid: what the provider says of itself cannot be had.
        """
        parameters = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": _SCOPE,
            "state": state,
            "nonce": turn.nonce(state),
            "code_challenge": turn.challenge(state),
            "code_challenge_method": "S256",
        }
        if self.settings.prompt is not None:
            parameters["prompt"] = self.settings.prompt
        return _with_query((await self._metadata()).authorization, parameters)

    async def address_to_sign_out(self, back: str, id_token: str | None) -> str | None:
        """Return where a browser ends its session at the provider, which then leads `back`; None for no such place.

        Raises:
            ProviderUnreachable, ProviderInvalid: as above.
        """
        place = (await self._metadata()).end_session
        if place is None:
            return None
        parameters = {"client_id": self.settings.client_id, "post_logout_redirect_uri": back}
        if id_token is not None:
            # Without it some providers ask the person first, and others refuse.
            parameters["id_token_hint"] = id_token
        return _with_query(place, parameters)

    async def redeem(self, code: str, turn: Turn, state: str) -> tuple[Document, str]:
        """Return the claims of the ID token for a code that a browser has brought back, and the token.

        With a turn that needs the e-mail address, the claims have those of the user info, too.

        Raises:
            ProviderRefused: the code is not good: made up, of another browser, used before, or too old.
            IdTokenRefused: the ID token is not for this sign-in.
            ProviderUnreachable, ProviderInvalid: as above.
        """
        metadata = await self._metadata()
        answer = await self._exchange(metadata, code, turn.verifier(state))
        token, access = answer.get("id_token"), answer.get("access_token")
        if not isinstance(token, str):
            raise answer_invalid("It sent no ID token.")
        claims = await self._read_token(metadata, token, turn.nonce(state))
        is_said = {"email", "email_verified"} <= claims.keys()
        if turn.needs_email and not is_said and isinstance(access, str):
            claims = {**claims, **await self._user_info(metadata, access, str(claims["sub"]))}
        return claims, token

    async def _exchange(self, metadata: Metadata, code: str, verifier: str) -> Document:
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": verifier,
        }
        client_id = self.settings.client_id
        secret = self.settings.client_secret.get_secret_value()
        headers = {}
        if metadata.takes_basic:
            pair = f"{quote_plus(client_id)}:{quote_plus(secret)}".encode()
            headers["authorization"] = f"Basic {b64encode(pair).decode()}"
        else:
            fields |= {"client_id": client_id, "client_secret": secret}
        status, answer = await self._ask(
            "POST", metadata.token, headers=headers, content=urlencode(fields)
        )
        if status == httpx2.codes.OK:
            return answer
        reason = word_of(answer.get("error"))
        logger.warning("web.provider_refused_code %s %s", status, reason)
        if reason == "invalid_grant":
            raise ProviderRefused(
                "The provider did not accept the code that your browser brought back.",
                cure="Begin again: a code works once, and only for some seconds.",
            )
        raise ProviderInvalid(
            f"The provider did not accept this program: {status} {reason}.",
            cure="Ask the operator to check client id, client secret and redirect URI.",
        )

    async def _read_token(self, metadata: Metadata, token: str, nonce: str) -> Document:
        issuer, client_id = self.settings.issuer, self.settings.client_id
        expected = Expected(issuer, client_id, nonce, utc_now())
        try:
            try:
                return read_id_token(token, await self._keys(metadata), expected)
            except KeyUnknown:
                # The provider may have signed with a new key: they are read again, once.
                keys = await self._keys(metadata, again=True)
                return read_id_token(token, keys, expected, is_last=True)
        except IdTokenRefused as refused:
            logger.warning("web.id_token_refused %s", refused.detail)
            raise

    async def _user_info(self, metadata: Metadata, access_token: str, subject: str) -> Document:
        if metadata.user_info is None:
            return {}
        headers = {"authorization": f"Bearer {access_token}"}
        if not access_token.isascii() or not access_token.isprintable():
            raise answer_invalid("Its access token cannot be sent.")
        status, answer = await self._ask("GET", metadata.user_info, headers=headers)
        if status != httpx2.codes.OK or answer.get("sub") != subject:
            raise answer_invalid("Its user info is not about the person of the ID token.")
        return {name: answer[name] for name in ("email", "email_verified") if name in answer}

    async def _metadata(self) -> Metadata:
        async with self._reading:
            if self._kept is None or self._kept.until_s < monotonic():
                if monotonic() < self._silent_until_s:
                    raise unreachable("it did not answer some seconds ago")
                try:
                    read = await self._read_metadata()
                except ProviderUnreachable:
                    self._silent_until_s = monotonic() + _SILENCE_KEPT_S
                    raise
                self._kept = _Kept(read, None, monotonic() + _KEPT_S)
            return self._kept.metadata

    async def _read_metadata(self) -> Metadata:
        place = self.settings.issuer.rstrip("/") + "/.well-known/openid-configuration"
        status, document = await self._ask("GET", place)
        if status != httpx2.codes.OK:
            raise unreachable(f"its description has the status {status}")
        return read_metadata(document, self.settings.issuer)

    async def _keys(self, metadata: Metadata, *, again: bool = False) -> KeySet:
        kept = self._kept
        if kept is not None and kept.keys is not None and not again:
            return kept.keys
        status, document = await self._ask("GET", metadata.keys)
        if status != httpx2.codes.OK:
            raise unreachable(f"its keys have the status {status}")
        keys = read_keys(document)
        if kept is not None:
            kept.keys = keys
        return keys

    async def _ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: str | None = None,
    ) -> tuple[int, Document]:
        """Return the status and the JSON object of an answer; an empty one for an error that has none."""
        sent = {"accept": "application/json", "accept-encoding": "identity", **(headers or {})}
        if content is not None:
            sent["content-type"] = "application/x-www-form-urlencoded"
        body = bytearray()
        try:
            async with (
                asyncio.timeout(_LONGEST_S),
                self._client.stream(
                    method=method, url=url, headers=sent, content=content
                ) as response,
            ):
                # Raw: how much is read is bounded before anything is decompressed.
                async for part in response.aiter_raw():
                    body += part
                    if len(body) > _LARGEST_ANSWER:
                        raise answer_invalid("It is larger than any answer of a provider.")
        except (httpx2.HTTPError, OSError, TimeoutError) as error:
            logger.warning("web.provider_unreachable %s %s", method, type(error).__name__)
            raise unreachable("it does not answer") from error
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            if response.status_code == httpx2.codes.OK:
                raise answer_invalid("It is not a JSON object.")
            document = {}
        return response.status_code, document


@asynccontextmanager
async def open_provider(settings: Settings) -> AsyncIterator[Provider | None]:
    """Open what asks the provider of the settings; None if they name none. Nothing is asked yet.

    Raises:
        ConfigurationInvalid: a setting is missing or cannot be used.
    """
    known = await asyncio.to_thread(read_provider_settings, settings)
    if known is None:
        yield None
        return
    tls = await asyncio.to_thread(httpx2.create_ssl_context)
    async with httpx2.AsyncClient(verify=tls, timeout=_TIMEOUT_S, follow_redirects=False) as client:
        yield Provider(known, client)


def provider_of(request: Request) -> Provider | None:
    """Return the provider of the application; None if there is none."""
    provider: Provider | None = request.app.state.provider
    return provider


def require_provider(request: Request) -> Provider:
    """Return the provider of the application.

    Raises:
        ProviderOff: there is none.
    """
    provider = provider_of(request)
    if provider is None:
        raise ProviderOff(
            "No provider is configured.",
            cure="Sign in by password, or with an operator's link; docs/sign-in.md says how to configure one.",
        )
    return provider


def _with_query(url: str, parameters: Mapping[str, str]) -> str:
    return f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(parameters)}"
