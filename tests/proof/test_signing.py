"""A signature holds for the statement it was made for, by the key that made it, and for nothing else."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from proof.evidence.signing import (
    SignatureInvalid,
    SigningKeyUnusable,
    check_envelope,
    load_private_key,
    load_public_key,
    pre_authentication_encoding,
    sign,
)

PAYLOAD = b'{"a": 1}\n'


@pytest.fixture
def key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


def test_what_is_signed_is_encoded_as_the_protocol_says() -> None:
    """The example of the DSSE specification."""
    encoded = pre_authentication_encoding(b"hello world", "http://example.com/HelloWorld")
    assert encoded == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


def test_a_signature_is_accepted_by_its_key_alone(key: Ed25519PrivateKey) -> None:
    envelope = sign(PAYLOAD, key)
    check_envelope(envelope, PAYLOAD, key.public_key())
    check_envelope(envelope, PAYLOAD, None)
    with pytest.raises(SignatureInvalid, match="by the given key"):
        check_envelope(envelope, PAYLOAD, Ed25519PrivateKey.generate().public_key())


def test_another_payload_is_refused(key: Ed25519PrivateKey) -> None:
    with pytest.raises(SignatureInvalid, match="payload"):
        check_envelope(sign(PAYLOAD, key), PAYLOAD + b" ", None)


def test_another_type_of_payload_is_refused(key: Ed25519PrivateKey) -> None:
    fields = json.loads(sign(PAYLOAD, key)) | {"payloadType": "text/plain"}
    with pytest.raises(SignatureInvalid):
        check_envelope(json.dumps(fields).encode(), PAYLOAD, key.public_key())


def test_a_changed_signature_is_refused(key: Ed25519PrivateKey) -> None:
    fields = json.loads(sign(PAYLOAD, key))
    fields["signatures"][0]["sig"] = base64.b64encode(bytes(64)).decode()
    with pytest.raises(SignatureInvalid, match="by the given key"):
        check_envelope(json.dumps(fields).encode(), PAYLOAD, key.public_key())


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b'{"payload": 1}', b"\xff"])
def test_what_is_no_envelope_is_refused(text: bytes) -> None:
    with pytest.raises(SignatureInvalid, match="cannot be read"):
        check_envelope(text, PAYLOAD, None)


def test_keys_are_read_from_pem_files(key: Ed25519PrivateKey, tmp_path: Path) -> None:
    private, public = tmp_path / "key.pem", tmp_path / "key.pub.pem"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    envelope = sign(PAYLOAD, load_private_key(private))
    check_envelope(envelope, PAYLOAD, load_public_key(public))
    for load, path in ((load_private_key, public), (load_public_key, private)):
        with pytest.raises(SigningKeyUnusable, match="ed25519"):
            load(path)


def test_another_kind_of_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    other = generate_ec_key(SECP256R1())
    path.write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(SigningKeyUnusable):
        load_private_key(path)
    path.write_bytes(
        other.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    with pytest.raises(SigningKeyUnusable):
        load_public_key(path)
    with pytest.raises(SigningKeyUnusable):
        load_private_key(tmp_path / "missing.pem")


def test_openssl_accepts_the_signature(key: Ed25519PrivateKey, tmp_path: Path) -> None:
    """Anybody can check it without skeldir."""
    fields = json.loads(sign(PAYLOAD, key))
    (tmp_path / "sig").write_bytes(base64.b64decode(fields["signatures"][0]["sig"]))
    (tmp_path / "text").write_bytes(pre_authentication_encoding(PAYLOAD))
    (tmp_path / "key").write_bytes(
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    words = "openssl pkeyutl -verify -pubin -inkey key -rawin -in text -sigfile sig"
    done = subprocess.run(words.split(), cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Verified Successfully" in done.stdout, done.stderr
