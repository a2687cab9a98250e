{#
    The version of each key that holds as of the run, of a feed whose rows are in the CTE `source`:
    the greatest `updated_at` that is not after the run's `as_of`; without one, or when equal, the
    later run; inside one run the more final status (pending comes last), then the greater row hash.
    The key is the contract's (`meta.key` of the source table). Keys with one version, nearly all
    of them, are never sorted.
#}
{% macro current_version(feed) %}
    {%- set as_of = as_of() -%}
    {%- set table = source_table('feeds', feed) -%}
    {%- set keys = table.config.meta.key if table else ['_row_hash'] -%}
    {%- set columns = table.columns if table else {} -%}
    select source.*
    from source
    left join (

        select
            ranked._batch_id,
            ranked._row_number,
            ranked._row_hash
        from (

            select
                versions._batch_id,
                versions._row_number,
                versions._row_hash,
                row_number() over (
                    partition by
                        {%- for key in keys %}
                        versions.{{ key }}{{ ',' if not loop.last }}
                        {%- endfor %}
                    order by
                        {%- if 'updated_at' in columns %}
                        versions.updated_at desc nulls last,
                        {%- endif %}
                        versions._run_sequence desc nulls last,
                        {{ pending_last('versions', columns) }} asc nulls last,
                        versions._row_hash desc nulls last,
                        versions._batch_id asc nulls last,
                        versions._row_number asc nulls last
                ) as version_rank
            from source as versions
            inner join (

                select
                    {%- for key in keys %}
                    counted.{{ key }}{{ ',' if not loop.last }}
                    {%- endfor %}
                from source as counted
                group by
                    {%- for key in keys %}
                    counted.{{ key }}{{ ',' if not loop.last }}
                    {%- endfor %}
                having count(*) > 1

            ) as contested
                on
                    {%- for key in keys %}
                    {{ 'and ' if not loop.first }}contested.{{ key }} = versions.{{ key }}
                    {%- endfor %}
            {%- if 'updated_at' in columns %}
            where versions.updated_at is null or versions.updated_at <= {{ as_of }}
            {%- endif %}

        ) as ranked
        where ranked.version_rank > 1

    ) as superseded
        on
            superseded._batch_id = source._batch_id
            and superseded._row_number = source._row_number
            and superseded._row_hash = source._row_hash
    where
        superseded._batch_id is null
        {%- if 'updated_at' in columns %}
        and (source.updated_at is null or source.updated_at <= {{ as_of }})
        {%- endif %}
{%- endmacro %}


{# 1 for a version that is not final yet, else 0. #}
{% macro pending_last(relation, columns) %}
    {%- set conditions = [] -%}
    {%- if 'status' in columns -%}
        {%- do conditions.append(relation ~ ".status = 'pending'") -%}
    {%- endif -%}
    {%- if 'entry_status' in columns -%}
        {%- do conditions.append(relation ~ ".entry_status = 'PDNG'") -%}
    {%- endif -%}
    {%- if conditions -%}
        case when {{ conditions | join(' or ') }} then 1 else 0 end
    {%- else -%}
        0
    {%- endif -%}
{% endmacro %}


{# The graph's entry of a source table; none while the project is being parsed. #}
{% macro source_table(source_name, table_name) %}
    {% if execute %}
        {% for table in graph.sources.values() %}
            {% if table.source_name == source_name and table.name == table_name %}
                {% do return(table) %}
            {% endif %}
        {% endfor %}
        {% do exceptions.raise_compiler_error(
            "there is no source " ~ source_name ~ "." ~ table_name ~ " in models/staging"
        ) %}
    {% endif %}
    {% do return(none) %}
{% endmacro %}
