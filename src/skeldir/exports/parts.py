"""What can be exported: the parts, their columns, and what kind of value each column has. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

from skeldir.errors import InputInvalid

PartName: TypeAlias = Literal[
    "orders",
    "journeys",
    "allocations",
    "channel_days",
    "entries",
    "spend",
    "claims",
    "dead_events",
    "touches",
]
PART_NAMES: Final[tuple[PartName, ...]] = get_args(PartName)
"""In the order in which they are written: those that follow from facts come first, see `Part.is_of_facts`."""

Kind: TypeAlias = Literal["text", "code", "id", "cents", "whole", "moment", "day", "decimal"]
"""`text` came from outside; `code` and `id` are the program's own, codes few. A `moment` is microseconds since 1970.
`cents` are signed minor units of the row's currency; a `decimal` is a text of digits with a point."""

MONEY_SUFFIX: Final = "_cents"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a part."""

    name: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Part:
    """A table to export. `is_of_facts` if its rows are never changed, so that an earlier snapshot can be read again."""

    name: PartName
    columns: tuple[Column, ...]
    is_of_facts: bool

    @property
    def cents(self) -> tuple[str, ...]:
        """The columns that are amounts."""
        return tuple(column.name for column in self.columns if column.kind == "cents")

    @property
    def has_models(self) -> bool:
        """Whether each row is of a model version, so that sums of different ones mean nothing."""
        return any(column.name == "model_version" for column in self.columns)


def _part(name: PartName, columns: str, *, is_of_facts: bool = False) -> Part:
    pairs = (word.split(":") for word in columns.split())
    kinds: dict[str, Kind] = {kind: kind for kind in get_args(Kind)}
    return Part(name, tuple(Column(column, kinds[kind]) for column, kind in pairs), is_of_facts)


_PARTS: Final = (
    _part(
        "orders",
        "order_id:text currency:code state:code captured_cents:cents refunded_cents:cents disputed_cents:cents "
        "balance_cents:cents first_entry_at:moment last_entry_at:moment",
    ),
    _part(
        "journeys",
        "order_id:text place:whole channel:code touched_at:moment converted_at:moment",
    ),
    _part(
        "allocations",
        "order_id:text entry_id:id day:day model_version:code channel:code currency:code allocated_cents:cents "
        "conversions:decimal",
    ),
    _part(
        "channel_days",
        "day:day model_version:code channel:code currency:code credited_cents:cents conversions:decimal "
        "spend_cents:cents",
    ),
    _part(
        "entries",
        "entry_id:id idempotency_key:text order_id:text kind:code amount_cents:cents currency:code occurred_at:moment "
        "recorded_at:moment journey:id source:text",
        is_of_facts=True,
    ),
    _part(
        "spend",
        "spend_id:id idempotency_key:text day:day channel:code amount_cents:cents currency:code recorded_at:moment",
        is_of_facts=True,
    ),
    _part(
        "claims",
        "platform:code account:text campaign:text campaign_name:text day:day currency:code revision:whole "
        "cost_cents:cents impressions:whole clicks:whole claim_type:text conversions:decimal claimed_cents:cents "
        "attribution_setting:text channel:code channel_rule:code recorded_at:moment",
        is_of_facts=True,
    ),
    _part(
        "dead_events",
        "dead_event_id:id item_kind:code code:code detail:text cure:text origin:text item:text recorded_at:moment",
        is_of_facts=True,
    ),
    _part(
        "touches",
        "touch_id:id idempotency_key:text occurred_at:moment recorded_at:moment journey:id session_id:text "
        "channel:code channel_rule:code source:text medium:text campaign:text referrer_host:text landing_path:text "
        "click_ids:text",
        is_of_facts=True,
    ),
)
PARTS: Final[Mapping[str, Part]] = {part.name: part for part in _PARTS}


def shown_columns(part: Part) -> list[tuple[str, Kind | Literal["amount"]]]:
    """Return the columns of a part as they are written: after each one of minor units the same in major units."""
    shown: list[tuple[str, Kind | Literal["amount"]]] = []
    for column in part.columns:
        shown.append((column.name, column.kind))
        if column.kind == "cents":
            shown.append((column.name.removesuffix(MONEY_SUFFIX), "amount"))
    return shown


def require_models_apply(names: Sequence[str], model_versions: Sequence[str]) -> None:
    """Check that one of these parts is worked out by the model versions that are asked for, if there are any.

    Raises:
        InputInvalid: none is, so the versions would change nothing.
    """
    if model_versions and "allocations" not in names:
        raise InputInvalid(
            f"{', '.join(names)}: not worked out by a model version that is asked for.",
            cure="Leave the model out, or ask for allocations.",
        )


def read_parts(texts: list[str]) -> list[Part]:
    """Return the parts with these names, repeated or separated by commas, in the order of writing; `all` is each.

    Raises:
        InputInvalid: a name is none.
    """
    names = {name.strip() for text in texts for name in text.split(",")}
    if unknown := sorted(names - {"all", *PART_NAMES}):
        raise InputInvalid(
            f'There is no part "{unknown[0][:40]}".', cure=f"Use all, {', '.join(PART_NAMES)}."
        )
    return [part for part in _PARTS if "all" in names or part.name in names]
