"""Cells whose output goes into widgets."""

# what ipywidgets' Output says to a front end, and hears from it
AREA = """\
import comm, sys
from IPython.display import clear_output
class Area:
    def __init__(self):
        state = {"_model_module": "@jupyter-widgets/output", "_model_name": "OutputModel", "outputs": []}
        self.line = comm.create_comm(target_name="jupyter.widget", data={"state": state})
        self.line.on_msg(self.hear)
        self.outputs = None
    def hear(self, message):
        print("what hears of it is in no cell")
        self.outputs = message["content"]["data"]["state"]["outputs"]
    def tell(self, number):
        sys.stdout.flush()
        self.line.send({"method": "update", "state": {"msg_id": number}})
    def __enter__(self):
        self.tell(get_ipython().kernel.get_parent()["header"]["msg_id"])
    def __exit__(self, *_):
        self.tell("")
area, other = Area(), Area()
"""

CELLS = [
    AREA,
    "with area:\n    print('inside'); display('it'); print('more')\nprint('outside', area.outputs)",
    "area.outputs",
    "with area:\n    clear_output(wait=True); print('anew')\n    with other: print('innermost')\n    1 / 0",
    "area.outputs, other.outputs",
    "area.__enter__()\nprint('inside still')",
    "print('outside')\narea.__exit__()",
    "area.outputs, other.outputs",
    "with other: clear_output()\nother.outputs",
    "other.outputs",
]

MODULES: list[str] = []
