SELECT * FROM {{ source('skeldir', 'entries') }}
