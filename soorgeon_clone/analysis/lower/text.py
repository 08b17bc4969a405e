"""Instructions as text, in one line: ``x = np.zeros(3)`` is ``x <- call(attribute(np, zeros), 3)``."""

from __future__ import annotations

from collections.abc import Iterable

from soorgeon_clone.analysis.lower import instructions as lowered
from soorgeon_clone.analysis.lower.instructions import Block, Code, Instruction


def text_of(block: Block) -> str:
    """Return instructions that run one after the other as text."""
    return "; ".join(map(_text, block))


def _text(item: Instruction) -> str:
    return _statement(item) or _place(item) or _expression(item)


def _statement(item: Instruction) -> str | None:
    match item:
        case lowered.Bind(targets=targets, value=value):
            return f"{', '.join(map(_text, targets))} <- {_text(value)}"
        case lowered.Annotate(target=target, annotation=annotation, value=value):
            given = f" <- {_text(value)}" if value is not None else ""
            return f"annotate({_text(target)}: {_text(annotation)}){given}"
        case lowered.OperateInPlace(target=target, sign=sign, value=value):
            return f"{_text(target)} <- in_place({_text(target)} {sign} {_text(value)})"
        case lowered.Unbind(target=target):
            return f"unbind({_text(target)})"
        case lowered.Declare(kind=kind, names=names):
            return f"{kind}({', '.join(names)})"
        case lowered.Import(name=name, path=path, whole=whole):
            return f"{name} <- import({path if whole else path.partition('.')[0]}{'' if whole else f', {path}'})"
        case lowered.Test(value=value):
            return f"test({_text(value)})"
        case lowered.Leave(how=how, values=values):
            return _written(how, values)
    return _compound(item)


def _compound(item: Instruction) -> str | None:
    match item:
        case lowered.Branch(tests=tests, blocks=blocks):
            heads = [*map(_text, tests), *["otherwise"] * (len(blocks) - len(tests))]
            return f"branch({', '.join(f'{head} {_block(b)}' for head, b in zip(heads, blocks, strict=True))})"
        case lowered.Loop(target=None, test=lowered.Instruction() as test, body=body, orelse=orelse):
            return f"loop(while {_text(test)} {_block(body)}{_named_block('else', orelse)})"
        case lowered.Loop(target=lowered.Instruction() as target, over=lowered.Instruction() as over):
            head = f"{_text(target)} <- each({_text(over)})"
            return f"loop({head} {_block(item.body)}{_named_block('else', item.orelse)})"
        case lowered.Try(body=body, handlers=handlers, orelse=orelse, final=final):
            caught = "".join(f", {_text(handler)}" for handler in handlers)
            return f"try({_block(body)}{caught}{_named_block('else', orelse)}{_named_block('finally', final)})"
        case lowered.Handler(type=type_, name=name, body=body):
            words = ["except", *([_text(type_)] if type_ is not None else []), *([f"as {name}"] if name else [])]
            return f"{' '.join(words)} {_block(body)}"
        case lowered.With(managers=managers, body=body):
            heads = [f"{_text(m)} as {_text(t)}" if t is not None else _text(m) for m, t in managers]
            return f"with({', '.join(heads)} {_block(body)})"
        case lowered.Match(subject=subject, cases=cases):
            return _written("match", (subject, *cases))
        case lowered.Case(uses=uses, binds=binds, guard=guard, is_certain=is_certain, body=body):
            bound = [f"{name} <- {kind or 'value'}({depth})" for name, depth, kind in binds]
            asked = [*map(_text, uses), *bound, *([f"if {_text(guard)}"] if guard is not None else [])]
            return f"{'otherwise' if is_certain else 'case'}({', '.join(asked)}) {_block(body)}"
    return None


def _place(item: Instruction) -> str | None:
    match item:
        case lowered.Read(name=name) | lowered.Name(name=name):
            return name
        case lowered.Attribute(of=of, name=name):
            return f"attribute({_text(of)}, {name})"
        case lowered.Item(of=of, key=key):
            return _written("item", (of, key))
        case lowered.Keys(kind=kind, parts=parts):
            return _written(kind, parts)
        case lowered.Unpack(targets=targets):
            return _written("unpack", targets)
        case lowered.Rest(target=target):
            return f"rest({_text(target)})"
    return None


