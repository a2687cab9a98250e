{# How often the audit trail holds a closing, and a reversal, of a match: one row per match. #}
{% macro sealed_decisions() %}
    select
        journal_entries.subject_id as match_id,
        sum(case when journal_entries.entry_type = 'match_closed' then 1 else 0 end)
            as closing_count,
        sum(case when journal_entries.entry_type = 'match_reversed' then 1 else 0 end)
            as reversal_count
    from {{ ref('stg_tieout__journal_entries') }} as journal_entries
    where journal_entries.entry_type in ('match_closed', 'match_reversed')
    group by journal_entries.subject_id
{%- endmacro %}
