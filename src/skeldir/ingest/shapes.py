"""What personal data looks like: e-mail addresses, phone and card numbers, IP addresses. Pure; see `personal_data`.

The patterns are stricter than those of `observability.redaction`, which may mask too much: here a person looks at every
false alarm. By design, bare digits are order numbers and moments, not phone numbers; a phone number that names its
country must be in that country's numbering plan, according to libphonenumber; a card number must have the length and
the first digits of a card scheme besides a valid check sum; four numbers with dots are an IP address unless their key
or the word before them marks them as a version.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote

from skeldir.observability import has_luhn_sum

SHAPES: Final = ("e_mail", "phone", "card", "ip")

# Every shape holds at least one of these: an @ (or its URL encoding), a colon, or four digits.
_MAY_HOLD_ANY = re.compile(r"[@%:]|(?:[0-9][^0-9]*){4}")
_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212"), "-")

# Digits that identify no person; removed before the search for phones and cards.
_UUID_OR_MOMENT = re.compile(
    r"""\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b
      | (?<![0-9+])[0-9]{4}([-/.])[01][0-9]\1[0-3][0-9](?![0-9])
        (?:[T ][0-2][0-9]:[0-5][0-9](?::[0-5][0-9](?:[.,][0-9]{1,9})?)?(?:Z|[ ]?[+-][01][0-9]:?[0-5][0-9])?)?
    """,
    re.VERBOSE | re.IGNORECASE,
)

# Read from the @ outwards, so that a long text without one costs nothing. `/@name` is a handle in a path.
_AT_A_DOMAIN = re.compile(
    r"""(?<=[^\s@<>()\[\],;:\\/])@
        ((?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,126}(?:xn--[a-z0-9-]{2,59}|[^\W\d_]{2,24}))(?![^\W_])""",
    re.VERBOSE | re.IGNORECASE,
)
# `logo@2x.png` and `library@1.2.3.js` are names of files; none of these is a top-level domain.
_FILE = re.compile(
    r"\.(?:avif|css|gif|html?|ico|jpe?g|js|json|mjs|pdf|php|png|svg|webp|xml)$", re.IGNORECASE
)

_SEPARATORS = " .-/()"
# Every phone number has a plus, groups of digits, or a word that names it; every card number at least 14 digits.
_MAY_HOLD_PHONE = re.compile(r"\+|[0-9][ .\-/()]+[0-9]|tel:", re.IGNORECASE)
_MAY_HOLD_CARD = re.compile(r"(?:[0-9][^0-9]*){14}")
# E.164 has 15 digits at most, and the shortest numbers, of islands, have 7.
_INTERNATIONAL = re.compile(
    r"(?<![0-9A-Za-z+])(?:\+|(?<![0-9][-. /])00)\(?[1-9](?:[ .\-/()]{0,3}[0-9]){6,14}(?![0-9])"
)
_IN_GROUPS = re.compile(
    r"""(?<![0-9A-Za-z])(?<![0-9][-. /])(?:
        (?P<US>(?:1[-. ])?(?:\([2-9][0-9]{2}\)[ -]?|[2-9][0-9]{2}[-. ])[2-9][0-9]{2}[-. ][0-9]{4}) # all North America
      | (?P<FR>0[1-9](?:[ .-][0-9]{2}){4})
      )(?![0-9A-Za-z])(?![-./][0-9A-Za-z])""",
    re.VERBOSE,
)
_AFTER_TEL = re.compile(r"(?<![A-Za-z])tel:[+(]?[0-9][-0-9() .]{4,}", re.IGNORECASE)
_AFTER_TRUNK_ZERO = re.compile(
    r"(?<![0-9A-Za-z])(?<![0-9][-. /])\(?0[1-9][0-9]{0,4}\)?(?:[ /-]{1,3}\(?[0-9]{1,8}\)?){1,5}(?![0-9A-Za-z:])"
)

# A look-up takes up to 0.2 ms. A text with more candidates than this is reported without looking them up.
_MOST_LOOKED_UP = 500

_CARD = re.compile(
    r"""(?<![0-9A-Za-z])(?<![0-9]\.)(?:
        [0-9]{14,19}
      | [0-9]{4}([-. _])[0-9]{4}\1[0-9]{4}\1[0-9]{4}(?:\1[0-9]{3}(?![0-9]))?
      | [0-9]{4}([-. _])[0-9]{6}\2[0-9]{4,5}
      )(?![0-9A-Za-z]|\.[0-9])""",
    re.VERBOSE,
)
# ISO/IEC 7812-1 issuers and their lengths, as the schemes publish them. Visa's old numbers of 13 digits and short
# Maestro numbers are left out: article numbers have that length.
_OF_A_SCHEME = re.compile(
    r"""4[0-9]{15}(?:[0-9]{3})?                                                          # Visa
      | (?:5[1-5][0-9]{2}|222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12} # Mastercard
      | 3[47][0-9]{13}                                                                   # American Express
      | 3(?:0[0-5]|[689][0-9])[0-9]{11}(?:[0-9]{2,5})?                                   # Diners Club
      | (?:6011|64[4-9][0-9]|65[0-9]{2})[0-9]{12,15}                                     # Discover
      | 35(?:2[89]|[3-8][0-9])[0-9]{12,15}                                               # JCB
      | 62[0-9]{14,17}                                                                   # UnionPay
      | (?:5018|5020|5038|5893|6304|6759|676[1-3])[0-9]{12,15}                           # Maestro
    """,
    re.VERBOSE,
)

_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IP4 = re.compile(
    rf"(?<![0-9A-Za-z])(?<![0-9A-Za-z]\.){_OCTET}(?:\.{_OCTET}){{3}}(?![0-9A-Za-z]|\.[0-9A-Za-z])"
)
_VERSION_WORD = re.compile(
    r"""(?:^|[^A-Za-z])(?:v|ver|version|release|build|rev|revision|firmware|sdk)[ .:=_/-]{0,2}$
      | (?:chrome|chromium|crios|edg[a-z]*|electron|firefox|fxios|opera|opr|safari|samsungbrowser)/$""",
    re.VERBOSE | re.IGNORECASE,
)
_LONGEST_VERSION_WORD = 20
_VERSION_KEYS = frozenset({"ver", "release", "build", "rev", "revision", "firmware", "sdk"})
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_HEX_AND_COLONS = re.compile(r"(?<![0-9A-Fa-f:.])[0-9A-Fa-f:.]{3,}")
_LONGEST_IP6 = 46
_DIGIT = re.compile(r"[0-9]")


def shapes_in(text: str, *, key: str = "", is_identifier: bool = False) -> list[str]:
    """Return which of SHAPES `text` holds, plain or URL-encoded, in their order.

    `key` is the name of the text; under a key such as `app_version` four numbers with dots are not an IP address.
    In an identifier (an order id, an idempotency key, a session id) digits are normal: there only e-mail addresses,
    IP addresses, and phone numbers with + and separators count.
    """
    if _MAY_HOLD_ANY.search(text) is None and text.isascii():
        return []
    found: set[str] = set()
    for form in _forms(text):
        found |= _shapes_in_form(form, is_version=names_a_version(key), is_identifier=is_identifier)
    return [shape for shape in SHAPES if shape in found]


def names_a_version(key: str) -> bool:
    """Return whether `key` names the version of something: `appVersion`, `sdk`, `firmware_rev`."""
    if not key:
        return False
    words = re.split(r"[^a-z]+", _HUMP.sub("_", key).lower())
    return any(
        word in _VERSION_KEYS
        or (word.removesuffix("s").endswith("version") and "conversion" not in word)
        for word in words
    )


def _forms(text: str) -> Iterator[str]:
    """Yield the text with look-alike characters replaced, and the same after undoing URL encoding once and twice."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).translate(_DASHES)
    yield text
    for _ in range(2):
        decoded = unquote(text) if "%" in text else text
        if decoded == text:
            return
        text = decoded
        yield text


