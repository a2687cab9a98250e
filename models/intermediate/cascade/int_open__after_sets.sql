-- What pass 6 leaves open.
{{ open_after('int_open__after_unique_amount', 'int_pass__sets') }}
