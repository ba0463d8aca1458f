"""Orders and walks over graphs of store paths, given as edges; the database supplies those."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def order_references_first(edges: Mapping[str, Iterable[str]]) -> list[str]:
    """The paths so that each stands after what it refers to; ties in the order of names. Cycles are cut anywhere."""
    ordered: list[str] = []
    seen: set[str] = set()
    for start in sorted(edges):
        if start in seen:
            continue
        seen.add(start)
        stack = [(start, iter(sorted(edges[start])))]
        while stack:
            path, left = stack[-1]
            for reference in left:
                if reference not in seen and reference in edges:
                    seen.add(reference)
                    stack.append((reference, iter(sorted(edges[reference]))))
                    break
            else:
                ordered.append(path)
                stack.pop()
    return ordered


def reachable(edges: Mapping[str, Iterable[str]], starts: Iterable[str]) -> set[str]:
    """Everything that can be reached from `starts`, these included."""
    seen = {start for start in starts if start in edges}
    pending = list(seen)
    while pending:
        for reference in edges[pending.pop()]:
            if reference not in seen and reference in edges:
                seen.add(reference)
                pending.append(reference)
    return seen


def reverse(edges: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """The same graph with every edge turned round."""
    reversed_edges: dict[str, list[str]] = {path: [] for path in edges}
    for referrer, references in edges.items():
        for reference in references:
            reversed_edges.setdefault(reference, []).append(referrer)
    return reversed_edges
