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
    'lump-' || candidates.n || '-' || groups.due_month as group_id,
    case
        when groups.place % 4 in (0, 1) then 'lump_text'
        when groups.place % 4 = 2 then 'lump_advice'
        else 'lump_none'
    end as fate,
    -- without any reference only "everything that was open" is a safe reading
    groups.place % 4 <> 3 or groups.available <= 2 + draw('lump size', groups.place, 5) as certain
from candidates
inner join groups
    on candidates.n = groups.n and candidates.due_month = groups.due_month
where candidates.place <= 2 + draw('lump size', groups.place, 5);

update inv set fate = lump.fate, group_id = lump.group_id
from lump where inv.i = lump.i;
