-- Sums of credit by basis, as in the journal: a second basis, the day of the touch that earned, is then more rows. No
-- row is written: those that are there take the default from the catalogue. The key is built while nobody reads the
-- table, some 2 s for a million rows. Reports ask for a range of days of one basis, so the basis stands before the day.

SET ROLE skeldir_owner;

ALTER TABLE public.rollup_channel_day ADD COLUMN basis text NOT NULL DEFAULT 'entry';
ALTER TABLE public.rollup_channel_day
    ADD CONSTRAINT rollup_channel_day_basis_check CHECK (basis IN ('entry'));
ALTER TABLE public.rollup_channel_day DROP CONSTRAINT rollup_channel_day_pkey;
ALTER TABLE public.rollup_channel_day ADD CONSTRAINT rollup_channel_day_pkey
    PRIMARY KEY (tenant_id, basis, revenue_date, model_version, channel_code, currency);

RESET ROLE;