def _shapes_in_form(text: str, *, is_version: bool, is_identifier: bool) -> set[str]:
    found: set[str] = set()
    if "@" in text and _holds_e_mail(text):
        found.add("e_mail")
    if (not is_version and _holds_ip4(text)) or (text.count(":") > 1 and _holds_ip6(text)):
        found.add("ip")
    may_hold_phone = _MAY_HOLD_PHONE.search(text) is not None
    may_hold_card = not is_identifier and _MAY_HOLD_CARD.search(text) is not None
    if may_hold_phone or may_hold_card:
        rest = _UUID_OR_MOMENT.sub("x", text)
        if may_hold_phone and _holds_phone(rest, is_identifier=is_identifier):
            found.add("phone")
        if may_hold_card and any(_is_card(match.group()) for match in _CARD.finditer(rest)):
            found.add("card")
    return found


def _holds_e_mail(text: str) -> bool:
    return any(_FILE.search(match.group(1)) is None for match in _AT_A_DOMAIN.finditer(text))


def _holds_phone(text: str, *, is_identifier: bool) -> bool:
    candidates = _phone_candidates(text, is_identifier=is_identifier)
    return any(
        place >= _MOST_LOOKED_UP or _is_in_a_plan(number, region)
        for place, (number, region) in enumerate(candidates)
    ) or (not is_identifier and _has_national_form(text))


