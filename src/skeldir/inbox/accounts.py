"""Finds the account of reports that do not name the same one: an object is one, whoever reports it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from skeldir.inbox.reporting import Report

# Their ids are unique in all accounts, so that equal ids are of one object.
_WITH_UNIQUE_IDS = frozenset({"stripe", "shopify"})


def name_accounts(reports: Sequence[Report]) -> Sequence[Report]:
    """Return the reports; those about the same object of Stripe's or Shopify's have the same account.

    An account's own endpoint of Stripe leaves out the account that a platform's endpoint names. An app of Shopify's may
    deliver to the endpoints of all its shops, and what it delivers does not always name the shop.
    """
    if not any(report.account for report in reports):
        return reports
    accounts: dict[str, str] = {}
    for report in reports:
        if report.provider in _WITH_UNIQUE_IDS and report.account:
            for name in _names_in(report):
                accounts[name] = min(report.account, accounts.get(name, report.account))
    if not accounts:
        return reports
    return [_with_account(report, accounts) for report in reports]


def _with_account(report: Report, accounts: dict[str, str]) -> Report:
    if report.provider not in _WITH_UNIQUE_IDS:
        return report
    if report.account and report.provider == "stripe":
        return report
    found = {accounts[name] for name in _names_in(report) if name in accounts}
    return replace(report, account=min(found)) if found else report


def _names_in(report: Report) -> list[str]:
    return [name for name in report.refs if name.startswith(f"{report.provider}:")]
