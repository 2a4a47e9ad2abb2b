-- As it was before 202611281100.

SET ROLE skeldir_owner;

ALTER TABLE public.dead_events DROP CONSTRAINT item_holds_no_personal_keys;
ALTER TABLE public.dead_events ADD CONSTRAINT item_holds_no_personal_keys
    CHECK (item = '{}' OR public.holds_no_personal_keys(item));

RESET ROLE;
