{#
    Brings a kept table to what its model's SQL would give, had it been computed from nothing.

    `kept` is what the model says under `meta.kept` (its YAML; a wave, in `settle`):

    - feed: true for a model that stages the records of one feed, part by part its key.
    - by: the columns that name a part of the table: all rows of a part follow from the parts of the
      inputs that `read` names, and from nothing else that changes. Without it, the table is computed
      whole and compared with what it was.
    - read: input, and its columns that hold the values of `by`. Only touched parts are read of it,
      and a row of it that came or went touches its part. A column may be a constant or
      `item_id(column, ...)`. Where a part needs more rows than its own:
      SQL that gives the values to read, of that column, from `touched`; which parts a change of such
      an input touches is then said under `asked`.
    - looked_up: inputs that may be read whole; which parts a change of them touches is said under
      `asked`.
    - asked: SQL that gives further touched parts.
    - of: of a table that is computed whole, input and a condition: only changes of rows for which it
      holds are a reason to compute it again. The condition may ask other inputs of the model, whose
      changes are a reason by themselves.
    - appended_by: a column of the model and of its one input that only grows: what lies beyond the
      greatest value is added, and nothing else ever changes.

    A change of any other input touches everything. `changes.<model>` holds what went and what came in
    this run, and as its comment the columns of a part (none: only added to; null: compared whole).
    `changes.last_run` is the context of the run that left the warehouse as it was.
#}
{% macro keep(target, sql, kept) %}
    {%- set kept = kept_of_feed() if kept.get('feed') else kept -%}
    {%- set by = as_list(kept.get('by')) -%}
    {%- set key = '(' ~ by | join(', ') ~ ')' -%}
    {%- set read = kept.get('read', {}) -%}
    {%- set inputs = kept_inputs(kept) -%}
    {%- set telling = inputs | selectattr('tells') | map(attribute='name') | list -%}
    {%- set has_changed = changed_tables([target.identifier] + telling, kept.get('of', {})) -%}
    {%- set plan = namespace(is_whole=(by == []), is_idle=false, sql=sql) -%}
    {%- if kept.get('appended_by') -%}
        {%- set plan.is_whole = false -%}
        {%- set plan.sql = only_beyond(plan.sql, inputs, target, kept.appended_by) -%}
    {%- elif by == [] -%}
        {%- set plan.is_idle = not (
            inputs | rejectattr('tells') | list
            or telling | select('in', has_changed) | list
            or has_time_passed(sql)
        ) -%}
    {%- else -%}
        {%- set touched = find_touched(kept, inputs, has_changed) -%}
        {%- set plan.is_whole = touched == 'all' -%}
        {%- set plan.is_idle = touched == 'none' -%}
        {%- if touched == 'some' -%}
            {%- set plan.sql = only_touched(plan.sql, inputs, read, by) -%}
        {%- endif -%}
    {%- endif -%}
    {%- if plan.is_idle -%}
        {%- if target.identifier in has_changed -%}
            {%- do forget_changes(target) -%}
        {%- endif -%}
        {%- call statement('main') -%} select 0 {%- endcall -%}
    {%- else -%}
        {%- call statement('main') -%}
            create or replace temp table fresh as from {{ target }} limit 0;
            insert into fresh by name (
                {{ plan.sql }}
            )
        {%- endcall -%}
        {%- set stale = target -%}
        {%- if kept.get('appended_by') -%}
            {%- set stale = '(from ' ~ target ~ ' limit 0)' -%}
        {%- elif not plan.is_whole -%}
            {%- set stale = '(select * exclude (stale_row) from stale)' -%}
            {%- do carry_out([
                'create or replace temp table stale as '
                ~ rows_of(target, 'semi join touched using ' ~ key, '*, rowid as stale_row')
            ]) -%}
        {%- endif -%}
        {%- set is_changed = write_changes(target, stale, none if plan.is_whole else by) -%}
        {%- if is_changed and plan.is_whole -%}
            {%- if not has_changes_written(target) -%}
                {%- do carry_out(['truncate ' ~ target, 'insert into ' ~ target ~ ' from fresh']) -%}
            {%- endif -%}
        {%- elif is_changed and kept.get('appended_by') -%}
            {%- do carry_out(['insert into ' ~ target ~ ' from fresh']) -%}
        {%- elif is_changed -%}
            {%- set changed = ' where ' ~ key ~ ' in (select ' ~ key ~ ' from changes.' ~ target.identifier ~ ')' -%}
            {%- do carry_out([
                'delete from ' ~ target ~ ' where rowid in (select stale_row from stale' ~ changed ~ ')',
                'insert into ' ~ target ~ ' from fresh' ~ changed,
            ]) -%}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}


