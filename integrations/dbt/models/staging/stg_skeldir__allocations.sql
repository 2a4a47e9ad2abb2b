SELECT *, split_part(model_version, '@', 1) AS model
FROM {{ source('skeldir', 'allocations') }}
