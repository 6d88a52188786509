"""Listing of an application's policies, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from fastapi import FastAPI

from ..access.policy import ACTIONS
from ..access.principal import Parameter, Rule
from ..catalog.policies import Assigned
from ..catalog.tables import Table
from ..web.service import find_service


class Line(NamedTuple):
    """Policy on one operation of a resource, or on one of its fields.

    Args:
        resource: The class of the resource.
        operation: `read`, `create`, `update`, `delete` or `restore` of rows, `read` or `write` of a
            field, or `assign` on creating or updating.
        field: The field; empty where the policy is on rows.
        condition: The condition, or the value.
    """

    resource: str
    operation: str
    field: str
    condition: str


def list_policies(app: FastAPI) -> Sequence[Line]:
    """List the policies of an application."""
    service = find_service(app)
    mounted = service.problems.mounted if service else ()
    return [line for m in mounted for t in m.catalog.tables.values() for line in _lines_of(t)]


def _lines_of(table: Table) -> Iterator[Line]:
    name, policy = table.model.__name__, table.policy
    for action in ACTIONS:
        yield Line(name, action, "", policy.condition(action).text)
    if policy.soft is not None:
        yield Line(name, "restore", "", policy.soft.restore.text)
    for field, rules in policy.fields.items():
        yield Line(name, "read", field, _show_rule(rules.read))
        yield Line(name, "write", field, _show_rule(rules.write))
    for operation, given in (("create", policy.on_create), ("update", policy.on_update)):
        for key, assigned in given.items():
            yield Line(
                name, f"assign on {operation}", table.by_key[key].name, _show_value(assigned)
            )


def _show_rule(rule: Rule) -> str:
    if isinstance(rule, str):
        return f"me.{rule.removeprefix('me_')}"
    return "everyone" if rule else "nobody"


def _show_value(assigned: Assigned) -> str:
    source = assigned.source
    if isinstance(source, Parameter):
        return f"me.{source.attribute.name}"
    return f"{getattr(source, '__name__', type(source).__name__)}()"
