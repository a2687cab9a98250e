{#
    In a copy of the project `keep` calls this before it changes a table: how many of the parts in which
    the real rule has found a difference a weaker one would have left stale, and how many were named
    by what was taken from it, by others too or not.
#}
{% macro watch(target, sql, kept, inputs, has_changed, is_whole) %}
    {%- set name = target.identifier -%}
    {%- do run_query(
        "insert into watched.computed select '" ~ name ~ "', " ~ is_whole
        ~ ', (select count(*) from fresh), (select count(*) from ' ~ target
        ~ '), (select count(*) from changes.' ~ name ~ ')'
    ) -%}
    {%- for input, condition in kept.get('of', {}).items() -%}
        {%- do read_less(name, 'of ' ~ input, sql, inputs, {input: condition}) -%}
        {%- for less in weaker_conditions(condition) -%}
            {%- do read_less(name, 'of ' ~ input ~ ', not ' ~ less[0], sql, inputs, {input: less[1]}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- set by = as_list(kept.get('by')) | join(', ') -%}
    {%- if by and not is_whole -%}
        {%- for weaker in weaker_rules().get(name, []) -%}
            {%- set taken = weaker.taken | replace("'", "''") -%}
            {%- if weaker.reads is defined -%}
                {%- set fewer = only_touched(sql, inputs, weaker.reads, as_list(kept.by)) -%}
                {%- set fewer = '(select * from (from fresh limit 0) union all by name (' ~ fewer ~ '))' -%}
                {%- do run_query(
                    "insert into watched.stale select '" ~ name ~ "', '" ~ taken ~ "', count(*), count(*) "
                    ~ 'from ((from fresh except all from ' ~ fewer ~ ') union all '
                    ~ '(from ' ~ fewer ~ ' except all from fresh))'
                ) -%}
            {%- else -%}
                {%- set answers = touching_answers(kept, inputs, has_changed) -%}
                {%- set weaker_kept = dict(kept, asked=weaker_answers(kept, weaker)) -%}
                {%- set less = touching_answers(
                    weaker_kept, inputs | rejectattr('name', 'equalto', weaker.untouched) | list, has_changed
                ) -%}
                {%- set changed = '(select distinct ' ~ by ~ ' from changes.' ~ name ~ ') as changed' -%}
                {%- set others = less | select('in', answers) | list -%}
                {%- set weakened = less | reject('in', answers) | list -%}
                {%- do run_query(
                    "insert into watched.stale select '" ~ name ~ "', '" ~ taken
                    ~ "', count(*) filter (not (is_weakly or is_otherwise)), count(*) filter (not is_weakly)"
                    ~ ' from (select exists (from ' ~ union_of(weakened, by) ~ ' as weakly where ('
                    ~ qualified('weakly', kept.by) ~ ') = (' ~ qualified('changed', kept.by)
                    ~ ')) as is_weakly, exists (from ' ~ union_of(others, by) ~ ' as otherwise where ('
                    ~ qualified('otherwise', kept.by) ~ ') = (' ~ qualified('changed', kept.by)
                    ~ ')) as is_otherwise from ' ~ changed ~ ' semi join ' ~ union_of(
                        answers | reject('in', less) | list, by
                    ) ~ ' as taken using (' ~ by ~ '))'
                ) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
{% endmacro %}


{# What touches parts, as `keep` puts it together. #}
{% macro touching_answers(kept, inputs, has_changed) %}
    {%- set touching = as_list(kept.get('asked')) | list -%}
    {%- for input in inputs if input.name in has_changed -%}
        {%- if input.name in kept.read and kept.read[input.name] is not mapping -%}
            {%- set values = [] -%}
            {%- for column in as_list(kept.read[input.name]) -%}
                {%- do values.append(key_column(column, 'changed.')) -%}
            {%- endfor -%}
            {%- do touching.append(
                'select ' ~ values | join(', ') ~ ' from changes.' ~ input.name ~ ' as changed'
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- do return(touching) -%}
{% endmacro %}


{# The parts that these answers name. #}
{% macro union_of(answers, by) %}
    {%- do return(
        '(select ' ~ by ~ ' from (from (\n' ~ (answers | join('\nunion all\n')) ~ '\n) as parts (' ~ by ~ ')))'
    ) if answers -%}
    {%- do return('(select ' ~ by ~ ' from fresh limit 0)') -%}
{% endmacro %}


{% macro qualified(relation, columns) %}
    {%- set names = [] -%}
    {%- for column in as_list(columns) -%}
        {%- do names.append(relation ~ '.' ~ column) -%}
    {%- endfor -%}
    {%- do return(names | join(', ')) -%}
{% endmacro %}


{# What a weaker rule asks; a feed's leaves out one of its two questions. #}
{% macro weaker_answers(kept, weaker) %}
    {%- if weaker.asks is defined -%}
        {%- do return(weaker.asks | list) -%}
    {%- elif weaker.taken == 'what has landed' -%}
        {%- do return([kept.asked | replace(' where ', ' where false and ')]) -%}
    {%- elif weaker.taken == 'what was for later' -%}
        {%- do return([kept.asked.split(' or ')[0]]) -%}
    {%- endif -%}
    {%- do return(as_list(kept.get('asked')) | list) -%}
{% endmacro %}


{# How many rows differ where a table that is computed whole reads of some inputs such rows alone. #}
{% macro read_less(name, told, sql, inputs, of) %}
    {%- set code = namespace(sql=sql) -%}
    {%- for input in inputs if input.name in of -%}
        {%- set code.sql = code.sql | replace(
            input.relation, '(select * from ' ~ input.relation ~ ' where ' ~ of[input.name] ~ ')'
        ) -%}
    {%- endfor -%}
    {%- set fewer = '(select * from (from fresh limit 0) union all by name (' ~ code.sql ~ '))' -%}
    {%- do run_query(
        "insert into watched.narrowed select '" ~ name ~ "', '" ~ told ~ "', count(*) "
        ~ 'from ((from fresh except all from ' ~ fewer ~ ') union all '
        ~ '(from ' ~ fewer ~ ' except all from fresh))'
    ) -%}
{% endmacro %}


{# A condition for which nothing holds, and such as lack one of several alternatives. #}
{% macro weaker_conditions(condition) %}
    {%- set found = [['anything', 'false']] -%}
    {%- set alternatives = [] -%}
    {%- set open = namespace(parts=[]) -%}
    {%- for part in condition.split(' or ') -%}
        {%- do open.parts.append(part) -%}
        {%- set joined = open.parts | join(' or ') -%}
        {%- if joined.count('(') == joined.count(')') -%}
            {%- do alternatives.append(joined) -%}
            {%- set open.parts = [] -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if alternatives | length > 1 -%}
        {%- for alternative in alternatives -%}
            {%- do found.append([
                'alternative ' ~ loop.index,
                alternatives | reject('equalto', alternative) | join(' or '),
            ]) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- do return(found) -%}
{% endmacro %}
