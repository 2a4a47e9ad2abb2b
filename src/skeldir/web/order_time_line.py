"""The time line of an order: its touches, in and out of the model's window, and its entries, in order of time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from skeldir.attribution import (
        ExplainedEntry,
        ExplainedTouch,
        OrderExplanation,
        VersionExplanation,
    )
    from skeldir.web.naming import ChannelNames
    from skeldir.web.reports import Report

MOST_TOUCHES: Final = 100
MOST_ENTRIES: Final = 50
"""How many touches, the newest ones, and how many entries, the first ones, a page shows."""


@dataclass(frozen=True, slots=True)
class Event:
    """A touch or an entry: when, what, more about it, and its weight or amount as text.

    `kind` is how it is drawn: a touch of the journey, one `apart` from it, `money` that came or a `loss`.
    """

    at: datetime
    what: str
    notes: tuple[str, ...]
    how_much: str
    kind: Literal["touch", "apart", "money", "loss"]


def moment_of(touch: ExplainedTouch, explanation: OrderExplanation) -> datetime | None:
    """Return when a touch was; of a forgotten one, by its age. None without the capture that the age counts from."""
    if touch.occurred_at is not None:
        return touch.occurred_at
    if explanation.capture is None:
        return None
    return explanation.capture.occurred_at - timedelta(seconds=touch.age_seconds)


def weights_of(explained: VersionExplanation | None) -> dict[int, str]:
    """Return the weights of the touches in the window by their places."""
    return {} if explained is None else {one.place: one.weight for one in explained.touches}


def why_apart(report: Report, at: datetime | None, explained: VersionExplanation | None) -> str:
    """Say why a touch that has no weight is not in the journey of the model."""
    if explained is None or at is None:
        return report.say("order.no_window")
    if explained.window_start is not None and at < explained.window_start:
        days = report.formats.number(explained.lookback_days)
        return report.say.counted("order.before_lookback", explained.lookback_days, days)
    begins = explained.journey_begins_after
    if begins is not None and at <= begins:
        return report.say("order.before_reset")
    return report.say("order.too_many_touches")


def events_of(
    report: Report,
    explanation: OrderExplanation,
    explained: VersionExplanation | None,
    names: ChannelNames,
) -> list[Event]:
    """Return the events of the time line, the earliest first."""
    weights = weights_of(explained)
    events: list[Event] = []
    for touch in explanation.touches[-MOST_TOUCHES:]:
        at = moment_of(touch, explanation)
        if at is None:
            continue
        weight = weights.get(touch.place)
        apart = why_apart(report, at, explained) if weight is None else None
        notes = [text for text in (_origin(touch), rule_of(report, touch), apart) if text]
        how_much = "" if weight is None else report.formats.percent(Fraction(weight))
        kind: Literal["touch", "apart"] = "touch" if weight is not None else "apart"
        events.append(Event(at, names(touch.channel), tuple(notes), how_much, kind))
    events += [_entry_event(report, entry) for entry in explanation.entries[:MOST_ENTRIES]]
    # Touches before entries of the same moment, as they count for them.
    return sorted(events, key=lambda event: (event.at, event.kind in ("money", "loss")))


def _origin(touch: ExplainedTouch) -> str:
    return " · ".join(part for part in (touch.source, touch.medium, touch.campaign) if part)


def rule_of(report: Report, touch: ExplainedTouch) -> str:
    """Say which rule chose the channel of a touch, or who corrected it."""
    if touch.is_forgotten:
        return report.say("order.forgotten")
    correction = touch.correction
    if correction is not None:
        return report.say(
            "order.corrected",
            by=correction.requested_by,
            at=report.formats.moment(correction.requested_at),
            reason=correction.reason,
        )
    if touch.rule == "explicit":
        return report.say("order.explicit")
    return report.say("order.rule", rule=touch.rule or "")


def _entry_event(report: Report, entry: ExplainedEntry) -> Event:
    amount = report.formats.money_with_code(entry.amount_cents, entry.currency)
    return Event(
        entry.occurred_at,
        report.say(f"order.kind_{entry.kind}"),
        (entry.business_key,),
        f"+{amount}" if entry.amount_cents > 0 else amount,
        "money" if entry.amount_cents >= 0 else "loss",
    )
