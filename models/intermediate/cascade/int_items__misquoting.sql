-- Payments that name documents which they cannot be for, and the one document of their payer that
-- they rather pay: a quoted number is evidence, not a verdict. What a payment names is not for it
-- where it is another customer's and of another amount; what is the payer's own is judged later,
-- when it is known to be closed. Nothing is misquoted where a named document has the payment's
-- amount: that one is paid, be it for somebody else or twice.
with

open_items as (select * from {{ ref('int_open__unmatched') }}),

items as (select * from {{ ref('int_items') }}),

rules as (
    select *
    from {{ ref('int_match_rules__valid') }}
    where pass = 'misquoted_number' and relation = 'exact' and rollout = 'stable'
),

mentions as (select * from {{ ref('int_item_mentions') }}),

known_mentions as (
    select *
    from {{ ref('int_item_mentions__known') }}
    where strength = 'strong' and is_of_party
),

declined_pairs as (
    select *
    from {{ ref('int_declined_pairs') }}
    where declined_group is null
),

{{ units_of('open_items') }},

payments as (
    select
        units.*,
        unit_items.party_source,
        unit_items.known_in_run
    from units
    inner join rules
        on units.reconciliation = rules.reconciliation
    inner join {{ ref('int_items__open') }} as unit_items
        on units.unit_key = unit_items.item_key
    where units.side = 'actual' and units.unit_amount <> 0
),

-- also copies, drafts and what is long paid
documents as (
    select
        items.item_key,
        items.reconciliation,
        items.family_id,
        items.currency,
        items.amount,
        items.event_date,
        items.set_aside_reason,
        items.document_number,
        units.unit_amount
    from items
    inner join rules
        on items.reconciliation = rules.reconciliation
    left join units
        on items.item_key = units.unit_key and items.side = units.side
    where items.side = 'expected'
),

said as (
    select
        payments.*,
        known_mentions.named_item_key,
        known_mentions.mention_value,
        known_mentions.mention_digits,
        known_mentions.reading_steps
    from payments
    inner join known_mentions
        on
            payments.unit_key = known_mentions.item_key
            and payments.reconciliation = known_mentions.reconciliation
),

held_since as (
    select
        held.item_key,
        max(held.held_in_run) as held_in_run
    from {{ ref('int_items__held_since') }} as held
    inner join (select distinct said.named_item_key from said) as named_items
        on held.item_key = named_items.named_item_key
    group by held.item_key
),

-- what is said, read as the known number nearest to the writing
readings as (
    select
        said.unit_key as actual_unit,
        said.named_item_key as item_key,
        said.mention_value,
        said.mention_digits,
        said.reading_steps,
        case when said.family_id = documents.family_id then 1 else 0 end as is_own,
        case
            when
                said.currency = documents.currency
                and said.unit_amount in (documents.amount, documents.unit_amount)
                then 1
            else 0
        end as is_equal,
        case
            when
                -- it was open when the payment came
                (
                    documents.unit_amount is not null
                    or held_since.held_in_run >= said.known_in_run
                )
                and (
                    said.currency <> documents.currency
                    or abs(said.unit_amount)
                    < abs(coalesce(documents.unit_amount, documents.amount))
                )
                then 1
            else 0
        end as may_be_part
    from said
    inner join documents
        on said.named_item_key = documents.item_key
    left join held_since
        on said.named_item_key = held_since.item_key
),

nearest_readings as (
    select
        readings.*,
        min(readings.reading_steps) over (
            partition by readings.actual_unit, readings.mention_digits
        ) as nearest_steps,
        max(readings.is_own) over (
            partition by readings.actual_unit, readings.mention_value
        ) as is_own_number
    from readings
),

named as (
    select
        nearest_readings.actual_unit,
        nearest_readings.item_key,
        max(nearest_readings.mention_value) as said,
        max(nearest_readings.is_equal) as is_equal,
        max(nearest_readings.is_own) as is_own,
        max(nearest_readings.may_be_part) as may_be_part
    from nearest_readings
    where
        nearest_readings.reading_steps = nearest_readings.nearest_steps
        -- of several documents with one number it is the payer's own
        and nearest_readings.is_own = nearest_readings.is_own_number
    group by nearest_readings.actual_unit, nearest_readings.item_key
),

