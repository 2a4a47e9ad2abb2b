-- People: users, their sessions and their memberships of tenants. A user belongs to no tenant, so `app_user` has no right
-- on these tables: each function below answers to whoever has the digest of a secret, or the e-mail address of one user.
-- All of them are read before a tenant is known, so they stay on one server when the rest is distributed.

SET ROLE skeldir_owner;

CREATE TABLE public.users (
    id uuid PRIMARY KEY,
    email text COLLATE "C" NOT NULL UNIQUE CHECK (email ~ '^[^[:space:][:cntrl:]@]+@[^[:space:][:cntrl:]@]+$' AND length(email) <= 254),
    password_hash text COLLATE "C" CHECK (length(password_hash) <= 500),
    created_at timestamptz NOT NULL DEFAULT now(),
    disabled_at timestamptz
);
COMMENT ON COLUMN public.users.email IS 'in lower case; it names the user to people';
COMMENT ON COLUMN public.users.password_hash IS 'argon2id, with its parameters and salt; null: signs in by other means';

CREATE TABLE public.sign_in_links (
    token_sha256 bytea PRIMARY KEY CHECK (length(token_sha256) = 32),
    user_id uuid NOT NULL REFERENCES public.users (id),
    in_tenant uuid,
    made_by text NOT NULL CHECK (btrim(made_by) <> ''),
    made_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX idx_sign_in_links_user ON public.sign_in_links (user_id);
COMMENT ON COLUMN public.sign_in_links.in_tenant IS 'where the session begins';

CREATE TABLE public.user_sessions (
    id uuid PRIMARY KEY,
    token_sha256 bytea NOT NULL UNIQUE CHECK (length(token_sha256) = 32),
    user_id uuid NOT NULL REFERENCES public.users (id),
    in_tenant uuid,
    device_sha256 bytea NOT NULL CHECK (length(device_sha256) = 32),
    device text NOT NULL CHECK (length(device) <= 120),
    signed_in_by text NOT NULL CHECK (signed_in_by IN ('link', 'password', 'invitation')),
    signed_in_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    ended_at timestamptz
);
CREATE INDEX idx_user_sessions_user ON public.user_sessions (user_id);
COMMENT ON COLUMN public.user_sessions.in_tenant IS 'the tenant whose pages it shows; null until one is chosen';
COMMENT ON COLUMN public.user_sessions.device_sha256 IS 'of the browser''s own token, by which a device is known again';
COMMENT ON COLUMN public.user_sessions.device IS 'kinds of browser and system, for people to recognise';

CREATE TABLE public.memberships (
    tenant_id uuid NOT NULL REFERENCES public.registered_tenants (tenant_id),
    user_id uuid NOT NULL,
    email text COLLATE "C" NOT NULL,
    role text COLLATE "C" NOT NULL CHECK (role IN ('viewer', 'manager', 'admin')),
    added_by text NOT NULL CHECK (btrim(added_by) <> ''),
    added_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, user_id)
);
CREATE INDEX memberships_of_user ON public.memberships (user_id);
COMMENT ON COLUMN public.memberships.email IS 'by which the members of the tenant know the user';

CREATE TABLE public.invitations (
    tenant_id uuid NOT NULL REFERENCES public.registered_tenants (tenant_id),
    id uuid NOT NULL,
    token_sha256 bytea NOT NULL CHECK (length(token_sha256) = 32),
    email text COLLATE "C" NOT NULL CHECK (length(email) <= 254),
    role text COLLATE "C" NOT NULL CHECK (role IN ('viewer', 'manager', 'admin')),
    invited_by text NOT NULL CHECK (btrim(invited_by) <> ''),
    invited_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    accepted_at timestamptz,
    revoked_at timestamptz,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX invitation_tokens ON public.invitations (token_sha256);

CREATE TABLE public.audit_log (
    tenant_id uuid NOT NULL REFERENCES public.registered_tenants (tenant_id),
    id uuid NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    actor text NOT NULL CHECK (btrim(actor) <> '' AND length(actor) <= 300),
    action text COLLATE "C" NOT NULL CHECK (action ~ '^[a-z]+(\.[a-z_]+)+$'),
    subject text NOT NULL CHECK (length(subject) <= 500),
    PRIMARY KEY (tenant_id, id)
);
COMMENT ON TABLE public.audit_log IS 'what people did by pages and commands, as they did it: append-only';

ALTER TABLE public.memberships ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.memberships FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.memberships
    USING (tenant_id = (SELECT public.current_tenant_id())) WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));
