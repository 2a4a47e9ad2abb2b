-- name: insert_tenant!
INSERT INTO public.tenants (id, name) VALUES (:tenant_id, :name);

-- name: register_tenant!
INSERT INTO public.registered_tenants (tenant_id) VALUES (:tenant_id);

-- name: select_tenants
-- For operators: members of skeldir_owner see all rows, app_user only its tenant's.
SELECT id AS tenant_id, name, created_at FROM public.tenants
ORDER BY created_at, id;

-- name: select_tenants_named
SELECT id AS tenant_id, name, created_at FROM public.tenants
WHERE name = :name
ORDER BY id;

-- name: select_leaving
-- Those whose deletion was requested, now or before.
-- Never null: tenant_id.
SELECT t.tenant_id FROM unnest(:tenant_ids::uuid[]) AS t (tenant_id) WHERE public.tenant_is_leaving(t.tenant_id);

-- name: select_profile^
SELECT t.name, t.journey_secret,
       coalesce((SELECT array_agg(c.code) FROM public.channels c WHERE c.tenant_id = :tenant_id), '{}') AS own_channels,
       coalesce((SELECT array_agg(h.host) FROM public.tenant_hosts h WHERE h.tenant_id = :tenant_id), '{}') AS own_hosts,
       r.version AS rules_version, r.document AS rules_document
FROM public.tenants t
LEFT JOIN public.channel_rules r
  ON r.tenant_id = :tenant_id
     AND r.version = (SELECT u.version FROM public.channel_rule_turns u
                      WHERE u.tenant_id = :tenant_id ORDER BY u.turn DESC LIMIT 1)
WHERE t.id = :tenant_id;

-- name: select_tenant_ids_of_key
-- Before a tenant is known: the tenants with a key of this prefix.
-- Never null: tenant_id.
SELECT tenant_id FROM public.tenants_of_key_prefix(:prefix) AS tenant_id;

-- name: insert_key!
INSERT INTO public.api_keys (tenant_id, id, name, prefix, secret_sha256, scopes, expires_at, replaces)
VALUES (:tenant_id, :id, :name, :prefix, :secret_sha256, :scopes, :expires_at, :replaces);

-- name: select_keys
SELECT k.id AS key_id, k.name, k.prefix, k.scopes, k.created_at, k.expires_at, k.revoked_at, k.last_used_at,
       s.prefix AS replaced_by
FROM public.api_keys k
LEFT JOIN public.api_keys s ON s.tenant_id = :tenant_id AND s.replaces = k.id
WHERE k.tenant_id = :tenant_id
ORDER BY k.created_at, k.id;

-- name: select_key_ids
SELECT id FROM public.api_keys WHERE tenant_id = :tenant_id AND prefix = :prefix ORDER BY created_at, id;

-- name: select_key_name^
SELECT prefix, name FROM public.api_keys WHERE tenant_id = :tenant_id AND id = :key_id;

-- name: hold_key^
-- When a key is rotated twice at once, the second rotation waits here.
SELECT name, prefix, scopes, expires_at, revoked_at
FROM public.api_keys
WHERE tenant_id = :tenant_id AND id = :key_id
FOR UPDATE;

-- name: select_successor$
SELECT prefix FROM public.api_keys WHERE tenant_id = :tenant_id AND replaces = :key_id;

-- name: expire_key$
-- An earlier expiry stays.
UPDATE public.api_keys SET expires_at = least(expires_at, :expires_at)
WHERE tenant_id = :tenant_id AND id = :key_id
RETURNING expires_at;

-- name: revoke_key$
UPDATE public.api_keys SET revoked_at = coalesce(revoked_at, (SELECT now()))
WHERE tenant_id = :tenant_id AND id = :key_id
RETURNING revoked_at;

-- name: find_api_key^
-- Never null: tenant_id, key_id, scopes.
SELECT tenant_id, key_id, scopes, expires_at, revoked_at, last_used_at, origins, books_orders, order_events,
       (SELECT clock_timestamp()) AS looked_up_at
FROM public.find_api_key(:sha256);

-- name: put_terms!
INSERT INTO public.key_terms (tenant_id, key_id, origins, books_orders, order_events)
VALUES (:tenant_id, :key_id, :origins, :books_orders, :order_events)
ON CONFLICT (tenant_id, key_id)
DO UPDATE SET origins = excluded.origins, books_orders = excluded.books_orders, order_events = excluded.order_events;

-- name: select_terms
SELECT key_id, origins, books_orders, order_events FROM public.key_terms WHERE tenant_id = :tenant_id ORDER BY key_id;

-- name: is_key_in_force$
SELECT EXISTS (SELECT FROM public.api_keys
               WHERE tenant_id = :tenant_id AND id = :key_id AND revoked_at IS NULL
                 AND (expires_at IS NULL OR expires_at > (SELECT clock_timestamp())));

-- name: touch_key!
-- Of two concurrent requests, the one that began first may write last.
UPDATE public.api_keys SET last_used_at = greatest(last_used_at, (SELECT now()))
WHERE tenant_id = :tenant_id AND id = :key_id;

-- name: select_retention^
SELECT touch_days, touches_forgotten_before FROM public.retention WHERE tenant_id = :tenant_id;

-- name: set_retention!
INSERT INTO public.retention (tenant_id, touch_days) VALUES (:tenant_id, :touch_days)
ON CONFLICT (tenant_id) DO UPDATE SET touch_days = excluded.touch_days;

-- name: count_tenant_rows
-- For operators, like the next two.
-- Never null: every column.
SELECT table_name, row_count FROM public.count_tenant_rows(:tenant_id);

-- name: request_tenant_deletion$
-- Never null: request_tenant_deletion.
SELECT public.request_tenant_deletion(:tenant_id, :keeps_ledger, :deletion_id, :job_id, :correlation_id);

-- name: select_tenant_deletions
-- Never null: row_counts.
SELECT tenant_id, id AS deletion_id, keeps_ledger, requested_by, requested_at, began_at, ended_at,
       row_counts::text AS row_counts, ledger_rows_kept, digest
FROM public.tenant_deletions
WHERE :tenant_id::uuid IS NULL OR tenant_id = :tenant_id::uuid
ORDER BY requested_at DESC, id DESC
LIMIT :most;

-- name: delete_tenant_rows$
SELECT public.delete_tenant_rows(:tenant_id, :most::integer);

-- name: forget_statistics$
-- Never null: forget_statistics.
SELECT public.forget_statistics(:tenant_id, :place::integer);

-- name: end_tenant_deletion$
-- Never null: end_tenant_deletion.
SELECT public.end_tenant_deletion(:tenant_id);
