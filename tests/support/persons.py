"""Made-up persons, their places in bodies, beside every field and instead of every value, and where they are stored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import cycle
from typing import Any, Final
from urllib.parse import quote

import psycopg
from psycopg import sql

Place = tuple[str | int, ...]
FORMS: Final = 8
_EACH: Final = 25
_ODD_KEYS: Final = (
    "email",
    "note",
    "Kundenname",
    "customer_phone",
    "fingerprint",
    "billing_details",
    "ip",
    "名前",
    "x-iban",
    "description",
)


@dataclass(frozen=True)
class Person:
    """A text that names a person, and the part of it that must be found nowhere."""

    text: str
    needle: str
    is_shaped: bool = True
    """Whether it can be recognised among other texts: not a name, and not a postal address."""


def _iban(country: str, account: str) -> str:
    digits = "".join(str(int(letter, 36)) for letter in f"{account}{country}00")
    return f"{country}{98 - int(digits) % 97:02}{account}"


def _make_persons() -> list[Person]:
    made: list[Person] = []
    for at in range(_EACH):
        iban = _iban("DE", f"37040044{5320130000 + at * 7919:010}")
        spaced = " ".join(iban[i : i + 4] for i in range(0, len(iban), 4))
        made += [
            Person(f"ada.quixley{at}@example.com", f"quixley{at}@"),
            Person(f"Zoë Quixström{at} née Åberg", f"Quixström{at} ", is_shaped=False),
            Person(f"山田太郎{at}様", f"山田太郎{at}様", is_shaped=False),
            Person(f"+49 151 7700 {4100 + at}", f"7700 {4100 + at}"),
            Person(f"Quixweg {at}, 10115 Berlin", f"Quixweg {at},", is_shaped=False),
            Person(f"203.0.113.{100 + at}", f"203.0.113.{100 + at}"),
            Person(f"2001:db8::77:{4000 + at}", f"db8::77:{4000 + at}"),
            Person(iban if at % 2 else spaced, iban[8:] if at % 2 else spaced[10:]),
        ]
    return made


PERSONS: Final = _make_persons()


def plant_beside(value: Any, persons: Iterator[Person] | None = None) -> Any:
    """Return a JSON value with persons beside each of its fields: under odd keys, nested, in lists, and as keys."""
    some = cycle(PERSONS) if persons is None else persons
    if isinstance(value, list):
        return [plant_beside(one, some) for one in value]
    if not isinstance(value, dict):
        return value
    odd: dict[str, Any] = {key: next(some).text for key in _ODD_KEYS if key not in value}
    odd[next(some).text] = {next(some).text: [next(some).text, {"deep": [next(some).text]}]}
    return {**odd, **{key: plant_beside(one, some) for key, one in value.items()}}


def plant_all(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body with all persons, as texts and as keys, beside those of `plant_beside`."""
    texts = [person.text for person in PERSONS]
    planted: dict[str, Any] = plant_beside(body)
    return {**planted, "persons": texts, "by_person": dict.fromkeys(texts, texts[0])}


def replace_each(body: dict[str, Any], first: int = 0, forms: int = 1) -> Iterator[dict[str, Any]]:
    """Yield the body with each of its values in turn replaced by each of some persons, from the one at `first` on.

    A name instead of the name of a source cannot be recognised: there stands one of the others.
    """
    some = cycle([*PERSONS[first % len(PERSONS) :], *PERSONS[: first % len(PERSONS)]])
    for place in places_in(body):
        for _ in range(forms):
            person = next(some)
            while _is_tag(body, place) and not person.is_shaped:
                person = next(some)
            yield put_person(body, place, person)


def _is_tag(body: dict[str, Any], place: Place) -> bool:
    above: Any = body
    for step in place[:-1]:
        above = above[step]
    return isinstance(above, dict) and str(above.get("key", "")).endswith("utm_source")


def put_person(value: Any, place: Place, person: Person) -> Any:
    """Return a JSON value in which a person stands at a place."""
    return place_value(value, place, person.text)


def place_value(value: Any, place: Place, one: object) -> Any:
    """Return a JSON value in which another value stands at a place."""
    if not place:
        return one
    step, rest = place[0], place[1:]
    copied = dict(value) if isinstance(value, dict) else list(value)
    copied[step] = place_value(value[step], rest, one)
    return copied


def places_in(value: Any, at: Place = ()) -> Iterator[Place]:
    """Yield the places of all values of a JSON value that hold no others."""
    steps: Any = ()
    if isinstance(value, dict):
        steps = value.items()
    elif isinstance(value, list):
        steps = enumerate(value)
    elif at:
        yield at
    for step, below in steps:
        yield from places_in(below, (*at, step))


def persons_in(text: str) -> list[str]:
    """Return the persons that a text shows, plain, escaped for JSON or a URL, or as the hexadecimal digits of bytes."""
    low = text.casefold()
    return [person.text for person in PERSONS if any(form in low for form in _forms(person))]


def cells_with_persons(superuser_url: str) -> list[tuple[str, str]]:
    """Return (table, person) of whatever is stored in any column of any table."""
    found: set[tuple[str, str]] = set()
    with psycopg.connect(superuser_url, autocommit=True) as admin:
        tables = admin.execute(
            "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname IN ('public', 'celery') AND c.relkind IN ('r', 'm', 'p')"
        ).fetchall()
        assert ("public", "webhook_deliveries") in tables
        assert ("celery", "kombu_message") in tables
        for schema, table in tables:
            question = sql.SQL("SELECT to_jsonb(t)::text FROM {} t").format(
                sql.Identifier(schema, table)
            )
            for (row,) in admin.execute(question):
                found |= {(table, person) for person in persons_in(row)}
    return sorted(found)


@cache
def _forms(person: Person) -> tuple[str, ...]:
    needle = person.needle
    escaped = needle.encode("ascii", "backslashreplace").decode()
    encoded = quote(needle, safe="")
    return needle.casefold(), needle.encode().hex(), escaped.casefold(), encoded.casefold()
