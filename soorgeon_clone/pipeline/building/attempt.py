"""One run of one task: the jobs that it takes, one after the other, until its products are in their places.

on_render, then the task itself, then other forms of its notebook, then on_finish; on_failure if one of these fails.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from soorgeon_clone.errors import UserError
from soorgeon_clone.files.regular import read_bytes, read_text
from soorgeon_clone.files.removal import remove_file
from soorgeon_clone.files.scratch import is_own_file, put_text
from soorgeon_clone.pipeline.building import download_task, file_client, former, hooks, results, shell_task
from soorgeon_clone.pipeline.building.executed import keep_executed
from soorgeon_clone.pipeline.building.failure import text_of
from soorgeon_clone.pipeline.building.model import EARLY_STOP, Ended
from soorgeon_clone.pipeline.building.results import Before
from soorgeon_clone.pipeline.building.staging import Stage, keep_log
from soorgeon_clone.pipeline.declared import foreach, inject
from soorgeon_clone.pipeline.declared.model import Task
from soorgeon_clone.pipeline.declared.values import resolved
from soorgeon_clone.pipeline.execution import convert
from soorgeon_clone.pipeline.execution.model import ASSUMPTION_BROKEN, FunctionCall, Job, Outcome
from soorgeon_clone.pipeline.sources.shell import filled_in
from soorgeon_clone.pipeline.state.records import Made
from soorgeon_clone.pipeline.status.model import Verdict
from soorgeon_clone.pipeline.status.project import Project

# Products of more bytes than this are read in a thread, while tasks that will run in any case run already.
_LARGE = 32_000_000

Phase = Literal["on_render", "task", "convert", "on_finish", "upload", "on_failure"]


class LocalAttempt:
    """See `side.Attempt`."""

    def __init__(
        self,
        project: Project,
        task: Task,
        verdict: Verdict,
        *,
        memory_limit: int | None,
        threads: int | None = None,
        tells: bool = False,
        log_level: int | None = None,
        debug_later: bool = False,
    ) -> None:
        self.project = project
        self.task = task
        self.verdict = verdict
        self.memory_limit = task.spec.memory_limit or memory_limit
        self.threads = threads
        self.tells = tells
        self.log_level = log_level
        self.stage = Stage(project, task)
        self._dump = self.stage.folder / f"{former.OWN}dump" if debug_later else None
        self.read: frozenset[str] = frozenset()
        self.wrote: frozenset[str] = frozenset()
        self._log = ""
        self.values = inject.parameters(task, project.dag.tasks, root=project.root if task.moves else None)
        self._before = Before()
        self.retries = task.spec.retries
        self.started = time.time()
        self.retrying: str | None = None
        self._phases: list[Phase] = []
        self._executed = Path()
        self._forms: list[Path] = []
        self._phase: Phase = "task"
        self._main: Outcome | None = None
        self._error: str | None = None
        self._kept: bytes | None = None

    def begin(self) -> Job:
        """Prepare the stage; the first job. Raises UserError or OSError where that is not possible."""
        self._require_nbconvert()
        self.stage.discard()  # of another try
        self.stage.prepare()
        self._before = results.before(self.project, self.task)
        spec = self.task.spec
        self._plan_notebooks()
        phases: list[Phase] = ["on_render"] if spec.on_render else []
        phases.append("task")
        phases.extend("convert" for _ in self._forms)
        phases += ["on_finish"] if spec.on_finish else []
        phases += ["upload"] if spec.file_client else []
        self._phases = phases
        return self._next_job()

    def next(self, outcome: Outcome) -> Job | Ended:
        """The job that follows this outcome, or how the attempt ended."""
        if self._phase != "convert":
            self._log += outcome.log
            keep_log(self.project.root, self.task, self._log)
        if self._phase == "task":
            self._main = outcome
            self.read, self.wrote = outcome.read, outcome.wrote
            if self.task.notebooks:
                self.stage.clean_notebook(self._executed)
        if self._phase == "on_failure":
            if outcome.status != "ok":
                self._error = f"{self._error}\n{self._text(outcome, None)}"
            return self._failed(killed=False)
        if outcome.error is not None and outcome.error.ename == EARLY_STOP:
            return self._stopped(outcome)
        if outcome.status != "ok":
            broken = outcome.error is not None and outcome.error.ename == ASSUMPTION_BROKEN
            if self.retries > 0 and outcome.status in ("error", "timeout", "memory") and not broken:
                self.retries -= 1
                self.retrying = outcome.status
                return self.begin()
            return self._fail(outcome)
        if self._phases:
            return self._next_job()
        return self._publish()

    def meanings(self) -> Mapping[str, str]:
        """Nothing is known of products before they are read."""
        return {}

    def takes_long(self) -> bool:
        """Whether the products are large."""
        return results.size(self.project, self.task) > _LARGE

    def made(self, seconds: float) -> Made:
        """Read the products, which are in their places."""
        return results.of(self.project, self.task, self.verdict, self._before, seconds)

    def give_up(self) -> None:
        """Remove what an interrupted attempt wrote, but for its notebook."""
        if self.task.notebooks:
            self.stage.keep_failed(self._executed)
        self.stage.discard()

    def _require_nbconvert(self) -> None:
        for product in self.task.notebooks:
            if convert.is_converted(Path(product.path)):
                convert.require_nbconvert(Path(product.path))

    def _plan_notebooks(self) -> None:
        if self.task.notebooks:
            self._executed = self._executed_path()
            self._forms = [Path(one.path) for one in self.task.notebooks if Path(one.path) != self._executed]

    def notebook(self) -> dict[str, Any]:
        """The source with its parameters, as it is run."""
        from soorgeon_clone.notebook import read, write

        notebook, _ = read.read_any(self.project.root / str(self.task.spec.source.path))
        cells = inject.inject(notebook.cells, inject.cell_text(self.values, self.task))
        metadata = dict(notebook.metadata)
        if self.task.facts.language is not None:
            kernel = {"name": self.task.kernel, "display_name": self.task.kernel, "language": self.task.facts.language}
            metadata["kernelspec"] = metadata.get("kernelspec") or kernel
        return write.to_data(cells, metadata)

    def _next_job(self) -> Job:
        self._phase = self._phases.pop(0)
        hook = {"on_render": self.task.spec.on_render, "on_finish": self.task.spec.on_finish}.get(self._phase)
        if self._phase in ("on_finish", "upload") and self.task.notebooks:
            self._finish_notebooks()
            self.stage.show_notebooks()
        if self._phase == "task":
            self.stage.begin()
        if hook is not None:
            return self._job(function=hooks.task_call(hook, self.task, self.project.dag, self.values))
        if self._phase == "upload":
            return self._upload()
        if self._phase == "convert":
            return self._conversion(self._forms.pop(0))
        if self.task.spec.source.kind == "function":
            from soorgeon_clone.pipeline.building.function_task import call_for

            return self._job(function=call_for(self.task, self.values))
        if self.task.spec.source.kind in ("sql", "upload"):
            from soorgeon_clone.pipeline.building import sql_task

            return self._job(function=sql_task.call_for(self.task, self.values, self.project.root))
        if self.task.spec.over is not None:
            from soorgeon_clone.pipeline.building import split_task

            over = foreach.product_of(self.task, self.project.dag.tasks)
            return self._job(function=split_task.call_for(over.told, self.task.products[0].told))
        if self.task.spec.source.kind == "link":
            return self._job(function=FunctionCall("builtins.dict", {}))
        if self.task.spec.source.kind == "download":
            given = {"url": self.task.spec.source.text, "product": self.values["product"]}
            return self._job(function=FunctionCall(f"{download_task.__name__}.run", given))
        if self.task.spec.source.kind == "shell":
            return self._job(function=FunctionCall(f"{shell_task.__name__}.run", {"script": self._script()}))
        output = self.stage.new / self._executed if self.task.notebooks else None
        return self._job(source=self.notebook(), output=output)

    def _script(self) -> Path:
        """Where the shell script is with its values filled in."""
        path = str(self.task.spec.source.path)
        values = resolved({name: value for name, value in self.values.items() if value is not None})
        text = filled_in(read_text(self.project.root / path), values, path)
        script = self.stage.folder / f"{former.OWN}script.sh"
        put_text(script, text)
        return script

    def _job(
        self,
        *,
        function: FunctionCall | None = None,
        source: Mapping[str, Any] | None = None,
        output: Path | None = None,
    ) -> Job:
        closure = self.project.fingerprints.closure(self.task)
        return Job(
            name=self.task.name,
            source=source,
            output=output,
            function=function,
            cwd=self.project.root / (self.task.spec.folder or "") if source is not None else self.project.root,
            root=self.project.root,
            modules=tuple(sorted(closure.libraries | closure.modules)),
            timeout=self.task.spec.timeout,
            memory_limit=self.memory_limit,
            threads=self.threads,
            record_timing=self.task.spec.record_timing,
            watched=self._phase == "task",
            tells=self.tells or self.task.spec.log_output or self._phase in ("on_render", "on_finish", "on_failure"),
            log_level=self.log_level,
            dump=self._dump if self._phase == "task" else None,
            kernel=self.task.kernel if source is not None else None,
            undo=FunctionCall(
                f"{former.__name__}.put_back_after", {"folder": self.stage.folder, "places": self.stage.places}
            ),
        )

    def _upload(self) -> Job:
        client = self.task.spec.file_client
        assert client is not None
        paths = [product.told for product in self.task.products]
        given = {"dotted": client.value, "args": resolved(client.args), "paths": paths}
        return self._job(function=FunctionCall(f"{file_client.__name__}.upload", given))

    def _conversion(self, form: Path) -> Job:
        executed, product = self.stage.new / self._executed, self.stage.new / form
        spec = self.task.spec
        made = next(one for one in self.task.notebooks if Path(one.path) == form)
        if form.suffix == ".ipynb":
            call = FunctionCall("shutil.copyfile", {"src": executed, "dst": product})
        else:
            call = FunctionCall(
                f"{convert.__name__}.convert",
                {
                    "executed": executed,
                    "product": product,
                    "exporter_name": spec.exporter_of(made),
                    "exporter_kwargs": resolved(spec.exporter_options),
                },
            )
        return self._job(function=call)

    def _executed_path(self) -> Path:
        """Where in the stage the executed notebook goes: to the first product that is one, else beside the first."""
        paths = [Path(one.path) for one in self.task.notebooks]
        return next((path for path in paths if path.suffix == ".ipynb"), paths[0].with_suffix(".executed.ipynb"))

    def _finish_notebooks(self) -> None:
        """Take the executed notebook away where it is no product: others were made of it."""
        path = self.stage.new / self._executed
        if self._executed.as_posix() not in {one.path for one in self.task.notebooks} and is_own_file(path):
            self._kept = read_bytes(path)
            remove_file(self.stage.new, self._executed)

    def _publish(self) -> Job | Ended:
        try:
            if self.task.notebooks:
                self._finish_notebooks()
            missing = self.stage.missing()
            if missing:
                names = ", ".join(map(str, missing))
                index = f'["{missing[0].key}"]' if missing[0].key is not None else ""
                raise UserError(
                    f"task '{self.task.name}' ran to its end and did not write {names}",
                    hint=f"Its code must write to the path in product{index}.",
                )
            self.stage.publish()
        except UserError as error:
            return self._fail_with(str(error))
        except OSError as error:
            return self._fail_with(f"task '{self.task.name}': its products cannot be written: {error}")
        if self._kept is not None:
            keep_executed(self.project, self.task, self._kept)
        main = self._main
        return Ended(
            None, False, main.seconds if main else 0.0, main.peak_memory if main else None, main.assumed if main else ()
        )

    def _fail(self, outcome: Outcome) -> Job | Ended:
        dumped = self._dump is not None and self.stage.keep_dump(self._dump)
        kept = self.stage.keep_failed(self._executed) if self.task.notebooks else None
        text = self._text(outcome, kept)
        if dumped:
            text += f"\nDebug it: soorgeon-clone debug {shlex.quote(self.task.name)}"
        if outcome.status == "killed":
            self._error = text
            return self._failed(killed=True)
        return self._fail_with(text, traceback="\n".join(outcome.error.traceback) if outcome.error else text)

    def _fail_with(self, text: str, *, traceback: str | None = None) -> Job | Ended:
        self._error = text
        self.stage.discard()
        hook = self.task.spec.on_failure
        if hook is None:
            return self._failed(killed=False)
        self._phase = "on_failure"
        return self._job(
            function=hooks.task_call(hook, self.task, self.project.dag, self.values, traceback=traceback or text)
        )

    def _stopped(self, outcome: Outcome) -> Ended:
        """The task, or a hook, says that the build is to end here. Nothing of it is published."""
        self.stage.discard()
        text = outcome.error.evalue if outcome.error else ""
        return Ended(text or "it asked for the build to end", False, outcome.seconds, outcome.peak_memory, stopped=True)

    def _failed(self, *, killed: bool) -> Ended:
        self.stage.discard()
        main = self._main
        error = self._error or "failed"
        if main is None:
            return Ended(error, killed, 0.0, None)
        explained = main.error is not None and main.error.explained
        details = "\n".join(main.error.traceback) if main.error is not None and explained else ""
        return Ended(error, killed, main.seconds, main.peak_memory, main.assumed, details)

    def _text(self, outcome: Outcome, notebook: Path | None) -> str:
        what = {
            "on_render": f"on_render ({_dotted(self.task.spec.on_render)})",
            "on_finish": f"on_finish ({_dotted(self.task.spec.on_finish)})",
            "on_failure": f"on_failure ({_dotted(self.task.spec.on_failure)})",
            "convert": "conversion of its notebook",
            "upload": "upload of the products",
        }.get(self._phase, "")
        return text_of(self.task, outcome, notebook, what=what)


def _dotted(hook: Any) -> str:
    return hook.dotted_path if hook is not None else ""
