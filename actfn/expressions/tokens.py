"""Text into tokens: the characters and spellings that people use.

A token is (kind, text, position), of kind number, name, symbol or end. What
Unicode and LaTeX write differently becomes the same tokens as plain text.
"""

# ruff: noqa: RUF001 - these are the characters that people type.
from __future__ import annotations

import re

from actfn.expressions.expression import ExpressionError

Token = tuple[str, str, int]

_TOKEN = re.compile(
    r"\s*(?:"
    r"(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<wrapped>\\(?:operatorname|mathrm|text|mathit|textrm)\*?\s*"
    r"\{\s*[A-Za-z][A-Za-z0-9 _-]*\})"
    r"|(?P<command>\\(?:[A-Za-z]+|[,!;:{} ]))"
    r"|(?P<name>[A-Za-z_][A-Za-z_0-9]*(?:\.[A-Za-z_][A-Za-z_0-9]*)*)"
    r"|(?P<power>⁻?[⁰¹²³⁴-⁹]+)"
    r"|(?P<special>[αβγδ]\d*|[σΦπ√·×⋅÷−–≤≥])"
    r"|(?P<symbol>\*\*|<=|>=|==|!=|[-+*/(),<>^|=])"
    r"|(?P<brace>[{}])"
    r")"
)
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
_SPECIAL = {
    "α": ("name", "alpha"), "β": ("name", "beta"), "γ": ("name", "gamma"),
    "δ": ("name", "delta"), "σ": ("name", "sigmoid"),
    "Φ": ("name", "normal_cdf"), "π": ("name", "pi"), "√": ("name", "sqrt"),
    "·": ("symbol", "*"), "×": ("symbol", "*"), "⋅": ("symbol", "*"),
    "÷": ("symbol", "/"), "−": ("symbol", "-"), "–": ("symbol", "-"),
    "≤": ("symbol", "<="), "≥": ("symbol", ">="),
}  # fmt: skip
_COMMANDS = {
    "cdot": ("symbol", "*"), "times": ("symbol", "*"), "div": ("symbol", "/"),
    "le": ("symbol", "<="), "leq": ("symbol", "<="), "ge": ("symbol", ">="),
    "geq": ("symbol", ">="), "lt": ("symbol", "<"), "gt": ("symbol", ">"),
    "vert": ("symbol", "|"), "lvert": ("symbol", "|"),
    "rvert": ("symbol", "|"), "sigma": ("name", "sigmoid"),
    "Phi": ("name", "normal_cdf"), "dfrac": ("name", "frac"),
    "tfrac": ("name", "frac"),
}  # fmt: skip
_SILENT = {
    "left", "right", "big", "Big", "bigl", "bigr", "Bigl", "Bigr", "quad",
    "displaystyle", "mathopen", ",", "!", ";", ":", " ",
}  # fmt: skip
_LETTER = re.compile(r"(alpha|beta|gamma|delta|[abc])_?\{?(\d*)\}?")


def split(text: str, most: int) -> list[Token]:
    """Returns the tokens of a text, an ``end`` after the last.

    Raises:
        ExpressionError: A character is not of the language, or there are more
            than `most` tokens.
    """
    plain = text.translate(_SUBSCRIPTS)
    latex = "\\" in plain
    braces = latex or "^{" in plain
    tokens, position, end = [], 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(plain, position)
        if match is None or (match.lastgroup == "brace" and not braces):
            start = end - len(text[position:end].lstrip())
            raise error(text, "unexpected character", start)
        kind = match.lastgroup
        start = match.start(kind)
        position = match.end()
        if latex and kind in ("name", "command"):
            position = _subscript(plain, match, tokens, start)
            if position:
                continue
            position = match.end()
        tokens += _plain(text, kind, match[kind], start)
        if len(tokens) > most:
            raise error(text, "the expression is too long", position)
    return [*tokens, ("end", "", end)]


def _subscript(text: str, match: re.Match, tokens: list, start: int) -> int:
    r"""Reads ``\beta_{1}`` and ``a_1``; returns where it ends, 0 if none."""
    begin = start + (match.lastgroup == "command")
    found = _LETTER.match(text, begin)
    if not found or "_" not in found[0] or not found[2]:
        return 0
    tokens.append(("name", found[1] + found[2], start))
    return found.end()


def _plain(text: str, kind: str, found: str, start: int) -> list[Token]:
    """Returns the tokens that a piece of text stands for."""
    if kind == "wrapped":
        name = found[found.index("{") + 1 : -1].strip()
        return [("name", re.sub(r"[ -]", "_", name), start)]
    if kind == "command":
        name = found[1:]
        if name in _SILENT:
            return []
        if name in "{}":
            raise error(text, "unexpected character", start)
        return [(*_COMMANDS.get(name, ("name", name)), start)]
    if kind == "brace":
        return [("symbol", "(" if found == "{" else ")", start)]
    if kind == "power":
        exponent = found.translate(_SUPERSCRIPTS)
        minus = [("symbol", "-", start)] if exponent[0] == "-" else []
        number = ("number", exponent.lstrip("-"), start)
        return [("symbol", "**", start), *minus, number]
    if kind == "special":
        kind, name = _SPECIAL[found[0]]
        return [(kind, name + found[1:], start)]
    return [(kind, "**" if found == "^" else found, start)]


def error(text: str, problem: str, position: int) -> ExpressionError:
    """Returns the error that says what is wrong where in the text."""
    shown, start = text, 0
    if len(shown) > 60:
        start = max(0, position - 30)
        shown = shown[start : start + 60]
    at = f"position {position + 1}"
    where = "the end" if position >= len(text.rstrip()) else at
    problem, _, hint = problem.partition("; ")
    hint = f" {hint[0].upper()}{hint[1:]}." if hint else ""
    return ExpressionError(
        f"Cannot read an expression: {problem} at {where}.{hint} "
        f"Received: {shown!r}"
    )
