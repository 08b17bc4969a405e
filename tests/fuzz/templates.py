"""What random notebooks are made of; `grammar` explains the holes. A row ``...`` parts what may come a section later."""

from __future__ import annotations

EXPRESSIONS: dict[str, list[str]] = {
    "int": [
        "{digit}", "{digit}", "len({list})", "sum({list})", "{dict}.get({key}, {digit})", "{tuple}[0]", "{obj}.n",
        "{fn}({int})", "({int} + {int})", "next({gen}, {digit})", "max({list}, default={digit})", "{obj}.size()",
        "int({arr}.sum())", "int({rng}.integers(100))", "random.randrange(100)", "{rnd}.randrange(100)",
        "int(np.random.randint(100))", "{obj}.total", "len({set})", "{cls}.count", "({int} if {list} else {digit})",
        "(lambda v: v + {digit})({int})", "len({lfn}({list}))", "{make}({digit})({digit})", "sum(len(v) for v in {lists})",
        "{obj}({digit})", "len({obj})", "abs(hash({int}))", "(getattr({fn}, '__defaults__', None) or [0])[0]",
    ],
    "str": ["'x'", "str({int})", "'-'.join(str(v) for v in {list})", 'f"{{int}}"', "repr({list})", "({str} + 'y')"],
    "list": [
        "[{int}, {digit}]", "list({list})", "{lists}[0]", "{lists}[-1]", "{dicts}[{key}]", "{tuple}[1]", "{obj}.items",
        "{lfn}({list})", "{obj}.get()", "{dicts}.setdefault({key}, [])", "sorted({list})", "{list}[:2]", "({list} or {list})",
        "[v * 2 for v in {list}]", "{list} + [{digit}]", "max({lists}, key=len)", "{cls}.shared", "copy.copy({list})",
        "list(map({fn}, {list}))", "list(filter(None, {list}))", "{arr}.tolist()", "{dicts}.get({key}, {list})",
        "({list} if {int} % 2 else {list})", "next(iter({lists}))", "{obj}.child.items", "list({set})[:0]", "min({lists}, key=sum)",
        "functools.reduce(lambda p, q: p + q, {lists}, [])", "{obj}.add({digit}).items",
    ],
    "lists": ["[{list}, {list}]", "[{list}]", "list({lists})", "list({dicts}.values())", "copy.copy({lists})",
              "copy.deepcopy({lists})", "sorted({lists}, key=len)", "[v for v in {lists}]", "[list(v) for v in {lists}]",
              "[*{lists}, {list}]", "{lists}[::-1]"],
    "dict": ["{'a': {int}}", "dict({dict})", "{'a': {int}, 'b': {digit}}", "{**{dict}, 'c': {int}}", "vars({obj})", "copy.copy({dict})"],
    "dicts": ["{'a': {list}, 'b': {list}, 'c': []}", "dict({dicts})", "copy.deepcopy({dicts})", "{**{dicts}}",
              "{k: v for k, v in {dicts}.items()}"],
    "set": ["set({list})", "{{digit}, {digit}}", "set({set})"],
    "tuple": ["({int}, {list})", "({digit}, [{int}])", "tuple({tuple})"],
    "fn": ["(lambda v: v + {digit})", "(lambda v: v + {int})", "{make}({digit})", "functools.partial(operator.add, {int})",
           "{obj}.method", "{fn}", "(lambda v, w={int}: v + w)", "(lambda v: len({list}) + v)"],
    "lfn": ["(lambda v: v)", "(lambda v: v + {list})", "{lfn}", "(lambda v, w={list}: w)"],
    "gen": ["iter({list})", "(v + {digit} for v in {list})", "itertools.count({digit})", "iter(range({int}))", "iter([{int}, {digit}, {digit}])",
            "itertools.cycle([{int}, {digit}])", "map({fn}, {list})", "reversed({list})", "enumerate_values({list})"],
    "arr": ["np.arange({digit}, {digit} + 6)", "np.zeros(4)", "np.array([1, 2, 3, {digit}])", "{arr}[:]", "{arr}[1:]", "{arr}.copy()",
            "{mat}[0]", "{mat}.ravel()", "{mat}.T[1]", "({arr} + {digit})", "{arr}[::-1]", "np.asarray({arr})", "np.random.rand(4)",
            "{arr}.reshape(-1)", "{rng}.normal(size=4)", "np.where({arr} > 1, {arr}, 0)", "{mat}.sum(axis=0)", "{arr}[{arr} > -1]"],
    "mat": ["np.arange(6).reshape(2, 3)", "{mat}.T.T", "{mat}.copy()", "np.ones((2, 3))", "{mat}[:, :]", "np.vstack([{arr}[:1], {arr}[:1]]) + np.zeros((2, 3))"],
    "obj": ["{obj}.child", "{obj}", "copy.copy({obj})", "copy.deepcopy({obj})", "{cls}({int})", "{obj}.add({int})"],
    "rng": ["np.random.default_rng({digit})", "{rng}"],
    "rnd": ["random.Random({digit})", "{rnd}"],
    "cls": ["{cls}"],
    "make": ["{make}"],
}

