"""A provider's balance report, read as an import would read it, and recorded nowhere: to be compared."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final, TypeAlias

from skeldir.clock import utc_now
from skeldir.errors import SkeldirError
from skeldir.ingest.fields import EARLIEST, MAX_CLOCK_SKEW
from skeldir.ingest.files.amounts import amount_reader
from skeldir.ingest.files.balance_layouts import (
    LAYOUTS,
    BalanceLayout,
    BalanceProvider,
    plain,
)
from skeldir.ingest.files.cut_off import refuse_cut_off
from skeldir.ingest.files.layout import FileLayout
from skeldir.ingest.files.mapping import FileMapping, MappingInvalid, cell_text, listed, unknown
from skeldir.ingest.files.mapping_file import HOW_TO_ANSWER, Settings
from skeldir.ingest.files.moments import joined_reader, moment_reader
from skeldir.ingest.files.readers import look_at_file, open_rows
from skeldir.ingest.files.recognise import recognise_columns
from skeldir.ingest.files.survey import read_columns
from skeldir.ingest.nothing import is_nothing
from skeldir.ingest.rejections import CURES, ItemRejected, UnreadableItem
from skeldir.money import CURRENCIES
from skeldir.revenue import KIND_SIGNS, LONGEST_KEY

MOST_ROWS: Final = 300_000
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
KINDS: Final = (*KIND_SIGNS, "fee", "payout", "payout_reversal", "other", "nothing")
"""What a category may mean: a kind of the ledger, what is shown apart, or no movement of the balance."""
_Fault: TypeAlias = tuple[int, str, str]


class BalanceUnreadable(SkeldirError):
    """A row of the report cannot be read, or its money contradicts itself."""

    code = "balance_unreadable"
    status = 422
    title = "The balance report has rows that cannot be read"


@dataclass(frozen=True, slots=True)
class BalanceRow:
    """A movement of a balance: signed minor units, `net = gross - fee`; `at` is aware.

    `names` are ids of this movement, `orders` ids that may be those of its order, `payout` that of the payout that pays
    it; `balance` is what the file states as the balance after it, None if it states none.
    """

    row: int
    id: str
    kind: str
    category: str
    names: frozenset[str]
    orders: frozenset[str]
    gross: int
    fee: int
    net: int
    currency: str
    at: datetime
    payout: str
    balance: int | None = None


@dataclass(slots=True)
class BalanceFile:
    """The movements of a file, how many rows move nothing, what was recognised, and the zone of the file's times."""

    time_zone: str | None
    choices: list[str]
    rows: list[BalanceRow] = field(default_factory=list)
    skipped: int = 0


def read_balances(path: Path, provider: BalanceProvider, flags: Settings) -> BalanceFile:
    """Return the movements of a balance report; `flags` are settings in the shape of a mapping file.

    Raises:
        FileUnreadable: the file cannot be read, or not to its end.
        MappingInvalid: the file leaves something open, or a column or setting is none.
        BalanceUnreadable: a row cannot be read, or its net is not gross less fee.
    """
    layout = look_at_file(
        path,
        delimiter=_text(flags, "delimiter"),
        encoding=_text(flags, "encoding"),
        sheet=_text(flags, "sheet"),
        one_page=flags.get("one_page") is True,
    )
    form = LAYOUTS[provider]
    columns = _choose_columns(layout, form, flags)
    mapping, choices = recognise_columns(
        layout.header,
        layout.sample,
        _settings(form, columns, flags),
        whole=read_columns(path, layout),
        is_complete=True,
    )
    mapping.check_columns(layout.header)
    refuse_cut_off(path, layout, mapping)
    shown = [f"{name}: {listed(found)}" for name, found in columns.items()]
    reader = _Reader(form, columns, mapping, _kinds(form, flags))
    found = BalanceFile(mapping.time_zone, [*shown, *choices])
    faults: list[_Fault] = []
    with open_rows(path, layout, reader.wanted) as stream:
        for number, cells in stream.rows:
            if number > MOST_ROWS:
                raise BalanceUnreadable(
                    f"{path.name} has more than {MOST_ROWS:,} rows.",
                    cure="Export fewer days at a time.",
                )
            _add(found, faults, number, cells, reader)
    if faults:
        row, cure, detail = faults[0]
        raise BalanceUnreadable(
            f"{len(faults):,} rows of {path.name} cannot be read; the first is row {row}: {detail}",
            cure=cure,
        )
    return found


