-- What the wave `sums` leaves open.
{{ open_after('int_open__after_equals', 'int_wave__sums') }}
