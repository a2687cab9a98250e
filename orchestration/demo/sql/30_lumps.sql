-- One transfer for two to six invoices of a customer that fall due in one month.
-- Variable: lumps (how many transfers).
create table lump as
with candidates as (
    select
        n,
        strftime(due_date, '%Y-%m') as due_month,
        i,
        row_number() over (
            partition by n, strftime(due_date, '%Y-%m') order by due_date, i
        ) as place,
        count(*) over (partition by n, strftime(due_date, '%Y-%m')) as available
    from inv
    where
        channel = 'transfer' and status = 'open' and fate is null and unlisted is null
        and pay_date <= getvariable('end_date') - 25
        and due_date <= getvariable('end_date') - 25
),
groups as (
    select
        n,
        due_month,
        min(available) as available,
        row_number() over (order by draw('lump', n || due_month, 1000000000), n, due_month) as place
    from candidates
    where available >= 2
    group by n, due_month
    qualify row_number() over (
        order by draw('lump', n || due_month, 1000000000), n, due_month
    ) <= getvariable('lumps')
)
select
    candidates.i,
    -- a case is named by its invoice; one of several by the first, negated
    -min(candidates.i) over (partition by candidates.n, candidates.due_month) as group_id,
    case
        when groups.place % 5 in (0, 1) then 'lump_text'
        when groups.place % 5 = 2 then 'lump_advice'
        when groups.place % 5 = 3 then 'lump_none'
        else 'lump_named_part'
    end as fate,
    -- without a reference to each only "everything that was open" is a safe reading
    groups.place % 5 < 3 or groups.available <= 2 + draw('lump size', groups.place, 5) as certain
from candidates
inner join groups
    on candidates.n = groups.n and candidates.due_month = groups.due_month
where candidates.place <= 2 + draw('lump size', groups.place, 5);

update inv set fate = lump.fate, group_id = lump.group_id
from lump where inv.i = lump.i;

-- Cards that are charged on the day of each invoice, though the terms are net 30: the due date of
-- one month's fee is the day of the next month's.
update inv set
    fate = 'card_on_issue', due_date = issue_date + 30, pay_date = issue_date, term_days = 30,
    payment_terms = 'net 30'
from (
    select n
    from inv
    where channel = 'card' and kind = 'subscription' and unlisted is null
    group by n
    having count(*) >= 2
    order by draw('on issue', n, 1000000000), n
    limit getvariable('cards_on_issue')
) as chosen
where
    inv.n = chosen.n and inv.channel = 'card' and inv.kind = 'subscription'
    and inv.status = 'open' and inv.fate is null;

-- Two equal subscription fees paid on one day with the same words: nobody can tell them apart.
update inv set fate = 'twin_payment', pay_date = twin.pay_date
from (
    with candidates as (
        select
            n, i, pay_date,
            row_number() over (partition by n order by issue_date, i) as place,
            count(*) over (partition by n) as available
        from inv
        where
            channel = 'transfer' and kind = 'subscription' and status = 'open' and fate is null
            and unlisted is null
            and pay_date <= getvariable('end_date') - 25
            and due_date <= getvariable('end_date') - 25
    ),
    chosen as (
        select distinct n, draw('twin payment', n, 1000000000) as place
        from candidates
        where available >= 2
        order by place, n
        limit getvariable('twin_payments')
    )
    select
        candidates.i,
        max(candidates.pay_date) over (partition by candidates.n) as pay_date
    from candidates
    inner join chosen on candidates.n = chosen.n
    where candidates.place <= 2
) as twin
where inv.i = twin.i;