{#
    Which parts the changes of this run touch: `all`, `none`, or `some`, which are in the table `touched`
    then.
#}
{% macro find_touched(kept, inputs, has_changed) %}
    {%- set by = as_list(kept.by) -%}
    {%- set read = kept.get('read', {}) -%}
    {%- set touching = as_list(kept.get('asked')) | list -%}
    {%- for input in inputs if input.name in has_changed -%}
        {%- if input.name not in read and input.name not in as_list(kept.get('looked_up')) -%}
            {%- do return('all') -%}
        {%- elif input.name in read and read[input.name] is not mapping -%}
            {%- set values = [] -%}
            {%- for column in as_list(read[input.name]) -%}
                {%- do values.append(key_column(column, 'changed.')) -%}
            {%- endfor -%}
            {%- do touching.append(
                'select ' ~ values | join(', ') ~ ' from changes.' ~ input.name ~ ' as changed'
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if not touching -%}
        {%- do return('none') -%}
    {%- endif -%}
    {%- set is_any = run_query(
        'create or replace temp table touched as select distinct * from (\n'
        ~ touching | join('\nunion all\n') ~ '\n) as parts (' ~ by | join(', ') ~ ')'
        ~ ' where ' ~ by[0] ~ ' is not null; select exists (from touched)'
    ).rows[0][0] -%}
    {%- do return('some' if is_any else 'none') -%}
{% endmacro %}


{#
    What a kept model reads that may differ from run to run: `name`, `relation`, and whether it `tells`
    its changes. Seeds are as they were when the warehouse was new, and the context of the run is never
    the reason of a change: what time alone changes is said under `asked`.
#}
{% macro kept_inputs(kept) %}
    {%- set inputs = [] -%}
    {%- set kept = kept_of_feed() if kept.get('feed') else kept -%}
    {%- set answered = kept.get('read', {}).keys() | list + as_list(kept.get('looked_up')) -%}
    {%- for id in model.depends_on.nodes if not id.startswith('seed.') -%}
        {%- set node = graph.nodes[id] if id in graph.nodes else graph.sources[id] -%}
        {%- set tells = node.config.get('materialized') == 'table' and node.config.meta.get('kept') is not none -%}
        {%- if node.name != 'stg_tieout__run_context' -%}
            {%- if kept.get('by') and not tells and not (node.name in answered and kept.get('asked')) -%}
                {%- do exceptions.raise_compiler_error(
                    model.name ~ ' is kept, but reads ' ~ node.name ~ ', which does not tell what has '
                    ~ 'changed in it. Keep that one too (`kept: {}` compares all of it), or name it '
                    ~ 'under `read` or `looked_up` and say under `asked` what its changes touch.'
                ) -%}
            {%- endif -%}
            {%- do inputs.append(
                {'name': node.name, 'relation': node.relation_name, 'tells': tells}
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for name in answered + kept.get('of', {}).keys() | list if name not in inputs | map(attribute='name') -%}
        {%- do exceptions.raise_compiler_error(
            model.name ~ ' says under `kept` how it reads ' ~ name ~ ', and does not read it.'
        ) -%}
    {%- endfor -%}
    {%- do return(inputs) -%}
{% endmacro %}


{#
    How the records of a feed are kept: a key is touched by each row that landed since the last run,
    and by a version whose time has come.
#}
{% macro kept_of_feed() %}
    {%- set source = graph.sources[
        model.depends_on.nodes | select('in', graph.sources.keys() | list) | first
    ] -%}
    {%- set meta = source.config.meta -%}
    {%- set asked = 'select ' ~ meta.key | join(', ') ~ ' from ' ~ source.relation_name
        ~ ' where _run_sequence > (select run_sequence from changes.last_run)' -%}
    {%- if meta.get('version_column') -%}
        {%- set asked = asked ~ ' or ' ~ meta.version_column ~ ' > (select as_of from changes.last_run)' -%}
    {%- endif -%}
    {%- do return({'by': meta.key, 'read': {source.name: meta.key}, 'asked': asked}) -%}
{% endmacro %}


{#
    Of kept tables, the names of those in which something came or went in this run, if need be of rows
    for which a condition holds.
#}
{% macro changed_tables(names, of={}) %}
    {%- set questions = [] -%}
    {%- for name in names -%}
        {%- set condition = ' where ' ~ of[name] if name in of else '' -%}
        {%- do questions.append(
            "select '" ~ name ~ "' where exists (from changes." ~ name ~ condition ~ ')'
        ) -%}
    {%- endfor -%}
    {%- do return(run_query(questions | join(' union all ')).columns[0].values() | list) -%}
{% endmacro %}


{#
    Whether a model may say something else than in the last run because it is later now: one that asks
    for the day alone does so on another day. The reporting currency is that of the whole warehouse.
#}
{% macro has_time_passed(sql) %}
    {%- set context = '\\(\\s*select max\\(run_context\\.%s\\)\\s+from \\S+ as run_context\\s*\\)' -%}
    {%- set days = 'cast\\(' ~ context % 'as_of' ~ '\\s+as date\\)' -%}
    {%- set rest = modules.re.sub(days, '', modules.re.sub(context % 'reporting_currency', '', sql)) -%}
    {%- if 'stg_tieout__run_context' in rest -%}
        {%- do return(true) -%}
    {%- elif not modules.re.search(days, sql) -%}
        {%- do return(false) -%}
    {%- endif -%}
    {%- set day = modules.re.search(days, sql).group() -%}
    {%- do return(
        run_query('select cast(as_of as date) is distinct from ' ~ day ~ ' from changes.last_run').rows[0][0]
    ) -%}
{% endmacro %}


{# No row of it has changed. #}
{% macro forget_changes(target) %}
    {%- do carry_out([
        'create or replace table changes.' ~ target.identifier ~ " as select *, '' as change from "
        ~ target ~ ' limit 0'
    ]) -%}
{% endmacro %}


{#
    What went of the rows `stale`, and what came with those in the table `fresh`; returns whether
    anything did. Rows are compared by their hashes, as publications compare them, and by how often
    they are there. `by` are the columns of a part, by which publications are brought up to date, or
    none.
#}
{% macro write_changes(target, stale, by) %}
    {%- set changes = 'changes.' ~ target.identifier -%}
    {%- set differing = 'with differing as materialized (select row_hash from ('
        ~ 'select hash(t) as row_hash, 1 as copies from fresh as t union all '
        ~ 'select hash(t) as row_hash, -1 as copies from ' ~ stale ~ ' as t'
        ~ ') group by row_hash having sum(copies) <> 0) ' -%}
    {%- set differences = [] -%}
    {%- for change, rows in [('went', stale), ('came', 'fresh')] -%}
        {%- do differences.append(
            "select *, '" ~ change ~ "' as change from " ~ rows ~ ' as t where hash(t) in (from differing)'
        ) -%}
    {%- endfor -%}
    {%- set statements = [
        'create or replace table ' ~ changes ~ ' as ' ~ differing ~ differences | join(' union all '),
        'select exists (from ' ~ changes ~ ')',
    ] -%}
    {%- if by is not none -%}
        {%- do statements.insert(1, 'comment on table ' ~ changes ~ " is '" ~ by | join(', ') ~ "'") -%}
    {%- endif -%}
    {%- do return(run_query(statements | join('; ')).rows[0][0]) -%}
{% endmacro %}


{#
    Makes of a large table that was compared what `fresh` holds, by what went and came: that is a
    quarter of the work of writing it anew. False where it is small, where much has changed, and where
    rows that are there more than once make a difference that their hashes do not tell.
#}
{% macro has_changes_written(target) %}
    {%- set changes = 'changes.' ~ target.identifier -%}
    {%- set is_worth_it = run_query(
        'select greatest(1000, 5 * (select count(*) from ' ~ changes ~ ')) < (select count(*) from fresh)'
    ).rows[0][0] -%}
    {%- if not is_worth_it -%}
        {%- do return(false) -%}
    {%- endif -%}
    {%- do carry_out([
        'delete from ' ~ target ~ ' as t where hash(t) in (select hash(t) from (select * exclude (change) from '
        ~ changes ~ " where change = 'went') as t)",
        'insert into ' ~ target ~ ' select * exclude (change) from ' ~ changes ~ " where change = 'came'",
    ]) -%}
    {%- set sums = "select (count(*), sum(hash(t))) from " -%}
    {%- do return(run_query(
        'select (' ~ sums ~ target ~ ' as t) is not distinct from (' ~ sums ~ 'fresh as t)'
    ).rows[0][0]) -%}
{% endmacro %}


{#
    Has the engine carry out statements in one call, and reads nothing back: reading takes dbt longer
    than most of these statements take the engine.
#}
{% macro carry_out(statements) %}
    {%- do adapter.execute(statements | join('; '), auto_begin=false, fetch=false) -%}
{% endmacro %}


{# A model's SQL over the touched parts of its inputs, giving the touched parts of the model. #}
{% macro only_touched(sql, inputs, read, by) %}
    {%- set code = namespace(sql=sql) -%}
    {%- for input in inputs if input.name in read -%}
        {%- set columns = read[input.name] -%}
        {%- if columns is mapping -%}
            {%- set conditions = [] -%}
            {%- for column, values in columns.items() -%}
                {%- do conditions.append('kept_input.' ~ column ~ ' in (' ~ values ~ ')') -%}
            {%- endfor -%}
            {%- set part = 'where ' ~ conditions | join(' or ') -%}
        {%- else -%}
            {%- set equalities = [] -%}
            {%- for column in as_list(columns) -%}
                {%- do equalities.append(
                    key_column(column, 'kept_input.') ~ ' = touched.' ~ by[loop.index0]
                ) -%}
            {%- endfor -%}
            {%- set part = 'semi join touched on ' ~ equalities | join(' and ') -%}
        {%- endif -%}
        {%- set rows = rows_of(input.relation, part) if input.tells
            else 'select * from ' ~ input.relation ~ ' as kept_input ' ~ part -%}
        {%- set code.sql = code.sql | replace(input.relation, '(' ~ rows ~ ')') -%}
    {%- endfor -%}
    {%- do return(
        'select * from (\n' ~ code.sql ~ '\n) as computed semi join touched using ('
        ~ by | join(', ') ~ ')'
    ) -%}
{% endmacro %}


{#
    The rows of a table that a join or a condition chooses by few columns: these are read of the whole
    table, and the others of the chosen rows alone (a semi join would read all columns of all rows).
    For that DuckDB takes as many row ids into the scan as `dynamic_or_filter_threshold` in
    profiles.yml allows; of more it reads all.
#}
{% macro rows_of(table, chosen, columns='*') %}
    {%- do return(
        'select ' ~ columns ~ ' from ' ~ table ~ ' where rowid in (select kept_input.rowid from ' ~ table
        ~ ' as kept_input ' ~ chosen ~ ')'
    ) -%}
{% endmacro %}


{# What `read` calls a column, in SQL: a column, a constant, or the item id of columns. #}
{% macro key_column(column, prefix) %}
    {%- if column.startswith("'") -%}
        {%- do return(column) -%}
    {%- elif column.startswith('item_id(') -%}
        {%- set parts = [] -%}
        {%- for part in column[8:-1].split(', ') -%}
            {%- do parts.append(prefix ~ part) -%}
        {%- endfor -%}
        {%- do return(item_id(parts)) -%}
    {%- endif -%}
    {%- do return(prefix ~ column) -%}
{% endmacro %}


{# A model's SQL over those rows of its inputs that lie beyond what the table holds. #}
{% macro only_beyond(sql, inputs, target, column) %}
    {%- set code = namespace(sql=sql) -%}
    {%- for input in inputs -%}
        {%- set code.sql = code.sql | replace(
            input.relation,
            '(select * from ' ~ input.relation ~ ' as kept_input where kept_input.' ~ column
            ~ ' > coalesce((select max(' ~ column ~ ') from ' ~ target ~ '), 0))'
        ) -%}
    {%- endfor -%}
    {%- do return(code.sql) -%}
{% endmacro %}


{# A value, a list of values, or none, as a list. #}
{% macro as_list(values) %}
    {%- if values is none or values is undefined -%}
        {%- do return([]) -%}
    {%- endif -%}
    {%- do return([values] if values is string else values | list) -%}
{% endmacro %}
