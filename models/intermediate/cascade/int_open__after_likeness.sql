-- What the wave `likeness` leaves open.
{{ open_after('int_open__after_sums', 'int_wave__likeness') }}