STARTS = [
    "random.seed({digit})",
    "np.random.seed({digit})",
    "random.seed({digit})\nnp.random.seed({digit})",
    "{+list} = [{digit}, {digit}]\n{+lists} = [[1], [2, 3]]\n{+dicts} = {'a': [1], 'b': [2], 'c': []}",
    "{+list} = [{digit}]\n{+arr} = np.arange(6)\n{+rng} = np.random.default_rng({digit})",
    "np.random.seed({digit})\n{+arr} = np.random.rand(4)",
    "{+list} = []\n{+int} = {digit}",
]

SIMPLE = [
    # bindings
    "{+int} = {int}", "{+str} = {str}", "{+list} = {list}", "{+list} = {list}", "{+lists} = {lists}", "{+dict} = {dict}",
    "{+dicts} = {dicts}", "{+set} = {set}", "{+tuple} = {tuple}", "{+fn} = {fn}", "{+lfn} = {lfn}", "{+gen} = {gen}",
    "{+arr} = {arr}", "{+arr} = {arr}", "{+mat} = {mat}", "{+obj} = {obj}", "{+obj} = {cls}({int})", "{+cls} = {cls}",
    "{+rng} = {rng}", "{+rnd} = {rnd}", "{+list} = {+list1} = [{int}]", "{+int}, {+list} = {int}, {list}",
    "{+int}, *{+list} = [{int}, *{list}]", "{+int}, {+list} = {tuple}", "{+list}, {+list1} = {list}, {list}",
    "{+lists} = [[]] * 2", "{+lists} = [[] for _ in range(3)]", "{+dicts} = dict.fromkeys('abc', [])",
    "{+dicts} = collections.defaultdict(list, {dicts})", "{+list} = [{fresh1} for {fresh1} in {list} if {fresh1}]",
    "{+int} = ({+int1} := {int}) + 1", "{+dict} = collections.Counter({list})\n{+dict} = {'a': 1}",
    "{+list} = list({gen})[:5] if False else [{digit}]", "{+list} = list(itertools.islice({gen}, 2))",
    # changes
    "{list}.append({int})", "{list}.append({int})", "{list}.extend({list})", "{list}.insert(0, {int})", "{list}.sort()",
    "{list}.reverse()", "{list}[:1] = [{int}]", "{list}.clear()", "{list}[-1:] = []", "{lists}.append({list})",
    "{lists}[0] = {list}", "{lists}[0].append({int})", "{dict}[{key}] = {int}", "{dict}.update({dict})", "{dict}.pop({key}, None)",
    "{dicts}[{key}] = {list}", "{dicts}[{key}].append({int})", "{dicts}.setdefault({key}, []).append({int})", "{dicts}.get({key}, []).append({int})",
    "{set}.add({digit})", "{set}.discard({digit})", "{set} |= {set}" , "{tuple}[1].append({int})", "{obj}.n = {int}", "{obj}.n += {int}",
    "{obj}.items = {list}", "{obj}.items.append({int})", "{obj}.add({int})", "{obj}.child = {obj}", "setattr({obj}, 'n', {int})",
    "{obj}.child.items.append({int})", "{cls}.count = {int}", "{cls}.count += 1", "{cls}.shared.append({int})", "{obj}.shared.append({int})",
    "{fn}({int})", "{lfn}({list})", "{lfn}({list}).append({int})", "{obj}.size()", "{obj}[{digit}] = {int}", "{obj}.total = {int}",
    "next({gen}, None)", "{arr}[0] = {digit}", "{arr}[:2] = {digit}", "{arr}[{arr} > 2] = {digit}", "{mat}[0, 1] = {digit}", "{mat}[:, 0] = {digit}",
    "{mat}[0][:] = {digit}", "{arr}.sort()", "{arr}.fill({digit})", "np.add({arr1}, 1, out={arr1})", "{mat}.T[1] = {digit}",
    "random.shuffle({list})", "random.seed({digit})", "np.random.seed({digit})", "{rng}.shuffle({list})", "{rng}.random()", "{rnd}.shuffle({list})",
    "np.random.shuffle({arr})", "random.random()", "list(map({list}.append, {list}[:2]))", "sorted({lists}, key=lambda v: v.append({digit}) or 0)",
    "[{list}.append(v) for v in range(2)]", "{list}.append({list}[0] if {list} else 0)", "copy.copy({lists}).append([{digit}])",
    "copy.copy({lists})[0].append({digit})", "vars({obj})['n'] = {int}", "{obj}.__dict__.update(n={int})",
    "for {fresh1} in {lists}: {fresh1}.append({digit})", "for {fresh1} in {dicts}.values(): {fresh1}.append({digit})",
    "for {fresh1}, {fresh2} in {dicts}.items(): {fresh2}.append(len({fresh1}))", "for {fresh1} in list({list})[:3]: {list}.append({fresh1})",
    "for {fresh1} in [{obj}, {obj}]: {fresh1}.n += 1", "for {fresh1}, {fresh2} in zip({lists}, {list}): {fresh1}.append({fresh2})",
    # binding and changing at once: names, in case of aliases
    "{+int} = {digit}\n{+int} = {int}", "del {+gone}", "{+list} = sorted({list}, key=lambda v: -v)",
    "{fn}.calls = {int}", "{fn}.__defaults__ = ({digit},) if {fn}.__defaults__ else None",
    "globals()['{fresh}'] = 1",
    "np.set_printoptions(precision={digit})",
]