-- what another payment of that amount names is that one's
named_rightly as (
    select distinct named.item_key
    from named
    where named.is_equal = 1
),

misquoting as (
    select
        payments.*,
        said_by_payment.said,
        said_by_payment.names_own,
        said_by_payment.may_be_part
    from payments
    inner join (
        select
            named.actual_unit,
            max(named.said) as said,
            max(named.is_own) as names_own,
            max(case when named.is_own = 0 then named.may_be_part else 0 end) as may_be_part
        from named
        group by named.actual_unit
        having max(named.is_equal) = 0
    ) as said_by_payment
        on payments.unit_key = said_by_payment.actual_unit
    where payments.family_id is not null
),

-- Asked of all documents of the payer in the rule's days, so that a second one of this amount is
-- known though it is paid.
pairs as (
    select
        misquoting.reconciliation,
        documents.item_key as expected_unit,
        misquoting.unit_key as actual_unit,
        misquoting.known_in_run,
        misquoting.said,
        misquoting.names_own,
        misquoting.may_be_part,
        {{ compact_upper('documents.document_number') }} as number_text,
        {{ regex_extract(compact_upper('documents.document_number'), '^[A-Z]+([0-9]+)$', 1) }}
            as number_digits,
        coalesce(misquoting.party_source in ('feed', 'account', 'name', 'alias'), false)
            as is_known_payer,
        coalesce(
            documents.unit_amount = misquoting.unit_amount
            and named_rightly.item_key is null
            and declined_pairs.expected_item_key is null,
            false
        ) as is_free
    from misquoting
    inner join documents
        on
            misquoting.reconciliation = documents.reconciliation
            and misquoting.family_id = documents.family_id
            and misquoting.currency = documents.currency
            and misquoting.unit_amount in (documents.amount, documents.unit_amount)
            and documents.set_aside_reason is null
    inner join rules
        on
            misquoting.reconciliation = rules.reconciliation
            and {{ days_between('documents.event_date', 'misquoting.event_date') }}
            between -rules.days_before and rules.days_after
    left join named_rightly
        on documents.item_key = named_rightly.item_key
    left join declined_pairs
        on
            documents.item_key = declined_pairs.expected_item_key
            and misquoting.unit_key = declined_pairs.actual_item_key
),

written_wrong as (
    select distinct
        pairs.expected_unit,
        pairs.actual_unit
    from pairs
    inner join mentions
        on pairs.actual_unit = mentions.item_key
    -- (a pair's own condition keeps the engine from reading what all payments say)
    where
        mentions.beside_digits = ''
        and case
            when pairs.number_text <> ''
                then {{ is_number_written_wrong(
                    'mentions.mention_value', 'pairs.number_text', 'pairs.number_digits'
                ) }}
            else false
        end
),

counted as (
    select
        pairs.*,
        written_wrong.expected_unit is not null as is_written_wrong,
        count(written_wrong.expected_unit) over (partition by pairs.actual_unit) as alike_documents,
        count(*) over (partition by pairs.actual_unit) as equal_documents
    from pairs
    left join written_wrong
        on
            pairs.expected_unit = written_wrong.expected_unit
            and pairs.actual_unit = written_wrong.actual_unit
),

final as (
    select
        counted.reconciliation,
        counted.expected_unit,
        counted.actual_unit,
        replace(counted.said, '.', '-') as evidence,
        counted.is_written_wrong,
        counted.names_own = 1 as names_own,
        counted.known_in_run
    from counted
    where
        counted.is_free
        and case
            when counted.alike_documents > 0
                then counted.is_written_wrong and counted.alike_documents = 1
            -- a part payment for somebody else is possible, an overpayment is not likely
            else
                counted.equal_documents = 1
                and counted.is_known_payer
                and counted.may_be_part = 0
        end
)

select * from final
