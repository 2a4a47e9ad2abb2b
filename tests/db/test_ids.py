"""Fresh ids are UUIDs of version 7, each of its own, that begin with the moment at which they were made."""

from __future__ import annotations

from uuid import RFC_4122, UUID

import pytest

from skeldir.clock import utc_now
from skeldir.db.ids import new_id_texts, new_ids


@pytest.mark.parametrize("count", [0, 1, 10_000])
def test_fresh_ids_are_of_version_7_and_all_differ(count: int) -> None:
    before = int(utc_now().timestamp() * 1000)
    ids = [*new_ids(count), *map(UUID, new_id_texts(count))]
    after = int(utc_now().timestamp() * 1000)
    assert len(set(ids)) == 2 * count
    assert {(id_.version, id_.variant) for id_ in ids} <= {(7, RFC_4122)}
    assert all(before <= id_.int >> 80 <= after for id_ in ids)


def test_every_random_bit_of_an_id_takes_both_values() -> None:
    all_set, ever_set = -1, 0
    for id_ in new_ids(1_000):
        all_set &= id_.int
        ever_set |= id_.int
    random_bits = (2**12 - 1) << 64 | (2**62 - 1)
    assert ever_set & random_bits == random_bits
    assert all_set & random_bits == 0
