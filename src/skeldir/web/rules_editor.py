"""The editor of rules: its text, a rule made of a source, rules in words, and what is wrong with a text."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from skeldir.errors import InputInvalid
from skeldir.ingest import (
    COMMON_CHANNELS,
    RESERVED_CHANNELS,
    Fault,
    OwnRules,
    load_rules,
    rules_in_force,
)
from skeldir.web.tables import Cell, Column, Table

if TYPE_CHECKING:
    from skeldir.web.naming import ChannelNames
    from skeldir.web.phrases import Phrases
    from skeldir.web.reports import Report

MADE_OF: Final = ("source", "medium", "campaign")
"""The parameters of the address that a rule can be made of: each becomes a condition."""
NO_RULES: Final = "none"
_LONGEST_VALUE: Final = 500
_LONGEST_ID: Final = 40
_SHOWN_OF_A_LINE: Final = 120
_NOT_OF_IDS: Final = re.compile(r"[^a-z0-9]+")
_ID_LINE: Final = re.compile(r"^\s*id\s*=\s*[\"']([a-z0-9_-]+)[\"']", re.MULTILINE)

_EXAMPLE: Final = (
    "[[rule]]",
    'id = "brand"',
    'channel = "paid_search"',
    'source.is = ["google", "bing"]',
    'campaign.contains = "brand"',
)


@dataclass(frozen=True, slots=True)
class Making:
    """A rule to be made of values from the address; `fault` names the text that says what is missing."""

    values: dict[str, str]
    channel: str | None
    fault: str | None

    @property
    def is_asked(self) -> bool:
        """Whether the address has anything to make a rule of."""
        return bool(self.values)

    @property
    def is_made(self) -> bool:
        """Whether the rule is complete, and so in the editor."""
        return bool(self.values) and self.channel is not None and self.fault is None


def read_version(text: str | None) -> int | None:
    """Return the number of a version; None for `none`, or without a text. Raises InputInvalid."""
    if text is None or text == NO_RULES:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) > 0):
        raise InputInvalid(
            "This is no version of rules.", cure="Follow a link in the list of versions."
        )
    return int(text)


def channels_of_rules(names: ChannelNames) -> list[tuple[str, str]]:
    """Return the channels that a rule may choose, code and name, by name."""
    codes = [code for code in (*COMMON_CHANNELS, *names.own) if code not in RESERVED_CHANNELS]
    return sorted(((code, names(code)) for code in codes), key=lambda pair: pair[1].casefold())


def read_making(report: Report, channels: Collection[str]) -> Making:
    """Return the rule that the address asks to make."""
    values = {
        name: value[:_LONGEST_VALUE]
        for name in MADE_OF
        if (value := report.parameter(name)) is not None
    }
    channel = report.parameter("channel")
    fault = None
    if channel is not None and not values:
        fault = "rules.make_nothing"
    elif channel is not None and channel not in channels:
        fault, channel = "rules.make_no_channel", None
    return Making(values, channel, fault)


async def read_text(report: Report, making: Making, asked: str | None) -> str:
    """Return the text of the editor: the rules of a version, or those in force, and the rule to be made.

    Raises:
        InputInvalid, RulesUnknown: `asked` is no version of the tenant's.
    """
    connection, tenant_id = report.page.connection, report.page.profile.tenant_id
    text = ""
    version = report.page.profile.rules_version if asked is None else read_version(asked)
    if version is not None:
        text = (await load_rules(connection, tenant_id, version)).document
    if making.is_made and making.channel is not None:
        text = f"{text.rstrip()}\n\n{write_rule(text, making.values, making.channel)}".lstrip("\n")
    return text or write_template(report.say)


def write_template(say: Phrases) -> str:
    """Return what the editor shows where there are no rules: comments, with an example."""
    lines = [
        say("rules.template_none"),
        "",
        say("rules.template_order"),
        say("rules.template_begin"),
        "",
        *_EXAMPLE,
    ]
    return "".join(f"# {line}".rstrip() + "\n" for line in lines)


def write_rule(document: str, values: dict[str, str], channel: str) -> str:
    """Return a rule as TOML that sends touches with these values to a channel; its id is new in the document."""
    used = set(_ID_LINE.findall(document))
    words = _NOT_OF_IDS.sub("-", "-".join(values.values()).lower()).strip("-")
    stem = (words if words[:1].isalpha() else f"rule-{words}".strip("-"))[: _LONGEST_ID - 4]
    rule_id = next(
        name for number in range(1, 10_000) if (name := _numbered(stem, number)) not in used
    )
    lines = [f"{name}.is = {_quote(value)}" for name, value in values.items()]
    return "\n".join(
        ["[[rule]]", f"id = {_quote(rule_id)}", f"channel = {_quote(channel)}", *lines, ""]
    )


def _numbered(stem: str, number: int) -> str:
    return stem if number == 1 else f"{stem[: _LONGEST_ID - 5]}-{number}"


def _quote(text: str) -> str:
    """Write a text as TOML does: as JSON, but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


async def lay_out_rules(report: Report, names: ChannelNames) -> Table:
    """Return the rules in force in words, in their order."""
    say = report.say
    found = await rules_in_force(report.page.connection, report.page.profile.tenant_id)
    return Table(
        "rules",
        say("rules.in_words"),
        (
            Column(say("rules.number"), "number"),
            Column(say("rules.id")),
            Column(say("moved.channel")),
            Column(say("rules.when")),
        ),
        () if found is None else tuple(_in_words(say, names, found)),
        say("rules.none_in_force"),
        download=report.download_of("rules"),
    )


def _in_words(say: Phrases, names: ChannelNames, found: OwnRules) -> list[tuple[Cell, ...]]:
    rows: list[tuple[Cell, ...]] = []
    for number, rule in enumerate(found.rules, 1):
        conditions = [
            say(
                f"rules.test_{one.test}",
                field=say(f"rules.field_{one.field}"),
                values=f" {say('rules.or')} ".join(
                    say("rules.quoted", value=value) for value in one.values
                ),
            )
            for one in rule.conditions
        ]
        when = f" {say('rules.and')} ".join(conditions) or say("rules.always")
        rows.append((Cell(number), Cell(rule.id), Cell(names(rule.channel)), Cell(when)))
    return rows


def lay_out_faults(say: Phrases, key: str, document: str, faults: Sequence[Fault]) -> Table:
    """Return what is wrong with a text, by line, with the text of the line."""
    lines = document.split("\n")

    def line_of(fault: Fault) -> str:
        return lines[fault.line - 1].strip()[:_SHOWN_OF_A_LINE] if fault.line else ""

    return Table(
        key,
        say(f"rules.{key}"),
        (
            Column(say("rules.line")),
            Column(say("rules.id")),
            Column(say("rules.wrong")),
            Column(say("rules.text")),
        ),
        tuple(
            (
                Cell(str(fault.line) if fault.line else say("rules.whole")),
                Cell(fault.rule),
                Cell(fault.text),
                Cell(line_of(fault)),
            )
            for fault in faults
            if fault.line <= len(lines)
        ),
        say("rules.no_faults"),
    )
