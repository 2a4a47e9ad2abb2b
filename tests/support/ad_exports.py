"""Exports of ad platforms in the shape that each of them has, made of a few rows."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from skeldir.spend.files import Options

GOOGLE = """\
Campaign report
"September 1, 2026 - September 2, 2026"
Day,Campaign,Campaign ID,Campaign status,Campaign type,Customer ID,Currency code,Cost,Impr.,Clicks,Conversions,\
Conv. value,All conv.,All conv. value
2026-09-01,Brand,1042,Enabled,Search,877-953-6058,EUR,"1,033.33","12,400",210,12.50,"2,000.00",20.00,"9,000.00"
2026-09-02,Brand,1042,Enabled,Search,877-953-6058,EUR,66.67,800,15, --, --, --, --
2026-09-01,Spring,1043,Enabled,Performance Max,877-953-6058,EUR,100.00,500,9,1.00,80.00,1.00,80.00
Total: Campaigns,,,,,,EUR,"1,200.00","13,700",234,13.50,"2,080.00",21.00,"9,080.00"
Total: Account,,,,,,EUR,"1,250.00","14,000",250,14.00,"2,100.00",22.00,"9,100.00"
"""
META = """\
Reporting starts,Reporting ends,Campaign name,Campaign ID,Account ID,Day,Amount spent (USD),Impressions,\
Clicks (all),Purchases,Purchases conversion value,Website purchases,Website purchases conversion value,\
Attribution setting
2026-09-01,2026-09-02,,,,,170.75,3000,90,6,540,5,450,
2026-09-01,2026-09-02,Prospecting,120211,5550001,2026-09-01,120.50,2000,60,4,360.00,3,270,7-day click or 1-day view
2026-09-01,2026-09-02,Prospecting,120211,5550001,2026-09-02,50.25,1000,30,2,180.00,2,180,7-day click or 1-day view
"""
TIKTOK = """\
By Day,Campaign name,Campaign ID,Account ID,Cost,Impressions,Clicks (destination),Conversions,Complete payment,\
Complete payment value,Currency
2026-09-01,Autumn,1801,70011,80.00,9000,40,9,3,150.00,EUR
2026-09-02,Autumn,1801,70011,20.50,3000,12,4,1,50.00,EUR
Total of 2 results,-,-,-,100.50,12000,52,13,4,200.00,EUR
"""
LINKEDIN = """\
Campaign Performance Report (in UTC)
"Report Start: September 1, 2026, 12:00 AM"
"Date Generated: October 2, 2026, 9:00 AM"

Start Date (in UTC)\tAccount Name\tCurrency\tCampaign Group Name\tCampaign Name\tCampaign ID\tTotal Spent\t\
Impressions\tClicks\tConversions\tTotal Conversion Value
9/1/2026\tShop\tUSD\tB2B\tManagers\t5501\t"1,234.50"\t9,000\t41\t2\t500.00
9/2/2026\tShop\tUSD\tB2B\tManagers\t5501\t65.50\t700\t4\t0\t0.00
Total\t\t\t\t\t\t"1,300.00"\t9,700\t45\t2\t500.00
"""
MICROSOFT = """\
"Report Name: Campaigns"
"Report Time: 9/1/2026, 9/2/2026"
"Time Zone: (GMT-08:00) Pacific Time (US & Canada); Tijuana"
"Last Completed Available Day: 9/3/2026 11:00:00 PM (GMT)"
"Report Aggregation: Daily"
"Report Filter: "
"Potential Incomplete Data: true"
"Rows: 2"

"TimePeriod","AccountId","AccountName","CampaignId","CampaignName","CampaignType","CurrencyCode","Spend",\
"Impressions","Clicks","Conversions","Revenue"
"2026-09-01","138001","Shop","[138689064]","Brand","Search & content","USD","40.10","500","21","1","1,000.00"
"2026-09-02","138001","Shop","[138689064]","Brand","Search & content","USD","9.90","120","4","0","0.00"

