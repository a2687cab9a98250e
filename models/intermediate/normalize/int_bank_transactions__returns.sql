-- Which earlier line of its account a line returns: a bounced debit, a recalled transfer, a payment
-- of our own that came back. The bank has to mark it as a return; then the amount is the opposite
-- one, as it is or but for charges that the bank states, and what is in common says which line it
-- was. Only the bank's mark makes a return: a refund on purpose has the same amount too.
-- Where two earlier lines fit equally well nobody can say which money came back, and none is taken.
with

booked as (
    select
        transactions.*,
        coalesce(transactions.is_reversal, false)
        or transactions.return_reason is not null
        or return_codes.code is not null as is_marked
    from {{ ref('int_bank_transactions__booked') }} as transactions
    left join {{ ref('bank_return_codes') }} as return_codes
        on
            {{ regex_extract('upper(transactions.bank_transaction_code)', '([A-Z0-9]+)$', 1) }}
            = return_codes.code
    where
        transactions.role = 'item'
        and transactions.is_booked
        and not coalesce(transactions.is_suspected_copy, false)
        and transactions.booking_date <= {{ as_of_date() }}
),

-- few lines come back: what follows looks things up by them, and reads nothing of all other lines
return_lines as {{ materialized() }} (
    select
        booked.item_id,
        booked.account_id,
        booked.currency,
        booked.amount,
        booked.booking_date,
        -- what of it is the money that came: charges that the bank states are not
        case when booked.charges_amount < 0 then booked.amount - booked.charges_amount end
            as amount_without_charges,
        {{ compact_upper('booked.end_to_end_id') }} as end_to_end_key,
        {{ compact_upper('booked.structured_reference') }} as structured_key,
        {{ compact_upper('booked.counterparty_account') }} as account_key,
        {{ normalize_name('booked.counterparty_name') }} as name_key,
        {{ normalize_name('booked.remittance_information') }} as text_key
    from booked
    where booked.is_marked and booked.amount <> 0
),

originals as (
    select booked.*
    from booked
    where not booked.is_marked
),

mentions as (
    select
        mentions.item_id,
        mentions.mention_value,
        mentions.mention_digits
    from {{ ref('int_bank_transactions__mentions') }} as mentions
    where
        mentions.reading_steps = 0
        and length(mentions.mention_value) >= {{ search_limit('shortest_telling_text') }}
        and mentions.mention_source not in ('counterparty_name', 'entry_reference')
),

return_mentions as {{ materialized() }} (
    select
        return_lines.item_id,
        mentions.mention_value,
        case
            when
                length(mentions.mention_value) >= 5
                and mentions.mention_digits <> ''
                and not {{ is_date_like('mentions.mention_value') }}
                then 1
            else 0
        end as is_reference
    from return_lines
    inner join mentions
        on return_lines.item_id = mentions.item_id
),

lines_with_references as {{ materialized() }} (
    select
        mentions.item_id,
        mentions.mention_value
    from mentions
    inner join (
        select distinct return_mentions.mention_value
        from return_mentions
        where return_mentions.is_reference = 1
    ) as looked_for
        on mentions.mention_value = looked_for.mention_value
),

-- a creditor's id stands on all its lines and tells none of them apart
carried as (
    select
        lines_with_references.mention_value,
        count(distinct lines_with_references.item_id) as lines
    from lines_with_references
    group by lines_with_references.mention_value
),

-- What few lines carry tells which of them came back. Told before lines are looked up by it: a word
-- of many returns and many lines is all of them with all.
telling_references as {{ materialized() }} (
    select
        return_mentions.item_id,
        return_mentions.mention_value
    from return_mentions
    inner join carried
        on return_mentions.mention_value = carried.mention_value
    where
        return_mentions.is_reference = 1
        and carried.lines <= {{ search_limit('most_lines_of_a_returned_reference') }}
),

-- the amounts that the money may have had
return_amounts as (
    select
        return_lines.*,
        -return_lines.amount as wanted_amount
    from return_lines
    union all
    select
        return_lines.*,
        -return_lines.amount_without_charges as wanted_amount
    from return_lines
    where return_lines.amount_without_charges is not null
),

