"""Instructions as text, in one line: `bind(x, call(attribute(np, zeros), 3))`."""

from __future__ import annotations

from soorgeon_clone.analysis.lower import instructions as lowered
from soorgeon_clone.analysis.lower.instructions import Block, Instruction

_WORDS = {
    "Elements": "each",
    "OperateAlone": "operate",
    "MakeMapping": "make_dict",
    "OperateInPlace": "in_place",
    "BindInside": "bind",
}


def text_of(block: Block) -> str:
    """Return instructions that run one after the other as text."""
    return "; ".join(map(_text, block))


def _text(item: Instruction) -> str:
    match item:
        case lowered.Read(name=name) | lowered.Name(name=name):
            return name
        case lowered.Constant(type=kind, value=None):
            return kind
        case lowered.Constant(value=value):
            return repr(value)
        case lowered.Text(pieces=pieces):
            return _written("text", *pieces)
        case lowered.Argument(sign=sign, name=name, value=value):
            return f"{name or ''}{sign}{_text(value)}"
        case lowered.Leave(how=how, values=values):
            return _written(how, *values)
        case lowered.Keys(kind=kind, parts=parts) | lowered.Make(kind=kind, items=parts):
            return _written(kind, *parts)
        case lowered.Gather(kind=kind, clauses=clauses, key=key, value=value):
            return _written(f"gather_{kind}", *clauses, *([key] if key else []), value)
        case lowered.MakeFunction(code=code):
            return _function(code)
        case lowered.Operate(first=first, rest=rest):
            return "operate(" + " ".join([_text(first), *(f"{sign} {_text(value)}" for sign, value in rest)]) + ")"
        case lowered.OperateAlone(sign=sign, value=value):
            return f"operate({sign} {_text(value)})"
        case lowered.Import():
            return f"import({item.name}, {item.path}{'' if item.whole else ', top'})"
        case lowered.Yield(value=value, each=each):
            return _written("yield_each" if each else "yield", *([value] if value else []))
    name = type(item).__name__
    word = _WORDS.get(name) or "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")
    return _written(word, *(getattr(item, field) for field in lowered.field_names(type(item))))


def _written(word: str, *values: object) -> str:
    return f"{word}({', '.join(text for value in values if (text := _value(value)))})"


def _value(value: object) -> str:
    """Return an operand as text: an instruction, a block, or a word; what is missing is left out."""
    if isinstance(value, Instruction):
        return _text(value)
    if isinstance(value, tuple):
        return f"[{'; '.join(_value(each) for each in value)}]" if value else ""
    if isinstance(value, frozenset):
        return " ".join(sorted(value))
    return "" if value is None or value is False else str(value)


def _function(code: lowered.Code) -> str:
    parameters = []
    for each in code.parameters:
        default = f"={_text(each.default)}" if each.default is not None else ""
        annotation = f": {_text(each.annotation)}" if each.annotation is not None else ""
        parameters.append(f"{each.kind}{each.name}{annotation}{default}")
    facts = [
        *(word for word in ("async", "generator") if getattr(code, f"is_{word}")),
        *(f"{word} {' '.join(sorted(names))}" for word, names in _names(code) if names),
    ]
    head = f"function({code.name}; {', '.join(parameters)}"
    return f"{head}; {', '.join(facts)}: {text_of(code.body)})"


def _names(code: lowered.Code) -> list[tuple[str, frozenset[str]]]:
    return [("free", code.free), ("global", code.globals), ("nonlocal", code.nonlocals)]
