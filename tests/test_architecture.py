"""The rules of the house that no linter knows: budgets, broad excepts, one clock, no hiding."""

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LONGEST_FUNCTION = 50
MOST_BROAD_EXCEPTS = 5

# Where everything may be caught, because an edge must survive whatever its inside does.
BROAD_EXCEPTS = {
    "watcher/engine/deliver.py _made": "a fault in an adapter must not stop the other actions",
    "watcher/engine/digest.py _parse": "a fault in a receiver must not stop the other deliveries",
    "watcher/engine/digest.py _commit": "a poison delivery is found by halving and put aside",
    "watcher/engine/intake.py _store": "whoever waits for a commit is answered, whatever failed",
    "watcher/engine/loop.py _work": "a duty that fails must not end the worker",
}

CLOCK = "watcher/kit/clock.py"
CLOCK_CALLS = {
    "date.today",
    "datetime.now",
    "datetime.today",
    "datetime.utcnow",
    "time.time",
    "time.time_ns",
}

# Plug-ins are found by name; pages, migrations and the demo would make every start slow, and what
# goes out to hosts and over HTTP makes processes big that never do.
LAZY_IMPORTS = {
    "watcher/kit/plugins.py",
    "watcher/kit/http.py",
    "watcher/diagnostics/late.py",
    "watcher/app/front.py",
    "watcher/policy/runbooks/load.py",
    "watcher/store/store.py",
    "watcher/cli/serve.py",
}

IGNORE = re.compile(r"#\s*(noqa|type:\s*ignore|pragma:\s*no (?:cover|branch))(?P<rest>.*)")
REASONED = re.compile(r"^(?::\s*[A-Z0-9, ]+|\[[a-z0-9, -]+\])?\s*(?:[-–—#]\s*)\S+")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def _sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _inside(tree: ast.AST, function: str = "") -> Iterator[tuple[str, ast.AST]]:
    """Every node with the name of the function around it, "" at module level."""
    for node in ast.iter_child_nodes(tree):
        yield function, node
        yield from _inside(node, node.name if isinstance(node, Function) else function)


@pytest.fixture(scope="module")
def modules() -> dict[str, ast.Module]:
    """The product's modules by path, parsed."""
    return {_name(path): ast.parse(path.read_text()) for path in _sources("watcher")}


def _is_broad(handler: ast.ExceptHandler) -> bool:
    """Whether it swallows everything; cleaning up and raising again is no swallowing."""
    last = handler.body[-1]
    if isinstance(last, ast.Raise) and last.exc is None:
        return False
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names = {getattr(kind, "id", None) for kind in caught}
    return handler.type is None or bool(names & {"Exception", "BaseException"})


def test_every_broad_except_has_an_address(modules: dict[str, ast.Module]) -> None:
    """`except Exception` stands only where BROAD_EXCEPTS says so and why, five places at most."""
    found = {
        f"{name} {function}".strip()
        for name, tree in modules.items()
        for function, node in _inside(tree)
        if isinstance(node, ast.ExceptHandler) and _is_broad(node)
    }
    strange, stale = sorted(found - set(BROAD_EXCEPTS)), sorted(set(BROAD_EXCEPTS) - found)

    assert not strange, (
        f"catch what can happen, or add to BROAD_EXCEPTS with its purpose: {strange}"
    )
    assert not stale, f"gone from the code, take out of BROAD_EXCEPTS: {stale}"
    assert len(BROAD_EXCEPTS) <= MOST_BROAD_EXCEPTS


def _too_long(name: str, tree: ast.Module) -> Iterator[str]:
    lines = (ROOT / name).read_text().splitlines()
    for _, node in _inside(tree):
        if not isinstance(node, Function) or node.end_lineno is None:
            continue
        length = node.end_lineno - node.lineno + 1
        head = " ".join(lines[node.lineno - 1 : node.body[0].lineno])
        if length > LONGEST_FUNCTION and not re.search(r"noqa: LEN001 [-–] \S", head):
            yield f"{name}:{node.lineno} {node.name} has {length} lines"


def test_functions_are_short(modules: dict[str, ast.Module]) -> None:
    """No function is over 50 lines, unless its head says why: `# noqa: LEN001 - reason`."""
    long = [finding for name, tree in modules.items() for finding in _too_long(name, tree)]

    assert not long, "split, or say why not:\n" + "\n".join(long)


def _dotted(node: ast.AST) -> str:
    """`datetime.datetime.now` as "datetime.now": the last two words of a dotted name."""
    return ".".join(ast.unparse(node).split(".")[-2:]) if isinstance(node, ast.Attribute) else ""


def test_the_clock_is_read_in_one_place(modules: dict[str, ast.Module]) -> None:
    """Only kit/clock.py asks what time it is; everybody else is told, so that tests can tell it."""
    readers = [
        f"{name}:{getattr(node, 'lineno', 0)} {_dotted(node)}"
        for name, tree in modules.items()
        for _, node in _inside(tree)
        if name != CLOCK and _dotted(node) in CLOCK_CALLS
    ]

    assert not readers, f"take `now` as an argument or the clock of {CLOCK}: {readers}"


def _imports_us(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        return (node.module or "").split(".")[0] == "watcher"
    return isinstance(node, ast.Import) and any(
        alias.name.split(".")[0] == "watcher" for alias in node.names
    )


def test_no_import_hides_in_a_function(modules: dict[str, ast.Module]) -> None:
    """Our own modules are imported at the top, where import-linter's layers are read."""
    hidden = [
        f"{name}:{getattr(node, 'lineno', 0)} in {function}"
        for name, tree in modules.items()
        for function, node in _inside(tree)
        if function and name not in LAZY_IMPORTS and _imports_us(node)
    ]

    assert not hidden, f"import at the top of the module: {hidden}"


def test_every_ignore_has_a_reason() -> None:
    """`# noqa: X - why`, `# type: ignore[x]  # why`, `# pragma: no cover - why`."""
    silent = [
        f"{_name(path)}:{number} {line.strip()}"
        for path in _sources("watcher", "benchmarks", "tests")
        if path != Path(__file__).resolve()
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if (ignore := IGNORE.search(line)) and not REASONED.match(ignore["rest"])
    ]

    assert not silent, "say why:\n" + "\n".join(silent)


def test_imports_run_downhill() -> None:
    """The layers, the pure parts, the doors and the absence of cycles hold (see pyproject.toml)."""
    command = shutil.which("lint-imports", path=Path(sys.executable).parent)
    assert command, "import-linter is not installed: make setup"

    answer = subprocess.run(
        [command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert answer.returncode == 0, answer.stdout + answer.stderr
