"""Why an item is rejected: one code and one cure for each reason."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from skeldir.errors import InputInvalid
from skeldir.ingest.fields import EARLIEST, LONGEST_JOURNEY_KEY, MINUTES_AHEAD
from skeldir.money import LARGEST_EXPONENT
from skeldir.revenue import KIND_SIGNS, LONGEST_KEY

*_KINDS, _LAST_KIND = KIND_SIGNS

T = TypeVar("T")

# code → cure, for every code an item can be rejected with. The documentation is checked against it.
CURES: dict[str, str] = {
    "json_invalid": "Send one valid JSON object for each item.",
    "row_malformed": "Give the row as many cells as the header has columns.",
    "encoding_invalid": "Encode the text as UTF-8.",
    "compression_invalid": "Send the body uncompressed, or as one gzip stream of at most 5 MiB of JSON.",
    "key_differs": "Send the events of each key in requests of their own.",
    "event_unnamed": "Name the event in its field `event`, such as $pageview.",
    "message_type_unknown": "Name the message's type: track, page, screen, identify, group or alias.",
    "item_not_an_object": "Send a JSON object with named fields.",
    "idempotency_key_missing": "Give each item its own key, and use the same key when you send it again.",
    "idempotency_key_invalid": f"Use a string of 1 to {LONGEST_KEY} characters without control characters.",
    "idempotency_key_reused": "Use a new idempotency key; this one already names a different conversion.",
    "occurred_at_missing": "Send the time of the event, as ISO 8601 with an offset.",
    "occurred_at_invalid": "Write the time as ISO 8601 with an offset, such as 2026-06-01T12:30:00+02:00.",
    "occurred_at_without_offset": "Add the offset from UTC, such as Z or +02:00; no time zone is assumed.",
    "occurred_at_in_the_future": f"Correct the clock of the sender; up to {MINUTES_AHEAD} minutes ahead is accepted.",
    "occurred_at_too_early": f"Send a time in the year {EARLIEST.year} or later.",
    "state_unknown": "Write the state under [states] in a mapping: paid, refunded, partly_refunded or nothing.",
    "refund_unknown": "Name the columns under [refund] in a mapping, or write the state under [states].",
    "refund_smaller": "Import the latest export; if a refund was reversed, post its refund_reversal.",
    "journey_key_missing": "Name the visitor or customer whose journey this touch belongs to.",
    "journey_key_invalid": f"Use a string of 1 to {LONGEST_JOURNEY_KEY} characters without control characters.",
    "order_id_missing": "Name the order that the money belongs to.",
    "order_id_invalid": f"Use a string of 1 to {LONGEST_KEY} characters without control characters.",
    "id_spoilt": "Export the ids again, as text, and don't save the file with a spreadsheet before it is imported.",
    "kind_missing": f"Name the kind of the conversion: {', '.join(_KINDS)} or {_LAST_KIND}.",
    "kind_unknown": f"Use one of {', '.join(KIND_SIGNS)}.",
    "amount_missing": "Send amount_cents: a whole number of the currency's smallest unit.",
    "amount_invalid": "Send the amount as a plain number.",
    "amount_fractional": "Send a whole number of the currency's smallest unit; nothing is rounded.",
    "amount_negative": "Send the amount without a sign; the kind gives the direction.",
    "amount_zero": "Leave out refunds and disputes of 0; only a capture may be 0.",
    "amount_too_large": f"Send at most 10^{LARGEST_EXPONENT} of the currency's smallest unit.",
    "currency_missing": "Name the currency by its ISO 4217 code; none is assumed.",
    "currency_invalid": "Write the currency as three capital letters.",
    "currency_contradicted": "Correct the currency of the row, or the amount: they name different ones.",
    "currency_unknown": "Use an active ISO 4217 code in capital letters.",
    "channel_unknown": "Use a code of the common taxonomy or add your own with `skeldir channels add`.",
    "channel_reserved": "Leave the channel out; unattributed is only for orders without a touch.",
    "path_invalid": "Write the channels in the order of their touches, with the separator between two of them.",
    "count_invalid": "Write how many journeys there are as a whole number, from 0 to 100,000,000.",
    "value_without_conversions": "Correct the row: only conversions have a value.",
    "click_ids_invalid": 'Send click_ids as a list of the parameters\' names, such as ["gclid"], without values.',
    "field_invalid": "Send the field as text without control characters, or leave it out.",
    "field_too_long": "Shorten the field to the stated length.",
}


class ItemRejected(InputInvalid):
    """One item of a batch is not acceptable; the rest of the batch is processed."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail, cure=CURES[code])
        self.item_code = code


def attempt(read: Callable[[object], T], item: object) -> T | ItemRejected:
    """Return what `read` returns for an item, or the `ItemRejected` that it raises."""
    try:
        return read(item)
    except ItemRejected as error:
        return error


@dataclass(frozen=True, slots=True)
class Rejection:
    """A rejected item as it is reported, by its place in the request; its dead event is stored."""

    index: int
    code: str
    detail: str
    cure: str


@dataclass(frozen=True, slots=True)
class UnreadableItem:
    """Takes the place of an item that a reader could not turn into fields, and gives the reason.

    `fields` is what may be kept of it. The text of a line that cannot be parsed cannot be reduced to an allow-list, so
    of such a line only {"sha256", "bytes"} are kept.
    """

    code: str
    detail: str
    fields: Mapping[str, object]


def unreadable_text(code: str, detail: str, text: bytes) -> UnreadableItem:
    """Return the placeholder for input that could not be parsed; it keeps a digest and the size, not the text."""
    return UnreadableItem(
        code, detail, {"sha256": hashlib.sha256(text).hexdigest(), "bytes": len(text)}
    )
