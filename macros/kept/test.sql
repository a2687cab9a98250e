{#
    DuckDB: a data test in a run asks about what has changed. Its other findings would follow from rows
    that the last run has tested, with the same code: where a test fails, a run leaves nothing. Any
    other call of a test (`tieout dbt test`), and the run that makes a warehouse, asks about all rows.

    `well_formed` asks a kept table about keys that changed. Other tests say under `meta.kept`, in the
    words of `keep`, which of the rows that they find, a part, follow from which rows of what they
    read; one that does not say it is asked whole.
#}
{% materialization test, adapter='duckdb' %}
    {%- set kept = config.get('meta', {}).get('kept') -%}
    {%- set is_of_keys = model.get('test_metadata', {}).get('name') == 'well_formed' -%}
    {%- if not (kept or is_of_keys) or should_store_failures() or not is_on_last_run() -%}
        {{ return(dbt.materialization_test_default()) }}
    {%- endif -%}
    {%- set asked = of_changed_keys(sql) if is_of_keys else of_touched(sql, kept) -%}
    {%- call statement('main', fetch_result=True) -%}
        {{ get_test_sql(
            get_limit_subquery_sql(asked, config.get('limit')),
            config.get('fail_calc'), config.get('warn_if'), config.get('error_if'), limit=none
        ) }}
    {%- endcall -%}
    {{ return({'relations': []}) }}
{% endmaterialization %}


{# The SQL of `well_formed` over the rows of a kept table whose keys changed; empty keys are equal. #}
{% macro of_changed_keys(sql) %}
    {%- set inputs = kept_inputs({}) -%}
    {%- set code = namespace(sql=sql) -%}
    {%- set key = model.test_metadata.kwargs.get('key') or [] -%}
    {%- for input in inputs if input.tells -%}
        {%- set changed = '(select * exclude (change) from changes.' ~ input.name ~ " where change = 'came')" -%}
        {%- set equalities = [] -%}
        {%- for column in key -%}
            {%- do equalities.append('kept_input.' ~ column ~ ' is not distinct from changed.' ~ column) -%}
        {%- endfor -%}
        {%- if key -%}
            {%- set chosen = 'semi join ' ~ changed ~ ' as changed on ' ~ equalities | join(' and ') -%}
            {%- set changed = '(' ~ rows_of(input.relation, chosen) ~ ')' -%}
        {%- endif -%}
        {%- set code.sql = code.sql | replace(input.relation, changed) -%}
    {%- endfor -%}
    {%- do return(code.sql) -%}
{% endmacro %}


{# The SQL of a test over touched parts. #}
{% macro of_touched(sql, kept) %}
    {%- set inputs = kept_inputs(kept) -%}
    {%- set has_changed = changed_tables(inputs | selectattr('tells') | map(attribute='name') | list) -%}
    {%- set touched = find_touched(kept, inputs, has_changed) -%}
    {%- if touched == 'none' -%}
        {%- do return('select 1 as nothing where false') -%}
    {%- elif touched == 'some' -%}
        {%- do return(only_touched(sql, inputs, kept.get('read', {}), as_list(kept.by))) -%}
    {%- endif -%}
    {%- do return(sql) -%}
{% endmacro %}
