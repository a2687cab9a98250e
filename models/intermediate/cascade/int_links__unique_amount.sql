-- The same party, currency and amount, inside the rule's window. Among equals each takes the
-- nearest by date, if both sides agree on it, by issue and by due date, with a margin to the
-- next; else it is a suggestion. What earlier waves have spoken for is an equal like any other,
-- and is not taken.
with

open_items as (select * from {{ ref('int_open__after_texts') }}),

rules as (
    select *
    from {{ ref('int_match_rules__valid') }}
    where pass = 'unique_amount' and relation = 'exact' and rollout = 'stable'
),

items as (select * from {{ ref('int_items') }}),

naming as (select * from {{ ref('int_items__naming_documents') }}),

spoken_for as (select * from {{ ref('int_units__spoken_for') }}),

weak_links as (
    select
        expected_unit,
        actual_unit
    from {{ ref('int_links__weak_reference') }}
    union all
    select
        expected_unit,
        actual_unit
    from {{ ref('int_links__misquoted_number') }}
),

declined_pairs as (
    select *
    from {{ ref('int_declined_pairs') }}
    where declined_group is null
),

{{ units_of('open_items') }},

-- what a weak word has found a partner for is no equal any more
told_apart as (
    select weak_links.expected_unit as unit_key from weak_links
    union
    select weak_links.actual_unit as unit_key from weak_links
),

equals as (
    select
        units.reconciliation,
        units.side,
        units.family_id,
        units.currency,
        units.unit_amount,
        units.unit_key,
        units.event_date,
        true as is_free
    from units
    left join spoken_for
        on units.unit_key = spoken_for.unit_key and units.side = spoken_for.side
    left join naming
        on units.unit_key = naming.item_key
    left join told_apart
        on units.unit_key = told_apart.unit_key
    where
        spoken_for.unit_key is null
        and naming.item_key is null
        and told_apart.unit_key is null
    union all
    select
        spoken_for.reconciliation,
        spoken_for.side,
        spoken_for.family_id,
        spoken_for.currency,
        spoken_for.unit_amount,
        spoken_for.unit_key,
        spoken_for.event_date,
        false as is_free
    from spoken_for
),

-- equals of one day cannot be told apart: each has its place among them
dated as (
    select
        equals.reconciliation,
        equals.side,
        equals.family_id,
        equals.currency,
        equals.unit_amount,
        equals.unit_key,
        equals.event_date,
        equals.is_free,
        coalesce(items.due_date, equals.event_date) as due_date,
        row_number() over (
            partition by
                equals.reconciliation, equals.side, equals.family_id, equals.currency,
                equals.unit_amount, equals.event_date, items.due_date
            order by equals.unit_key nulls last
        ) as place,
        count(*) over (
            partition by
                equals.reconciliation, equals.side, equals.family_id, equals.currency,
                equals.unit_amount, equals.event_date, items.due_date
        ) as equals_of_day
    from equals
    left join items
        on equals.unit_key = items.item_key
    where
        equals.family_id is not null
        and equals.unit_amount <> 0
),

-- a crowd of equals is counted, not paired
crowds as (
    select
        dated.reconciliation,
        dated.family_id,
        dated.currency,
        dated.unit_amount,
        row_number() over (
            order by
                dated.reconciliation nulls last,
                dated.family_id nulls last,
                dated.currency nulls last,
                dated.unit_amount nulls last
        ) as crowd_number
    from dated
    group by dated.reconciliation, dated.family_id, dated.currency, dated.unit_amount
    having
        count(distinct dated.side) = 2
        and count(*) <= {{ search_limit('largest_crowd_in_unique_amount') }}
),

pairs as (
    select
        crowds.crowd_number,
        documents.reconciliation,
        documents.family_id,
        documents.currency,
        documents.unit_amount,
        documents.unit_key as expected_unit,
        payments.unit_key as actual_unit,
        documents.place as document_place,
        payments.place as payment_place,
        documents.equals_of_day = payments.equals_of_day as are_equally_many,
        documents.is_free and payments.is_free as are_free,
        {{ days_between('documents.event_date', 'payments.event_date') }} as days_later,
        abs({{ days_between('documents.event_date', 'payments.event_date') }}) as days_from_issue,
        abs({{ days_between('documents.due_date', 'payments.due_date') }}) as days_from_due,
        rules.days_margin
    from crowds
    inner join dated as documents
        on
            crowds.reconciliation = documents.reconciliation
            and crowds.family_id = documents.family_id
            and crowds.currency = documents.currency
            and crowds.unit_amount = documents.unit_amount
    inner join dated as payments
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
    where
        documents.side = 'expected'
        and payments.side = 'actual'
        and declined_pairs.expected_item_key is null
),

