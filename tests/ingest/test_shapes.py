"""Personal data are found in every usual notation, and other digits are not."""

from __future__ import annotations

import time
from uuid import UUID

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skeldir.ingest.shapes import SHAPES, names_a_version, shapes_in

PERSONAL = {
    "e_mail": (
        "a@b.co",
        "john.doe+tag@shop.example.co.uk",
        "x=john%40example.com&y=1",
        "john%2540example.com",
        "mailto:joe@shop.example",
        '"joe d"@example.org',
        "<joe@x-y.io>,",
        "joe@example.com_copy",
        "юзер@почта.рф",
        "joe\uff20example.com",
    ),
    "phone": (
        "+49 171 2345678",
        "+14155550132",
        "+1 (415) 555-0132",
        "+49\u2011171\u20112345678",
        "%2B49%20171%202345678",
        "call +33 1 42 68 53 00 now",
        "0049 171 2345678",
        "(415) 555-0132",
        "415-555-0132",
        "415.555.0132",
        "1-800-555-0199",
        "0171 2345678",
        "0171-2345678",
        "06 12 34 56 78",
        "06.12.34.56.78",
        "020 7946 0958",
        "030/1234567",
        "(030) 123 45 67",
        "tel:4155550132",
    ),
    "card": (
        "4111111111111111",
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "x_4111111111111111",
        "4242 4242 4242 4242 12/27 123",
        "378282246310005",
        "3782 822463 10005",
        "6011000990139424",
        "5555555555554444",
        "2223003122003222",
        "30569309025904",
        "3566002020360505",
        "6205500000000000004",
    ),
    "ip": (
        "203.0.113.7",
        "http://10.0.0.1/x",
        "ip=198.51.100.23:8080",
        "seen from 203.0.113.7.",
        "2001:db8::1",
        "[2001:db8:0:0:0:0:0:1]:443",
        "2001:0db8:85a3:0000:0000:8a2e:0370:7334",
        "fe80::1%eth0",
        "::ffff:203.0.113.7",
        "ip:2001:db8::17",
        "2001%3Adb8%3A%3A1",
    ),
}
PLAIN = (
    *("", "gclid", "cpc / google", "@brand", "a@b", "50% off: 3 for 2", "buy+2+get+1", "728x90"),
    *("summer_sale_2026", "q4-2025-launch-20251101", "sale+20251111", "2026-03-01_de_search"),
    *("2026-03-01", "2026/03/01", "01.02.2026", "01/02/2026 12:30", "31-12-2026 10:15"),
    *("2026-03-01T12:30:45.123456+00:00", "2026-03-01 12:30:45", "T12:30:45Z", "19:00 - 23:30"),
    *("018f3c2e-7b1a-7c3d-9e4f-123456789012", "12345678-1234-4123-8123-123456789012"),
    *("d41d8cd98f00b204e9800998ecf8427e", "api:0123456789abcdef0123456789abcdef:3"),
    *("order-100234", "#1001", "INV-2026-000123", "0012-3456-789", "5678901234567", "450789469"),
    *("1690000000", "1700000000000", "120210000000000000", "GA1.2.1234567890.1690000000"),
    *("fb.1.1554763741205.1098115397", "SKU 4006381333931", "4111111111111112"),
    *("1,234.50", "12345678.90", "1.234.567,89", "$ 1 234 567.89", "0.4111111111111111"),
    *("v1.2.3.4", "Version 1.2.3.4", "Chrome/120.0.0.0 Safari/537.36", "10.0.19045.3803", "1.2.3"),
    *("logo@2x.png", "react@17.0.2.min.js", "std::vector", "add::1", "a::b", "::", "1:2:3"),
    *("00:1A:2B:3C:4D:5E", "256.1.1.1", "01.02.03.04"),
    *("+20251111", "+1 000 000 0000", "+999 123 456 789", "222-333-4444", "0099 123 4567890"),
)


@pytest.mark.parametrize(
    ("shape", "text"), [(shape, text) for shape, texts in PERSONAL.items() for text in texts]
)
def test_what_looks_personal_is_found_as_what_it_is(shape: str, text: str) -> None:
    assert shapes_in(text) == [shape]


@pytest.mark.parametrize("text", PLAIN)
def test_what_does_not_look_personal_is_not_found(text: str) -> None:
    assert shapes_in(text) == []


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_a_number_of_any_country_is_found_in_each_way_of_writing_it(region: str) -> None:
    number = phonenumbers.example_number(region)
    assert number is not None
    for form in (phonenumbers.PhoneNumberFormat.E164, phonenumbers.PhoneNumberFormat.INTERNATIONAL):
        written = phonenumbers.format_number(number, form)
        assert shapes_in(f"{written}, please") == ["phone"], written
        if " " in written:
            assert shapes_in("00" + written[1:]) == ["phone"], written