FUNCTIONS = [
    "def {+fn}(v):\n    return v + {int}",
    "def {+fn}(v):\n    {list}.append(v)\n    return v",
    "def {+fn}(v, w={int}):\n    return v + w",
    "def {+fn}(v, seen=[]):\n    seen.append(v)\n    return len(seen)",
    "def {+fn}(v, into={list}):\n    into.append(v)\n    return len(into)",
    "def {+fn}(v):\n    return v if v < 1 else {fn}(v - 1) + {fresh1}\n...\n{fresh1} = {int}",
    "def {+fn}(v):\n    return v + {fresh1}\n...\n{fresh1} = {int}",
    "def {+fn}(v):\n    {fresh1}.append(v)\n    return len({fresh1})\n...\n{fresh1} = {list}",
    "{fresh1} = {int}\ndef {+fn}(v):\n    global {fresh1}\n    {fresh1} += v\n    return {fresh1}",
    "{fresh1} = []\ndef {+fn}(v):\n    global {fresh1}\n    {fresh1} = {fresh1} + [v]\n    return len({fresh1})",
    "def {+fn}(v):\n    {*simple}\n    return v",
    "def {+fn}(v):\n    {fresh1} = {list}\n    {fresh1}.append(v)\n    return sum({fresh1})",
    "def {+fn}(v):\n    def inner(w):\n        return w + {int}\n    return inner(v)",
    "def {fresh1}(v):\n    return v if v < 1 else v + {fresh1}(v - 1)\n{+fn} = {fresh1}",
    "def {+fn}(v):\n    return random.randrange(10) + v",
    "def {+fn}(v):\n    return {obj}.size() + v",
    "def {+fn}(v):\n    {obj}.add(v)\n    return v",
    "def {+fn}(v):\n    return {cls}(v).n",
    "def {+fn}(v):\n    {cls}.count += 1\n    return {cls}.count",
    "{fresh1} = {fn}\ndef {+fn}(v):\n    return {fresh1}(v) + 1",
    "def {fresh1}(f):\n    @functools.wraps(f)\n    def wrapper(v):\n        {list}.append(v)\n        return f(v)\n    return wrapper\n@{fresh1}\ndef {+fn}(v):\n    return v + {int}",
    "@functools.lru_cache\ndef {+fn}(v):\n    return v + {int}",
    "def {+lfn}(v):\n    v.append({int})\n    return v",
    "def {+lfn}(v):\n    return v",
    "def {+lfn}(v):\n    return [*v, {int}]",
    "def {+lfn}(v):\n    return {list}",
    "def {+lfn}(v, w=None):\n    w = {list} if w is None else w\n    w.extend(v)\n    return w",
    "def {+lfn}(v):\n    {lists}.append(v)\n    return {lists}[0]",
    "def {+lfn}(v):\n    {dicts}['a'] = v\n    return v",
    "def {+lfn}(v):\n    return [{fn}(w) for w in v]",
    "def {+lfn}(v):\n    for w in {lists}:\n        w.append(len(v))\n    return v",
    "def {+lfn}(v):\n    {obj}.items = v\n    return v",
    "def {+make}(v):\n    def inner(w):\n        return v + w + {int}\n    return inner",
    "def {+make}(v):\n    def inner(w):\n        nonlocal v\n        v += w\n        return v\n    return inner",
    "def {+make}(v):\n    log = {list}\n    def inner(w):\n        log.append(w)\n        return len(log)\n    return inner",
    "def {+make}(v):\n    seen = []\n    return lambda w: seen.append(w) or len(seen)",
    "{+make} = lambda v: lambda w: v + w",
    "def {fresh1}(v):\n    for w in v:\n        yield w + {int}\n{+gen} = {fresh1}({list})",
    "def {fresh1}(v):\n    while True:\n        v += {int} + 1\n        yield v\n{+gen} = {fresh1}({int})",
    "def {fresh1}():\n    yield len({list})\n    {list}.append({int})\n    yield 2\n{+gen} = {fresh1}()",
    "def enumerate_values(v):\n    yield from v\n{+gen} = enumerate_values({list})",
    "{+fn} = [lambda v, w=w: v + w for w in {list}][0] if {list} else abs",
    "{+fn} = {'f': {fn}}['f']",
]

