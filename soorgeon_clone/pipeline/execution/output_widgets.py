"""Messages of widgets to a front end -> what goes into an output widget is shown there, once, as Jupyter and nbclient
have it."""

from __future__ import annotations

import contextlib
import copy
from dataclasses import dataclass, field
from typing import Any

from soorgeon_clone.pipeline.execution.journal import Journal
from soorgeon_clone.pipeline.execution.recording import Recorder

_KEYS = ("output_type", "name", "text", "ename", "evalue", "traceback", "metadata", "data", "execution_count")


@dataclass
class _Area:
    """An output widget as a front end has it, which tells the widget what it shows when a cell has ended."""

    comm: Any
    recorder: Recorder
    told: list[dict[str, Any]]

    @property
    def outputs(self) -> list[dict[str, Any]]:
        self.recorder.settle()
        outputs = self.recorder.cells[0]["outputs"]
        return [{key: copy.deepcopy(one[key]) for key in _KEYS if key in one} for one in outputs]


@dataclass
class FrontEnd:
    """What hears the widgets of a process, whose shell has the recorder of the notebook that runs."""

    shell: Any
    _areas: dict[str, _Area] = field(default_factory=dict)

    def request(self) -> dict[str, Any]:
        """Return what the cell that runs was asked for with: widgets say by its number what they want to have."""
        number = f"cell-{self.shell.recorder.index}"
        return {"header": {"msg_id": number}, "parent_header": {}, "metadata": {}, "content": {}, "buffers": []}

    def hear(self, comm: Any, kind: str, data: dict[str, Any] | None) -> None:
        state = (data or {}).get("state") or {}
        if kind == "comm_open" and state.get("_model_name") == "OutputModel":
            self._areas[comm.comm_id] = self._area(comm, list(state.get("outputs") or ()))
        area = self._areas.get(comm.comm_id)
        if area is None or "msg_id" not in state:
            return
        if state["msg_id"]:
            self.shell.recorder.enter(area.recorder)
        else:
            self.shell.recorder.leave(area.recorder)

    def _area(self, comm: Any, outputs: list[dict[str, Any]]) -> _Area:
        recorder = Recorder([{}], limit=self.shell.recorder.limit, journal=Journal(None))
        recorder.begin(0, None)
        recorder.cells[0]["outputs"].extend(copy.deepcopy(outputs))
        return _Area(comm, recorder, outputs)

    def settle(self) -> None:
        """Tell the widgets what they show. What code that hears of it prints belongs to no cell."""
        for area in list(self._areas.values()):
            outputs = area.outputs
            if outputs == area.told:
                continue
            area.told = outputs
            nowhere = Recorder([{}], limit=0, journal=Journal(None))
            nowhere.begin(0, None)
            self.shell.recorder.enter(nowhere)
            data = {"method": "update", "state": {"outputs": copy.deepcopy(area.told)}, "buffer_paths": []}
            content = {"comm_id": area.comm.comm_id, "data": data}
            with contextlib.suppress(Exception):
                area.comm.handle_msg({**self.request(), "content": content})
            self.shell.flush_streams()
            self.shell.recorder.leave(nowhere)


def comm_manager() -> Any:
    """Return what keeps the lines between widgets and the front end, None where nothing can draw any."""
    try:
        import comm
    except ImportError:
        return None
    return comm.get_comm_manager()


def listen(front_end: FrontEnd) -> None:
    """Let ``front_end`` hear what widgets say from now on."""
    try:
        import comm
        from comm.base_comm import BaseComm
    except ImportError:
        return

    class Comm(BaseComm):
        def publish_msg(self, msg_type: str, data: Any = None, *_: Any, **__: Any) -> None:
            front_end.hear(self, msg_type, data)

    comm.create_comm = Comm
