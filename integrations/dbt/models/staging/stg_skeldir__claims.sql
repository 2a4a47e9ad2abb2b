SELECT * FROM {{ source('skeldir', 'claims') }}
