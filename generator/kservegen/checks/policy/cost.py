"""A policy in; what its expressions would cost on a large object, in the API server's own units, out.

The server counts while it evaluates and gives up at a limit: 1,000,000 for one expression, 2,500,000 for all match
conditions, 10,000,000 for the policy (apiserver/pkg/apis/cel). No file tells how large objects will be, so this is an
estimate for a stated size: every list and map of the object has `ITEMS` entries, every string `LETTERS` characters.
Lists that the policy makes itself are counted as long as they are. Loops run to their end, both sides of `&&` and
the dearer arm of a choice are taken, and a variable is charged where it is defined, once, as on the server. Prices are
those of cel-go's cost tracker, whose rarer functions are taken as linear in their arguments. A policy below the limits
here may still meet an object that exceeds them there, so a warning is worth a look and silence is no promise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from msgspec import Struct, field

from kservegen.checks.policy.model import Expression, Policy
from kservegen.checks.policy.syntax import Call, Collection, Constant, Fold, Name, Select, Tree, parse_expression

ITEMS: Final = 8
LETTERS: Final = 40

EXPRESSION_LIMIT: Final = 1_000_000
CONDITIONS_LIMIT: Final = 2_500_000
POLICY_LIMIT: Final = 10_000_000

_LIST_PRICE: Final = 10
_MAP_PRICE: Final = 30
_TRAVERSAL: Final = 0.1  # for each character that is looked at
_REGEX: Final = 0.25  # for each character of a regular expression, times the text's
_FREE: Final = frozenset({"_?_:_", "optional.of", "optional.none", "hasValue", "value", "orValue", "or"})
_DEEP: Final = frozenset({"_==_", "_!=_", "@in", "matches", "contains", "startsWith", "endsWith", "split", "join"})


class Excess(NamedTuple):
    """A limit that is exceeded: by one expression, or by the whole policy where there is none."""

    expression: Expression | None
    cost: int
    limit: int


class _Size(NamedTuple):
    """How much there is of a value: entries or characters, and how much of each entry."""

    length: float
    inner: _Size | None = None


_UNKNOWN: Final = _Size(ITEMS)
_SMALL: Final = _Size(1)


def excesses(policy: Policy) -> Iterator[Excess]:
    """Estimate every expression of a policy, and yield the limits that are exceeded."""
    estimator = _Estimator()
    total = 0.0
    conditions = 0.0
    messages = (v.message_expression for v in policy.validations if v.message_expression is not None)
    for expression in (*policy.variables, *(v.check for v in policy.validations), *messages, *policy.audits):
        cost = estimator.price(expression)
        total += cost
        if cost > EXPRESSION_LIMIT:
            yield Excess(expression, round(cost), EXPRESSION_LIMIT)
    for expression in policy.conditions:
        conditions += estimator.price(expression)
        if conditions > CONDITIONS_LIMIT:
            yield Excess(expression, round(conditions), CONDITIONS_LIMIT)
            break
    if total > POLICY_LIMIT:
        yield Excess(None, round(total), POLICY_LIMIT)


class _Estimator(Struct):
    variables: dict[str, _Size] = field(default_factory=dict)

    def price(self, expression: Expression) -> float:
        """Return what an expression costs; a variable's size is kept for those that follow."""
        tree = parse_expression(expression.text)
        if tree is None:
            return 0
        cost, size = self.estimate(tree, {})
        if expression.name:
            self.variables[expression.name] = size
        return cost

    def estimate(self, tree: Tree, names: Mapping[str, _Size]) -> tuple[float, _Size]:
        match tree:
            case Constant(value):
                return 0, _Size(len(value)) if isinstance(value, str) else _SMALL
            case Name(name):
                return 1, names.get(name, _UNKNOWN)
            case Select(Name("variables"), name, _) if name in self.variables:
                return 1, self.variables[name]
            case Select(operand, _, tests):
                cost, size = self.estimate(operand, names)
                return cost + 1, _SMALL if tests else size.inner or _UNKNOWN
            case Collection(items, is_list):
                priced = [self.estimate(item, names) for item in items]
                largest = max((size for _, size in priced), key=lambda size: size.length, default=None)
                price = _LIST_PRICE if is_list else _MAP_PRICE
                return price + sum(cost for cost, _ in priced), _Size(len(items), largest)
            case Call(function, arguments):
                return self._call(function, arguments, names)
            case Fold():
                return self._fold(tree, names)

    def _call(self, function: str, arguments: tuple[Tree, ...], names: Mapping[str, _Size]) -> tuple[float, _Size]:
        priced = [self.estimate(argument, names) for argument in arguments]
        sizes = [size for _, size in priced]
        paid = sum(cost for cost, _ in priced)
        if function == "_?_:_":
            arms = priced[1:]
            return priced[0][0] + max(cost for cost, _ in arms), max(sizes[1:], key=lambda size: size.length)
        if function in _FREE:
            return paid, max(sizes, key=lambda size: size.length, default=_SMALL)
        if function == "_+_":
            return paid + 1, _Size(sizes[0].length + sizes[1].length, sizes[0].inner or sizes[1].inner)
        if function in {"_?._", "_[_]", "_[?_]"}:
            return paid + 1, sizes[0].inner or _UNKNOWN
        return paid + _price(function, sizes), _UNKNOWN if function == "split" else _Size(LETTERS)

    def _fold(self, fold: Fold, names: Mapping[str, _Size]) -> tuple[float, _Size]:
        start, carried = self.estimate(fold.start, names)
        if fold.range == Collection((), is_list=True):  # cel.bind, as optMap expands to
            cost, size = self.estimate(fold.result, {**names, fold.accumulator: carried})
            return start + cost, size
        over, many = self.estimate(fold.range, names)
        inside = {**names, fold.variable: many.inner or _UNKNOWN, fold.accumulator: carried}
        each, grown = self.estimate(fold.step, inside)
        each += self.estimate(fold.condition, inside)[0]
        made = _Size(many.length, grown.inner) if fold.start == Collection((), is_list=True) else carried
        after, size = self.estimate(fold.result, {**names, fold.accumulator: made})
        return over + start + many.length * (each + 1) + after, size


def _price(function: str, sizes: list[_Size]) -> float:
    if function == "matches":
        text = max(sizes[0].length, LETTERS if sizes[0] is _UNKNOWN else 0)
        return (1 + text) * _TRAVERSAL * max(1.0, sizes[1].length * _REGEX)
    if function == "contains":
        return (1 + sizes[0].length) * _TRAVERSAL * (1 + sizes[1].length) * _TRAVERSAL + 1
    return 1 + (sum(size.length for size in sizes) * _TRAVERSAL if function in _DEEP else 0)
