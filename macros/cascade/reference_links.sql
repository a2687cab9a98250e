{#-
    Links between payments and the documents whose numbers they mention: the body of the reference
    passes. Among documents of the same number, those of the payer's family come first; several that
    remain are ambiguous. A strong reference silences the weak ones of the same payment. A bank line
    that quotes a payout is not looked for among the invoices.
    sources: the mention sources that this pass reads.
-#}
{% macro reference_links(open_model, sources) %}
with

open_items as (select * from {{ ref(open_model) }}),

known_mentions as (
    select *
    from {{ ref('int_item_mentions__known') }}
    where
        is_of_party
        and mention_source in (
            {%- for source in sources %}'{{ source }}'{{ ', ' if not loop.last }}{% endfor -%}
        )
),

reconciliations as (select * from {{ ref('reconciliations') }}),

declined as (select * from {{ ref('int_declined_pairs') }}),

-- what they name of other customers they do not mean
misquoting as (
    select distinct actual_unit
    from {{ ref('int_items__misquoting') }}
    where not names_own
),

-- What is said, read as the known number nearest to the writing: when INV-2026-0042 is known, its
-- digits do not speak of CM-2026-0042. Numbers of documents that are paid count here too.
readings as (
    select
        actual_items.reconciliation,
        actual_items.claim_key,
        actual_items.item_key as actual_item_key,
        actual_items.anchor_item_key as actual_unit,
        actual_items.family_id,
        known_mentions.mention_value,
        known_mentions.mention_digits,
        known_mentions.stated_amount,
        case
            when known_mentions.mention_steps < 4 then known_mentions.mention_value
            else known_mentions.mention_digits
        end as said,
        known_mentions.named_item_key as item_key,
        known_mentions.named_row_hash as row_hash,
        known_mentions.strength,
        known_mentions.reading_steps
    from known_mentions
    inner join open_items as actual_items
        on
            known_mentions.item_key = actual_items.item_key
            and known_mentions.reconciliation = actual_items.reconciliation
    where actual_items.side = 'actual'
),

nearest_readings as (
    select
        readings.*,
        min(readings.reading_steps) over (
            partition by
                readings.actual_item_key, readings.reconciliation, readings.mention_digits
        ) as nearest_steps
    from readings
),

-- the same words of one bank line are read for every reconciliation that the line is open in
found as (
    select
        nearest_readings.reconciliation,
        nearest_readings.claim_key,
        nearest_readings.actual_unit,
        expected_items.anchor_item_key as expected_unit,
        nearest_readings.said,
        max(nearest_readings.mention_value) as mention_value,
        min(nearest_readings.strength) as strength,
        max(nearest_readings.stated_amount) as stated_amount,
        max(
            case when nearest_readings.family_id = expected_items.family_id then 1 else 0 end
        ) as is_same_family,
        max(
            case when nearest_readings.family_id <> expected_items.family_id then 1 else 0 end
        ) as is_other_family
    from nearest_readings
    inner join open_items as expected_items
        on
            nearest_readings.item_key = expected_items.item_key
            and nearest_readings.row_hash = expected_items.row_hash
            and expected_items.side = 'expected'
    left join declined as declined_items
        on
            expected_items.item_key = declined_items.expected_item_key
            and nearest_readings.actual_unit = declined_items.actual_item_key
            and declined_items.declined_group is null
    left join misquoting
        on nearest_readings.actual_unit = misquoting.actual_unit
    where
        declined_items.expected_item_key is null
        and misquoting.actual_unit is null
        and nearest_readings.reading_steps = nearest_readings.nearest_steps
    group by
        nearest_readings.reconciliation,
        nearest_readings.claim_key,
        nearest_readings.actual_unit,
        expected_items.anchor_item_key,
        nearest_readings.said
),

ranked as (
    select
        found.*,
        max(found.is_same_family) over (
            partition by found.actual_unit, found.said
        ) as has_same_family,
        max(found.is_same_family) over (partition by found.expected_unit) as is_paid_by_family,
        max(case when found.strength = 'strong' then 1 else 0 end) over (
            partition by found.actual_unit
        ) as has_strong,
        reconciliations.party_kind = 'gateway' as is_of_gateway,
        max(case when reconciliations.party_kind = 'gateway' then 1 else 0 end) over (
            partition by found.claim_key
        ) as quotes_gateway
    from found
    inner join reconciliations
        on found.reconciliation = reconciliations.name
),

narrowed as (
    select
        ranked.*,
        count(*) over (partition by ranked.actual_unit, ranked.said) as documents
    from ranked
    where
        ranked.is_same_family = ranked.has_same_family
        -- what its own customer pays is not paid by a stranger who quotes it too
        and (ranked.is_other_family = 0 or ranked.is_paid_by_family = 0)
        and (ranked.strength = 'strong' or ranked.has_strong = 0)
        -- 206 may be anything: it does not speak of another customer's document
        and (ranked.strength = 'strong' or ranked.is_other_family = 0)
        and (ranked.quotes_gateway = 0 or ranked.is_of_gateway)
),

links as (
    select
        narrowed.reconciliation,
        narrowed.expected_unit,
        narrowed.actual_unit,
        max(replace(narrowed.mention_value, '.', '-')) as evidence,
        -- a number of this document alone settles what a shared one leaves open
        min(narrowed.documents) > 1 as is_ambiguous,
        max(case when narrowed.strength = 'strong' then 1 else 0 end) = 0 as is_weak,
        cast(max(narrowed.stated_amount) as {{ amount_type() }}) as stated_amount,
        cast(null as {{ dbt.type_string() }}) as link_ambiguity,
        cast(null as {{ dbt.type_string() }}) as group_name
    from narrowed
    group by narrowed.reconciliation, narrowed.expected_unit, narrowed.actual_unit
),

{{ declined_among('links') }},

final as (
    select links.*
    from links
    left join declined_pairs
        on
            links.expected_unit = declined_pairs.expected_item_key
            and links.actual_unit = declined_pairs.actual_item_key
    where declined_pairs.expected_item_key is null
)

select * from final
{% endmacro %}
