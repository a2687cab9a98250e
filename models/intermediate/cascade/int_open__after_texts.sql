-- What the wave `texts` leaves open.
{{ open_after('int_open__after_keys', 'int_wave__texts') }}
