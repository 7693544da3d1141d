"""The shape of the code: small files, small functions, documented and typed public doors.

Input: every Python file of ours. Output: one line per breach, `file:line: what`.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

MOST_LINES_IN_FILE = 400
MOST_LINES_IN_FUNCTION = 60
STAGES = ("observe", "compare", "decide", "heal", "record")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def long_files(path: Path, text: str) -> Iterator[str]:
    """Yield a breach when a file is too long."""
    lines = text.count("\n")
    if lines > MOST_LINES_IN_FILE:
        yield f"{path}:1: {lines} lines, at most {MOST_LINES_IN_FILE}"


def long_functions(path: Path, text: str) -> Iterator[str]:
    """Yield a breach for each function that is too long, its docstring included."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, Function):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > MOST_LINES_IN_FUNCTION:
                yield f"{path}:{node.lineno}: {node.name} has {lines} lines, at most {MOST_LINES_IN_FUNCTION}"


def public_functions(tree: ast.Module) -> Iterator[tuple[Function, str]]:
    """Yield the public functions of a module and the public methods of its public classes."""
    for node in tree.body:
        if isinstance(node, Function) and not node.name.startswith("_"):
            yield node, node.name
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            for method in node.body:
                if isinstance(method, Function) and (not method.name.startswith("_") or method.name == "__init__"):
                    yield method, f"{node.name}.{method.name}"


def undocumented(path: Path, text: str) -> Iterator[str]:
    """Yield a breach for each module and public function without a docstring, and stages that hide their place."""
    tree, lines = ast.parse(text), text.splitlines()
    summary = ast.get_docstring(tree) or ""
    if not summary:
        yield f"{path}:1: the module has no docstring"
    elif not summary.split("\n\n")[0].endswith((".", "?")):
        yield f"{path}:1: the module docstring does not begin with a sentence"
    in_stage = path.parent.name in STAGES and path.parent.parent.name == "murenger"
    if summary and in_stage and path.name != "__init__.py" and not ("Input:" in summary and "Output:" in summary):
        yield f"{path}:1: a stage's module says `Input: ... Output: ...`"
    for function, name in public_functions(tree):
        marks = {ast.unparse(mark).split(".")[-1] for mark in function.decorator_list}
        inherited = marks & {"overload", "override", "setter"} or function.name == "__init__"
        # A foreign contract mirrored for its types; test_texts.py asks the reason.
        excused = "noqa: D102" in lines[function.lineno - 1]
        if not inherited and not excused and not ast.get_docstring(function):
            yield f"{path}:{function.lineno}: {name} has no docstring"


def vague_signatures(path: Path, text: str) -> Iterator[str]:
    """Yield a breach for each public signature that says Any, however deep."""
    for function, name in public_functions(ast.parse(text)):
        given = function.args
        arguments = (*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg)
        hints = [argument.annotation for argument in arguments if argument] + [function.returns]
        if any(says_any(hint) for hint in hints if hint):
            yield f"{path}:{function.lineno}: {name} has Any in its signature"


def says_any(hint: ast.expr) -> bool:
    """Tell whether an annotation mentions typing.Any, quoted or not."""
    for node in ast.walk(hint):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return says_any(ast.parse(node.value, mode="eval").body)
        if (isinstance(node, ast.Name) and node.id == "Any") or (
            isinstance(node, ast.Attribute) and node.attr == "Any"
        ):
            return True
    return False


def sleeps(path: Path, text: str) -> Iterator[str]:
    """Yield a breach for each sleep, except in a loop that polls until a deadline."""
    tree = ast.parse(text)
    polled = {
        id(call)
        for function in ast.walk(tree)
        if isinstance(function, Function)
        and "deadline" in {n.id for n in ast.walk(function) if isinstance(n, ast.Name)}
        for loop in ast.walk(function)
        if isinstance(loop, ast.While | ast.For)
        for call in ast.walk(loop)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and id(node) not in polled:
            called = ast.unparse(node.func)
            if called in ("time.sleep", "sleep", "asyncio.sleep", "anyio.sleep"):
                yield f"{path}:{node.lineno}: {called} in a test: poll until a deadline, or use a clock of your own"


EVERYWHERE = (long_files, long_functions)
IN_RUNNER = (undocumented, vague_signatures)
IN_TESTS = (sleeps,)


def test_every_file_keeps_the_shape(root: Path, python_files: tuple[Path, ...]) -> None:
    breaches = []
    for path in python_files:
        top = path.relative_to(root).parts[0]
        rules = EVERYWHERE + (IN_RUNNER if top == "runner" else ()) + (IN_TESTS if top == "tests" else ())
        text = path.read_text(encoding="utf-8")
        breaches += [breach for rule in rules for breach in rule(path.relative_to(root), text)]
    assert not breaches, "\n".join(breaches)


STAGE_MODULE = Path("runner/murenger/heal/plan.py")
GOOD = '"""Make a plan.\n\nInput: drift. Output: plan.\n"""\n'


@pytest.mark.parametrize(
    ("rule", "text", "said"),
    [
        (long_files, "x = 1\n" * 401, "401 lines"),
        (long_functions, "def f():\n" + "    x = 1\n" * 60, "f has 61 lines"),
        (long_functions, "class A:\n  async def g(self):\n" + "    x = 1\n" * 60, "g has 61 lines"),
        (undocumented, "x = 1\n", "no docstring"),
        (undocumented, '"""Input: a. Output: b"""\n', "begin with a sentence"),
        (undocumented, '"""Make a plan."""\n', "Input:"),
        (undocumented, GOOD + "def plan() -> None: ...\n", "plan has no docstring"),
        (undocumented, GOOD + 'class A:\n  """A."""\n  def go(self): ...\n', "A.go has no docstring"),
        (vague_signatures, "def f(a: dict[str, list[Any]]) -> None: ...\n", "f has Any"),
        (vague_signatures, "def f(**options: typing.Any) -> None: ...\n", "f has Any"),
        (vague_signatures, "class A:\n  def f(self) -> 'tuple[Any, ...]': ...\n", "A.f has Any"),
        (sleeps, "import time\ndef test_a():\n  time.sleep(1)\n", "time.sleep"),
        (sleeps, "from time import sleep\ndef test_a():\n  for _ in range(9):\n    sleep(1)\n", "sleep in a test"),
    ],
)
def test_each_rule_bites(rule: object, text: str, said: str) -> None:
    assert callable(rule)
    breaches = list(rule(STAGE_MODULE, text))
    assert len(breaches) == 1, breaches
    assert said in breaches[0]


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (long_files, "x = 1\n" * 400),
        (long_functions, "def f():\n" + "    x = 1\n" * 59),
        (undocumented, GOOD + "def _private(): ...\n"),
        (vague_signatures, "def _f(a: Any) -> None: ...\ndef g(a: AnyStr) -> AnyStr: ...\n"),
        (sleeps, "def wait(deadline):\n  while time.monotonic() < deadline:\n    time.sleep(0.05)\n"),
    ],
)
def test_each_rule_lets_good_code_pass(rule: object, text: str) -> None:
    assert callable(rule)
    assert not list(rule(STAGE_MODULE, text))
