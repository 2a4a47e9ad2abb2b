"""A secret that cannot be one of its provider is refused when it is entered, not at the first delivery."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from skeldir.inbox.saying import ENDPOINT_PROVIDERS, EndpointProvider
from skeldir.inbox.secret_forms import SecretInvalid, read_standard_key, require_secret
from skeldir.inbox.signing import SigningImpossible, sign
from tests.support.webhooks import SECRETS

NOW = datetime(2026, 11, 2, 10, tzinfo=UTC)


@pytest.mark.parametrize("provider", ENDPOINT_PROVIDERS)
def test_a_secret_is_kept_as_the_provider_shows_it(provider: EndpointProvider) -> None:
    for secret in SECRETS[provider]:
        assert require_secret(provider, secret) == secret


@pytest.mark.parametrize("provider", ENDPOINT_PROVIDERS)
def test_blanks_left_from_copying_are_removed_unless_they_belong_to_the_key(
    provider: EndpointProvider,
) -> None:
    secret = SECRETS[provider][0]
    kept = require_secret(provider, f" {secret} ")
    assert kept == (f" {secret} " if provider == "woocommerce" else secret)


@pytest.mark.parametrize(
    ("provider", "secret"),
    [
        *(
            (provider, secret)
            for provider in ENDPOINT_PROVIDERS
            for secret in ("", "  ", "x" * 501, "a\0b")
        ),
        ("stripe", "sk_live_planted"),
        ("stripe", "whsec_"),
        ("paypal", "planted|planted"),
        ("standard", "whsec_"),
        ("standard", "whsec_===="),
        ("standard", "planted planted"),
        ("standard", "planted_text"),
    ],
)
def test_what_cannot_be_a_secret_is_refused_without_quoting_it(
    provider: EndpointProvider, secret: str
) -> None:
    with pytest.raises(SecretInvalid) as caught:
        require_secret(provider, secret)
    assert "planted" not in str(caught.value)


@pytest.mark.parametrize(
    ("secret", "key"),
    [
        ("whsec_Zmlyc3Q=", b"first"),
        ("Zmlyc3Q=", b"first"),
        ("whsec_Zmlyc3Q", b"first"),
        ("whsec_", None),
        ("", None),
        ("whsec_é", None),
        ("whsec_Z", None),
    ],
)
def test_the_key_of_the_standard_is_what_its_base64_stands_for(
    secret: str, key: bytes | None
) -> None:
    assert read_standard_key(secret) == key


def test_nobody_but_paypal_signs_as_paypal() -> None:
    with pytest.raises(SigningImpossible):
        sign("paypal", b"{}", "0ID", now=NOW, event_id="1")
    with pytest.raises(SigningImpossible):
        sign("standard", b"{}", "not base64!", now=NOW, event_id="1")
