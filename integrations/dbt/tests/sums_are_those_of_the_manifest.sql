-- To the cent: each sum that the manifest states is that of the rows, and no row is of a sum that it does not state.
SELECT part, column_name, currency, coalesce(model_version, '') AS model_version,
       stated.cents AS stated_cents, found.cents AS found_cents
FROM (SELECT * REPLACE (coalesce(model_version, '') AS model_version) FROM {{ ref('stg_skeldir__stated_sums') }}) AS stated
FULL JOIN (SELECT * REPLACE (coalesce(model_version, '') AS model_version) FROM {{ ref('stg_skeldir__found_sums') }}) AS found
    USING (part, column_name, currency, model_version)
WHERE stated.cents IS DISTINCT FROM found.cents OR stated.part IS NULL OR found.part IS NULL
