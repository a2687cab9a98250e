-- What pass 4 leaves open.
{{ open_after('int_open__after_balance_order', 'int_pass__weak_reference') }}
