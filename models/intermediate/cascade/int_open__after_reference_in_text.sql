-- What pass 2 leaves open.
{{ open_after('int_open__after_stated_reference', 'int_pass__reference_in_text') }}
