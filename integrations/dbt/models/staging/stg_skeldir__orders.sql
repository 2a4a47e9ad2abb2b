SELECT * FROM {{ source('skeldir', 'orders') }}
