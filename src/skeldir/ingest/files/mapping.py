"""The mapping of a file: what each column means, and what the file itself does not show.

A mapping comes from a small TOML file, from flags, or from recognised column names (`mapping_file`,
`recognise`). It is checked here, once for all three. Nothing that matters is assumed: what is
missing is requested by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from difflib import get_close_matches
from typing import Final, Literal, NoReturn, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import orjson

from skeldir.attribution import ModelParameters
from skeldir.errors import SkeldirError
from skeldir.ingest.channels import CLICK_ID_KINDS, COMMON_CHANNELS, RESERVED_CHANNELS
from skeldir.ingest.files.amounts import DecimalMark, Rounding
from skeldir.ingest.files.moments import EPOCH_UNITS
from skeldir.ingest.files.order_states import STATES
from skeldir.ingest.files.written_times import DATE_ORDERS
from skeldir.ingest.files.zones import is_meaning
from skeldir.money import CURRENCIES
from skeldir.revenue import KIND_SIGNS

FileKind: TypeAlias = Literal["touches", "conversions", "mixed"]
FileFormat: TypeAlias = Literal["csv", "ndjson", "parquet", "xlsx"]

FILE_KINDS: Final = ("touches", "conversions", "mixed")
FILE_FORMATS: Final = ("csv", "ndjson", "parquet", "xlsx")
TOUCH_COLUMNS: Final = (
    "occurred_at", "journey_key", "session_id", "channel", "source", "medium", "campaign",
    "referrer_host", "landing_path", "click_ids",
)  # fmt: skip
ORDER_COLUMNS: Final = ("order_id", "kind", "amount", "currency", "occurred_at", "journey_key")
STATE_COLUMN: Final = "state"
"""The column that says whether an order's money came; it decides what a row is, and is no field of an item."""
NO_KIND: Final = "nothing"
"""In [kinds], for rows that are no movement of an order's money; they are skipped."""
KEY_COLUMNS: Final = ("idempotency_key", "order_key", "order_id")
"""Fields that may be given as a list of columns, which are then hashed together."""
MOMENT_COLUMNS: Final = 3
"""The most columns of a moment: its date, its time and its zone."""
ID_COLUMNS: Final = ("order_id", "idempotency_key", "journey_key")
"""Fields whose ids a spreadsheet can spoil."""

_CHANNEL_CODE: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")


class MappingInvalid(SkeldirError):
    """The mapping is incomplete, contradicts itself, or does not fit the file."""

    code = "mapping_invalid"
    status = 422
    title = "The mapping does not fit"


@dataclass(frozen=True, slots=True)
class Condition:
    """A test of one cell: it equals one of the texts or, if none is given, is not empty."""

    column: str
    equals: tuple[str, ...] = ()

    def describe(self) -> str:
        """Return the test in words."""
        if not self.equals:
            return f'"{self.column}" is not empty'
        return f'"{self.column}" is {" or ".join(self.equals)}'


