-- API processes remember keys for up to a minute, and must learn at once that one has ended.

SET ROLE skeldir_owner;

-- Any login may listen, so a notification says only that some key has ended, or expires earlier: not which, nor whose.
-- A new key needs none, since what is not remembered is looked up; nor does a note of the last use.
CREATE FUNCTION public.notify_keys_ended() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog
AS $$
BEGIN
    NOTIFY skeldir_keys_ended;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION public.notify_keys_ended() FROM PUBLIC;
-- By row, because the steps of a deletion find no key most times. A transaction notifies once, however many keys it ends.
CREATE TRIGGER notify_keys_ended AFTER UPDATE OF revoked_at, expires_at OR DELETE ON public.api_keys
    FOR EACH ROW EXECUTE FUNCTION public.notify_keys_ended();
CREATE TRIGGER notify_keys_truncated AFTER TRUNCATE ON public.api_keys
    FOR EACH STATEMENT EXECUTE FUNCTION public.notify_keys_ended();

RESET ROLE;
