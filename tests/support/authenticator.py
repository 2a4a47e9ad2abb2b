"""A device with passkeys, as software: ES256, no statement of its make. A test can have it lie."""

from __future__ import annotations

import json
import secrets
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import encode_cbor

_UP, _UV, _AT = 0x01, 0x04, 0x40


@dataclass
class Passkey:
    """A private key, whose it is, and how often it was used."""

    credential_id: bytes
    key: ec.EllipticCurvePrivateKey
    user_handle: bytes
    count: int = 0


@dataclass(frozen=True)
class Lies:
    """What differs from what the device was asked, and from what is so."""

    origin: str | None = None
    rp_id: str | None = None
    challenge: str | None = None
    kind: str | None = None
    is_inside: bool = False
    verifies: bool = True
    count: int | None = None
    user_handle: bytes | None = None
    key: ec.EllipticCurvePrivateKey | None = None
    credential_id: bytes | None = None
    public_key: dict[int, Any] | None = None
    stated: dict[str, Any] = field(default_factory=dict)


HONEST = Lies()


@dataclass
class Authenticator:
    """What a browser at `origin` and a device of its do together."""

    origin: str
    counts: bool = True
    passkeys: list[Passkey] = field(default_factory=list)

    def make(self, options: dict[str, Any], lies: Lies = HONEST) -> str:
        """Make a passkey; return what the page's script sends."""
        made = Passkey(
            lies.credential_id or secrets.token_bytes(32),
            ec.generate_private_key(ec.SECP256R1()),
            read(options["user"]["id"]),
        )
        self.passkeys.append(made)
        numbers = made.key.public_key().public_numbers()
        public = lies.public_key or {
            1: 2,
            3: -7,
            -1: 1,
            -2: numbers.x.to_bytes(32, "big"),
            -3: numbers.y.to_bytes(32, "big"),
        }
        said = self._data(options["rp"]["id"], _AT, 0, lies)
        said += bytes(16) + struct.pack(">H", len(made.credential_id)) + made.credential_id
        said += encode_cbor(public)
        stated = {"fmt": "none", "attStmt": {}, "authData": said} | lies.stated
        return self._written(
            made,
            clientDataJSON=self._client_data("webauthn.create", options, lies),
            attestationObject=encode_cbor(stated),
        )

    def use(self, options: dict[str, Any], lies: Lies = HONEST, which: int = -1) -> str:
        """Sign in by a passkey, the last one unless another is named; return what the page's script sends."""
        passkey = self.passkeys[which]
        passkey.count += self.counts
        count = passkey.count if lies.count is None else lies.count
        said = self._data(options["rpId"], 0, count, lies)
        client_data = self._client_data("webauthn.get", options, lies)
        signed = said + sha256(client_data).digest()
        return self._written(
            passkey,
            clientDataJSON=client_data,
            authenticatorData=said,
            signature=(lies.key or passkey.key).sign(signed, ec.ECDSA(SHA256())),
            userHandle=passkey.user_handle if lies.user_handle is None else lies.user_handle,
        )

    def _client_data(self, kind: str, options: dict[str, Any], lies: Lies) -> bytes:
        return json.dumps(
            {
                "type": lies.kind or kind,
                "challenge": lies.challenge or options["challenge"],
                "origin": lies.origin or self.origin,
                "crossOrigin": lies.is_inside,
            }
        ).encode()

    def _data(self, rp_id: str, flags: int, count: int, lies: Lies) -> bytes:
        flags |= _UP | (_UV if lies.verifies else 0)
        digest = sha256((lies.rp_id or rp_id).encode()).digest()
        return digest + struct.pack(">BI", flags, count)

    def _written(self, passkey: Passkey, **parts: bytes) -> str:
        return json.dumps(
            {
                "id": write(passkey.credential_id),
                "type": "public-key",
                "response": {name: write(part) for name, part in parts.items()},
            }
        )


def read(text: str) -> bytes:
    """Return the bytes of a text of Base64url."""
    return urlsafe_b64decode(text + "==")


def write(content: bytes) -> str:
    """Return bytes as a text of Base64url."""
    return urlsafe_b64encode(content).decode().rstrip("=")
