-- The copies of the ledger, its credits and the spend, with their days marked for the roll-up.

SET session_replication_role = replica;  -- no foreign keys to check: the tenants are there
SET maintenance_work_mem = '1GB';

INSERT INTO public.revenue_ledger
    (tenant_id, id, business_key, order_id, kind, amount_cents, currency, occurred_at, journey_key, source)
SELECT l.tenant_id, bench.older_id(l.id, c.by), l.business_key || c.mark, l.order_id || c.mark, l.kind, l.amount_cents,
       l.currency, l.occurred_at - c.by, decode(md5(l.journey_key || c.mark::bytea), 'hex'), l.source
FROM bench.copies c, public.revenue_ledger l;

ALTER TABLE public.attribution_allocations DROP CONSTRAINT attribution_allocations_pkey;
DROP INDEX public.attribution_allocations_day;
INSERT INTO public.attribution_allocations
    (tenant_id, order_id, model_version, entry_id, channel_code, entry_date, currency, allocated_cents, conversion_ppt)
SELECT a.tenant_id, a.order_id || c.mark, a.model_version, bench.older_id(a.entry_id, c.by), a.channel_code,
       a.entry_date - c.days, a.currency, a.allocated_cents, a.conversion_ppt
FROM bench.copies c, public.attribution_allocations a;
ALTER TABLE public.attribution_allocations ADD CONSTRAINT attribution_allocations_pkey
    PRIMARY KEY (tenant_id, order_id, model_version, entry_id, channel_code);
CREATE INDEX attribution_allocations_day ON public.attribution_allocations (tenant_id, entry_date);

INSERT INTO public.spend (tenant_id, id, business_key, spend_date, channel_code, currency, amount_cents)
SELECT p.tenant_id, bench.older_id(p.id, c.by), p.business_key || c.mark, p.spend_date - c.days, p.channel_code,
       p.currency, p.amount_cents
FROM bench.copies c, public.spend p;

INSERT INTO public.dirty_days (tenant_id, day)
SELECT b.tenant_id, d.day::date
FROM bench.businesses b, bench.sizes s,
     generate_series(s.last_day - 10 * s.days, s.last_day - s.days, interval '1 day') AS d (day);

RESET maintenance_work_mem;
RESET session_replication_role;