-- lines of an amount that is looked for, before their texts are read
originals_of_amount as {{ materialized() }} (
    select
        originals.item_id,
        originals.account_id,
        originals.amount,
        {{ compact_upper('originals.counterparty_account') }} as account_key,
        {{ normalize_name('originals.counterparty_name') }} as name_key,
        {{ normalize_name('originals.remittance_information') }} as text_key
    from originals
    inner join (
        select distinct
            return_amounts.account_id,
            return_amounts.wanted_amount
        from return_amounts
    ) as wanted
        on
            originals.account_id = wanted.account_id
            and originals.amount = wanted.wanted_amount
),

-- bare words count only where the bank names nobody
nameless_returns as {{ materialized() }} (
    select
        return_amounts.item_id,
        return_amounts.account_id,
        return_amounts.wanted_amount,
        return_mentions.mention_value
    from return_amounts
    inner join return_mentions
        on return_amounts.item_id = return_mentions.item_id
    where
        return_mentions.is_reference = 0
        and return_amounts.account_key is null
        and return_amounts.end_to_end_key is null
),

words_of_amount as {{ materialized() }} (
    select
        nameless_returns.item_id,
        nameless_returns.mention_value,
        originals.item_id as returned_item_id
    from nameless_returns
    inner join originals_of_amount as originals
        on
            nameless_returns.account_id = originals.account_id
            and nameless_returns.wanted_amount = originals.amount
),

-- Each kind of evidence looks its lines up by a key of its own; what many lines have in common only
-- among those of the amount.
evidence as (
    {%- for kind, points, key, column in [
        ('the same end-to-end id', 8, 'end_to_end_key', 'end_to_end_id'),
        ('the same structured reference', 8, 'structured_key', 'structured_reference'),
    ] %}
    select
        return_lines.item_id,
        originals.item_id as returned_item_id,
        '{{ kind }}' as kind,
        {{ points }} as points
    from return_lines
    inner join originals
        on
            return_lines.account_id = originals.account_id
            and return_lines.{{ key }} = {{ compact_upper('originals.' ~ column) }}
    where
        length(return_lines.{{ key }}) >= {{ search_limit('shortest_telling_text') }}
        and return_lines.{{ key }} not in ('NOTPROVIDED', 'NONREF')
    union all
    {%- endfor %}
    {%- for kind, points, key in [
        ('the same text', 4, 'text_key'),
        ('the same account', 2, 'account_key'),
        ('the same name', 1, 'name_key'),
    ] %}
    select
        return_amounts.item_id,
        originals.item_id as returned_item_id,
        '{{ kind }}' as kind,
        {{ points }} as points
    from return_amounts
    inner join originals_of_amount as originals
        on
            return_amounts.account_id = originals.account_id
            and return_amounts.wanted_amount = originals.amount
            and return_amounts.{{ key }} = originals.{{ key }}
    where length(return_amounts.{{ key }}) >= {{ search_limit('shortest_telling_text') }}
    union all
    {%- endfor %}
    select
        telling_references.item_id,
        lines_with_references.item_id as returned_item_id,
        'a reference in common' as kind,
        4 as points
    from telling_references
    inner join lines_with_references
        on telling_references.mention_value = lines_with_references.mention_value
    union all
    select
        words_of_amount.item_id,
        words_of_amount.returned_item_id,
        'words in common' as kind,
        1 as points
    from words_of_amount
    inner join mentions
        on
            words_of_amount.returned_item_id = mentions.item_id
            and words_of_amount.mention_value = mentions.mention_value
),

weighed as {{ materialized() }} (
    select
        kinds.item_id,
        kinds.returned_item_id,
        min_by(kinds.kind, kinds.kind_rank) as evidence,
        sum(kinds.points) as points
    from (
        select
            evidence.item_id,
            evidence.returned_item_id,
            evidence.kind,
            max(evidence.points) as points,
            cast(100 - max(evidence.points) as {{ dbt.type_string() }}) || evidence.kind
                as kind_rank
        from evidence
        group by evidence.item_id, evidence.returned_item_id, evidence.kind
    ) as kinds
    group by kinds.item_id, kinds.returned_item_id
),

-- what a person took apart is no return
taken_apart as (
    select
        return_parts.item_id,
        original_parts.item_id as returned_item_id
    from {{ ref('int_journal__allocations') }} as return_parts
    inner join {{ ref('int_journal__allocations') }} as original_parts
        on return_parts.match_id = original_parts.match_id
    inner join (
        select reversals.match_id
        from {{ ref('int_journal__reversals') }} as reversals
        where reversals.reason = 'undone_by_a_person'
        union
        select undone.match_id
        from {{ ref('int_matches__undone_by_people') }} as undone
    ) as undone_matches
        on return_parts.match_id = undone_matches.match_id
    where
        return_parts.item_type = 'bank_transaction'
        and original_parts.item_type = 'bank_transaction'
    group by return_parts.item_id, original_parts.item_id
),

