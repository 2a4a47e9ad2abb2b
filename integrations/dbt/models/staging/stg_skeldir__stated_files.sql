-- A file of the delivery, as the manifest states it.
SELECT one.part, one.file, one.bytes, one.sha256, one.rows AS stated_rows, one.sums
FROM (SELECT unnest(files) AS one FROM {{ ref('stg_skeldir__manifest') }})