_BASE = """    shared = []
    count = 0
    def __init__(self, n):
        self.n = n
        self.items = {items}
        self.child = self
    def add(self, v):
        self.items.append(v)
        return self
    def get(self):
        return self.items
    def size(self):
        return len(self.items) + {size}
    def method(self, v):
        {method}
        return v + self.n
    @property
    def total(self):
        return {total}
    @total.setter
    def total(self, v):
        self.n = v
    def __len__(self):
        return len(self.items)
    def __bool__(self):
        return True
    def __getitem__(self, v):
        return self.n + v
    def __setitem__(self, v, w):
        self.items.append(v + w)
    def __call__(self, v):
        return {call}"""


def _class(head: str, **parts: str) -> str:
    text = _BASE
    for name, default in (("items", "[n]"), ("size", "self.n"), ("method", "self.n += 1"), ("total", "self.n + 1"), ("call", "v + self.n")):
        text = text.replace("{" + name + "}", parts.get(name, default))
    return f"{head}\n{text}"


CLASSES = [
    _class("class {+cls}:"),
    _class("class {+cls}:", items="{list}"),
    _class("class {+cls}:", size="{int}"),
    _class("class {+cls}:", method="{list}.append(v)"),
    _class("class {+cls}:", total="sum({list})"),
    _class("class {+cls}:", items="self.shared"),
    _class("class {+cls}:", call="{fn}(v)"),
    _class("class {+cls}:", method="type(self).count += 1"),
    _class("class {fresh1}:", method="{fresh1}.count += 1") + "\n{+cls} = {fresh1}",
    _class("class {+cls}:", size="len({fresh1})") + "\n...\n{fresh1} = {list}",
    _class("class {+cls}:").replace("shared = []", "shared = {list}"),
    _class("class {+cls}:").replace("count = 0", "count = {int}"),
    _class("class {+cls}:", items="[{fresh1}]").replace("self.n = n", "self.n = n + {fresh1}") + "\n...\n{fresh1} = {int}",
    "class {+cls}({cls}):\n    def size(self):\n        return super().size() + {int}",
    "class {+cls}({cls}):\n    count = {int}",
    "class {+cls}({cls}):\n    def __init__(self, n):\n        super().__init__(n)\n        {list}.append(n)",
    "class {+cls}({cls}):\n    shared = {list}\n    def add(self, v):\n        self.shared.append(v)\n        return super().add(v)",
    "class {+cls}({cls}):\n    @staticmethod\n    def size():\n        return {int}",
    "class {+cls}({cls}):\n    @classmethod\n    def size(cls):\n        cls.count += 1\n        return cls.count",
    "class {+cls}({cls}):\n    def __eq__(self, other):\n        return self.n == other.n\n    __hash__ = None",
    "@dataclasses.dataclass\nclass {fresh1}:\n    n: int = {digit}\n    items: list = dataclasses.field(default_factory=list)\n{fresh2} = {fresh1}()\n{fresh2}.items.append({int})\n{+list} = {fresh2}.items",
    "class {fresh1}(enum.Enum):\n    A = 1\n    B = 2\n{+int} = {fresh1}.A.value\n{+dict} = {'a': {fresh1}.B.value}",
    "{fresh1} = collections.namedtuple('{fresh1}', 'n items')\n{+tuple} = {fresh1}({int}, {list})",
    "def {fresh1}(self, v):\n    self.items.append(v)\n    return {int}\n{cls}.size = lambda self: {fresh1}(self, 1)",
    "{cls}.method = lambda self, v: v + {int}",
]

