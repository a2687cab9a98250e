-- filled by the plan: marks lie beside a fate (copies, versions, deliveries)
create table marked (i bigint, mark varchar);
