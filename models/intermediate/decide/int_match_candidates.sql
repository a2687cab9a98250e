-- Why an open item was not matched: the suggestions it is in, the documents that its text names but
-- that could not take it, what has the same party and amount, and what people declined. Each loser
-- has its reason.
with

unsettled as (select * from {{ ref('int_items__unsettled') }}),

open_items as (
    select *
    from unsettled
    where status in ('open', 'partial', 'in_review')
),

matches as (
    select *
    from {{ ref('int_matches__proposed') }}
    where decision in ('suggested', 'pending_approval')
),

allocations as (
    select proposed.*
    from {{ ref('int_allocations__proposed') }} as proposed
    inner join matches
        on proposed.match_id = matches.match_id
),

mentions as (select * from {{ ref('int_item_mentions__known') }}),

-- a match of the probabilistic pass says what each comparison weighs
weighed_matches as (
    select distinct
        proposed.match_id,
        links.score_parts
    from {{ ref('int_allocations__proposed') }} as proposed
    inner join {{ ref('int_links__probabilistic') }} as links
        on proposed.group_name = links.group_name
    where proposed.pass = 'probabilistic'
),

declined_pairs as (
    select distinct
        declined.expected_item_key,
        declined.actual_item_key
    from {{ ref('int_declined_pairs') }} as declined
),

-- what a person declines is known to the passes from the next run on, and here at once
rejected_allocations as (
    select allocations_of_all.*
    from {{ ref('int_match_allocations') }} as allocations_of_all
    inner join {{ ref('int_matches__declined') }} as declined_matches
        on allocations_of_all.match_id = declined_matches.match_id
    where allocations_of_all.decision = 'rejected'
),

reasons as (select * from {{ ref('candidate_reasons') }}),

rules as (
    select *
    from {{ ref('int_match_rules__valid') }}
    where
        pass in ('unique_amount', 'ledger_text')
        and relation = 'exact'
        and rollout = 'stable'
),

suggested as (
    select
        open_items.item_key,
        open_items.reconciliation,
        open_items.item_type,
        open_items.item_id,
        matches.match_id,
        cast(null as {{ dbt.type_string() }}) as other_item_type,
        cast(null as {{ dbt.type_string() }}) as other_item_id,
        matches.confidence as score,
        coalesce(
            weighed_matches.score_parts,
            {{ json_object([
                ['confidence', amount_text('matches.confidence')],
                ['difference', amount_text('matches.difference_amount')],
                ['rule', 'matches.rule_id'],
            ]) }}
        ) as score_parts,
        matches.ambiguity as why_not
    from open_items
    inner join allocations
        on open_items.item_key = allocations.item_key
    inner join matches
        on allocations.match_id = matches.match_id
    left join weighed_matches
        on matches.match_id = weighed_matches.match_id
),

-- seen from either item
declined_both_ways as (
    select
        declined_pairs.expected_item_key as item_key,
        declined_pairs.actual_item_key as other_item_key
    from declined_pairs
    union
    select
        declined_pairs.actual_item_key as item_key,
        declined_pairs.expected_item_key as other_item_key
    from declined_pairs
    union
    select
        own.item_key,
        others.item_key as other_item_key
    from rejected_allocations as own
    inner join rejected_allocations as others
        on own.match_id = others.match_id and own.side <> others.side
),

named_in_vain as (
    select
        open_items.*,
        mentions.mention_value,
        mentions.named_item_key,
        mentions.named_row_hash,
        mentions.strength
    from open_items
    inner join mentions
        on open_items.item_key = mentions.item_key
    left join suggested
        on open_items.item_key = suggested.item_key
    where suggested.item_key is null
),

named as (
    select
        named_in_vain.item_key,
        named_in_vain.reconciliation,
        named_in_vain.item_type,
        named_in_vain.item_id,
        cast(null as {{ dbt.type_string() }}) as match_id,
        unsettled.item_type as other_item_type,
        unsettled.item_id as other_item_id,
        cast(null as {{ amount_type() }}) as score,
        {{ json_object([
            ['names', 'min(named_in_vain.mention_value)'],
            ['open', amount_text('min(unsettled.open_amount)')],
        ]) }} as score_parts,
        min(
            case
                when declined_both_ways.item_key is not null then 'declined_before'
                when unsettled.status = 'set_aside' then 'named_item_' || unsettled.set_aside_reason
                when unsettled.currency <> named_in_vain.currency then 'named_item_other_currency'
                when named_in_vain.strength = 'weak' then 'weak_reference'
                else 'named_item_not_chosen'
            end
        ) as why_not
    from named_in_vain
    inner join unsettled
        on
            named_in_vain.named_item_key = unsettled.item_key
            and named_in_vain.named_row_hash = unsettled.row_hash
    left join declined_both_ways
        on
            named_in_vain.item_key = declined_both_ways.item_key
            and unsettled.item_key = declined_both_ways.other_item_key
    group by
        named_in_vain.item_key,
        named_in_vain.reconciliation,
        named_in_vain.item_type,
        named_in_vain.item_id,
        unsettled.item_type,
        unsettled.item_id
),