timed as (
    select
        pairs.*,
        max(case when pairs.days_later >= 0 then 1 else 0 end)
            over (partition by pairs.expected_unit) as document_has_later,
        max(case when pairs.days_later >= 0 then 1 else 0 end)
            over (partition by pairs.actual_unit) as payment_has_later,
        count(*) over (partition by pairs.expected_unit) as payments_that_fit,
        count(*) over (partition by pairs.actual_unit) as documents_that_fit
    from pairs
),

-- Of one day and equally many, the first takes the first. A payment before the date of its document
-- is rare: it counts where nothing else fits.
sensible as (
    select *
    from timed
    where
        (not timed.are_equally_many or timed.document_place = timed.payment_place)
        and (
            timed.days_later >= 0
            or (timed.document_has_later = 0 and timed.payment_has_later = 0)
        )
),

-- How much farther the next one is, for both sides and by both dates; null when there is none. (To
-- Spark `over name - x` is a name with a hyphen.)
margins as (
    select
        sensible.*,
        row_number() over document_by_issue as document_rank_by_issue,
        row_number() over document_by_due as document_rank_by_due,
        row_number() over payment_by_issue as payment_rank_by_issue,
        row_number() over payment_by_due as payment_rank_by_due,
        (lead(sensible.days_from_issue) over document_by_issue) - sensible.days_from_issue
            as document_margin_by_issue,
        (lead(sensible.days_from_due) over document_by_due) - sensible.days_from_due
            as document_margin_by_due,
        (lead(sensible.days_from_issue) over payment_by_issue) - sensible.days_from_issue
            as payment_margin_by_issue,
        (lead(sensible.days_from_due) over payment_by_due) - sensible.days_from_due
            as payment_margin_by_due
    from sensible
    window
        document_by_issue as (
            partition by sensible.expected_unit
            order by sensible.days_from_issue nulls last, sensible.actual_unit nulls last
        ),
        document_by_due as (
            partition by sensible.expected_unit
            order by sensible.days_from_due nulls last, sensible.actual_unit nulls last
        ),
        payment_by_issue as (
            partition by sensible.actual_unit
            order by sensible.days_from_issue nulls last, sensible.expected_unit nulls last
        ),
        payment_by_due as (
            partition by sensible.actual_unit
            order by sensible.days_from_due nulls last, sensible.expected_unit nulls last
        )
),

nearest_by_date as (
    select
        margins.*,
        margins.document_rank_by_due = 1
        and margins.payment_rank_by_due = 1
        and coalesce(margins.document_margin_by_due >= margins.days_margin, true)
        and coalesce(margins.payment_margin_by_due >= margins.days_margin, true)
            as is_nearest_by_due
    from margins
    where
        margins.are_free
        and margins.are_equally_many
        and margins.document_rank_by_issue = 1
        and margins.payment_rank_by_issue = 1
        and coalesce(margins.document_margin_by_issue >= margins.days_margin, true)
        and coalesce(margins.payment_margin_by_issue >= margins.days_margin, true)
),

-- What a payer does with equal documents month after month, paid ones among them: how many days
-- after the nearest document before it each payment comes.
crowd_items as (
    select
        items.reconciliation,
        items.side,
        items.family_id,
        items.currency,
        items.amount,
        items.item_key,
        items.event_date,
        crowds.crowd_number
    from (
        select distinct
            nearest_by_date.reconciliation,
            nearest_by_date.family_id,
            nearest_by_date.currency,
            nearest_by_date.unit_amount,
            nearest_by_date.crowd_number
        from nearest_by_date
        where nearest_by_date.payments_that_fit > 1 or nearest_by_date.documents_that_fit > 1
    ) as crowds
    inner join items
        on
            crowds.reconciliation = items.reconciliation
            and crowds.family_id = items.family_id
            and crowds.currency = items.currency
            and crowds.unit_amount = items.amount
    where items.set_aside_reason is null
),

