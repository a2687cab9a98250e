{#-
    Structured references: their check digits, and the fields inside them. A reference whose check
    digits are wrong says nothing.
-#}

{#-
    CTE `reference_fields`: what the structured references among some spans may contain. RF (ISO 11649),
    Swiss QR references (27 digits), Belgian OGM/VCS (12 digits) count wherever they stand; a KID (2 to
    25 digits, Luhn or modulus 11, where a dash at the end is the check value 10) has no shape of its
    own and counts only in a field for structured references, or after the word KID.

    A payee puts invoice and customer numbers into the payload at places of his choice. So its readings
    are the whole payload and what follows a zero (a padded field ends the payload), steps 4 and 5; and
    every split in two, of which the other part, `beside_digits`, must be the document's customer.

    relation: CTE with the key columns, mention_source, written, dashed_kid.
-#}
{% macro reference_fields_of(relation, key_columns) %}
-- few spans look like one: picked out before anything is compared
reference_spans as {{ materialized() }} (
    select
        {% for c in key_columns %}{{ relation }}.{{ c }}, {% endfor %}{{ relation }}.mention_source,
        {{ relation }}.written,
        {{ relation }}.dashed_kid
    from {{ relation }}
    where
        {{ regex_matches(
            relation ~ '.written', '^(RF[0-9]{2}[A-Z0-9]{1,21}|[0-9]{27}|[0-9]{12}|KID[0-9]{2,25})$'
        ) }}
        or (
            {{ relation }}.mention_source = 'structured_reference'
            and {{ regex_matches(relation ~ '.written', '^[0-9]{2,25}$') }}
        )
),

reference_candidates as (
    select distinct
        {% for c in key_columns %}reference_spans.{{ c }}, {% endfor %}reference_spans.mention_source,
        reference_spans.written,
        case
            when {{ regex_matches('reference_spans.written', '^KID') }}
                then {{ regex_extract('reference_spans.written', '^KID([0-9]+)$', 1) }}
            else reference_spans.written
        end
        || case
            when reference_spans.dashed_kid = {{ regex_replace_all('reference_spans.written', '^KID', '') }}
                then '-'
            else ''
        end as reference
    from reference_spans
),

-- one scan for all forms: Spark plans every branch of a union, and all below it, anew
reference_forms as (
    select cast(forms.form as int) as form
    from range(1, 5) as forms (form)
),

reference_payloads as (
    select
        reference_candidates.*,
        case reference_forms.form
            when 1
                then
                    case
                        when {{ is_creditor_reference('reference_candidates.reference') }}
                            then {{ regex_extract('reference_candidates.reference', '^RF[0-9]{2}(.+)$', 1) }}
                    end
            when 2
                then
                    case
                        when {{ is_qr_reference('reference_candidates.reference') }}
                            then substr(reference_candidates.reference, 1, 26)
                    end
            when 3
                then
                    case
                        when {{ is_ogm_reference('reference_candidates.reference') }}
                            then substr(reference_candidates.reference, 1, 10)
                    end
            when 4
                then
                    case
                        when
                            (
                                reference_candidates.mention_source = 'structured_reference'
                                or reference_candidates.written like 'KID%'
                            )
                            and {{ is_kid_reference('reference_candidates.reference') }}
                            then
                                substr(
                                    reference_candidates.reference,
                                    1,
                                    length(reference_candidates.reference) - 1
                                )
                    end
        end as payload
    from reference_candidates
    cross join reference_forms
),

-- place 0 is the whole payload
payload_places as (
    select cast(places.place as int) as place
    from range(0, 26) as places (place)
),

payload_splits as (
    select
        reference_payloads.*,
        payload_places.place,
        substr(reference_payloads.payload, 1, payload_places.place) as head,
        substr(reference_payloads.payload, payload_places.place + 1) as tail
    from reference_payloads
    inner join payload_places
        on payload_places.place < length(reference_payloads.payload)
    where
        payload_places.place = 0
        or {{ regex_matches('reference_payloads.payload', '^[0-9]+$') }}
),

-- which part is the number: the whole payload, what follows a zero, the end, the beginning
payload_parts as (
    select cast(parts.part as int) as part
    from range(0, 4) as parts (part)
),

reference_fields as (
    select
        {% for c in key_columns %}payload_splits.{{ c }}, {% endfor %}payload_splits.mention_source,
        payload_splits.written,
        case payload_parts.part
            when 1 then payload_splits.tail
            when 3 then {{ without_leading_zeros('payload_splits.head') }}
            else {{ without_leading_zeros('payload_splits.tail') }}
        end as mention_value,
        case when payload_parts.part = 1 then 5 else 4 end as reading_steps,
        case payload_parts.part
            when 2 then {{ without_leading_zeros('payload_splits.head') }}
            when 3 then {{ without_leading_zeros('payload_splits.tail') }}
            else ''
        end as beside_digits
    from payload_splits
    cross join payload_parts
    where
        (payload_splits.place = 0 and payload_parts.part = 0)
        or (payload_splits.place > 0 and payload_parts.part > 1)
        or (
            payload_splits.place > 0
            and payload_parts.part = 1
            and payload_splits.head like '%0'
            and payload_splits.tail not like '0%'
            and length(payload_splits.tail) >= 3
        )
)
{% endmacro %}


{#-
    Whether a text in a field for structured references claims a form whose check digits are wrong; such
    a text is not read at all.
-#}
{% macro is_broken_reference(compact) -%}
    (
        {{ regex_matches(compact, '^(RF[0-9]{2}[A-Z0-9]+|[0-9]{27})$') }}
        and not {{ is_creditor_reference(compact) }}
        and not {{ is_qr_reference(compact) }}
    )
{%- endmacro %}


{#- RF creditor reference, ISO 11649: letters count 10 to 35, the first four characters go last. -#}
{% macro is_creditor_reference(compact) -%}
    case
        when {{ regex_matches(compact, '^RF[0-9]{2}[A-Z0-9]{1,21}$') }}
            then
                {{ remainder_97(letters_as_numbers(
                    'substr(' ~ compact ~ ", 5) || 'RF' || substr(" ~ compact ~ ', 3, 2)'
                ), 46) }} = 1
        else false
    end
{%- endmacro %}


{#- Belgian OGM/VCS: ten digits, then their remainder by 97 in two digits, 97 for none. -#}
{% macro is_ogm_reference(compact) -%}
    case
        when {{ regex_matches(compact, '^[0-9]{12}$') }}
            then
                case
                    when {{ remainder_97('substr(' ~ compact ~ ', 1, 10)', 10) }} = 0 then 97
                    else {{ remainder_97('substr(' ~ compact ~ ', 1, 10)', 10) }}
                end = {{ try_cast_as('substr(' ~ compact ~ ', 11, 2)', 'bigint') }}
        else false
    end
{%- endmacro %}


{#- Swiss QR reference: 26 digits and a check digit, modulus 10 recursive. -#}
{% macro is_qr_reference(compact) -%}
    {%- set carry = namespace(sql='0') -%}
    {%- for place in range(1, 27) -%}
        {%- set carry.sql = "cast(substr('0946827135', 1 + mod(" ~ carry.sql ~ " + "
            ~ digit_at(compact, place) ~ ", 10), 1) as int)" -%}
    {%- endfor -%}
    case
        when {{ regex_matches(compact, '^[0-9]{27}$') }}
            then mod(10 - {{ carry.sql }}, 10) = {{ digit_at(compact, 27) }}
        else false
    end
{%- endmacro %}


{#-
    The digits of a KID whose check value by modulus 11 is 10, which is written as a dash behind them;
    null for a text without one. It is the whole text of a field for structured references, else what
    follows the word KID.
-#}
{% macro dashed_kid(text, mention_source) -%}
    replace(
        case
            when {{ mention_source }} = 'structured_reference'
                then {{ regex_extract(text, '^ *([0-9][0-9 ]*)- *$', 1) }}
            else {{ regex_extract(
                'upper(' ~ text ~ ')', 'KID[^A-Z0-9]*([0-9 ]*[0-9])-([^A-Z0-9]|$)', 1
            ) }}
        end,
        ' ',
        ''
    )
{%- endmacro %}


{#-
    Norwegian KID: 2 to 25 characters, of which the last checks the digits before it by Luhn or by
    modulus 11; there a dash is the check value 10.
-#}
{% macro is_kid_reference(compact) -%}
    {%- set padded = "lpad(" ~ compact ~ ", 26, '0')" -%}
    {%- set luhn = [] -%}
    {%- set weighed = [] -%}
    {%- for place in range(26, 0, -1) -%}
        {%- set digit = digit_at(padded, place) -%}
        {%- set from_right = 27 - place -%}
        {%- if from_right % 2 == 1 -%}
            {%- do luhn.append(digit) -%}
        {%- else -%}
            {%- do luhn.append("cast(substr('0246813579', 1 + " ~ digit ~ ", 1) as int)") -%}
        {%- endif -%}
        {%- set check = "case when " ~ compact ~ " like '%-' then 10 else " ~ digit ~ " end" -%}
        {%- do weighed.append(
            check if from_right == 1 else digit ~ " * " ~ ((from_right - 2) % 6 + 2)
        ) -%}
    {%- endfor -%}
    case
        when {{ regex_matches(compact, '^[0-9]{1,24}[0-9-]$') }}
            then
                ({{ compact }} not like '%-' and mod({{ luhn | join(' + ') }}, 10) = 0)
                or mod({{ weighed | join(' + ') }}, 11) = 0
        else false
    end
{%- endmacro %}


{#- The digit at a place of a text, counted from 1; null for anything else. -#}
{% macro digit_at(expression, place) -%}
    {{ try_cast_as('substr(' ~ expression ~ ', ' ~ place ~ ', 1)', 'int') }}
{%- endmacro %}


{#- Letters of a text as two digits each, A 10 to Z 35. -#}
{% macro letters_as_numbers(expression) -%}
    {%- set text = namespace(sql=expression) -%}
    {%- for letter in 'ABCDEFGHIJKLMNOPQRSTUVWXYZ' -%}
        {%- set text.sql = "replace(" ~ text.sql ~ ", '" ~ letter ~ "', '" ~ (loop.index0 + 10) ~ "')" -%}
    {%- endfor -%}
    {{ text.sql }}
{%- endmacro %}


{#- Remainder by 97 of a number of up to `digits` digits in a text, seven digits at a time. -#}
{% macro remainder_97(expression, digits) -%}
    {%- set rest = namespace(sql="''") -%}
    {%- for start in range(1, digits + 1, 7) -%}
        {%- set rest.sql = "cast(mod(" ~ try_cast_as(
            rest.sql ~ " || substr(" ~ expression ~ ", " ~ start ~ ", 7)", 'bigint'
        ) ~ ", 97) as " ~ dbt.type_string() ~ ")" -%}
    {%- endfor -%}
    {{ try_cast_as(rest.sql, 'bigint') }}
{%- endmacro %}
