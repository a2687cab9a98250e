-- Every copy that is set aside, every open document that looks like one, and every bank line that
-- waits for a word, with what made it and whether that made so many that they are one finding.
with

-- Where somebody owes and somebody pays. A line that is suspected is so wherever it is listed; one
-- listing asks.
items as (
    select
        unsettled.*,
        coalesce(unsettled.set_aside_reason = 'suspected_copy', false) as is_suspected_copy,
        row_number() over (
            partition by unsettled.item_type, unsettled.item_id
            order by unsettled.reconciliation desc nulls last
        ) as listing_rank
    from {{ ref('int_items__unsettled') }} as unsettled
    inner join {{ ref('reconciliations') }} as reconciliations
        on unsettled.reconciliation = reconciliations.name
    where
        reconciliations.party_kind in ('customer', 'vendor')
        or unsettled.set_aside_reason = 'suspected_copy'
),

bank_copies as (
    select *
    from {{ ref('int_bank_transactions__copies') }}
    where verdict = 'suspected'
),

duplicate_invoices as (select * from {{ ref('int_invoices__duplicates') }}),

duplicate_charges as (select * from {{ ref('int_charges__duplicates') }}),

duplicate_bills as (select * from {{ ref('int_vendor_invoices__duplicates') }}),

rules as (select * from {{ ref('duplicate_rules') }}),

known_groups as (
    select distinct journal.group_name
    from {{ ref('int_exceptions__journal') }} as journal
    where journal.group_name is not null
),

found as (
    select
        {{ item_id(['duplicate_invoices.invoice_id']) }} as item_id,
        {{ item_id(['duplicate_invoices.original_invoice_id']) }} as original_item_id,
        duplicate_invoices.rule_id,
        duplicate_invoices.effect,
        duplicate_invoices.group_name,
        'billing_invoices' as feed
    from duplicate_invoices
    union all
    select
        duplicate_charges.item_id,
        duplicate_charges.original_item_id,
        duplicate_charges.rule_id,
        'set_aside' as effect,
        duplicate_charges.group_name,
        'gateway_transactions' as feed
    from duplicate_charges
    union all
    select
        duplicate_bills.item_id,
        duplicate_bills.original_item_id,
        duplicate_bills.rule_id,
        'set_aside' as effect,
        duplicate_bills.group_name,
        'vendor_invoices' as feed
    from duplicate_bills
    union all
    select
        bank_copies.item_id,
        bank_copies.original_item_id,
        'told_again' as rule_id,
        'wait' as effect,
        bank_copies.group_name,
        'bank_transactions' as feed
    from bank_copies
),

-- what a person has marked as a duplicate has no rule
members as (
    select
        items.item_key,
        items.item_type,
        items.item_id,
        items.row_hash,
        case
            when items.is_suspected_copy then 'looks_like_a_copy'
            when items.status = 'set_aside' then 'set_aside_as_duplicate'
            else 'looks_like_a_duplicate'
        end as condition,
        found.original_item_id,
        found.rule_id,
        coalesce(found.group_name, items.item_key) as group_name,
        rules.mass_items
    from items
    left join found
        on
            items.item_id = found.item_id
            and items.feed = found.feed
            and case
                when items.is_suspected_copy then 'wait'
                when items.set_aside_reason = 'duplicate' then 'set_aside'
                else 'suspect'
            end = found.effect
    left join rules
        on found.rule_id = rules.rule_id
    where
        (items.is_suspected_copy and items.listing_rank = 1)
        or (items.status = 'set_aside' and items.set_aside_reason = 'duplicate')
        or (
            items.item_type in ('invoice', 'credit_memo')
            and items.status <> 'set_aside'
            and found.effect = 'suspect'
        )
),

counted as (
    select
        members.*,
        count(*) over (partition by members.condition, members.group_name) as member_count
    from members
),

final as (
    select
        counted.item_key,
        counted.item_type,
        counted.item_id,
        counted.row_hash,
        counted.condition,
        counted.original_item_id,
        counted.rule_id,
        counted.group_name,
        counted.rule_id is not null
        and (counted.member_count >= counted.mass_items or known_groups.group_name is not null)
            as is_mass
    from counted
    left join known_groups
        on counted.group_name = known_groups.group_name
)

select * from final
