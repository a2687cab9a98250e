{#
    Text. Patterns are the common part of RE2 and Java: no look-around, `[0-9]` instead of
    backslash classes, and no backslash at all, because Spark reads one in a literal as an escape.
#}

{# Lower-case hex SHA-256 of a text in UTF-8. #}
{% macro sha256_hex(expression) -%}
    {{ return(adapter.dispatch('sha256_hex')(expression)) }}
{%- endmacro %}

{# DuckDB: sha256 gives hex text. #}
{% macro duckdb__sha256_hex(expression) -%}
    sha256({{ expression }})
{%- endmacro %}

{# Spark: sha2 with the length in bits. #}
{% macro spark__sha256_hex(expression) -%}
    sha2({{ expression }}, 256)
{%- endmacro %}


{# Every match of `pattern` in `expression` replaced; `$` and backslash stay out of both texts. #}
{% macro regex_replace_all(expression, pattern, replacement) -%}
    {{ return(adapter.dispatch('regex_replace_all')(expression, pattern, replacement)) }}
{%- endmacro %}

{# DuckDB replaces the first match only, unless told `g`. #}
{% macro duckdb__regex_replace_all(expression, pattern, replacement) -%}
    regexp_replace({{ expression }}, '{{ pattern }}', '{{ replacement }}', 'g')
{%- endmacro %}

{# Spark replaces all, and does not take the flag. #}
{% macro spark__regex_replace_all(expression, pattern, replacement) -%}
    regexp_replace({{ expression }}, '{{ pattern }}', '{{ replacement }}')
{%- endmacro %}


{#
    Each run of characters other than `kept` (the inside of a class) as one space. What is one space
    already is passed over: a text's words are parted by little else, and each match costs as much as
    reading twenty letters.
#}
{% macro others_as_space(expression, kept) -%}
    {{ regex_replace_all(
        expression, '( [^' ~ kept ~ ']|[^' ~ kept ~ ' ])[^' ~ kept ~ ']*', ' '
    ) }}
{%- endmacro %}


{# Whether `pattern` is found anywhere in `expression`. #}
{% macro regex_matches(expression, pattern) -%}
    {{ return(adapter.dispatch('regex_matches')(expression, pattern)) }}
{%- endmacro %}

{# DuckDB: `~` means another thing in 2.0; the function does not. #}
{% macro duckdb__regex_matches(expression, pattern) -%}
    regexp_matches({{ expression }}, '{{ pattern }}')
{%- endmacro %}

{# Spark: regexp_like finds partial matches. #}
{% macro spark__regex_matches(expression, pattern) -%}
    regexp_like({{ expression }}, '{{ pattern }}')
{%- endmacro %}


{# The text of `group` (0 = all) of the first match of `pattern`, null when there is none. #}
{% macro regex_extract(expression, pattern, group=0) -%}
    nullif(regexp_extract({{ expression }}, '{{ pattern }}', {{ group }}), '')
{%- endmacro %}


{#
    A part of an item id: `%` and `/` escaped as the output contract says, so that `/` can join. To look
    for them costs a fifth of replacing what is seldom there.
#}
{% macro item_id_part(expression) -%}
    {%- set text = 'cast(' ~ expression ~ ' as ' ~ dbt.type_string() ~ ')' -%}
    case
        when position('/' in {{ text }}) = 0 and position('%' in {{ text }}) = 0 then {{ text }}
        else replace(replace({{ text }}, '%', '%25'), '/', '%2F')
    end
{%- endmacro %}


{# A cast that gives null where the text does not parse (`dbt.safe_cast` raises on both engines). #}
{% macro try_cast_as(expression, type) -%}
    try_cast({{ expression }} as {{ type }})
{%- endmacro %}
