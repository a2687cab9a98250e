"""The tieout dashboard: plain pages over the published marts, and nothing else.

`app.py` is the frame, `data.py` the only way to the published file, `queries/*.sql` every
question asked of it, `format.py` how a value is written, `components.py` how it is laid out,
`views/*.py` the pages. Views compute nothing.
"""
