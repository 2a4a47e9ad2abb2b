import json
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from skeldir.demo.sample import SampleFiles, SampleSize, write_sample
from skeldir.demo.shop import CHANNELS, PAYMENT_HOST

Item = dict[str, Any]

pytestmark = pytest.mark.xdist_group(
    "sample"
)  # one worker, so that the default sample is written only once
LOOKBACK = timedelta(days=30)
SIGNS = {"capture": 1, "refund": -1, "refund_reversal": 1, "dispute": -1, "dispute_reversal": 1}
TOUCH_FIELDS = {
    "idempotency_key", "occurred_at", "journey_key", "session_id", "source", "medium", "campaign",
    "referrer_host", "landing_path", "click_ids", "channel",
}  # fmt: skip
CONVERSION_FIELDS = {
    "idempotency_key", "order_id", "kind", "amount_cents", "currency", "occurred_at", "journey_key",
}  # fmt: skip


class Sample:
    """The default sample, read only from its files."""

    def __init__(self, files: SampleFiles) -> None:
        self.touch_lines = read(files.touches)
        self.conversion_lines = read(files.conversions)
        self.touches = accept(self.touch_lines)
        self.conversions = accept(self.conversion_lines)
        self.captures = [item for item in self.conversions if item["kind"] == "capture"]
        self.truth = json.loads(files.truth.read_text())
        self.touch_times: dict[str, list[datetime]] = defaultdict(list)
        for touch in self.touches:
            self.touch_times[touch["journey_key"]].append(when(touch))


def read(path: Path) -> list[Item]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def when(item: Item) -> datetime:
    return datetime.fromisoformat(item["occurred_at"])


def find_fault(item: Item) -> str | None:
    """Return what is wrong with an item by the rules of the import, not by the sample's own claim."""
    faults = []
    if not item.get("idempotency_key"):
        faults.append("idempotency_key_missing")
    if when(item).tzinfo is None:
        faults.append("occurred_at_without_offset")
    if "kind" in item:
        if item["kind"] not in SIGNS:
            faults.append("kind_unknown")
        if not item.get("order_id"):
            faults.append("order_id_missing")
        if "amount_cents" not in item:
            faults.append("amount_missing")
        elif not isinstance(item["amount_cents"], int):
            faults.append("amount_fractional")
        if "currency" not in item:
            faults.append("currency_missing")
        elif item["currency"] not in ("USD", "EUR"):
            faults.append("currency_unknown")
    assert len(faults) <= 1, f"an item is to have one fault at most: {item}"
    return faults[0] if faults else None


def accept(lines: Iterable[Item]) -> list[Item]:
    """Return the valid items, each key once, and check that a repeated key repeats the same item."""
    accepted: dict[str, Item] = {}
    for item in lines:
        if find_fault(item) is None:
            assert accepted.setdefault(item["idempotency_key"], item) == item
    return list(accepted.values())


def classify(touch: Item) -> str:
    """Return the channel by the rules, reduced to the values that the sample uses."""
    if "channel" in touch:
        return str(touch["channel"])
    source, medium, campaign, host = (
        touch.get(name, "").lower() for name in ("source", "medium", "campaign", "referrer_host")
    )
    clicks = set(touch.get("click_ids", []))
    is_paid = re.fullmatch(r".*cp.*|ppc|retargeting|paid.*", medium) is not None
    if not is_paid:
        if "gclid" in clicks:
            return "paid_search"
        if "irclickid" in clicks:
            return "affiliates"
        if "mc_cid" in clicks:
            return "email"
        if "fbclid" in clicks:
            return "organic_social"
    if not source and not medium and host != PAYMENT_HOST:
        source = next((word for word in host.split(".") if word in SITES), "")
        medium = "referral" if host else ""
    if is_paid and re.fullmatch(r".*(([^a-df-z]|^)shop|shopping).*", campaign):
        return "paid_shopping"
    site = SITES.get(source)
    if site in ("search", "social"):
        return f"{'paid' if is_paid else 'organic'}_{site}"
    named = {
        "display": "display", "banner": "display", "video": "organic_video",
        "referral": "organic_video" if site == "video" else "referral",
        "email": "email", "e-mail": "email", "affiliate": "affiliates",
        "": "direct", "(none)": "direct",
    }  # fmt: skip
    return named.get(medium, "unknown")


SITES = {
    "google": "search", "bing": "search", "duckduckgo": "search", "facebook": "social",
    "instagram": "social", "tiktok": "social", "youtube": "video",
}  # fmt: skip


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[SampleFiles, float]:
    """The default sample, and the processor time it took, in seconds."""
    started = time.process_time()
    files = write_sample(tmp_path_factory.mktemp("sample"), seed=7)
    return files, time.process_time() - started


@pytest.fixture(scope="module")
def sample(written: tuple[SampleFiles, float]) -> Sample:
    return Sample(written[0])


