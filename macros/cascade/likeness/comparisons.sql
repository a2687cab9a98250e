{#- What is compared of a pair: name of the comparison -> its column in `compared_pairs`. -#}
{% macro comparisons() %}
    {% do return({
        'amount': 'amount_distance',
        'days': 'days_apart',
        'party': 'party_agreement',
        'reference': 'reference_edits',
        'shared_words': 'shared_bits',
        'contradicting_words': 'contradicting_bits',
        'unmatched_words': 'unmatched_bits',
    }) %}
{% endmacro %}


{#- The parts of a pair's score as JSON: the weight of each comparison's level, and the prior. -#}
{% macro score_parts(relation) -%}
    {%- set columns = {'prior': relation ~ '.prior_weight'} -%}
    {%- for comparison in comparisons() -%}
        {%- do columns.update({comparison: relation ~ '.' ~ comparison ~ '_weight'}) -%}
    {%- endfor -%}
    {%- set members = [] -%}
    {%- for name, column in columns.items() -%}
        {%- do members.append([name, json_string(amount_text('round(' ~ column ~ ', 3)'))]) -%}
    {%- endfor -%}
    {{ json_object_raw(members) }}
{%- endmacro %}
