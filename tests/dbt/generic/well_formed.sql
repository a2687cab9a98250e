{#
    What every row of a table must be: one test of a table instead of one for each column. `failure`
    says what a row breaks; beside it stand the columns that tell the row.

    key           no two rows share these columns (empty values count as equal to each other), and
                  none of them is empty
    may_be_empty  columns of the key that may be
    filled        further columns that are never empty
    values        column: the values that it may have, where it has one; texts, so YAML's own words
                  (true, false, null, numbers) stand in quotes
    between       column: the least and the most that it may be, where it is anything; without the
                  most, it has none
#}
{% test well_formed(model, key=[], may_be_empty=[], filled=[], values={}, between={}) %}

{%- set telling = key or filled %}
{%- for column, allowed in values.items() %}
    {%- for value in allowed if value is not string %}
        {%- do exceptions.raise_compiler_error(
            model ~ ': the value ' ~ value ~ ' of ' ~ column ~ ' is no text; put it in quotes.'
        ) %}
    {%- endfor %}
{%- endfor %}
with judged as (
    select
        {{ telling | join(',\n        ') }},
        case
            {%- for column in key + filled if column not in may_be_empty %}
            when {{ column }} is null then '{{ column }} is empty'
            {%- endfor %}
            {%- for column, allowed in values.items() %}
            when {{ column }} not in ('{{ allowed | join("', '") }}')
                then {{ dbt.concat(["'" ~ column ~ " is '", column]) }}
            {%- endfor %}
            {%- for column, ends in between.items() %}
            when
                {{ column }} < {{ ends[0] }}
                {%- if ends | length > 1 %} or {{ column }} > {{ ends[1] }}{% endif %}
                then {{ dbt.concat(["'" ~ column ~ " is '", dbt.safe_cast(column, dbt.type_string())]) }}
            {%- endfor %}
            when false then '' -- where nothing is asked of single rows
        end as failure
    from {{ model }}
)

select
    failure,
    {{ telling | join(',\n    ') }}
from judged
where failure is not null
{%- if key %}
union all
select
    'more than one row has this key' as failure,
    {{ key | join(',\n    ') }}
from judged
group by
    {{ key | join(',\n    ') }}
having count(*) > 1
{%- endif %}

{% endtest %}
