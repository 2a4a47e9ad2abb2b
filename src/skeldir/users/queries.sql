-- name: find_user_session^
-- Never null: session_id, user_id, email, has_password, signed_in_by, signed_in_at, ends_at.
SELECT session_id, user_id, email, has_password, in_tenant, signed_in_by, signed_in_at, ends_at
FROM public.find_user_session(:token_digest, :idle_s);

-- name: begin_user_session$
-- May be null: in_tenant. Never null: begin_user_session.
SELECT public.begin_user_session(:user_id, :session_id, :token_digest, :in_tenant, :signed_in_by, :device_digest,
                                 :device, :lasts_s);

-- name: rotate_user_session$
-- May be null: in_tenant. Never null: rotate_user_session.
SELECT public.rotate_user_session(:token_digest, :new_digest, :in_tenant);

-- name: end_user_sessions$
-- May be null: session_id. Never null: end_user_sessions.
SELECT public.end_user_sessions(:token_digest, :session_id, :ends_others);

-- name: sessions_of_user
-- Never null: every column.
SELECT session_id, device, signed_in_by, signed_in_at, seen_at, ends_at, is_own
FROM public.sessions_of_user(:token_digest, :idle_s);

-- name: memberships_of_user
-- Never null: every column.
SELECT tenant_id, role FROM public.memberships_of_user(:token_digest);

-- name: use_sign_in_link^
-- Never null: user_id.
SELECT user_id, in_tenant FROM public.use_sign_in_link(:token_digest);

-- name: find_password^
-- Never null: user_id, is_known_device.
SELECT user_id, password_hash, is_known_device FROM public.find_password(:email, :device_digest);

-- name: set_user_password$
-- Never null: set_user_password.
SELECT public.set_user_password(:token_digest, :password_hash);

-- name: find_invitation^
-- Never null: every column.
SELECT tenant_id, invitation_id, email, role, expires_at FROM public.find_invitation(:token_digest);

-- name: create_user$
-- Never null: create_user.
SELECT public.create_user(:user_id, :email, :password_hash);

-- name: select_users
-- For operators, like the next two: `app_user` has no right on these tables.
SELECT id AS user_id, email, password_hash IS NOT NULL AS has_password, created_at, disabled_at,
       (SELECT max(s.seen_at) FROM public.user_sessions s WHERE s.user_id = u.id) AS seen_at
FROM public.users u
ORDER BY email;

-- name: make_sign_in_link$
-- May be null: tenant_id, role. Never null: make_sign_in_link.
SELECT public.make_sign_in_link(:email, :user_id, :token_digest, :lasts_s, :tenant_id, :role, :action_id);

-- name: disable_user$
-- The sessions end with it; memberships stay, for whoever is let in again.
WITH disabled AS (
    UPDATE public.users SET disabled_at = coalesce(disabled_at, (SELECT clock_timestamp()))
    WHERE email = :email
    RETURNING id
), ended AS (
    UPDATE public.user_sessions s SET ended_at = (SELECT clock_timestamp())
    FROM disabled d WHERE s.user_id = d.id AND s.ended_at IS NULL
), spent AS (
    UPDATE public.sign_in_links l SET used_at = (SELECT clock_timestamp())
    FROM disabled d WHERE l.user_id = d.id AND l.used_at IS NULL
)
SELECT id FROM disabled;

-- name: select_role$
SELECT role FROM public.memberships WHERE tenant_id = :tenant_id AND user_id = :user_id;

-- name: select_members
SELECT user_id, email, role, added_by, added_at FROM public.memberships
WHERE tenant_id = :tenant_id
ORDER BY email, user_id;

-- name: put_membership!
INSERT INTO public.memberships (tenant_id, user_id, email, role, added_by)
VALUES (:tenant_id, :user_id, :email, :role, :added_by)
ON CONFLICT (tenant_id, user_id) DO UPDATE SET role = excluded.role;

-- name: update_role$
UPDATE public.memberships SET role = :role
WHERE tenant_id = :tenant_id AND user_id = :user_id
RETURNING email;

-- name: delete_membership$
DELETE FROM public.memberships WHERE tenant_id = :tenant_id AND user_id = :user_id
RETURNING email;

-- name: count_other_admins$
SELECT count(*) FROM public.memberships
WHERE tenant_id = :tenant_id AND role = 'admin' AND user_id <> :user_id;

-- name: insert_invitation!
INSERT INTO public.invitations (tenant_id, id, token_sha256, email, role, invited_by, expires_at)
VALUES (:tenant_id, :invitation_id, :token_digest, :email, :role, :invited_by, :expires_at);

-- name: select_invitations
-- Those that can still be accepted.
SELECT id AS invitation_id, email, role, invited_by, invited_at, expires_at FROM public.invitations
WHERE tenant_id = :tenant_id AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > (SELECT now())
ORDER BY invited_at DESC, id;

-- name: accept_invitation$
UPDATE public.invitations SET accepted_at = (SELECT clock_timestamp())
WHERE tenant_id = :tenant_id AND id = :invitation_id
  AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > (SELECT clock_timestamp())
RETURNING role;

-- name: revoke_invitation$
UPDATE public.invitations SET revoked_at = (SELECT clock_timestamp())
WHERE tenant_id = :tenant_id AND id = :invitation_id AND accepted_at IS NULL AND revoked_at IS NULL
RETURNING email;

-- name: insert_action!
INSERT INTO public.audit_log (tenant_id, id, actor, action, subject)
VALUES (:tenant_id, :action_id, :actor, :action, :subject);

-- name: select_actions
SELECT id AS action_id, at, actor, action, subject FROM public.audit_log
WHERE tenant_id = :tenant_id AND (:before_id::uuid IS NULL OR id < :before_id::uuid)
ORDER BY id DESC
LIMIT :most;

