"""The parts of a Snakefile that make one job for each element of a ``foreach``: what finds them is a checkpoint.

An element's job has a mark of its own as its output, which is old where its task is up to date: what its products are
called is not known when the rules are written.
"""

from __future__ import annotations

from soorgeon_clone.export.model import Step, Workflow
from soorgeon_clone.pipeline.declared.elements import FILE
from soorgeon_clone.pipeline.declared.foreach import PLACE

_FUNCTIONS = """

STAMPED = set()


def elements(rule_name, checkpoint_name):
    \"\"\"The marks of all elements, as soon as what finds them has run.\"\"\"

    def found(wildcards):
        index = Path(str(getattr(checkpoints, checkpoint_name).get().output[0]))
        labels = [one["label"] for one in json.loads(index.read_text())]
        if workflow.is_main_process and rule_name not in STAMPED:
            STAMPED.add(rule_name)
            stamp_elements(rule_name, labels, stale_tasks())
        return [str(STAMPS / f"{rule_name}.{label}.done") for label in labels]

    return found


def stamp_elements(rule_name, labels, stale):
    \"\"\"Stamps that are newer than marks make their jobs run; the marks of others are older than any product.\"\"\"
    for label in labels:
        stamp, mark = STAMPS / f"{rule_name}.{label}", STAMPS / f"{rule_name}.{label}.done"
        stamp.touch()
        if TASKS[rule_name].replace("[[key]]", label) not in stale:
            mark.touch()
            os.utime(stamp, (1, 1))
            os.utime(mark, (2, 2))
"""


def functions(flow: Workflow) -> str:
    """Return what the rules call, where there is a ``foreach``."""
    return _FUNCTIONS if any(step.splits for step in flow.steps) else ""


def outputs(step: Step) -> tuple[str, ...]:
    """Return the files that Snakemake knows a step by: of one that finds elements, the list of these."""
    if step.each is not None:
        return ()
    return tuple(f"{path}/{FILE}" for path in step.products) if step.splits else step.products


def marks(step: Step) -> list[str]:
    """Return the input that stands for all elements."""
    return [] if step.each is None else [f'elements("{step.name}", "{step.each}")']


def of_element(text: str) -> str:
    """Return a text for Snakemake with the element's label in it."""
    return text.replace(PLACE, "{wildcards.label}")