CREATE POLICY owner_reads ON public.memberships FOR SELECT TO skeldir_owner USING (true);
ALTER TABLE public.invitations ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.invitations FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.invitations
    USING (tenant_id = (SELECT public.current_tenant_id())) WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));
CREATE POLICY owner_reads ON public.invitations FOR SELECT TO skeldir_owner USING (true);
ALTER TABLE public.audit_log ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.audit_log FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.audit_log
    USING (tenant_id = (SELECT public.current_tenant_id())) WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));

GRANT SELECT, DELETE ON public.memberships TO app_user;
GRANT INSERT (tenant_id, user_id, email, role, added_by), UPDATE (role) ON public.memberships TO app_user;
GRANT SELECT ON public.invitations TO app_user;
GRANT INSERT (tenant_id, id, token_sha256, email, role, invited_by, expires_at), UPDATE (accepted_at, revoked_at)
    ON public.invitations TO app_user;
GRANT SELECT, INSERT (tenant_id, id, actor, action, subject) ON public.audit_log TO app_user;

-- A session in force, given the digest of its token. It is seen at most once a minute.
CREATE FUNCTION public.find_user_session(token_digest bytea, idle_s double precision)
RETURNS TABLE (session_id uuid, user_id uuid, email text, has_password boolean, in_tenant uuid, signed_in_by text,
               signed_in_at timestamptz, ends_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog
AS $$
DECLARE
    seen_by CONSTANT timestamptz := clock_timestamp();
BEGIN
    UPDATE public.user_sessions s SET seen_at = seen_by
    WHERE s.token_sha256 = token_digest AND s.ended_at IS NULL AND s.ends_at > seen_by
      AND s.seen_at > seen_by - make_interval(secs => idle_s) AND s.seen_at < seen_by - interval '1 minute';
    RETURN QUERY
        SELECT s.id, u.id, u.email, u.password_hash IS NOT NULL, s.in_tenant, s.signed_in_by, s.signed_in_at, s.ends_at
        FROM public.user_sessions s JOIN public.users u ON u.id = s.user_id
        WHERE s.token_sha256 = token_digest AND s.ended_at IS NULL AND s.ends_at > seen_by
          AND s.seen_at > seen_by - make_interval(secs => idle_s) AND u.disabled_at IS NULL;
END
$$;

-- Begins a session of a user who has shown who he is; false if he may not sign in. Ended ones are kept for 90 days, by
-- which his devices are known.
CREATE FUNCTION public.begin_user_session(of_user uuid, new_id uuid, token_digest bytea, wanted_tenant uuid, shown_by text,
                                          device_digest bytea, device_kind text, lasts_s double precision)
RETURNS boolean
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog
AS $$
    WITH forgotten AS (
        DELETE FROM public.user_sessions s WHERE s.user_id = of_user AND s.seen_at < clock_timestamp() - interval '90 days'
    ), begun AS (
        INSERT INTO public.user_sessions (id, token_sha256, user_id, in_tenant, device_sha256, device, signed_in_by,
                                          signed_in_at, seen_at, ends_at)
        SELECT new_id, token_digest, u.id,
               (SELECT m.tenant_id FROM public.memberships m WHERE m.user_id = u.id AND m.tenant_id = wanted_tenant),
               device_digest, device_kind, shown_by, clock_timestamp(), clock_timestamp(),
               clock_timestamp() + make_interval(secs => lasts_s)
        FROM public.users u WHERE u.id = of_user AND u.disabled_at IS NULL
        RETURNING 1
    )
    SELECT EXISTS (SELECT FROM begun)
$$;

-- Who may sign in by a link, once: the user and the tenant where the session begins.
CREATE FUNCTION public.use_sign_in_link(token_digest bytea)
RETURNS TABLE (user_id uuid, in_tenant uuid)
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog
AS $$
    UPDATE public.sign_in_links l SET used_at = clock_timestamp()
    WHERE l.token_sha256 = token_digest AND l.used_at IS NULL AND l.expires_at > clock_timestamp()
    RETURNING l.user_id, l.in_tenant
$$;

-- What a password is compared with, and whether the user has signed in from this device before.
CREATE FUNCTION public.find_password(of_email text, device_digest bytea)
RETURNS TABLE (user_id uuid, password_hash text, is_known_device boolean)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$
    SELECT u.id, u.password_hash,
           EXISTS (SELECT FROM public.user_sessions s WHERE s.user_id = u.id AND s.device_sha256 = device_digest)
    FROM public.users u WHERE u.email = of_email AND u.disabled_at IS NULL
$$;

-- Gives the session another token, and the tenant whose pages it shows, of which its user must be a member.
CREATE FUNCTION public.rotate_user_session(token_digest bytea, new_digest bytea, wanted_tenant uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog
AS $$
BEGIN
    UPDATE public.user_sessions s SET token_sha256 = new_digest, in_tenant = wanted_tenant
    WHERE s.token_sha256 = token_digest AND s.ended_at IS NULL AND s.ends_at > clock_timestamp()
      AND (wanted_tenant IS NULL
           OR EXISTS (SELECT FROM public.memberships m WHERE m.user_id = s.user_id AND m.tenant_id = wanted_tenant));
    RETURN FOUND;
END
$$;

-- Ends sessions of the session's user: that one, all but its own, or its own. It returns how many.
CREATE FUNCTION public.end_user_sessions(token_digest bytea, ended_session uuid, ends_others boolean) RETURNS integer
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog
AS $$
    WITH own AS (
        SELECT s.id, s.user_id FROM public.user_sessions s
        WHERE s.token_sha256 = token_digest AND s.ended_at IS NULL AND s.ends_at > clock_timestamp()
    ), ended AS (
        UPDATE public.user_sessions s SET ended_at = clock_timestamp()
        FROM own
        WHERE s.user_id = own.user_id AND s.ended_at IS NULL
          AND CASE WHEN ends_others THEN s.id <> own.id ELSE s.id = coalesce(ended_session, own.id) END
        RETURNING 1
    )
    SELECT count(*)::integer FROM ended
$$;

-- The sessions in force of the session's user.
CREATE FUNCTION public.sessions_of_user(token_digest bytea, idle_s double precision)
RETURNS TABLE (session_id uuid, device text, signed_in_by text, signed_in_at timestamptz, seen_at timestamptz,
               ends_at timestamptz, is_own boolean)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$
    SELECT s.id, s.device, s.signed_in_by, s.signed_in_at, s.seen_at, s.ends_at, s.id = own.id
    FROM public.user_sessions own JOIN public.user_sessions s ON s.user_id = own.user_id
    WHERE own.token_sha256 = token_digest AND own.ended_at IS NULL AND own.ends_at > now()
      AND s.ended_at IS NULL AND s.ends_at > now() AND s.seen_at > now() - make_interval(secs => idle_s)
    ORDER BY s.seen_at DESC, s.id
$$;

-- The tenants of the session's user.
CREATE FUNCTION public.memberships_of_user(token_digest bytea)
RETURNS TABLE (tenant_id uuid, role text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$
    SELECT m.tenant_id, m.role
    FROM public.user_sessions own JOIN public.memberships m ON m.user_id = own.user_id
    WHERE own.token_sha256 = token_digest AND own.ended_at IS NULL AND own.ends_at > now()
      AND NOT public.tenant_is_leaving(m.tenant_id)
    ORDER BY m.added_at, m.tenant_id
$$;

-- Keeps the hash of a new password of the session's user, and ends his other sessions.
CREATE FUNCTION public.set_user_password(token_digest bytea, new_hash text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog
AS $$
BEGIN
    UPDATE public.users u SET password_hash = new_hash
    FROM public.user_sessions s
    WHERE s.token_sha256 = token_digest AND s.ended_at IS NULL AND s.ends_at > clock_timestamp() AND u.id = s.user_id;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM public.end_user_sessions(token_digest, NULL, true);
    RETURN true;
END
$$;

-- An invitation that can be accepted, given the digest of its token.
CREATE FUNCTION public.find_invitation(token_digest bytea)
RETURNS TABLE (tenant_id uuid, invitation_id uuid, email text, role text, expires_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$
    SELECT i.tenant_id, i.id, i.email, i.role, i.expires_at
    FROM public.invitations i
    WHERE i.token_sha256 = token_digest AND i.accepted_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > now()
      AND NOT public.tenant_is_leaving(i.tenant_id)
$$;

-- Makes a user who was invited; false if there is one with this address.
CREATE FUNCTION public.create_user(new_id uuid, of_email text, new_hash text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog
AS $$
BEGIN
    INSERT INTO public.users (id, email, password_hash) VALUES (new_id, of_email, new_hash) ON CONFLICT DO NOTHING;
    RETURN FOUND;
END
$$;

-- For operators: a link by which a user signs in once, who is made if there is none, and let in again if he was disabled.
-- With a tenant and a role he becomes a member. It returns when the link expires.
CREATE FUNCTION public.make_sign_in_link(of_email text, new_user uuid, token_digest bytea, lasts_s double precision,
                                         wanted_tenant uuid, as_role text, action_id uuid)
RETURNS timestamptz
LANGUAGE plpgsql
SET search_path = pg_catalog
AS $$
DECLARE
    who CONSTANT text := 'command:' || session_user;
    ends CONSTANT timestamptz := clock_timestamp() + make_interval(secs => lasts_s);
    found_user uuid;
BEGIN
    INSERT INTO public.users (id, email) VALUES (new_user, of_email)
    ON CONFLICT (email) DO UPDATE SET disabled_at = NULL
    RETURNING id INTO found_user;
    -- For the address of whoever has only been invited so far, nobody but the admin of some tenant has vouched. The link is
    -- for whom the operator means, so whatever else lets in is dropped.
    IF NOT EXISTS (SELECT FROM public.sign_in_links l WHERE l.user_id = found_user) THEN
        UPDATE public.users u SET password_hash = NULL WHERE u.id = found_user;
        UPDATE public.user_sessions s SET ended_at = clock_timestamp() WHERE s.user_id = found_user AND s.ended_at IS NULL;
    END IF;
    IF wanted_tenant IS NOT NULL THEN
        PERFORM public.set_tenant(wanted_tenant);
        INSERT INTO public.memberships (tenant_id, user_id, email, role, added_by)
        VALUES (wanted_tenant, found_user, of_email, as_role, who)
        ON CONFLICT (tenant_id, user_id) DO UPDATE SET role = excluded.role;
        INSERT INTO public.audit_log (tenant_id, id, actor, action, subject)
        VALUES (wanted_tenant, action_id, who, 'member.set', of_email || ' as ' || as_role);
    END IF;
    INSERT INTO public.sign_in_links (token_sha256, user_id, in_tenant, made_by, expires_at)
    VALUES (token_digest, found_user, wanted_tenant, who, ends);
    RETURN ends;
END
$$;

REVOKE ALL ON FUNCTION public.find_user_session(bytea, double precision),
    public.begin_user_session(uuid, uuid, bytea, uuid, text, bytea, text, double precision),
    public.use_sign_in_link(bytea), public.find_password(text, bytea), public.rotate_user_session(bytea, bytea, uuid),
    public.end_user_sessions(bytea, uuid, boolean), public.sessions_of_user(bytea, double precision),
    public.memberships_of_user(bytea), public.set_user_password(bytea, text), public.find_invitation(bytea),
    public.create_user(uuid, text, text),
    public.make_sign_in_link(text, uuid, bytea, double precision, uuid, text, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.find_user_session(bytea, double precision),
    public.begin_user_session(uuid, uuid, bytea, uuid, text, bytea, text, double precision),
    public.use_sign_in_link(bytea), public.find_password(text, bytea), public.rotate_user_session(bytea, bytea, uuid),
    public.end_user_sessions(bytea, uuid, boolean), public.sessions_of_user(bytea, double precision),
    public.memberships_of_user(bytea), public.set_user_password(bytea, text), public.find_invitation(bytea),
    public.create_user(uuid, text, text) TO app_user;

CREATE OR REPLACE FUNCTION public.tenant_tables() RETURNS text[]
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog
AS $$
    SELECT ARRAY['dirty_orders', 'dirty_journeys', 'dirty_days', 'restatements', 'waiting_tenants', 'jobs', 'api_keys',
                 'invitations', 'memberships', 'audit_log',
                 'privacy_requests', 'erasures', 'webhook_secrets', 'webhook_refusals', 'webhook_endpoints',
                 'webhook_settings', 'payments',
                 'payment_refs', 'webhook_deliveries', 'renewal_orders', 'credited_renewals', 'credit_turns', 'orders_set_aside',
                 'personal_data_findings', 'credit_journal',
                 'rollup_revenue_day', 'rollup_revenue_total', 'rollup_channel_day', 'rollup_allocation_day',
                 'reconciliation_runs', 'reconciliation_lines', 'reconciliation_overlaps', 'reconciliations',
                 'order_journeys', 'kept_allocations', 'channel_numbers', 'dead_events',
                 'imports', 'channel_rule_turns', 'channel_rules', 'exchange_rates', 'spend', 'ad_days', 'ad_loads',
                 'touch_withdrawals', 'touch_corrections', 'undoings', 'attribution_events',
                 'channels', 'tenant_hosts',
                 'model_changes', 'attribution_models', 'retention', 'time_zones', 'audits', 'registered_tenants',
                 'revenue_ledger']
$$;

RESET ROLE;
