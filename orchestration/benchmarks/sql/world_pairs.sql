-- What a publication says of a company whose truth is known, pair by pair, beside that truth.
-- `published` is the publication, the tables of the truth are views in `truth`.
-- Reads the marts that the output contract promises, and nothing else.

-- Every id that the marts name, with what tells a bank line when its id is made up.
create temp table named as
select item_type, item_id, max(booked_on) as booked_on, max(amount) as amount
from (
    select item_type, item_id, cast(event_date as date) as booked_on, amount
    from published.marts.fct_items
    where set_aside_reason is distinct from 'suspected_copy'
    union all
    select item_type, item_id, cast(received_at as date) as booked_on, amount
    from published.marts.fct_receipts
    union all
    select item_type, item_id, null as booked_on, null as amount
    from published.marts.fct_match_allocations
) as everywhere
group by all;

-- A bank line may lack a reference, or have one that its bank used before: the contract makes up an
-- id then, which the truth may spell in another way. Such a line is the one that the truth has on
-- the same account and day, of the same amount.
create temp table spellings as
with

unknown as (
    select
        item_id,
        split_part(item_id, '/', 1) as account_id,
        booked_on,
        amount,
        row_number() over (
            partition by split_part(item_id, '/', 1), booked_on, amount
            order by item_id
        ) as place
    from named
    where
        item_type = 'bank_transaction'
        and booked_on is not null
        and item_id not in (
            select item_id from truth.items where item_type = 'bank_transaction'
        )
),

unnamed as (
    select
        item_id,
        split_part(item_id, '/', 1) as account_id,
        item_date as booked_on,
        amount,
        row_number() over (
            partition by split_part(item_id, '/', 1), item_date, amount
            order by item_id
        ) as place
    from truth.items
    where
        item_type = 'bank_transaction'
        and item_id not in (select item_id from named where item_type = 'bank_transaction')
)

select unknown.item_id, unnamed.item_id as true_item_id
from unknown
inner join unnamed
    on
        unknown.account_id = unnamed.account_id
        and unknown.booked_on = unnamed.booked_on
        and unknown.amount = unnamed.amount
        and unknown.place = unnamed.place;

create temp table members as
select
    allocations.match_id,
    matches.reconciliation,
    matches.decision in ('auto_closed', 'approved') as is_live,
    matches.decision in ('suggested', 'pending_approval') as is_waiting,
    allocations.side,
    allocations.item_type,
    coalesce(spellings.true_item_id, allocations.item_id) as item_id
from published.marts.fct_match_allocations as allocations
inner join published.marts.fct_matches as matches on allocations.match_id = matches.match_id
left join spellings
    on
        allocations.item_type = 'bank_transaction'
        and allocations.item_id = spellings.item_id;

-- An item of one side with an item of the other in one match; without money, an invoice with the
-- credit memo that closes it.
create temp table proposed as
with

sides as (
    select
        expected.match_id,
        expected.reconciliation,
        expected.is_live,
        expected.is_waiting,
        expected.item_type as expected_type,
        expected.item_id as expected_id,
        actual.item_type as actual_type,
        actual.item_id as actual_id
    from members as expected
    inner join members as actual on expected.match_id = actual.match_id
    where expected.side = 'expected' and actual.side = 'actual'
),

documents as (
    select
        invoices.match_id,
        invoices.reconciliation,
        invoices.is_live,
        invoices.is_waiting,
        invoices.item_type as expected_type,
        invoices.item_id as expected_id,
        memos.item_type as actual_type,
        memos.item_id as actual_id
    from members as invoices
    inner join members as memos on invoices.match_id = memos.match_id
    where
        invoices.item_type = 'invoice'
        and memos.item_type = 'credit_memo'
        and invoices.match_id not in (select match_id from sides)
)

select * from sides
union all
select * from documents;

-- Of two items that nothing tells apart, the one that the truth left over stands for the other,
-- unless both are taken: taking either is right, taking both is not.
create temp table stands_for as
with

taken as (
    select distinct reconciliation, item_type, item_id
    from members
    where is_live
)

select
    second.reconciliation,
    second.item_type,
    second.item_id,
    twins.item_a as true_item_id
from truth.exchangeable as twins
inner join taken as second
    on
        twins.item_type = second.item_type
        and twins.item_b = second.item_id
left join taken as first
    on
        second.reconciliation = first.reconciliation
        and twins.item_type = first.item_type
        and twins.item_a = first.item_id
where
    first.item_id is null
    and second.reconciliation = case
        when twins.item_type = 'ledger_entry' then 'bank_to_ledger'
        when twins.item_type in ('invoice', 'charge', 'bank_transaction') then 'invoice_to_receipt'
        else second.reconciliation
    end;

create temp table pairs as
with

renamed as (
    select
        proposed.* replace (
            coalesce(expected.true_item_id, proposed.expected_id) as expected_id,
            coalesce(actual.true_item_id, proposed.actual_id) as actual_id
        )
    from proposed
    left join stands_for as expected
        on
            proposed.is_live
            and proposed.reconciliation = expected.reconciliation
            and proposed.expected_type = expected.item_type
            and proposed.expected_id = expected.item_id
    left join stands_for as actual
        on
            proposed.is_live
            and proposed.reconciliation = actual.reconciliation
            and proposed.actual_type = actual.item_type
            and proposed.actual_id = actual.item_id
)

