-- What the wave `keys` leaves open.
{{ open_after('int_open__unmatched', 'int_wave__keys') }}
