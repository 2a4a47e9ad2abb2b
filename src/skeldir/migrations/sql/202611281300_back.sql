-- As it was before 202611281300.

GRANT CREATE ON SCHEMA public TO matview_owner;
SET ROLE matview_owner;

CREATE OR REPLACE VIEW public.open_periods AS
SELECT t.id AS tenant_id,
       greatest((SELECT max(r.revenue_date) FROM public.rollup_revenue_day r WHERE r.tenant_id = t.id),
                (SELECT max(c.revenue_date) FROM public.rollup_channel_day c WHERE c.tenant_id = t.id)) - 34
           AS open_from
FROM public.tenants t;

DROP VIEW public.channel_performance;
DROP MATERIALIZED VIEW public.mv_channel_performance;
CREATE MATERIALIZED VIEW public.mv_channel_performance AS
SELECT r.tenant_id, r.model_version, r.channel_code, r.revenue_date AS date, r.currency,
       (r.conversion_ppt / 1000000000000)::numeric(30, 12) AS credited_conversions,
       r.credited_cents, r.spend_cents,
       round(r.credited_cents::numeric / nullif(r.spend_cents, 0), 6) AS roas
FROM public.open_periods o
CROSS JOIN LATERAL (SELECT d.tenant_id, d.revenue_date, d.model_version, d.channel_code, d.currency,
                           d.conversion_ppt, d.credited_cents, d.spend_cents
                    FROM public.rollup_channel_day d
                    WHERE d.tenant_id = o.tenant_id AND d.revenue_date >= o.open_from OFFSET 0) r
WITH NO DATA;
CREATE UNIQUE INDEX idx_mv_channel_performance
    ON public.mv_channel_performance (tenant_id, date, model_version, channel_code, currency);
CREATE VIEW public.channel_performance WITH (security_barrier) AS
SELECT * FROM public.mv_channel_performance WHERE tenant_id = (SELECT public.current_tenant_id())
UNION ALL
SELECT tenant_id, model_version, channel_code, revenue_date, currency,
       (conversion_ppt / 1000000000000)::numeric(30, 12), credited_cents, spend_cents,
       round(credited_cents::numeric / nullif(spend_cents, 0), 6)
FROM public.rollup_channel_day
WHERE tenant_id = (SELECT public.current_tenant_id())
  AND revenue_date < coalesce((SELECT min(m.date) FROM public.mv_channel_performance m
                               WHERE m.tenant_id = (SELECT public.current_tenant_id())), 'infinity');
REFRESH MATERIALIZED VIEW public.mv_channel_performance;

-- All grants are given by one role, which may act as the views' owner.
RESET ROLE;
GRANT MAINTAIN ON public.mv_channel_performance TO app_user;
GRANT SELECT ON public.channel_performance TO app_user;
REVOKE CREATE ON SCHEMA public FROM matview_owner;
