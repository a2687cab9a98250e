{#-
    Lists of numbers that a text shortens, and their signs. A list is a number of three digits or more and
    endings of up to three: RC-27001/02/03. A range is two numbers: RC-27004 bis RC-27007, 27004-07.
-#}

{#- A text in which a comma stands between the members of a list and ~ between the ends of a range. -#}
{% macro with_list_signs(expression) -%}
    {%- set text = namespace(sql=fold_accents("upper(" ~ expression ~ ")")) -%}
    {%- for pattern, sign in [
        (' +(UND|AND|ET|EN|OG|OCH|Y|E|SOWIE|PLUS) +', ','),
        (' *[,;+&] *', ','),
        (' +(BIS|TO|TILL|UNTIL|THROUGH|THRU|T/M|TM|TOT|TIL|A|AU|AL|HASTA) +', '~'),
        (' *(\u2013|\u2014|\u2026|[.][.]+) *| +- +', '~'),
        (' */ *', '/'),
    ] -%}
        {%- set text.sql = regex_replace_all(text.sql, pattern, sign) -%}
    {%- endfor -%}
    {{ text.sql }}
{%- endmacro %}


{#- Pattern of a list; its groups are the first number and the endings behind it. -#}
{% macro list_pattern() -%}
    ([A-Z0-9/._-]*[0-9]{3,})((?:[/,][0-9]{1,3})+)(?:[^A-Z0-9/]|$)
{%- endmacro %}


{#- Pattern of a range; its groups are the first number and the last. -#}
{% macro range_pattern() -%}
    ([A-Z0-9/._-]*[0-9]{3,})[~-]([A-Z0-9/._-]*[0-9]+)(?:[^A-Z0-9]|$)
{%- endmacro %}
