-- What is said to people about every exception: what is the matter, with the figures, and while it
-- is open what to do. The sentences are rows of seeds/recommendations.csv.
with

lifecycle as (select * from {{ ref('int_exceptions__lifecycle') }}),

items as (select * from {{ ref('int_items__balanced') }}),

counterparts as (select * from {{ ref('int_exceptions__counterparts') }}),

paid_before as (select * from {{ ref('int_exceptions__paid_before') }}),

duplicate_items as (select * from {{ ref('int_exceptions__duplicate_items') }}),

gaps as (
    select
        'bank_transaction' as item_type,
        'statement_missing' as exception_type,
        failed.item_id,
        min(failed.missing_from_date) as from_date,
        max(failed.missing_to_date) as to_date
    from {{ ref('int_statements__failed') }} as failed
    where failed.condition = 'statement_before_is_missing' and failed.item_id is not null
    group by failed.item_id
),

customers as (select * from {{ ref('stg_crm__customers') }}),

currencies as (select * from {{ ref('currencies') }}),

exception_types as (select * from {{ ref('exception_types') }}),

recommendations as (select * from {{ ref('recommendations') }}),

-- a document that was repeated, or was paid before
originals as (
    select
        lifecycle.exception_id,
        coalesce(paid_before.invoice_id, duplicate_items.original_item_id) as item_id,
        lifecycle.reconciliation || '|' || coalesce(paid_before.document_type, lifecycle.item_type)
        || '|' || coalesce(paid_before.invoice_id, duplicate_items.original_item_id) as item_key
    from lifecycle
    left join paid_before
        on lifecycle.item_key = paid_before.item_key
    left join duplicate_items
        on lifecycle.item_key = duplicate_items.item_key
    where paid_before.invoice_id is not null or duplicate_items.original_item_id is not null
),

-- bank lines that look alike differ in nothing but their ids
named_originals as (
    select
        originals.exception_id,
        coalesce(
            case
                when items.item_type <> 'bank_transaction' then {{ item_name('items') }}
            end,
            originals.item_id
        ) as original
    from originals
    left join items
        on originals.item_key = items.item_key
),

-- of the items whatever is said; one that is no longer listed is told by its id
known as (
    select
        lifecycle.exception_id,
        lifecycle.exception_type,
        lifecycle.root_cause,
        lifecycle.currency,
        case when lifecycle.group_name is not null then 'many' else 'one' end as scope,
        lifecycle.resolved_at is null as is_open,
        lifecycle.item_id,
        coalesce(
            case
                when lifecycle.item_type = 'bank_transaction' then {{ item_in_words('items') }}
                else {{ item_name('items') }}
            end,
            replace(lifecycle.item_type, '_', ' ') || ' ' || lifecycle.item_id
        ) as item,
        coalesce(
            {{ item_in_words('items') }},
            replace(lifecycle.item_type, '_', ' ') || ' ' || lifecycle.item_id
        ) as document,
        {{ amount_text_minor('abs(lifecycle.amount)', 'currencies.minor_digits') }} as amount,
        case
            when items.currency = lifecycle.currency
                then {{ amount_text_minor('abs(items.amount)', 'currencies.minor_digits') }}
        end as total,
        {{ day_in_words('items.event_date') }} as event_date,
        {{ days_between(
            'items.event_date', 'coalesce(lifecycle.resolved_at, ' ~ as_of() ~ ')'
        ) }} as days,
        coalesce(customers.legal_name, lifecycle.customer_id, items.party_id) as party,
        case
            when lifecycle.item_type = 'bank_transaction'
                then {{ account_of('lifecycle.item_id') }}
        end as account,
        case when lifecycle.resolved_at is null then counterparts.others end as others,
        named_originals.original,
        {{ day_in_words('gaps.from_date') }} as from_date,
        {{ day_in_words('gaps.to_date') }} as to_date,
        cast(coalesce(lifecycle.item_count, 1) as {{ dbt.type_string() }}) as items
    from lifecycle
    left join items
        on lifecycle.item_key = items.item_key
    left join currencies
        on lifecycle.currency = currencies.code
    left join customers
        on lifecycle.customer_id = customers.customer_id
    left join counterparts
        on lifecycle.item_key = counterparts.item_key
    left join named_originals
        on lifecycle.exception_id = named_originals.exception_id
    left join gaps
        on
            lifecycle.item_type = gaps.item_type
            and lifecycle.exception_type = gaps.exception_type
            and lifecycle.item_id = gaps.item_id
),

-- the row of the cause itself goes before that of any; a type without a row has its meaning
worded as (
    select
        known.*,
        coalesce(
            of_cause.detail,
            of_type.detail,
            '{document}, {amount} {currency}: ' || exception_types.meaning || '.'
        ) as detail_text,
        coalesce(
            of_cause.recommendation,
            of_type.recommendation,
            'Follow ' || exception_types.runbook || ' for {item}.'
        ) as recommendation_text
    from known
    left join exception_types
        on known.exception_type = exception_types.exception_type
    left join recommendations as of_cause
        on
            known.exception_type = of_cause.exception_type
            and known.root_cause = of_cause.root_cause
            and known.scope = of_cause.scope
    left join recommendations as of_type
        on
            known.exception_type = of_type.exception_type
            and of_type.root_cause = '*'
            and known.scope = of_type.scope
),

{%- set places = {
    'item': 'worded.item',
    'item_id': 'worded.item_id',
    'document': 'worded.document',
    'amount': "coalesce(worded.amount, 'an unknown amount of')",
    'total': 'coalesce(worded.total, worded.amount)',
    'currency': 'worded.currency',
    'date': "coalesce(worded.event_date, 'an unknown day')",
    'age': "case when worded.days = 1 then '1 day' else coalesce(cast(worded.days as "
        ~ dbt.type_string() ~ "), 'unknown') || ' days' end",
    'party': "coalesce(worded.party, 'unknown party')",
    'account': "coalesce(worded.account, 'unknown')",
    'others': "coalesce(worded.others, 'its other side')",
    'original': "coalesce(worded.original, 'another one')",
    'from': "coalesce(worded.from_date, 'an unknown day')",
    'to': "coalesce(worded.to_date, 'an unknown day')",
    'items': 'worded.items',
} %}

final as (
    select
        worded.exception_id,
        {{ fill_in('worded.detail_text', places) }} as detail,
        case when worded.is_open then {{ fill_in('worded.recommendation_text', places) }} end
            as recommendation
    from worded
)

select * from final