COMPOUND = [
    "if {int} % 2:\n    {*simple}",
    "if {int} % 2:\n    {*simple}\nelse:\n    {*simple}",
    "if {list}:\n    {+list} = {list}\nelse:\n    {+list} = [{int}]",
    "if {int} > 3:\n    {+int} = {int}\nelse:\n    {+int} = {int}",
    "if {int} % 2:\n    {+list} = {list}\n{+list} = {list}",
    "for {fresh1} in range(3):\n    {*simple}",
    "for {fresh1} in range(2):\n    {*simple}\n    {*simple}",
    "for {fresh1} in list({list})[:4]:\n    {list}.append({fresh1})\n    if {fresh1} > 3:\n        break\nelse:\n    {*simple}",
    "{fresh1} = 0\nwhile {fresh1} < 3:\n    {fresh1} += 1\n    if {fresh1} == 2:\n        continue\n    {*simple}",
    "try:\n    {*simple}\n    {list}[99]\nexcept IndexError:\n    {*simple}",
    "try:\n    {*simple}\nfinally:\n    {*simple}",
    "try:\n    {fresh1} = {dict}['zz']\nexcept KeyError as error:\n    {+str} = str(error)",
    "try:\n    {any}\nexcept NameError:\n    {+int} = {int}",
    "with contextlib.suppress(Exception):\n    {*simple}\n    raise ValueError\n{+int} = {int}",
    "with contextlib.suppress(Exception):\n    {*simple}",
    "@contextlib.contextmanager\ndef {fresh1}():\n    {list}.append(1)\n    yield {list}\nwith {fresh1}() as {fresh2}:\n    {fresh2}.append({int})",
    "for {+int} in {list}[:3] or [1]:\n    pass",
    "for {+list} in {lists} or [[]]:\n    {*simple}",
    "match {list}:\n    case [first, *rest]:\n        {fresh1} = rest\n    case _:\n        {fresh1} = {list}\n{+list} = {fresh1}",
    "{+list} = [{fn}(v) for v in {list}]",
    "{+lists} = [{lfn}(v) for v in {lists}]",
    "{+dict} = {str(v): {fn}(v) for v in {list}}",
    "{+list} += [{int}]" if False else "{fresh1} = {list}\n{fresh1} += [{int}]\n{+list} = {fresh1}",
    "{fresh1} = {int}\n{fresh1} += {int}\n{+int} = {fresh1}",
    "{fresh1} = {arr}\n{fresh1} += 1\n{+arr} = {fresh1}",
    "{fresh1} = {set}\n{fresh1} |= {{digit}}\n{+set} = {fresh1}",
    "{fresh1} = {tuple}\n{fresh1} += ({int},)\n{+tuple} = {fresh1}",
    "{fresh1} = {str}\n{fresh1} += {str}\n{+str} = {fresh1}",
    "{fresh1} = [{obj}, {obj}]\nfor {fresh2} in {fresh1}:\n    {fresh2}.n += {digit}\n{+obj} = {fresh1}[0]",
    "{fresh1} = {'f': {fn}, 'g': {fn}}\n{+list} = [{fresh1}[k]({digit}) for k in sorted({fresh1})]",
    "{fresh1} = [{gen}, {gen}]\n{+list} = [next(v, 0) for v in {fresh1}]",
    "{fresh1} = {obj}.add\n{fresh1}({int})\n{+obj} = {obj}",
    "{fresh1} = {list}.append\n{fresh1}({int})\n{+list} = {list}",
    "{fresh1} = {list}.append\n...\n{fresh1}({int})",
    "{fresh1} = {obj}.add\n...\n{fresh1}({int})",
    "{fresh1} = {'k': {list}}\n...\n{fresh1}['k'].append({int})\nprint({fresh1})",
    "{fresh1} = ({list}, {list})\n...\n{fresh1}[0].append({int})\nprint({fresh1})",
    "{fresh1} = [{fn}, {lfn}]\n...\nprint({fresh1}[0]({int}), {fresh1}[1]([{int}]))",
    "{fresh1} = {cls}\n...\n{+obj} = {fresh1}({int})",
    "{fresh1} = {gen}\n...\nprint(next({fresh1}, None))",
    "{fresh1} = {dicts}.items()\n...\nprint(sorted({fresh1}))",
    "{fresh1} = zip({list}, {list})\n...\nprint(next({fresh1}, None))",
    "{fresh1} = random.getstate()\n...\nrandom.setstate({fresh1})",
    "{fresh1} = functools.partial({fn}, {int})\n...\nprint({fresh1}())",
    "if False:\n    {fresh1} = {int}\n...\ntry:\n    print({fresh1})\nexcept NameError:\n    print('unbound')",
]

