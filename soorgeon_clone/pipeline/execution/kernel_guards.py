"""A task that runs in a Jupyter kernel: its guards look at what the kernel holds, and files keep what arrays share.

Nothing is added to the notebook's variables, and no cell runs: the kernel is asked for the value of an expression.
"""

from __future__ import annotations

import asyncio
import base64
import pickle
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import soorgeon_clone

if TYPE_CHECKING:
    from soorgeon_clone.pipeline.assumptions.session import Session
    from soorgeon_clone.pipeline.execution.assumed import Outcomes

_CODE = """\
import sys
path = list(sys.path)
sys.path.append({root!r})
try:
    from {module} import {function} as function
finally:
    sys.path[:] = path
from IPython import get_ipython
result = function(get_ipython().user_ns, *{arguments!r})
"""
_POLL = 2.0  # seconds after which it is asked whether the kernel still lives


# -- in the kernel -------------------------------------------------------------------------------------------------

_SESSIONS: list[Session] = []


def begin(_: Mapping[str, Any], name: str, cells: Sequence[Mapping[str, Any]]) -> str:
    """Make the guards ready."""
    from soorgeon_clone.pipeline.execution.assumed import guards_of

    session = guards_of(name, cells)
    assert session is not None
    _SESSIONS[:] = [session]
    return ""


def before(namespace: Mapping[str, Any], index: int) -> str:
    """Do what is to be done before a cell."""
    _SESSIONS[0].before(index, namespace)
    return ""


def end(namespace: Mapping[str, Any]) -> str:
    """Return what came of what was assumed."""
    from soorgeon_clone.pipeline.execution.assumed import outcomes_of

    return base64.b64encode(pickle.dumps(outcomes_of(_SESSIONS[0], namespace))).decode()


_SAVING: list[Iterator[AbstractContextManager[None]]] = []
_HOOKED = ExitStack()


def begin_saving(_: Mapping[str, Any]) -> str:
    """Make picklers ready for the cell that saves."""
    from soorgeon_clone.pipeline.saving.memory import Memory

    _SAVING[:] = [Memory().passes()]
    _HOOKED.enter_context(next(_SAVING[0]))
    return ""


def end_saving(_: Mapping[str, Any]) -> str:
    """Make them what they were; or ready once more, and say so, where the cell must run again."""
    _HOOKED.close()
    again = next(_SAVING[0], None)
    if again is None:
        return ""
    _HOOKED.enter_context(again)
    return "again"


# -- in the process that runs it -----------------------------------------------------------------------------------


class KernelGuards:
    """The guards of one task, seen from outside. ``client`` is nbclient's."""

    def __init__(self, name: str, cells: Sequence[Mapping[str, Any]]) -> None:
        self._name = name
        self._cells = [dict(cell) for cell in cells]
        self._begun = False
        self.outcomes: Outcomes = ()

    async def before(self, client: Any, index: int) -> None:
        """Ask the kernel to do what is to be done before a cell."""
        if not self._begun:
            self._begun = True
            cells = [{key: cell.get(key) for key in ("cell_type", "source", "metadata")} for cell in self._cells]
            await _ask(client, "begin", (self._name, _plain(cells)))
        await _ask(client, "before", (index,))

    async def end(self, client: Any) -> None:
        """Ask it what came of it all. Raises RuntimeError where it cannot say."""
        self.outcomes = pickle.loads(base64.b64decode(await _ask(client, "end", ())))


async def begin_to_save(client: Any) -> None:
    """Have the kernel save as the runner does. ``client`` is nbclient's."""
    await _ask(client, "begin_saving", ())


async def must_save_again(client: Any) -> bool:
    """Tell whether the cell that saves must run again, to say what arrays share."""
    return await _ask(client, "end_saving", ()) == "again"


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, (list, tuple)) else value


async def _ask(client: Any, function: str, arguments: tuple[Any, ...]) -> str:
    root = str(Path(soorgeon_clone.__file__).parents[1])
    code = _CODE.format(root=root, module=__name__, function=function, arguments=arguments)
    expression = f"(lambda g: (__import__('builtins').exec({code!r}, g), g['result'])[1])({{}})"
    asked = client.kc.execute("", silent=True, store_history=False, user_expressions={"result": expression})
    while True:
        try:
            reply = await client.kc.get_shell_msg(timeout=_POLL)
        except Exception:  # queue.Empty, of one library or the other
            if not await client.km.is_alive():
                raise RuntimeError("the kernel died") from None
            await asyncio.sleep(0)
            continue
        if reply["parent_header"].get("msg_id") == asked:
            break
    found = reply["content"].get("user_expressions", {}).get("result", {})
    if found.get("status") != "ok":
        raise RuntimeError(f"{found.get('ename', 'it')}: {found.get('evalue', 'gave no answer')}")
    text: str = found["data"]["text/plain"]
    return text.strip("'\"")
