-- Guards the check digits of structured references, slips of the hand, and names. Broken, a mistyped
-- reference would count as one without fault, or a payer would be found on one engine only.
{{ config(meta={'tested': 'on_release'}) }}
with

cases as (
    {%- set cases = [
        ('RF', is_creditor_reference("'RF18539007547034'"), true),
        ('RF with letters', is_creditor_reference("'RF64INV2026001511'"), true),
        ('RF with a wrong digit', is_creditor_reference("'RF18539007547035'"), false),
        ('RF with swapped digits', is_creditor_reference("'RF18539007540734'"), false),
        ('RF too long', is_creditor_reference("'RF18" ~ '5' * 22 ~ "'"), false),
        ('OGM', is_ogm_reference("'090933755493'"), true),
        ('OGM without remainder', is_ogm_reference("'000000009797'"), true),
        ('OGM with a wrong digit', is_ogm_reference("'090933755494'"), false),
        ('OGM too short', is_ogm_reference("'09093375549'"), false),
        ('QR', is_qr_reference("'210000000003139471430009017'"), true),
        ('QR with a wrong digit', is_qr_reference("'210000000003139471430009018'"), false),
        ('QR with swapped digits', is_qr_reference("'210000000003139471430009107'"), false),
        ('KID by Luhn', is_kid_reference("'2345676'"), true),
        ('KID by modulus 11', is_kid_reference("'12345678903'"), true),
        ('KID whose check value is 10', is_kid_reference("'1234516-'"), true),
        ('KID with a dash for another check value', is_kid_reference("'2345676-'"), false),
        ('a dash that does not check the digits', is_kid_reference("'1234567-'"), false),
        ('a dash inside is no KID', is_kid_reference("'12345-26'"), false),
        ('a dash alone is no KID', is_kid_reference("'-'"), false),
        ('KID with a wrong digit', is_kid_reference("'2345677'"), false),
        ('KID of one digit', is_kid_reference("'0'"), false),
        ('letters are no KID', is_kid_reference("'23A5676'"), false),
        ('broken RF', is_broken_reference("'RF18539007547035'"), true),
        ('broken QR', is_broken_reference("'210000000003139471430009018'"), true),
        ('an invoice number is not broken', is_broken_reference("'INV20260042'"), false),
        ('one wrong', is_one_keystroke_apart("'INV2026'", "'INV2025'"), true),
        ('one missing', is_one_keystroke_apart("'INV226'", "'INV2026'"), true),
        ('one too many', is_one_keystroke_apart("'INV20026'", "'INV2026'"), true),
        ('neighbours swapped', is_one_keystroke_apart("'INV2062'", "'INV2026'"), true),
        ('first two swapped', is_one_keystroke_apart("'NIV2026'", "'INV2026'"), true),
        ('others swapped', is_one_keystroke_apart("'INV6022'", "'INV2026'"), false),
        ('two wrong', is_one_keystroke_apart("'INV2035'", "'INV2026'"), false),
        ('a move', is_one_keystroke_apart("'NV2026I'", "'INV2026'"), false),
        ('equal', is_one_keystroke_apart("'INV2026'", "'INV2026'"), false),
        ('nothing to compare', is_one_keystroke_apart("'INV2026'", 'cast(null as ' ~ dbt.type_string() ~ ')'), none),
        ('a day', is_date_like("'20260531'"), true),
        ('a day the other way', is_date_like("'31052026'"), true),
        ('no day', is_date_like("'20260042'"), false),
        ('umlauts', normalize_name("'Müller & Söhne, GmbH'") ~ " = 'MUELLER SOEHNE GMBH'", true),
        ('a mark after its letter', normalize_name("'Mu" ~ '̈' ~ "ller'") ~ " = 'MULLER'", true),
        ('sharp s', normalize_name("'Weiß'") ~ " = 'WEISS'", true),
        ('strokes and rings', normalize_name("'Łódź Ålesund Søren'") ~ " = 'LODZ ALESUND SOREN'", true),
        ('both spellings', one_spelling("'MUELLER'") ~ ' = ' ~ one_spelling("'MULLER'"), true),
        ('groups', groups_of("'INV 2026 00535'") ~ " = 'INV.2026.535'", true),
        ('groups grown together', groups_of("'INV2026 00535'") ~ " = 'INV.2026.535'", true),
        ('one group', groups_of("'INV 20260535'") ~ " = 'INV.20260535'", true),
    ] %}
    {%- for name, actual, expected in cases %}
    select
        '{{ name }}' as case_name,
        {{ actual }} as actual,
        {{ 'cast(null as boolean)' if expected is none else expected }} as expected
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select *
from cases
where actual is distinct from expected