habits as (
    select
        payments.crowd_number,
        payments.item_key,
        documents.item_key as document_key,
        {{ days_between('documents.event_date', 'payments.event_date') }} as days_later,
        row_number() over (
            partition by payments.item_key
            order by documents.event_date desc nulls last, documents.item_key asc nulls last
        ) as nearness
    from crowd_items as payments
    inner join crowd_items as documents
        on
            payments.crowd_number = documents.crowd_number
            and payments.event_date >= documents.event_date
    where payments.side = 'actual' and documents.side = 'expected'
),

first_documents as (
    select
        crowd_items.crowd_number,
        min_by(
            crowd_items.item_key,
            {{ iso_date('crowd_items.event_date') }} || crowd_items.item_key
        ) as item_key
    from crowd_items
    where crowd_items.side = 'expected'
    group by crowd_items.crowd_number
),

-- As long after its document as at least so many others, and the first document of all is one of
-- them: who pays each one a month late leaves the first without a payment of its own.
usual as (
    select nearest_by_date.actual_unit
    from nearest_by_date
    inner join habits
        on
            nearest_by_date.crowd_number = habits.crowd_number
            and habits.nearness = 1
            and nearest_by_date.actual_unit <> habits.item_key
            and abs(habits.days_later - nearest_by_date.days_later)
            <= {{ search_limit('days_of_a_habit') }}
    inner join first_documents
        on nearest_by_date.crowd_number = first_documents.crowd_number
    group by nearest_by_date.actual_unit
    having
        count(*) >= {{ search_limit('payments_of_a_habit') }}
        and max(
            case
                when
                    first_documents.item_key in (
                        habits.document_key, nearest_by_date.expected_unit
                    )
                    then 1
                else 0
            end
        ) = 1
),

nearest as (
    select
        nearest_by_date.expected_unit,
        nearest_by_date.actual_unit,
        usual.actual_unit is not null as is_usual
    from nearest_by_date
    left join usual
        on nearest_by_date.actual_unit = usual.actual_unit
    -- by issue, and by due date too unless this payer is known to go by issue
    where nearest_by_date.is_nearest_by_due or usual.actual_unit is not null
),

judged as (
    select
        timed.*,
        nearest.expected_unit is not null as is_nearest,
        coalesce(nearest.is_usual, false) as is_usual,
        max(case when nearest.expected_unit is not null then 1 else 0 end)
            over (partition by timed.expected_unit) as document_is_taken,
        max(case when nearest.expected_unit is not null then 1 else 0 end)
            over (partition by timed.actual_unit) as payment_is_taken,
        row_number() over (
            partition by timed.actual_unit
            order by
                timed.are_free desc nulls last,
                timed.days_from_issue asc nulls last,
                timed.expected_unit asc nulls last
        ) as nearness
    from timed
    left join nearest
        on
            timed.expected_unit = nearest.expected_unit
            and timed.actual_unit = nearest.actual_unit
),

-- An equal document that nothing is found for may be what is meant: one that was not paid in its
-- month. An equal payment is not: the first one pays.
rivaled as (
    select
        judged.*,
        -- one that was issued after the payment is not meant
        min(case when judged.days_later < 0 then 1 else judged.document_is_taken end)
            over (partition by judged.actual_unit) as documents_are_taken
    from judged
),

certain as (
    select
        rivaled.*,
        case
            when not rivaled.is_nearest then 0
            when rivaled.is_usual or rivaled.documents_are_taken = 1 then 1
            else 0
        end as is_certain
    from rivaled
),

shown as (
    select
        certain.*,
        max(certain.is_certain) over (partition by certain.expected_unit) as document_is_settled,
        max(certain.is_certain) over (partition by certain.actual_unit) as payment_is_settled
    from certain
),

final as (
    select
        shown.reconciliation,
        shown.expected_unit,
        shown.actual_unit,
        case
            when shown.payments_that_fit = 1 and shown.documents_that_fit = 1
                then 'amount and payer'
            when shown.is_usual then 'amount, payer and the usual days after it'
            else 'amount, payer and nearest date'
        end as evidence,
        shown.is_certain = 0 as is_ambiguous,
        false as is_weak,
        cast(null as {{ amount_type() }}) as stated_amount,
        cast(null as {{ dbt.type_string() }}) as link_ambiguity,
        shown.expected_unit || '~' || shown.actual_unit as group_name,
        cast(shown.nearness as bigint) as nearness
    from shown
    where
        shown.is_certain = 1
        or (
            shown.are_free
            and shown.document_is_settled = 0
            and shown.payment_is_settled = 0
            and shown.nearness <= {{ search_limit('documents_shown') }}
        )
)

select * from final
