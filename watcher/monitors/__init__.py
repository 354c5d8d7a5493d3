"""From us to monitoring systems: one file for each kind of source that can be asked and answered.

`base` says what such a file offers. Names that begin with `_` are parts of one of them.
"""
