"""PostHog: what its libraries' events become, by bodies that the libraries really sent and by single cases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import orjson
import pytest

from skeldir.collect.mapped import Asked, DropReason, Mapped, OrderEvent, Touch
from skeldir.collect.order_maps import read_order_maps
from skeldir.collect.posthog import DOCUMENTS, PATHS, WIRE
from skeldir.ingest import CURES, UnreadableItem

SAMPLES = Path(__file__).with_name("samples") / "posthog"
KEY = "skd_" + "w" * 43
NOW = datetime(2026, 11, 30, 0, 40, tzinfo=UTC)
ASKED = Asked(NOW, "event")
WITH_ORDERS = replace(
    ASKED,
    order_events=read_order_maps(
        ["purchase=completed:order_id=order,total=total,revenue=amount,currency=currency"]
    ),
)
LANDING = "https://shop.example/shoes"
SESSION = {"$lib": "web", "$session_id": "s1", "$device_id": "d1"}


def browsed(
    url: str, *, entry: str = LANDING, referrer: str = "$direct", **properties: object
) -> dict[str, object]:
    """Return the properties of the browser library on a page of a session that began at `entry`."""
    return {
        **SESSION,
        "$current_url": url,
        "$referrer": referrer,
        "$session_entry_url": entry,
        "$session_entry_referrer": referrer,
        **properties,
    }


def event(
    properties: dict[str, object], name: object = "$pageview", **fields: object
) -> dict[str, object]:
    return {
        "event": name,
        "distinct_id": "v1",
        "uuid": "01a229d5-da34-7438-83f1-9a332e8a8ab5",
        "timestamp": "2026-11-30T00:39:00Z",
        "properties": properties,
        **fields,
    }


def read(*messages: object, asked: Asked = ASKED) -> Mapped:
    return WIRE.read({"api_key": KEY, "batch": list(messages)}, asked)


def touch_of(mapped: Mapped) -> Touch:
    ((_, touch),) = mapped.touches
    assert not isinstance(touch, UnreadableItem), touch
    return touch


def trouble_of(mapped: Mapped) -> str:
    ((_, item),) = mapped.touches
    assert isinstance(item, UnreadableItem)
    assert item.code in CURES
    return item.code


def shown_of(touch: Touch) -> tuple[object, ...]:
    names = ("source", "medium", "campaign", "referrer_host", "landing_path", "click_ids")
    return tuple(touch[name] for name in names)


def dropped(reason: DropReason) -> Mapped:
    return Mapped(dropped={reason: 1})


def test_a_visit_in_a_browser_is_one_touch_and_its_order_is_read() -> None:
    bodies = orjson.loads((SAMPLES / "browser.json").read_bytes())
    assert {WIRE.key_of(body, {}) for body in bodies} == {KEY}
    read_all = [WIRE.read(body, WITH_ORDERS) for body in bodies]
    ((touch,), (order,)) = (
        [one for mapped in read_all for _, one in mapped.touches],
        [one for mapped in read_all for _, one in mapped.orders],
    )
    assert not isinstance(touch, UnreadableItem)
    assert shown_of(touch) == ("news", None, "c1", "blog.example", "/landing", ["gclid"])
    purchase = next(one for body in bodies for one in body["batch"] if one["event"] == "purchase")
    assert touch["journey_key"] == order.journey == purchase["properties"]["$device_id"]
    assert (order.order_id, order.total, order.currency) == ("A1", 12.5, "EUR")
    reasons = [reason for mapped in read_all for reason in mapped.dropped]
    assert sorted(reasons) == ["is_internal", *["not_a_visit"] * 2, *["of_a_person"] * 3]


def test_events_of_a_server_say_themselves_what_they_are_about() -> None:
    body = orjson.loads((SAMPLES / "python.json").read_bytes())
    orders = read_order_maps(["purchase=completed:order_id=order,total=amount,currency=cur"])
    mapped = WIRE.read(body, replace(ASKED, order_events=orders))
    assert shown_of(touch_of(mapped)) == ("news", None, None, "blog.example", "/x", [])
    ((place, order),) = mapped.orders
    assert (place, order.order_id, order.total) == (1, "A1", "12.50")
    assert mapped.dropped == {"of_a_person": 2, "not_a_visit": 1}
    tagged = read(
        event({"utm_source": "news", "utm_term": "x", "gclid": "abc", "fbclid": None}, "signed_up")
    )
    assert shown_of(touch_of(tagged)) == ("news", None, None, None, None, ["gclid"])


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        (browsed(LANDING), (None, None, None, None, "/shoes", [])),
        (
            browsed(LANDING, referrer="https://blog.example/post?x=1"),
            (None, None, None, "blog.example", "/shoes", []),
        ),
        (
            browsed(f"{LANDING}?utm_source=n&utm_medium=email", entry=f"{LANDING}?utm_source=n&utm_medium=email"),
            ("n", "email", None, None, "/shoes", []),
        ),
        # The site removes the query before the page is reported.
        (browsed(LANDING, entry=f"{LANDING}?gclid=abc"), (None, None, None, None, "/shoes", ["gclid"])),
        # A second campaign in the same session: the referrer is that of the first page.
        (
            browsed("https://shop.example/sale?utm_source=n", referrer="https://blog.example"),
            ("n", None, None, None, "/sale", []),
        ),
        # Older versions do not say which page was the first.
        (
            {**SESSION, "$current_url": LANDING, "$referrer": "https://blog.example"},
            (None, None, None, "blog.example", "/shoes", []),
        ),
    ],
)  # fmt: skip
def test_a_page_view_in_a_browser_is_a_touch_where_it_shows_a_new_visit(
    properties: dict[str, object], expected: tuple[object, ...]
) -> None:
    assert shown_of(touch_of(read(event(properties)))) == expected


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        # What the session began with is repeated on its later pages.
        (event(browsed("https://shop.example/cart", utm_source="news", gclid="x")), "is_internal"),
        # The session began again after a pause, in the middle of the site.
        (event(browsed(LANDING, referrer="https://www.shop.example/cart")), "is_internal"),
        (event({"$referrer": "https://shop.example/a", "$current_url": LANDING}), "is_internal"),
        (event({}), "no_evidence"),
        (event({**browsed(f"{LANDING}?utm_source=n"), "$pageview_id": "p1"}, "clicked"), "not_a_visit"),
        (event(browsed(LANDING, referrer="https://blog.example"), "clicked"), "not_a_visit"),
        (event({"$current_url": LANDING, "$referrer": "https://blog.example"}, "clicked"), "not_a_visit"),
        (event(browsed(f"{LANDING}?utm_source=n"), "$autocapture"), "not_a_visit"),
        (event(browsed(f"{LANDING}?utm_source=n"), "$identify"), "of_a_person"),
        (event({"utm_source": "n"}, distinct_id="anonymous"), "no_journey"),
        (event({**browsed(LANDING), "$device_id": None}, distinct_id="$posthog_cookieless"), "no_journey"),
        (event({"utm_source": "n"}, distinct_id=None), "no_journey"),
        ({"$distinct_id": "v", "$set": {"email": "person@mail.example"}}, "of_a_person"),
    ],
)  # fmt: skip
def test_an_event_that_is_no_visit_is_dropped_for_a_reason(
    message: object, reason: DropReason
) -> None:
    assert read(message) == dropped(reason)


def test_the_first_page_of_a_session_counts_once_however_often_it_is_shown() -> None:
    tagged = f"{LANDING}?utm_source=n"
    again = [
        event(browsed(tagged, entry=tagged), uuid="1"),
        event(browsed(LANDING, entry=tagged), uuid="2"),
        event(browsed(f"{LANDING}#top", entry=tagged), uuid="3"),
        event(browsed(tagged, entry=tagged), "clicked", uuid="4"),
    ]
    other = event({**browsed(tagged, entry=tagged), "$session_id": "s2"}, uuid="5")
    keys = [cast(Touch, one)["idempotency_key"] for _, one in read(*again, other).touches]
    assert [keys.count(key) for key in keys] == [4, 4, 4, 4, 1]


def test_an_address_longer_than_the_library_keeps_is_that_of_the_first_page() -> None:
    long = f"{LANDING}?utm_source=n&x={'y' * 2_000}"
    touch = touch_of(read(event(browsed(long, entry=long[:1000], referrer="https://blog.example"))))
    assert shown_of(touch)[:4] == ("n", None, None, "blog.example")


def test_a_journey_stays_the_same_when_a_visitor_is_identified() -> None:
    before = event(browsed(LANDING), distinct_id="d1")
    after = event(browsed(LANDING), distinct_id="person@mail.example")
    own = event({**browsed(LANDING), "skeldir_journey": "j1"})
    server = event({"$current_url": LANDING}, distinct_id=17)
    found = [cast(Touch, one)["journey_key"] for _, one in read(before, after, own, server).touches]
    assert found == ["d1", "d1", "j1", "17"]


def test_an_order_is_read_with_and_without_a_visit() -> None:
    sold = {"order": "A1", "total": 12, "amount": "10.5", "currency": "EUR"}
    mapped = read(event({**browsed(LANDING), **sold}, "purchase"), asked=WITH_ORDERS)
    ((_, order),) = mapped.orders
    assert order == OrderEvent(
        "completed", order.message_id, "A1", NOW - timedelta(minutes=1), "d1",
        currency="EUR", total=12, revenue="10.5",
    )  # fmt: skip
    assert order.message_id.startswith("posthog:")
    assert (mapped.touches, mapped.dropped) == ((), {})
    tagged = read(
        event({**sold, "$current_url": f"{LANDING}?gclid=x"}, "purchase"), asked=WITH_ORDERS
    )
    assert (len(tagged.orders), shown_of(touch_of(tagged))[5]) == (1, ["gclid"])
    nobody = read(event({**sold}, "purchase", distinct_id=None), asked=WITH_ORDERS)
    assert (nobody.orders[0][1].journey, nobody.dropped) == (None, {})


@pytest.mark.parametrize(
    ("fields", "sent_at", "expected"),
    [
        ({}, None, NOW - timedelta(minutes=1)),
        ({}, "2026-11-30T00:50:00Z", NOW - timedelta(minutes=11)),
        ({"timestamp": "2026-11-30 00:39:00.5"}, None, NOW - timedelta(seconds=59.5)),
        ({"timestamp": "2026-11-30T02:39:00+02:00"}, None, NOW - timedelta(minutes=1)),
        ({"timestamp": None}, "2026-11-30T00:50:00Z", NOW),
        ({"timestamp": None, "offset": 2_000}, None, NOW - timedelta(seconds=2)),
        ({"timestamp": "", "offset": True}, None, NOW - timedelta(seconds=0)),
    ],
)
def test_the_moment_is_by_our_clock(
    fields: dict[str, object], sent_at: str | None, expected: datetime
) -> None:
    message = event({"utm_source": "n"}, **fields)
    mapped = WIRE.read({"batch": [message], "api_key": KEY, "sent_at": sent_at}, ASKED)
    if fields.get("offset") is True:
        assert abs(cast(datetime, touch_of(mapped)["occurred_at"]) - NOW) < timedelta(seconds=1)
    else:
        assert touch_of(mapped)["occurred_at"] == expected


def test_a_message_without_an_id_is_the_same_only_with_the_same_fields_and_moment() -> None:
    def key_of(minutes: int = 0, **fields: object) -> object:
        asked = replace(ASKED, now=NOW + timedelta(minutes=minutes))
        return touch_of(read(event({"utm_source": "n"}, uuid=None, **fields), asked=asked))[
            "idempotency_key"
        ]

    assert key_of() == key_of(minutes=3)
    assert key_of() != key_of(distinct_id="v2")
    assert key_of(timestamp=None) == key_of(timestamp=None)
    assert key_of(timestamp=None) != key_of(minutes=3, timestamp=None)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (17, "item_not_an_object"),
        ({"properties": {}}, "event_unnamed"),
        (event({"utm_source": "n"}, timestamp="yesterday"), "occurred_at_invalid"),
        (event({"utm_source": "n"}, timestamp=1_795_998_210), "occurred_at_invalid"),
    ],
)
def test_an_event_that_cannot_be_read_does_not_spoil_the_others(message: object, code: str) -> None:
    good = event({"utm_source": "n"})
    mapped = read(good, message, good)
    assert [place for place, _ in mapped.touches] == [0, 1, 2]
    assert trouble_of(replace(mapped, touches=mapped.touches[1:2])) == code


def test_recordings_and_calls_of_models_are_taken_and_dropped() -> None:
    for verb in ("recording", "ai"):
        mapped = read(event({"utm_source": "n"}), 17, asked=replace(ASKED, verb=verb))
        assert mapped == Mapped(dropped={"not_a_visit": 2})


def test_the_newer_path_is_answered_with_the_result_of_each_event() -> None:
    asked = replace(
        ASKED, verb="each", headers={"posthog-request-timestamp": "2026-11-30T00:50:00+00:00"}
    )
    good = event({"utm_source": "n"}, uuid="u1", session_id="s1", options={})
    exact = event({"utm_source": "n"}, uuid="u2", options={"disable_skew_correction": True})
    bad = event({"utm_source": "n"}, uuid="u3", timestamp="yesterday")
    mapped = WIRE.read({"created_at": "", "batch": [good, exact, bad, 17]}, asked)
    (_, corrected), (_, kept), *_ = mapped.touches
    assert not isinstance(corrected, UnreadableItem)
    assert not isinstance(kept, UnreadableItem)
    assert corrected["session_id"] is not None
    assert (corrected["occurred_at"], kept["occurred_at"]) == (
        NOW - timedelta(minutes=11),
        NOW - timedelta(minutes=1),
    )
    assert mapped.answer is not None
    results = orjson.loads(mapped.answer.body)["results"]
    assert {uuid: one["result"] for uuid, one in results.items()} == {
        "u1": "ok", "u2": "ok", "u3": "drop",
    }  # fmt: skip


def test_paths_have_one_verb_each_with_and_without_a_slash() -> None:
    by_path = {path.path: path.verb for path in PATHS}
    assert len(by_path) == len(PATHS)
    assert all(by_path[f"{path}/"] == verb for path, verb in by_path.items() if path[-1] != "/")
    assert WIRE.answer(ASKED).body == b'{"status":1}'
    assert WIRE.answer(replace(ASKED, query={"beacon": "1"})).status == 204


def test_the_library_is_told_that_everything_is_off() -> None:
    answers = {document.path: document.make({"key": KEY}) for document in DOCUMENTS}
    settings = orjson.loads(answers["/array/{key}/config"].body)
    assert settings["sessionRecording"] is settings["hasFeatureFlags"] is False
    assert "surveys" not in settings
    script = answers["/array/{key}/config.js"]
    assert script.media_type == "text/javascript"
    assert orjson.dumps(settings) in script.body
    assert orjson.loads(answers["/flags/"].body)["flags"] == {}
