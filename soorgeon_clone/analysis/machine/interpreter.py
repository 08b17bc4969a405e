"""The machine, put together: one abstract run, and what its parts do for the rooms below and for each other."""

from __future__ import annotations

from soorgeon_clone.analysis.machine import (
    anything,
    beside,
    bodies,
    callbacks,
    calls,
    deferred,
    evaluate,
    library,
    library_call,
    rounds,
    statements,
    unknown_calls,
)
from soorgeon_clone.analysis.machine.walk import Run


class Interpreter(Run):
    evaluate = evaluate.expression
    run_block = statements.run_block
    run_text = statements.run_text
    run_script = statements.run_script
    star_import = statements.star_import

    settle = rounds.settle

    attribute = calls.attribute
    store_attribute = calls.store_attribute
    item_of = calls.item_of
    elements = calls.elements
    element_at = calls.element_at
    like = library_call.like
    resume = deferred.resume
    send = deferred.send

    call = calls.call
    call_one = calls.call_one
    call_method = calls.call_method
    call_function = bodies.call_function
    call_library = calls.call_library
    model_method = calls.model_method
    decorated = calls.decorated
    apply = library.apply
    elements_of = library.elements_of

    unknown = unknown_calls.unknown
    exhausted = anything.exhausted
    call_back = callbacks.call_back
    run_registered = callbacks.run_registered
    run_all_methods = callbacks.run_all_methods
    passed_class = callbacks.passed_class
    finalize = callbacks.finalize
    let_go = callbacks.let_go
    keep_views = anything.keep_views
    do_feared = anything.do_feared

    import_path = beside.import_path
    reload = beside.reload
    module_variable = beside.attribute
    module_variables = beside.any_variable
    given_in_module = beside.given
    bind_in_module = beside.bind
    store_in_module = beside.store
    forget_given = beside.forget_given
