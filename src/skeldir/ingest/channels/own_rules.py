"""Rules of a tenant's own, which are asked before the common ones: reading, checking and following them. Pure."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

from skeldir.ingest.channels.rules import ChannelChoice, choose_channel, tidy
from skeldir.ingest.channels.taxonomy import COMMON_CHANNELS, RESERVED_CHANNELS

LONGEST_DOCUMENT: Final = 32_768
MOST_RULES: Final = 200
_MOST_VALUES: Final = 200
_LONGEST_VALUE: Final = 500
# Compiled rules of 64 documents of the greatest length take about 50 MB.
_REMEMBERED: Final = 64

TEXT_FIELDS: Final = ("source", "medium", "campaign", "referrer", "path")
"""What a condition can be about, besides `click_id`. The referrer is a host; the path is that of the landing page."""

_TESTS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "is": str.__eq__,
    "contains": str.__contains__,
    "starts_with": str.startswith,
    "ends_with": str.endswith,
}
_ID: Final = re.compile(r"[a-z][a-z0-9_-]{0,39}", re.ASCII)
_HEADER: Final = re.compile(r"^\s*\[\[\s*rule\s*\]\]", re.MULTILINE)
_LINE: Final = re.compile(r"line (\d+)")
_Seen: TypeAlias = Mapping[str, str | frozenset[str]]


@dataclass(frozen=True, slots=True)
class Condition:
    """A test of a field with folded values, any of which is enough."""

    field: str
    test: str
    values: tuple[str, ...]

    def holds(self, seen: _Seen) -> bool:
        """Return whether a touch's field passes."""
        value = seen[self.field]
        if isinstance(value, frozenset):
            return not value.isdisjoint(self.values)
        passes = _TESTS[self.test]
        return value != "" and any(passes(value, wanted) for wanted in self.values)

    def follows_from(self, other: Condition) -> bool:
        """Return whether every value that passes `other` passes this, as far as the texts say."""
        if self.field != other.field:
            return False
        if other.test != "is" and self.test not in (other.test, "contains"):
            return False
        passes = _TESTS[self.test]
        return all(any(passes(value, wanted) for wanted in self.values) for value in other.values)


@dataclass(frozen=True, slots=True)
class OwnRule:
    """A rule: every condition must hold. `line` is where it begins in its document."""

    id: str
    channel: str
    conditions: tuple[Condition, ...]
    line: int

    def covers(self, later: OwnRule) -> bool:
        """Return whether each touch that the later rule matches is surely matched by this one."""
        return all(
            any(mine.follows_from(one) for one in later.conditions) for mine in self.conditions
        )


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a document. `line` is 0 where none can be named, and `rule` is "" outside rules."""

    line: int
    rule: str
    text: str

    def describe(self) -> str:
        """Return a sentence that names rule and line."""
        places = [f"line {self.line}"] if self.line else []
        places += [f"rule {self.rule}"] if self.rule else []
        return f"{', '.join(places)}: {self.text}" if places else self.text


@dataclass(frozen=True, slots=True)
class OwnRules:
    """A version of a tenant's rules, compiled."""

    version: int
    rules: tuple[OwnRule, ...]
    reads_paths: bool

    def choose(
        self,
        *,
        source: str | None,
        medium: str | None,
        campaign: str | None,
        referrer_host: str | None,
        click_id_kinds: Collection[str],
        landing_path: str | None,
    ) -> ChannelChoice | None:
        """Return the channel and `own.ID@VERSION` of the first rule that matches, None if none does."""
        seen: _Seen = {
            "source": tidy(source),
            "medium": tidy(medium),
            "campaign": tidy(campaign),
            "referrer": tidy(referrer_host),
            "path": tidy(landing_path),
            "click_id": frozenset(kind.strip().casefold() for kind in click_id_kinds),
        }
        for rule in self.rules:
            if all(condition.holds(seen) for condition in rule.conditions):
                return ChannelChoice(rule.channel, f"own.{rule.id}@{self.version}")
        return None


def choose_by_rules(
    rules: OwnRules | None,
    *,
    source: str | None,
    medium: str | None,
    campaign: str | None,
    referrer_host: str | None,
    click_id_kinds: tuple[str, ...],
    landing_path: str | None,
) -> ChannelChoice:
    """Return the channel of a touch: by the tenant's rules, if it has any and one matches, else by the common ones."""
    if rules is not None:
        own = rules.choose(
            source=source,
            medium=medium,
            campaign=campaign,
            referrer_host=referrer_host,
            click_id_kinds=click_id_kinds,
            landing_path=landing_path,
        )
        if own is not None:
            return own
    return choose_channel(
        source=source,
        medium=medium,
        campaign=campaign,
        referrer_host=referrer_host,
        click_id_kinds=click_id_kinds,
    )


@lru_cache(maxsize=_REMEMBERED)
def compile_rules(version: int, document: str) -> OwnRules:
    """Return the rules of a stored document, which was checked before it was stored; remembered in the process."""
    return _compile(version, document)


def compile_draft(document: str) -> OwnRules:
    """Return the rules of a checked document that is not stored, as version 0; they are not remembered."""
    return _compile(0, document)


def _compile(version: int, document: str) -> OwnRules:
    rules, _ = read_rules(document)
    reads_paths = any(one.field == "path" for rule in rules for one in rule.conditions)
    return OwnRules(version, tuple(rules), reads_paths)


def compiled_rules(version: int | None, document: str | None) -> OwnRules | None:
    """Return the compiled rules of a tenant; None if it has none of its own."""
    return None if version is None or document is None else compile_rules(version, document)


