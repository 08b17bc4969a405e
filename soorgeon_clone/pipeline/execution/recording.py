"""What a running notebook prints and shows -> the outputs of its cells, as nbclient records a kernel's messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from soorgeon_clone.pipeline.execution.journal import Journal, read_journal
from soorgeon_clone.pipeline.execution.mime import as_json
from soorgeon_clone.pipeline.execution.model import shortened

Output = dict[str, Any]
_SHORTEST = 200_000


class Recorder:
    """The outputs of each cell, in the order in which they were made.

    Consecutive texts of one stream are one output. ``limit`` is a number of characters for each cell; what exceeds it
    is cut, with a note. ``cells`` are nbformat's dicts; their outputs are complete after ``settle``.
    """

    def __init__(self, cells: list[dict[str, Any]], *, limit: int | None, journal: Journal) -> None:
        self.cells = cells
        self.limit = limit
        self.index = -1
        self._journal = journal
        self._outputs: list[Output] = []
        self._used = 0
        self._cut = False
        self._clear_first = False
        self._pieces: list[str] = []  # texts of the stream output at the end, joined when it is complete
        self._shown: dict[str, list[Output]] = {}  # display id -> the outputs that show it
        self._within: list[Recorder] = []  # of output widgets, which take what would be the cell's; the last has it

    def enter(self, widget: Recorder) -> None:
        """What is shown from now on goes to ``widget``."""
        self._within.append(widget)

    def leave(self, widget: Recorder) -> None:
        if widget in self._within:
            self._within.remove(widget)

    def begin(self, index: int, count: int | None) -> None:
        """Outputs from now on belong to cell ``index``, whose execution count is ``count``."""
        self.settle()
        self._within.clear()
        self._journal.event("begin", index, count)
        self.index, self._used, self._cut, self._clear_first = index, 0, False, False
        self.cells[index]["execution_count"] = count
        self._outputs = self.cells[index]["outputs"] = []

    def stream(self, name: str, text: str) -> None:
        if self._within:
            self._within[-1].stream(name, text)
            return
        if self._clear_first:
            self._forget()
        if self.limit is None or self._used + len(text) <= self.limit:
            self._used += len(text)
        else:
            text = self._cut_text(text)
            if not text:
                return
        self._journal.text(name, text)
        if not self._outputs or self._outputs[-1].get("name") != name:
            self.settle()
            self._outputs.append({"name": name, "output_type": "stream", "text": ""})
        self._pieces.append(text)

    def result(self, data: Mapping[str, Any], metadata: Mapping[str, Any] | None, count: int | None) -> None:
        """The value of a cell's last expression (``Out[n]``)."""
        if self._within:
            self._within[-1].result(data, metadata, count)
            return
        self._add({**self._bundle(data, metadata), "execution_count": count, "output_type": "execute_result"}, None)

    def display(
        self, data: Mapping[str, Any], metadata: Mapping[str, Any] | None, display_id: str | None = None
    ) -> None:
        if self._within:
            self._within[-1].display(data, metadata, display_id)
            return
        self._add({**self._bundle(data, metadata), "output_type": "display_data"}, display_id)

    def update(self, data: Mapping[str, Any], metadata: Mapping[str, Any] | None, display_id: str) -> None:
        """Changes what shows ``display_id``, in whatever cells it is."""
        used = self._used
        self._update(self._bundle(data, metadata), display_id)
        self._used = used  # it takes the place of another

    def error(self, ename: str, evalue: str, traceback: list[str]) -> None:
        if self._within:
            self._within[-1].error(ename, evalue, traceback)
            return
        if self.limit is not None and len(evalue) + sum(map(len, traceback)) > self.limit - self._used:
            # the error of a cell that has shown all it may must still be seen
            longest = max(self.limit - self._used, _SHORTEST) // (len(traceback) + 1)
            evalue, traceback = shortened(evalue, longest), [shortened(one, longest) for one in traceback]
        self._add({"ename": ename, "evalue": evalue, "output_type": "error", "traceback": list(traceback)}, None)

    def clear(self, *, wait: bool) -> None:
        """``clear_output``: now, or when the next output comes."""
        if self._within:
            self._within[-1].clear(wait=wait)
            return
        self._journal.event("clear", wait)
        if wait:
            self._clear_first = True
        else:
            self._forget()

    def settle(self) -> None:
        """Joins the texts of the last stream output."""
        if self._pieces:
            self._outputs[-1]["text"] += "".join(self._pieces)
            self._pieces = []

    def replay(self, descriptor: int) -> None:
        """Repeats the events of a journal."""
        for kind, value in read_journal(descriptor):
            if kind != "event":
                self.stream(kind, value)
                continue
            event, *values = value
            if event == "begin":
                self.begin(*values)
            elif event == "add":
                self._add(*values)
            elif event == "update":
                self._update(*values)
            elif event == "clear":
                self.clear(wait=values[0])
            elif event == "state":
                self._restore(*values)
        self.settle()

    def _add(self, output: Output, display_id: str | None) -> None:
        self.settle()
        self._journal.event("add", output, display_id)
        if display_id:
            self._refresh(output, display_id)
        if self._clear_first:
            self._forget()
        self._outputs.append(output)
        if display_id:
            self._shown.setdefault(display_id, []).append(output)
        self._keep_journal_short()

    def _update(self, fresh: Output, display_id: str) -> None:
        self._journal.event("update", fresh, display_id)
        self._refresh(fresh, display_id)
        self._keep_journal_short()

    def _refresh(self, fresh: Output, display_id: str) -> None:
        for output in self._shown.get(display_id, []):
            output["data"], output["metadata"] = fresh["data"], fresh["metadata"]

    def _forget(self) -> None:
        self._pieces = []
        gone = {id(output) for output in self._outputs}
        for outputs in self._shown.values():
            outputs[:] = [output for output in outputs if id(output) not in gone]
        self._outputs.clear()
        self._used, self._cut, self._clear_first = 0, False, False

    def _bundle(self, data: Mapping[str, Any], metadata: Mapping[str, Any] | None) -> Output:
        """Data and metadata as JSON, or a note in their place when they are too large."""
        clean = as_json(data)
        size = sum(len(value) for value in clean.values() if isinstance(value, str))
        if self.limit is not None and self._used + size > self.limit:
            note = f"[output of {size:,} characters left out: the limit of a cell is {self.limit:,}]"
            return {"data": {"text/plain": note}, "metadata": {}}
        self._used += size
        return {"data": clean, "metadata": as_json(metadata or {})}

    def _cut_text(self, text: str) -> str:
        assert self.limit is not None
        if self._cut:
            return ""
        self._cut = True
        room = max(self.limit - self._used, 0)
        self._used += room
        return f"{text[:room]}\n[output cut: the limit of a cell is {self.limit:,} characters]\n"

    def _keep_journal_short(self) -> None:
        """Live displays can fill a journal with what nobody sees any more."""
        if not self._journal.is_long:
            return
        place = {
            id(output): (number, position)
            for number, cell in enumerate(self.cells)
            for position, output in enumerate(cell.get("outputs", ()))
        }
        shown = {key: [place[id(output)] for output in outputs] for key, outputs in self._shown.items()}
        cells = [(cell.get("execution_count"), cell.get("outputs")) for cell in self.cells]
        self._journal.restart("state", self.index, cells, shown)

    def _restore(
        self, index: int, cells: list[tuple[int | None, list[Output]]], shown: dict[str, list[tuple[int, int]]]
    ) -> None:
        for cell, (count, outputs) in zip(self.cells, cells, strict=True):
            if outputs is not None:
                cell["execution_count"], cell["outputs"] = count, outputs
        self.index, self._pieces, self._outputs = index, [], self.cells[index]["outputs"]
        self._shown = {key: [self.cells[n]["outputs"][p] for n, p in places] for key, places in shown.items()}
