-- What pass 3 leaves open.
{{ open_after('int_open__after_reference_in_text', 'int_pass__group_sum') }}
