-- Matches whose entry is derived from their items. All others were sealed with their lines, by
-- their own run or a later one, and what is sealed is read (int_journal_lines__sealed), never
-- derived again.
with

matches as (
    select *
    from {{ ref('int_matches__decided') }}
    where is_live or decision = 'reversed'
),

sealed_with_lines as (
    select closed.match_id
    from {{ ref('int_journal__matches') }} as closed
    where closed.lines is not null
    union
    select valued.match_id
    from {{ ref('int_journal_lines__sealed') }} as valued
    where valued.is_valued_later
),

final as (
    select
        matches.match_id,
        matches.reconciliation
    from matches
    left join sealed_with_lines
        on matches.match_id = sealed_with_lines.match_id
    where sealed_with_lines.match_id is null
)

select * from final