weighed_lines as {{ materialized() }} (
    select
        weighed.*,
        return_lines.account_id,
        return_lines.currency,
        return_lines.amount,
        return_lines.amount_without_charges,
        return_lines.booking_date
    from weighed
    inner join return_lines
        on weighed.item_id = return_lines.item_id
),

candidates as (
    select
        weighed_lines.item_id,
        weighed_lines.returned_item_id,
        weighed_lines.evidence,
        weighed_lines.points,
        weighed_lines.amount,
        weighed_lines.booking_date,
        originals.amount as returned_amount,
        case
            when originals.amount = -weighed_lines.amount then 'exact'
            when originals.amount = -weighed_lines.amount_without_charges then 'charges'
            when
                weighed_lines.points >= 4
                and abs(originals.amount + weighed_lines.amount)
                <= {{ search_limit('largest_share_of_an_unstated_charge') }}
                * abs(originals.amount)
                then 'partial'
        end as relation
    from weighed_lines
    inner join originals
        on
            weighed_lines.returned_item_id = originals.item_id
            and weighed_lines.account_id = originals.account_id
            and weighed_lines.currency = originals.currency
    left join taken_apart
        on
            weighed_lines.item_id = taken_apart.item_id
            and weighed_lines.returned_item_id = taken_apart.returned_item_id
    where
        taken_apart.item_id is null
        and sign(originals.amount) = -sign(weighed_lines.amount)
        and {{ days_between('originals.booking_date', 'weighed_lines.booking_date') }} >= 0
        and {{ days_between('originals.booking_date', 'weighed_lines.booking_date') }}
        <= case
            when weighed_lines.points >= 4 then {{ search_limit('largest_days_of_a_return') }}
            else {{ search_limit('largest_days_of_an_unreferenced_return') }}
        end
),

-- A reference goes before everything else, what is returned whole before what leaves something.
fitting as (
    select
        candidates.*,
        case when candidates.points >= 8 then 2000 when candidates.points >= 4 then 1000 else 0 end
        + case candidates.relation when 'partial' then 0 else 100 end
        + candidates.points as score
    from candidates
    where candidates.relation is not null
),

-- A payment that is collected again is returned again: what the first return took is not there for
-- the second. Of two returns that want one payment the earlier one took it.
{% for round in [1, 2] %}
scored_{{ round }} as (
    select
        free.*,
        rank() over (
            partition by free.item_id
            order by free.score desc nulls last
        ) as place
    from {{ 'fitting' if round == 1 else 'left_over' }} as free
),

best_{{ round }} as (
    select
        scored_{{ round }}.*,
        count(*) over (partition by scored_{{ round }}.item_id) as fits
    from scored_{{ round }}
    where scored_{{ round }}.place = 1
),

wanted_{{ round }} as (
    select
        best_{{ round }}.*,
        rank() over (
            partition by best_{{ round }}.returned_item_id
            order by best_{{ round }}.booking_date asc nulls last
        ) as turn,
        count(*) over (
            partition by best_{{ round }}.returned_item_id, best_{{ round }}.booking_date
        ) as on_the_day
    from best_{{ round }}
    where best_{{ round }}.fits = 1
),

taken_{{ round }} as (
    select *
    from wanted_{{ round }}
    where turn = 1 and on_the_day = 1
),
{% if round == 1 %}
left_over as (
    select fitting.*
    from fitting
    left join taken_1 as used_returns
        on fitting.item_id = used_returns.item_id
    left join taken_1 as used_payments
        on fitting.returned_item_id = used_payments.returned_item_id
    where used_returns.item_id is null and used_payments.item_id is null
),
{% endif %}
{% endfor %}
taken as (
    select * from taken_1
    union all
    select * from taken_2
),

final as (
    select
        taken.item_id,
        taken.returned_item_id,
        case when taken.returned_amount > 0 then 'receipt' else 'own_payment' end as returns_a,
        taken.relation,
        cast(
            -sign(taken.returned_amount)
            * case
                when taken.relation = 'partial'
                    then least(abs(taken.amount), abs(taken.returned_amount))
                else abs(taken.returned_amount)
            end as {{ amount_type() }}
        ) as returned_part,
        taken.evidence
    from taken
)

select * from final