@dataclass(frozen=True, slots=True)
class RefundColumns:
    """Columns of an order's row with the amount refunded in total, and the time.

    Where the amount is the order's own, the row's state says whether all of it was refunded.
    """

    amount: str
    occurred_at: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FileMapping:
    """How each row of a file becomes a touch, an order, or both.

    `columns` maps a canonical field to its column, or to several for the fields of `KEY_COLUMNS`:
    one column is used as it is, several are hashed together, keyed. Without `idempotency_key` the
    key of a touch, and of an entry that is no capture, is a keyed hash of its values, so rows that are
    equal in all of them count once and are reported as duplicates. The key of a capture then names its
    order and nothing else, and so it does in a mixed file, whose key columns name the visit, and where
    `order_key` has columns that identify an order: a confirmation page that is opened again is no second
    sale. `currency` is set when all rows share it. `states` are the words of the state column beyond the
    known ones (`files.order_states`).
    `kind_by_sign` means that negative amounts are refunds, and the others captures. `rounding` is how
    amounts finer than their currency become whole; without it they are rejected. `zones` gives the
    meaning of zone names in the file: an IANA name or an offset. `widths` has the digits that each id
    of a field had before a spreadsheet cut its leading zeros. `one_page` accepts a JSON file that says it
    is one page of an answer with more. `is_mark_sampled`, which no mapping file sets: the
    decimal mark was found in the first rows, and an amount that these leave open is rejected.

    Raises `MappingInvalid` when something required is missing, or two settings exclude each other.
    """

    kind: FileKind
    columns: Mapping[str, tuple[str, ...]]
    format: FileFormat | None = None
    delimiter: str | None = None
    encoding: str | None = None
    sheet: str | None = None
    one_page: bool = False
    currency: str | None = None
    amount_unit: Literal["major", "minor"] | None = None
    decimal_mark: DecimalMark = "."
    rounding: Rounding | None = None
    kind_by_sign: bool = False
    time_zone: str | None = None
    zones: Mapping[str, str] | None = None
    time_format: str = "iso"
    ambiguous_time: Literal["refuse", "earlier", "later"] = "refuse"
    touch_when: Condition | None = None
    order_when: Condition | None = None
    click_ids: Mapping[str, str] | None = None
    channels: Mapping[str, str] | None = None
    new_channels: Mapping[str, str] | None = None
    kinds: Mapping[str, str] | None = None
    states: Mapping[str, str] | None = None
    refund: RefundColumns | None = None
    widths: Mapping[str, int] | None = None
    models: ModelParameters | None = None
    is_mark_sampled: bool = False

    def __post_init__(self) -> None:
        for check in (
            _check_fields,
            _check_orders,
            _check_money,
            _check_times,
            _check_states,
            _check_names,
        ):
            check(self)

    @property
    def wanted(self) -> tuple[str, ...]:
        """Return every column that is read, each once; other columns of the file are never read."""
        names = [name for columns in self.columns.values() for name in columns]
        names += [when.column for when in (self.touch_when, self.order_when) if when is not None]
        names += (self.click_ids or {}).values()
        names += (self.refund.amount, *self.refund.occurred_at) if self.refund else ()
        return tuple(dict.fromkeys(names))

    @property
    def refund_columns(self) -> Mapping[str, tuple[str, ...]]:
        """Return the columns of a refund beside its order, by field."""
        if self.refund is None:
            return self.columns
        own = {"amount": (self.refund.amount,), "occurred_at": self.refund.occurred_at}
        return {**self.columns, **own}

    def describe_conditions(self) -> tuple[str, ...]:
        """Return in words which rows are touches and which are orders; empty if all rows are what the file is of."""
        named = (("touches", self.touch_when), ("orders", self.order_when))
        words = [f"{name} where {when.describe()}" for name, when in named if when is not None]
        if STATE_COLUMN in self.columns:
            words.append(f'orders where "{self.columns[STATE_COLUMN][0]}" is a state with money')
        if NO_KIND in (self.kinds or {}).values() and "kind" in self.columns:
            words.append(f'orders where "{self.columns["kind"][0]}" is a kind with money')
        return tuple(words)

    def fingerprint(self) -> bytes:
        """Return the mapping as canonical JSON, without what changes no imported row."""
        names = [f.name for f in fields(self) if f.name not in ("models", "one_page")]
        settings = {name: getattr(self, name) for name in names}
        if not self.is_mark_sampled:
            del settings["is_mark_sampled"]
        return orjson.dumps(settings, option=orjson.OPT_SORT_KEYS)

    def check_columns(self, header: Sequence[str]) -> None:
        """Check that a file has each column of the mapping exactly once. Raises MappingInvalid."""
        for name in self.wanted:
            if name not in header:
                raise MappingInvalid(
                    f'The file has no column "{name}".{nearest(name, header)}',
                    cure=f"Its columns are: {listed(header)}.",
                )
            if header.count(name) > 1:
                raise MappingInvalid(
                    f'The file has {header.count(name)} columns called "{name}".',
                    cure="Give each column a name of its own.",
                )

    def check_channels(self, own_channels: Iterable[str]) -> None:
        """Check that each code is a common channel or one of the tenant's own. Raises MappingInvalid."""
        known = {*COMMON_CHANNELS, *own_channels, *(self.new_channels or {})} - RESERVED_CHANNELS
        for value, code in (self.channels or {}).items():
            if code not in known:
                raise MappingInvalid(
                    f'[channels] maps "{value}" to "{code}", which is not a channel.'
                    + nearest(code, known),
                    cure=f'Declare it: [new_channels] {code} = "a label".',
                )