PRINTS = [
    "print({thing} is {thing})", "print({thing} is {thing})", "print({list} is {list})", "print({lists}[0] is {list})", "print({obj}.items is {list})", "print({obj} is {obj})",
    "print(isinstance({obj}, {cls}))", "print(type({obj}) is {cls})", "print({obj}.child is {obj})", "print({dicts}[{key}] is {list})",
    "print({fn}({int}))", "print({lfn}({list}))", "print(sorted(vars({obj})))", "print({obj}.size(), {obj}.total)", "print({cls}.count, {cls}.shared)",
    "print(random.random())", "print(np.random.rand())", "print({rng}.random())", "print({rnd}.random())", "print([v is {list} for v in {lists}])",
    "print(next({gen}, None))", "print({list} == {list}, {arr}.shape)", "print({str}, {int})", "print({tuple}[1] is {list})",
    "print(np.array([1.23456789]))", "print({fn} is {fn})", "print({cls} is {cls})", "print(getattr({fn}, 'calls', 0))", "print({cls}.__mro__[-2].__name__)",
]

_OBJ = ["print({name}.n, {name}.items)", "print({name}.n, {name}.child.n)", "print({name}.size(), {name}.total)", "print(sorted(vars({name})))"]
PRINTS_OF: dict[str, list[str]] = {
    "set": ["print(sorted({name}))"],
    "fn": ["print({name}(2))", "pass", "print(callable({name}))"],
    "lfn": ["print({name}([3]))", "pass"],
    "make": ["print({name}(1)(2))", "pass"],
    "cls": ["print({name}.count, {name}.shared)", "print({name}(3).size())", "print({name}.__name__)"],
    "obj": _OBJ,
    "gen": ["print(next({name}, None))", "pass"],
    "rng": ["print({name}.integers(50))", "pass"],
    "rnd": ["print({name}.randrange(50))", "pass"],
    "arr": ["print({name})", "print({name}.tolist())", "print({name}.sum(), {name}.shape)"],
}
