"""``python -m soorgeon_clone`` -> the console script, for where the script is not on the path.

With ``-m``, Python puts the working folder first on the import path. What lies there may be anybody's: it goes before
anything else is imported. (A folder named ``soorgeon_clone`` there is what Python takes for this package, and nothing
can be done about it here; nor about ``runpy.py`` on Python 3.10, which is imported before.)
"""

import sys

if __name__ == "__main__":
    if not getattr(sys.flags, "safe_path", False):  # Python 3.11 has an option that leaves the folder out
        del sys.path[0]
    from soorgeon_clone.cli.app import main

    main()