-- what it names has been paid already
paid_before as (
    select
        open_items.item_key,
        open_items.reconciliation,
        open_items.item_type,
        open_items.item_id,
        cast(null as {{ dbt.type_string() }}) as match_id,
        quoted.document_type as other_item_type,
        quoted.invoice_id as other_item_id,
        cast(null as {{ amount_type() }}) as score,
        {{ json_object([['open', amount_text('open_items.open_amount')]]) }} as score_parts,
        'named_item_already_closed' as why_not
    from open_items
    inner join {{ ref('int_exceptions__paid_before') }} as quoted
        on open_items.item_key = quoted.item_key
),

weighed as (select * from {{ ref('int_match_candidates__weighed') }}),

same_amount as (
    select
        equals.item_key,
        equals.reconciliation,
        equals.item_type,
        equals.item_id,
        equals.other_item_key,
        equals.other_item_type,
        equals.other_item_id,
        abs(equals.days_after) as days_apart,
        case
            when
                equals.why_not = 'same_amount_not_chosen'
                and equals.days_after not between -rules.days_before and rules.days_after
                then 'same_amount_outside_window'
            else equals.why_not
        end as why_not
    from {{ ref('int_match_candidates__same_amount') }} as equals
    left join rules
        on equals.reconciliation = rules.reconciliation
),

declined as (
    select
        open_items.item_key,
        open_items.reconciliation,
        open_items.item_type,
        open_items.item_id,
        others.item_key as other_item_key,
        others.item_type as other_item_type,
        others.item_id as other_item_id,
        abs({{ days_between('open_items.event_date', 'others.event_date') }}) as days_apart,
        'declined_before' as why_not
    from declined_both_ways
    inner join open_items
        on declined_both_ways.item_key = open_items.item_key
    inner join {{ ref('int_items__balanced') }} as others
        on declined_both_ways.other_item_key = others.item_key
),

losers as (
    select
        same_amount.*,
        2 as preference
    from same_amount
    union all
    select
        declined.*,
        1 as preference
    from declined
),

-- an item that stands beside it in a suggestion has not lost
together as (
    select distinct
        own.item_key,
        others.item_key as other_item_key
    from allocations as own
    inner join allocations as others
        on own.match_id = others.match_id and own.side <> others.side
),

lost as (
    select
        losers.item_key,
        losers.reconciliation,
        losers.item_type,
        losers.item_id,
        cast(null as {{ dbt.type_string() }}) as match_id,
        losers.other_item_type,
        losers.other_item_id,
        cast(null as {{ amount_type() }}) as score,
        {{ json_object([
            ['days_apart', 'min(losers.days_apart)'],
        ]) }} as score_parts,
        min_by(losers.why_not, losers.preference) as why_not
    from losers
    left join together
        on
            losers.item_key = together.item_key
            and losers.other_item_key = together.other_item_key
    left join named
        on
            losers.item_key = named.item_key
            and losers.other_item_type = named.other_item_type
            and losers.other_item_id = named.other_item_id
    left join paid_before
        on
            losers.item_key = paid_before.item_key
            and losers.other_item_type = paid_before.other_item_type
            and losers.other_item_id = paid_before.other_item_id
    where
        together.item_key is null
        and named.item_key is null
        and paid_before.item_key is null
    group by
        losers.item_key,
        losers.reconciliation,
        losers.item_type,
        losers.item_id,
        losers.other_item_type,
        losers.other_item_id
),

owed as (
    select owed_documents.*
    from {{ ref('int_match_candidates__owed') }} as owed_documents
    left join lost
        on
            owed_documents.item_key = lost.item_key
            and owed_documents.other_item_type = lost.other_item_type
            and owed_documents.other_item_id = lost.other_item_id
    where lost.item_key is null
),

-- of the few that are open, before words are looked for
worded_items as {{ materialized() }} (
    select
        open_items.*,
        texts.item_text
    from open_items
    inner join {{ ref('int_item_texts') }} as texts
        on open_items.item_key = texts.item_key
    where open_items.status <> 'in_review'
),

-- 'three invoices': so many are open on the day of the line, and their amounts do not agree with it
counting_items as (
    select
        worded_items.*,
        cast(
            {{ regex_extract(
                "' ' || worded_items.item_text || ' '",
                ' ([0-9]{1,2}) (INVOICES|BILLS|RECHNUNGEN|FACTURES|FACTUREN|FACTURAS|FATTURE) ',
                1
            ) }} as bigint
        ) as stated_count
    from worded_items
),

