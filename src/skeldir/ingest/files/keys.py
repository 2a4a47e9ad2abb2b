"""The keys by which a row is recognised when it comes again: given by the file, or made of what it says."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, TypeAlias

import orjson

from skeldir.ingest.files.mapping import FileMapping
from skeldir.ingest.nothing import is_no_id
from skeldir.ingest.rejections import UnreadableItem
from skeldir.ingest.spoilt_ids import is_shortened

Cells: TypeAlias = Sequence[object]
Item: TypeAlias = "dict[str, object] | UnreadableItem"
Make: TypeAlias = Callable[[Cells], "Item | None"]
Test: TypeAlias = Callable[[Cells], bool]
Read: TypeAlias = Callable[[Cells], object]


class KeyMaker:
    """Builds the functions that give items their keys; derived ones are BLAKE2b hashes keyed with `secret`."""

    def __init__(
        self,
        mapping: FileMapping,
        places: Mapping[str, int],
        *,
        secret: bytes,
        cells_are_text: bool,
    ) -> None:
        self._mapping = mapping
        self._places = places
        self._secret = secret
        self._cells_are_text = cells_are_text

    @property
    def name_orders(self) -> bool:
        """Whether the key of a capture names its order, and not the row."""
        columns = self._mapping.columns
        is_mixed = self._mapping.kind == "mixed"
        return is_mixed or "order_key" in columns or "idempotency_key" not in columns

    def given_key(self, label: str) -> dict[str, Read]:
        """Return the reader of the key that the file has in one or several columns, if it has one."""
        given = self._mapping.columns.get("idempotency_key")
        if given is None:
            return {}
        if len(given) > 1:
            return {"idempotency_key": self.hash(label, given)}
        place = self._places[given[0]]
        if self._cells_are_text:
            return {"idempotency_key": itemgetter(place)}
        return {"idempotency_key": lambda cells: as_text(cells[place])}

    def with_key(self, label: str, make: Make) -> Make:
        """Give the items of a file without a key column a key: the keyed hash of their values."""
        if self.given_key(label):
            return make
        hash_values = self._hash_values(label)

        def make_with_key(cells: Cells) -> Item | None:
            item = make(cells)
            if isinstance(item, dict):
                item["idempotency_key"] = hash_values(item)
            return item

        return make_with_key

    def with_order_key(self, make: Make, *, suffix: str = "") -> Make:
        """Give a capture the key of its order, and an entry of another kind the hash of its values.

        With a `suffix`, every entry has the key of its order with it. Without an order id an item has a key
        all the same, so that the order id is what it lacks; but not where `order_key` names its columns.
        """
        columns = self._mapping.columns.get("order_key")
        name = None if columns is None else self.hash("order", columns, needs_all=True)
        hash_id, hash_values = self._hash_values("order"), self._hash_values("entry")

        def make_with_order_key(cells: Cells) -> Item | None:
            item = make(cells)
            if isinstance(item, dict):
                key: object
                if suffix == "" and item.get("kind") != "capture":
                    key = hash_values(item)
                elif name is not None:
                    key = name(cells)
                elif is_no_id(item.get("order_id")):
                    key = hash_values(item)
                else:
                    key = hash_id({"order_id": item["order_id"]})
                item["idempotency_key"] = None if key is None else f"{key}{suffix}"
            return item

        return make_with_order_key

    def _hash_values(self, label: str) -> Callable[[Mapping[str, object]], str | None]:
        """Return the function from fields to their keyed hash; None without any value.

        It is made of values and not of cells, so that the same row exported again in another spelling
        ("10.0" for "10.00", "Z" for "+00:00") gets the same key.
        """
        start = hashlib.blake2b(label.encode(), key=self._secret, digest_size=16).copy
        dumps = orjson.dumps

        def hash_values(item: Mapping[str, object]) -> str | None:
            given = sorted((name, value) for name, value in item.items() if value not in (None, ""))
            if not given:
                return None
            digest = start()
            digest.update(dumps(given, default=str))
            return digest.hexdigest()

        return hash_values

    def hash(self, label: str, columns: Iterable[str], *, needs_all: bool = False) -> Read:
        """Return the reader of the keyed hash of several cells.

        It returns None when they are all empty or, with `needs_all`, when any of them is; a placeholder
        for nothing is empty.
        """
        pick = picker([self._places[name] for name in dict.fromkeys(columns)])
        start = hashlib.blake2b(label.encode(), key=self._secret, digest_size=16).copy
        dumps = orjson.dumps

        def read(cells: Cells) -> object:
            picked = pick(cells)
            if any(map(is_no_id, picked)) if needs_all else all(map(is_no_id, picked)):
                return None
            digest = start()
            digest.update(dumps(picked, default=str))
            return digest.hexdigest()

        return read


def as_text(cell: object) -> object:
    """Return a whole number as text, for ids that JSON or Parquet store as numbers; any other cell unchanged."""
    return str(cell) if type(cell) is int else cell


def picker(places: Sequence[int]) -> Callable[[Cells], tuple[Any, ...]]:
    if not places:
        return lambda _: ()
    if len(places) == 1:
        place = places[0]
        return lambda cells: (cells[place],)
    return itemgetter(*places)


def with_texts(
    pick: Callable[[Cells], tuple[Any, ...]],
) -> Callable[[Cells], tuple[Any, ...]]:
    return lambda cells: tuple(map(as_text, pick(cells)))


def with_suffix(read: Read, suffix: str) -> Read:
    def read_with_suffix(cells: Cells) -> object:
        key = read(cells)
        # A key that is none, or spoilt, is left for `canonical` to reject.
        if not isinstance(key, str) or is_no_id(key) or is_shortened(key):
            return key
        return key + suffix

    return read_with_suffix
