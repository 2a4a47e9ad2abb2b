-- name: begin_import!
INSERT INTO public.imports
    (tenant_id, fingerprint, file_name, rows_done, touches_accepted, touches_duplicate, conversions_accepted,
     conversions_duplicate, rejected, is_complete)
SELECT :tenant_id, :fingerprint, :file_name, 0, 0, 0, 0, 0, 0, false
ON CONFLICT (tenant_id, fingerprint) DO NOTHING;

-- name: lock_import^
-- The row is held until the batch commits, so that two processes never write the same rows at once.
-- Always a row.
SELECT rows_done, touches_accepted, touches_duplicate, conversions_accepted, conversions_duplicate, rejected,
       skipped, is_complete, undone_by, repeats_undone
FROM public.imports
WHERE tenant_id = :tenant_id AND fingerprint = :fingerprint
FOR UPDATE;

-- name: advance_import!
UPDATE public.imports
SET rows_done = :rows_done, touches_accepted = :touches_accepted, touches_duplicate = :touches_duplicate,
    conversions_accepted = :conversions_accepted, conversions_duplicate = :conversions_duplicate,
    rejected = :rejected, skipped = :skipped, is_complete = :is_complete, updated_at = now()
WHERE tenant_id = :tenant_id AND fingerprint = :fingerprint;

-- name: restart_import
-- Has a file go in from its first row again that was taken back, or that repeated facts which may have been; no row while it
-- is still being taken back, or put back.
UPDATE public.imports i
SET rows_done = 0, touches_accepted = 0, touches_duplicate = 0, conversions_accepted = 0, conversions_duplicate = 0,
    rejected = 0, skipped = 0, is_complete = false, undone_by = NULL, repeats_undone = false, updated_at = now()
WHERE i.tenant_id = :tenant_id AND i.fingerprint = :fingerprint AND (i.undone_by IS NOT NULL OR i.repeats_undone)
  AND i.fingerprint NOT IN (SELECT u.target FROM public.undoings u
                            WHERE u.tenant_id = :tenant_id AND u.target_kind = 'import' AND u.phase <> 'done')
RETURNING i.rows_done;

-- name: count_replay$
-- The number of a replay that begins now.
UPDATE public.imports SET replays = replays + 1
WHERE tenant_id = :tenant_id AND fingerprint = :fingerprint
RETURNING replays;

-- name: is_taking_back$
-- Whether facts of the tenant are being taken back: one that a row repeats may be among them.
SELECT EXISTS (SELECT FROM public.undoings u
               WHERE u.tenant_id = :tenant_id AND u.phase <> 'done' AND u.redoes IS NULL AND u.target_kind <> 'channels');
