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
       skipped, is_complete
FROM public.imports
WHERE tenant_id = :tenant_id AND fingerprint = :fingerprint
FOR UPDATE;

-- name: advance_import!
UPDATE public.imports
SET rows_done = :rows_done, touches_accepted = :touches_accepted, touches_duplicate = :touches_duplicate,
    conversions_accepted = :conversions_accepted, conversions_duplicate = :conversions_duplicate,
    rejected = :rejected, skipped = :skipped, is_complete = :is_complete, updated_at = now()
WHERE tenant_id = :tenant_id AND fingerprint = :fingerprint;