"©2026 Microsoft Corporation. All rights reserved. "
"""
REDDIT = """\
Date,Campaign name,Campaign ID,Ad group name,Account ID,Spend,Impressions,Clicks
2026-09-01,Launch,t3_1,All,a2_9,"$120.50",4000,33
2026-09-02,Launch,t3_1,All,a2_9,"$79.50",3000,21
Total,,,,,"$200.00",7000,54
"""
PINTEREST = """\
Date,Campaign name,Campaign ID,Ad account ID,SPEND_IN_MICRO_DOLLAR,Impressions,Pin clicks
2026-09-01,Home,62600,5490,12340000,900,20
2026-09-02,Home,62600,5490,7660000,500,11
"""
AMAZON = """\
Date,Advertiser,Order,Order ID,Line item,Advertiser currency,Total cost,Impressions,Click-throughs
2026-09-01,Shop,Retarget,5901,Desktop,EUR,30.10,1000,5
2026-09-01,Shop,Retarget,5901,Mobile,EUR,19.90,800,3
Grand Total,,,,,EUR,50.00,1800,8
"""
FRENCH_META = (
    "Début des rapports;Nom de la campagne;ID de la campagne;ID du compte;Jour;Montant dépensé (EUR);Impressions\n"
    "2026-09-13;Rentrée;120300;5550002;13/09/2026;1\u202f234,56;4\u202f000\n"
    "2026-09-13;Rentrée;120300;5550002;14/09/2026;65,44;900\n"
)
GERMAN_GOOGLE = (
    "Kampagnenbericht\n13.09.2026–14.09.2026\n"  # noqa: RUF001 - as it is written
    "Tag\tKampagne\tKampagnen-ID\tKundennummer\tWährungscode\tKosten\tImpr.\tKlicks\n"
    "13.09.2026\tMarke\t1042\t877-953-6058\tEUR\t1.234,56\t12.400\t210\n"
    "14.09.2026\tMarke\t1042\t877-953-6058\tEUR\t65,44\t800\t15\n"
    "Gesamt: Konto\t\t\t\tEUR\t1.300,00\t13.200\t225\n"
)


@dataclass(frozen=True)
class Sample:
    """An export, and what it must say: the platform, the cost by currency, and how many campaign days."""

    text: str
    platform: str
    totals: dict[str, int]
    days: int
    name: str = "export.csv"
    options: Options = field(default_factory=Options)
    encoding: str = "utf-8"
    mark: bytes = b""

    def write(self, folder: Path, change: Callable[[str], str] | None = None) -> Path:
        """Write it, changed if something changes it, and return the file."""
        text = self.text if change is None else change(self.text)
        assert change is None or text != self.text, "the change changes nothing"
        path = folder / self.name
        path.write_bytes(self.mark + text.encode(self.encoding))
        return path

    def having(self, **options: object) -> Sample:
        return replace(self, options=replace(self.options, **options))  # type: ignore[arg-type]  # by name


SAMPLES = {
    "google": Sample(GOOGLE, "google_ads", {"EUR": 120_000}, 3),
    "google for spreadsheets": Sample(
        GERMAN_GOOGLE,
        "google_ads",
        {"EUR": 130_000},
        2,
        encoding="utf-16-le",
        mark=codecs.BOM_UTF16_LE,
    ),
    "meta": Sample(META, "meta", {"USD": 17_075}, 2, mark=codecs.BOM_UTF8),
    "meta in french": Sample(FRENCH_META, "meta", {"EUR": 130_000}, 2),
    "tiktok": Sample(TIKTOK, "tiktok", {"EUR": 10_050}, 2),
    "linkedin": Sample(
        LINKEDIN, "linkedin", {"USD": 130_000}, 2, encoding="utf-16-le", mark=codecs.BOM_UTF16_LE
    ),
    "microsoft": Sample(MICROSOFT, "microsoft_ads", {"USD": 5_000}, 2),
    "reddit": Sample(REDDIT, "reddit", {"USD": 20_000}, 2, options=Options(currency="USD")),
    "pinterest": Sample(PINTEREST, "pinterest", {"EUR": 2_000}, 2, options=Options(currency="EUR")),
    "amazon": Sample(AMAZON, "amazon_dsp", {"EUR": 5_000}, 1),
}
