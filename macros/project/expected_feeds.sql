{#
    How many hours a feed may bring nothing, one row per feed: `error_after` of the freshness that
    the contract of the feeds states, begun hours counted whole. The graph is empty while the project
    is being parsed.
#}
{% macro expected_feeds() %}
    {%- set minutes = {'minute': 1, 'hour': 60, 'day': 1440} -%}
    select
        cast(null as {{ dbt.type_string() }}) as record_feed,
        cast(null as bigint) as silent_after_hours
    where false
    {%- set tables = graph.sources.values() | sort(attribute='name') if execute else [] %}
    {%- for table in tables %}
    {%- set late = table.freshness.error_after if table.freshness else none %}
    {%- if table.source_name == 'feeds' and late and late['count'] %}
    union all
    select
        '{{ table.name }}' as record_feed,
        cast({{ (late['count'] * minutes[late['period'] | string] + 59) // 60 }} as bigint)
            as silent_after_hours
    {%- endif %}
    {%- endfor %}
{%- endmacro %}
