"""Shopify: no person is stored, and no JSON object breaks the translator."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skeldir.inbox.fields import read_json
from skeldir.inbox.saying import Movement
from tests.support.hostile import json_values
from tests.support.shopify import MAKERS, Body, make_transaction, money, say, trouble_of

PERSONS = [f"Ada Example{at} <ada{at}@example.com>" for at in range(100)]
ODD_KEYS = [
    "email",
    "name",
    "note",
    "phone",
    "customer",
    "billing_address",
    "tags",
    "receipt",
    "authorization",
]


def plant(body: Body, at: int) -> Body:
    """Return the body with a person under odd keys, and instead of each value in turn."""
    person = PERSONS[at % len(PERSONS)]
    odd: Body = dict.fromkeys(ODD_KEYS, person) | {"client_details": {"name": person}}
    kept = [key for key in body if key != "admin_graphql_api_id"]
    nested = {"id": person, "kind": person, "status": person, "amount": person, "email": person}
    for key in (kept[at % len(kept)], kept[(at * 7 + 3) % len(kept)]):
        value = body[key]
        odd[key] = [nested, person] if isinstance(value, list) else person
    return {**body, **odd}


@pytest.mark.parametrize("make", MAKERS)
def test_no_person_gets_into_what_is_stored(make: Callable[..., Body]) -> None:
    for at in range(200):
        said = say(plant(make(), at))
        stored = json.dumps(said.kept, default=str) + repr(
            (said.refs, said.order_ref, said.own_ref, said.trouble, said.type, said.facts)
        )
        assert "Ada" not in stored
        assert "ada" not in stored


def test_a_person_under_an_odd_key_loses_no_money() -> None:
    body = {**make_transaction(), **dict.fromkeys(ODD_KEYS, PERSONS[0])}
    assert money(say(body)) == money(say(make_transaction()))


def test_a_number_with_a_large_exponent_is_not_written_out() -> None:
    body = read_json(
        b'{"id":93,"order_id":59,"refund_line_items":[{"id":1,"subtotal":1e999999999}]}'
    )
    assert say(body).kept["refund_line_items"] == [{"id": "1"}]
    assert trouble_of(say(make_transaction(amount=Decimal("1e999999999")))) == "amount_invalid"


FIELDS = sorted(
    {key for make in MAKERS for key in make()} | {"refunds", "note_attributes", "order_edit"}
)


@given(
    st.sampled_from(MAKERS),
    st.dictionaries(st.sampled_from(FIELDS), json_values(), max_size=4),
    st.sets(st.sampled_from(FIELDS), max_size=2),
)
def test_any_json_in_any_field_gives_an_answer(
    make: Callable[..., Body], replaced: Body, absent: set[str]
) -> None:
    body = {key: value for key, value in {**make(), **replaced}.items() if key not in absent}
    said = say(body)
    assert all(fact.minor > 0 for fact in said.facts if isinstance(fact, Movement))
    assert not (said.trouble and said.facts)
    assert len(said.type) <= 80
    json.dumps(said.kept)


@given(
    st.dictionaries(
        st.sampled_from([*FIELDS, "shop_domain", "myshopify_domain", "topic"]), json_values()
    )
)
def test_any_json_object_gives_an_answer(body: Body) -> None:
    assert say(body).type
