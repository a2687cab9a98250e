-- Every exception with its case, and whether it leads: of a case that is open the exception of the
-- most pressing type, then of what most bonds meet in (of what several fit, not of one of those),
-- then the largest amount. A case is open from its first exception to the end
-- of its last; one that comes back later is another spell of the same case, with its own lead.
with

lifecycle as (select * from {{ ref('int_exceptions__lifecycle') }}),

exception_types as (select * from {{ ref('exception_types') }}),

bonded as (
    select
        bonds.item_key,
        count(*) as bond_count
    from {{ ref('int_exceptions__bonds') }} as bonds
    group by bonds.item_key
),

dated as (
    select
        lifecycle.*,
        max(coalesce(lifecycle.resolved_at, cast('9999-12-31' as timestamp))) over (
            partition by lifecycle.case_id
            order by lifecycle.opened_at asc nulls last, lifecycle.exception_id asc nulls last
            rows between unbounded preceding and 1 preceding
        ) as closed_before_at
    from lifecycle
),

spelled as (
    select
        dated.*,
        sum(
            case
                when dated.closed_before_at is null or dated.opened_at > dated.closed_before_at
                    then 1
                else 0
            end
        ) over (
            partition by dated.case_id
            order by dated.opened_at asc nulls last, dated.exception_id asc nulls last
            rows between unbounded preceding and current row
        ) as spell
    from dated
),

spells as (
    select
        spelled.case_id,
        spelled.spell,
        min(spelled.opened_at) as opened_at,
        case
            when count(*) = count(spelled.resolved_at) then max(spelled.resolved_at)
        end as resolved_at
    from spelled
    group by spelled.case_id, spelled.spell
),

ranked as (
    select
        spelled.exception_id,
        spelled.case_id,
        spelled.spell,
        row_number() over (
            partition by spelled.case_id, spelled.spell
            order by
                case when spelled.resolved_at is null then 0 else 1 end asc nulls last,
                exception_types.precedence asc nulls last,
                coalesce(bonded.bond_count, 0) desc nulls last,
                abs(spelled.base_amount) desc nulls last,
                abs(spelled.amount) desc nulls last,
                spelled.side asc nulls last,
                spelled.exception_id asc nulls last
        ) as place,
        max(spelled.spell) over (partition by spelled.case_id) as last_spell
    from spelled
    left join exception_types
        on spelled.exception_type = exception_types.exception_type
    left join bonded
        on spelled.item_key = bonded.item_key
),

final as (
    select
        ranked.exception_id,
        ranked.case_id,
        ranked.place = 1 and ranked.spell = ranked.last_spell as is_case_lead,
        ranked.place = 1 as is_spell_lead,
        cast(ranked.spell as bigint) as spell,
        spells.opened_at as case_opened_at,
        spells.resolved_at as case_resolved_at
    from ranked
    inner join spells
        on
            ranked.case_id = spells.case_id
            and ranked.spell = spells.spell
)

select * from final