@pytest.mark.parametrize("seed", range(4))
def test_the_smallest_sample_has_every_case(tmp_path: Path, seed: int) -> None:
    found = Sample(write_sample(tmp_path, seed=seed, size=SampleSize(500, 4)))
    orders = found.truth["orders"]
    assert all(found.truth["conversions"]["by_kind"][kind] for kind in SIGNS)
    assert len(orders["over_refunded"]) == 1
    assert len(orders["refunded_before_capture"]) == len(orders["without_journey_key"]) == 3
    assert orders["unattributed"] > 3


def test_the_default_sample_takes_less_than_four_seconds(
    written: tuple[SampleFiles, float],
) -> None:
    assert written[1] < 4


def test_the_counts_in_the_truth_are_those_of_the_files(sample: Sample) -> None:
    for lines, accepted, claimed in (
        (sample.touch_lines, sample.touches, sample.truth["touches"]),
        (sample.conversion_lines, sample.conversions, sample.truth["conversions"]),
    ):
        bad = Counter(filter(None, map(find_fault, lines)))
        assert claimed["lines"] == len(lines)
        assert claimed["accepted"] == len(accepted)
        assert claimed["bad"] == bad
        assert claimed["duplicates"] == len(lines) - len(accepted) - bad.total() > 0
    by_kind = Counter(item["kind"] for item in sample.conversions)
    assert sample.truth["conversions"]["by_kind"] == by_kind


def test_every_kind_of_faulty_item_occurs_once(sample: Sample) -> None:
    bad = sample.truth["touches"]["bad"] | sample.truth["conversions"]["bad"]
    assert bad == {
        "occurred_at_without_offset": 1, "idempotency_key_missing": 1, "currency_missing": 1,
        "currency_unknown": 1, "amount_missing": 1, "amount_fractional": 1, "kind_unknown": 1,
        "order_id_missing": 1,
    }  # fmt: skip


def test_the_ledger_in_the_truth_is_the_signed_sum_of_the_entries(sample: Sample) -> None:
    sums: dict[str, Counter[str]] = {"USD": Counter(), "EUR": Counter()}
    for item in sample.conversions:
        sums[item["currency"]][item["kind"]] += SIGNS[item["kind"]] * item["amount_cents"]
    for currency, claimed in sample.truth["ledger"].items():
        assert Counter(claimed["cents_by_kind"]) == sums[currency]
        assert claimed["net_cents"] == sum(sums[currency].values()) > 0
    assert sample.truth["ledger"].keys() == sums.keys()


def test_the_orders_in_the_truth_are_those_of_the_files(sample: Sample) -> None:
    claimed = sample.truth["orders"]
    unattributed = only_old = 0
    for capture in sample.captures:
        ages = [when(capture) - at for at in sample.touch_times[capture.get("journey_key", "")]]
        unattributed += not any(timedelta(0) <= age <= LOOKBACK for age in ages)
        only_old += bool(ages) and min(ages) > LOOKBACK
    assert claimed["count"] == len({item["order_id"] for item in sample.captures})
    assert claimed["count"] == sample.truth["causes"]["orders"] == len(sample.captures)
    assert claimed["unattributed"] == unattributed > only_old > 0
    assert claimed["without_journey_key"] == sorted(
        item["order_id"] for item in sample.captures if "journey_key" not in item
    )


def test_the_channels_in_the_truth_follow_from_the_fields_by_the_rules(sample: Sample) -> None:
    assert sample.truth["touches"]["by_channel"] == Counter(map(classify, sample.touches))
    assert sample.truth["touches"]["by_channel"].keys() == {channel.code for channel in CHANNELS}


def test_late_touches_come_after_the_order_that_they_precede_in_time(sample: Sample) -> None:
    orders: dict[str, list[datetime]] = defaultdict(list)
    for capture in sample.captures:
        orders[capture.get("journey_key", "")].append(when(capture))
    newest = datetime.min.replace(tzinfo=UTC)
    late = 0
    for touch in sample.touches:
        at = when(touch)
        late += any(
            at <= order <= min(newest, at + LOOKBACK) for order in orders[touch["journey_key"]]
        )
        newest = max(newest, at)
    assert sample.truth["touches"]["late"] == late > 20


def test_items_have_no_other_fields_and_no_personal_data(sample: Sample) -> None:
    assert set().union(*sample.touch_lines) == TOUCH_FIELDS
    assert set().union(*sample.conversion_lines) == CONVERSION_FIELDS
    for item in (*sample.touch_lines, *sample.conversion_lines):
        assert "@" not in json.dumps(item)
        assert re.fullmatch("v[0-9a-f]{16}", item.get("journey_key", "v" + "0" * 16))


