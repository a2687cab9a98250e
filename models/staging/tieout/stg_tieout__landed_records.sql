{{ config(materialized='view') }}

{#- Written from the contract: the key of a record as its item id, for every feed. -#}
{%- set feeds = [] -%}
{%- if execute -%}
    {%- for table in graph.sources.values() if table.source_name == 'feeds' -%}
        {%- do feeds.append(table) -%}
    {%- endfor -%}
{%- endif -%}
with

{% for table in feeds | sort(attribute='name') -%}
{%- set parts = [] -%}
{%- for column in table.config.meta.key -%}
    {%- set kind = table.columns[column].config.meta.kind -%}
    {%- do parts.append(
        iso_seconds('source.' ~ column) if kind == 'timestamp'
        else iso_date('source.' ~ column) if kind == 'date'
        else 'cast(source.' ~ column ~ ' as ' ~ dbt.type_string() ~ ')'
    ) -%}
{%- endfor -%}
{{ table.name }} as (

    select
        '{{ table.name }}' as feed,
        {{ item_id(parts) }} as record_key,
        source._batch_id as batch_id,
        source._row_number as row_number,
        source._row_hash as row_hash,
        source._run_sequence as run_sequence
    from {{ table.relation_name }} as source

),

{% endfor -%}
final as (

    {% for table in feeds | sort(attribute='name') -%}
    select * from {{ table.name }}
    {{- '\n    union all\n    ' if not loop.last }}
    {%- else -%}
    select
        cast(null as {{ dbt.type_string() }}) as feed,
        cast(null as {{ dbt.type_string() }}) as record_key,
        cast(null as {{ dbt.type_string() }}) as batch_id,
        cast(null as bigint) as row_number,
        cast(null as {{ dbt.type_string() }}) as row_hash,
        cast(null as bigint) as run_sequence
    {%- endfor %}

)

select * from final
