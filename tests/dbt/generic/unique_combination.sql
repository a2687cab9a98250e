{#
    No two rows share the values of `columns`; nulls count as equal to each other, so that a key
    that is missing twice is seen.
#}
{% test unique_combination(model, columns) %}

select
    {{ columns | join(',\n    ') }},
    count(*) as row_count
from {{ model }}
group by
    {{ columns | join(',\n    ') }}
having count(*) > 1

{% endtest %}