def _add(
    found: BalanceFile,
    faults: list[_Fault],
    number: int,
    cells: Sequence[object] | UnreadableItem,
    reader: _Reader,
) -> None:
    if isinstance(cells, UnreadableItem):
        faults.append((number, CURES[cells.code], cells.detail))
        return
    try:
        read = reader.read(number, cells)
    except ItemRejected as error:
        faults.append((number, CURES[error.item_code], error.detail))
    except BalanceUnreadable as error:
        faults.append((number, error.cure, error.detail))
    else:
        if read is None:
            found.skipped += 1
        else:
            found.rows.append(read)


def _text(flags: Settings, name: str) -> str | None:
    given = flags.get(name)
    return given if isinstance(given, str) else None


def _choose_columns(
    layout: FileLayout, form: BalanceLayout, flags: Settings
) -> dict[str, tuple[str, ...]]:
    chosen = _given_columns(layout, form, flags)
    spelled = {plain(name): name for name in reversed(layout.header)}
    for name, choices in form.columns.items():
        for words in choices if name not in chosen else ():
            if all(word in spelled for word in words):
                chosen[name] = tuple(spelled[word] for word in words)
                break
    missing = [
        name
        for name in form.needed
        if name not in chosen and not (name == "currency" and name in flags)
    ]
    if missing:
        asked = " and ".join(f"--column {name}=…" for name in missing)
        raise MappingInvalid(
            f"The file has no column for {' and '.join(missing)} of {form.name}."
            f" Its columns are: {listed(layout.header)}.",
            cure=f"Export {form.export}, or name the columns by {asked}.",
        )
    given = flags.get("columns", {})
    for name, one in ((name, one) for name, names in chosen.items() for one in names):
        # Who names a column means one of several that differ in case only.
        is_named = isinstance(given, Mapping) and name in given
        alike = [
            it for it in layout.header if it == one or (not is_named and plain(it) == plain(one))
        ]
        if len(alike) > 1:
            raise MappingInvalid(
                f"The file has several columns for {name}: {listed(alike)}.",
                cure="Give each column a name of its own, or name the one that is meant by --column.",
            )
    return chosen


def _given_columns(
    layout: FileLayout, form: BalanceLayout, flags: Settings
) -> dict[str, tuple[str, ...]]:
    given = flags.get("columns", {})
    chosen: dict[str, tuple[str, ...]] = {}
    for name, value in given.items() if isinstance(given, Mapping) else ():
        if name not in form.columns:
            unknown(str(name), "--column", tuple(form.columns))
        chosen[name] = (value,) if isinstance(value, str) else tuple(map(str, value))
        for text in chosen[name]:
            if text not in layout.header:
                raise MappingInvalid(
                    f'The file has no column "{text}".',
                    cure=f"Its columns are: {listed(layout.header)}.",
                )
    return chosen


def _settings(
    form: BalanceLayout, columns: Mapping[str, tuple[str, ...]], flags: Settings
) -> dict[str, object]:
    """Return the settings of a mapping for what imports read too: moments, amounts and currencies."""
    moment = columns["occurred_at"]
    settings: dict[str, object] = {
        **form.settings,
        **{name: value for name, value in flags.items() if name not in ("columns", "kinds")},
        "kind": "conversions",
        "kind_by_sign": True,
        "columns": {
            "occurred_at": moment[0] if len(moment) == 1 else list(moment),
            "order_id": columns["id"][0],
            "amount": columns["gross"][0],
        },
    }
    if plain(moment[0]) in form.utc_moments:
        if flags.get("time_zone", "UTC") != "UTC":
            raise MappingInvalid(
                f'The times in "{moment[0]}" are in UTC.',
                cure="Leave out --time-zone, or name a column of other times by --column occurred_at=….",
            )
        settings["time_zone"] = "UTC"
    if "currency" not in flags:
        settings["columns"] = {**settings["columns"], "currency": columns["currency"][0]}  # type: ignore[dict-item]  # made above
    elif "currency" in columns:
        raise MappingInvalid(
            f'The column "{columns["currency"][0]}" has the currency of each row.',
            cure="Leave out --currency.",
        )
    return settings


def _kinds(form: BalanceLayout, flags: Settings) -> dict[str, str]:
    given = flags.get("kinds", {})
    own = dict(given) if isinstance(given, Mapping) else {}
    for kind in own.values():
        if kind not in KINDS:
            unknown(str(kind), "kinds", KINDS)
    return {**form.kinds, **{plain(str(name)): str(kind) for name, kind in own.items()}}


