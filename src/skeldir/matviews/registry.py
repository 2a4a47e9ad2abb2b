"""The closed list of canonical views. A view that is not listed here cannot be refreshed."""

from __future__ import annotations

from dataclasses import dataclass

from skeldir.errors import SkeldirError


class ViewUnknown(SkeldirError):
    """The name is not one of the canonical views."""

    code = "view_unknown"
    status = 404
    title = "The view is not known"


@dataclass(frozen=True, slots=True)
class CanonicalView:
    """A materialized view of schema public, the reader that filters it by tenant, and its own statements.

    The statements are literals, so that no SQL text is ever built from a name that a caller gave.
    `staleness_s` is its class: a change shows in it within that many seconds, while the workers keep up and the
    refreshes of the class take a small part of that.
    `count_statement` counts a tenant's rows through the reader; `total_statement` counts the view, which only
    a member of matview_owner may do.
    """

    name: str
    reader: str
    says: str
    staleness_s: int
    refresh_statement: str
    count_statement: str
    total_statement: str

    @property
    def unique_index(self) -> str:
        """The name of the UNIQUE index that CONCURRENTLY needs."""
        return f"idx_{self.name}"


CANONICAL_VIEWS: tuple[CanonicalView, ...] = (
    CanonicalView(
        name="mv_allocation_summary",
        reader="allocation_summary",
        says="ledger against allocated money, and the drift",
        staleness_s=60,
        refresh_statement='REFRESH MATERIALIZED VIEW CONCURRENTLY public."mv_allocation_summary"',
        count_statement="SELECT count(*) FROM public.allocation_summary",
        total_statement="SELECT count(*) FROM public.mv_allocation_summary",
    ),
    CanonicalView(
        name="mv_channel_performance",
        reader="channel_performance",
        says="credited conversions, revenue, spend, ROAS",
        staleness_s=5,
        refresh_statement='REFRESH MATERIALIZED VIEW CONCURRENTLY public."mv_channel_performance"',
        count_statement="SELECT count(*) FROM public.channel_performance",
        total_statement="SELECT count(*) FROM public.mv_channel_performance",
    ),
    CanonicalView(
        name="mv_daily_revenue_summary",
        reader="daily_revenue_summary",
        says="amount and entries per day and state",
        staleness_s=5,
        refresh_statement='REFRESH MATERIALIZED VIEW CONCURRENTLY public."mv_daily_revenue_summary"',
        count_statement="SELECT count(*) FROM public.daily_revenue_summary",
        total_statement="SELECT count(*) FROM public.mv_daily_revenue_summary",
    ),
    CanonicalView(
        name="mv_realtime_revenue",
        reader="realtime_revenue",
        says="captured, refunded, disputed and net so far",
        staleness_s=5,
        refresh_statement='REFRESH MATERIALIZED VIEW CONCURRENTLY public."mv_realtime_revenue"',
        count_statement="SELECT count(*) FROM public.realtime_revenue",
        total_statement="SELECT count(*) FROM public.mv_realtime_revenue",
    ),
    CanonicalView(
        name="mv_reconciliation_status",
        reader="reconciliation_status",
        says="the latest reconciliation per platform",
        staleness_s=60,
        refresh_statement='REFRESH MATERIALIZED VIEW CONCURRENTLY public."mv_reconciliation_status"',
        count_statement="SELECT count(*) FROM public.reconciliation_status",
        total_statement="SELECT count(*) FROM public.mv_reconciliation_status",
    ),
)


def find_view(name: str) -> CanonicalView:
    """Return the canonical view called exactly `name`.

    Raises:
        ViewUnknown: for any other string, such as other case, quotes, a schema prefix, or look-alike letters.
    """
    for view in CANONICAL_VIEWS:
        if view.name == name:
            return view
    raise ViewUnknown(
        f"{name!r:.80} is not a canonical view.",
        cure="Use one of " + ", ".join(view.name for view in CANONICAL_VIEWS) + ".",
    )