-- name: select_actors
-- Who did some of the actions last, by what they did it to. A tenant's log is short: only people's actions are in it.
SELECT DISTINCT ON (subject) subject, actor FROM public.audit_log
WHERE tenant_id = :tenant_id AND action = ANY (:actions::text[]) AND subject = ANY (:subjects::text[])
ORDER BY subject, id DESC;

-- name: begin_sign_in_turn$
-- Never null: begin_sign_in_turn.
SELECT public.begin_sign_in_turn(:state_digest, :browser_digest, :lasts_s);

-- name: end_sign_in_turn$
-- Never null: end_sign_in_turn.
SELECT public.end_sign_in_turn(:state_digest, :browser_digest);

-- name: find_identity$
SELECT public.find_identity(:issuer, :subject);

-- name: connect_identity$
SELECT public.connect_identity(:token_digest, :issuer, :subject);

-- name: create_user_with_identity$
-- Never null: create_user_with_identity.
SELECT public.create_user_with_identity(:user_id, :email, :issuer, :subject);

-- name: identities_of_user
-- Never null: every column.
SELECT issuer, subject, connected_at FROM public.identities_of_user(:token_digest);

-- name: disconnect_identity$
SELECT public.disconnect_identity(:token_digest, :issuer);

-- name: select_saved_reports
SELECT id AS report_id, name, path, query, saved_at FROM public.saved_reports
WHERE tenant_id = :tenant_id
ORDER BY path, name, id
LIMIT :most;

-- name: put_saved_report!
-- Saving again under a name replaces what it stood for.
INSERT INTO public.saved_reports (tenant_id, id, name, path, query)
VALUES (:tenant_id, :report_id, :name, :path, :query)
ON CONFLICT (tenant_id, path, name) DO UPDATE SET query = excluded.query, saved_at = (SELECT now());

-- name: rename_saved_report$
UPDATE public.saved_reports s SET name = :name
WHERE s.tenant_id = :tenant_id AND s.id = :report_id
RETURNING s.name;

-- name: delete_saved_report$
DELETE FROM public.saved_reports WHERE tenant_id = :tenant_id AND id = :report_id
RETURNING name;

-- name: add_passkey$
SELECT public.add_passkey(:token_digest, :passkey_id, :credential_id, :public_key, :sign_count, :name);

-- name: passkeys_of_user
-- Never null: passkey_id, credential_id, name, added_at.
SELECT passkey_id, credential_id, name, added_at, used_at FROM public.passkeys_of_user(:token_digest);

-- name: remove_passkey$
SELECT public.remove_passkey(:token_digest, :passkey_id);

-- name: find_passkey^
-- Never null: every column.
SELECT passkey_id, user_id, public_key, sign_count FROM public.find_passkey(:credential_id);

-- name: use_passkey$
-- Never null: use_passkey.
SELECT public.use_passkey(:passkey_id, :sign_count);

-- name: select_passkeys
-- For operators, like the next two.
SELECT k.id AS passkey_id, k.credential_id, k.name, k.added_at, k.used_at
FROM public.passkeys k JOIN public.users u ON u.id = k.user_id
WHERE u.email = :email
ORDER BY k.added_at, k.id;

-- name: select_user$
SELECT id FROM public.users WHERE email = :email;

-- name: delete_passkeys
-- The sessions that began by a passkey end with it.
WITH gone AS (
    DELETE FROM public.passkeys k USING public.users u
    WHERE u.id = k.user_id AND u.email = :email AND (:passkey_id::uuid IS NULL OR k.id = :passkey_id::uuid)
    RETURNING k.user_id, k.name
), ended AS (
    UPDATE public.user_sessions s SET ended_at = (SELECT clock_timestamp())
    FROM (SELECT DISTINCT user_id FROM gone) g
    WHERE s.user_id = g.user_id AND s.signed_in_by = 'passkey' AND s.ended_at IS NULL
)
SELECT name FROM gone;

-- name: select_user_to_delete^
-- For operators, like the next three.
SELECT u.id AS user_id, u.email,
       (SELECT count(*) FROM public.user_sessions s
        WHERE s.user_id = u.id AND s.ended_at IS NULL AND s.ends_at > (SELECT now())) AS sessions
FROM public.users u
WHERE u.email = :email;

-- name: select_tenants_of_user
-- Of tenants that are being deleted, memberships go with them. Never null: is_only_admin.
SELECT m.tenant_id, m.role,
       m.role = 'admin' AND NOT EXISTS (
           SELECT FROM public.memberships o
           WHERE o.tenant_id = m.tenant_id AND o.role = 'admin' AND o.user_id <> m.user_id
       ) AS is_only_admin
FROM public.memberships m
WHERE m.user_id = :user_id AND NOT public.tenant_is_leaving(m.tenant_id)
ORDER BY m.tenant_id;

-- name: select_tenants_inviting
SELECT DISTINCT i.tenant_id FROM public.invitations i
WHERE i.email = :email AND i.accepted_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > (SELECT now())
  AND NOT public.tenant_is_leaving(i.tenant_id)
ORDER BY i.tenant_id;

-- name: delete_user$
DELETE FROM public.users u
WHERE u.id = :user_id
  AND NOT EXISTS (
      SELECT FROM public.memberships m WHERE m.user_id = u.id AND NOT public.tenant_is_leaving(m.tenant_id)
  )
RETURNING email;

-- name: delete_own_user$
SELECT public.delete_own_user(:token_digest);

-- name: revoke_invitations_to
UPDATE public.invitations SET revoked_at = (SELECT clock_timestamp())
WHERE tenant_id = :tenant_id AND email = :email
  AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > (SELECT clock_timestamp())
RETURNING id;
