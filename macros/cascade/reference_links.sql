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

mentions as (
    select *
    from {{ ref('int_item_mentions') }}
    where
        mention_source in (
            {%- for source in sources %}'{{ source }}'{{ ', ' if not loop.last }}{% endfor -%}
        )
),

numbers as (select * from {{ ref('int_item_numbers') }}),

declined_pairs as (select * from {{ ref('int_declined_pairs') }}),

mentioning_units as (
    select
        open_items.reconciliation,
        open_items.claim_key,
        open_items.anchor_item_key as actual_unit,
        open_items.family_id,
        mentions.mention_value,
        mentions.mention_source,
        mentions.stated_amount
    from open_items
    inner join mentions
        on open_items.item_key = mentions.item_key
    where open_items.side = 'actual'
),

-- the same words of one bank line are read for every reconciliation that the line is open in
found as (
    select
        mentioning_units.reconciliation,
        mentioning_units.claim_key,
        mentioning_units.actual_unit,
        expected_items.anchor_item_key as expected_unit,
        mentioning_units.mention_value,
        min(numbers.strength) as strength,
        max(mentioning_units.stated_amount) as stated_amount,
        max(
            case when mentioning_units.family_id = expected_items.family_id then 1 else 0 end
        ) as is_same_family,
        max(
            case when mentioning_units.family_id <> expected_items.family_id then 1 else 0 end
        ) as is_other_family
    from mentioning_units
    inner join numbers
        on
            mentioning_units.mention_value = numbers.number_value
            and mentioning_units.reconciliation = numbers.reconciliation
    inner join open_items as expected_items
        on
            numbers.item_key = expected_items.item_key
            and numbers.row_hash = expected_items.row_hash
            and expected_items.side = 'expected'
    left join declined_pairs
        on
            expected_items.item_key = declined_pairs.expected_item_key
            and mentioning_units.actual_unit = declined_pairs.actual_item_key
    where declined_pairs.expected_item_key is null
    group by
        mentioning_units.reconciliation,
        mentioning_units.claim_key,
        mentioning_units.actual_unit,
        expected_items.anchor_item_key,
        mentioning_units.mention_value
),

ranked as (
    select
        found.*,
        max(found.is_same_family) over (
            partition by found.actual_unit, found.mention_value
        ) as has_same_family,
        max(found.is_same_family) over (partition by found.expected_unit) as is_paid_by_family,
        max(case when found.strength = 'strong' then 1 else 0 end) over (
            partition by found.actual_unit
        ) as has_strong,
        max(case when found.reconciliation = 'payout_to_bank' then 1 else 0 end) over (
            partition by found.claim_key
        ) as quotes_payout
    from found
),

narrowed as (
    select
        ranked.*,
        count(*) over (partition by ranked.actual_unit, ranked.mention_value) as documents
    from ranked
    where
        ranked.is_same_family = ranked.has_same_family
        -- what its own customer pays is not paid by a stranger who quotes it too
        and (ranked.is_other_family = 0 or ranked.is_paid_by_family = 0)
        and (ranked.strength = 'strong' or ranked.has_strong = 0)
        and (ranked.quotes_payout = 0 or ranked.reconciliation = 'payout_to_bank')
),

final as (
    select
        narrowed.reconciliation,
        narrowed.expected_unit,
        narrowed.actual_unit,
        max(narrowed.mention_value) as evidence,
        -- a number of this document alone settles what a shared one leaves open
        min(narrowed.documents) > 1 as is_ambiguous,
        max(case when narrowed.strength = 'strong' then 1 else 0 end) = 0 as is_weak,
        cast(max(narrowed.stated_amount) as {{ amount_type() }}) as stated_amount
    from narrowed
    group by narrowed.reconciliation, narrowed.expected_unit, narrowed.actual_unit
)

select * from final
{% endmacro %}
