"""Algebra that holds exactly: expressions as polynomials over atoms.

An expression becomes a sum of products of atoms, with rational coefficients.
Atoms are the input, the parameters, the functions of normal forms, such as
``sin(x)``, and sums within products, which are not multiplied out. Everything
that chooses is written with ``max(u, 0)`` and everything that divides with
``1 / u``; odd and even functions take the sign out of their argument. Equal
polynomials are equal expressions then.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from fractions import Fraction

from actfn.expressions import operators
from actfn.expressions.expression import (
    Call,
    Constant,
    Expression,
    Parameter,
    Variable,
    walk,
)

Monomial = tuple[tuple[Expression, int], ...]
Polynomial = dict[Monomial, Fraction]

_ONE: Polynomial = {(): Fraction(1)}


def simplify(expression: Expression) -> Expression:
    """Returns the normal form; parameters keep their names."""
    return _expression(_polynomial(expression))


def _polynomial(node: Expression) -> Polynomial:
    if isinstance(node, Constant):
        plain = node.value == 0 or 1e-30 < abs(node.value) < 1e30
        return _clean({(): Fraction(node.value)}) if plain else _atom(node)
    if not isinstance(node, Call):
        return _atom(node)
    parts = [_polynomial(argument) for argument in node.arguments]
    if node.operator == "div":
        return _quotient(*parts, exact=is_constant(node.arguments[1]))
    if node.operator in _RULES:
        return _RULES[node.operator](*parts)
    return _function(node.operator, parts)


def _atom(node: Expression) -> Polynomial:
    return {((node, 1),): Fraction(1)}


def _clean(terms: Polynomial) -> Polynomial:
    return {monomial: c for monomial, c in terms.items() if c}


def _add(a: Polynomial, b: Polynomial, factor: Fraction | int = 1):
    total = dict(a)
    for monomial, coefficient in b.items():
        total[monomial] = total.get(monomial, 0) + factor * coefficient
    return _clean(total)


def _scale(a: Polynomial, factor: Fraction | int) -> Polynomial:
    return _add({}, a, Fraction(factor))


def _multiply(a: Polynomial, b: Polynomial) -> Polynomial:
    if not a or not b:
        return {}
    (first, c), (second, d) = _factors(a), _factors(b)
    if first == () or second == ():  # A number times a sum.
        return _scale(b, c) if first == () else _scale(a, d)
    powers = dict(first)
    for atom, power in second:
        powers[atom] = powers.get(atom, 0) + power
    return {tuple(sorted(powers.items(), key=_factor_key)): c * d}


def _factors(a: Polynomial) -> tuple[Monomial, Fraction]:
    """Returns a as one product; a sum becomes an atom led by 1."""
    if len(a) > 1:
        terms = _terms(a)
        if len(terms) == 1:
            return ((terms[0][1], 1),), terms[0][0]
        lead = a[_ordered(a)[0]]
        return ((_expression(_scale(a, 1 / lead)), 1),), lead
    return next(iter(a.items()))


def _power(a: Polynomial, b: Polynomial) -> Polynomial:
    exponent = b.get((), Fraction(0))
    whole = set(b) <= {()} and exponent.denominator == 1
    if not whole or not 0 <= exponent <= 9:
        return _atom(Call("pow", (_expression(a), _expression(b))))
    result = _ONE
    for _ in range(int(exponent)):
        result = _multiply(result, a)
    return result


def _quotient(a: Polynomial, b: Polynomial, exact: bool) -> Polynomial:
    """Divides; by b + epsilon if b was no constant or is 0."""
    if not b or (not exact and is_constant(_expression(b))):
        b = _add(b, {(): Fraction(operators.EPSILON)})
    if set(b) == {()}:
        return _scale(a, 1 / b[()])
    return _multiply(a, _atom(Call("div", (Constant(1), _expression(b)))))


def _reciprocal(a: Polynomial) -> Polynomial:
    if set(a) == {()}:
        return {(): 1 / a[()]}
    if not a:  # odd, and yet not 0 at 0
        return _atom(Call("reciprocal", (Constant(0),)))
    return _function("reciprocal", [a])


def is_constant(node: Expression) -> bool:
    """Whether an expression holds neither the input nor parameters."""
    return not any(isinstance(n, (Variable, Parameter)) for n in walk(node))


def _function(name: str, parts: list[Polynomial]) -> Polynomial:
    """Applies a function; takes a sign out of its argument if it can."""
    row = operators.get(name)
    if row.parity == -1 and not parts[0]:
        return {}
    if row.parity == 1:
        parts = [_without_abs(parts[0])]
    if row.parity and _is_negative(parts[0]):
        parts = [_scale(parts[0], -1)]
        return _scale(_function(name, parts), row.parity)
    return _atom(Call(name, tuple(map(_expression, parts))))


def _sigmoid(a: Polynomial) -> Polynomial:
    if _is_negative(a):
        return _add(_ONE, _sigmoid(_scale(a, -1)), -1)
    return _function("sigmoid", [a])


def _softplus(a: Polynomial) -> Polynomial:
    if _is_negative(a):
        return _add(a, _softplus(_scale(a, -1)))
    return _function("softplus", [a])


def _positive(a: Polynomial) -> Polynomial:
    """Returns max(a, 0)."""
    signs = {_sign(monomial, c) for monomial, c in a.items()}
    if signs <= {1}:
        return a
    if signs == {-1}:
        return {}
    if _is_negative(a):
        return _add(a, _positive(_scale(a, -1)))
    lead = a[_ordered(a)[0]]
    unit = _expression(_scale(a, 1 / lead))
    return _scale(_atom(Call("max", (unit, Constant(0)))), lead)


def _max(a: Polynomial, b: Polynomial) -> Polynomial:
    return _add(b, _positive(_add(a, b, -1)))


def _min(a: Polynomial, b: Polynomial) -> Polynomial:
    return _add(a, _positive(_add(a, b, -1)), -1)


def _abs(a: Polynomial) -> Polynomial:
    return _add(_scale(_positive(a), 2), a, -1)


def _without_abs(a: Polynomial) -> Polynomial:
    """Returns u for a multiple of abs(u): all that an even function sees."""
    terms = _terms(a)
    if len(terms) != 1 or not isinstance(terms[0][1], Call):
        return a
    coefficient, product = terms[0]
    if product.operator != "abs":
        return a
    return _scale(_polynomial(product.arguments[0]), coefficient)


def _distance(name: str) -> Callable:
    """Returns the rule of a function of the distance of two arguments."""

    def rule(a: Polynomial, b: Polynomial, beta: Polynomial) -> Polynomial:
        difference = _without_abs(_add(a, b, -1))
        if not difference:
            return _ONE
        if _is_negative(difference):
            difference = _scale(difference, -1)
        sides = map(_expression, _sides(difference))
        return _atom(Call(name, (*sides, _expression(beta))))

    return rule


_RULES: dict[str, Callable[..., Polynomial]] = {
    "add": _add,
    "sub": lambda a, b: _add(a, b, -1),
    "mul": _multiply,
    "neg": lambda a: _scale(a, -1),
    "reciprocal": _reciprocal,
    "pow": _power,
    "gt": lambda a, b: _atom(Call("lt", (_expression(b), _expression(a)))),
    "ge": lambda a, b: _atom(Call("le", (_expression(b), _expression(a)))),
    "abs": _abs,
    "max": _max,
    "min": _min,
    "sigmoid": _sigmoid,
    "softplus": _softplus,
    "gate": lambda a, b: _multiply(_sigmoid(a), b),
    "rbf": _distance("rbf"),
    "laplace": _distance("laplace"),
    "mix": lambda a, b, beta: _add(b, _multiply(beta, _add(a, b, -1))),
}


def _sign(monomial: Monomial, coefficient: Fraction) -> int:
    """Returns the sign that the term has everywhere; 0 if it has none."""
    for atom, power in monomial:
        if power % 2 and not _is_nonnegative(atom):
            return 0
    return 1 if coefficient > 0 else -1


def _is_nonnegative(atom: Expression) -> bool:
    if not isinstance(atom, Call):
        return False
    return operators.get(atom.operator).nonnegative or (
        atom.operator == "max" and atom.arguments[1] == Constant(0)
    )


def _is_negative(a: Polynomial) -> bool:
    return bool(a) and a[_ordered(a)[0]] < 0


def _sides(a: Polynomial) -> tuple[Polynomial, Polynomial]:
    """Splits a into two polynomials of positive terms, a = first - second."""
    first = {monomial: c for monomial, c in a.items() if c > 0}
    return first, {monomial: -c for monomial, c in a.items() if c < 0}


def _factor_key(factor: tuple[Expression, int]) -> tuple:
    atom, power = factor
    return isinstance(atom, Call), _text(atom), power


def _ordered(a: Iterable[Monomial]) -> list[Monomial]:
    return sorted(a, key=lambda monomial: list(map(_factor_key, monomial)))


_text = functools.lru_cache(maxsize=20_000)(str)


def _expression(a: Polynomial) -> Expression:
    """Returns the sum as an expression, positive terms first."""
    total = None
    for coefficient, product in _terms(a):
        size = abs(coefficient) if total else coefficient
        term = _scaled(size, product)
        if total is None:
            total = term
        else:
            name = "add" if coefficient > 0 else "sub"
            total = Call(name, (total, term))
    return total or Constant(0)


def _terms(a: Polynomial) -> list[tuple[Fraction, Expression | None]]:
    """Returns the coefficients and products that make up the sum."""
    rest = dict(a)
    terms = list(_choices(rest))
    terms += [(rest[key], _product(key)) for key in _ordered(rest)]
    return sorted(terms, key=lambda term: term[0] < 0)


def _scaled(coefficient: Fraction, product: Expression | None) -> Expression:
    number = Constant(float(coefficient))
    if product is None:
        return number
    if coefficient == 1:
        return product
    if coefficient == -1:
        return Call("neg", (product,))
    return Call("mul", (number, product))


def _product(monomial: Monomial) -> Expression | None:
    product, divisors = None, []
    for atom, power in monomial:
        if isinstance(atom, Call) and atom.operator == "div":
            divisors += [atom.arguments[1]] * power
            continue
        factor = atom if power == 1 else atom ** Constant(power)
        product = factor if product is None else product * factor
    for divisor in divisors:
        product = (Constant(1) if product is None else product) / divisor
    return product


def _choices(a: Polynomial) -> Iterable[tuple[Fraction, Expression]]:
    """Takes what reads better as abs, max or min out of a sum."""
    for monomial in _ordered(a):
        if len(monomial) != 1 or monomial[0][1] != 1 or monomial not in a:
            continue
        atom, c = monomial[0][0], a[monomial]
        if not _is_nonnegative(atom) or atom.operator != "max":
            continue
        inner = _polynomial(atom.arguments[0])
        first, second = _sides(inner)
        for name, taken, factor in (
            ("abs", _scale(inner, -1), c / 2),
            ("max", second, c),
            ("min", first, -c),
        ):
            wanted = _scale(taken, factor)
            found = all(a.get(key) == value for key, value in wanted.items())
            if not found or (name != "abs" and factor < 0):
                continue
            for key in (monomial, *wanted):
                del a[key]
            sides = (inner,) if name == "abs" else (first, second)
            yield factor, Call(name, tuple(map(_expression, sides)))
            break
