-- The copies of the ledger, the sums of its credit and the spend, with their days marked for the roll-up.

SET session_replication_role = replica;  -- no foreign keys to check: the tenants are there
SET maintenance_work_mem = '1GB';

INSERT INTO public.revenue_ledger
    (tenant_id, id, business_key, order_id, kind, amount_cents, currency, occurred_at, journey_key, source)
SELECT l.tenant_id, bench.older_id(l.id, c.by), l.business_key || c.mark, l.order_id || c.mark, l.kind, l.amount_cents,
       l.currency, l.occurred_at - c.by, decode(md5(l.journey_key || c.mark::bytea), 'hex'), l.source
FROM bench.copies c, public.revenue_ledger l;

INSERT INTO public.rollup_channel_day
    (tenant_id, revenue_date, model_version, channel_code, currency, conversion_ppt, credited_cents, spend_cents, allocations)
SELECT r.tenant_id, r.revenue_date - c.days, r.model_version, r.channel_code, r.currency, r.conversion_ppt,
       r.credited_cents, 0, r.allocations
FROM bench.copies c, public.rollup_channel_day r;

INSERT INTO public.spend (tenant_id, id, business_key, spend_date, channel_code, currency, amount_cents)
SELECT p.tenant_id, bench.older_id(p.id, c.by), p.business_key || c.mark, p.spend_date - c.days, p.channel_code,
       p.currency, p.amount_cents
FROM bench.copies c, public.spend p;

INSERT INTO public.dirty_days (tenant_id, day)
SELECT b.tenant_id, d.day::date
FROM bench.businesses b, bench.sizes s,
     generate_series(s.last_day - 10 * s.days, s.last_day - s.days, interval '1 day') AS d (day);

INSERT INTO public.waiting_tenants (tenant_id, work) SELECT b.tenant_id, 'days' FROM bench.businesses b;

RESET maintenance_work_mem;
RESET session_replication_role;
