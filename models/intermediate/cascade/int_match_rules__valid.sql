-- The rules in force at the run's as_of, with the ceiling in each rule's own reconciliation.
with

rules as (select * from {{ ref('match_rules') }}),

final as (
    select rules.*
    from rules
    where
        rules.valid_from <= {{ as_of_date() }}
        and (rules.valid_to is null or rules.valid_to > {{ as_of_date() }})
)

select * from final
