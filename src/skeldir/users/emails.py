"""E-mail addresses, by which people name each other; whether mail reaches one is not checked."""

from __future__ import annotations

import re
from typing import Final
from unicodedata import category, normalize

from skeldir.errors import SkeldirError

_LONGEST: Final = 254
# What is before the last @ may be nearly anything; the domain has letters, digits, hyphens and dots.
_SHAPE: Final = re.compile(r"[^\s@\x00-\x1f\x7f]+@[\w-]+(\.[\w-]+)*")


class EmailInvalid(SkeldirError):
    """The text is not an e-mail address."""

    code = "email_invalid"
    status = 422
    title = "The e-mail address cannot be read"


def read_email(text: str) -> str:
    """Return an e-mail address as it is stored: in lower case, without white space around it.

    Raises:
        EmailInvalid: it has no @ between a name and a domain, more than 254 characters, or some that do not show, such
            as those that turn the direction of writing.
    """
    email = normalize("NFC", text.strip()).lower()
    is_shown = all(category(character)[0] != "C" for character in email)
    if len(email) > _LONGEST or not _SHAPE.fullmatch(email) or not is_shown:
        raise EmailInvalid(
            f"{text.strip()[:60]!r} is not an e-mail address.",
            cure="Write it as name@example.com.",
        )
    return email
