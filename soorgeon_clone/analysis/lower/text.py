"""Instructions as text, in one line: ``x = np.zeros(3)`` is ``x <- call(attribute(np, zeros), 3)``."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from soorgeon_clone.analysis.lower import instructions as lowered
from soorgeon_clone.analysis.lower.instructions import Block, Code, Instruction

# {what an instruction is made of}; what stands in [] is left out where something in it is not there
_FORMS: dict[type[Instruction], str] = {
    lowered.Annotate: "annotate({target}: {annotation})[ <- {value}]",
    lowered.Argument: "{name}{sign}{value}",
    lowered.Attribute: "attribute({of}, {name})",
    lowered.Await: "await({value})",
    lowered.Bind: "{targets} <- {value}",
    lowered.BindInside: "({name} <- {value})",
    lowered.Call: "call({function}[, {arguments}])",
    lowered.Choose: "choose({test}, {then}, {otherwise})",
    lowered.Declare: "{kind}({names})",
    lowered.Decorate: "decorate({decorator}, {value})",
    lowered.Either: "{sign}({values})",
    lowered.Elements: "each({of})",
    lowered.Gather: "gather({kind}, {clauses}: [{key}: ]{value})",
    lowered.Handler: "except[ {type}][ as {name}] {body}",
    lowered.Item: "item({of}, {key})",
    lowered.Keys: "{kind}({parts})",
    lowered.Leave: "{how}({values})",
    lowered.Loop: "loop([while {test}][{target} <- each({over})] {body}[, else {orelse}])",
    lowered.Make: "{kind}({items})",
    lowered.MakeClass: "class({name}[, {bases}] {body})",
    lowered.Match: "match({subject}[, {cases}])",
    lowered.Name: "{name}",
    lowered.OperateAlone: "operate({sign} {value})",
    lowered.OperateInPlace: "{target} <- in_place({target} {sign} {value})",
    lowered.Read: "{name}",
    lowered.Rest: "rest({target})",
    lowered.Test: "test({value})",
    lowered.Try: "try({body}[, {handlers}][, else {orelse}][, finally {final}])",
    lowered.Unbind: "unbind({target})",
    lowered.Unpack: "unpack({targets})",
}
_PERHAPS = re.compile(r"\[([^]]*)\]")
_PART = re.compile(r"\{(\w+)\}")
_BLOCKS = ("body", "orelse", "final")


def text_of(block: Block) -> str:
    """Return instructions that run one after the other as text."""
    return "; ".join(map(_text, block))


def _text(item: Any) -> str:
    """Return an instruction, several of them, a word, or nothing, as text."""
    if isinstance(item, tuple):
        return ", ".join(map(_text, item))
    if not isinstance(item, Instruction):
        return "" if item is None else str(item)
    if type(item) in _OTHERS:
        return _OTHERS[type(item)](item)

    def if_there(found: re.Match[str]) -> str:
        return found[1] if all(getattr(item, name) for name in _PART.findall(found[1])) else ""

    def part(found: re.Match[str]) -> str:
        value = getattr(item, found[1])
        return _block(value) if found[1] in _BLOCKS else _text(value)

    return _PART.sub(part, _PERHAPS.sub(if_there, _FORMS[type(item)]))


def _block(block: Block) -> str:
    return f"{{{text_of(block)}}}"


def _branch(item: lowered.Branch) -> str:
    heads = [*map(_text, item.tests), *["otherwise"] * (len(item.blocks) - len(item.tests))]
    return f"branch({', '.join(f'{head} {_block(b)}' for head, b in zip(heads, item.blocks, strict=True))})"


def _case(item: lowered.Case) -> str:
    bound = [f"{name} <- {kind or 'value'}({depth})" for name, depth, kind in item.binds]
    asked = [*map(_text, item.uses), *bound, *([f"if {_text(item.guard)}"] if item.guard is not None else [])]
    return f"{'otherwise' if item.is_certain else 'case'}({', '.join(asked)}) {_block(item.body)}"


def _constant(item: lowered.Constant) -> str:
    return item.type if item.value is None else repr(item.value)


def _clause(item: lowered.Clause) -> str:
    return f"{_text(item.target)} <- each({_text(item.over)}){''.join(f' if {_text(test)}' for test in item.tests)}"


def _import(item: lowered.Import) -> str:
    path = item.path if item.whole else f"{item.path.partition('.')[0]}, {item.path}"
    return f"{item.name} <- import({path})"


def _mapping(item: lowered.MakeMapping) -> str:
    return f"dict({', '.join(f'{_text(k)}: {_text(v)}' if k else f'**{_text(v)}' for k, v in item.entries)})"


def _operate(item: lowered.Operate) -> str:
    return f"operate({' '.join([_text(item.first), *(f'{sign} {_text(value)}' for sign, value in item.rest)])})"


def _formatted(item: lowered.Text) -> str:
    inner = (_text(piece) if isinstance(piece, Instruction) else repr(piece) for piece in item.pieces)
    return f"{'text' if item.is_plain else 'formatted'}({', '.join(inner)})"


def _with(item: lowered.With) -> str:
    heads = [f"{_text(m)} as {_text(t)}" if t is not None else _text(m) for m, t in item.managers]
    return f"with({', '.join(heads)} {_block(item.body)})"


def _yield(item: lowered.Yield) -> str:
    return f"{'yield_each' if item.each else 'yield'}({_text(item.value)})"


def _function(item: lowered.MakeFunction) -> str:
    code: Code = item.code
    facts = [word for word in ("async", "generator") if getattr(code, f"is_{word}")]
    facts += [
        f"{word} {' '.join(sorted(names))}" for word, names in (("free", code.free), ("local", code.locals)) if names
    ]
    parameters = [f"{each.kind}{each.name}{_beside(each)}" for each in code.parameters]
    returned = [f"-> {_text(code.returns)}"] if code.returns is not None else []
    head = ", ".join([code.name, *parameters, *returned])
    return f"function({head}{''.join(f'; {fact}' for fact in facts)} {_block(code.body)})"


def _beside(parameter: lowered.Parameter) -> str:
    annotation = f": {_text(parameter.annotation)}" if parameter.annotation is not None else ""
    return annotation + (f"={_text(parameter.default)}" if parameter.default is not None else "")


_OTHERS: dict[type[Instruction], Callable[[Any], str]] = {
    lowered.Branch: _branch,
    lowered.Case: _case,
    lowered.Clause: _clause,
    lowered.Constant: _constant,
    lowered.Import: _import,
    lowered.MakeFunction: _function,
    lowered.MakeMapping: _mapping,
    lowered.Operate: _operate,
    lowered.Text: _formatted,
    lowered.With: _with,
    lowered.Yield: _yield,
}
