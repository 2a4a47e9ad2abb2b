SELECT * FROM {{ source('skeldir', 'spend') }}
