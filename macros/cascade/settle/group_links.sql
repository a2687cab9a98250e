{#-
    First step of settling, as CTEs `rivaled_documents` to `grouped_links`: which links are one group.

    A pass that knows its groups names them (`group_name`). The others' links are grouped here:
    1. What is exact by itself is a group of its own, before one lump is made of two good pairs and a
       stranger, and one member's difference is lent to the others. A payment and a document that are
       linked and equal, the only ones for each other, or the only ones left once their twins have their
       own; one payment that is what all its documents add up to, or one document that all its payments
       add up to, where nothing else of the kind claims one of them.
    2. What is left is connected: all documents and payments that links tie together, by strong links;
       a weak link counts where no strong one touches its document or its payment.

    Reads the CTEs `links` (with `pass`; rows without `group_name` are grouped here) and `open_items`.
    Yields `grouped_links`: the columns of `links`, with `group_name`, and `is_tangled` where a group
    needs more steps to be told than are taken.
-#}
{% macro group_links() %}
-- Nearly all links are the only one of their document and of their payment: each is a group. Nothing
-- below is asked of them, for windows over all that is linked are most of what a wave costs.
rivaled_documents as {{ materialized() }} (
    select
        links.pass,
        links.expected_unit
    from links
    where links.group_name is null
    group by links.pass, links.expected_unit
    having count(*) > 1
),

rivaled_payments as {{ materialized() }} (
    select
        links.pass,
        links.actual_unit
    from links
    where links.group_name is null
    group by links.pass, links.actual_unit
    having count(*) > 1
),

sided_links as {{ materialized() }} (
    select
        links.*,
        rivaled_documents.expected_unit is null
        and rivaled_payments.actual_unit is null as is_sole
    from links
    left join rivaled_documents
        on
            links.pass = rivaled_documents.pass
            and links.expected_unit = rivaled_documents.expected_unit
    left join rivaled_payments
        on
            links.pass = rivaled_payments.pass
            and links.actual_unit = rivaled_payments.actual_unit
    where links.group_name is null
),

rivaling_units as {{ materialized() }} (
    select
        'expected' as side,
        sided_links.expected_unit as unit_key
    from sided_links
    where not sided_links.is_sole
    union
    select
        'actual' as side,
        sided_links.actual_unit as unit_key
    from sided_links
    where not sided_links.is_sole
),

unit_sums as {{ materialized() }} (
    select
        open_items.side,
        open_items.anchor_item_key as unit_key,
        min(open_items.currency) as currency,
        max(open_items.currency) as last_currency,
        max(open_items.family_id) as family_id,
        cast(sum(open_items.remaining_amount) as {{ amount_type() }}) as amount
    from open_items
    inner join rivaling_units
        on
            open_items.side = rivaling_units.side
            and open_items.anchor_item_key = rivaling_units.unit_key
    group by open_items.side, open_items.anchor_item_key
),

measured_links as (
    select
        sided_links.*,
        documents.amount as document_amount,
        payments.amount as payment_amount,
        case
            when
                documents.amount = payments.amount
                and documents.amount <> 0
                and documents.currency = documents.last_currency
                and payments.currency = payments.last_currency
                and documents.currency = payments.currency
                and (
                    sided_links.stated_amount is null
                    or sided_links.stated_amount = payments.amount
                )
                and (not sided_links.is_weak or documents.family_id = payments.family_id)
                then 1
            else 0
        end as is_exact
    from sided_links
    left join (
        select * from unit_sums
        where unit_sums.side = 'expected'
    ) as documents
        on sided_links.expected_unit = documents.unit_key
    left join (
        select * from unit_sums
        where unit_sums.side = 'actual'
    ) as payments
        on sided_links.actual_unit = payments.unit_key
    where not sided_links.is_sole
),

-- a weak link never touches what a strong one does
touched_links as (
    select
        measured_links.*,
        max(case when measured_links.is_weak then 0 else 1 end) over (
            partition by measured_links.pass, measured_links.expected_unit
        ) as has_strong_to_document,
        max(case when measured_links.is_weak then 0 else 1 end) over (
            partition by measured_links.pass, measured_links.actual_unit
        ) as has_strong_to_payment
    from measured_links
),

counted_links as (
    select
        touched_links.*,
        sum(touched_links.is_exact) over same_document as exact_payments,
        sum(touched_links.is_exact) over same_payment as exact_documents,
        case
            when
                count(*) over same_payment > 1
                and sum(touched_links.document_amount) over same_payment
                = touched_links.payment_amount
                then 1
            else 0
        end as is_whole_payment,
        case
            when
                count(*) over same_document > 1
                and sum(touched_links.payment_amount) over same_document
                = touched_links.document_amount
                then 1
            else 0
        end as is_whole_document
    from touched_links
    where
        not touched_links.is_weak
        or (
            touched_links.has_strong_to_document = 0
            and touched_links.has_strong_to_payment = 0
        )
    window
        same_document as (partition by touched_links.pass, touched_links.expected_unit),
        same_payment as (partition by touched_links.pass, touched_links.actual_unit)
),

-- Who else wants the document or the payment of a link, and what else would explain them: others
-- that are nobody's equal and add up to it, or go the other way.
rivaling_links as (
    select
        counted_links.*,
        sum(
            case when counted_links.is_exact = 1 and counted_links.exact_documents = 1 then 1 end
        ) over same_document as payments_without_choice,
        sum(case when counted_links.exact_documents = 0 then counted_links.payment_amount end)
            over same_document as other_payments,
        sum(case when counted_links.exact_payments = 0 then counted_links.document_amount end)
            over same_payment as other_documents,
        min(
            case
                when counted_links.exact_documents = 0 then sign(counted_links.payment_amount)
                else sign(counted_links.document_amount)
            end
        ) over same_document as least_sign_of_payments,
        max(
            case
                when counted_links.exact_documents = 0 then sign(counted_links.payment_amount)
                else sign(counted_links.document_amount)
            end
        ) over same_document as greatest_sign_of_payments,
        min(
            case
                when counted_links.exact_payments = 0 then sign(counted_links.document_amount)
                else sign(counted_links.payment_amount)
            end
        ) over same_payment as least_sign_of_documents,
        max(
            case
                when counted_links.exact_payments = 0 then sign(counted_links.document_amount)
                else sign(counted_links.payment_amount)
            end
        ) over same_payment as greatest_sign_of_documents,
        sum(greatest(counted_links.is_exact, counted_links.is_whole_payment))
            over same_document as claims_of_document,
        sum(greatest(counted_links.is_exact, counted_links.is_whole_document))
            over same_payment as claims_of_payment,
        sum(counted_links.is_whole_payment) over same_document as wholes_of_document,
        sum(counted_links.is_whole_document) over same_payment as wholes_of_payment
    from counted_links
    window
        same_document as (partition by counted_links.pass, counted_links.expected_unit),
        same_payment as (partition by counted_links.pass, counted_links.actual_unit)
),

-- a payment that equals one of its documents alone takes it, if it is the only such payment
forced_links as (
    select
        rivaling_links.*,
        case
            when
                rivaling_links.is_exact = 1
                and rivaling_links.exact_documents = 1
                and rivaling_links.payments_without_choice = 1
                and rivaling_links.wholes_of_document = 0
                and rivaling_links.wholes_of_payment = 0
                and coalesce(rivaling_links.other_payments <> rivaling_links.document_amount, true)
                and coalesce(rivaling_links.other_documents <> rivaling_links.payment_amount, true)
                and rivaling_links.least_sign_of_payments
                = rivaling_links.greatest_sign_of_payments
                and rivaling_links.least_sign_of_documents
                = rivaling_links.greatest_sign_of_documents
                then 1
            else 0
        end as is_forced
    from rivaling_links
),

taken_links as (
    select
        forced_links.*,
        max(forced_links.is_forced) over (
            partition by forced_links.pass, forced_links.expected_unit
        ) as is_document_taken,
        max(forced_links.is_forced) over (
            partition by forced_links.pass, forced_links.actual_unit
        ) as is_payment_taken
    from forced_links
),

-- and leaves the others of its twins their own
left_links as (
    select
        taken_links.*,
        sum(
            case
                when taken_links.is_exact = 1 and taken_links.is_payment_taken = 0 then 1
                else 0
            end
        ) over (partition by taken_links.pass, taken_links.expected_unit) as payments_left,
        sum(
            case
                when taken_links.is_exact = 1 and taken_links.is_document_taken = 0 then 1
                else 0
            end
        ) over (partition by taken_links.pass, taken_links.actual_unit) as documents_left
    from taken_links
),

exact_links as (
    select
        left_links.*,
        case
            when left_links.is_forced = 1 then 1
            when
                left_links.is_exact = 1
                and left_links.exact_documents > 1
                and left_links.is_document_taken = 0
                and left_links.is_payment_taken = 0
                and left_links.documents_left = 1
                and left_links.payments_left = 1
                and left_links.wholes_of_document = 0
                and left_links.wholes_of_payment = 0
                then 1
            else 0
        end as is_pair,
        case
            when
                left_links.is_whole_payment = 1
                and max(
                    greatest(
                        left_links.claims_of_document,
                        2 * left_links.is_whole_document,
                        2 * left_links.is_exact
                    )
                ) over (partition by left_links.pass, left_links.actual_unit) = 1
                then 1
            when
                left_links.is_whole_document = 1
                and max(
                    greatest(
                        left_links.claims_of_payment,
                        2 * left_links.is_whole_payment,
                        2 * left_links.is_exact
                    )
                ) over (partition by left_links.pass, left_links.expected_unit) = 1
                then 1
            else 0
        end as is_whole
    from left_links
),

parted_links as {{ materialized() }} (
    select
        exact_links.*,
        max(greatest(exact_links.is_pair, exact_links.is_whole)) over (
            partition by exact_links.pass, exact_links.expected_unit
        ) as has_settled_document,
        max(greatest(exact_links.is_pair, exact_links.is_whole)) over (
            partition by exact_links.pass, exact_links.actual_unit
        ) as has_settled_payment
    from exact_links
),

linked_pairs as (
    select
        parted_links.reconciliation,
        parted_links.pass,
        parted_links.expected_unit,
        parted_links.actual_unit,
        parted_links.evidence,
        parted_links.is_ambiguous,
        parted_links.is_weak,
        parted_links.stated_amount,
        parted_links.link_ambiguity
    from parted_links
    where
        parted_links.is_pair = 1
        or parted_links.is_whole = 1
        or (parted_links.has_settled_document = 0 and parted_links.has_settled_payment = 0)
),

-- The least neighbour spreads along the links; a group that needs more than five steps is too
-- tangled to close by itself.
labels_1 as (
    select
        linked_pairs.*,
        min(linked_pairs.actual_unit) over (
            partition by linked_pairs.pass, linked_pairs.expected_unit
        ) as label_1
    from linked_pairs
),

labels_2 as (
    select
        labels_1.*,
        min(labels_1.label_1) over (partition by labels_1.pass, labels_1.actual_unit) as label_2
    from labels_1
),

labels_3 as {{ materialized() }} (
    select
        labels_2.*,
        min(labels_2.label_2) over (partition by labels_2.pass, labels_2.expected_unit) as label_3
    from labels_2
),

labels_4 as (
    select
        labels_3.*,
        min(labels_3.label_3) over (partition by labels_3.pass, labels_3.actual_unit) as label_4
    from labels_3
),

labels_5 as {{ materialized() }} (
    select
        labels_4.*,
        min(labels_4.label_4) over (partition by labels_4.pass, labels_4.expected_unit)
            as group_name
    from labels_4
),

spread as (
    select
        labels_5.*,
        min(labels_5.group_name) over (partition by labels_5.pass, labels_5.actual_unit)
            as least_group,
        max(labels_5.group_name) over (partition by labels_5.pass, labels_5.actual_unit)
            as greatest_group
    from labels_5
),

grouped_links as (
    select
        spread.reconciliation,
        spread.pass,
        spread.expected_unit,
        spread.actual_unit,
        spread.evidence,
        spread.is_ambiguous,
        spread.is_weak,
        spread.stated_amount,
        spread.link_ambiguity,
        spread.group_name,
        0 as is_given,
        max(case when spread.least_group <> spread.greatest_group then 1 else 0 end)
            over (partition by spread.pass, spread.group_name) as is_tangled
    from spread
    union all
    select
        sided_links.reconciliation,
        sided_links.pass,
        sided_links.expected_unit,
        sided_links.actual_unit,
        sided_links.evidence,
        sided_links.is_ambiguous,
        sided_links.is_weak,
        sided_links.stated_amount,
        sided_links.link_ambiguity,
        sided_links.actual_unit as group_name,
        0 as is_given,
        0 as is_tangled
    from sided_links
    where sided_links.is_sole
    union all
    select
        links.reconciliation,
        links.pass,
        links.expected_unit,
        links.actual_unit,
        links.evidence,
        links.is_ambiguous,
        links.is_weak,
        links.stated_amount,
        links.link_ambiguity,
        links.group_name,
        1 as is_given,
        0 as is_tangled
    from links
    where links.group_name is not null
)
{%- endmacro %}
