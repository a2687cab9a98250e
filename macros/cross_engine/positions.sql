{#
    Join clause that turns each element of a list into a row with its position (ascending, the first
    one is least). from texts {{ unnest_positions('texts.words', 'words', 'word', 'position') }}
#}
{% macro unnest_positions(list, relation, column, position) -%}
    {{ return(adapter.dispatch('unnest_positions')(list, relation, column, position)) }}
{%- endmacro %}

{# DuckDB: both unnests of one select list run in step. #}
{% macro duckdb__unnest_positions(list, relation, column, position) -%}
    cross join lateral (
        select
            unnest({{ list }}) as {{ column }},
            unnest(range(len({{ list }}))) as {{ position }}
    ) as {{ relation }}
{%- endmacro %}

{# Spark. #}
{% macro spark__unnest_positions(list, relation, column, position) -%}
    lateral view posexplode({{ list }}) {{ relation }} as {{ position }}, {{ column }}
{%- endmacro %}


{#
    A relation with a row for each element of a column that holds a JSON array of flat objects; a null
    array drops the row. The element's members are texts:
    select decisions.actor, decisions.item.item_id
    from {{ with_json_elements('decisions', 'items', 'item', ['item_type', 'item_id']) }}
#}
{% macro with_json_elements(relation, column, element, fields) -%}
    {{ return(adapter.dispatch('with_json_elements')(relation, column, element, fields)) }}
{%- endmacro %}

{# DuckDB: a struct per element; a lateral join would look for equal arrays first. #}
{% macro duckdb__with_json_elements(relation, column, element, fields) -%}
    {%- set members = [] -%}
    {%- for field in fields -%}{%- do members.append('"' ~ field ~ '":"VARCHAR"') -%}{%- endfor -%}
    (
        select
            {{ relation }}.*,
            unnest(from_json({{ relation }}.{{ column }}, '[{ {{- members | join(',') -}} }]'))
                as {{ element }}
        from {{ relation }}
    ) as {{ relation }}
{%- endmacro %}

{# Spark. #}
{% macro spark__with_json_elements(relation, column, element, fields) -%}
    (
        select
            {{ relation }}.*,
            explode(
                from_json(
                    {{ relation }}.{{ column }}, 'array<struct<{{ fields | join(':string,') }}:string>>'
                )
            ) as {{ element }}
        from {{ relation }}
    ) as {{ relation }}
{%- endmacro %}


{#
    A relation with the members of a JSON object that a column holds, as texts; each is null where the
    object lacks it. One reading of the object serves all members.
    select entries.said.rule_id from {{ with_json_members('entries', 'payload', 'said', ['rule_id']) }}
#}
{% macro with_json_members(relation, column, element, fields) -%}
    {{ return(adapter.dispatch('with_json_members')(relation, column, element, fields)) }}
{%- endmacro %}

{# DuckDB raises on malformed JSON. #}
{% macro duckdb__with_json_members(relation, column, element, fields) -%}
    {%- set members = [] -%}
    {%- for field in fields -%}{%- do members.append('"' ~ field ~ '":"VARCHAR"') -%}{%- endfor -%}
    (
        select
            {{ relation }}.*,
            from_json({{ relation }}.{{ column }}, '{ {{- members | join(',') -}} }') as {{ element }}
        from {{ relation }}
    ) as {{ relation }}
{%- endmacro %}

{# Spark gives nulls for malformed JSON. #}
{% macro spark__with_json_members(relation, column, element, fields) -%}
    (
        select
            {{ relation }}.*,
            from_json(
                {{ relation }}.{{ column }}, 'struct<{{ fields | join(':string,') }}:string>'
            ) as {{ element }}
        from {{ relation }}
    ) as {{ relation }}
{%- endmacro %}


{#
    Latin letters with diacritics as plain letters, of an upper-case text; others stay. Umlauts, æ, œ, ß
    and þ become two letters. Cyrillic and Greek letters become Latin ones, so that a name in them is
    not empty, and equal to every other. Marks that follow their letter (decomposed Unicode) are
    dropped. Nearly all texts have plain letters alone, and are left as they are.
#}
{% macro fold_accents(expression) -%}
    {%- set plain = {
        'A': 'ÀÁÂÃÅĀĂĄ', 'C': 'ÇĆĈĊČ', 'D': 'ĎĐÐ', 'E': 'ÈÉÊËĒĔĖĘĚ', 'G': 'ĜĞĠĢ', 'H': 'ĤĦ',
        'I': 'ÌÍÎÏĨĪĬĮİ', 'J': 'Ĵ', 'K': 'Ķ', 'L': 'ĹĻĽŁ', 'N': 'ÑŃŅŇ', 'O': 'ÒÓÔÕØŌŎŐ', 'R': 'ŔŖŘ',
        'S': 'ŚŜŞŠȘ', 'T': 'ŢŤŦȚ', 'U': 'ÙÚÛŨŪŬŮŰŲ', 'W': 'Ŵ', 'Y': 'ÝŶŸ', 'Z': 'ŹŻŽ',
    } -%}
    {%- set other_scripts = {
        'A': 'АΑΆ', 'B': 'Б', 'V': 'ВΒ', 'G': 'ГҐΓ', 'D': 'ДΔ', 'E': 'ЕЁЭЄΕΈ', 'Z': 'ЗΖ',
        'I': 'ИЙІЇΗΉΙΊΪ', 'K': 'КΚ', 'L': 'ЛΛ', 'M': 'МΜ', 'N': 'НΝ', 'O': 'ОΟΌΩΏ', 'P': 'ПΠ',
        'R': 'РΡ', 'S': 'СΣς', 'T': 'ТΤ', 'U': 'У', 'F': 'ФΦ', 'Y': 'ЫΥΎΫ', 'X': 'Ξ',
    } -%}
    {%- set folded = namespace(accented='', letters='') -%}
    {%- for letter, accented in plain.items() | list + other_scripts.items() | list -%}
        {%- set folded.accented = folded.accented ~ accented -%}
        {%- set folded.letters = folded.letters ~ letter * (accented | length) -%}
    {%- endfor -%}
    {%- set marks = "\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u030a\u030b\u030c\u0327\u0328" -%}
    {%- set text = namespace(
        sql="translate(" ~ expression ~ ", '" ~ folded.accented ~ marks ~ "', '" ~ folded.letters ~ "')"
    ) -%}
    {%- for letter, letters in [
        ('Ä', 'AE'), ('Ö', 'OE'), ('Ü', 'UE'), ('Æ', 'AE'), ('Œ', 'OE'), ('ẞ', 'SS'), ('ß', 'SS'),
        ('Þ', 'TH'), ('Ж', 'ZH'), ('Х', 'KH'), ('Ц', 'TS'), ('Ч', 'CH'), ('Ш', 'SH'), ('Щ', 'SHCH'),
        ('Ю', 'YU'), ('Я', 'YA'), ('Ъ', ''), ('Ь', ''), ('Θ', 'TH'), ('Χ', 'CH'), ('Ψ', 'PS')
    ] -%}
        {%- set text.sql = "replace(" ~ text.sql ~ ", '" ~ letter ~ "', '" ~ letters ~ "')" -%}
    {%- endfor -%}
    case when {{ regex_matches(expression, '[^ -~]') }} then {{ text.sql }} else {{ expression }} end
{%- endmacro %}
