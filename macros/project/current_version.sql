{#
    The version of each key that holds as of the run, of a feed whose rows are in the CTE `source`:
    the greatest `updated_at` that is not after the run's `as_of` (where all are after it, the first
    of them: the record is older than what is known of it); without one, or when equal, the later
    run; inside one run the more final status (pending comes last), then the greater row hash.
    Key, version and status columns are the contract's (`meta` of the source table). Keys with one
    version, nearly all of them, are never sorted.
#}
{% macro current_version(feed) %}
    {%- set as_of = as_of() -%}
    {%- set meta = source_table('feeds', feed).config.meta if execute else {'key': []} -%}
    {%- set keys = meta.key -%}
    {%- set version = meta.get('version_column') -%}
    {%- set status = meta.get('status_column') -%}
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
                        {%- if version %}
                        case when versions.{{ version }} > {{ as_of }} then 1 else 0 end
                            asc nulls last,
                        case when versions.{{ version }} > {{ as_of }} then versions.{{ version }} end
                            asc nulls last,
                        versions.{{ version }} desc nulls last,
                        {%- endif %}
                        versions._run_sequence desc nulls last,
                        {%- if status %}
                        case
                            when versions.{{ status }} in ('{{ meta.pending_values | join("', '") }}') then 1
                            else 0
                        end asc nulls last,
                        {%- endif %}
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

        ) as ranked
        where ranked.version_rank > 1

    ) as superseded
        on
            superseded._batch_id = source._batch_id
            and superseded._row_number = source._row_number
            and superseded._row_hash = source._row_hash
    where
        superseded._batch_id is null
{%- endmacro %}


{# The graph's entry of a source table. The graph is empty while the project is being parsed. #}
{% macro source_table(source_name, table_name) %}
    {% for table in graph.sources.values() %}
        {% if table.source_name == source_name and table.name == table_name %}
            {% do return(table) %}
        {% endif %}
    {% endfor %}
    {% do exceptions.raise_compiler_error(
        "there is no source " ~ source_name ~ "." ~ table_name ~ " in models/staging"
    ) %}
{% endmacro %}
