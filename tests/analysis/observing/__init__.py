"""Runs the examples of one effect table and reports where a call does something else than its entry says.

    cd tests/analysis; PYTHONPATH=../.. python -m observing pandas [DataFrame.drop]

An example is a line of code; its setup is run afresh for each. The call is taken apart (receiver, arguments), its parts
are evaluated, and then: objects that the entry does not call changed must have the same content after the call, those
that it calls changed another one; results must be what ``returns`` says; what a result holds or views must be named;
random states, settings, files, printed text and called-back functions are compared with the entry in the same way.
Prints one line per deviation as JSON: [call, code, what]. Lines beginning with "may:" claim only upper bounds.
"""
