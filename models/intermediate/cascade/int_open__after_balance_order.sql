-- What pass 3b leaves open.
{{ open_after('int_open__after_group_sum', 'int_pass__balance_order') }}
