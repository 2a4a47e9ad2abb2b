"""Keys of a provider: only those that can have signed an ID token, and are long enough."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from skeldir.clock import utc_now
from skeldir.web.id_tokens import Expected, IdTokenRefused, KeyUnknown, read_id_token, read_keys
from tests.support.oidc import new_key

ISSUER = "https://login.example"


@cache
def rsa_key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": "rsa"})


def short_rsa_key() -> dict[str, Any]:
    """Return the public key with the first 1024 of 2048 bits of another one; it need not be able to sign."""
    whole = urlsafe_b64decode(str(rsa_key().as_dict(private=False)["n"]) + "==")
    modulus = urlsafe_b64encode(whole[:127] + b"\x01").decode().rstrip("=")
    return listed(rsa_key(), n=modulus, kid="short")


def listed(key: ECKey | RSAKey, **more: object) -> dict[str, Any]:
    return {**key.as_dict(private=False), **more}


def claims_at(moment: datetime) -> dict[str, Any]:
    now = int(moment.timestamp())
    return {"iss": ISSUER, "aud": "us", "sub": "1", "nonce": "n", "iat": now, "exp": now + 60}


def read(token: str, keys: list[Any], now: datetime | None = None) -> str:
    expected = Expected(ISSUER, "us", "n", now or utc_now())
    subject: str = read_id_token(token, read_keys({"keys": keys}), expected)["sub"]
    return subject


def test_a_token_is_read_by_the_key_that_it_names() -> None:
    first, second, claims = new_key("a"), new_key("b"), claims_at(utc_now())
    token = jwt.encode({"alg": "ES256", "kid": "b"}, claims, second)
    assert read(token, [listed(first), listed(second)]) == "1"
    with pytest.raises(KeyUnknown):
        read(token, [listed(first)])
    # Without a name there must be one key only.
    nameless = jwt.encode({"alg": "ES256"}, claims, second)
    assert read(nameless, [listed(second)]) == "1"
    with pytest.raises(KeyUnknown):
        read(nameless, [listed(first), listed(second)])
    by_rsa = jwt.encode({"alg": "RS256", "kid": "rsa"}, claims, rsa_key())
    assert read(by_rsa, [listed(rsa_key()), listed(first)]) == "1"


def test_keys_that_cannot_be_used_are_left_out() -> None:
    good = new_key("good")
    others = [
        None,
        {},
        {"kty": "RSA", "n": "?"},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "oct"},
        short_rsa_key(),
        listed(new_key("enc"), use="enc"),
        listed(new_key("psk"), alg="PS256"),
        {**listed(new_key("off")), "x": "AA"},
    ]
    keys = read_keys({"keys": [*others, listed(good, use="sig", alg="ES256")]})
    assert [key.kid for key in keys] == ["good"]
    for document in ({}, {"keys": None}, {"keys": {}}):
        assert not read_keys(document)


@pytest.mark.parametrize("late_s", [-61, 121, 5_000])
def test_clocks_may_differ_by_a_minute(late_s: int) -> None:
    key, now = new_key("a"), utc_now()
    token = jwt.encode({"alg": "ES256", "kid": "a"}, claims_at(now), key)
    for allowed_s in (-55, 0, 115):
        assert read(token, [listed(key)], now + timedelta(seconds=allowed_s)) == "1"
    with pytest.raises(IdTokenRefused):
        read(token, [listed(key)], now + timedelta(seconds=late_s))
