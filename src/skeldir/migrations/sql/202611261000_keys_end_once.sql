-- What ends a key cannot be undone, the rest of a key never changes, and a digest is of one key only, for ever.

SET ROLE skeldir_owner;

-- The key in whose place this one was made; each key has one successor at most. No foreign key: a tenant's keys go
-- with the tenant, in any order.
ALTER TABLE public.api_keys ADD COLUMN replaces uuid;
ALTER TABLE public.api_keys ADD CONSTRAINT api_keys_one_successor UNIQUE (tenant_id, replaces);

-- A revoked key must not come back as a key of another tenant. The table stays on one machine, as the look-up needs it,
-- so an index that does not lead with the tenant may be unique.
DROP INDEX public.api_keys_secret;
CREATE UNIQUE INDEX api_keys_secret ON public.api_keys (secret_sha256);

CREATE FUNCTION public.refuse_key_revival() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog
AS $$
DECLARE
    -- Whatever column comes later is held as well.
    changing CONSTANT text[] := ARRAY['expires_at', 'revoked_at', 'last_used_at'];
BEGIN
    IF to_jsonb(NEW) - changing IS DISTINCT FROM to_jsonb(OLD) - changing THEN
        RAISE EXCEPTION 'of a key only its end and its last use change'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'keys_end_once';
    END IF;
    IF OLD.revoked_at IS DISTINCT FROM NEW.revoked_at
       AND (OLD.revoked_at IS NOT NULL OR NEW.revoked_at > clock_timestamp()) THEN
        RAISE EXCEPTION 'a key is revoked now and for good'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'keys_end_once';
    END IF;
    IF coalesce(NEW.expires_at, 'infinity') > coalesce(OLD.expires_at, 'infinity') THEN
        RAISE EXCEPTION 'the expiry of a key only moves to an earlier moment'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'keys_end_once';
    END IF;
    IF coalesce(NEW.last_used_at, '-infinity') < coalesce(OLD.last_used_at, '-infinity') THEN
        RAISE EXCEPTION 'the last use of a key only moves to a later moment'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'keys_end_once';
    END IF;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION public.refuse_key_revival() FROM PUBLIC;
CREATE TRIGGER keys_end_once BEFORE UPDATE ON public.api_keys
    FOR EACH ROW EXECUTE FUNCTION public.refuse_key_revival();

-- A new key is neither used nor revoked, and it was made now.
REVOKE INSERT ON public.api_keys FROM app_user;
GRANT INSERT (tenant_id, id, name, prefix, secret_sha256, scopes, expires_at, replaces) ON public.api_keys TO app_user;
GRANT UPDATE (expires_at) ON public.api_keys TO app_user;

-- Whose key begins like this: people name a key by its beginning, which has 48 random bits. It tells ids.
CREATE FUNCTION public.tenants_of_key_prefix(key_prefix text) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$ SELECT DISTINCT k.tenant_id FROM public.api_keys k WHERE k.prefix = key_prefix ORDER BY 1 $$;
REVOKE ALL ON FUNCTION public.tenants_of_key_prefix(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.tenants_of_key_prefix(text) TO app_user;

RESET ROLE;
