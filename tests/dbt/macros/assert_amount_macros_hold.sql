-- Guards the arithmetic of money on every engine: exact division, rounding to the minor unit, plain
-- text. Broken, amounts would differ by a unit between engines, and audit hashes with them.
{{ config(meta={'tested': 'on_release'}) }}
with

cases as (
    {%- set cases = [
        ('third', decimal_divide('cast(1 as decimal(38, 10))', '3', 10), "'0.3333333333'"),
        ('two thirds', decimal_divide('cast(2 as decimal(38, 10))', '3', 2), "'0.67'"),
        ('half away from zero', decimal_divide('cast(-5 as decimal(38, 10))', '2', 0), "'-3'"),
        ('no double rounding', decimal_divide("cast('0.4999999999' as decimal(38, 10))", '1', 0), "'0'"),
        ('large', decimal_divide("cast('99999999999999999' as decimal(38, 10))", "cast('0.5' as decimal(38, 10))", 2), "'199999999999999998'"),
        ('a double would be one too low', decimal_divide("cast('0.0009' as decimal(38, 10))", "cast('0.02' as decimal(38, 10))", 2), "'0.05'"),
        ('a double would be one too high', decimal_divide("cast('243.207' as decimal(38, 10))", "cast('0.00317' as decimal(38, 10))", 10), "'76721.4511041009'"),
        ('both negative', decimal_divide('cast(-7 as decimal(38, 10))', 'cast(-2 as decimal(38, 10))', 1), "'3.5'"),
        ('digits by column', decimal_divide('cast(10 as decimal(38, 10))', '3', 'digits.three'), "'3.333'"),
        ('by zero', decimal_divide('cast(1 as decimal(38, 10))', '0', 2), 'cast(null as ' ~ dbt.type_string() ~ ')'),
        ('of null', decimal_divide('cast(null as decimal(38, 10))', '2', 2), 'cast(null as ' ~ dbt.type_string() ~ ')'),
        ('round to cents', round_amount("cast('2.345' as decimal(38, 10))", 'digits.two'), "'2.35'"),
        ('round to yen', round_amount("cast('-2.5' as decimal(38, 10))", 'digits.zero'), "'-3'"),
        ('quantity stays', round_amount("cast('0.1234567891' as decimal(38, 10))", 'digits.ten'), "'0.1234567891'"),
        ('smallest', "cast('-0.0000000001' as decimal(38, 10))", "'-0.0000000001'"),
        ('searched to the fourth decimal', as_amount(small_amount("cast('999999999.9999' as decimal(38, 10))")), "'999999999.9999'"),
        ('searched below zero', as_amount(small_amount("cast('-999999999.0001' as decimal(38, 10))")), "'-999999999.0001'"),
        ('searched beyond a double', as_amount(small_amount("cast('99999999999999.0001' as decimal(38, 10))")), "'99999999999999.0001'"),
        ('short text', amount_from_text("'-1234567890123.4567'"), "'-1234567890123.4567'"),
        ('text of many digits', amount_from_text("'12345678901234567890.5'"), "'12345678901234567890.5'"),
        ('text of many decimals', amount_from_text("'0.0000000001'"), "'0.0000000001'"),
        ('no text', amount_from_text('cast(null as ' ~ dbt.type_string() ~ ')'), 'cast(null as ' ~ dbt.type_string() ~ ')'),
        ('zero', zero(), "'0'"),
        ('hundred keeps its zeros', "cast('100' as decimal(38, 10))", "'100'"),
    ] %}
    {%- for name, actual, expected in cases %}
    select
        '{{ name }}' as case_name,
        {{ amount_text(actual) }} as actual,
        {{ expected }} as expected
    from (select 0 as zero, 2 as two, 3 as three, 10 as ten) as digits
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select *
from cases
where actual is distinct from expected
