"""The script that every process of ours begins with: ROOT MODULE ARGUMENT... -> MODULE's main(ARGUMENT...).

A process begins as a kernel does, with the interpreter's own import path: neither a script's folder in it nor the
working folder, where ``python -m`` and ``python -c`` would look first, also for modules of the standard library. ROOT,
the folder of this package, is there only until MODULE is imported. (Not ``-P``, which Python 3.10 does not have.)
"""

import sys

if __name__ == "__main__":
    own = __file__.rpartition("/")[0] or __file__.rpartition("\\")[0]
    path = [entry for entry in sys.path if entry not in ("", own)]
    root, module, *arguments = sys.argv[1:]
    sys.path[:] = path  # before anything is imported
    import importlib

    sys.path[:] = [*path, root]
    begun = importlib.import_module(module)
    sys.path[:] = path
    begun.main(*arguments)
