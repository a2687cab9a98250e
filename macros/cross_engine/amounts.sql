{# The one type of money, quantities, prices and rates, on every engine. #}
{% macro amount_type() -%}
    decimal(38, 10)
{%- endmacro %}


{% macro zero() -%}
    cast(0 as {{ amount_type() }})
{%- endmacro %}


{# An expression as an amount, such as a sum, whose type differs between engines. #}
{% macro as_amount(expression) -%}
    cast({{ expression }} as {{ amount_type() }})
{%- endmacro %}


{#
    `numerator / denominator`, exact, rounded half away from zero to `scale` digits (0 to 10), as an
    amount; null where the denominator is null or zero. `scale` is a number or an integer expression
    such as `currencies.minor_digits`. The only division of decimals in the project: `/` gives a
    DOUBLE on DuckDB and another rounding on Spark.
    Limits: both operands below 10^17, the quotient below 10^17.
#}
{% macro decimal_divide(numerator, denominator, scale) -%}
    {{ return(adapter.dispatch('decimal_divide')(numerator, denominator, scale)) }}
{%- endmacro %}

{#
    DuckDB: the quotient of doubles is at most one off where it has less than sixteen digits, and
    whole multiples of the denominator say whether it is. That costs a tenth of the long division,
    which does the rest, and what is null.
#}
{% macro duckdb__decimal_divide(numerator, denominator, scale) -%}
    {%- set n = "abs(cast(" ~ numerator ~ " as decimal(38, 10)))" -%}
    {%- set d = "abs(cast(" ~ denominator ~ " as decimal(38, 10)))" -%}
    {%- set power = power_of_ten(scale) -%}
    {%- set shifted = "cast(" ~ n ~ " as double) * cast(" ~ power ~ " as double)" -%}
    {%- set near = "cast(" ~ shifted ~ " / cast(" ~ d ~ " as double) as bigint)" -%}
    {%- set rest = "(" ~ n ~ " * (2 * " ~ power ~ ") - " ~ d ~ " * (2 * " ~ near ~ "))" -%}
    case
        when {{ shifted }} < 1e15 * cast({{ d }} as double) then
            cast(
                sign({{ numerator }}) * sign({{ denominator }})
                * ({{ near }} + case when {{ rest }} >= {{ d }} then 1 when {{ rest }} < -{{ d }} then -1 else 0 end)
                * {{ unit_of_scale(scale) }}
                as decimal(38, 10)
            )
        else {{ duckdb__long_division(numerator, denominator, scale) }}
    end
{%- endmacro %}


{# On whole ten-thousand-millionths as 128-bit integers, whose division DuckDB does bit by bit. #}
{% macro duckdb__long_division(numerator, denominator, scale) -%}
    {%- set units = "cast(%s as hugeint)" -%}
    {%- set n = units % ("abs(cast(" ~ numerator ~ " as decimal(38, 10))) * 10000000000") -%}
    {%- set d = units % ("abs(cast(" ~ denominator ~ " as decimal(38, 10))) * 10000000000") -%}
    {%- set d = "nullif(" ~ d ~ ", 0)" -%}
    {%- set power = "cast(" ~ power_of_ten(scale) ~ " as hugeint)" -%}
    cast(
        sign({{ numerator }}) * sign({{ denominator }})
        * cast(
            ({{ n }} // {{ d }}) * {{ power }}
            + (2 * ({{ n }} % {{ d }}) * {{ power }} + {{ d }}) // (2 * {{ d }})
            as decimal(38, 0)
        ) * {{ unit_of_scale(scale) }}
        as decimal(38, 10)
    )
{%- endmacro %}

{# Spark: the same long division; `(x - x % y) / y` is a whole number, so `/` rounds nothing. #}
{% macro spark__decimal_divide(numerator, denominator, scale) -%}
    {%- set units = "cast(%s as decimal(38, 0))" -%}
    {%- set n = units % ("abs(cast(" ~ numerator ~ " as decimal(38, 10))) * 10000000000") -%}
    {%- set d = units % ("abs(cast(" ~ denominator ~ " as decimal(38, 10))) * 10000000000") -%}
    {%- set d = "nullif(" ~ d ~ ", 0)" -%}
    {%- set power = units % power_of_ten(scale) -%}
    {%- set rest = units % ("2 * (" ~ n ~ " % " ~ d ~ ") * " ~ power ~ " + " ~ d) -%}
    {%- set half = units % ("2 * " ~ d) -%}
    {%- set whole = "(" ~ n ~ " - " ~ n ~ " % " ~ d ~ ") / " ~ d -%}
    {%- set fraction = "(" ~ rest ~ " - " ~ rest ~ " % " ~ half ~ ") / " ~ half -%}
    cast(
        cast(sign({{ numerator }}) * sign({{ denominator }}) as decimal(1, 0))
        * cast(
            cast({{ whole }} as decimal(38, 0)) * {{ power }}
            + cast({{ fraction }} as decimal(38, 0))
            as decimal(38, 0)
        ) * {{ unit_of_scale(scale) }}
        as decimal(38, 10)
    )
{%- endmacro %}


{# 10 to the power of `digits` (0 to 10), a number or an integer expression, as a whole number. #}
{% macro power_of_ten(digits) -%}
    {%- if digits is number -%}
        {{ 10 ** digits }}
    {%- else -%}
        case {{ digits }}
        {%- for n in range(11) %} when {{ n }} then {{ 10 ** n }}{% endfor %} end
    {%- endif -%}
{%- endmacro %}


{# One unit in the last of `digits` decimal places: 0.01 for 2. #}
{% macro unit_of_scale(digits) -%}
    {%- if digits is number -%}
        cast('{{ '%.10f' | format(10 ** -digits) }}' as decimal(11, 10))
    {%- else -%}
        case {{ digits }}
        {%- for n in range(11) %} when {{ n }} then cast('{{ '%.10f' | format(10 ** -n) }}' as decimal(11, 10))
        {%- endfor %} end
    {%- endif -%}
{%- endmacro %}


{#
    An amount rounded half away from zero to `digits` decimal places, where `digits` is an integer
    expression such as `currencies.minor_digits` (`round` wants a constant on both engines).
    Null digits leave the amount as it is.
#}
{% macro round_amount(amount, digits) -%}
    {%- if digits is number -%}
        cast(round({{ amount }}, {{ digits }}) as {{ amount_type() }})
    {%- else -%}
        case {{ digits }}
        {%- for n in [2, 0, 3, 4, 1] %}
            when {{ n }} then cast(round({{ amount }}, {{ n }}) as {{ amount_type() }})
        {%- endfor %}
            else cast({{ amount }} as {{ amount_type() }})
        end
    {%- endif -%}
{%- endmacro %}


{# An amount as plain decimal text without trailing zeros: `1234.5`, `-0.01`, `0`. #}
{% macro amount_text(amount) -%}
    {{ return(adapter.dispatch('amount_text')(amount)) }}
{%- endmacro %}

{#
    DuckDB prints decimals plainly: only the zeros have to go. It takes half a microsecond to print 38
    digits; most amounts are the same in 18, which costs next to nothing.
#}
{% macro duckdb__amount_text(amount) -%}
    {%- set short = 'cast(cast(' ~ amount ~ ' as double) as decimal(18, 4))' -%}
    trim(trailing '.' from trim(trailing '0' from case
        when abs({{ amount }}) < 1000000000 and {{ short }} = {{ amount }} then cast({{ short }} as varchar)
        else cast(cast({{ amount }} as decimal(38, 10)) as varchar)
    end))
{%- endmacro %}

{# Spark may print `0E-10`: whole part and fraction are printed as integers. #}
{% macro spark__amount_text(amount) -%}
    {%- set x = "cast(" ~ amount ~ " as decimal(38, 10))" -%}
    {%- set whole = "cast(floor(abs(" ~ x ~ ")) as decimal(28, 0))" -%}
    {%- set fraction = "cast((abs(" ~ x ~ ") - floor(abs(" ~ x ~ "))) * 10000000000 as decimal(11, 0))" -%}
    trim(trailing '.' from trim(trailing '0' from concat(
        case when {{ x }} < 0 then '-' else '' end,
        cast({{ whole }} as string), '.', lpad(cast({{ fraction }} as string), 10, '0')
    )))
{%- endmacro %}


{#
    An amount from such a text. DuckDB takes five microseconds to read one into 38 digits; most are
    short enough to be read into 18, which costs next to nothing.
#}
{% macro amount_from_text(expression) -%}
    {{ return(adapter.dispatch('amount_from_text')(expression)) }}
{%- endmacro %}

{# DuckDB: over 18 digits where they hold all. Of a struct's member a case would compute both branches. #}
{% macro duckdb__amount_from_text(expression) -%}
    {%- set is_short = regex_matches(expression, '^-?[0-9]{1,13}([.][0-9]{1,4})?$') -%}
    coalesce(
        cast(
            cast(case when {{ is_short }} then {{ expression }} end as decimal(18, 4))
            as {{ amount_type() }}
        ),
        cast(case when not {{ is_short }} then {{ expression }} end as {{ amount_type() }})
    )
{%- endmacro %}

{# Spark. #}
{% macro spark__amount_from_text(expression) -%}
    cast({{ expression }} as {{ amount_type() }})
{%- endmacro %}


{# An amount as text with exactly `digits` decimal places, for people: `1234.50`. `digits` is a number. #}
{% macro amount_text_fixed(amount, digits) -%}
    cast(cast(round({{ amount }}, {{ digits }}) as decimal(38, {{ digits }})) as {{ dbt.type_string() }})
{%- endmacro %}


{#
    An amount as decimal(18, 4), where a search compares millions of sums. DuckDB takes a microsecond
    for each amount that it brings to a smaller scale; below a thousand million the way over a double
    is exact to the fourth decimal, and costs nothing.
#}
{% macro small_amount(expression) -%}
    {{ return(adapter.dispatch('small_amount')(expression)) }}
{%- endmacro %}

{# DuckDB: over a double where that is exact. #}
{% macro duckdb__small_amount(expression) -%}
    case
        when abs({{ expression }}) < 1000000000
            then cast(cast({{ expression }} as double) as decimal(18, 4))
        else cast({{ expression }} as decimal(18, 4))
    end
{%- endmacro %}

{# Spark: a cast. #}
{% macro spark__small_amount(expression) -%}
    cast({{ expression }} as decimal(18, 4))
{%- endmacro %}


{#
    An amount as text for people in its currency's minor digits, `1234.50`; more where it has more.
    digits: an integer expression such as `currencies.minor_digits`.
#}
{% macro amount_text_minor(amount, digits) -%}
    case
    {%- for n in [2, 0, 3, 4, 1] %}
        when {{ digits }} = {{ n }} and {{ amount }} = round({{ amount }}, {{ n }})
            then {{ amount_text_fixed(amount, n) }}
    {%- endfor %}
        else {{ amount_text(amount) }}
    end
{%- endmacro %}
