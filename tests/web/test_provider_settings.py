"""The settings of a provider: all of them or none, checked before the first person comes."""

from __future__ import annotations

from pathlib import Path

import pytest

from skeldir.errors import ConfigurationInvalid
from skeldir.settings import load_settings
from skeldir.web import ProviderSettings, read_provider_settings

SOUND = {
    "SKELDIR_PUBLIC_URL": "https://skeldir.example/",
    "SKELDIR_OIDC_ISSUER": "https://login.example/realms/shop",
    "SKELDIR_OIDC_CLIENT_ID": "skeldir",
    "SKELDIR_OIDC_CLIENT_SECRET": "s3cret",
}


def read(monkeypatch: pytest.MonkeyPatch, **changes: str | None) -> ProviderSettings | None:
    for name, value in {**SOUND, **changes}.items():
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    return read_provider_settings(load_settings())


def test_a_provider_is_named_by_its_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = read(monkeypatch)
    assert found is not None
    assert (found.public_url, found.name) == ("https://skeldir.example", "login.example")
    assert "s3cret" not in repr(found)
    file = tmp_path / "secret"
    file.write_text("of a file\n")
    found = read(
        monkeypatch,
        SKELDIR_OIDC_CLIENT_SECRET=None,
        SKELDIR_OIDC_CLIENT_SECRET_FILE=str(file),
        SKELDIR_OIDC_NAME="Shop Login",
        SKELDIR_OIDC_PROMPT="login",
        # On the machine itself, where people try it.
        SKELDIR_PUBLIC_URL="http://localhost:8000",
        SKELDIR_OIDC_ISSUER="http://127.0.0.1:9400",
    )
    assert found is not None
    assert (found.client_secret.get_secret_value(), found.name, found.prompt) == (
        "of a file",
        "Shop Login",
        "login",
    )


@pytest.mark.parametrize("issuer", [None, ""])
def test_without_an_issuer_there_is_no_provider(
    monkeypatch: pytest.MonkeyPatch, issuer: str | None
) -> None:
    assert read(monkeypatch, SKELDIR_OIDC_ISSUER=issuer) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SKELDIR_OIDC_ISSUER", "http://login.example"),
        ("SKELDIR_OIDC_ISSUER", "login.example"),
        ("SKELDIR_OIDC_ISSUER", "https://login.example?a=b"),
        ("SKELDIR_OIDC_ISSUER", "https://user:password@login.example"),
        ("SKELDIR_OIDC_CLIENT_ID", None),
        ("SKELDIR_OIDC_CLIENT_SECRET", None),
        ("SKELDIR_OIDC_CLIENT_SECRET_FILE", "/is/not/there"),
        ("SKELDIR_PUBLIC_URL", None),
        ("SKELDIR_PUBLIC_URL", "http://skeldir.example"),
        ("SKELDIR_PUBLIC_URL", "https://skeldir.example/pages"),
        ("SKELDIR_OIDC_PROMPT", "none"),
    ],
)
def test_a_part_of_the_settings_is_an_error_that_names_it(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str | None
) -> None:
    with pytest.raises(ConfigurationInvalid) as refused:
        read(monkeypatch, **{name: value})
    assert name in refused.value.detail
    assert "s3cret" not in str(refused.value)


def test_an_unreadable_file_of_the_secret_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationInvalid, match="cannot be read"):
        read(
            monkeypatch,
            SKELDIR_OIDC_CLIENT_SECRET=None,
            SKELDIR_OIDC_CLIENT_SECRET_FILE="/is/not/there",
        )
