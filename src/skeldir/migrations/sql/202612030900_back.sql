SET ROLE skeldir_owner;

DROP FUNCTION public.find_webhook_endpoint(bytea);

CREATE OR REPLACE FUNCTION public.tenant_tables() RETURNS text[]
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog
AS $$
    SELECT ARRAY['dirty_orders', 'dirty_journeys', 'dirty_days', 'restatements', 'waiting_tenants', 'jobs', 'api_keys',
                 'credit_turns', 'orders_set_aside', 'personal_data_findings', 'credit_journal',
                 'rollup_revenue_day', 'rollup_revenue_total', 'rollup_channel_day', 'rollup_allocation_day',
                 'reconciliation_runs', 'order_journeys', 'kept_allocations', 'channel_numbers', 'dead_events',
                 'imports', 'spend', 'touch_withdrawals', 'undoings', 'attribution_events', 'channels', 'tenant_hosts',
                 'model_changes', 'attribution_models', 'retention', 'time_zones', 'audits', 'registered_tenants',
                 'revenue_ledger']
$$;

DROP TABLE public.payments;
DROP TABLE public.payment_refs;
DROP TABLE public.webhook_deliveries;
DROP TABLE public.webhook_settings;
DROP TABLE public.webhook_refusals;
DROP TABLE public.webhook_secrets;
DROP TABLE public.webhook_endpoints;

CREATE OR REPLACE FUNCTION public.holds_no_personal_keys(payload jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog
AS $$
    SELECT NOT jsonb_path_exists(
        payload,
        '$.** ? (@.type() == "object").keyvalue() ? (@.key like_regex
         "^(.*[-_ .])?(e[-_ ]?mail([-_ ]?address)?|customer[-_ ]?email|phone([-_ ]?number)?|mobile|(first|last|full|sur|family|given)[-_ ]?name|(street|billing|shipping|postal|home)?[-_ ]?address[0-9]?|zip([-_ ]?code)?|post(al)?[-_ ]?code|birth[-_ ]?(date|day)|date[-_ ]?of[-_ ]?birth|dob|ssn|passport|iban|card[-_ ]?(number|no)|pan|cvc|cvv|ip([-_ ]?(address|addr|v4|v6))?|(browser|client|remote)[-_ ]?ip|user[-_ ]?agent|password)$"
         flag "i")'
    )
$$;

RESET ROLE;
