"""Writes what is said of an alert as people read it: what is wrong, with its figures, since when, and what to do."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from skeldir.notices import AlertNotice, Letter
from skeldir.web.formats import Formats
from skeldir.web.letters import write_digest
from skeldir.web.locales import LOCALES
from skeldir.web.phrases import phrases_for
from skeldir.web.rendering import load_environment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skeldir.notices import Alert, Digest, Language


def write_letter(notice: Digest | AlertNotice, tenant: str, language: Language) -> Letter:
    """Return the letter of a digest, or of an alert, in a language."""
    if isinstance(notice, AlertNotice):
        return write_alert(notice, tenant, language)
    return write_digest(notice, tenant, language)


def write_alert(notice: AlertNotice, tenant: str, language: Language) -> Letter:
    """Return the letter of an alert that was opened, is still open, or was closed."""
    locale, alert = LOCALES[language], notice.alert
    say, formats = phrases_for(locale), Formats(locale, ZoneInfo(notice.time_zone))
    figures = figures_of(alert, formats)
    title = say(f"alert.what.{alert.kind}", **figures)
    since = formats.moment(alert.opened_at)
    lines = [
        say(f"alert.why.{alert.kind}", **figures),
        say("alert.since", moment=since)
        if alert.closed_at is None
        else say("alert.ended", first=since, moment=formats.moment(alert.closed_at)),
        say("alert.zone", zone=notice.time_zone),
    ]
    if alert.closed_at is None:
        lines.insert(1, say(f"alert.cure.{alert.kind}"))
    subject = say(f"alert.{notice.event}", tenant=tenant, what=title)
    html = (
        load_environment()
        .get_template("letters/alert.html")
        .render(language=locale.tag, title=subject, lines=lines)
    )
    return Letter(subject, "\n\n".join(lines) + "\n", html)


def figures_of(alert: Alert, formats: Formats) -> Mapping[str, str]:
    """Return the figures of an alert as its texts have them."""
    given = alert.figures
    match alert.kind:
        case "reports_late" | "views_late":
            return {"behind": formats.duration(int(given["behind_s"]))}
        case "credit_differs":
            money = {
                name: formats.money_with_code(int(given[f"{name}_cents"]), alert.subject)
                for name in ("credited", "ledger")
            }
            return {"currency": alert.subject, "version": str(given["model_version"]), **money}
        case "audit_differs":
            count = formats.number(int(given["differences"]))
            return {"differences": count, "checks": str(given["checks"])}
        case "match_rate_fell":
            parts = {
                name: formats.percent(Decimal(int(given[f"{name}_bp"])) / 10_000)
                for name in ("rate", "before")
            }
            return {"orders": formats.number(int(given["orders"])), **parts}
        case "webhook_silent":
            return {
                "provider": str(given["provider"]),
                "token": str(given["token_start"]),
                "silent": formats.duration(int(given["silent_s"])),
                "gap": formats.duration(int(given["usual_gap_s"])),
            }
