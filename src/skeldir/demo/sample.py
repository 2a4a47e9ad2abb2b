"""The sample data of `make demo`: touches, orders and the truth about them, written once per seed.

The shoppers and what makes them buy are in `shop`, the fate of their orders in `orders`. This module
adds late, repeated and faulty lines, and writes to `truth.json` what a correct reading of the two
files must find.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Final

from skeldir.demo import truth as expected
from skeldir.demo.orders import Entry, make_entries
from skeldir.demo.shop import DAY, HOUR, Touch, draw_shopper
from skeldir.demo.truth import Json
from skeldir.errors import InputInvalid

# Incremented whenever the output for a seed changes, so that files of an older edition are rewritten.
_EDITION: Final = 1
_FEWEST_CUSTOMERS: Final = 500
_FEWEST_WEEKS: Final = 4
# The shop writes an order's time with the UTC offset of the country where it sells in that currency.
_SHOP_ZONES: Final = {
    "USD": timezone(timedelta(hours=-4)),
    "EUR": timezone(timedelta(hours=2)),
}

# Lines with exactly one fault: the code it must be refused with, the field, and a function from the
# right value to a wrong one; None leaves the field out.
_Faults = tuple[tuple[str, str, Callable[[str], object]], ...]
_TOUCH_FAULTS: Final[_Faults] = (
    ("occurred_at_without_offset", "occurred_at", lambda right: right.removesuffix("+00:00")),
    ("idempotency_key_missing", "idempotency_key", lambda _: None),
)
_CONVERSION_FAULTS: Final[_Faults] = (
    ("currency_missing", "currency", lambda _: None),
    ("currency_unknown", "currency", lambda _: "ZZZ"),
    ("amount_missing", "amount_cents", lambda _: None),
    ("amount_fractional", "amount_cents", lambda _: 1999.5),
    ("kind_unknown", "kind", lambda _: "store_credit"),
    ("order_id_missing", "order_id", lambda _: None),
)
_TOUCHES_REPEATED: Final = 12
_CONVERSIONS_REPEATED: Final = 5


@dataclass(frozen=True, slots=True)
class SampleSize:
    """How much to make: shoppers (at least 500) and weeks (at least 4)."""

    customers: int = 5_500
    weeks: int = 10


@dataclass(frozen=True, slots=True)
class SampleFiles:
    """The paths of the sample: two NDJSON files in order of arrival, and the truth about them."""

    touches: Path
    conversions: Path
    truth: Path


def write_sample(
    folder: Path,
    *,
    seed: int,
    size: SampleSize = SampleSize(),
    ends_on: date = date(2026, 6, 28),
) -> SampleFiles:
    """Write the sample for `seed` to `folder`, unless it is there and complete, and return its paths.

    All times fall in the `size.weeks` weeks that end with the day `ends_on`, UTC. Each file is
    written atomically, `truth.json` last. Raises `InputInvalid` for a size too small to contain
    every case, and `OSError` when the folder cannot be written.
    """
    if size.customers < _FEWEST_CUSTOMERS or size.weeks < _FEWEST_WEEKS:
        raise InputInvalid(
            f"A sample of {size.customers} customers over {size.weeks} weeks is too small.",
            cure=f"Ask for {_FEWEST_CUSTOMERS} customers and {_FEWEST_WEEKS} weeks or more.",
        )
    files = SampleFiles(
        folder / "touches.ndjson", folder / "conversions.ndjson", folder / "truth.json"
    )
    request: dict[str, object] = {
        "edition": _EDITION,
        "seed": seed,
        "size": asdict(size),
        "ends_on": ends_on.isoformat(),
    }
    fingerprint = _digest(json.dumps(request).encode())
    if _is_complete(files, fingerprint):
        return files
    touches, conversions, truth = _make(seed, size, ends_on)
    contents = {files.touches: _as_ndjson(touches), files.conversions: _as_ndjson(conversions)}
    digests = {path.name: _digest(content) for path, content in contents.items()}
    document = {"fingerprint": fingerprint, **request, "sha256": digests, **truth}
    folder.mkdir(parents=True, exist_ok=True)
    for path, content in contents.items():
        _replace_file(path, content)
    _replace_file(files.truth, json.dumps(document, indent=2).encode() + b"\n")
    return files


def _is_complete(files: SampleFiles, fingerprint: str) -> bool:
    """Return whether the files are those of this fingerprint, byte for byte."""
    try:
        truth = json.loads(files.truth.read_bytes())
        digests = {
            path.name: _digest(path.read_bytes()) for path in (files.touches, files.conversions)
        }
        return bool(truth["fingerprint"] == fingerprint and truth["sha256"] == digests)
    except (OSError, ValueError, LookupError, TypeError):
        return False  # absent, incomplete or not ours: they are written again


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _as_ndjson(items: Iterable[Json]) -> bytes:
    return "".join(json.dumps(item, separators=(",", ":")) + "\n" for item in items).encode()


def _replace_file(path: Path, content: bytes) -> None:
    """Replace the file at `path` in one step."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_bytes(content)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _make(seed: int, size: SampleSize, ends_on: date) -> tuple[list[Json], list[Json], Json]:
    """Return the touches and the conversions in order of arrival, and the truth about them."""
    days = size.weeks * 7
    starts_on = ends_on - timedelta(days=days - 1)
    midnight = datetime.combine(starts_on, time(), UTC)
    shoppers = [
        draw_shopper(seed, n, starts_on=starts_on, days=days) for n in range(size.customers)
    ]
    occasions = [occasion for shopper in shoppers for occasion in shopper.occasions]
    orders = [occasion for occasion in occasions if occasion.is_bought()]
    orders.sort(key=lambda order: (order.at, order.journey))
    touches = [touch for shopper in shoppers for touch in shopper.touches]
    touches += [order.payment_return for order in orders if order.payment_return]
    touches.sort(key=lambda touch: (touch.arrives_at, touch.key))
    entries = [
        e for n, order in enumerate(orders) for e in make_entries(seed, n, order, end=days * DAY)
    ]
    entries.sort(key=lambda entry: (entry.arrives_at, entry.key))
    touch_items = _mix_in(
        [(touch.arrives_at, _describe_touch(touch, midnight)) for touch in touches],
        _TOUCH_FAULTS,
        repeated=_TOUCHES_REPEATED,
    )
    conversion_items = _mix_in(
        [(entry.arrives_at, _describe_entry(entry, midnight)) for entry in entries],
        _CONVERSION_FAULTS,
        repeated=_CONVERSIONS_REPEATED,
    )
    truth = {
        "touches": {
            "lines": len(touch_items),
            "accepted": len(touches),
            "duplicates": _TOUCHES_REPEATED,
            "bad": {code: 1 for code, _, _ in _TOUCH_FAULTS},
            "late": expected.count_late(touches, entries),
            "by_channel": expected.count_touches(touches),
        },
        "conversions": {
            "lines": len(conversion_items),
            "accepted": len(entries),
            "duplicates": _CONVERSIONS_REPEATED,
            "bad": {code: 1 for code, _, _ in _CONVERSION_FAULTS},
            "by_kind": expected.count_entries(entries),
        },
        "ledger": expected.add_up(entries),
        "orders": expected.describe_orders(touches, entries),
        "causes": expected.find_causes(occasions),
    }
    return touch_items, conversion_items, truth


