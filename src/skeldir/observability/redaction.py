"""Removing personal data and secrets from what is logged, traced or stored as the text of an error."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence, Set
from datetime import date
from functools import lru_cache
from uuid import UUID

MASK = "[redacted]"

_LONGEST_TEXT = 4_000
_MOST_READ = 20_000
_LONGEST_PLAIN = 200
_DEEPEST = 6
_LONGEST_NUMBER = 18  # digits: always below 2^63, above which JSON's readers differ

# A word or a path with at most three digits, too few for personal data; most logged texts are like that.
_PLAIN = re.compile(r"[A-Za-z_/{}.-]*(?:\d[A-Za-z_/{}.-]*){0,3}", re.ASCII)
# Each pattern can only begin where a word does, or has a fixed length, which keeps the search linear.
_OWN_KEY = re.compile(r"skd_[\w-]+", re.IGNORECASE)
_CREDENTIAL = re.compile(r"\b(bearer|basic)\s+(?!\[)\S+", re.IGNORECASE)
_URL_PASSWORD = re.compile(r"(://[^\s:@/]*:)\S*@")
_ASSIGNED_SECRET = re.compile(
    r"""\b((?:\w{0,40}[_-])?(?:password|passwd|pwd|secret|token|api_?key|cookie|signature))(["']?\s?[=:]\s?["']?)"""
    r"""(?!\[)[^\s"'&;,]+""",
    re.IGNORECASE,
)
_OUTSIDE = r"\s@<>\"'(),;:\[\]"
_E_MAIL = re.compile(rf"(?<![^{_OUTSIDE}])[^{_OUTSIDE}]+(?:@|%40)[^{_OUTSIDE}]*[^.{_OUTSIDE}]")
_HEX_AND_COLONS = re.compile(r"(?<![0-9A-Fa-f:.])[0-9A-Fa-f:.]{2,}")
# The first alternative matches digits that are not personal data, and keeps them.
_NUMBERS = re.compile(
    r"""
    (?P<kept>
        \b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b         # a UUID
      | \b(?=\d*[a-f])[0-9a-f]{16,}\b                                            # a digest, a trace id
      | (?<!\d)\d{4}-[01]\d-[0-3]\d(?:[T ][0-2]\d:[0-5]\d(?::[0-5]\d(?:[.,]\d{1,9})?)?
            (?:Z|[+-][01]\d:?[0-5]\d)?)?(?![\d-])                                # a moment, a day
      | (?<![\d.+])\d{1,15}\.\d+(?![\d.])                                        # seconds, a ratio
    )
    | (?P<ip>(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?!\d|\.\d))
    | (?P<digits>(?<![^\W_])\d(?:[ -]?\d){12,}(?![^\W_]))
    | (?P<phone>
        (?<!\d)(?:\+|00)[ ]?\d(?:[ ().\-/]{0,2}\d){6,14}(?!\d)                   # with the country before it
      | (?<![\w.\-])\(?\d{2,5}\)?[ .\-/]{1,2}\d{2,5}[ .\-/]\d{3,6}(?![\w\-]|\.\d) # in groups
    )
    """,
    re.VERBOSE | re.IGNORECASE,
)
_DIGIT_GROUP = re.compile(r"\d+")
_FEWEST_PHONE_DIGITS = 9
_SHORTEST_CARD, _LONGEST_CARD = 13, 19
_SENSITIVE_KEY = re.compile(
    r"(^|[-_ .])(authorization|cookie|set[-_]?cookie|pass(word|wd|phrase)?|secret|token|api[-_]?key|signature|"
    r"e[-_ ]?mail([-_ ]?address)?|phone([-_ ]?number)?|mobile|card([-_ ]?(number|no))?|iban|"
    r"(client|remote)[-_ ]?(ip|addr)|ip([-_ ]?(address|addr))?|user[-_ ]?agent|journey[-_ ]?key)$",
    re.IGNORECASE,
)


def redact_text(text: str) -> str:
    """Return `text` without e-mail addresses, phone and card numbers, IP addresses, keys and passwords in URLs.

    Phone numbers are recognised by their country code (`+`, `00`) or by their groups; card numbers by the Luhn sum of
    13 to 19 digits (ISO/IEC 7812-1). UUIDs, digests, moments and plain numbers stay, and so do the addresses that name
    no host (`127.0.0.1`, `::1`, `0.0.0.0`, `::`). At most 4,000 characters are returned.
    """
    if len(text) <= _LONGEST_PLAIN and _PLAIN.fullmatch(text) and "skd_" not in text.lower():
        return text
    if len(text) > _MOST_READ:
        # Half of an address is not recognised as one, so a word that is cut off is dropped.
        text = (text[:_MOST_READ].rsplit(maxsplit=1) or [""])[0]
    text = _OWN_KEY.sub("[key]", text)
    text = _CREDENTIAL.sub(rf"\1 {MASK}", text)
    text = _URL_PASSWORD.sub(rf"\1{MASK}@", text)
    text = _ASSIGNED_SECRET.sub(rf"\1\2{MASK}", text)
    text = _E_MAIL.sub("[e-mail]", text)
    text = _HEX_AND_COLONS.sub(_without_ip6, text)
    text = _NUMBERS.sub(_without_number, text)
    return text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + "…"


def redact(value: object, *, depth: int = 0) -> object:
    """Return `value` as JSON can hold it, redacted: texts by their shapes, values of mappings also by their keys."""
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, str):
        return _redact_any_text(value)
    if isinstance(value, int):
        text = str(value)
        if len(text) < _SHORTEST_CARD:
            return value
        shown = redact_text(text)
        return value if shown == text and len(text) <= _LONGEST_NUMBER else shown
    if isinstance(value, UUID | date):
        return str(value)
    if depth >= _DEEPEST:
        return MASK
    if isinstance(value, Mapping):
        return {
            _redact_any_text(str(key)): MASK
            if is_sensitive(str(key))
            else redact(item, depth=depth + 1)
            for key, item in value.items()
        }
    if isinstance(value, Sequence | Set) and not isinstance(value, bytes | bytearray | memoryview):
        return [redact(item, depth=depth + 1) for item in value]
    return redact(repr(value), depth=depth + 1)


