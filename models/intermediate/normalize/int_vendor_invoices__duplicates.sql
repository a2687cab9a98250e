-- Bills that carry the number of an earlier one of the same vendor, with the same currency and
-- amount: the same paper was entered twice. The earliest stays; what a person has said to be no
-- duplicate is none. Vendors begin their numbers anew, so that the rule has a window.
with

bills as (
    select
        int_vendor_invoices__summed.*,
        {{ compact_upper('vendor_invoice_number') }} as number_key
    from {{ ref('int_vendor_invoices__summed') }} as int_vendor_invoices__summed
    where vendor_id is not null
),

rules as (
    select *
    from {{ ref('duplicate_rules') }}
    where rule_id = 'same_bill'
),

known_exceptions as (select * from {{ ref('int_exceptions__journal') }}),

refused as (
    select distinct known_exceptions.item_id
    from {{ ref('stg_review__decisions') }} as decisions
    inner join known_exceptions
        on decisions.exception_id = known_exceptions.exception_id
    where
        (
            decisions.action = 'not_a_duplicate'
            or (decisions.action = 'resolve' and decisions.reason_code = 'not_a_duplicate')
        )
        and decisions.decided_at <= {{ as_of() }}
        and known_exceptions.item_type = 'vendor_invoice'
),

candidates as (
    select bills.*
    from bills
    left join refused
        on bills.item_id = refused.item_id
    where refused.item_id is null and bills.number_key <> ''
),

placed as (
    select
        candidates.*,
        first_value(candidates.item_id) over same_bills as original_item_id,
        first_value(candidates.invoice_date) over same_bills as original_date
    from candidates
    window same_bills as (
        partition by
            candidates.vendor_id,
            candidates.number_key,
            candidates.currency,
            candidates.total_amount
        order by candidates.invoice_date nulls last, candidates.item_id nulls last
    )
),

final as (
    select
        placed.item_id,
        placed.original_item_id,
        rules.rule_id,
        rules.rule_id || '|' || placed._batch_id as group_name
    from placed
    cross join rules
    where
        placed.item_id <> placed.original_item_id
        and {{ days_between('placed.original_date', 'placed.invoice_date') }} < rules.window_days
)

select * from final
