{#
    A number from 0 to 65535 of the first four digits of a hash in lower-case hex: the same draw on
    every engine and in every run. `hash` is a column: it is read four times.
#}
{% macro hash_bucket(hash) -%}
    (
        {%- for place in range(1, 5) %}
        (position(substring({{ hash }}, {{ place }}, 1) in '0123456789abcdef') - 1)
        * {{ 16 ** (4 - place) }}{{ ' +' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}
