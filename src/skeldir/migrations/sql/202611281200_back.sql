-- As it was before 202611281200: there is one basis only, so no sum is lost and none meets another.

SET ROLE skeldir_owner;

ALTER TABLE public.rollup_channel_day DROP CONSTRAINT rollup_channel_day_pkey;
ALTER TABLE public.rollup_channel_day DROP COLUMN basis;
ALTER TABLE public.rollup_channel_day ADD CONSTRAINT rollup_channel_day_pkey
    PRIMARY KEY (tenant_id, revenue_date, model_version, channel_code, currency);

RESET ROLE;
