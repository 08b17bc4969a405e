"""Instructions -> what they are made of, what they store into and what they bind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from soorgeon_clone.analysis.lower import instructions as lowered
from soorgeon_clone.analysis.lower.instructions import Code, Instruction


def parts(instruction: Instruction, *, into_functions: bool = True) -> Iterator[Instruction]:
    """Yield the instructions that an instruction is made of, in their order; of a function also its body."""
    stack: list[object] = [getattr(instruction, name) for name in reversed(field_names(type(instruction)))]
    while stack:
        item = stack.pop()
        if isinstance(item, Instruction):
            yield item
        elif type(item) is tuple:
            stack.extend(reversed(item))
        elif isinstance(item, Code):
            stack += [item.body] if into_functions else []
            stack.append(item.returns)
            stack += [part for p in reversed(item.parameters) for part in (p.annotation, p.default)]


_FIELDS: dict[type, tuple[str, ...]] = {}


def field_names(kind: type[Instruction]) -> tuple[str, ...]:
    """Return the names of what an instruction is made of."""
    found = _FIELDS.get(kind)
    if found is None:
        found = _FIELDS[kind] = tuple(f.name for f in fields(kind) if f.name != "row")
    return found


def inside(instruction: Instruction, *, into_functions: bool = True) -> Iterator[Instruction]:
    """Yield an instruction and all that it is made of."""
    stack = [instruction]
    while stack:
        item = stack.pop()
        yield item
        stack.extend(reversed([*parts(item, into_functions=into_functions)]))


Part = lowered.Attribute | lowered.Item | lowered.Call


def chain_of(instruction: Instruction) -> tuple[Instruction, list[Part]]:
    """Return the head of ``a.b(c)[d]`` and what is asked of it, from left to right."""
    found: list[Part] = []
    while isinstance(instruction, (lowered.Attribute, lowered.Item, lowered.Call)):
        found.append(instruction)
        instruction = instruction.function if isinstance(instruction, lowered.Call) else instruction.of
    found.reverse()
    return instruction, found


def targets_of(instruction: Instruction) -> list[Part]:
    """Return the attributes and items that a statement stores into or deletes."""
    stack: list[Instruction] = []
    if isinstance(instruction, lowered.Bind):
        stack += instruction.targets
    elif isinstance(instruction, (lowered.Annotate, lowered.OperateInPlace, lowered.Unbind)):
        stack.append(instruction.target)
    found: list[Part] = []
    while stack:
        item = stack.pop()
        if isinstance(item, lowered.Unpack):
            stack.extend(item.targets)
        elif isinstance(item, lowered.Rest):
            stack.append(item.target)
        elif isinstance(item, (lowered.Attribute, lowered.Item)):
            found.append(item)
    return found
