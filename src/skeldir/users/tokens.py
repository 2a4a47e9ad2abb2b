"""Secrets of sessions, links and invitations: 256 random bits, of which only a digest is stored."""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import Final

TOKEN_SHAPE: Final = re.compile(r"[A-Za-z0-9_-]{43}")


def new_token() -> str:
    """Return a new secret of 43 characters."""
    return secrets.token_urlsafe(32)


def digest_of(token: str) -> bytes:
    """Return the SHA-256 of a secret, by which it is found."""
    return hashlib.sha256(token.encode()).digest()
