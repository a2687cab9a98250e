-- What pass 5 leaves open.
{{ open_after('int_open__after_weak_reference', 'int_pass__unique_amount') }}
