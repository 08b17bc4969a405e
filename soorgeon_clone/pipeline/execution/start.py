"""The script that every process of this subpackage begins with: KIND ARGUMENT ROOT, see boot.command.

A process begins as a kernel does, with the interpreter's own import path and no script's folder in it; the folder of
this package is there only until the package is imported. (Not ``python -c``: tracebacks would show its code.)
"""

import sys

if __name__ == "__main__":
    path = sys.path[1:]
    sys.path[:] = [*path, sys.argv[3]]
    if sys.argv[1] == "server":
        import soorgeon_clone.pipeline.execution.server as begun
    elif sys.argv[1] == "kernel":
        import soorgeon_clone.pipeline.execution.kernel as begun  # type: ignore[no-redef]
    elif sys.argv[1] == "portable":
        import soorgeon_clone.pipeline.execution.portable as begun  # type: ignore[no-redef]
    else:
        import soorgeon_clone.pipeline.execution.fresh as begun  # type: ignore[no-redef]
    sys.path[:] = path
    begun.main(sys.argv[2])
