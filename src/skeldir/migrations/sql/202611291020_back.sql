-- As it was before 202611291020.

GRANT CREATE ON SCHEMA public TO matview_owner;
SET ROLE matview_owner;

CREATE OR REPLACE VIEW public.daily_revenue_summary WITH (security_barrier) AS
SELECT * FROM public.mv_daily_revenue_summary WHERE tenant_id = (SELECT public.current_tenant_id())
UNION ALL
SELECT tenant_id, revenue_date, currency, state, amount_cents, entries
FROM public.rollup_revenue_day
WHERE tenant_id = (SELECT public.current_tenant_id())
  AND revenue_date < coalesce((SELECT min(m.revenue_date) FROM public.mv_daily_revenue_summary m
                               WHERE m.tenant_id = (SELECT public.current_tenant_id())), 'infinity');

CREATE OR REPLACE VIEW public.channel_performance WITH (security_barrier) AS
SELECT * FROM public.mv_channel_performance WHERE tenant_id = (SELECT public.current_tenant_id())
UNION ALL
SELECT tenant_id, model_version, channel_code, revenue_date, currency,
       (conversion_ppt / 1000000000000)::numeric(30, 12), credited_cents, spend_cents,
       round(credited_cents::numeric / nullif(spend_cents, 0), 6)
FROM public.rollup_channel_day
WHERE tenant_id = (SELECT public.current_tenant_id()) AND basis = 'entry'
  AND revenue_date < coalesce((SELECT min(m.date) FROM public.mv_channel_performance m
                               WHERE m.tenant_id = (SELECT public.current_tenant_id())), 'infinity');

CREATE OR REPLACE VIEW public.allocation_summary WITH (security_barrier) AS
SELECT * FROM public.mv_allocation_summary WHERE tenant_id = (SELECT public.current_tenant_id())
UNION ALL
SELECT tenant_id, model_version, revenue_date, currency, ledger_cents, awaiting_capture_cents, allocated_cents,
       ledger_cents - awaiting_capture_cents - allocated_cents,
       ledger_cents - awaiting_capture_cents = allocated_cents
FROM public.rollup_allocation_day
WHERE tenant_id = (SELECT public.current_tenant_id())
  AND revenue_date < coalesce((SELECT min(m.date) FROM public.mv_allocation_summary m
                               WHERE m.tenant_id = (SELECT public.current_tenant_id())), 'infinity');

DROP FUNCTION public.read_daily_revenue_summary(), public.read_channel_performance(), public.read_allocation_summary();

RESET ROLE;
REVOKE CREATE ON SCHEMA public FROM matview_owner;
