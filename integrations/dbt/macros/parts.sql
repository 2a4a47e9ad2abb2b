{#- The folder or prefix of the delivery, without a slash at its end. sources.yml has the same, since no macro can be used there. -#}
{% macro skeldir_delivery() -%}
  {{- var('skeldir_delivery', env_var('SKELDIR_DELIVERY', 'delivery')).rstrip('/') -}}
{%- endmacro %}

{#- The columns of money of each part, and whether its sums are by model version. A test of skeldir compares it with the program. -#}
{% macro skeldir_money() -%}
  {{ return({
    'orders': ['captured_cents', 'refunded_cents', 'disputed_cents', 'balance_cents'],
    'allocations': ['allocated_cents'],
    'channel_days': ['credited_cents', 'spend_cents'],
    'entries': ['amount_cents'],
    'spend': ['amount_cents'],
    'claims': ['cost_cents', 'claimed_cents'],
  }) }}
{%- endmacro %}

{% macro skeldir_parts() -%}
  {{ return(['orders', 'journeys', 'allocations', 'channel_days', 'entries', 'spend', 'claims', 'dead_events', 'touches']) }}
{%- endmacro %}

{% macro skeldir_parts_of_models() -%}
  {{ return(['allocations', 'channel_days']) }}
{%- endmacro %}