def cell_text(value: object) -> str:
    """Return a cell as the text that a CSV file would hold: "" for nothing, true and false in lower case."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a sentence with the known name closest to `name`, or "" when none is close."""
    spelled = {word.casefold(): word for word in known}
    found = get_close_matches(name.casefold(), spelled, n=1, cutoff=0.6)
    return f' Did you mean "{spelled[found[0]]}"?' if found else ""


def listed(names: Iterable[str]) -> str:
    shown = [f'"{name}"' for name in names]
    return ", ".join(shown[:40]) + (f" and {len(shown) - 40} more" if len(shown) > 40 else "")


def unknown(name: str, place: str, known: Sequence[str]) -> NoReturn:
    raise MappingInvalid(
        f'"{name}" is not known in {place}.{nearest(name, known)}',
        cure=f"Known are: {listed(known)}.",
    )


# ---------------------------------------------------------------- checks


def _check_fields(mapping: FileMapping) -> None:
    needed = ["occurred_at"]
    needed += ["journey_key"] if mapping.kind != "conversions" else []
    needed += ["amount"] if mapping.kind != "touches" else []
    for field in needed:
        if field not in mapping.columns:
            raise MappingInvalid(
                f"The mapping does not name the column of {field}.",
                cure=f'Add it under [columns], such as {field} = "name of the column".',
            )
    allowed = {"idempotency_key"}
    allowed |= set(TOUCH_COLUMNS) if mapping.kind != "conversions" else set()
    allowed |= {*ORDER_COLUMNS, STATE_COLUMN, "order_key"} if mapping.kind != "touches" else set()
    for field in mapping.columns:
        if field not in allowed:
            raise MappingInvalid(
                f"[columns] {field} has no place in a file of {mapping.kind}.",
                cure="Leave it out, or set kind = mixed.",
            )


def _check_orders(mapping: FileMapping) -> None:
    if mapping.kind == "touches":
        for name in ("order_when", "refund", "kinds", "states", "kind_by_sign"):
            if getattr(mapping, name) not in (None, False):
                raise MappingInvalid(
                    f"{name} has no place in a file of touches.", cure="Leave it out."
                )
        return
    if "order_id" not in mapping.columns:
        raise MappingInvalid(
            "The mapping does not name the column of the order's id.",
            cure='Add order_id = "column" under [columns]; a file without such a column can have it derived'
            ' from those that identify an order, such as order_id = ["customer_id", "time"].',
        )
    if mapping.kind == "mixed" and mapping.order_when is None:
        raise MappingInvalid(
            "The mapping does not define which rows are orders.",
            cure='Add order_when = { column = "conversion", equals = "1" }; without equals, any value counts.',
        )
    if mapping.kind == "conversions" and mapping.touch_when is not None:
        raise MappingInvalid(
            "touch_when has no place in a file of conversions.", cure="Leave it out."
        )
    if mapping.kind_by_sign and (mapping.refund is not None or "kind" in mapping.columns):
        raise MappingInvalid(
            "kind_by_sign says which rows are refunds, and so does [columns] kind or [refund].",
            cure="Keep one of them.",
        )
    if mapping.refund is not None and "kind" in mapping.columns:
        raise MappingInvalid(
            "A file either has rows of several kinds or refunds beside their orders.",
            cure="Keep [columns] kind or [refund], not both.",
        )
    own_amount = (
        mapping.refund is not None and (mapping.refund.amount,) == mapping.columns["amount"]
    )
    if own_amount and STATE_COLUMN not in mapping.columns:
        raise MappingInvalid(
            "[refund] names the amount of the orders, so every order would be refunded.",
            cure='Name the column of the refunded amount, or add state = "column" under [columns].',
        )


