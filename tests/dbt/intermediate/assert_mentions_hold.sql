-- Guards how a text is read for references (macro mentions_of). Broken, a number would be found
-- inside a longer one and close a wrong invoice, or what a person would find would not be found.
-- `steps` null: the text must not be read as this value.
{{ config(meta={'tested': 'on_release'}) }}
with

expectations as (
    {%- set cases = [
        ('lower case', 'remittance_information', 'inv-2026-0042', 'INV20260042', 0, ''),
        ('slashes', 'remittance_information', 'Inv.no. INV/2026/0042.', 'INV20260042', 0, ''),
        ('spaces', 'remittance_information', 'INV 2026 0042', 'INV20260042', 0, ''),
        ('digits only', 'remittance_information', 'Pay 2026 0042 thanks', '20260042', 0, ''),
        ('missing prefix', 'remittance_information', '2026-0042', '20260042', 0, ''),
        ('leading zeros', 'remittance_information', 'INV-2026-42', 'INV.2026.42', 1, ''),
        ('more leading zeros', 'remittance_information', 'INV-2026-00042', 'INV.2026.42', 1, ''),
        ('zeros are of one group', 'remittance_information', 'INV-20260042', 'INV.2026.42', None, ''),
        ('zeros of one group', 'remittance_information', 'INV-20260042', 'INV.20260042', 1, ''),
        ('zeros before all', 'remittance_information', '0000036455', '36455', 0, ''),
        ('prefix grown on', 'remittance_information', 'INV36455', '36455', 2, ''),
        ('prefix grown on, with zeros', 'remittance_information', 'RE2026-0042', '2026.42', 3, ''),
        ('unknown prefix', 'remittance_information', 'XYZ36455', '36455', None, ''),
        ('several', 'remittance_information', 'Invoices 36455; 24054, 38661', '24054', 0, ''),
        ('the last of several', 'remittance_information', 'Invoices 36455; 24054, 38661', '38661', 0, ''),
        ('not across a separator', 'remittance_information', '2026; 0042', '20260042', None, ''),
        ('grown on', 'remittance_information', '38661 and 37552more', '37552', None, ''),
        ('grown on in another script', 'remittance_information', '37552é', '37552', None, ''),
        ('14 is not in 1814', 'remittance_information', '(1814)', '14', None, ''),
        ('1814 is in its brackets', 'remittance_information', '(1814)', '1814', 0, ''),
        ('1814 is not in 91814', 'remittance_information', '91814', '1814', None, ''),
        ('9910 is not in INV-99910', 'remittance_information', 'INV-99910', '9910', None, ''),
        ('a line end inside a group', 'remittance_information', 'INV-2026-00' ~ "' || chr(10) || '" ~ '42', 'INV20260042', 0, ''),
        ('a line end after a dash', 'remittance_information', 'Rechnung INV-2026-' ~ "' || chr(13) || chr(10) || '" ~ '0042 vom', 'INV20260042', 0, ''),
        ('a space that does not break', 'remittance_information', '2026' ~ ' ' ~ '0042', '20260042', 0, ''),
        ('RF', 'remittance_information', 'Zahlung rf18539007547034', '539007547034', 4, ''),
        ('RF with zeros', 'structured_reference', 'RF18539007547034', '539007547034', 4, ''),
        ('RF mistyped', 'structured_reference', 'RF18539007547035', '539007547035', None, ''),
        ('RF mistyped, as it stands', 'structured_reference', 'RF19 539007547034', '539007547034', None, ''),
        ('OGM', 'remittance_information', '+++090/9337/55493+++', '909337554', 4, ''),
        ('OGM mistyped', 'remittance_information', '+++090/9337/55494+++', '909337554', None, ''),
        ('QR', 'structured_reference', '21 00000 00003 13947 14300 09017', '313947143000901', 5, ''),
        ('QR mistyped', 'structured_reference', '210000000003139471430009018', '313947143000901', None, ''),
        ('KID by Luhn', 'structured_reference', '2345676', '234567', 4, ''),
        ('KID by modulus 11', 'structured_reference', '12345678903', '1234567890', 4, ''),
        ('KID mistyped', 'structured_reference', '2345675', '234567', None, ''),
        ('KID after its word', 'remittance_information', 'KID: 2345676', '234567', 4, ''),
        ('KID whose check value is 10', 'structured_reference', '003092026001513-', '2026001513', 4, '309'),
        ('that KID after its word', 'remittance_information', 'Kid.nr KID: 00309 2026001513- takk', '2026001513', 4, '309'),
        ('a dash that goes on is no check value', 'remittance_information', 'KID: 003092026001513-A', '2026001513', None, '309'),
        ('nor is one after a space', 'remittance_information', 'KID 003092026001513 - takk', '2026001513', None, '309'),
        ('a dash of a wrong check value', 'structured_reference', '003092026001514-', '2026001514', None, '309'),
        ('the digits before a dash are no KID', 'structured_reference', '1234533-', '123453', None, ''),
        ('they are one without it', 'structured_reference', '1234533', '123453', 4, ''),
        ('digits are no KID', 'remittance_information', '2345676', '234567', None, ''),
        ('customer and number', 'structured_reference', '00309' ~ '2026001511' ~ '3', '2026001511', 4, '309'),
        ('number and customer', 'structured_reference', '2026001511' ~ '00309' ~ '1', '2026001511', 4, '309'),
        ('a field after zeros', 'structured_reference', '309' ~ '0000' ~ '36455' ~ '2', '36455', 5, ''),
        ('an id of a machine', 'invoice_reference', 'in_FM5rHmx8rapehy', 'INFM5RHMX8RAPEHY', 0, ''),
        ('an id of letters only', 'invoice_reference', 'in_gtteVBBRrdpUwq', 'INGTTEVBBRRDPUWQ', 0, ''),
        ('an id in a text', 'description', 'Order for in_FM5rHmx8rapehy, thanks', 'INFM5RHMX8RAPEHY', 0, ''),
        ('a payout id folded by the bank', 'remittance_information', 'STRIPE PO 1PQ5RXMT PAYOUT', 'PO1PQ5RXMT', 0, ''),
        ('an id without its underscore', 'remittance_information', 'ref INFM5RHMX8RAPEHY', 'INFM5RHMX8RAPEHY', 0, ''),
        ('an id at a line end', 'remittance_information', 'in_FM5rHm' ~ "' || chr(10) || '" ~ 'x8rapehy', 'INFM5RHMX8RAPEHY', 0, ''),
        ('a UUID', 'remittance_information', '3f2504e0-4f89-11d3-9a0c-0305e82c330a', '3F2504E04F8911D39A0C0305E82C330A', 0, ''),
        ('words behind a number are no id', 'remittance_information', 'INV-2026-0042 thank you', 'INV20260042THANK', None, ''),
        ('an id does not go over a separator', 'invoice_reference', 'in; FM5rHmx8rapehy', 'INFM5RHMX8RAPEHY', None, ''),
        ('no field in the middle', 'structured_reference', '1234' ~ '36455' ~ '0', '36455', None, ''),
    ] %}
    {%- for name, source, text, value, steps, beside in cases %}
    select
        '{{ name }}' as case_name,
        '{{ source }}' as mention_source,
        '{{ text }}' as mention_text,
        '{{ value }}' as expected_value,
        '{{ beside }}' as expected_beside,
        cast({{ 'null' if steps is none else steps }} as int) as steps
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

texts as (
    select
        expectations.case_name,
        expectations.mention_source,
        expectations.mention_text
    from expectations
),

{{ mentions_of('texts', ['case_name']) }}

select
    expectations.case_name,
    expectations.mention_text,
    expectations.expected_value,
    expectations.steps,
    mentions.reading_steps
from expectations
left join mentions
    on
        expectations.case_name = mentions.case_name
        and expectations.expected_value = mentions.mention_value
        and expectations.expected_beside = mentions.beside_digits
where expectations.steps is distinct from mentions.reading_steps
