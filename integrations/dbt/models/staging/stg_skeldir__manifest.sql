-- One row: what the delivery is of. `manifest.json` is written last, so the delivery is complete if it can be read.
SELECT tenant_id, as_of, time_zone, first_day, end_day, model_versions, files
FROM read_json(
    '{{ skeldir_delivery() }}/manifest.json',
    format = 'unstructured',
    maximum_object_size = 67108864,
    columns = {
        tenant_id: 'VARCHAR', as_of: 'TIMESTAMPTZ', time_zone: 'VARCHAR', first_day: 'DATE', end_day: 'DATE',
        model_versions: 'VARCHAR[]',
        files: 'STRUCT(part VARCHAR, file VARCHAR, bytes BIGINT, sha256 VARCHAR, "rows" BIGINT, sums JSON)[]'
    }
)