def _redact_any_text(text: str) -> str:
    if not text.isascii():
        # A lone surrogate is valid text only in Python.
        text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return redact_text(text)


@lru_cache(maxsize=1_000)
def is_sensitive(key: str) -> bool:
    """Return whether a key names a value that must not be shown."""
    return _SENSITIVE_KEY.search(key) is not None


def _without_ip6(found: re.Match[str]) -> str:
    run = found.group()
    if run.count(":") < 2:
        return run
    # A label may precede the address ("ip:…"), and a port or a full stop may follow it.
    bare = run.rstrip(".")
    bare = bare if bare.endswith("::") else bare.rstrip(":")
    for address in (bare, bare.removeprefix(":"), bare.partition(":")[2], bare.rpartition(":")[0]):
        if _is_ip(address):
            return run if _names_no_host(address) else run.replace(address, "[ip]")
    return run


def _without_number(found: re.Match[str]) -> str:
    text = found.group()
    match found.lastgroup:
        case "ip" if _is_ip(text) and not _names_no_host(text):
            return "[ip]"
        case "digits" if _holds_a_card(text):
            return "[card]"
        case "digits" | "phone" if _reads_like_a_phone(text):
            return "[phone]"
    return text


def _reads_like_a_phone(text: str) -> bool:
    digits = sum(character.isdigit() for character in text)
    return text.startswith(("+", "00")) or (not text.isdigit() and digits >= _FEWEST_PHONE_DIGITS)


def _holds_a_card(text: str) -> bool:
    """Return whether consecutive groups of digits, without those before and after, form a card number."""
    groups = _DIGIT_GROUP.findall(text)
    for first in range(len(groups)):
        number = ""
        for group in groups[first:]:
            number += group
            if len(number) > _LONGEST_CARD:
                break
            if len(number) >= _SHORTEST_CARD and has_luhn_sum(number):
                return True
    return False


def has_luhn_sum(text: str) -> bool:
    """Return whether the digits of `text` have the check sum of card numbers (ISO/IEC 7812-1, annex B)."""
    digits = [int(character) for character in text if character.isdigit()]
    doubled = [2 * digit - 9 * (digit > 4) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _names_no_host(text: str) -> bool:
    address = ipaddress.ip_address(text)
    return address.is_loopback or address.is_unspecified
