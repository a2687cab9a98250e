-- Bank lines that an earlier file told already: a copy is evidence of the line that counts, and a
-- suspected one waits for a person. What a live match holds is neither, and where an entry that no
-- match holds was told whole and then with its details, the details count and the entry is
-- evidence.
with

lines as (select * from {{ ref('int_bank_lines__delivered') }}),

entries as (select * from {{ ref('int_bank_entries__counted') }}),

sealed_items as (
    select distinct lines.item_id
    from lines
    inner join {{ ref('int_journal__live_items') }} as live_items
        on lines.item_id = live_items.item_id
    where live_items.item_type = 'bank_transaction'
),

people_say as (
    select *
    from {{ ref('int_items__judged_by_people') }}
    where item_type = 'bank_transaction'
),

-- what many copies of one file are called, and the latest word about all of them
groups_judged as (
    select
        known_exceptions.group_name,
        max_by(
            decisions.action, {{ iso_timestamp('decisions.decided_at') }} || decisions.decision_id
        ) as judgement
    from {{ ref('stg_review__decisions') }} as decisions
    inner join {{ ref('int_exceptions__journal') }} as known_exceptions
        on decisions.exception_id = known_exceptions.exception_id
    where
        decisions.action in ('mark_duplicate', 'not_a_duplicate')
        and decisions.decided_at <= {{ as_of() }}
        and known_exceptions.group_name is not null
    group by known_exceptions.group_name
),

-- where one movement is all there was, the line that counts is what its copies are evidence of
only_ones as (
    select
        entries.*,
        sealed_items.item_id is not null as is_sealed
    from entries
    left join sealed_items
        on entries.first_item_id = sealed_items.item_id
    where entries.is_only_one and entries.verdict = 'counted' and not entries.is_known
),

detailed as (
    select
        only_ones.account_id,
        only_ones.currency,
        only_ones.booking_date,
        only_ones.entry_total,
        only_ones.cluster_name,
        min(entries.delivery_number) as delivery_number
    from only_ones
    inner join entries
        on
            only_ones.account_id = entries.account_id
            and only_ones.currency = entries.currency
            and only_ones.booking_date = entries.booking_date
            and only_ones.entry_total = entries.entry_total
            and only_ones.cluster_name = entries.cluster_name
    where
        not only_ones.is_sealed
        and only_ones.line_count = 1
        and entries.verdict = 'told_before'
        and not entries.is_known
        and entries.line_count > 1
        and entries.amount = entries.entry_total
    group by
        only_ones.account_id,
        only_ones.currency,
        only_ones.booking_date,
        only_ones.entry_total,
        only_ones.cluster_name
),

judged as (
    select
        entries.account_id,
        entries.currency,
        entries.booking_date,
        entries.entry_total,
        entries.delivery_number,
        entries.entry_name,
        case
            when detailed.delivery_number is null then entries.verdict
            when detailed.delivery_number = entries.delivery_number then 'counted'
            else 'told_before'
        end as verdict,
        case
            when
                entries.verdict = 'told_before'
                and detailed.delivery_number is null
                and only_ones.line_count = 1
                then only_ones.first_item_id
            when entries.verdict = 'suspected' then entries.original_item_id
        end as original_item_id
    from entries
    left join only_ones
        on
            entries.account_id = only_ones.account_id
            and entries.currency = only_ones.currency
            and entries.booking_date = only_ones.booking_date
            and entries.entry_total = only_ones.entry_total
            and entries.cluster_name = only_ones.cluster_name
    left join detailed
        on
            entries.account_id = detailed.account_id
            and entries.currency = detailed.currency
            and entries.booking_date = detailed.booking_date
            and entries.entry_total = detailed.entry_total
            and entries.cluster_name = detailed.cluster_name
    where not entries.is_known
),

told_again as (
    select
        lines.item_id,
        'told_again|' || min(lines.batch_id) as group_name,
        min(judged.original_item_id) as original_item_id,
        max(case when judged.verdict = 'told_before' then 1 else 0 end) = 1 as is_proven
    from judged
    inner join lines
        on
            judged.account_id = lines.account_id
            and judged.currency = lines.currency
            and judged.booking_date = lines.booking_date
            and judged.entry_total = lines.entry_total
            and judged.delivery_number = lines.delivery_number
            and judged.entry_name = lines.entry_name
    where judged.verdict <> 'counted'
    group by lines.item_id
),

weighed as (
    select
        told_again.*,
        coalesce(people_say.judgement, groups_judged.judgement, '') as judgement
    from told_again
    left join people_say
        on told_again.item_id = people_say.item_id
    left join groups_judged
        on told_again.group_name = groups_judged.group_name
    left join sealed_items
        on told_again.item_id = sealed_items.item_id
    where sealed_items.item_id is null
),

final as (
    select
        weighed.item_id,
        case
            when weighed.is_proven or weighed.judgement = 'mark_duplicate' then 'copy'
            else 'suspected'
        end as verdict,
        weighed.original_item_id,
        weighed.group_name
    from weighed
    where weighed.judgement <> 'not_a_duplicate'
)

select * from final
