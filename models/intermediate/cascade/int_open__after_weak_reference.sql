-- What pass 4 leaves open.
{{ open_after('int_open__after_group_sum', 'int_pass__weak_reference') }}
