"""Reads the policy and assigned values of a resource, once, at start-up."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NoReturn

from sqlalchemy import Column, ColumnElement, False_, True_, and_, or_

from ...access.caller import CallerValue
from ...access.policy import Action, FieldPolicy, Policy, everyone, nobody
from ...access.principal import Parameter, Rule
from ...errors import ConfigurationError
from ...resource import Resource
from ...suggestions import did_you_mean
from ..conditions import Condition
from ..field import Field
from ..kinds import Kind
from ..policies import Assigned, FieldRules, SoftDelete, TablePolicy
from .condition_reader import ConditionReader
from .field_use import find_looking
from .parameters import Parameters, fits


def assigned_names(resource: Resource) -> frozenset[str]:
    """Return the names of the fields that the server sets."""
    return frozenset((*resource.assign_on_create, *resource.assign_on_update))


def read_policy(
    resource: Resource, fields: Sequence[Field], reader: ConditionReader, parameters: Parameters
) -> TablePolicy:
    """Read the policy of a resource; without callers, everyone may do everything.

    Args:
        resource: The resource.
        fields: Its fields.
        reader: A reader of conditions on its rows.
        parameters: The parameters of all policies; parameters in use are added.

    Raises:
        ConfigurationError: It has a rule that can't be enforced.
    """
    name = resource.model.__name__
    if resource.policy is None and reader.has_caller:
        raise ConfigurationError(
            f"Resource({name}): the application has callers, and nothing says which rows each may "
            "see. Give it a policy=, as in policy=Policy(read=everyone, write=nobody)."
        )
    policy = resource.policy or Policy(read=everyone)
    values = _Values(resource, {f.name: f for f in fields}, reader, parameters)
    conditions, closed = _Conditions(policy, name, reader), reader.read(nobody, name)
    of_fields = TablePolicy(
        read=closed,
        create=closed,
        update=closed,
        delete=closed,
        fields={n: values.read_rules(n, given) for n, given in policy.fields.items()},
        on_create=values.read_assigned("assign_on_create", resource.assign_on_create),
        on_update=values.read_assigned("assign_on_update", resource.assign_on_update),
    )
    own = conditions.complete(of_fields)
    deleted_at = next((f.column for f in fields if f.name == resource.soft_delete), None)
    return own if deleted_at is None else conditions.complete_soft(own, deleted_at)


class _Conditions:
    """Reader of a policy's conditions."""

    def __init__(self, policy: Policy, name: str, reader: ConditionReader) -> None:
        self._policy = policy
        self._name = name
        self._reader = reader

    def complete(
        self, policy: TablePolicy, narrowing: ColumnElement[bool] | None = None
    ) -> TablePolicy:
        """Add the conditions of all actions to a table policy.

        Args:
            policy: The policy with the rules of the fields.
            narrowing: A further condition on existing rows.
        """
        known: dict[object, Condition] = {}  # keeps equal conditions identical

        def read(action: Action, narrowing: ColumnElement[bool] | None) -> Condition:
            given: Any = self._policy.condition(action)
            place = (id(given), narrowing is None)
            if place not in known:
                condition = given if narrowing is None else and_(given, narrowing)
                known[place] = self._reader.read(condition, f"{self._name}, policy=…{action}")
            return known[place]

        return replace(
            policy,
            read=read("read", narrowing),
            create=read("create", None),
            update=read("update", narrowing),
            delete=read("delete", narrowing),
        )

    def complete_soft(self, own: TablePolicy, deleted_at: Column[Any]) -> TablePolicy:
        """Add the conditions of all actions to the policy of a table with soft deletes.

        Args:
            own: The policy for all of its rows.
            deleted_at: The column with the time of deletion.
        """
        default = nobody if self._reader.has_caller else everyone
        restore: Any = default if self._policy.restore is None else self._policy.restore
        may_restore = self._reader.read(restore, f"{self._name}, policy=…restore")
        is_there, is_gone = deleted_at.is_(None), deleted_at.is_not(None)
        ways = {"only": and_(is_gone, restore), "include": or_(is_there, restore)}
        recalled = {
            word: self.complete(own, condition)
            for word, condition in ways.items()
            if may_restore.constant is not False
        }
        stored = _Conditions(Policy(read=everyone), self._name, self._reader).complete(own)
        soft = SoftDelete(own, may_restore, stored, recalled)
        return replace(self.complete(own, is_there), soft=soft)