-- Lines of one content differ in the number behind their hash alone: whichever of them has the
-- partner, it is the one that the truth gave it to.
select distinct
    renamed.* replace (coalesce(twin.expected_item_id, renamed.expected_id) as expected_id)
from renamed
left join truth.edges as twin
    on
        renamed.expected_type = 'bank_transaction'
        and renamed.reconciliation = twin.reconciliation
        and renamed.expected_type = twin.expected_item_type
        and renamed.actual_type = twin.actual_item_type
        and renamed.actual_id = twin.actual_item_id
        and regexp_matches(renamed.expected_id, '/h[0-9a-f]{16}-\d+$')
        and regexp_replace(renamed.expected_id, '-\d+$', '')
        = regexp_replace(twin.expected_item_id, '-\d+$', '');

create temp table true_pairs as
select
    reconciliation,
    expected_item_type as expected_type,
    expected_item_id as expected_id,
    actual_item_type as actual_type,
    actual_item_id as actual_id,
    any_value(case_class) as case_class,
    any_value(resolvable) as resolvable
from truth.edges
group by all;

create temp table stays_open as
select reconciliation, item_type, item_id
from truth.unmatched
union
select 'invoice_to_receipt' as reconciliation, 'invoice' as item_type, duplicate_id as item_id
from truth.duplicates;

-- `right`, `wrong`, `should_stay` (an item that has no partner), or `neutral`: a pair that the
-- truth neither asks for nor denies.
create temp table judged as
select
    pairs.*,
    case
        when true_pairs.resolvable = 'optional' then 'neutral'
        when true_pairs.resolvable is not null then 'right'
        when lonely_expected.item_id is not null or lonely_actual.item_id is not null
            then 'should_stay'
        when
            (
                pairs.reconciliation = 'invoice_to_receipt'
                and expected.case_id = actual.case_id
            )
            or 'unlabelled' in (expected.detail, actual.detail)
            then 'neutral'
        else 'wrong'
    end as verdict,
    coalesce(
        true_pairs.case_class, actual.case_class, expected.case_class, '(unrelated)'
    ) as case_class
from pairs
left join true_pairs
    on
        pairs.reconciliation = true_pairs.reconciliation
        and pairs.expected_type = true_pairs.expected_type
        and pairs.expected_id = true_pairs.expected_id
        and pairs.actual_type = true_pairs.actual_type
        and pairs.actual_id = true_pairs.actual_id
left join stays_open as lonely_expected
    on
        pairs.reconciliation = lonely_expected.reconciliation
        and pairs.expected_type = lonely_expected.item_type
        and pairs.expected_id = lonely_expected.item_id
left join stays_open as lonely_actual
    on
        pairs.reconciliation = lonely_actual.reconciliation
        and pairs.actual_type = lonely_actual.item_type
        and pairs.actual_id = lonely_actual.item_id
left join truth.items as expected
    on
        pairs.expected_type = expected.item_type
        and pairs.expected_id = expected.item_id
left join truth.items as actual
    on
        pairs.actual_type = actual.item_type
        and pairs.actual_id = actual.item_id
where pairs.reconciliation in (select reconciliation from truth.edges);

-- What a person is shown for an item, as pairs: of matches, and single other items.
create temp table shown as
with

considered as (
    select
        candidates.item_type,
        coalesce(spellings.true_item_id, candidates.item_id) as item_id,
        candidates.other_item_type,
        coalesce(other.true_item_id, candidates.other_item_id) as other_item_id
    from published.marts.fct_match_candidates as candidates
    left join spellings
        on
            candidates.item_type = 'bank_transaction'
            and candidates.item_id = spellings.item_id
    left join spellings as other
        on
            candidates.other_item_type = 'bank_transaction'
            and candidates.other_item_id = other.item_id
    where candidates.other_item_id is not null
)

select expected_type, expected_id, actual_type, actual_id
from pairs
where
    is_live
    or is_waiting
    or match_id in (select match_id from published.marts.fct_match_candidates)
union
select item_type, item_id, other_item_type, other_item_id
from considered
union
select other_item_type, other_item_id, item_type, item_id
from considered;

-- A true pair, and what became of it.
create temp table fates as
with

closed as (
    select distinct reconciliation, expected_type, expected_id, actual_type, actual_id
    from judged
    where is_live and verdict = 'right'
)

select
    true_pairs.*,
    closed.expected_id is not null as is_closed,
    shown.expected_id is not null as is_shown
from true_pairs
left join closed
    on
        true_pairs.reconciliation = closed.reconciliation
        and true_pairs.expected_type = closed.expected_type
        and true_pairs.expected_id = closed.expected_id
        and true_pairs.actual_type = closed.actual_type
        and true_pairs.actual_id = closed.actual_id
left join shown
    on
        true_pairs.expected_type = shown.expected_type
        and true_pairs.expected_id = shown.expected_id
        and true_pairs.actual_type = shown.actual_type
        and true_pairs.actual_id = shown.actual_id;
