-- A sum of a column of money, as the manifest states it. Null where no amount is known, as for claims of no value.
WITH sums AS (
    SELECT part, unnest(CAST(sums AS JSON[])) AS one FROM {{ ref('stg_skeldir__stated_files') }}
),
named AS (
    SELECT part, one, unnest(json_keys(one)) AS column_name FROM sums
)
SELECT part, one ->> 'model_version' AS model_version, one ->> 'currency' AS currency, column_name,
       CAST(json_extract_string(one, '$.' || column_name) AS HUGEINT) AS cents
FROM named
WHERE column_name LIKE '%\_cents' ESCAPE '\'