def _expression(item: Instruction) -> str:
    match item:
        case lowered.Constant(type=kind, value=value):
            return kind if value is None else repr(value)
        case lowered.Text(pieces=pieces, is_plain=is_plain):
            inner = (_text(piece) if isinstance(piece, Instruction) else repr(piece) for piece in pieces)
            return f"{'text' if is_plain else 'formatted'}({', '.join(inner)})"
        case lowered.Elements(of=of):
            return f"each({_text(of)})"
        case lowered.Make(kind=kind, items=items):
            return _written(kind, items)
        case lowered.MakeMapping(entries=entries):
            return f"dict({', '.join(f'{_text(k)}: {_text(v)}' if k else f'**{_text(v)}' for k, v in entries)})"
        case lowered.Gather(kind=kind, clauses=clauses, key=key, value=value):
            made = f"{_text(key)}: {_text(value)}" if key is not None else _text(value)
            return f"gather({kind}, {', '.join(map(_text, clauses))}: {made})"
        case lowered.Clause(target=target, over=over, tests=tests):
            return f"{_text(target)} <- each({_text(over)}){''.join(f' if {_text(test)}' for test in tests)}"
        case lowered.Operate(first=first, rest=rest):
            return f"operate({' '.join([_text(first), *(f'{sign} {_text(value)}' for sign, value in rest)])})"
        case lowered.OperateAlone(sign=sign, value=value):
            return f"operate({sign} {_text(value)})"
        case lowered.Either(sign=sign, values=values):
            return _written(sign, values)
        case lowered.Choose(test=test, then=then, otherwise=otherwise):
            return _written("choose", (test, then, otherwise))
        case lowered.Yield(value=value, each=each):
            return _written("yield_each" if each else "yield", () if value is None else (value,))
        case lowered.Await(value=value):
            return f"await({_text(value)})"
        case lowered.BindInside(name=name, value=value):
            return f"({name} <- {_text(value)})"
    return _called_or_defined(item)


def _called_or_defined(item: Instruction) -> str:
    match item:
        case lowered.Call(function=function, arguments=arguments):
            return _written("call", (function, *arguments))
        case lowered.Argument(sign=sign, name=name, value=value):
            return f"{name or ''}{sign}{_text(value)}"
        case lowered.MakeFunction(code=code):
            return _function(code)
        case lowered.MakeClass(name=name, bases=bases, body=body):
            return f"class({', '.join([name, *map(_text, bases)])} {_block(body)})"
        case lowered.Decorate(decorator=decorator, value=value):
            return _written("decorate", (decorator, value))
    raise TypeError(f"{type(item).__name__} has no text")


def _function(code: Code) -> str:
    facts = [
        *(word for word in ("async", "generator") if getattr(code, f"is_{word}")),
        *(
            f"{word} {' '.join(sorted(names))}"
            for word, names in (("free", code.free), ("local", code.locals))
            if names
        ),
    ]
    parameters = [f"{each.kind}{each.name}{_beside(each)}" for each in code.parameters]
    returned = [f"-> {_text(code.returns)}"] if code.returns is not None else []
    head = ", ".join([code.name, *parameters, *returned])
    return f"function({head}{''.join(f'; {fact}' for fact in facts)} {_block(code.body)})"


def _beside(parameter: lowered.Parameter) -> str:
    annotation = f": {_text(parameter.annotation)}" if parameter.annotation is not None else ""
    return annotation + (f"={_text(parameter.default)}" if parameter.default is not None else "")


def _written(word: str, parts: Iterable[Instruction]) -> str:
    return f"{word}({', '.join(map(_text, parts))})"


def _block(block: Block) -> str:
    return f"{{{text_of(block)}}}"


def _named_block(word: str, block: Block) -> str:
    return f", {word} {_block(block)}" if block else ""