def test_digits_that_follow_a_number_do_not_hide_it() -> None:
    assert shapes_in("+1 415 555 0132 12") == ["phone"]
    assert shapes_in("+49 171 2345678 20") == ["phone"]


def test_all_shapes_of_a_text_are_reported_in_a_fixed_order() -> None:
    everything = "203.0.113.7 4111111111111111 joe@example.com +49 171 2345678"
    assert shapes_in(everything) == list(SHAPES)
    assert shapes_in(" ".join(reversed(everything.split(" ", 2)))) == list(SHAPES)


@pytest.mark.parametrize("text", ["4111111111111111", "+4917112345678", "415-555-0132"])
def test_digits_are_normal_in_an_identifier(text: str) -> None:
    assert shapes_in(text) != []
    assert shapes_in(text, is_identifier=True) == []


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("+49 171 2345678", "phone"),
        ("a@b.co", "e_mail"),
        ("203.0.113.7", "ip"),
        ("2001:db8::1", "ip"),
    ],
)
def test_an_identifier_can_be_personal_too(text: str, shape: str) -> None:
    assert shapes_in(text, is_identifier=True) == [shape]


@pytest.mark.parametrize(
    "key", ["version", "appVersion", "sdk_version", "VER", "build", "firmware-rev"]
)
def test_four_numbers_under_the_key_of_a_version_are_a_version(key: str) -> None:
    assert names_a_version(key)
    assert shapes_in("1.2.3.4", key=key) == []
    assert shapes_in("joe@example.com 1.2.3.4", key=key) == ["e_mail"]


@pytest.mark.parametrize("key", ["", "conversion", "conversions", "note", "verified", "building"])
def test_four_numbers_under_any_other_key_are_an_address(key: str) -> None:
    assert not names_a_version(key)
    assert shapes_in("1.2.3.4", key=key) == ["ip"]


words = st.text("abcdefghij -_/", max_size=12)


e_mails = st.emails().filter(lambda address: "/@" not in address)


@given(e_mails, words, words)
def test_any_e_mail_address_is_found(address: str, before: str, after: str) -> None:
    assert "e_mail" in shapes_in(f"{before} {address} {after}")


def names_a_network_or_a_word(address: str) -> bool:
    """Addresses that end in :: name no host; two groups that are short or without a digit may be words."""
    groups = [group for group in address.split(":") if group]
    if "::" not in address or len(groups) > 2:
        return address.endswith("::")
    telling = address if address.startswith("::") else groups[0]
    has_digit = any(character.isdigit() for character in telling)
    return address.endswith("::") or len(telling) <= 2 or not has_digit


hosts = st.ip_addresses().map(str).filter(lambda text: not names_a_network_or_a_word(text))


@given(hosts, words, words)
def test_any_address_of_a_host_is_found(address: str, before: str, after: str) -> None:
    assert "ip" in shapes_in(f"{before} ({address}) {after}")


@given(st.uuids().map(str), st.datetimes().map(str), words)
def test_neither_ids_nor_moments_are_found(id_: str, moment: str, word: str) -> None:
    for text in (id_, moment, f"{word}:{id_}", f"{word} {moment}Z", UUID(id_).hex):
        assert shapes_in(text) == [] or UUID(id_).hex.isdigit()


# Difficult input for patterns: look-alikes, combining marks, lone surrogates, and all parts of the shapes.
odd_characters = (
    "aZ09+-. ()/_@%:=\0\n\u00e9\u0301\u0660\u00b2\uff10\uff20\u2011\u2028\ud800\U0001f600"
)


@given(st.text(odd_characters, max_size=300))
def test_any_text_can_be_scanned(text: str) -> None:
    assert set(shapes_in(text)) <= set(SHAPES)


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        "@",
        "1 ",
        "+",
        "0",
        "(",
        "01-",
        ":",
        "a:",
        "1.1.",
        "+1 ",
        "x@a.",
        "%25",
        "v ",
        "+20251111 ",
        "222-333-4444 ",
    ],
)
def test_a_long_text_takes_time_in_proportion(unit: str) -> None:
    for text in (unit * 100_000, "a@" + unit * 100_000):
        began = time.perf_counter()
        shapes_in(text)
        assert time.perf_counter() - began < 2
