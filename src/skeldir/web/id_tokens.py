"""ID tokens of OpenID Connect: signed by a key of the provider, for this program, now, and for this sign-in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest
from typing import Final

from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import Key, KeySet, import_key

from skeldir.errors import SkeldirError

ALGORITHMS: Final = ("RS256", "ES256")
"""Signatures with a private key that only the provider has: none without a signature, none by a shared secret."""

_LEEWAY_S: Final = 60
_OLDEST_S: Final = 600
_LEAST_BITS: Final = 2048
_SUBJECT: Final = re.compile(r"[\x20-\x7e]{1,255}")


class IdTokenRefused(SkeldirError):
    """What the provider says about the person cannot be relied on."""

    code = "id_token_refused"
    status = 403
    title = "The provider's statement was refused"


class KeyUnknown(Exception):
    """The token names a key that is not among those given; the provider may have a new one."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What an ID token must say: issuer, client, and the nonce of this sign-in; `now` is the present moment."""

    issuer: str
    client_id: str
    nonce: str
    now: datetime


def read_keys(document: Mapping[str, object]) -> KeySet:
    """Return the usable keys of a JSON Web Key Set; those of other kinds, for encryption, or too short are left out."""
    listed = document.get("keys")
    found: list[Key] = []
    for entry in listed if isinstance(listed, list) else ():
        if not isinstance(entry, dict) or not _may_sign(entry):
            continue
        try:
            found.append(import_key(entry))
        except (JoseError, ValueError, TypeError, KeyError):
            continue
    return KeySet(found)


def _may_sign(entry: Mapping[str, object]) -> bool:
    modulus = str(entry.get("n", ""))  # in base64: six bits a character
    is_long = entry.get("kty") == "RSA" and len(modulus) * 6 >= _LEAST_BITS
    is_for_signing = entry.get("use", "sig") == "sig"
    return (
        is_for_signing
        and entry.get("alg", ALGORITHMS[0]) in ALGORITHMS
        and (is_long or entry.get("kty") == "EC")
    )


def read_id_token(
    token: str, keys: KeySet, expected: Expected, *, is_last: bool = False
) -> Mapping[str, object]:
    """Return the claims of an ID token that is what it must be.

    Raises:
        KeyUnknown: it names a key that is not among `keys`, and there may be others: they are not the last ones.
        IdTokenRefused: it is not signed by the provider, or not for this sign-in.
    """
    try:
        claims = jwt.decode(token, keys, algorithms=list(ALGORITHMS)).claims
    except InvalidKeyIdError as error:
        if not is_last:
            raise KeyUnknown from error
        raise _refused("the key that it names is not one of the provider's") from error
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise _refused("it is not signed by RS256 or ES256 with a key of the provider") from error
    fault = (
        _fault_of_parties(claims, expected)
        or _fault_of_times(claims, expected.now.timestamp())
        or _fault_of_person(claims, expected)
    )
    if fault is not None:
        raise _refused(fault)
    return claims


def _fault_of_parties(claims: Mapping[str, object], expected: Expected) -> str | None:
    audience, party = claims.get("aud"), claims.get("azp")
    audiences = [audience] if isinstance(audience, str) else audience
    if claims.get("iss") != expected.issuer:
        return "it is of another issuer"
    if not isinstance(audiences, list) or expected.client_id not in audiences:
        return "it is for another program"
    if party != expected.client_id and (party is not None or len(audiences) > 1):
        return "it was issued to another program"
    return None


def _fault_of_times(claims: Mapping[str, object], now_s: float) -> str | None:
    ends, issued, begins = (_number(claims.get(name)) for name in ("exp", "iat", "nbf"))
    if ends is None or ends + _LEEWAY_S <= now_s:
        return "it has expired"
    if issued is None or not -_LEEWAY_S <= now_s - issued <= _OLDEST_S + _LEEWAY_S:
        return "it was not issued just now: the clocks of both machines must agree to a minute"
    if "nbf" in claims and (begins is None or begins - _LEEWAY_S > now_s):
        return "it is not valid yet"
    return None


def _fault_of_person(claims: Mapping[str, object], expected: Expected) -> str | None:
    nonce, subject = claims.get("nonce"), claims.get("sub")
    if not isinstance(nonce, str) or not compare_digest(nonce.encode(), expected.nonce.encode()):
        return "it is of another sign-in"
    if not isinstance(subject, str) or not _SUBJECT.fullmatch(subject):
        return "it does not say whom it is about"
    return None


def _number(value: object) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number else None  # type: ignore[arg-type]


def _refused(why: str) -> IdTokenRefused:
    return IdTokenRefused(
        f"The provider's ID token was refused: {why}.",
        cure="Sign in again. If this stays so, ask the operator, whose log has the reason.",
    )
