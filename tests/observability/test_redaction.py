"""Personal data and secrets are masked wherever they are; what only looks like them stays."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address
from uuid import uuid4

import orjson
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from skeldir.observability.redaction import has_luhn_sum, redact, redact_text

# What may surround a value in a sentence or in a structure.
BEFORE = st.sampled_from(["", " ", "for ", "to: ", "(", '"', "x=", "got '", "[", "a, ", "\n"])
AFTER = st.sampled_from(["", " ", ".", ", b", ")", '"', "'", "]", "\n", " was refused", ";"])
WORD = st.text("abcdefghijklmnopqrstuvwxyzäöü", min_size=1, max_size=8)


@st.composite
def e_mails(draw: st.DrawFn) -> str:
    """An e-mail address: dots, plus tags, subdomains, other alphabets, also URL-encoded."""
    local = draw(st.lists(WORD, min_size=1, max_size=3))
    host = draw(st.lists(WORD, min_size=2, max_size=3))
    joint, at = draw(st.sampled_from(".+-_")), draw(st.sampled_from(["@", "%40"]))
    return joint.join(local) + at + ".".join(host)


@st.composite
def cards(draw: st.DrawFn) -> str:
    """A number with the check sum, in one piece or in groups of four."""
    digits = draw(st.text("0123456789", min_size=12, max_size=18))
    digits += next(d for d in "0123456789" if has_luhn_sum(digits + d))
    separator = draw(st.sampled_from(["", " ", "-"]))
    return separator.join(digits[i : i + 4] for i in range(0, len(digits), 4))


@st.composite
def phones(draw: st.DrawFn) -> str:
    """A number with its country, or in the groups in which people write one."""
    groups = draw(st.lists(st.text("123456789", min_size=3, max_size=4), min_size=3, max_size=3))
    separator = draw(st.sampled_from([" ", "-", ".", "/"]))
    if draw(st.booleans()):
        country = draw(st.sampled_from(["+1", "+49", "0044", "+358"]))
        return (
            country
            + draw(st.sampled_from(["", " ", "-"]))
            + draw(st.sampled_from(["", " "])).join(groups)
        )
    return separator.join(groups)


SHAPES = st.one_of(
    e_mails(),
    cards(),
    phones(),
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map(str),
    st.text("abcXYZ019_-", min_size=8, max_size=40).map(lambda s: "skd_" + s),
)


def names_a_host(text: str) -> bool:
    for kind in (IPv4Address, IPv6Address):
        try:
            address = kind(text)
        except ValueError:
            continue
        return not (address.is_loopback or address.is_unspecified)
    return True


def test_a_card_is_found_among_other_numbers() -> None:
    for line in ("4111111111111111 12 27", "7 4111 1111 1111 1111 123", "pan_4111111111111111"):
        assert "1111" not in redact_text(line)


@given(BEFORE, SHAPES, AFTER)
def test_a_value_of_a_personal_shape_is_masked_wherever_it_stands(
    before: str, value: str, after: str
) -> None:
    assume(names_a_host(value))
    assert value not in redact_text(before + value + after)


@given(st.lists(SHAPES.filter(names_a_host), min_size=1, max_size=4), st.data())
def test_no_depth_and_no_key_hides_a_value(values: list[str], data: st.DataObject) -> None:
    tree: object = list(values)
    for _ in range(data.draw(st.integers(0, 4))):
        tree = data.draw(
            st.sampled_from([{"place": tree}, [tree, 1], (tree,), {values[0]: tree, "x": None}])
        )
    shown = orjson.dumps(redact(tree)).decode()
    assert not [value for value in values if orjson.dumps(value).decode()[1:-1] in shown]


@given(st.text("abc:/@?#[]!$&'()*+,;= %é", min_size=1, max_size=20))
def test_the_password_of_a_url_is_masked(password: str) -> None:
    password = "Q9" + password.replace(" ", "%20") + "9Q"
    shown = redact_text(f"no connection to postgresql://app_user:{password}@db.example:5432/x")
    assert password not in shown
    assert not shown.endswith("9Q@db.example:5432/x")


@pytest.mark.parametrize(
    "line",
    [
        "Authorization: Bearer abc.def.ghi",
        "authorization=Basic dXNlcjpwYXNz",
        "connect with password=hunter22 sslmode=require",
        '{"client_secret": "s3cr3t-value"}',
        "?api_key=abcdef0123&x=1",
    ],
)
def test_a_credential_is_masked(line: str) -> None:
    shown = redact_text(line)
    for secret in ("abc.def.ghi", "dXNlcjpwYXNz", "hunter22", "s3cr3t-value", "abcdef0123"):
        assert secret not in shown
    assert "[redacted]" in shown


@pytest.mark.parametrize(
    "key",
    ["authorization", "Authorization", "Set-Cookie", "password", "db_password", "secret", "token",
     "access-token", "api_key", "email", "customer_email", "phone_number", "client_ip", "ip", "user-agent",
     "journey_key"],
)  # fmt: skip
def test_a_value_is_masked_because_of_its_key(key: str) -> None:
    assert redact({"deep": [{key: "anything at all"}]}) == {"deep": [{key: "[redacted]"}]}


@given(st.uuids(), st.datetimes(min_value=datetime(2000, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis adds the zone
def test_uuids_and_moments_stay(identifier: object, moment: datetime) -> None:
    offset = moment + timedelta(hours=2)
    line = f"job {identifier} due {moment.isoformat()} or {offset:%Y-%m-%d %H:%M:%S} on {moment:%Y-%m-%d}."
    assert redact_text(line) == line


@pytest.mark.parametrize(
    "line",
    [
        "jobs.ended attribution.credit done attempt=1 seconds=0.1234567890123",
        "Uvicorn running on http://127.0.0.1:8000 (Press CTRL+C to quit)",
        "listening on [::1]:8000 and 0.0.0.0:9464",
        "took 12:30:05, 1234567 rows, 12990 cents, order 991",
        "POST /v1/attribution/orders/{order_id} 404",
        "db.server_started .skeldir/pg at 5432",
        "sha256 " + "0123456789abcdef" * 4,
        "relation public.jobs does not exist (SQLSTATE 42P01)",
        "skeldir.jobs.work::run, pid 12345, version 18.6, kombu 5.7.0",
    ],
)
def test_what_an_operator_needs_stays(line: str) -> None:
    assert redact_text(line) == line


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text() | st.binary(),
                    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner),
                    max_leaves=20))  # fmt: skip
def test_every_redacted_value_can_be_written_as_json(value: object) -> None:
    orjson.dumps(redact(value))


def test_objects_are_shown_by_their_redacted_repr_and_deep_ones_not_at_all() -> None:
    class Customer:
        def __repr__(self) -> str:
            return "Customer(ann@example.com)"

    assert redact(Customer()) == "Customer([e-mail])"
    endless: list[object] = []
    endless.append(endless)
    assert "[redacted]" in str(redact(endless))
    identifier = uuid4()
    assert redact((identifier, 4111111111111111, 12990)) == [str(identifier), "[card]", 12990]


@pytest.mark.parametrize(
    "part", [" ", "a", "1", ":", "@", "+1", "1.", "ab:", "1-", "secret_", "://a:", "%40", "f:"]
)
def test_a_long_text_of_any_kind_takes_no_time(part: str) -> None:
    # Processor time, so that a busy machine does not count.
    began = time.process_time()
    redact_text(part * (100_000 // len(part)))
    assert time.process_time() - began < 2


def test_the_check_sum_is_that_of_the_standard() -> None:
    assert has_luhn_sum("4111 1111 1111 1111")
    assert has_luhn_sum("79927398713")
    assert not has_luhn_sum("4111 1111 1111 1112")
