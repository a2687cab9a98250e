{#-
    Whether two texts of letters and digits are one slip of the hand apart: a character wrong, missing or
    too many, or two neighbours swapped.
-#}
{% macro is_one_keystroke_apart(one, other) -%}
    case
        when abs(length({{ one }}) - length({{ other }})) > 1 then false
        when levenshtein({{ one }}, {{ other }}) = 1 then true
        when levenshtein({{ one }}, {{ other }}) <> 2 then false
        when length({{ one }}) <> length({{ other }}) then false
        else
            {%- for place in range(1, 40) %}
            {{ 'or ' if not loop.first }}(
                substr({{ one }}, 1, {{ place - 1 }}) || substr({{ one }}, {{ place + 1 }}, 1)
                || substr({{ one }}, {{ place }}, 1) || substr({{ one }}, {{ place + 2 }})
            ) = {{ other }}
            {%- endfor %}
    end
{%- endmacro %}


{#- A reference in which letters that look like digits are those digits: O 0, I and L 1. -#}
{% macro look_alikes(expression) -%}
    translate({{ expression }}, 'OIL', '011')
{%- endmacro %}
