"""An IPython shell that behaves as the one in a Jupyter kernel and records instead of sending messages.

Imported only by the processes that run tasks: IPython stands at the top of the module.
"""

from __future__ import annotations

import inspect
import os
import sys
import tempfile
import warnings
import zlib
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from IPython.core import page
from IPython.core.autocall import ZMQExitAutocall
from IPython.core.compilerop import CachingCompiler
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell, InteractiveShellABC
from traitlets import Instance, Type, default
from traitlets.config import Config

from soorgeon_clone.pipeline.execution.output_widgets import FrontEnd, comm_manager, listen
from soorgeon_clone.pipeline.execution.recording import Recorder

# Notebook libraries look for these names to know that they are in a notebook; ipykernel sets the variables.
KERNEL_ENVIRONMENT = {
    "TERM": "xterm-color",
    "CLICOLOR": "1",
    "FORCE_COLOR": "1",
    "CLICOLOR_FORCE": "1",
    "PAGER": "cat",
    "GIT_PAGER": "cat",
}
INLINE_BACKEND = "module://matplotlib_inline.backend_inline"


class Compiler(CachingCompiler):
    """Names the code of a cell as a kernel does, but the same in every run: warnings show these names."""

    hidden_label: str | None = None
    latest_name = ""

    def __init__(self) -> None:
        super().__init__()
        self._labels: dict[str, str] = {}

    def get_code_name(self, raw_code: str, transformed_code: str, number: int) -> str:
        folder = Path(tempfile.gettempdir(), "ipykernel_0")
        name = str(folder / f"{zlib.crc32(raw_code.encode('utf-8', 'surrogatepass'))}.py")
        self.latest_name = name
        # IPython asks of each line of a traceback in which module it is, and inspect then goes through all that are
        # loaded, a thousand times for an endless recursion. In none, it finds; this says so at once.
        getattr(inspect, "modulesbyfile", {})[name] = ""
        self._labels.pop(name, None)
        if self.hidden_label:
            self._labels[name] = self.hidden_label
        return name

    def format_code_name(self, name: str) -> tuple[str, str] | None:
        if name in self._labels:
            return "Cell", self._labels[name]
        label: tuple[str, str] | None = super().format_code_name(name)
        return label


class ResultHook(DisplayHook):
    """Records the value of a cell's last expression."""

    bundle: tuple[Mapping[str, Any], Mapping[str, Any]] | None = None
    formatting = False

    def quiet(self) -> bool:
        source = self.shell.hidden_source
        if source is not None:
            return bool(self.semicolon_at_end_of_expression(source))
        return bool(super().quiet())

    def start_displayhook(self) -> None:
        self._is_active = self.formatting = True
        self.bundle = None

    def write_output_prompt(self) -> None:
        """A notebook shows the prompt itself."""

    def update_user_ns(self, result: object) -> None:
        if self.shell.hidden_source is None:
            super().update_user_ns(result)

    def log_output(self, format_dict: Mapping[str, Any]) -> None:
        if self.shell.hidden_source is None:
            super().log_output(format_dict)

    def write_format_data(self, format_dict: Mapping[str, Any], md_dict: Mapping[str, Any] | None = None) -> None:
        self.bundle = (format_dict, md_dict or {})

    def finish_displayhook(self) -> None:
        self.shell.flush_streams()
        if self.bundle and self.bundle[0]:
            count = None if self.shell.hidden_source is not None else self.prompt_count
            self.shell.recorder.result(*self.bundle, count)
        self.bundle = None
        self._is_active = self.formatting = False


class Publisher(DisplayPublisher):
    """Records what ``display`` is given."""

    def publish(
        self,
        data: Mapping[str, Any],
        metadata: Mapping[str, Any] | None = None,
        source: object = None,
        *,
        transient: Mapping[str, Any] | None = None,
        update: bool = False,
        **_: object,
    ) -> None:
        self.shell.flush_streams()
        self._validate_data(data, metadata)
        display_id = (transient or {}).get("display_id")
        if not update:
            self.shell.recorder.display(data, metadata, display_id)
        elif display_id:
            self.shell.recorder.update(data, metadata, display_id)

    def clear_output(self, wait: bool = False) -> None:
        self.shell.flush_streams()
        self.shell.recorder.clear(wait=wait)


class Kernel:
    """What libraries ask of a kernel. That there is one tells pandas that this is no terminal."""

    def __init__(self, front_end: FrontEnd) -> None:
        self.get_parent = front_end.request

    @property
    def comm_manager(self) -> Any:
        """Where Panel and HoloViews register what a browser may say to them; nobody does."""
        manager = comm_manager()
        if manager is None:
            raise AttributeError("comm_manager")
        return manager


