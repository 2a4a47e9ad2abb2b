"""Writes the weekly digest as people read it: plain text, and the same as simple HTML that fetches nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from skeldir.ingest import COMMON_CHANNELS
from skeldir.notices import Letter
from skeldir.web.formats import DASH, Formats
from skeldir.web.locales import LOCALES
from skeldir.web.phrases import Phrases, phrases_for
from skeldir.web.rendering import load_environment

if TYPE_CHECKING:
    from skeldir.notices import CreditedChannel, CurrencyBlock, Digest, Language, WeekMoney

_BETWEEN = 3  # spaces between two columns of plain text


@dataclass(frozen=True, slots=True)
class LetterTable:
    """A table of texts: its caption, the names of its columns, and its rows."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class LetterBlock:
    """What a letter says of one currency."""

    tables: tuple[LetterTable, ...]
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Hand:
    """What writes: the texts and formats of a language, in the tenant's zone."""

    say: Phrases
    formats: Formats


def write_digest(digest: Digest, tenant: str, language: Language) -> Letter:
    """Return the letter of a digest in a language. Its numbers are in the subject and the text; it needs no link."""
    locale = LOCALES[language]
    hand = _Hand(phrases_for(locale), Formats(locale, ZoneInfo(digest.time_zone)))
    say, formats = hand.say, hand.formats
    days = {"first": formats.day(digest.first_day), "last": formats.day(digest.last_day)}
    title = say("digest.title", **days)
    lead = say("digest.lead", tenant=tenant, zone=digest.time_zone)
    blocks = [_block(hand, digest, one) for one in digest.currencies]
    closing = _closing(hand, digest)
    if len(digest.currencies) == 1:
        (one,) = digest.currencies
        net = formats.money_with_code(one.week.net_cents, one.currency)
        subject = say("digest.subject", tenant=tenant, net=net, **days)
    else:
        subject = say("digest.subject_plain", tenant=tenant, **days)
    html = (
        load_environment()
        .get_template("letters/digest.html")
        .render(language=locale.tag, title=title, lead=lead, blocks=blocks, closing=closing)
    )
    parts = [title, lead]
    for block in blocks:
        parts += [_plain(table) for table in block.tables]
        parts.append("\n".join(block.lines))
    parts.append("\n".join(closing))
    return Letter(subject, "\n\n".join(part for part in parts if part) + "\n", html)


def _block(hand: _Hand, digest: Digest, block: CurrencyBlock) -> LetterBlock:
    tables = [_money_table(hand, block)]
    if block.channels:
        tables.append(_credit_table(hand, block))
    lines = [_standing(hand, block)]
    if digest.model is not None and digest.model_version is not None:
        name = hand.say(f"model.{digest.model}")
        lines.append(hand.say("digest.model", model=name, version=digest.model_version))
    if block.credited_cents is not None and block.unattributed_cents is not None:
        part = _share(hand, block.unattributed_cents, block.credited_cents)
        lines.append(hand.say("digest.unattributed", part=part))
    if block.credited_cents is not None and block.credited_cents <= 0:
        lines.append(hand.say("digest.no_share"))
    return LetterBlock(tuple(tables), tuple(lines))


def _money_table(hand: _Hand, block: CurrencyBlock) -> LetterTable:
    say = hand.say

    def row(name: str, amount: int, before: int) -> tuple[str, ...]:
        money = [hand.formats.money(one, block.currency) for one in (amount, before)]
        return (say(f"digest.{name}"), *money)

    def values(of: WeekMoney) -> dict[str, int]:
        return {
            "captured": of.captured_cents,
            "refunded": of.refunded_cents,
            "disputed": of.disputed_cents,
            "reversed": of.reversed_cents,
            "awaiting": of.awaiting_cents,
            "net": of.net_cents,
        }

    week, before = values(block.week), values(block.week_before)
    # What no entry is of goes without saying, but for the rows that everybody looks for.
    shown = [name for name in week if name != "awaiting" or week[name] or before[name]]
    return LetterTable(
        say("digest.money", currency=block.currency),
        (say("digest.entry"), say("digest.week"), say("digest.before")),
        tuple(row(name, week[name], before[name]) for name in shown),
    )


def _credit_table(hand: _Hand, block: CurrencyBlock) -> LetterTable:
    say, total = hand.say, block.credited_cents or 0

    def row(name: str, cents: int) -> tuple[str, ...]:
        return name, hand.formats.money(cents, block.currency), _share(hand, cents, total)

    rows = [row(_name(hand, one), one.credited_cents) for one in block.channels]
    if block.other_channels:
        count = block.other_channels
        written = hand.formats.number(count)
        rows.append(row(say.counted("digest.others", count, written), block.others_cents))
    rows.append(row(say("table.total"), total))
    return LetterTable(
        say("digest.credit", currency=block.currency),
        (say("digest.channel"), say("digest.credited"), say("digest.share")),
        tuple(rows),
    )


def _name(hand: _Hand, one: CreditedChannel) -> str:
    if one.channel in COMMON_CHANNELS:
        return hand.say(f"channel.{one.channel}")
    return one.label or one.channel


def _standing(hand: _Hand, block: CurrencyBlock) -> str:
    """Return whether the credit equals the ledger, in words."""
    missing = block.uncredited_cents
    if missing is None:
        return hand.say("digest.no_model")
    amount = hand.formats.money_with_code(block.ledger_cents, block.currency)
    if missing == 0:
        return hand.say("digest.equal", amount=amount)
    difference = hand.formats.money_with_code(abs(missing), block.currency)
    name = "digest.less" if missing > 0 else "digest.more"
    return hand.say(name, difference=difference, amount=amount)


def _closing(hand: _Hand, digest: Digest) -> list[str]:
    say, formats = hand.say, hand.formats
    fresh = {
        "as_of": formats.moment(digest.as_of),
        "complete": formats.moment(digest.complete_up_to),
    }
    lines = [] if digest.currencies else [say("digest.empty")]
    lines.append(say("digest.fresh", **fresh))
    waiting, aside = digest.orders_awaiting_credit, digest.orders_set_aside
    lines.append(say.counted("digest.orders_waiting", waiting, formats.number(waiting)))
    if aside:
        lines.append(say.counted("digest.orders_aside", aside, formats.number(aside)))
    return [*lines, say("digest.footer")]


def _share(hand: _Hand, part: int, total: int) -> str:
    return hand.formats.percent(Fraction(part, total)) if total > 0 else DASH


def _plain(table: LetterTable) -> str:
    """Return a table as lines of text, its numbers aligned to the right."""
    every: Sequence[tuple[str, ...]] = (table.head, *table.rows)
    widths = [max(len(row[place]) for row in every) for place in range(len(table.head))]
    gap = " " * _BETWEEN
    lines = [
        gap.join(
            text.rjust(width) if place else text.ljust(width)
            for place, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in every
    ]
    return "\n".join([table.caption, *lines])