class _Values:
    """Reader of a resource's rules for single fields."""

    def __init__(
        self,
        resource: Resource,
        fields: Mapping[str, Field],
        reader: ConditionReader,
        parameters: Parameters,
    ) -> None:
        self._resource = resource
        self._fields = fields
        self._reader = reader
        self._parameters = parameters

    def read_rules(self, name: str, given: FieldPolicy) -> FieldRules:
        field = self._find("policy=…fields", name)
        rules = FieldRules(
            self._read_rule(name, "read", given.read), self._read_rule(name, "write", given.write)
        )
        if field.primary_key and rules.read is not True:
            self._refuse(
                "policy=…fields", name, "it is part of the key, by which every row is found"
            )
        if field.name == self._resource.version and rules.read is not True:
            self._refuse("policy=…fields", name, "it is the version, which entity tags show")
        if isinstance(rules.write, str) and not field.writable:
            self._refuse("policy=…fields", name, "nobody can set it; leave out write=")
        if isinstance(rules.read, str) and not field.readable:
            fault = "nobody can see it; leave out read=, or name it in shown="
            self._refuse("policy=…fields", name, fault)
        self._check_schemas(field, rules)
        return rules

    def _check_schemas(self, field: Field, rules: FieldRules) -> None:
        """Check that no schema or code of the user shows or accepts a field in spite of its
        rules."""
        resource, shown = self._resource, self._resource.read_schema
        if rules.read is not True and shown is not None and field.key in shown.model_fields:
            fault = (
                f"{shown.__name__} shows it to everyone; leave it out there, or read_schema= out"
            )
            self._refuse("policy=…fields", field.name, fault)
        looking = None if rules.read is True else find_looking(resource.model, field.key)
        if looking is not None and shown is None:
            fault = (
                f"`{looking}` of {resource.model.__name__} reads it, and is shown to everyone; "
                "hide the field by hidden=, or give a read_schema= without both"
            )
            self._refuse("policy=…fields", field.name, fault)
        for argument, taken in (
            ("create_schema", resource.create_schema),
            ("update_schema", resource.update_schema),
        ):
            if rules.write is not True and taken is not None and field.key in taken.model_fields:
                fault = (
                    f"{taken.__name__} takes it from everyone; leave it out there, or {argument}= "
                    "out"
                )
                self._refuse("policy=…fields", field.name, fault)

    def _read_rule(self, name: str, kind: str, given: object) -> Rule:
        if isinstance(given, (True_, False_)):
            return isinstance(given, True_)
        place = f"policy=…fields, {kind}"
        if not isinstance(given, CallerValue):
            self._refuse(
                place,
                name,
                "a rule is a bool of the caller, such as me.is_admin, or everyone or nobody",
            )
        attribute = given.attribute
        if attribute.kind is not bool or attribute.is_many:
            self._refuse(place, name, f"me.{attribute.name} is not a bool")
        return self._add(place, name, given).name

    def read_assigned(self, argument: str, given: Mapping[str, object]) -> Mapping[str, Assigned]:
        return {
            self._find(argument, name).key: self._read_value(argument, name, value)
            for name, value in given.items()
        }

    def _read_value(self, argument: str, name: str, value: object) -> Assigned:
        field, resource = self._fields[name], self._resource
        if field.column.computed is not None or field.computed is not None:
            self._refuse(argument, name, "the database computes it")
        if name in resource.writable or name == resource.version:
            self._refuse(argument, name, "it is named as writable= or version= as well")
        if field.primary_key and argument == "assign_on_update":
            self._refuse(argument, name, "it is part of the key, which would change with its row")
        for schema in (resource.create_schema, resource.update_schema):
            if schema is not None and field.key in schema.model_fields:
                fault = f"{schema.__name__} has it, and clients can't set it; leave it out there"
                self._refuse(argument, name, fault)
        if isinstance(value, CallerValue):
            return Assigned(self._read_attribute(argument, field, value))
        if not callable(value) or not _takes_nothing(value):
            fault = "it is set to an attribute of the caller, or by a function without arguments"
            self._refuse(argument, name, fault)
        return Assigned(value)

    def _read_attribute(self, argument: str, field: Field, value: CallerValue) -> Parameter:
        attribute = value.attribute
        is_same = field.kind is not Kind.ENUM or attribute.type_ is field.annotation
        if attribute.is_many or not (fits(attribute, field.kind) and is_same):
            found = f"a collection of {attribute.type_.__name__}" * attribute.is_many
            found = found or f"of the class {attribute.type_.__name__}"
            fault = f"me.{attribute.name} is {found}, and the field is {field.kind.noun}"
            self._refuse(argument, field.name, fault)
        return self._add(argument, field.name, value)

    def _add(self, place: str, name: str, value: CallerValue) -> Parameter:
        try:
            self._reader.check_value(value)
        except ConfigurationError as exc:
            self._refuse(place, name, str(exc))
        fault, parameter = self._parameters.add(value)
        if parameter is None:
            self._refuse(place, name, fault)
        return parameter

    def _find(self, argument: str, name: str) -> Field:
        field = self._fields.get(name)
        if field is None:
            self._refuse(
                argument, name, f"there is no such field{did_you_mean(name, self._fields)}"
            )
        return field

    def _refuse(self, argument: str, name: str, fault: str) -> NoReturn:
        start = f"Resource({self._resource.model.__name__}, {argument}, `{name}`): "
        raise ConfigurationError(f"{start}{fault.rstrip('.')}.")


def _takes_nothing(function: Callable[..., Any]) -> bool:
    if inspect.iscoroutinefunction(function):
        return False
    try:
        inspect.signature(function).bind()
    except TypeError:
        return False
    except ValueError:
        return True  # some built-in functions have no signature
    return True
