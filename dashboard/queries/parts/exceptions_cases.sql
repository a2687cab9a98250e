-- Part of exceptions_queue and exceptions_facet: `cases`, one row per case, told by its lead, that
-- is of the chosen customers and has what is searched for, with what it meets of each other choice.
-- What is searched for may be in any exception of it, or in the item that this is about. Empty lists
-- and strings choose everything.
-- $words: all of them must be found; $amounts: or one of these is the amount.
-- $risk: yes (money that may not arrive) or ''.
-- $sla: late (past due) | soon (due within a day) | in_time | none.
-- $waiting: '' | undecided | pending | mine, by the cases in $pending_cases and $waiting_cases.
latest as (
    select max(fct_runs.as_of) as as_of
    from marts.fct_runs
),

-- the texts of items that are closed are not searched: the detail of their exceptions is
item_texts as (
    select
        fct_items.reconciliation,
        fct_items.item_type,
        fct_items.item_id,
        fct_items.document_number,
        fct_items.memo,
        fct_items.amount,
        fct_items.open_amount
    from marts.fct_items
    where len(cast($words as varchar [])) > 0 and fct_items.status <> 'closed'
),

found as (
    select distinct fct_exceptions.case_id
    from marts.fct_exceptions
    left join item_texts
        on
            fct_exceptions.reconciliation = item_texts.reconciliation
            and fct_exceptions.item_type = item_texts.item_type
            and fct_exceptions.item_id = item_texts.item_id
    left join marts.dim_customers
        on fct_exceptions.customer_id = dim_customers.customer_id
    where
        len(cast($words as varchar [])) > 0
        and (
            len(
                list_filter(
                    cast($words as varchar []),
                    lambda word: not contains(
                        lower(
                            concat_ws(
                                ' ',
                                fct_exceptions.exception_id,
                                fct_exceptions.item_id,
                                fct_exceptions.detail,
                                fct_exceptions.customer_id,
                                dim_customers.legal_name,
                                item_texts.document_number,
                                item_texts.memo
                            )
                        ),
                        word
                    )
                )
            ) = 0
            or list_contains(cast($amounts as decimal(38, 10) []), abs(fct_exceptions.amount))
            or list_contains(cast($amounts as decimal(38, 10) []), abs(item_texts.amount))
            or list_contains(cast($amounts as decimal(38, 10) []), abs(item_texts.open_amount))
        )
),

cases as (
    select
        fct_exceptions.*,
        coalesce(fct_exceptions.assigned_to, 'nobody') as assigned,
        len(cast($reconciliation as varchar [])) = 0
        or list_contains(cast($reconciliation as varchar []), fct_exceptions.reconciliation)
            as is_reconciliation,
        len(cast($type as varchar [])) = 0
        or list_contains(cast($type as varchar []), fct_exceptions.exception_type) as is_type,
        len(cast($severity as varchar [])) = 0
        or list_contains(cast($severity as varchar []), fct_exceptions.severity) as is_severity,
        case
            when len(cast($status as varchar [])) = 0 then fct_exceptions.status <> 'resolved'
            else list_contains(cast($status as varchar []), fct_exceptions.status)
        end as is_status,
        len(cast($item_type as varchar [])) = 0
        or coalesce(
            list_contains(cast($item_type as varchar []), fct_exceptions.item_type), false
        ) as is_item_type,
        len(cast($cause as varchar [])) = 0
        or coalesce(list_contains(cast($cause as varchar []), fct_exceptions.root_cause), false)
            as is_cause,
        len(cast($currency as varchar [])) = 0
        or coalesce(list_contains(cast($currency as varchar []), fct_exceptions.currency), false)
            as is_currency,
        len(cast($assigned as varchar [])) = 0
        or list_contains(
            cast($assigned as varchar []), coalesce(fct_exceptions.assigned_to, 'nobody')
        ) as is_assigned,
        case cast($sla as varchar)
            when '' then true
            when 'late' then fct_exceptions.sla_due_at < latest.as_of
            when 'soon'
                then
                fct_exceptions.sla_due_at >= latest.as_of
                and fct_exceptions.sla_due_at < latest.as_of + interval 1 day
            when 'in_time' then fct_exceptions.sla_due_at >= latest.as_of
            else fct_exceptions.sla_due_at is null
        end as is_sla,
        cast($risk as varchar) = '' or fct_exceptions.revenue_at_risk > 0 as is_risk,
        case cast($waiting as varchar)
            when 'undecided'
                then not list_contains(cast($pending_cases as varchar []), fct_exceptions.case_id)
            when 'pending'
                then
                list_contains(cast($pending_cases as varchar []), fct_exceptions.case_id)
                and not list_contains(cast($waiting_cases as varchar []), fct_exceptions.case_id)
            when 'mine'
                then list_contains(cast($waiting_cases as varchar []), fct_exceptions.case_id)
            else true
        end as is_waiting
    from marts.fct_exceptions
    cross join latest
    where
        fct_exceptions.is_case_lead
        and (
            len(cast($customer as varchar [])) = 0
            or list_contains(cast($customer as varchar []), fct_exceptions.customer_id)
        )
        and (
            len(cast($words as varchar [])) = 0
            or fct_exceptions.case_id in (select found.case_id from found)
        )
),