def _phone_candidates(text: str, *, is_identifier: bool) -> Iterator[tuple[str, str | None]]:
    """Yield possible phone numbers, each with the region it must belong to unless it names one itself."""
    for match in _INTERNATIONAL.finditer(text):
        number = match.group()
        has_separators = any(character in _SEPARATORS for character in number)
        if number.startswith("+") and (has_separators or not is_identifier):
            yield number, None
        elif number.startswith("00") and has_separators and not is_identifier:
            yield "+" + number[2:], None
    if is_identifier:
        return
    for match in _IN_GROUPS.finditer(text):
        yield match.group(), match.lastgroup


def _is_in_a_plan(number: str, region: str | None) -> bool:
    """Return whether a number, or its beginning where more digits follow, is valid in its numbering plan."""
    # Importing it takes a tenth of a second; of all processes only a worker or command that scans needs it.
    import phonenumbers  # noqa: PLC0415 - see above

    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.is_valid_number(parsed) or phonenumbers.truncate_too_long_number(parsed)


def _has_national_form(text: str) -> bool:
    """Return whether a text labels something as a phone number, or holds one in a national form."""
    return _AFTER_TEL.search(text) is not None or any(
        _has_trunk_zero(match.group()) for match in _AFTER_TRUNK_ZERO.finditer(text)
    )


def _has_trunk_zero(text: str) -> bool:
    """Return whether groups of digits that begin with 0 are a phone number; two separators may be a date."""
    digits = sum(character.isdigit() for character in text)
    return 9 <= digits <= 15 and text.count("-") + text.count("/") <= 1


def _is_card(text: str) -> bool:
    digits = re.sub(r"[^0-9]", "", text)
    return _OF_A_SCHEME.fullmatch(digits) is not None and has_luhn_sum(digits)


def _holds_ip4(text: str) -> bool:
    return text.count(".") >= 3 and any(
        _VERSION_WORD.search(text, max(0, match.start() - _LONGEST_VERSION_WORD), match.start())
        is None
        for match in _IP4.finditer(text)
    )


def _holds_ip6(text: str) -> bool:
    for match in _HEX_AND_COLONS.finditer(text):
        run, start, end = match.group(), match.start(), match.end()
        if start and text[start - 1].isalnum():
            # In the middle of a word, unless the word is a label: `ip:2001:db8::1`.
            if not run.startswith(":"):
                continue
            run = run[1:]
        if end < len(text) and text[end].isalnum():
            continue
        run = run.rstrip(".")
        run = run if run.endswith("::") else run.removesuffix(":")
        if len(run) <= _LONGEST_IP6 and _is_ip6(run):
            return True
    return False


def _is_ip6(text: str) -> bool:
    """Return whether `text` is an IPv6 address and cannot be words: `add::1` is a name in some languages."""
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    groups = [group for group in text.split(":") if group]
    if "::" not in text or len(groups) > 2:
        return True
    if text.startswith("::"):
        return _DIGIT.search(text) is not None
    return len(groups) == 2 and len(groups[0]) > 2 and _DIGIT.search(groups[0]) is not None
