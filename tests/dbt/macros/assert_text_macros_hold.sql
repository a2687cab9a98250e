-- Guards text, list and JSON functions that engines spell or mean differently. Broken, references
-- would be found on one engine only, and canonical JSON (and with it every audit hash) would differ.
{{ config(meta={'tested': 'on_release'}) }}
with

texts as (
    select
        'INV-2026/0042 50%' as reference,
        'say "hi" ' || chr(92) || ' ' || chr(10) || chr(1) || 'Zoë' as awkward,
        cast(null as {{ dbt.type_string() }}) as missing
),

cases as (
    {%- set numbers = list_of(["'b'", "'a'"]) %}
    {%- set cases = [
        ('sha256', sha256_hex("'tieout'"), "'bee16661cd4cad2d8d1a16480af9f6e8c9c358d912b1715462da5fd4691f0117'"),
        ('replace all', regex_replace_all('texts.reference', '[^0-9]+', ''), "'2026004250'"),
        ('partial match', 'case when ' ~ regex_matches('texts.reference', '[0-9]{4}') ~ " then 'yes' end", "'yes'"),
        ('group', regex_extract('texts.reference', '^([A-Z]+)-', 1), "'INV'"),
        ('no match is null', regex_extract('texts.reference', '^[0-9]+$', 0), 'cast(null as ' ~ dbt.type_string() ~ ')'),
        ('id part', item_id_part('texts.reference'), "'INV-2026%2F0042 50%25'"),
        ('list as text', list_to_text(numbers, '-'), "'b-a'"),
        ('Cyrillic', fold_accents("upper('Ромашка Щёлковъ')"), "'ROMASHKA SHCHELKOV'"),
        ('Greek', fold_accents("upper('Ελληνική Θάλασσα')"), "'ELLINIKI THALASSA'"),
        ('a script without Latin spelling', normalize_name("'北京（某某）公司，Ltd.'"), "'北京 某某 公司 LTD'"),
        ('words of another script', normalize_name("'شركة النور – للتجارة'"), "'شركة النور للتجارة'"),
        ('length', list_length(numbers), "'2'"),
        ('split is literal', list_to_text(split_to_list("'a|b|c'", '|'), ','), "'a,b,c'"),
        ('sorted keys, no nulls', json_object([['b', 'texts.reference'], ['c', 'texts.missing'], ['a', '1']]), "'{\"a\":\"1\",\"b\":\"INV-2026/0042 50%\"}'"),
        ('get', json_get("'{\"a\":\"x\",\"b\":\"y\"}'", 'b'), "'y'"),
        ('get of nothing', json_get("'{\"a\":\"x\"}'", 'b'), 'cast(null as ' ~ dbt.type_string() ~ ')'),
        ('array', json_array(list_of(["'1'", "'{}'"])), "'[1,{}]'"),
        ('escapes', "replace(" ~ json_string('texts.awkward') ~ ", chr(92), '!')", "'\"say !\"hi!\" !! !n Zoë\"'"),
        ('round trip', json_get(json_object([['a', 'texts.awkward']]), 'a'), "replace(texts.awkward, chr(1), ' ')"),
        ('bad cast is null', try_cast_as("'x'", 'int'), 'cast(null as ' ~ dbt.type_string() ~ ')'),
    ] %}
    {%- for name, actual, expected in cases %}
    select
        '{{ name }}' as case_name,
        cast({{ actual }} as {{ dbt.type_string() }}) as actual,
        {{ expected }} as expected
    from texts
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select *
from cases
where actual is distinct from expected
