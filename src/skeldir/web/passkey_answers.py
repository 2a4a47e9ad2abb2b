"""What devices answer about passkeys, checked; and what they are asked (WebAuthn, level 3). Nothing here waits.

The library checks the answer's parts; all that it gets comes from anybody, so its shape and size are checked first.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from cryptography.exceptions import UnsupportedAlgorithm
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    bytes_to_base64url,
    decode_credential_public_key,
    decoded_public_key_to_cryptography,
    parse_attestation_object,
    parse_client_data_json,
)
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AttestationFormat,
    AuthenticationCredential,
    AuthenticatorAssertionResponse,
    AuthenticatorAttestationResponse,
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    RegistrationCredential,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from skeldir.errors import SkeldirError
from skeldir.users import KnownPasskey, NewPasskey

if TYPE_CHECKING:
    from collections.abc import Sequence

_LONGEST_ANSWER: Final = 16_384
_LONGEST_ID: Final = 1_023
_SHORTEST_ID: Final = 16
_LONGEST_KEY: Final = 2_048
_TEXT: Final = re.compile(r"[A-Za-z0-9_-]*")
_WAITS_MS: Final = 300_000
# The first two are what devices have; the third is that of old ones.
_ALGORITHMS: Final = [
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]
# What the library and the two under it raise for bytes that are not what they should be.
_FAULTS: Final = (
    WebAuthnException,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    UnsupportedAlgorithm,
    ValueError,
)


class PasskeyUnreadable(SkeldirError):
    """What was sent is not what a browser sends of a passkey."""

    code = "passkey_unreadable"
    status = 422
    title = "The passkey cannot be read"


class PasskeyRefused(Exception):
    """What the device says is not for this site, this moment or this key; the text says why, for the log alone."""


@dataclass(frozen=True, slots=True)
class Party:
    """This site as devices know it: passkeys belong to `name`, a host, and are used by pages of `origin`."""

    name: str
    origin: str


@dataclass(frozen=True, slots=True)
class MadeAnswer:
    """What a browser sends of a passkey that was made."""

    credential_id: bytes
    client_data: bytes
    attestation: bytes


@dataclass(frozen=True, slots=True)
class UsedAnswer:
    """What a browser sends of a passkey that was used. `user_handle` is whose it is, as the device knows him."""

    credential_id: bytes
    client_data: bytes
    authenticator_data: bytes
    signature: bytes
    user_handle: bytes


def ask_to_make(
    party: Party, challenge: bytes, user_id: UUID, email: str, known: Sequence[bytes]
) -> str:
    """Return as JSON what a device is asked that is to make a passkey, unless it has one of the known ones."""
    return options_to_json(
        generate_registration_options(
            rp_id=party.name,
            rp_name="skeldir",
            user_id=user_id.bytes,
            user_name=email,
            user_display_name=email,
            challenge=challenge,
            timeout=_WAITS_MS,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=each) for each in known],
            supported_pub_key_algs=_ALGORITHMS,
        )
    )


def ask_to_use(party: Party, challenge: bytes) -> str:
    """Return as JSON what a device is asked that is to sign in by any passkey that it has for this site."""
    return options_to_json(
        generate_authentication_options(
            rp_id=party.name,
            challenge=challenge,
            timeout=_WAITS_MS,
            user_verification=UserVerificationRequirement.REQUIRED,
        )
    )


def read_made(text: str) -> MadeAnswer:
    """Read what a browser sends of a passkey that was made.

    Raises:
        PasskeyUnreadable: it is something else.
    """
    credential_id, (client_data, attestation) = _read(text, "clientDataJSON", "attestationObject")
    return MadeAnswer(credential_id, client_data, attestation)


def read_used(text: str) -> UsedAnswer:
    """Read what a browser sends of a passkey that was used.

    Raises:
        PasskeyUnreadable: it is something else.
    """
    credential_id, (client_data, authenticator_data, signature, user_handle) = _read(
        text, "clientDataJSON", "authenticatorData", "signature", "userHandle"
    )
    return UsedAnswer(credential_id, client_data, authenticator_data, signature, user_handle)


def check_made(answer: MadeAnswer, challenge: bytes, party: Party) -> NewPasskey:
    """Return the passkey that a device has made for this site, having verified its user.

    Devices need not say of which make they are, so a statement by a certificate is not taken.

    Raises:
        PasskeyRefused: it is not for this site or this challenge, or the user was not verified.
    """
    try:
        stated = parse_attestation_object(answer.attestation)
        if stated.fmt not in (AttestationFormat.NONE, AttestationFormat.PACKED) or (
            stated.att_stmt.x5c is not None
        ):
            raise PasskeyRefused("it has a certificate that nobody asked for")
        made = verify_registration_response(
            credential=RegistrationCredential(
                id=bytes_to_base64url(answer.credential_id),
                raw_id=answer.credential_id,
                response=AuthenticatorAttestationResponse(answer.client_data, answer.attestation),
            ),
            expected_challenge=challenge,
            expected_rp_id=party.name,
            expected_origin=party.origin,
            require_user_verification=True,
            supported_pub_key_algs=_ALGORITHMS,
        )
        _require_own_page(answer.client_data)
        # A key that cannot be read would never let anybody in.
        decoded_public_key_to_cryptography(decode_credential_public_key(made.credential_public_key))
    except _FAULTS as fault:
        raise PasskeyRefused(_said(fault)) from fault
    if made.credential_id != answer.credential_id:
        raise PasskeyRefused("the device names another credential than the browser")
    if len(made.credential_public_key) > _LONGEST_KEY:
        raise PasskeyRefused("the key is too long")
    return NewPasskey(made.credential_id, made.credential_public_key, made.sign_count)


def check_used(answer: UsedAnswer, challenge: bytes, party: Party, known: KnownPasskey) -> int:
    """Return how often the device says that a passkey was used, which has signed this challenge for this site.

    Raises:
        PasskeyRefused: it has not, or its user was not verified, or its count goes back, or it is of another user.
    """
    if answer.user_handle != known.user_id.bytes:
        raise PasskeyRefused("the device names another user than the passkey's")
    try:
        used = verify_authentication_response(
            credential=AuthenticationCredential(
                id=bytes_to_base64url(answer.credential_id),
                raw_id=answer.credential_id,
                response=AuthenticatorAssertionResponse(
                    answer.client_data,
                    answer.authenticator_data,
                    answer.signature,
                    answer.user_handle,
                ),
            ),
            expected_challenge=challenge,
            expected_rp_id=party.name,
            expected_origin=party.origin,
            credential_public_key=known.public_key,
            credential_current_sign_count=known.sign_count,
            require_user_verification=True,
        )
        _require_own_page(answer.client_data)
    except _FAULTS as fault:
        raise PasskeyRefused(_said(fault)) from fault
    return used.new_sign_count


def _require_own_page(client_data: bytes) -> None:
    if parse_client_data_json(client_data).cross_origin:
        raise PasskeyRefused("the page was inside one of another site")


def _read(text: str, *names: str) -> tuple[bytes, tuple[bytes, ...]]:
    """Return the id of a credential and the named parts of the device's response."""
    if len(text) > _LONGEST_ANSWER:
        raise _unreadable()
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _unreadable() from error
    response = found.get("response") if isinstance(found, dict) else None
    if not isinstance(response, dict) or found.get("type") != "public-key":
        raise _unreadable()
    credential_id = _bytes(found.get("id"))
    if not _SHORTEST_ID <= len(credential_id) <= _LONGEST_ID:
        raise _unreadable()
    return credential_id, tuple(_bytes(response.get(name)) for name in names)


def _bytes(value: object) -> bytes:
    """Return what a text of Base64url says."""
    if not isinstance(value, str) or not _TEXT.fullmatch(value):
        raise _unreadable()
    try:
        content = urlsafe_b64decode(value + "=" * (-len(value) % 4))
    except ValueError as error:
        raise _unreadable() from error
    return content


def _said(fault: Exception) -> str:
    return f"{type(fault).__name__}: {str(fault)[:200]!r}"


def _unreadable() -> PasskeyUnreadable:
    return PasskeyUnreadable(
        "What was sent is not what a browser sends of a passkey.",
        cure="Use the button of the page, in a browser that is up to date.",
    )
