-- Each file is, byte by byte, the one that was delivered. Each is read into memory: ask for it with skeldir_check_digests.
{{ config(enabled=var('skeldir_check_digests', false)) }}
SELECT file, stated.sha256 AS stated_sha256, found.sha256 AS found_sha256
FROM {{ ref('stg_skeldir__stated_files') }} AS stated
LEFT JOIN (
    SELECT parse_filename(filename) AS file, sha256(content) AS sha256
    FROM read_blob('{{ skeldir_delivery() }}/*.parquet')
) AS found USING (file)
WHERE stated.sha256 IS DISTINCT FROM found.sha256
