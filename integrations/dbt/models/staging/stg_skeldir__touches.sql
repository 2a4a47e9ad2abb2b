SELECT * FROM {{ source('skeldir', 'touches') }}
