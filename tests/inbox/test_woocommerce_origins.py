"""WooCommerce: which payment, journey and visit an order belongs to."""

from __future__ import annotations

import json

import pytest

from skeldir.inbox.saying import Context, Part, Said, Visit
from skeldir.inbox.woocommerce import translate
from tests.support.woocommerce import CONTEXT, NOW, captures, make_meta, make_order, read_sample


def attributed(**values: object) -> Said:
    meta = {f"_wc_order_attribution_{name}": value for name, value in values.items()}
    return translate(make_order(meta_data=make_meta(**meta)), CONTEXT)


def test_two_shops_do_not_share_an_order() -> None:
    said = translate(make_order(), Context(is_live=True, now=NOW, order_prefix="eu-"))
    assert said.account == "eu-"
    assert said.order_ref == "eu-723"
    assert said.own_ref == "woocommerce:order:eu-723"
    assert said.refs == ("woocommerce:order:eu-723", "order:eu-723", "stripe:charge:ch_1")
    assert [one.id for one in captures(said)] == ["723"]


@pytest.mark.parametrize(
    ("method", "transaction", "via", "refs"),
    [
        ("stripe", "ch_1", "stripe", ["stripe:charge:ch_1"]),
        ("stripe_sepa", "py_1", "stripe", ["stripe:charge:py_1"]),
        ("stripe", "pi_1", "stripe", ["stripe:payment_intent:pi_1"]),
        ("woocommerce_payments", "pi_1", None, ["stripe:payment_intent:pi_1"]),
        (
            "ppcp-gateway",
            "3C679366HH908993F",
            "paypal",
            ["paypal:capture:3C679366HH908993F"],
        ),
        ("bacs", "", "woocommerce", []),
        ("cheque", None, "woocommerce", []),
        ("klarna_payments", "3C679366HH908993F", None, []),
        ("stripe", "ch_1 of ada@example.com", "stripe", []),
        (None, ["ch_1"], None, []),
    ],
)
def test_the_gateway_and_its_name_of_the_payment_are_taken_over(
    method: object, transaction: object, via: str | None, refs: list[str]
) -> None:
    said = translate(make_order(payment_method=method, transaction_id=transaction), CONTEXT)
    assert list(said.refs[2:]) == refs
    assert [one.via for one in captures(said)] == [via]


def test_the_journey_is_the_first_value_of_its_key_and_is_not_kept() -> None:
    meta = [*make_meta(journey_key=" journey_1 ", other="x"), *make_meta(journey_key="journey_2")]
    said = translate(make_order(meta_data=meta), CONTEXT)
    assert said.journey == "journey_1"
    assert "journey_1" not in json.dumps(said.kept)


def test_a_renewal_names_its_subscription() -> None:
    said = translate(make_order(meta_data=make_meta(_subscription_renewal="700")), CONTEXT)
    assert (said.is_renewal, said.agreement) == (True, "700")
    assert translate(make_order(created_via="subscription"), CONTEXT).is_renewal is True
    assert translate(make_order(created_via="checkout"), CONTEXT).is_renewal is None


def test_a_visit_is_read_from_the_attribution() -> None:
    said = attributed(
        source_type="utm",
        referrer="https://news.example/",
        utm_source="newsletter",
        utm_medium="email",
        utm_campaign="spring",
        session_entry="https://shop.example/?gclid=X",
        session_start_time="2026-11-02 09:41:12",
    )
    assert said.visit == Visit(
        source="newsletter",
        medium="email",
        campaign="spring",
        referrer="https://news.example/",
        landing="https://shop.example/?gclid=X",
    )


def test_a_direct_visit_has_no_source() -> None:
    said = attributed(source_type="typein", utm_source="(direct)", session_entry="/album")
    assert said.visit == Visit(landing="/album")
    assert attributed(source_type="typein").visit == Visit()
    assert attributed(source_type="typein", utm_source="direct").visit == Visit()


def test_placeholders_and_values_that_are_no_text_are_no_tags() -> None:
    said = attributed(source_type="organic", utm_source="search", utm_medium="(none)", utm_term=[1])
    assert said.visit == Visit(source="search")
    assert attributed(source_type="utm", utm_source=["a"], referrer={"a": 1}).visit == Visit()


def test_an_order_that_the_shop_made_or_that_has_no_attribution_has_no_visit() -> None:
    assert attributed(source_type="admin", session_entry="/x").visit is None
    assert attributed(source_type="mobile_app").visit is None
    assert attributed().visit is None
    assert attributed(session_pages="4").visit is None
    assert translate(make_order(meta_data={"key": "x"}), CONTEXT).visit is None


def test_the_parts_of_the_total_are_given_where_they_can_be_read() -> None:
    said = translate(
        make_order(total_tax="4.00", shipping_total="10.00", discount_total="a lot"), CONTEXT
    )
    assert said.parts == (
        Part("gross", 3900, "USD"),
        Part("tax", 400, "USD"),
        Part("shipping", 1000, "USD"),
    )


def test_the_samples_of_an_order_share_its_refs() -> None:
    for name in ("order.created.json", "order.updated.refund_1.json", "order.deleted.json"):
        said = translate(read_sample(name), CONTEXT)
        assert {"woocommerce:order:723", "order:723"} <= set(said.refs)


def test_the_sample_of_a_purchase_has_its_journey_and_its_visit() -> None:
    said = translate(read_sample("order.created.json"), CONTEXT)
    assert said.journey == "journey_01SAMPLE"
    assert said.visit is not None
    assert (said.visit.source, said.visit.medium) == ("newsletter", "email")
    assert "stripe:charge:ch_3SampleChargeWoo0001" in said.refs
    assert "ada" not in json.dumps(said.kept).lower()


def test_the_sample_of_a_renewal_is_a_later_payment() -> None:
    said = translate(read_sample("order.created.renewal.json"), CONTEXT)
    assert (said.is_renewal, said.agreement) == (True, "700")
