-- The same party, currency and amount, inside the rule's window. Among equals each takes the
-- nearest by date, if both sides agree on it, by issue and by due date, with a margin to the
-- next; else it is a suggestion. What earlier waves have spoken for is an equal like any other,
-- and is not taken. Every pair is asked about among what was open when the younger of the two
-- came: what amounts have closed since counts, so that no later run knows better.
with

open_items as (select * from {{ ref('int_open__after_texts') }}),

rules as (
    select *
    from {{ ref('int_match_rules__valid') }}
    where pass = 'unique_amount' and relation = 'exact' and rollout = 'stable'
),

open_now as (select * from {{ ref('int_items__open') }}),

naming as (select * from {{ ref('int_items__naming_documents') }}),

spoken_for as (select * from {{ ref('int_units__spoken_for') }}),

held_since as (select * from {{ ref('int_units__held_since') }}),

known_units as (
    select
        open_items.side,
        open_items.anchor_item_key as unit_key,
        max(open_now.known_in_run) as known_in_run
    from open_items
    inner join open_now
        on open_items.item_key = open_now.item_key
    group by open_items.side, open_items.anchor_item_key
),

-- what is left of them was not asked about before this run
rests as (
    select
        held_since.side,
        held_since.unit_key,
        max(held_since.held_in_run) as rest_in_run
    from held_since
    where held_since.is_left_open
    group by held_since.side, held_since.unit_key
),

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
        true as is_free,
        coalesce(known_units.known_in_run, 0) as known_in_run,
        coalesce(rests.rest_in_run, -1) as rest_in_run,
        open_now.due_date as due_on
    from units
    left join open_now
        on units.unit_key = open_now.item_key
    left join known_units
        on units.unit_key = known_units.unit_key and units.side = known_units.side
    left join rests
        on units.unit_key = rests.unit_key and units.side = rests.side
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
        false as is_free,
        cast(null as bigint) as known_in_run,
        cast(null as bigint) as rest_in_run,
        open_now.due_date as due_on
    from spoken_for
    left join open_now
        on spoken_for.unit_key = open_now.item_key
    where not spoken_for.is_paid_by_name
),

-- a pair is asked about in the run in which the younger of the two came
questions as (
    select distinct
        equals.reconciliation,
        equals.family_id,
        equals.currency,
        equals.unit_amount,
        equals.known_in_run as asked_in_run
    from equals
    where
        equals.is_free
        and equals.family_id is not null
        and equals.unit_amount <> 0
),

asked as (
    select
        questions.asked_in_run,
        equals.*,
        false as is_held
    from questions
    inner join equals
        on
            questions.reconciliation = equals.reconciliation
            and questions.family_id = equals.family_id
            and questions.currency = equals.currency
            and questions.unit_amount = equals.unit_amount
    union all
    select
        questions.asked_in_run,
        held_since.reconciliation,
        held_since.side,
        held_since.family_id,
        held_since.currency,
        held_since.unit_amount,
        held_since.unit_key,
        held_since.event_date,
        true as is_free,
        cast(null as bigint) as known_in_run,
        cast(null as bigint) as rest_in_run,
        held_since.due_date as due_on,
        true as is_held
    from questions
    inner join held_since
        on
            questions.reconciliation = held_since.reconciliation
            and questions.family_id = held_since.family_id
            and questions.currency = held_since.currency
            and questions.unit_amount = held_since.unit_amount
            and questions.asked_in_run <= held_since.held_in_run
),

-- equals of one day cannot be told apart: each has its place among them
dated as (
    select
        asked.*,
        coalesce(asked.due_on, asked.event_date) as due_date,
        row_number() over (
            partition by
                asked.asked_in_run, asked.reconciliation, asked.side, asked.family_id,
                asked.currency, asked.unit_amount, asked.event_date, asked.due_on
            order by asked.unit_key nulls last
        ) as place,
        count(*) over (
            partition by
                asked.asked_in_run, asked.reconciliation, asked.side, asked.family_id,
                asked.currency, asked.unit_amount, asked.event_date, asked.due_on
        ) as equals_of_day
    from asked
),

