"""What a tenant's rules and corrections say, in plain Python: a small reading that shares nothing with the program.

The first rule that matches decides: of each of its conditions one value is enough, and all conditions must hold. Case
does not matter, and what a touch does not have passes no test.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from proof.recomputed.ad_days import Revisions, restate_by_rules, revisions_of

_TESTS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "is": lambda value, wanted: value == wanted,
    "contains": lambda value, wanted: wanted in value,
    "starts_with": lambda value, wanted: value.startswith(wanted),
    "ends_with": lambda value, wanted: value.endswith(wanted),
}
_COMMON: Final = {
    ("google", "cpc"): ("paid_search", "utm.paid_search"),
    ("facebook", "cpc"): ("paid_social", "utm.paid_social"),
    ("newsletter", "email"): ("email", "utm.email"),
    ("bing", "organic"): ("organic_search", "utm.organic_search"),
}
"""Channel and rule of the common rules, by source and medium of the touches that the proof sends without a channel."""


def first_match(document: str, seen: Mapping[str, str]) -> tuple[str, str] | None:
    """Return the channel and the id of the first rule of a document that matches, None if none does."""
    for rule in tomllib.loads(document)["rule"]:
        conditions = {name: tests for name, tests in rule.items() if name not in ("id", "channel")}
        if all(_hold(tests, seen.get(name, "")) for name, tests in conditions.items()):
            return rule["channel"], rule["id"]
    return None


def _hold(tests: Mapping[str, Any], value: str) -> bool:
    folded = value.strip().casefold()
    return all(
        any(
            folded and _TESTS[test](folded, one.casefold())
            for one in ([values] if isinstance(values, str) else values)
        )
        for test, values in tests.items()
    )


def kept_of(
    document: str, version: int, item: Mapping[str, Any], *, came_after: bool
) -> tuple[str, str]:
    """Return channel and rule that a touch must have which was sent without a channel.

    A touch that came before the version was in force, and whose channel stays the same, keeps the rule that it had.
    """
    common = _COMMON[item["source"], item["medium"]]
    seen = {name: item[name] for name in ("source", "medium", "campaign")}
    own = first_match(document, {**seen, "path": item["landing_path"]})
    if own is None or (own[0] == common[0] and not came_after):
        return common
    return own[0], f"own.{own[1]}@{version}"


def correct(
    kept: dict[str, tuple[str, str]],
    given: Mapping[str, str | None],
    corrections: Iterable[Mapping[str, Any]],
) -> None:
    """Give touches the channels of corrections in their order, as `kept` must have them; `given` came with a touch."""
    for one in corrections:
        came_with = given[one["touch"]]
        kept[one["touch"]] = one["channel"], "correction" + (f":{came_with}" if came_with else "")


def without_id(rule: str) -> str:
    """Return the rule that a touch keeps, without the id of its correction, which is made as it is recorded."""
    name, _, rest = rule.partition("@")
    return (
        rule if name != "correction" else name + rest[len("00000000-0000-4000-8000-000000000001") :]
    )


def revisions_by_rules(
    batches: Iterable[tuple[str, list[Mapping[str, Any]]]], document: str
) -> Revisions:
    """Return the states of each campaign's day after batches of (path, items), and then rules that come into force."""
    sent = list(batches)
    revisions = revisions_of(sent)
    names = {item["campaign_id"]: item["campaign_name"] for _, items in sent for item in items}

    def choose(seen: Mapping[str, str]) -> str | None:
        found = first_match(document, seen)
        return found and found[0]

    restate_by_rules(revisions, names, choose)
    return revisions