class ZMQInteractiveShell(InteractiveShell):
    """The shell of a task.

    It bears the name of the kernel's class, since that is how rich, tqdm, pandas and others recognise a notebook.
    """

    displayhook_class = Type(ResultHook)
    display_pub_class = Type(Publisher)
    compiler_class = Type(Compiler)
    exiter = Instance(ZMQExitAutocall)
    recorder: Recorder
    hidden_source: str | None = None  # the text of a cell that must leave In, Out and the execution count alone
    display_failed = False
    keepkernel_on_exit = None
    kernel: Kernel
    front_end: FrontEnd
    last_error: tuple[type[BaseException], BaseException, list[str]] | None = None

    @default("exiter")
    def _make_exiter(self) -> Any:
        return ZMQExitAutocall(self)

    def flush_streams(self) -> None:
        sys.stdout.flush()
        sys.stderr.flush()

    def init_environment(self) -> None:
        os.environ.update(KERNEL_ENVIRONMENT)
        os.environ.setdefault("MPLBACKEND", INLINE_BACKEND)

    def init_virtualenv(self) -> None:
        """The interpreter that runs the task is the right one."""

    def init_hooks(self) -> None:
        super().init_hooks()
        self.set_hook("show_in_pager", page.as_hook(self._page), 99)

    def _page(self, text: object, start: int = 0, screen_lines: int = 0, pager_cmd: object = None) -> None:
        """What goes to a pager (``obj?``) is no output of the notebook."""

    def enable_gui(self, gui: str | None = None) -> None:
        """No event loop of a GUI runs beside a task."""
        self.active_eventloop = gui

    def ask_exit(self) -> None:
        self.exit_now = not self.keepkernel_on_exit

    def run_cell(self, *args: Any, **kwargs: Any) -> Any:
        self.last_error, self.display_failed = None, False
        return super().run_cell(*args, **kwargs)

    def _showtraceback(self, etype: type[BaseException], evalue: BaseException, stb: list[str]) -> None:
        self.flush_streams()
        if getattr(self.displayhook, "formatting", False):
            self.display_failed = True  # since ipykernel 7 an error in a repr fails the cell
        self.recorder.error(str(etype.__name__), str(evalue), stb)
        self.last_error = (etype, evalue, stb)

    def _format_exception_for_storage(self, exception: BaseException, *more: Any, **options: Any) -> Any:
        """IPython's history keeps each traceback, and would lay it out a second time."""
        if self.last_error is None or self.last_error[1] is not exception:
            return super()._format_exception_for_storage(exception, *more, **options)
        kind, _, lines = self.last_error
        return {"ename": kind.__name__, "evalue": str(exception), "traceback": lines}

    def set_next_input(self, text: str, replace: bool = False) -> None:
        """There is no next input (``%load``, ``%recall``)."""

    def system_piped(self, cmd: str) -> None:
        from subprocess import CalledProcessError

        from IPython.utils.process import system

        if cmd.rstrip().endswith("&"):
            raise OSError("Background processes not supported.")
        exit_code = system(self.var_expand(cmd, depth=1))
        self.user_ns["_exit_code"] = exit_code
        if getattr(self, "system_raise_on_error", False) and exit_code != 0:
            raise CalledProcessError(exit_code, cmd)

    system = system_piped


InteractiveShellABC.register(ZMQInteractiveShell)
# shown by repr(get_ipython()) and read by libraries ("zmq" in str(type(...)), the module's name)
ZMQInteractiveShell.__module__ = "ipykernel.zmqshell"


def open_shell(folder: Path) -> ZMQInteractiveShell:
    """Returns the process's shell, ready for the first cell. ``__main__`` is its namespace from now on.

    ``folder`` takes the place of ``~/.ipython``: no startup files and no settings of a user, since a task depends on
    the project alone.
    """
    config = Config()
    config.HistoryManager.enabled = False
    config.IPKernelApp.tqdm = "tqdm asks for this section to know a notebook"
    warnings.filterwarnings(
        "ignore", message=".*Trio's signal handling code might have collided.*", category=RuntimeWarning
    )
    # tqdm knows a notebook by this module, and others take the class from it
    stand_in = ModuleType(ZMQInteractiveShell.__module__)
    vars(stand_in)["ZMQInteractiveShell"] = ZMQInteractiveShell
    sys.modules[stand_in.__name__] = stand_in
    shell: ZMQInteractiveShell = ZMQInteractiveShell.instance(config=config, ipython_dir=str(folder))
    shell.extension_manager.load_extension("storemagic")
    shell.front_end = FrontEnd(shell)
    shell.kernel = Kernel(shell.front_end)
    listen(shell.front_end)
    return shell


def warm_up(shell: ZMQInteractiveShell) -> None:
    """Makes ready what every first cell needs, in the process that forks inherit, and changes nothing that they see."""
    import asyncio  # noqa: F401
    import bdb  # noqa: F401

    shell.transform_cell("1\n")
    shell.display_formatter.format(1)
    _ = shell.logger
