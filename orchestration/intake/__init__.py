"""Events as they happen: received or consumed, kept durably, turned into landed files, run at once.

A webhook (`receiver`) or a stream (`consumer`) puts an event into the spool; every run begins by
turning what waits there into files of the feeds (`batches`), as `events` says by type. `watch` is
the process that runs as soon as a policy asks for it.
"""