def check_rules(document: str, own_channels: Collection[str]) -> tuple[list[Fault], list[Fault]]:
    """Return the faults of a document, and the rules that can never match because an earlier one covers them."""
    rules, faults = read_rules(document)
    for rule in rules:
        is_known = rule.channel in COMMON_CHANNELS or rule.channel in own_channels
        if not is_known or rule.channel in RESERVED_CHANNELS:
            faults.append(
                Fault(
                    rule.line,
                    rule.id,
                    f"{rule.channel!r:.80} is no channel for touches; `skeldir channels list` shows them.",
                )
            )
    covered = []
    for at, rule in enumerate(rules):
        by = next((earlier for earlier in rules[:at] if earlier.covers(rule)), None)
        if by is not None:
            text = f"It can never match: the rule {by.id} of line {by.line} matches first."
            covered.append(Fault(rule.line, rule.id, text))
    return sorted(faults, key=lambda fault: fault.line), covered


def read_rules(document: str) -> tuple[list[OwnRule], list[Fault]]:
    """Return the rules of a document that can be read, in order, and the faults of the others."""
    if len(document) > LONGEST_DOCUMENT or "\0" in document:
        return [], [Fault(0, "", f"More than {LONGEST_DOCUMENT} characters, or a null character.")]
    document = document.removeprefix("\ufeff")  # Some editors begin a file with this mark.
    parsed: dict[str, object]
    try:
        parsed = tomllib.loads(document)
    except RecursionError:
        return [], [Fault(0, "", "This is not TOML that can be read: it is nested too deeply.")]
    except tomllib.TOMLDecodeError as error:
        found = _LINE.search(str(error))
        line = int(found[1]) if found else document.count("\n") + 1
        return [], [Fault(line, "", f"This is not TOML: {error}.")]
    rows = parsed.pop("rule", [])
    lines = [document.count("\n", 0, m.end()) + 1 for m in _HEADER.finditer(document)]
    faults = [Fault(0, "", f"{name!r:.80} is not known; there is only `rule`.") for name in parsed]
    if not isinstance(rows, list) or len(rows) != len(lines):
        return [], [*faults, Fault(0, "", "Write each rule as a table with the header [[rule]].")]
    if len(rows) > MOST_RULES:
        return [], [*faults, Fault(lines[MOST_RULES], "", f"More than {MOST_RULES} rules.")]
    rules: list[OwnRule] = []
    ids: set[str] = set()
    for row, line in zip(rows, lines, strict=True):
        reading = _Reading(row, line, faults)
        rule = reading.read()
        if rule is not None and rule.id in ids:
            reading.say("An earlier rule has the same id.")
        elif rule is not None:
            ids.add(rule.id)
            rules.append(rule)
    return rules, faults


@dataclass(slots=True)
class _Reading:
    """Reads one rule, and adds what is wrong with it to `faults`."""

    row: object
    line: int
    faults: list[Fault]
    rule: str = ""

    def say(self, text: str) -> None:
        self.faults.append(Fault(self.line, self.rule, text))

    def read(self) -> OwnRule | None:
        before = len(self.faults)
        row: dict[str, object] = dict(self.row) if isinstance(self.row, dict) else {}
        rule_id, channel = row.pop("id", None), row.pop("channel", None)
        if isinstance(rule_id, str) and _ID.fullmatch(rule_id):
            self.rule = rule_id
        else:
            self.say("`id` must be up to 40 lower-case letters, digits, - and _, a letter first.")
        if not isinstance(channel, str):
            self.say("`channel` must be the code of a channel.")
        always = row.pop("always", None)
        conditions = [
            condition for name, tests in row.items() for condition in self._read_field(name, tests)
        ]
        if (always is not None and always is not True) or (always is True and row):
            self.say("`always` can only be true, without conditions.")
        if always is None and not row:
            self.say("It has no condition. A rule for every touch says `always = true`.")
        if len(self.faults) > before or not isinstance(channel, str):
            return None
        return OwnRule(self.rule, channel, tuple(conditions), self.line)

    def _read_field(self, name: str, tests: object) -> list[Condition]:
        if name != "click_id" and name not in TEXT_FIELDS:
            self.say(
                f"{name!r:.80} is not known: conditions are on {', '.join(TEXT_FIELDS)}, click_id."
            )
            return []
        if not isinstance(tests, dict) or not tests:
            self.say(f'`{name}` needs a test, such as {name}.is = ["…"].')
            return []
        found = []
        for test, values in tests.items():
            if test not in _TESTS or (name == "click_id" and test != "is"):
                known = "is" if name == "click_id" else ", ".join(_TESTS)
                self.say(f"`{name}.{test[:40]}` is no test; there is {known}.")
            elif (folded := self._read_values(f"{name}.{test}", values)) is not None:
                found.append(Condition(name, test, folded))
        return found

    def _read_values(self, where: str, values: object) -> tuple[str, ...] | None:
        given: Sequence[object] = [values] if isinstance(values, str) else _as_list(values)
        if not 0 < len(given) <= _MOST_VALUES:
            self.say(f"`{where}` must be a text, or a list of up to {_MOST_VALUES} texts.")
            return None
        folded = []
        for value in given:
            if not isinstance(value, str) or len(value) > _LONGEST_VALUE:
                self.say(
                    f"`{where}` has a value that is no text of up to {_LONGEST_VALUE} characters."
                )
                return None
            plain = tidy(value) if where.endswith(".is") else value.strip().casefold()
            if not plain:
                self.say(
                    f"`{where}` has {value!r:.80}, which stands for nothing and never matches."
                )
                return None
            folded.append(plain)
        return tuple(dict.fromkeys(folded))


def _as_list(values: object) -> list[object]:
    return values if isinstance(values, list) else []
