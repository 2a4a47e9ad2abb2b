"""The languages of pages, their signs in numbers and names of months, and the choice among them.

Signs and names are those of Unicode's CLDR for English, German (as written in Switzerland, too) and French. They
are written out here: Babel has them for a thousand locales, in a package of 11 MB, and its updates change what a
number looks like.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

NO_BREAK: Final = "\N{NO-BREAK SPACE}"
NARROW_NO_BREAK: Final = "\N{NARROW NO-BREAK SPACE}"
MINUS: Final = "\N{MINUS SIGN}"

LANGUAGES: Final = ("en", "de", "fr")
_LONGEST_HEADER: Final = 1_000  # characters; browsers send less than 100


@dataclass(frozen=True, slots=True)
class Locale:
    """How a language is written in one region.

    `tag` is what `?lang=` and the page's `lang` attribute have. `months` are abbreviated; `day` and `day_short` are
    templates of `{day}`, `{month}` and `{year}`; `units` are those of days, hours, minutes and seconds.
    `powers` abbreviate 10^3, 10^6, 10^9 and 10^12, with the space before them.
    """

    tag: str
    language: str
    name: str
    group: str
    point: str
    before_percent: str
    months: tuple[str, ...]
    day: str
    day_short: str
    units: tuple[str, str, str, str]
    powers: tuple[str, str, str, str]
    zero_is_singular: bool = False


_ENGLISH = Locale(
    tag="en",
    language="en",
    name="English",
    group=",",
    point=".",
    before_percent="",
    months=("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    day="{day} {month} {year}",
    day_short="{day} {month}",
    units=("d", "h", "min", "s"),
    powers=("k", "M", "B", "T"),
)
_GERMAN = Locale(
    tag="de",
    language="de",
    name="Deutsch",
    group=".",
    point=",",
    before_percent=NO_BREAK,
    months=(
        "Jan.",
        "Feb.",
        "März",
        "Apr.",
        "Mai",
        "Juni",
        "Juli",
        "Aug.",
        "Sept.",
        "Okt.",
        "Nov.",
        "Dez.",
    ),
    day="{day}. {month} {year}",
    day_short="{day}. {month}",
    units=("Tg.", "Std.", "Min.", "Sek."),
    powers=(f"{NO_BREAK}Tsd.", f"{NO_BREAK}Mio.", f"{NO_BREAK}Mrd.", f"{NO_BREAK}Bio."),
)
_SWISS_GERMAN = Locale(
    tag="de-CH",
    language="de",
    name="Deutsch (Schweiz)",
    group="\N{RIGHT SINGLE QUOTATION MARK}",
    point=".",
    before_percent="",
    months=_GERMAN.months,
    day=_GERMAN.day,
    day_short=_GERMAN.day_short,
    units=_GERMAN.units,
    powers=_GERMAN.powers,
)
_FRENCH = Locale(
    tag="fr",
    language="fr",
    name="Français",
    group=NARROW_NO_BREAK,
    point=",",
    before_percent=NARROW_NO_BREAK,
    months=(
        "janv.",
        "févr.",
        "mars",
        "avr.",
        "mai",
        "juin",
        "juil.",
        "août",
        "sept.",
        "oct.",
        "nov.",
        "déc.",
    ),
    day="{day} {month} {year}",
    day_short="{day} {month}",
    units=("j", "h", "min", "s"),
    powers=(f"{NO_BREAK}k", f"{NO_BREAK}M", f"{NO_BREAK}Md", f"{NO_BREAK}Bn"),
    zero_is_singular=True,
)

LOCALES: Final[Mapping[str, Locale]] = MappingProxyType(
    {locale.tag: locale for locale in (_ENGLISH, _GERMAN, _SWISS_GERMAN, _FRENCH)}
)
"""All locales by tag. The first of a language is that of its other regions."""

DEFAULT: Final = _ENGLISH


def choose_locale(asked: str | None, accepted: str | None) -> Locale:
    """Return the locale that the address asks for (`?lang=de`), else the browser's first choice, else English.

    `accepted` is the header Accept-Language. What names no language of the pages is passed over, so that an address
    works wherever it is opened.
    """
    for tag in (asked or "", *_by_preference(accepted or "")):
        if (found := find_locale(tag)) is not None:
            return found
    return DEFAULT


def find_locale(tag: str) -> Locale | None:
    """Return the locale for a language tag: of its region if there is one, else of its language, else None."""
    language, _, region = tag.strip().replace("_", "-").partition("-")
    exact = LOCALES.get(f"{language.lower()}-{region.upper()}" if region else language.lower())
    return exact or LOCALES.get(language.lower())


def _by_preference(header: str) -> list[str]:
    """Return the tags of Accept-Language by their weight, the highest first; those refused (`q=0`) are left out."""
    if len(header) > _LONGEST_HEADER:
        return []
    weighed = []
    for part in header.split(","):
        tag, _, parameter = part.partition(";")
        weight = _weight(parameter.strip().lower())
        if weight:
            weighed.append((-weight, tag.strip()))
    # Equal weights stay in the order in which they were sent.
    return [tag for _, tag in sorted(weighed, key=lambda each: each[0])]


def _weight(parameter: str) -> int:
    """Return the weight in thousandths: 1,000 without a parameter, 0 for one that cannot be read."""
    if not parameter:
        return 1_000
    name, _, value = parameter.partition("=")
    whole, _, fraction = value.strip().partition(".")
    digits = whole + fraction.ljust(3, "0")
    is_weight = name.strip() == "q" and len(digits) == 4 and digits.isascii() and digits.isdigit()
    return min(int(digits), 1_000) if is_weight else 0
