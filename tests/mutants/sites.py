"""Where a module can be changed, and what a changed copy of it says."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}


_COMMUTATIVE = frozenset({"min", "max", "minimum", "maximum", "promote_types", "array_equal", "union1d", "intersect1d"})
"""Functions whose first two arguments can be exchanged."""


@dataclass(frozen=True)
class Mutant:
    """One change of one module.

    Attributes:
        path: of the module, below the root.
        function: that holds it, with its class; "" at the level of the module.
        line: of the change.
        old: the text that is replaced.
        new: what replaces it.
        start: offset of the text in the bytes of the module.
        stop: offset of its end.
    """

    path: str
    function: str
    line: int
    old: str
    new: str
    start: int
    stop: int

    @property
    def name(self) -> str:
        """A name that stays when lines move."""
        return f"{self.path}:{self.function}: {self.old} -> {self.new}"

    def applied(self, source: bytes) -> bytes:
        """Return the source of the module with the change."""
        return source[: self.start] + self.new.encode() + source[self.stop :]


def mutants(path: str, source: str) -> list[Mutant]:
    """Return all changes of a module.

    Docstrings, annotations, imports, messages of errors and formatted text are left alone: no result depends on them.

    >>> sorted((one.old, one.new) for one in mutants("rule.py", "def rule(a, b):\\n    return a < b"))
    [('a < b', 'a <= b'), ('a < b', 'a > b'), ('return a < b', 'return None')]
    """
    return list(_Finder(path, source).found())


class _Finder:
    def __init__(self, path: str, source: str) -> None:
        self._path = path
        self._source = source.encode()
        self._tree = ast.parse(source)
        self._line_start = [0]
        for line in self._source.splitlines(keepends=True):
            self._line_start.append(self._line_start[-1] + len(line))

    def found(self) -> Iterator[Mutant]:
        for statement in self._tree.body:
            yield from self._in(statement, "")

    def _in(self, node: ast.AST, function: str) -> Iterator[Mutant]:
        """Yield the changes of a node and of what lies in it."""
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            name = f"{function}.{node.name}".lstrip(".")
            defaults = [] if isinstance(node, ast.ClassDef) else [*node.args.defaults, *node.args.kw_defaults]
            for part in [*(one for one in defaults if one is not None), *node.body]:
                yield from self._in(part, name)
            return
        if _is_left_alone(node):
            return
        for new in _replacements(node):
            yield self._mutant(node, new, function)
        for part in ast.iter_child_nodes(node):
            if not (isinstance(node, ast.AnnAssign) and part is node.annotation):
                yield from self._in(part, function)

    def _mutant(self, node: ast.AST, new: str, function: str) -> Mutant:
        assert isinstance(node, (ast.expr, ast.stmt))
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        start = self._line_start[node.lineno - 1] + node.col_offset
        stop = self._line_start[node.end_lineno - 1] + node.end_col_offset
        old = " ".join(self._source[start:stop].decode().split())
        return Mutant(self._path, function, node.lineno, old, new, start, stop)


def _is_left_alone(node: ast.AST) -> bool:
    if isinstance(node, (ast.Import, ast.ImportFrom, ast.Raise, ast.Assert, ast.JoinedStr)):
        return True
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return True
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _replacements(node: ast.AST) -> Iterator[str]:
    """Yield what a node is replaced by, as text."""
    match node:
        case ast.Compare(ops=[op]):
            for other in _COMPARISONS[type(op)]:
                yield ast.unparse(ast.Compare(node.left, [other()], node.comparators))
        case ast.BinOp(left=left, right=right) if type(node.op) in _ARITHMETIC and not _is_text(left, right):
            yield f"({ast.unparse(ast.BinOp(left, _ARITHMETIC[type(node.op)](), right))})"
        case ast.AugAssign() if type(node.op) in _ARITHMETIC:
            yield ast.unparse(ast.AugAssign(node.target, _ARITHMETIC[type(node.op)](), node.value))
            yield "pass"
        case ast.BoolOp():
            other_op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            yield f"({ast.unparse(ast.BoolOp(other_op, node.values))})"
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            yield f"({ast.unparse(operand)})"
        case ast.Constant(value=bool()):
            yield str(not node.value)
        case ast.Constant(value=int() | float()):
            yield f"{node.value + 1}"
            yield f"({node.value - 1})"
        case ast.Return(value=ast.expr()) if not _is_nothing(node.value):
            yield "return None"
        case ast.Continue() | ast.Break():
            yield "pass"
        case ast.Expr(value=ast.Call()):
            yield "pass"
        case ast.Assign(targets=[ast.Subscript()]):
            yield "pass"
        case ast.Call(args=[first, second, *rest]) if ast.dump(first) != ast.dump(second) and not _commutes(node.func):
            yield ast.unparse(ast.Call(node.func, [second, first, *rest], node.keywords))
        case ast.IfExp():
            yield f"({ast.unparse(node.orelse)} if {ast.unparse(node.test)} else {ast.unparse(node.body)})"


def _commutes(function: ast.expr) -> bool:
    return ast.unparse(function).rpartition(".")[2] in _COMMUTATIVE


def _is_text(*nodes: ast.expr) -> bool:
    return any(isinstance(node, (ast.JoinedStr, ast.Constant)) and not _is_number(node) for node in nodes)


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, (int, float))


def _is_nothing(node: ast.expr | None) -> bool:
    return node is None or (isinstance(node, ast.Constant) and node.value is None)
