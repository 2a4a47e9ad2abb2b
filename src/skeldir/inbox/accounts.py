"""Finds the connected account of reports of Stripe's that do not name it: a charge is one, whoever reports it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from skeldir.inbox.reporting import Report

_OWNER = "stripe:"


def name_accounts(reports: Sequence[Report]) -> Sequence[Report]:
    """Return the reports; those of Stripe's without an account have that of others about the same object.

    An account's own endpoint leaves out the account that a platform's endpoint names. Stripe's ids are unique in all
    accounts, so that equal ids are of one charge.
    """
    if not any(report.account for report in reports):
        return reports
    accounts: dict[str, str] = {}
    for report in reports:
        if report.provider == "stripe" and report.account:
            for name in _names_in(report):
                accounts[name] = min(report.account, accounts.get(name, report.account))
    if not accounts:
        return reports
    return [_with_account(report, accounts) for report in reports]


def _with_account(report: Report, accounts: dict[str, str]) -> Report:
    if report.provider != "stripe" or report.account:
        return report
    found = {accounts[name] for name in _names_in(report) if name in accounts}
    return replace(report, account=min(found)) if found else report


def _names_in(report: Report) -> list[str]:
    return [name for name in report.refs if name.startswith(_OWNER)]