class _Reader:
    """Reads rows by the columns of a layout, and how a mapping says that values are written."""

    def __init__(
        self,
        form: BalanceLayout,
        columns: Mapping[str, tuple[str, ...]],
        mapping: FileMapping,
        kinds: Mapping[str, str],
    ) -> None:
        self.wanted = tuple(dict.fromkeys(one for names in columns.values() for one in names))
        self._places = {
            name: [self.wanted.index(one) for one in names] for name, names in columns.items()
        }
        self._form, self._kinds, self._currency = form, kinds, mapping.currency
        if mapping.amount_unit is None:
            raise MappingInvalid("The unit of the amounts is open.", cure=HOW_TO_ANSWER)
        self._amount = amount_reader(
            mapping.amount_unit,
            mapping.decimal_mark,
            mapping.rounding,
            is_mark_sampled=mapping.is_mark_sampled,
        )
        self._moment: Callable[[Sequence[object]], object] = joined_reader(
            moment_reader(
                mapping.time_format, mapping.time_zone, mapping.ambiguous_time, mapping.zones
            )
        )
        self._latest = utc_now() + MAX_CLOCK_SKEW

    def read(self, number: int, cells: Sequence[object]) -> BalanceRow | None:
        """Return the movement of a row, None if it moves nothing. Raises ItemRejected, BalanceUnreadable."""
        category = self._first(cells, "category")
        kind = self._kinds.get(plain(category), "other")
        if kind == "nothing" or not self._is_settled(cells):
            return None
        currency = self._currency or self._first(cells, "currency").upper()
        if currency not in CURRENCIES:
            code = "currency_unknown" if currency else "currency_missing"
            raise ItemRejected(code, "The currency is missing, or is none.")
        gross, fee, net = (self._money(cells, name, currency) for name in ("gross", "fee", "net"))
        fee *= self._form.fee_sign
        if gross - fee != net:
            sign = "less" if self._form.fee_sign == 1 else "plus"
            raise BalanceUnreadable(
                f"The net is not the gross {sign} the fee.",
                cure="Export the report again, or name the columns of gross, fee and net by --column.",
            )
        kind = self._by_sign(kind, gross)
        id_ = self._first(cells, "id")
        names = {id_, *self._texts(cells, "reference")} - {""}
        orders = {*names, *self._texts(cells, "order_id"), *self._texts(cells, "payment")} - {""}
        return BalanceRow(
            number,
            id_,
            kind,
            category,
            frozenset(names),
            frozenset(orders),
            gross,
            fee,
            net,
            currency,
            self._at(cells),
            self._first(cells, "payout"),
            self._balance(cells, currency),
        )

    def _texts(self, cells: Sequence[object], name: str) -> list[str]:
        texts = [cell_text(cells[place]).strip() for place in self._places.get(name, ())]
        for text in texts:
            if len(text) > LONGEST_KEY or _CONTROL.search(text):
                detail = f"The {name} has control characters, or more than {LONGEST_KEY} in all."
                raise ItemRejected("field_invalid", detail)
        return [text for text in texts if not is_nothing(text)]

    def _first(self, cells: Sequence[object], name: str) -> str:
        return next(iter(self._texts(cells, name)), "")

    def _is_settled(self, cells: Sequence[object]) -> bool:
        """Return whether the row's state says that its money moved; without a column of states it did."""
        state = plain(self._first(cells, "state"))
        if "state" not in self._places or state in self._form.settled:
            return plain(self._first(cells, "impact")) != "memo"
        if state in self._form.unsettled:
            return False
        raise ItemRejected("state_unknown", f'The state "{state[:60]}" is not known.')

    def _money(self, cells: Sequence[object], name: str, currency: str) -> int:
        cents = self._amount(cells[self._places[name][0]], currency)
        if cents is None or cents == "":
            raise ItemRejected("amount_missing", f"The {name} is empty.")
        if type(cents) is not int:
            raise ItemRejected("amount_invalid", f"The {name} is no amount.")
        return cents

    def _balance(self, cells: Sequence[object], currency: str) -> int | None:
        places = self._places.get("balance")
        if places is None or is_nothing(cell_text(cells[places[0]]).strip()):
            return None
        return self._money(cells, "balance", currency)

    def _by_sign(self, kind: str, gross: int) -> str:
        sign = KIND_SIGNS.get(kind, 0)
        if sign * gross >= 0:
            return kind
        if self._form.pays_out:
            # A payment to somebody else has the type of one that came in.
            return "other"
        raise BalanceUnreadable(
            f"It is a {kind}, and its gross has the other sign.",
            cure="Export the report again; amounts that leave the balance are negative.",
        )

    def _at(self, cells: Sequence[object]) -> datetime:
        at = self._moment([cells[place] for place in self._places["occurred_at"]])
        if not isinstance(at, datetime) or at.tzinfo is None:
            code = "occurred_at_missing" if at is None else "occurred_at_invalid"
            raise ItemRejected(code, "The time is missing, or is no moment.")
        if not EARLIEST <= at <= self._latest:
            raise ItemRejected("occurred_at_invalid", "The time is in the future, or too early.")
        return at