counted_days as (
    select
        open_items.reconciliation,
        open_items.side,
        open_items.family_id,
        open_items.currency,
        open_items.event_date,
        count(*) as item_count
    from open_items
    where open_items.family_id is not null
    group by
        open_items.reconciliation,
        open_items.side,
        open_items.family_id,
        open_items.currency,
        open_items.event_date
    having count(*) between 2 and 99
),

counted as (
    select
        counting_items.item_key,
        counting_items.reconciliation,
        counting_items.item_type,
        counting_items.item_id,
        cast(null as {{ dbt.type_string() }}) as match_id,
        others.item_type as other_item_type,
        others.item_id as other_item_id,
        cast(null as {{ amount_type() }}) as score,
        {{ json_object([['open', amount_text('others.open_amount')]]) }} as score_parts,
        'as_many_as_stated' as why_not
    from counting_items
    inner join counted_days
        on
            counting_items.reconciliation = counted_days.reconciliation
            and counting_items.family_id = counted_days.family_id
            and counting_items.currency = counted_days.currency
            and counting_items.event_date = counted_days.event_date
            and counting_items.stated_count = counted_days.item_count
            and counting_items.side <> counted_days.side
    inner join open_items as others
        on
            counted_days.reconciliation = others.reconciliation
            and counted_days.side = others.side
            and counted_days.family_id = others.family_id
            and counted_days.currency = others.currency
            and counted_days.event_date = others.event_date
),

-- What comes near a payment in another currency, seen from either side. What stands out is
-- suggested already.
near_pairs as (
    select
        pairs.actual_unit as item_key,
        pairs.expected_unit as other_item_key,
        pairs.nearness,
        pairs.distance,
        pairs.paid_amount,
        pairs.currency
    from {{ ref('int_pairs__other_currency') }} as pairs
    where not pairs.is_stated and not pairs.stands_out
    union all
    select
        pairs.expected_unit as item_key,
        pairs.actual_unit as other_item_key,
        pairs.payment_nearness as nearness,
        pairs.distance,
        pairs.paid_amount,
        pairs.currency
    from {{ ref('int_pairs__other_currency') }} as pairs
    where not pairs.is_stated and not pairs.stands_out
),

near_at_the_rate as (
    select
        open_items.item_key,
        open_items.reconciliation,
        open_items.item_type,
        open_items.item_id,
        cast(null as {{ dbt.type_string() }}) as match_id,
        others.item_type as other_item_type,
        others.item_id as other_item_id,
        reasons.score * (1 - near_pairs.distance)
        - cast(0.0001 as {{ amount_type() }}) * near_pairs.nearness as score,
        {{ json_object([
            ['at_the_rate', amount_text('near_pairs.paid_amount')],
            ['currency', 'near_pairs.currency'],
        ]) }} as score_parts,
        reasons.code as why_not
    from near_pairs
    inner join open_items
        on near_pairs.item_key = open_items.item_key
    inner join open_items as others
        on near_pairs.other_item_key = others.item_key
    inner join reasons
        on reasons.code = 'near_at_the_rate'
    where near_pairs.nearness <= {{ search_limit('candidates_shown') }}
),

considered as (
    select * from suggested
    union all
    select * from named
    union all
    select * from paid_before
    union all
    select * from weighed
    union all
    select * from lost
    union all
    select * from counted
    union all
    select * from near_at_the_rate
    union all
    select * from owed
),

candidates as (
    select
        considered.item_key,
        considered.reconciliation,
        considered.item_type,
        considered.item_id,
        considered.match_id,
        considered.other_item_type,
        considered.other_item_id,
        cast(coalesce(considered.score, reasons.score) as {{ amount_type() }}) as score,
        considered.score_parts,
        considered.why_not,
        coalesce(reasons.meaning, ambiguities.meaning) as why_not_meaning
    from considered
    left join reasons
        on considered.why_not = reasons.code
    left join {{ ref('match_ambiguities') }} as ambiguities
        on considered.why_not = ambiguities.code
),

ranked as (
    select
        candidates.*,
        cast(
            row_number() over (
                partition by candidates.item_key
                order by
                    candidates.score desc nulls last,
                    candidates.match_id asc nulls last,
                    candidates.other_item_type asc nulls last,
                    candidates.other_item_id asc nulls last,
                    candidates.why_not asc nulls last
            ) as bigint
        ) as rank
    from candidates
),

final as (
    select *
    from ranked
    where ranked.rank <= {{ search_limit('candidates_shown') }}
)

select * from final
