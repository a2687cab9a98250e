"""Files with headers of their own become files of the feeds.

`source` opens a file, `propose` says what it is and how its columns are read, `maps` keeps that as
YAML, `reading` applies it and tells what does not fit, `landing` puts the result where a run finds
it. Words and values that are known live in `vocabulary.yaml`, known exports in `presets/`.
"""
