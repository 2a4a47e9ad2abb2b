-- The sums are brought up to date, the journal is opened with them, and the orders are marked to be packed: rows of all
-- tenants, which their owner sees only while FORCE ROW LEVEL SECURITY is lifted, in this one transaction.

SET ROLE skeldir_owner;

ALTER TABLE public.tenants NO FORCE ROW LEVEL SECURITY;
ALTER TABLE public.kept_allocations NO FORCE ROW LEVEL SECURITY;
ALTER TABLE public.attribution_models NO FORCE ROW LEVEL SECURITY;
ALTER TABLE public.credit_changes NO FORCE ROW LEVEL SECURITY;
ALTER TABLE public.credit_journal NO FORCE ROW LEVEL SECURITY;
ALTER TABLE public.credit_turns NO FORCE ROW LEVEL SECURITY;
ALTER TABLE public.dirty_days NO FORCE ROW LEVEL SECURITY;
ALTER TABLE public.dirty_orders NO FORCE ROW LEVEL SECURITY;
ALTER TABLE public.rollup_channel_day NO FORCE ROW LEVEL SECURITY;
ALTER TABLE public.spend NO FORCE ROW LEVEL SECURITY;

-- The days that wait to be summed as a whole, as the roll-up of the version before would have.
DELETE FROM public.rollup_channel_day r
USING (SELECT DISTINCT tenant_id, day FROM public.dirty_days WHERE sums = 'all') d
WHERE r.tenant_id = d.tenant_id AND r.revenue_date = d.day;
INSERT INTO public.rollup_channel_day
    (tenant_id, revenue_date, model_version, channel_code, currency, conversion_ppt, credited_cents, spend_cents,
     allocations)
SELECT p.tenant_id, p.day, p.model_version, p.channel_code, p.currency,
       sum(p.conversion_ppt), sum(p.credited_cents), sum(p.spend_cents), sum(p.allocations)
FROM (
    SELECT a.tenant_id, a.entry_date AS day, a.model_version, a.channel_code, a.currency,
           a.conversion_ppt::numeric AS conversion_ppt, a.allocated_cents AS credited_cents, 0 AS spend_cents,
           1 AS allocations
    FROM public.kept_allocations a
    UNION ALL
    SELECT s.tenant_id, s.spend_date, m.model_version, s.channel_code, s.currency, 0, 0, s.amount_cents, 0
    FROM public.spend s
    JOIN public.attribution_models m ON m.tenant_id = s.tenant_id AND m.is_active
) p
JOIN (SELECT DISTINCT tenant_id, day FROM public.dirty_days WHERE sums = 'all') d
  ON d.tenant_id = p.tenant_id AND d.day = p.day
JOIN public.attribution_models m
  ON m.tenant_id = p.tenant_id AND m.model_version = p.model_version AND m.is_active
GROUP BY p.tenant_id, p.day, p.model_version, p.channel_code, p.currency
RETURNING 1;

-- What credit runs have left to be added to the sums of the other days.
INSERT INTO public.rollup_channel_day AS r
    (tenant_id, revenue_date, model_version, channel_code, currency, conversion_ppt, credited_cents, spend_cents,
     allocations)
SELECT c.tenant_id, c.revenue_date, c.model_version, c.channel_code, c.currency, sum(c.conversion_ppt),
       sum(c.credited_cents), 0, sum(c.allocations)
FROM public.credit_changes c
JOIN public.attribution_models m
  ON m.tenant_id = c.tenant_id AND m.model_version = c.model_version AND m.is_active
WHERE NOT EXISTS (SELECT FROM public.dirty_days d
                  WHERE d.tenant_id = c.tenant_id AND d.day = c.revenue_date AND d.sums = 'all')
GROUP BY c.tenant_id, c.revenue_date, c.model_version, c.channel_code, c.currency
ON CONFLICT (tenant_id, revenue_date, model_version, channel_code, currency) DO UPDATE
SET conversion_ppt = r.conversion_ppt + excluded.conversion_ppt,
    credited_cents = r.credited_cents + excluded.credited_cents,
    allocations = r.allocations + excluded.allocations;

INSERT INTO public.credit_journal
    (tenant_id, turn, changed_at, basis, revenue_date, model_version, channel_code, currency, conversion_ppt,
     credited_cents, allocations)
SELECT tenant_id, 0, now(), 'entry', revenue_date, model_version, channel_code, currency, conversion_ppt, credited_cents,
       allocations
FROM public.rollup_channel_day WHERE allocations <> 0
RETURNING 1;

-- Credit runs pack them, and take an order's credit as it was for what the sums hold of it.
INSERT INTO public.dirty_orders (tenant_id, order_id)
SELECT DISTINCT tenant_id, order_id FROM public.kept_allocations
RETURNING 1;

RESET ROLE;
