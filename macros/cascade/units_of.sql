{#-
    CTE `units`: what is matched as one. An invoice and the credit memos that correct it, or a charge
    and the refunds and chargebacks that undo it, count with their net open amount.
    relation: CTE or ref with the columns of int_open__unmatched.
-#}
{% macro units_of(relation) %}
units as (
    select
        {{ relation }}.reconciliation,
        {{ relation }}.side,
        {{ relation }}.anchor_item_key as unit_key,
        {{ relation }}.currency,
        max({{ relation }}.party_id) as party_id,
        max({{ relation }}.family_id) as family_id,
        max({{ relation }}.group_key) as group_key,
        min({{ relation }}.event_date) as event_date,
        cast(sum({{ relation }}.remaining_amount) as {{ amount_type() }}) as unit_amount
    from {{ relation }}
    group by
        {{ relation }}.reconciliation,
        {{ relation }}.side,
        {{ relation }}.anchor_item_key,
        {{ relation }}.currency
)
{% endmacro %}


{#-
    What is still open for the next waves: the items of the wave before, less what it closed, without what
    waits for a person, and without bank lines that another reconciliation has claimed. A suggestion
    to somebody unknown, or to another payer, keeps the payment, and not the document. What no rule of
    a later wave is for is left out: charges wait in thousands for their payouts, and where they came
    all waves would begin anew.
    open_model, wave_model: names of the models before.
-#}
{% macro open_after(open_model, wave_model) %}
with

open_items as (select * from {{ ref(open_model) }}),

waves as (select * from {{ ref(wave_model) }}),

-- differences of what references tie together are settled in the fourth wave, by the rules of the
-- references' passes
asking as (
    select distinct rules.reconciliation
    from {{ ref('int_match_rules__valid') }} as rules
    where
        case
            when rules.pass in ('{{ passes_of_differences() | join("', '") }}')
                then greatest(rules.wave_number, {{ number_of_wave('sums') }})
            else rules.wave_number
        end > {{ number_of_wave(wave_model.split('__')[1]) }}
),

declined as (select * from {{ ref('int_matches__declined') }}),

-- what a person has declined holds nothing; where nobody has, nothing needs a name
asked as (
    select waves.*
    from waves
    where (select count(*) from {{ ref('int_matches__declined') }}) > 0
),

{{ name_groups('asked') }},

declined_groups as (
    select
        named_groups.pass,
        named_groups.group_name
    from named_groups
    inner join declined
        on named_groups.match_id = declined.match_id
),

settled as (
    select waves.*
    from waves
    left join declined_groups
        on
            waves.pass = declined_groups.pass
            and waves.group_name = declined_groups.group_name
    where declined_groups.group_name is null
),

ambiguities as (select * from {{ ref('match_ambiguities') }}),

effects as (
    select
        settled.item_key,
        max(case when settled.ambiguity is null then 0 else 1 end) as is_suggested,
        max(case when coalesce(ambiguities.holds_documents, false) then 1 else 0 end)
            as is_held,
        sum(
            case
                when settled.ambiguity is null
                    then settled.allocated_amount + settled.adjusted_amount
                else {{ zero() }}
            end
        ) as closed_amount
    from settled
    left join ambiguities
        on settled.ambiguity = ambiguities.code
    group by settled.item_key
),

claims as (
    select distinct
        open_items.claim_key,
        open_items.reconciliation
    from settled
    inner join open_items
        on settled.item_key = open_items.item_key
    where open_items.item_type = 'bank_transaction'
),

final as (
    select
        open_items.reconciliation,
        open_items.side,
        open_items.item_type,
        open_items.item_id,
        open_items.item_key,
        open_items.claim_key,
        open_items.anchor_item_key,
        open_items.party_id,
        open_items.family_id,
        open_items.group_key,
        open_items.event_date,
        open_items.currency,
        open_items.amount,
        cast(
            open_items.remaining_amount - coalesce(effects.closed_amount, {{ zero() }})
            as {{ amount_type() }}
        ) as remaining_amount,
        open_items.document_number,
        open_items.row_hash
    from open_items
    inner join asking
        on open_items.reconciliation = asking.reconciliation
    left join effects
        on open_items.item_key = effects.item_key
    left join claims
        on
            open_items.claim_key = claims.claim_key
            and open_items.reconciliation <> claims.reconciliation
    where
        claims.claim_key is null
        and case
            when open_items.side = 'expected' then coalesce(effects.is_held, 0)
            else coalesce(effects.is_suggested, 0)
        end = 0
        -- a suggestion takes nothing
        and (
            effects.item_key is null
            or effects.is_suggested = 1
            or open_items.remaining_amount <> effects.closed_amount
        )
)

select * from final
{% endmacro %}


{# The passes of which int_remainders__links takes up what ties together different amounts. #}
{% macro passes_of_differences() %}
    {%- do return(['stated_reference', 'ledger_reference', 'reference_in_text']) -%}
{% endmacro %}


{# The place of a wave among all of them. #}
{% macro number_of_wave(wave) -%}
    (
        select max(waves.wave_number)
        from {{ ref('passes') }} as waves
        where waves.wave = '{{ wave }}'
    )
{%- endmacro %}
