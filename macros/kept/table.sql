{#
    DuckDB: how a model becomes a table. One that says under `meta.kept` which of its rows follow from
    which rows of its inputs is kept from run to run, and only what something new touches is computed
    again ("Kept tables" in DECISIONS.md). Every other one, and a kept one in a new warehouse, is
    written whole and in place: a build that does not end well is undone as a whole
    (`orchestration/warehouse.py`).
#}
{% materialization table, adapter='duckdb' %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set target = this.incorporate(type='table') -%}
    {%- set kept = config.get('meta', {}).get('kept') -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- if kept is not none and existing is not none and existing.is_table and changes_are_told() -%}
        {%- do keep(target, compiled_code, kept) -%}
    {%- else -%}
        {%- if existing is not none -%}
            {%- do run_query('drop ' ~ existing.type ~ ' ' ~ existing) -%}
        {%- endif -%}
        {%- call statement('main') -%}
            {{ create_table_as(False, target, compiled_code) }}
        {%- endcall -%}
        {%- if kept is not none -%}
            {%- do kept_inputs(kept) -%}
            {%- do forget_changes(target) -%}
        {%- endif -%}
    {%- endif -%}
    {%- do create_indexes(target) -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do persist_docs(target, model) -%}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}


{#
    Whether tables tell each other what has changed: in a run, which builds all of them, on what a whole
    run has left. Any other build may leave out a reader of what it changes, so the run after it
    computes all tables whole.
#}
{% macro changes_are_told() %}
    {%- if is_on_last_run() -%}
        {%- do return(true) -%}
    {%- endif -%}
    {%- if not is_run() -%}
        {%- do run_query('drop table if exists changes.last_run') -%}
    {%- endif -%}
    {%- do return(false) -%}
{% endmacro %}


{# Whether a run builds on what a whole run has left. #}
{% macro is_on_last_run() %}
    {%- do return(
        is_run() and adapter.get_relation(this.database, 'changes', 'last_run') is not none
    ) -%}
{% endmacro %}


{# Whether this call is one of the two builds of a run. #}
{% macro is_run() %}
    {%- set selector = invocation_args_dict.get('selector') or '' -%}
    {%- do return(selector.split('_')[1:2] == ['seal'] and not should_full_refresh()) -%}
{% endmacro %}


{#
    What ends a run: of the changes that its tables told each other, those of marts stay for the
    publication. To write the others into the file would cost as much as to write the tables.
#}
{% macro empty_passed_changes() %}
    {%- if execute and target.type == 'duckdb' and invocation_args_dict.get('selector') == 'after_seal' -%}
        {%- set passed = run_query(
            "select table_name from duckdb_tables() where database_name = '" ~ target.database
            ~ "' and schema_name = 'changes' and estimated_size > 0 and table_name <> 'last_run' "
            ~ "and table_name not in (select t.table_name from duckdb_tables() as t "
            ~ "where t.database_name = '" ~ target.database ~ "' and t.schema_name = 'marts')"
        ).columns[0].values() -%}
        {%- set statements = [] -%}
        {%- for name in passed -%}
            {%- do statements.append('truncate changes.' ~ name) -%}
        {%- endfor -%}
        {%- if statements -%}
            {%- do carry_out(statements) -%}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}