def test_the_sizes_and_shapes_of_journeys_are_those_of_a_shop(sample: Sample) -> None:
    assert 25_000 <= len(sample.touches) <= 40_000
    assert 2_000 <= len(sample.captures) <= 3_000
    lengths = sorted(len(times) for times in sample.touch_times.values() if times)
    assert 0.15 < lengths.count(1) / len(lengths) < 0.5
    assert 2 <= lengths[len(lengths) // 2] <= 5
    assert 20 < lengths[int(len(lengths) * 0.98)] < 100
    buyers = Counter(item["journey_key"] for item in sample.captures if "journey_key" in item)
    assert 0.2 < sum(orders > 1 for orders in buyers.values()) / len(buyers) < 0.6
    currencies = Counter(item["currency"] for item in sample.captures)
    assert 0.7 < currencies["USD"] / currencies.total() < 0.95


def test_evenings_are_busier_than_nights_and_mondays_than_saturdays(sample: Sample) -> None:
    hours = Counter(when(touch).hour for touch in sample.touches)
    weekdays = Counter(when(touch).weekday() for touch in sample.touches)
    assert hours[20] > 10 * hours[3] > 0
    assert weekdays[0] > 1.15 * weekdays[5]


def test_all_times_fall_in_the_weeks_asked_for(sample: Sample) -> None:
    times = [when(item) for item in (*sample.touches, *sample.conversions)]
    assert min(times) >= datetime(2026, 4, 20, tzinfo=UTC)
    assert max(times) < datetime(2026, 6, 29, tzinfo=UTC)
    assert max(times) - min(times) > timedelta(days=69)


def test_fields_have_upper_and_lower_case_and_payment_hosts_occur(sample: Sample) -> None:
    mediums = Counter(touch.get("medium") for touch in sample.touches)
    assert mediums["cpc"] > mediums["CPC"] > 0 < mediums["Paid_Social"]
    hosts = Counter(touch.get("referrer_host", "").lower() for touch in sample.touches)
    assert hosts[PAYMENT_HOST] > 20


def test_refunds_have_a_capture_and_some_arrive_before_it(sample: Sample) -> None:
    places = {
        item["order_id"]: (place, item)
        for place, item in enumerate(sample.conversions)
        if item["kind"] == "capture"
    }
    early = set()
    refunds: dict[str, list[Item]] = defaultdict(list)
    for place, item in enumerate(sample.conversions):
        captured_place, capture = places[item["order_id"]]
        assert when(item) >= when(capture)
        assert item["currency"] == capture["currency"]
        assert item["amount_cents"] <= capture["amount_cents"]
        if place < captured_place:
            early.add(item["order_id"])
        if item["kind"] == "refund":
            refunds[item["order_id"]].append(item)
    claimed = sample.truth["orders"]
    assert claimed["refunded_before_capture"] == sorted(early)
    assert len(early) == 3
    left = {
        order: places[order][1]["amount_cents"] - sum(item["amount_cents"] for item in its)
        for order, its in refunds.items()
    }
    assert claimed["over_refunded"] == [order for order in left if left[order] < 0]
    assert len(claimed["over_refunded"]) == 1
    parts = {order: len(its) for order, its in refunds.items()}
    assert any(left[order] == 0 and parts[order] == 1 for order in left), "a full refund"
    assert any(left[order] == 0 and parts[order] == 3 for order in left), "a full one in parts"
    assert any(left[order] > 0 and parts[order] == 2 for order in left), "a partial one in parts"


def test_removing_a_channel_never_adds_an_order(sample: Sample) -> None:
    causes = sample.truth["causes"]
    for code, claimed in causes["channels"].items():
        assert claimed["orders_without"] + claimed["incremental_orders"] == causes["orders"], code
        assert causes["orders_without_any_channel"] <= claimed["orders_without"] <= causes["orders"]
        assert (claimed["incremental_orders"] > 0) == (claimed["lift"] > 0), code
        assert all(cents >= 0 for cents in claimed["incremental_cents"].values()), code


def test_baseline_and_incremental_orders_add_up_in_expectation(sample: Sample) -> None:
    causes = sample.truth["causes"]
    caused = sum(claimed["incremental_orders"] for claimed in causes["channels"].values())
    assert causes["orders_without_any_channel"] + caused == pytest.approx(causes["orders"], rel=0.1)
    assert 0.2 < causes["orders_without_any_channel"] / causes["orders"] < 0.6


def test_last_touch_overrates_direct_which_causes_no_orders(sample: Sample) -> None:
    last: Counter[str] = Counter()
    journeys: dict[str, list[Item]] = defaultdict(list)
    for touch in sample.touches:
        journeys[touch["journey_key"]].append(touch)
    for capture in sample.captures:
        before = [t for t in journeys[capture.get("journey_key", "")] if when(t) <= when(capture)]
        if before:
            last[classify(max(before, key=when))] += 1
    assert last["direct"] > 0.15 * last.total()
    assert sample.truth["causes"]["channels"]["direct"]["incremental_orders"] == 0
