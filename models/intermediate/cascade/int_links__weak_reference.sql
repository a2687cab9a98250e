-- Payer, currency and amount agree, and the payment says something that fits one document
-- alone: its number but for a slip of the hand, its running number, its purchase order, its
-- customer's number. Such words choose between equals; what they leave open is left to the next
-- pass.
with

open_items as (select * from {{ ref('int_open__after_texts') }}),

rules as (
    select *
    from {{ ref('int_match_rules__valid') }}
    where pass = 'weak_reference' and relation = 'exact' and rollout = 'stable'
),

declined_pairs as (
    select *
    from {{ ref('int_declined_pairs') }}
    where declined_group is null
),

-- what names an unknown document may be a slip
payments_that_name as (
    select *
    from {{ ref('int_items__naming_documents') }}
    where is_known
),

spoken_for as (select * from {{ ref('int_units__spoken_for') }}),

invoices as (select * from {{ ref('stg_billing__invoices') }}),

{{ units_of('open_items') }},

invoice_units as (
    select
        units.*,
        {{ compact_upper('open_items.document_number') }} as number_text,
        {{ regex_extract(compact_upper('open_items.document_number'), '^[A-Z]+([0-9]+)$', 1) }}
            as number_digits,
        {{ groups_of('trim(' ~ spaced_upper('open_items.document_number') ~ ')') }}
            as number_groups,
        {{ compact_upper('invoices.purchase_order_number') }} as order_text,
        {{ compact_upper('invoices.customer_id') }} as customer_text,
        {{ groups_of('trim(' ~ spaced_upper('invoices.customer_id') ~ ')') }} as customer_groups,
        {{ party_digits('invoices.customer_id') }} as customer_digits
    from units
    inner join rules
        on units.reconciliation = rules.reconciliation
    inner join open_items
        on units.unit_key = open_items.item_key
    inner join invoices
        on open_items.row_hash = invoices._row_hash
    left join spoken_for
        on units.unit_key = spoken_for.unit_key and units.side = spoken_for.side
    where
        units.side = 'expected'
        and units.family_id is not null
        and spoken_for.unit_key is null
),

documents as (
    select
        invoice_units.*,
        {{ regex_extract('invoice_units.number_groups', '^[A-Z]+[.]([0-9.]+)$', 1) }}
            as digit_groups
    from invoice_units
),

payments as (
    select units.*
    from units
    inner join rules
        on units.reconciliation = rules.reconciliation
    left join payments_that_name
        on units.unit_key = payments_that_name.item_key
    left join spoken_for
        on units.unit_key = spoken_for.unit_key and units.side = spoken_for.side
    where
        units.side = 'actual'
        and units.family_id is not null
        and units.unit_amount <> 0
        and payments_that_name.item_key is null
        and spoken_for.unit_key is null
),

-- a crowd of equals is not searched
crowds as (
    select
        equals.reconciliation,
        equals.family_id,
        equals.currency,
        equals.unit_amount
    from (
        select
            documents.reconciliation,
            documents.side,
            documents.family_id,
            documents.currency,
            documents.unit_amount
        from documents
        union all
        select
            payments.reconciliation,
            payments.side,
            payments.family_id,
            payments.currency,
            payments.unit_amount
        from payments
    ) as equals
    group by equals.reconciliation, equals.family_id, equals.currency, equals.unit_amount
    having
        count(distinct equals.side) = 2
        and count(*) <= {{ search_limit('largest_crowd_in_weak_reference') }}
),

pairs as (
    select
        documents.*,
        payments.unit_key as actual_unit
    from crowds
    inner join documents
        on
            crowds.reconciliation = documents.reconciliation
            and crowds.family_id = documents.family_id
            and crowds.currency = documents.currency
            and crowds.unit_amount = documents.unit_amount
    inner join payments
        on
            crowds.reconciliation = payments.reconciliation
            and crowds.family_id = payments.family_id
            and crowds.currency = payments.currency
            and crowds.unit_amount = payments.unit_amount
    inner join rules
        on
            crowds.reconciliation = rules.reconciliation
            and {{ days_between('documents.event_date', 'payments.event_date') }}
            between -rules.days_before and rules.days_after
    left join declined_pairs
        on
            documents.unit_key = declined_pairs.expected_item_key
            and payments.unit_key = declined_pairs.actual_item_key
    where declined_pairs.expected_item_key is null
),

words as (
    select
        mentions.item_key,
        mentions.mention_value,
        min(mentions.reading_steps) as reading_steps
    from {{ ref('int_item_mentions') }} as mentions
    where
        mentions.mention_source in (
            'invoice_reference', 'remittance_advice', 'structured_reference', 'end_to_end_id',
            'remittance_information', 'description'
        )
        and mentions.beside_digits = ''
        and {{ regex_matches('mentions.mention_value', '[0-9]') }}
    group by mentions.item_key, mentions.mention_value
),

-- 1: the document's number, in pieces or mistyped; 2: its purchase order; 3: its customer
readings as (
    select
        pairs.reconciliation,
        pairs.unit_key as expected_unit,
        pairs.actual_unit,
        words.mention_value,
        case
            when
                words.mention_value in (
                    replace(pairs.number_groups, '.', ''),
                    replace(pairs.digit_groups, '.', '')
                )
                and length(words.mention_value) >= 5
                then 1
            when
                words.mention_value
                = {{ regex_extract('pairs.number_groups', '[.]([0-9]{3,})$', 1) }}
                and not {{ regex_matches('words.mention_value', '^(19|20)[0-9]{2}$') }}
                then 1
            when
                {{ is_number_written_wrong(
                    'words.mention_value', 'pairs.number_text', 'pairs.number_digits'
                ) }}
                then 1
            when
                words.mention_value = pairs.order_text
                or (
                    words.mention_value
                    = {{ regex_extract('pairs.order_text', '^[A-Z]+([0-9]+)$', 1) }}
                    and length(words.mention_value) >= 5
                )
                then 2
            when
                words.mention_value = pairs.customer_text
                or words.mention_value = pairs.customer_groups
                or (words.mention_value = pairs.customer_digits and words.reading_steps = 4)
                then 3
        end as kind
    from pairs
    inner join words
        on pairs.actual_unit = words.item_key
),

links as (
    select
        readings.reconciliation,
        readings.expected_unit,
        readings.actual_unit,
        min(readings.kind) as kind,
        min_by(replace(readings.mention_value, '.', '-'), readings.kind || readings.mention_value)
            as evidence
    from readings
    where readings.kind is not null
    group by readings.reconciliation, readings.expected_unit, readings.actual_unit
),

-- the best word on both sides
nearest as (
    select
        links.*,
        min(links.kind) over (partition by links.expected_unit) as document_kind,
        min(links.kind) over (partition by links.actual_unit) as payment_kind
    from links
),

counted as (
    select
        nearest.*,
        count(*) over (partition by nearest.expected_unit) as payments_that_fit,
        count(*) over (partition by nearest.actual_unit) as documents_that_fit
    from nearest
    where nearest.kind = nearest.payment_kind and nearest.kind = nearest.document_kind
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
