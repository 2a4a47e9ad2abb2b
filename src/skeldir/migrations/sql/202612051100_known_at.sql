-- Which changes of some days were made before or after a moment.

SET ROLE skeldir_owner;
CREATE INDEX credit_journal_days ON public.credit_journal (tenant_id, revenue_date, changed_at);
RESET ROLE;
