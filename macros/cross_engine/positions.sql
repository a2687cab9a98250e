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
    Latin letters with diacritics as plain letters, of an upper-case text; others stay. Umlauts, æ, œ, ß
    and þ become two letters. Cyrillic and Greek letters become Latin ones, so that a name in them is
    not empty, and equal to every other. Marks that follow their letter (decomposed Unicode) are
    dropped. Nearly all texts have plain letters alone, of a byte each, and are left as they are.
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
    case when bit_length({{ expression }}) > 8 * length({{ expression }}) then {{ text.sql }} else {{ expression }} end
{%- endmacro %}
