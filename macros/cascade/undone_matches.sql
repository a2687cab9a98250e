{#- The matches that a person has taken apart: match_id, undone_at (null: in this run). -#}
{% macro undone_matches() %}
    select
        reversals.match_id,
        reversals.reversed_at as undone_at
    from {{ ref('int_journal__reversals') }} as reversals
    where reversals.reason = 'undone_by_a_person'
    union all
    select
        standing.match_id,
        cast(null as timestamp) as undone_at
    from {{ ref('int_matches__standing') }} as standing
    where standing.reversal_reason = 'undone_by_a_person'
{%- endmacro %}
