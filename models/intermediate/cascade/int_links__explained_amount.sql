-- The same payer and currency, and an amount that is short by exactly what the document's
-- terms, its withholding rate, the bank's charges or an agreement explain.
with

open_items as (select * from {{ ref('int_open__after_equals') }}),

allowances as (select * from {{ ref('int_item_allowances') }}),

naming as (select * from {{ ref('int_items__naming_documents') }}),

declined_pairs as (
    select *
    from {{ ref('int_declined_pairs') }}
    where declined_group is null
),

rules as (
    select *
    from {{ ref('int_match_rules__valid') }}
    where pass = 'explained_amount' and relation <> 'mismatch' and rollout = 'stable'
),

{{ units_of('open_items') }},

unit_allowances as (
    select
        open_items.anchor_item_key as unit_key,
        allowances.kind,
        allowances.basis,
        min(allowances.valid_until) as valid_until,
        cast(sum(allowances.amount) as {{ amount_type() }}) as amount
    from open_items
    inner join allowances
        on open_items.item_key = allowances.item_key
    group by open_items.anchor_item_key, allowances.kind, allowances.basis
),

-- a crowd of equals is not searched
counted_units as (
    select
        units.*,
        count(*) over (
            partition by
                units.reconciliation, units.side, units.family_id, units.currency,
                units.unit_amount
        ) as equals
    from units
    where units.family_id is not null and units.unit_amount > 0
),

-- each as it is, and as it is explained: what a document asks for without its allowance, what a
-- payment was before charges
priced as (
    select
        counted_units.*,
        cast(null as {{ dbt.type_string() }}) as kind,
        cast(null as date) as valid_until,
        counted_units.unit_amount as explained_amount
    from counted_units
    where counted_units.equals <= {{ search_limit('largest_crowd_in_explained_amount') }}
    union all
    select
        counted_units.*,
        unit_allowances.kind,
        unit_allowances.valid_until,
        cast(
            counted_units.unit_amount
            + case when counted_units.side = 'expected' then -1 else 1 end * unit_allowances.amount
            as {{ amount_type() }}
        ) as explained_amount
    from counted_units
    inner join unit_allowances
        on counted_units.unit_key = unit_allowances.unit_key
    where counted_units.equals <= {{ search_limit('largest_crowd_in_explained_amount') }}
),

pairs as (
    select distinct
        documents.reconciliation,
        documents.unit_key as expected_unit,
        payments.unit_key as actual_unit,
        rules.relation as kind
    from priced as documents
    inner join priced as payments
        on
            documents.reconciliation = payments.reconciliation
            and documents.family_id = payments.family_id
            and documents.currency = payments.currency
            and documents.explained_amount = payments.explained_amount
    inner join rules
        on
            documents.reconciliation = rules.reconciliation
            and coalesce(documents.kind, payments.kind) = rules.relation
    where
        documents.side = 'expected'
        and payments.side = 'actual'
        -- one explanation, on one side
        and (documents.kind is null or payments.kind is null)
        and (documents.valid_until is null or payments.event_date <= documents.valid_until)
        and {{ days_between('documents.event_date', 'payments.event_date') }}
        between -rules.days_before and rules.days_after
),

free_pairs as (
    select
        pairs.reconciliation,
        pairs.expected_unit,
        pairs.actual_unit,
        min(pairs.kind) as kind
    from pairs
    left join naming
        on pairs.actual_unit = naming.item_key
    left join declined_pairs
        on
            pairs.expected_unit = declined_pairs.expected_item_key
            and pairs.actual_unit = declined_pairs.actual_item_key
    where naming.item_key is null and declined_pairs.expected_item_key is null
    group by pairs.reconciliation, pairs.expected_unit, pairs.actual_unit
),

counted as (
    select
        free_pairs.*,
        count(*) over (partition by free_pairs.expected_unit) as payments_that_fit,
        count(*) over (partition by free_pairs.actual_unit) as documents_that_fit,
        row_number() over (
            partition by free_pairs.actual_unit
            order by free_pairs.expected_unit nulls last
        ) as place
    from free_pairs
),

final as (
    select
        counted.reconciliation,
        counted.expected_unit,
        counted.actual_unit,
        'payer, and amount less ' || counted.kind as evidence,
        counted.payments_that_fit > 1 or counted.documents_that_fit > 1 as is_ambiguous,
        false as is_weak,
        cast(null as {{ amount_type() }}) as stated_amount,
        cast(null as {{ dbt.type_string() }}) as link_ambiguity,
        counted.expected_unit || '~' || counted.actual_unit as group_name
    from counted
    where counted.place <= {{ search_limit('documents_shown') }}
)

select * from final