-- a crowd of equals is counted, not paired
crowds as (
    select
        dated.asked_in_run,
        dated.reconciliation,
        dated.family_id,
        dated.currency,
        dated.unit_amount,
        row_number() over (
            order by
                dated.asked_in_run nulls last,
                dated.reconciliation nulls last,
                dated.family_id nulls last,
                dated.currency nulls last,
                dated.unit_amount nulls last
        ) as crowd_number
    from dated
    group by
        dated.asked_in_run,
        dated.reconciliation,
        dated.family_id,
        dated.currency,
        dated.unit_amount
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
        not documents.is_held
        and not payments.is_held
        and greatest(documents.known_in_run, payments.known_in_run) = crowds.asked_in_run
            as is_asked_now,
        greatest(documents.rest_in_run, payments.rest_in_run) >= crowds.asked_in_run
            as is_left_over,
        {{ days_between('documents.event_date', 'payments.event_date') }} as days_later,
        abs({{ days_between('documents.event_date', 'payments.event_date') }}) as days_from_issue,
        abs({{ days_between('documents.due_date', 'payments.due_date') }}) as days_from_due,
        rules.days_margin
    from crowds
    inner join dated as documents
        on
            crowds.asked_in_run = documents.asked_in_run
            and crowds.reconciliation = documents.reconciliation
            and crowds.family_id = documents.family_id
            and crowds.currency = documents.currency
            and crowds.unit_amount = documents.unit_amount
    inner join dated as payments
        on
            crowds.asked_in_run = payments.asked_in_run
            and crowds.reconciliation = payments.reconciliation
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
            over (partition by pairs.crowd_number, pairs.expected_unit) as document_has_later,
        max(case when pairs.days_later >= 0 then 1 else 0 end)
            over (partition by pairs.crowd_number, pairs.actual_unit) as payment_has_later,
        count(*) over (partition by pairs.crowd_number, pairs.expected_unit)
            as payments_that_fit,
        count(*) over (partition by pairs.crowd_number, pairs.actual_unit)
            as documents_that_fit
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
            partition by sensible.crowd_number, sensible.expected_unit
            order by sensible.days_from_issue nulls last, sensible.actual_unit nulls last
        ),
        document_by_due as (
            partition by sensible.crowd_number, sensible.expected_unit
            order by sensible.days_from_due nulls last, sensible.actual_unit nulls last
        ),
        payment_by_issue as (
            partition by sensible.crowd_number, sensible.actual_unit
            order by sensible.days_from_issue nulls last, sensible.expected_unit nulls last
        ),
        payment_by_due as (
            partition by sensible.crowd_number, sensible.actual_unit
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
    inner join {{ ref('int_items') }} as items
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
            partition by payments.crowd_number, payments.item_key
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
    select
        nearest_by_date.crowd_number,
        nearest_by_date.actual_unit
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
    group by nearest_by_date.crowd_number, nearest_by_date.actual_unit
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
        nearest_by_date.crowd_number,
        nearest_by_date.expected_unit,
        nearest_by_date.actual_unit,
        usual.actual_unit is not null as is_usual
    from nearest_by_date
    left join usual
        on
            nearest_by_date.crowd_number = usual.crowd_number
            and nearest_by_date.actual_unit = usual.actual_unit
    -- by issue, and by due date too unless this payer is known to go by issue
    where nearest_by_date.is_nearest_by_due or usual.actual_unit is not null
),

judged as (
    select
        timed.*,
        nearest.expected_unit is not null as is_nearest,
        coalesce(nearest.is_usual, false) as is_usual,
        max(case when nearest.expected_unit is not null then 1 else 0 end)
            over (partition by timed.crowd_number, timed.expected_unit) as document_is_taken
    from timed
    left join nearest
        on
            timed.crowd_number = nearest.crowd_number
            and timed.expected_unit = nearest.expected_unit
            and timed.actual_unit = nearest.actual_unit
),

-- An equal document that nothing is found for may be what is meant: one that was not paid in its
-- month. An equal payment is not: the first one pays.
rivaled as (
    select
        judged.*,
        -- one that was issued after the payment is not meant
        min(case when judged.days_later < 0 then 1 else judged.document_is_taken end)
            over (partition by judged.crowd_number, judged.actual_unit) as documents_are_taken
    from judged
),

certain as (
    select
        rivaled.*,
        case
            when not rivaled.is_nearest or rivaled.is_left_over then 0
            when rivaled.is_usual or rivaled.documents_are_taken = 1 then 1
            else 0
        end as is_certain
    from rivaled
    where rivaled.is_asked_now
),

shown as (
    select
        certain.*,
        max(certain.is_certain) over (partition by certain.expected_unit) as document_is_settled,
        max(certain.is_certain) over (partition by certain.actual_unit) as payment_is_settled,
        row_number() over (
            partition by certain.actual_unit
            order by
                certain.are_free desc nulls last,
                certain.days_from_issue asc nulls last,
                certain.expected_unit asc nulls last
        ) as nearness
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