def _check_money(mapping: FileMapping) -> None:
    if mapping.kind == "touches":
        return
    if mapping.amount_unit is None:
        raise MappingInvalid(
            "It is not known whether the amounts are in major units (12.50) or minor ones (1250).",
            cure="Set --amount-unit, or amount_unit in the mapping: major or minor.",
        )
    if mapping.currency is None and "currency" not in mapping.columns:
        raise MappingInvalid(
            "The currency of the amounts is not known.",
            cure='Set --currency USD, or currency = "USD" in the mapping, or name its column.',
        )
    if mapping.currency is not None and "currency" in mapping.columns:
        raise MappingInvalid(
            "The currency is given both for all rows and as a column.", cure="Keep one of the two."
        )
    if mapping.currency is not None and mapping.currency not in CURRENCIES:
        unknown(mapping.currency, "currency", tuple(CURRENCIES))


def _check_times(mapping: FileMapping) -> None:
    if mapping.time_zone is not None:
        try:
            ZoneInfo(mapping.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise MappingInvalid(
                f'"{mapping.time_zone}" is not a time zone.'
                + nearest(mapping.time_zone, available_timezones()),
                cure="Use a name of the IANA database, such as Europe/Berlin or UTC.",
            ) from error
    for name, meaning in (mapping.zones or {}).items():
        if not is_meaning(meaning):
            raise MappingInvalid(
                f'[zones] "{name}" = "{meaning}" is neither an offset nor a time zone.',
                cure='Write an offset such as "-06:00", or a name such as "America/Chicago".',
            )
    named = ("iso", *EPOCH_UNITS, *DATE_ORDERS)
    if mapping.time_format in named:
        return
    if "%" not in mapping.time_format:
        unknown(mapping.time_format, "time_format", (*named, "%d.%m.%Y %H:%M"))
    has_zone = "%z" in mapping.time_format or mapping.time_format.endswith("%Z")
    if not has_zone and mapping.time_zone is None:
        raise MappingInvalid(
            f'Times written as "{mapping.time_format}" have no offset from UTC, and no time zone is given.',
            cure='Set --time-zone, or time_zone = "Europe/Berlin" in the mapping.',
        )
    if "%Z" in mapping.time_format.removesuffix("%Z"):
        raise MappingInvalid(
            f'The zone in "{mapping.time_format}" is not at its end.',
            cure="Put %Z last, or name the column of the zone last under [columns] occurred_at.",
        )


def _check_states(mapping: FileMapping) -> None:
    for state in (mapping.states or {}).values():
        if state not in STATES:
            unknown(state, "[states]", STATES)
    if mapping.states is not None and STATE_COLUMN not in mapping.columns:
        raise MappingInvalid(
            "[states] needs a column of states.", cure='Add state = "column" under [columns].'
        )


def _check_names(mapping: FileMapping) -> None:
    for kind in mapping.click_ids or {}:
        if kind not in CLICK_ID_KINDS:
            unknown(kind, "[click_ids]", sorted(CLICK_ID_KINDS))
    for kind in (mapping.kinds or {}).values():
        if kind not in (*KIND_SIGNS, NO_KIND):
            unknown(kind, "[kinds]", (*KIND_SIGNS, NO_KIND))
    if mapping.kinds is not None and "kind" not in mapping.columns:
        raise MappingInvalid(
            "[kinds] needs a column of kinds.", cure='Add kind = "column" under [columns].'
        )
    if mapping.channels is not None and "channel" not in mapping.columns:
        raise MappingInvalid(
            "[channels] needs a column of channels.", cure='Add channel = "column" under [columns].'
        )
    for code in mapping.new_channels or {}:
        if code in COMMON_CHANNELS or not _CHANNEL_CODE.fullmatch(code):
            raise MappingInvalid(
                f'[new_channels] "{code}" cannot be declared.',
                cure="Use a code that is not in the common taxonomy: lower-case letters, digits and underscores.",
            )
