{#-
    Last step of looking for sets, as CTEs `told` to `weighed_sets`: whether a set may have come
    about by chance. How many sets as simple as the one found there are (`as_simple`), each with its
    sum, is held against how many amounts those sums may have: all that the party has, in steps of
    its granularity. A set that takes all but two is as simple as one of two.

    Reads `found_sets`, `targets`, `parties`. Yields `weighed_sets`, one row per set and member.
-#}
{% macro weigh_sets(smallest_set) %}
-- how many units it takes to tell the set: its own, or those that it leaves out
told as (
    select
        found_sets.*,
        parties.reconciliation,
        parties.party_number,
        parties.granularity,
        parties.member_total,
        targets.target_place,
        targets.is_payment,
        targets.is_searched_whole,
        cast(parties.member_count as double) as party_members,
        cast(targets.near_count as double) as near_members,
        least(found_sets.member_count, parties.member_count - found_sets.member_count)
            as units_to_tell,
        -- One payment for all that is open, credit memos taken off: an account that is settled. One
        -- that names its documents settles it with what these leave.
        targets.is_payment
        and found_sets.member_count = parties.member_count
        and parties.has_credits
        and (
            {{ smallest_set }} = 1
            or (found_sets.member_count > 2 and parties.target_count = 1)
        ) as settles_account
    from found_sets
    inner join targets
        on found_sets.target_unit = targets.target_unit
    inner join parties
        on targets.party_number = parties.party_number
),

simplicity as (
    select
        told.*,
        case
            when told.settles_account then 1
            when told.units_to_tell <= 1 or told.is_order then told.party_members
            -- sets of up to two of n members, of up to three, of up to four
            when told.units_to_tell = 2 then told.party_members * (told.party_members + 1) / 2
            when told.units_to_tell = 3
                then
                    told.party_members
                    * (told.party_members * told.party_members + 5) / 6
            when told.units_to_tell = 4
                then
                    told.party_members
                    * (told.party_members + 1)
                    * (told.party_members * told.party_members - 3 * told.party_members + 14) / 24
            -- neighbours by date: the first and the last tell them
            when told.is_run then told.near_members * (told.near_members + 1) / 2
            -- more than four: every subset of few members, one of the blocks of many
            when told.is_searched_whole then power(2, told.near_members - 1)
            else 2 * told.party_members
        end as as_simple,
        case
            when told.settles_account
                then cast({{ search_limit('largest_chance_of_the_whole') }} as double)
            else cast({{ search_limit('largest_chance_of_a_set') }} as double)
        end as largest_chance
    from told
),

weighed_sets as (
    select
        simplicity.*,
        2 * simplicity.as_simple * simplicity.granularity
        > simplicity.member_total * simplicity.largest_chance as may_be_chance
    from simplicity
)
{%- endmacro %}