def _describe_touch(touch: Touch, midnight: datetime) -> Json:
    return {
        "idempotency_key": touch.key,
        "occurred_at": (midnight + timedelta(seconds=touch.at)).isoformat(),
        "journey_key": touch.journey,
        **dict(touch.fields),
    }


def _describe_entry(entry: Entry, midnight: datetime) -> Json:
    occurred_at = midnight + timedelta(seconds=entry.at)
    item: dict[str, object] = {
        "idempotency_key": entry.key,
        "order_id": entry.order_id,
        "kind": entry.kind,
        "amount_cents": entry.cents,
        "currency": entry.currency,
        "occurred_at": occurred_at.astimezone(_SHOP_ZONES[entry.currency]).isoformat(),
    }
    if entry.journey:
        item["journey_key"] = entry.journey
    return item


def _mix_in(lines: Sequence[tuple[int, Json]], faults: _Faults, *, repeated: int) -> list[Json]:
    """Return the items of `lines` (arrival, item), with repeated and faulty ones mixed in."""
    mixed = list(lines)
    stride = len(lines) // repeated
    for turn, (arrives_at, item) in enumerate(lines[stride // 2 :: stride][:repeated], start=1):
        mixed.append((arrives_at + turn * HOUR, item))
    stride = len(lines) // (len(faults) + 1)
    for turn, (code, field, spoil) in enumerate(faults, start=1):
        arrives_at, item = lines[turn * stride]
        own = {"idempotency_key": f"faulty-{code}", "order_id": f"F{turn}", "kind": "capture"}
        faulty = {name: own.get(name, value) for name, value in item.items()}
        faulty[field] = spoil(str(faulty[field]))
        kept = {name: value for name, value in faulty.items() if value is not None}
        mixed.append((arrives_at, kept))
    mixed.sort(key=lambda line: line[0])  # stable: items that arrive together keep their order
    return [item for _, item in mixed]
