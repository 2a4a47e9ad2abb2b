-- As it was before 202612051100.

SET ROLE skeldir_owner;
DROP INDEX public.credit_journal_days;
RESET ROLE;
