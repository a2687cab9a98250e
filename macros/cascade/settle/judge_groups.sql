{#-
    Last step of settling, as CTEs `suspects` to `settled_groups`: what closes by itself, and why not.

    The first doubt that holds is the group's ambiguity, a code of seeds/match_ambiguities.csv. Groups of
    one wave may then want the same item: what a stronger pass (seeds/passes.csv) closes is gone for the
    weaker ones; of groups that are as strong none closes.

    Reads `ruled`, `group_items`, `allocated`. Yields `settled_groups`, one row a group.
    defers_differences: leave out groups of linked documents whose amounts do not agree and that no rule
    explains; the wave `sums` looks for what explains them first.
    asks_once: close nothing that just adds up for a payer of whom nothing is new since sums closed some
    of it: it was asked about then, among more, and the answer stands.
-#}
{% macro judge_groups(defers_differences, asks_once) %}
-- Does a payment equal another document of the same payer, and none of those that it names? Asked
-- of all documents of the rule's days, paid or not, so that the answer is the same in every later
-- run.
suspects as (
    select
        ruled.group_name,
        ruled.reconciliation,
        ruled.match_currency,
        ruled.is_other_payer,
        ruled.days_before,
        ruled.days_after,
        ruled.payer <> 'any' or ruled.is_other_payer as is_asked_by_amount,
        -- bills and what pays them are negative
        case when ruled.expected_amount < 0 then -1 else 1 end as direction
    from ruled
    where ruled.payer <> 'any' or ruled.is_other_payer or ruled.method = 'heuristic'
),

named_documents as (
    select
        group_items.group_name,
        group_items.unit_key,
        group_items.amount
    from group_items
    inner join suspects
        on group_items.group_name = suspects.group_name
    where group_items.side = 'expected'
),

suspect_payments as (
    select
        group_items.group_name,
        suspects.reconciliation,
        group_items.family_id,
        group_items.currency,
        group_items.amount,
        group_items.event_date,
        suspects.days_before,
        suspects.days_after
    from group_items
    inner join suspects
        on group_items.group_name = suspects.group_name
    left join named_documents
        on
            group_items.group_name = named_documents.group_name
            and case
                when
                    not suspects.is_other_payer
                    and group_items.currency = suspects.match_currency
                    then group_items.amount
            end = named_documents.amount
    where
        group_items.side = 'actual'
        and suspects.is_asked_by_amount
        and sign(group_items.remaining_amount) = suspects.direction
        and named_documents.group_name is null
    union all
    -- what was sent in a third currency may be what a document in that one asks for
    select
        original_amounts.group_name,
        suspects.reconciliation,
        original_amounts.family_id,
        original_amounts.original_currency as currency,
        original_amounts.original_amount as amount,
        original_amounts.event_date,
        suspects.days_before,
        suspects.days_after
    from original_amounts
    inner join suspects
        on
            original_amounts.group_name = suspects.group_name
            and original_amounts.original_currency <> suspects.match_currency
),

fits_another as (
    select distinct suspect_payments.group_name
    from suspect_payments
    inner join {{ ref('int_items') }} as documents
        on
            documents.side = 'expected'
            and documents.set_aside_reason is null
            and suspect_payments.reconciliation = documents.reconciliation
            and suspect_payments.family_id = documents.family_id
            and suspect_payments.currency = documents.currency
            and suspect_payments.amount = documents.amount
            and {{ days_between('documents.event_date', 'suspect_payments.event_date') }}
            between -suspect_payments.days_before and suspect_payments.days_after
    left join named_documents
        on
            suspect_payments.group_name = named_documents.group_name
            and documents.anchor_item_key = named_documents.unit_key
    where named_documents.group_name is null
),

-- two payments over one document: fine while each is used whole or not at all
splits as (
    select distinct allocated.group_name
    from allocated
    where
        allocated.side = 'actual'
        and allocated.item_part > 0
        and allocated.item_part < abs(allocated.remaining_amount)
),

{% if asks_once -%}
-- where nothing covers anything there was nothing to ask
asked_before as (
    select distinct allocated.group_name
    from ruled
    inner join allocated
        on ruled.group_name = allocated.group_name
    inner join {{ ref('int_payers__unchanged') }} as unchanged
        on
            ruled.reconciliation = unchanged.reconciliation
            and allocated.family_id = unchanged.family_id
            and allocated.currency = unchanged.currency
    where allocated.item_part > 0
),

{% endif -%}
-- a person has paused the rule for a customer, whose item is among them
paused_groups as (
    select distinct ruled.group_name
    from ruled
    inner join group_items
        on ruled.group_name = group_items.group_name
    where {{ list_contains('ruled.paused_customers', 'group_items.party_id') }}
),

judged as (
    select
        ruled.*,
        -- what the difference is called, such as rounding or a discount
        ruled.adjustment_kind is not null as closes_difference,
        case
            when ruled.is_tangled = 1 then 'tangled_references'
            when ruled.link_ambiguity is not null then ruled.link_ambiguity
            when ruled.is_ambiguous = 1 then 'several_fit'
            when ruled.has_several_match_currencies then 'several_currencies'
            when ruled.relation = 'mismatch' then 'amounts_differ'
            when
                ruled.is_other_payer
                and ruled.payer <> 'any'
                then 'other_payer'
            when ruled.is_other_payer and fits_another.group_name is not null
                then 'other_payer'
            when ruled.relation = ruled.explanation_kind and ruled.explanation_kinds > 1
                then 'several_explanations'
            when ruled.relation = 'partial' and ruled.expected_units > 1 then 'which_is_short'
            when
                ruled.relation = 'overpaid'
                and ruled.expected_units > 1
                and ruled.actual_units > 1
                then 'amounts_differ'
            when
                ruled.relation = 'overpaid'
                and ruled.actual_units > 1
                and splits.group_name is not null
                then 'which_payment_is_over'
            when fits_another.group_name is not null and not ruled.is_other_payer
                then 'fits_another_item'
            when not ruled.is_same_payer and ruled.payer = 'same' then 'payer_unknown'
            when not ruled.closes_by_itself
                then coalesce(ruled.why_a_person, 'rule_asks_a_person')
            when paused_groups.group_name is not null then 'closing_paused'
            when ruled.base_amount > ruled.largest_amount then 'above_ceiling'
            {% if asks_once -%}
            when asked_before.group_name is not null and ruled.adjustment_kind is null
                then 'asked_before'
            {%- endif %}
        end as doubt
    from ruled
    left join splits
        on ruled.group_name = splits.group_name
    left join fits_another
        on ruled.group_name = fits_another.group_name
    left join paused_groups
        on ruled.group_name = paused_groups.group_name
    {% if asks_once -%}
    left join asked_before
        on ruled.group_name = asked_before.group_name
    {% endif -%}
    -- a weak reference counts only when payer and amount agree with it
    where
        (ruled.is_weak = 0 or (ruled.relation = 'exact' and ruled.is_same_payer))
        {% if defers_differences -%}
        and (ruled.is_given = 1 or ruled.relation not in ('partial', 'overpaid', 'mismatch'))
        {%- endif %}
),

claims as (
    select distinct
        judged.group_name,
        judged.reconciliation,
        judged.doubt is null as is_closing,
        judged.place_in_wave as place,
        group_items.claim_key
    from judged
    inner join group_items
        on judged.group_name = group_items.group_name
),

rivalries as (
    select
        claims.group_name,
        max(
            case
                when not rivals.is_closing then 0
                when rivals.place < claims.place then 1
                -- a bank line that one reconciliation takes is nobody's question in another
                when
                    rivals.reconciliation <> claims.reconciliation and not claims.is_closing
                    then 1
                else 0
            end
        ) as is_beaten,
        max(
            case
                when rivals.place > claims.place then 0
                when rivals.is_closing or rivals.reconciliation = claims.reconciliation then 1
                else 0
            end
        ) as is_contested
    from claims
    inner join claims as rivals
        on
            claims.claim_key = rivals.claim_key
            and claims.group_name <> rivals.group_name
    group by claims.group_name
),

settled_groups as (
    select
        judged.*,
        coalesce(
            judged.doubt, case when rivalries.is_contested = 1 then 'set_wanted_twice' end
        ) as ambiguity
    from judged
    left join rivalries
        on judged.group_name = rivalries.group_name
    where coalesce(rivalries.is_beaten, 0) = 0
)
{%- endmacro %}
