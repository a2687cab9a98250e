-- The lines of every entry with their accounts and numbers: as they were sealed (where that was
-- once more, for their values, as they were sealed then), and of what is not sealed yet as rules,
-- accounts and items are now. A positive amount is a debit.
with

items as (select * from {{ ref('int_items') }}),

posting_rules as (select * from {{ ref('posting_rules') }}),

posting_accounts as (select * from {{ ref('posting_accounts') }}),

lines as (
    select * from {{ ref('int_journal_lines__items') }}
    union all
    select * from {{ ref('int_journal_lines__adjustments') }}
    union all
    select * from {{ ref('int_journal_lines__fees') }}
    union all
    select * from {{ ref('int_journal_lines__conversions') }}
    union all
    select * from {{ ref('int_journal_lines__exchange') }}
),

valued_later as (
    select distinct sealed.match_id
    from {{ ref('int_journal_lines__sealed') }} as sealed
    where sealed.is_valued_later
),

sealed_lines as (
    select sealed.*
    from {{ ref('int_journal_lines__sealed') }} as sealed
    left join valued_later
        on sealed.match_id = valued_later.match_id
    where sealed.is_valued_later or valued_later.match_id is null
),

derived_lines as (
    select
        lines.match_id,
        cast(
            row_number() over (
                partition by lines.match_id
                order by
                    lines.line_order nulls last,
                    lines.posting_kind nulls last,
                    lines.item_type nulls last,
                    lines.item_id nulls last,
                    lines.currency nulls last
            ) as bigint
        ) as line_number,
        lines.reconciliation,
        lines.posting_kind,
        lines.item_type,
        lines.item_id,
        lines.currency,
        lines.amount,
        items.event_date as value_date,
        coalesce(lines.own_account_code, posting_accounts.account_code) as account_code,
        case
            when items.document_number is null then posting_rules.description
            else posting_rules.description || ': ' || items.document_number
        end as memo
    from lines
    left join posting_rules
        on
            lines.reconciliation = posting_rules.reconciliation
            and lines.posting_kind = posting_rules.posting_kind
    left join posting_accounts
        on
            posting_accounts.posting_role
            = case
                when lines.amount > {{ zero() }} then posting_rules.debit_role
                else posting_rules.credit_role
            end
    left join items
        on lines.item_key = items.item_key
),

final as (
    select
        sealed_lines.match_id,
        sealed_lines.line_number,
        sealed_lines.reconciliation,
        sealed_lines.posting_kind,
        sealed_lines.item_type,
        sealed_lines.item_id,
        sealed_lines.currency,
        sealed_lines.amount,
        sealed_lines.value_date,
        sealed_lines.account_code,
        sealed_lines.memo,
        sealed_lines.base_amount,
        sealed_lines.base_currency,
        sealed_lines.rate
    from sealed_lines
    union all
    select
        derived_lines.match_id,
        derived_lines.line_number,
        derived_lines.reconciliation,
        derived_lines.posting_kind,
        derived_lines.item_type,
        derived_lines.item_id,
        derived_lines.currency,
        derived_lines.amount,
        derived_lines.value_date,
        derived_lines.account_code,
        derived_lines.memo,
        cast(null as {{ amount_type() }}) as base_amount,
        cast(null as {{ dbt.type_string() }}) as base_currency,
        cast(null as {{ amount_type() }}) as rate
    from derived_lines
)

select * from final
