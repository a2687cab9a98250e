-- A payment names a number that is not what it pays: mistyped and somebody else's, or of a
-- document that is closed. The payer is known, and one document of the payer has its amount; see
-- int_items__misquoting. A payer's own document that is named must be closed for good, and where
-- the number does not point to the document, no other payment may want it.
with

open_items as (select * from {{ ref('int_open__after_texts') }}),

misquoting as (select * from {{ ref('int_items__misquoting') }}),

spoken_for as (select * from {{ ref('int_units__spoken_for') }}),

weak_links as (select * from {{ ref('int_links__weak_reference') }}),

known_mentions as (
    select *
    from {{ ref('int_item_mentions__known') }}
    where strength = 'strong'
),

{{ units_of('open_items') }},

-- what amounts closed, in this payment's run or later, was still open when it was asked about: it
-- would be so again
held_later as (select * from {{ ref('int_units__held_since') }}),

free_units as (
    select units.*
    from units
    left join spoken_for
        on units.unit_key = spoken_for.unit_key and units.side = spoken_for.side
    where spoken_for.unit_key is null
),

told_apart as (
    select weak_links.expected_unit as unit_key from weak_links
    union
    select weak_links.actual_unit as unit_key from weak_links
),

pairs as (
    select
        misquoting.*,
        documents.family_id,
        documents.currency,
        documents.unit_amount
    from misquoting
    inner join free_units as documents
        on misquoting.expected_unit = documents.unit_key and documents.side = 'expected'
    inner join free_units as payments
        on misquoting.actual_unit = payments.unit_key and payments.side = 'actual'
    left join told_apart as told_documents
        on misquoting.expected_unit = told_documents.unit_key
    left join told_apart as told_payments
        on misquoting.actual_unit = told_payments.unit_key
    where
        documents.unit_amount = payments.unit_amount
        and told_documents.unit_key is null
        and told_payments.unit_key is null
),

-- documents of the payer that still wait for money: they may be what is meant
waiting_documents as (
    select
        units.unit_key,
        units.family_id
    from units
    where units.side = 'expected'
    union
    select
        spoken_for.unit_key,
        spoken_for.family_id
    from spoken_for
    where spoken_for.side = 'expected'
),

still_named as (
    select
        pairs.actual_unit,
        known_mentions.named_item_key as item_key,
        pairs.family_id,
        pairs.known_in_run
    from pairs
    inner join known_mentions
        on
            pairs.actual_unit = known_mentions.item_key
            and pairs.reconciliation = known_mentions.reconciliation
    where pairs.names_own
),

naming_what_waits as (
    select still_named.actual_unit
    from still_named
    inner join waiting_documents
        on
            still_named.item_key = waiting_documents.unit_key
            and still_named.family_id = waiting_documents.family_id
    union
    select still_named.actual_unit
    from still_named
    inner join held_later
        on
            still_named.item_key = held_later.unit_key
            and still_named.family_id = held_later.family_id
            and still_named.known_in_run <= held_later.held_in_run
),

waiting_payments as (
    select
        units.unit_key,
        units.reconciliation,
        units.family_id,
        units.currency,
        units.unit_amount
    from units
    where units.side = 'actual'
    union
    select
        spoken_for.unit_key,
        spoken_for.reconciliation,
        spoken_for.family_id,
        spoken_for.currency,
        spoken_for.unit_amount
    from spoken_for
    where spoken_for.side = 'actual'
),

rivaled as (
    select pairs.actual_unit
    from pairs
    inner join waiting_payments
        on
            pairs.reconciliation = waiting_payments.reconciliation
            and pairs.family_id = waiting_payments.family_id
            and pairs.currency = waiting_payments.currency
            and pairs.unit_amount = waiting_payments.unit_amount
            and pairs.actual_unit <> waiting_payments.unit_key
    where not pairs.is_written_wrong
    union
    select pairs.actual_unit
    from pairs
    inner join held_later
        on
            pairs.reconciliation = held_later.reconciliation
            and pairs.family_id = held_later.family_id
            and pairs.currency = held_later.currency
            and pairs.unit_amount = held_later.unit_amount
            and pairs.actual_unit <> held_later.unit_key
            and pairs.known_in_run <= held_later.held_in_run
    where not pairs.is_written_wrong and held_later.side = 'actual'
),

counted as (
    select
        pairs.*,
        count(*) over (partition by pairs.expected_unit) as payments_that_fit,
        count(*) over (partition by pairs.actual_unit) as documents_that_fit
    from pairs
    left join naming_what_waits
        on pairs.actual_unit = naming_what_waits.actual_unit
    left join rivaled
        on pairs.actual_unit = rivaled.actual_unit
    where naming_what_waits.actual_unit is null and rivaled.actual_unit is null
),

final as (
    select
        counted.reconciliation,
        counted.expected_unit,
        counted.actual_unit,
        counted.evidence,
        false as is_ambiguous,
        false as is_weak,
        cast(null as {{ amount_type() }}) as stated_amount,
        cast(null as {{ dbt.type_string() }}) as link_ambiguity,
        counted.expected_unit || '~' || counted.actual_unit as group_name
    from counted
    where counted.payments_that_fit = 1 and counted.documents_that_fit = 1
)

select * from final
