"""Each platform's export in its true shape: totals equal, and what each column means."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from skeldir.errors import SkeldirError
from skeldir.spend import AdDay, totals_of
from skeldir.spend.files import Export, Options, read_export
from tests.support.ad_exports import SAMPLES, Sample
from tests.support.workbooks import workbook


def read(folder: Path, sample: Sample) -> Export:
    return read_export(sample.write(folder), sample.options)


def find(export: Export, campaign: str, day: str) -> AdDay:
    (found,) = [
        one
        for one in export.days
        if one.key.campaign == campaign and one.key.day == date.fromisoformat(day)
    ]
    return found


@pytest.mark.parametrize("name", SAMPLES)
def test_an_export_is_recognised_and_its_totals_are_equal(name: str, tmp_path: Path) -> None:
    sample = SAMPLES[name]
    export = read(tmp_path, sample)
    assert export.platform == sample.platform
    assert totals_of(export.days) == sample.totals
    assert len(export.days) == sample.days
    assert export.is_checked == (
        "Tota" in sample.text or "Gesamt" in sample.text or "Rows:" in sample.text or name == "meta"
    )


def test_google_says_the_one_kind_of_conversions_and_unknown_is_not_zero(tmp_path: Path) -> None:
    export = read(tmp_path, SAMPLES["google"])
    first, second = find(export, "1042", "2026-09-01"), find(export, "1042", "2026-09-02")
    assert first.key.account == "8779536058"
    assert first.figures == {
        "cost_cents": 103_333,
        "impressions": 12_400,
        "clicks": 210,
        "claim_type": "conversions",
        "claims_millionths": 12_500_000,
        "claimed_cents": 200_000,
        "attribution_setting": None,
    }
    assert second.figures["claims_millionths"] is None
    assert second.figures["claimed_cents"] is None


def test_channels_follow_the_rules_of_touches_and_the_type_of_the_campaign(tmp_path: Path) -> None:
    google, meta = read(tmp_path, SAMPLES["google"]), read(tmp_path, SAMPLES["meta"])
    assert find(google, "1042", "2026-09-01").channel == "paid_search"
    assert find(google, "1043", "2026-09-01").channel == "cross_network"
    assert find(meta, "120211", "2026-09-01").channel == "paid_social"
    given = SAMPLES["google"].having(campaigns={"spring": "paid_other"}, types={"search": "email"})
    export = read(tmp_path, given)
    assert {(one.channel, one.rule) for one in export.days} == {
        ("paid_other", "given"),
        ("email", "given"),
    }


def test_meta_claims_one_kind_of_purchases_with_its_attribution_setting(tmp_path: Path) -> None:
    day = find(read(tmp_path, SAMPLES["meta"]), "120211", "2026-09-01")
    assert day.figures["claims_millionths"] == 4_000_000
    assert day.figures["claimed_cents"] == 36_000
    assert day.figures["claim_type"] == "purchases"
    assert day.figures["attribution_setting"] == "7-day click or 1-day view"


def test_microsoft_says_its_zone_and_that_data_may_be_missing(tmp_path: Path) -> None:
    export = read(tmp_path, SAMPLES["microsoft"])
    assert export.is_incomplete
    assert export.time_zone == "(GMT-08:00) Pacific Time (US & Canada); Tijuana"
    assert {one.key.campaign for one in export.days} == {"138689064"}
    assert find(export, "138689064", "2026-09-01").figures["claimed_cents"] == 100_000


def test_linkedin_has_days_of_utc_with_the_month_first(tmp_path: Path) -> None:
    export = read(tmp_path, SAMPLES["linkedin"])
    assert export.time_zone == "UTC"
    assert [one.key.day for one in export.days] == [date(2026, 9, 1), date(2026, 9, 2)]
    assert {one.key.currency for one in export.days} == {"USD"}


def test_rows_of_the_same_campaign_and_day_are_summed(tmp_path: Path) -> None:
    (day,) = read(tmp_path, SAMPLES["amazon"]).days
    assert (day.figures["cost_cents"], day.figures["impressions"]) == (5_000, 1_800)
    assert day.channel == "display"


def test_a_zip_and_a_workbook_say_the_same_as_the_text(tmp_path: Path) -> None:
    sample = SAMPLES["tiktok"]
    plain = read(tmp_path, sample)
    packed = tmp_path / "export.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("report.csv", sample.text)
    rows: list[list[str | float]] = [
        [
            float(cell) if cell.replace(".", "", 1).isdigit() and "." in cell else cell
            for cell in line.split(",")
        ]
        for line in sample.text.splitlines()
    ]
    sheet = tmp_path / "export.xlsx"
    sheet.write_bytes(workbook({"Data": rows}))
    assert read_export(packed, sample.options).days == plain.days
    assert read_export(sheet, sample.options).days == plain.days


def test_the_api_of_google_counts_in_micros_and_of_meta_in_actions(tmp_path: Path) -> None:
    google = tmp_path / "google.ndjson"
    google.write_text(
        json.dumps(
            {
                "campaign": {"id": "1042", "name": "Brand", "advertisingChannelType": "SEARCH"},
                "customer": {"id": "8779536058", "currencyCode": "JPY"},
                "segments": {"date": "2026-09-01"},
                "metrics": {
                    "costMicros": "1200000000",
                    "impressions": "50",
                    "conversions": 1.5,
                    "conversionsValue": 900.0,
                },
            }
        )
        + "\n"
    )
    (day,) = read_export(google, Options()).days
    assert (day.key.currency, day.figures["cost_cents"]) == ("JPY", 1_200)
    assert (day.figures["claims_millionths"], day.figures["claimed_cents"]) == (1_500_000, 900)
    meta = tmp_path / "meta.json"
    kinds = ("purchase", "omni_purchase", "offsite_conversion.fb_pixel_purchase")
    meta.write_text(
        json.dumps(
            {
                "data": [
                    {
                        "account_id": "act_5550001",
                        "account_currency": "EUR",
                        "campaign_id": "120211",
                        "campaign_name": "Prospecting",
                        "spend": "12.34",
                        "date_start": "2026-09-01",
                        "date_stop": "2026-09-01",
                        "actions": [{"action_type": kind, "value": "3"} for kind in kinds],
                        "action_values": [{"action_type": kind, "value": "90.5"} for kind in kinds],
                    }
                ]
            }
        )
    )
    (day,) = read_export(meta, Options()).days
    assert day.key.account == "5550001"
    assert (day.figures["cost_cents"], day.figures["claims_millionths"]) == (1_234, 3_000_000)
    assert (day.figures["claim_type"], day.figures["claimed_cents"]) == ("omni_purchase", 9_050)


def test_another_platform_is_read_by_plain_names_if_its_channel_is_given(tmp_path: Path) -> None:
    text = (
        "date;campaign;account;currency;spend_cents;conversions\n2026-09-01;Fair;A;EUR;1250;0.5\n"
    )
    sample = Sample(text, "radio_ads", {"EUR": 1_250}, 1).having(
        platform="radio_ads", channel="audio"
    )
    export = read(tmp_path, sample)
    assert export.platform == "radio_ads"
    (day,) = export.days
    assert (day.key.campaign, day.channel, day.rule) == ("name:Fair", "audio", "given")
    assert day.figures == {
        "cost_cents": 1_250,
        "claim_type": "conversions",
        "claims_millionths": 500_000,
        "claimed_cents": None,
        "attribution_setting": None,
    }


def test_parquet_is_read_by_its_types(tmp_path: Path) -> None:
    path = tmp_path / "days.parquet"
    columns = {
        "day": pa.array([date(2026, 9, 1), date(2026, 9, 2)]),
        "campaign_id": ["1", "1"],
        "account": ["A", "A"],
        "currency": ["EUR", "EUR"],
        "spend": pa.array([Decimal("1.234"), Decimal("20.00")], pa.decimal128(12, 3)),
        "clicks": [3, None],
    }
    pq.write_table(pa.table(columns), path)
    export = read_export(path, Options(platform="radio_ads", channel="audio"))
    assert [one.figures["cost_cents"] for one in export.days] == [123, 2_000]
    assert [one.figures["clicks"] for one in export.days] == [3, None]
    assert "The costs of 1 campaign day had fractions" in " ".join(export.notes)


def test_whole_amounts_of_another_platform_are_asked_about(tmp_path: Path) -> None:
    path = tmp_path / "radio.csv"
    path.write_text("day,campaign,account,currency,cost\n2026-09-01,Fair,A,EUR,1250\n")
    options = Options(platform="radio_ads", channel="audio")
    with pytest.raises(SkeldirError) as caught:
        read_export(path, options)
    assert caught.value.code == "unit_open"
    for unit, cents in (("minor", 1_250), ("major", 125_000)):
        (day,) = read_export(path, replace(options, amount_unit=unit)).days  # type: ignore[arg-type]  # one of both
        assert day.figures["cost_cents"] == cents
    path.write_text(path.read_text().replace("EUR", "JPY"))
    (day,) = read_export(path, options).days
    assert day.figures["cost_cents"] == 1_250


GOOGLE = (
    "Day,Campaign,Campaign ID,Customer ID,Currency code,Cost,Impr.,Clicks,Conversions,Conv. value,"
)


@pytest.mark.parametrize(
    ("more", "cells", "named"),
    [
        ("value", "9.50", '"value"'),
        ("All conv. value,storeSales", "9.50,1", '"All conv. value", "storeSales"'),
        ("Umsatz (EUR),Kosten,Fees", "9,5,", '"Umsatz (EUR)", "Kosten"'),
        ("Gross (EUR)", "9", '"Gross (EUR)"'),
        ("Avg. cost,Cost / conv.,Budget (EUR),Value,Device", "9,9,9,0.00,9", None),
        (",".join(f"value {n}" for n in range(7)), ",".join("1234567"), 'value 4" and 2 more;'),
    ],
)
def test_columns_that_look_like_money_and_were_not_read_are_named(
    more: str, cells: str, named: str | None, tmp_path: Path
) -> None:
    path = tmp_path / "google.csv"
    path.write_text(f"{GOOGLE}{more}\n2026-09-01,Brand,1,877,EUR,10.00,5,2,1.00,20.00,{cells}\n")
    export = read_export(path, Options())
    assert totals_of(export.days) == {"EUR": 1_000}
    notes = [note for note in export.notes if "were not read" in note]
    assert len(notes) == (named is not None)
    assert all(named in note for note in notes if named)
