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


{#-
    Whether a word of a payment may be a document's number written wrong: one slip of the hand, letters
    for digits, or cut at its end or beginning. No word that reads as a day or a year.
    number_text: the number in upper case, letters and digits only. number_digits: without its prefix.
-#}
{% macro is_number_written_wrong(word, number_text, number_digits) -%}
    (
        {{ regex_matches(look_alikes(word), '[0-9]{3}') }}
        and {{ word }} not like '%.%'
        and not {{ is_date_like(word) }}
        and (
            (
                length({{ word }}) >= 6
                and (
                    {{ is_one_keystroke_apart(word, number_text) }}
                    or {{ is_one_keystroke_apart(word, number_digits) }}
                    or {{ look_alikes(word) }} = {{ look_alikes(number_text) }}
                    or (
                        length({{ number_text }}) - length({{ word }}) between 1 and 3
                        and {{ number_text }} like {{ word }} || '%'
                    )
                )
            )
            or (
                {{ regex_matches(word, '^[0-9]{3,}$') }}
                and not {{ regex_matches(word, '^(19|20)[0-9]{2}$') }}
                and length({{ number_text }}) > length({{ word }})
                and {{ number_text }} like '%' || {{ word }}
            )
        )
    )
{%- endmacro %}
