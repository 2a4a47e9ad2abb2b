"""Signatures over the statement: ed25519 in a DSSE envelope, made and checked without a network."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from proof.evidence.records import canonical_json
from skeldir.errors import SkeldirError

PAYLOAD_TYPE = "application/vnd.in-toto+json"


class SigningKeyUnusable(SkeldirError):
    """The file given as a key is not a PEM file with an ed25519 key of the needed kind."""

    code = "signing_key_unusable"
    status = 422
    title = "The key cannot be used"


class SignatureInvalid(SkeldirError):
    """The envelope cannot be read, is not about this statement, or was not signed by this key."""

    code = "signature_invalid"
    status = 422
    title = "The signature is not valid"


def load_private_key(path: Path) -> Ed25519PrivateKey:
    """Read an unencrypted PEM private key.

    Raises:
        SigningKeyUnusable: it is not one, or not ed25519.
    """
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as fault:
        raise _unusable(path) from fault
    if not isinstance(key, Ed25519PrivateKey):
        raise _unusable(path)
    return key


def load_public_key(path: Path) -> Ed25519PublicKey:
    """Read a PEM public key.

    Raises:
        SigningKeyUnusable: it is not one, or not ed25519.
    """
    try:
        key = load_pem_public_key(path.read_bytes())
    except (OSError, ValueError, UnsupportedAlgorithm) as fault:
        raise _unusable(path) from fault
    if not isinstance(key, Ed25519PublicKey):
        raise _unusable(path)
    return key


def pre_authentication_encoding(payload: bytes, payload_type: str = PAYLOAD_TYPE) -> bytes:
    """Return what is signed, by the DSSE protocol, version 1: type and payload, each with its length in bytes."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def sign(payload: bytes, key: Ed25519PrivateKey) -> bytes:
    """Return the DSSE envelope of `payload` as JSON."""
    return canonical_json(
        {
            "payloadType": PAYLOAD_TYPE,
            "payload": base64.b64encode(payload).decode(),
            "signatures": [
                {
                    "keyid": key_id(key.public_key()),
                    "sig": base64.b64encode(
                        key.sign(pre_authentication_encoding(payload))
                    ).decode(),
                }
            ],
        }
    )


def key_id(key: Ed25519PublicKey) -> str:
    """Return the SHA-256 of the key's DER form, as hex: a hint which key to take, not a proof."""
    return hashlib.sha256(
        key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    ).hexdigest()


def check_envelope(envelope: bytes, payload: bytes, key: Ed25519PublicKey | None) -> None:
    """Check that the envelope holds `payload` and, if a key is given, that one of its signatures is by that key.

    Raises:
        SignatureInvalid: it does not, or is not.
    """
    try:
        fields: dict[str, Any] = json.loads(envelope)
        held = base64.b64decode(fields["payload"], validate=True)
        kind = fields["payloadType"]
        signatures = [
            base64.b64decode(signature["sig"], validate=True) for signature in fields["signatures"]
        ]
    except (ValueError, LookupError, TypeError, binascii.Error) as fault:
        raise _invalid("The envelope cannot be read.") from fault
    if held != payload or kind != PAYLOAD_TYPE:
        raise _invalid("The signed payload is not this pack's statement.json.")
    if key is not None and not any(_is_by(key, signature, payload) for signature in signatures):
        raise _invalid("No signature of the envelope is by the given key.")


def _is_by(key: Ed25519PublicKey, signature: bytes, payload: bytes) -> bool:
    try:
        key.verify(signature, pre_authentication_encoding(payload))
    except InvalidSignature:
        return False
    return True


def _invalid(detail: str) -> SignatureInvalid:
    return SignatureInvalid(
        detail, cure="Fetch the pack again from its maker, with the public key that belongs to it."
    )


def _unusable(path: Path) -> SigningKeyUnusable:
    return SigningKeyUnusable(
        f"{path} holds no unencrypted ed25519 key in PEM form.",
        cure="Make one by `openssl genpkey -algorithm ed25519 -out key.pem`, and its public half by "
        "`openssl pkey -in key.pem -pubout -out key.pub.pem`.",
    )
