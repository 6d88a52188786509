"""Classes of a client's resources in Python, composed of parts of the runtime."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ..described import Application, Children, Described
from .names import TypeNames, name_each, relations_below
from .text import PythonTypes, fold, is_plain_name, write_choice, write_docstring, write_literal

_OF_CLIENTS = frozenset({"aclose", "open", "resources", "send"})

_Part = tuple[str, Sequence[str]]
"""Part of the runtime, with the types that it is for."""


class ResourceClasses:
    """Writer of a class for each resource, and for the rows below a row of one.

    Args:
        application: The application.
        names: The names of its types.
    """

    def __init__(self, application: Application, names: TypeNames) -> None:
        self._resources = application.resources
        self._names = names
        self._inputs = PythonTypes(names.inputs)

    def write(self, resource: Described) -> Iterator[str]:
        """Write the classes of a resource."""
        name = self._names.resources[resource.name]["Resource"]
        yield from (self._write_child(resource, each) for each in relations_below(resource))
        yield self._write_class(name, self._find_parts(resource), resource)

    def _write_class(self, name: str, parts: Iterator[_Part], resource: Described) -> str:
        methods = [self._write_below(resource, each) for each in relations_below(resource)]
        head = _write_class(name, [*parts], f"The rows of {resource.path}.")
        return "\n\n".join([head, *methods])

    def _find_parts(self, resource: Described) -> Iterator[_Part]:
        """Find the parts of the runtime that make up a resource, with their types."""
        names, target = self._names.resources[resource.name], self._target(resource.name)
        row, where, include = names[""], names["Where"], names["Include"]
        deleted, create = write_choice(resource.deleted), self._inputs.write(resource.create)
        update, conflict = names["Update"], write_choice(resource.conflicts)
        listed = (row, where, deleted, names["Sort"], include)
        parts: Mapping[str, _Part] = {
            "list": ("reading.Lists", listed),
            "stream": ("reading.Streams", listed),
            "read": ("reading.Reads", (row, target, deleted, include)),
            "aggregate": self._find_sums(resource),
            "changes": ("reading.Follows", (row, names["Filters"])),
            "history": ("reading.Recalls", (row, target)),
            "create": ("writing.Creates", (row, create, include)),
            "update": ("writing.Updates", (row, target, update, include)),
            "delete": ("writing.Deletes", (row, target)),
            "restore": ("writing.Restores", (row, target, include)),
            "bulk_create": ("writing.CreatesMany", (row, create, conflict, include)),
            "bulk_update": (
                "writing.UpdatesMany",
                (row, update, names["KeyedUpdate"], where, include),
            ),
            "bulk_delete": ("writing.DeletesMany", (row, target, where)),
            "revert": ("writing.Reverts", (row, target, include)),
        }
        return (part for name, part in parts.items() if name in resource.operations)

    def _find_sums(self, resource: Described) -> _Part:
        names, deleted = self._names.resources[resource.name], write_choice(resource.deleted)
        types = (names[""], names["Where"], deleted, names["Group"], names["Measure"])
        return "reading.Aggregates", types

    def _write_child(self, resource: Described, relation: str) -> str:
        name, children = (
            self._names.children[resource.name, relation],
            resource.children.get(relation),
        )
        parts = [] if children is None else [*self._find_child_parts(children)]
        if relation in resource.links:
            linked = resource.links[relation]
            parts.append(
                ("writing.Links", (self._names.resources[linked][""], self._target(linked)))
            )
        return _write_class(name, parts, f"The {relation} of a row of {resource.path}.")

    def _find_child_parts(self, children: Children) -> Iterator[_Part]:
        target, operations = self._resources[children.resource], children.operations
        names = self._names.resources[target.name]
        row, include, deleted = names[""], names["Include"], write_choice(target.deleted)
        if "list" in operations:
            yield "reading.Lists", (row, names["Where"], deleted, names["Sort"], include)
        if "aggregate" in operations:
            yield self._find_sums(target)
        if "create" in operations:
            yield "writing.Creates", (row, self._inputs.write(children.create), include)

    def _write_below(self, resource: Described, relation: str) -> str:
        children = resource.children.get(relation)
        other = resource.links[relation] if children is None else children.resource
        name, row = self._names.children[resource.name, relation], self._names.resources[other][""]
        target = ["self", f"target: {self._target(resource.name)}"]
        given = ["self._connection", f'RESOURCES["{other}"]', row, "path"]
        return "\n".join(
            [
                fold(f"def {self._names.name_attribute(relation)}_of(", target, f") -> {name}:", 4),
                f"        {write_docstring(f'The {relation} of a row.')}",
                f'        path = self._below(target, "{relation}")',
                fold(f"return {name}(", given, ")", 8),
            ]
        )

    def _target(self, name: str) -> str:
        """Return the type of the identification of a row: its key, or the row itself."""
        keys = [self._inputs.write(schema) for schema in self._resources[name].key.values()]
        key = keys[0] if len(keys) == 1 else f"tuple[{', '.join(keys)}]"
        return f"{key} | {self._names.resources[name]['']}"

    def write_info(self) -> str:
        """Write the information on each resource that the runtime needs."""
        lines = []
        for name, resource in self._resources.items():
            shown = [*resource.row.get("properties", {}), *resource.relations]
            attributes = self._names.name_attributes([*shown, *resource.key])
            known = [
                f"        path={write_literal(resource.path)},",
                _write_tuple("key", resource.key),
                _write_tuple("attributes", [attributes[field] for field in resource.key]),
                f"        limit={resource.max_limit},",
                f"        has_query={'list' in resource.operations},",
                _write_tuple("documents", resource.documents),
                fold("through={", _write_pairs(resource.through), "}", 8, ","),
            ]
            lines += [f'    "{name}": parameters.Info(', *known, "    ),"]
        return "\n".join(["RESOURCES: dict[str, parameters.Info] = {", *lines, "}"])

    def write_client(self) -> str:
        """Write the class of the client."""
        lines = [_CLIENT]
        for name, attribute in name_each(self._resources, _call_resource).items():
            kinds = self._names.resources[name]
            given = ["self", f'RESOURCES["{name}"]', kinds[""]]
            lines.append(fold(f"self.{attribute} = {kinds['Resource']}(", given, ")", 8))
        return "\n".join(lines)


def _call_resource(name: str) -> str:
    """Return the attribute of a resource in the client, which keeps `_` names for itself."""
    name = f"resource_{name.lstrip('_')}" if name[0] in "_0123456789" else name
    return f"{name}_" if name in _OF_CLIENTS or not is_plain_name(name) else name


def _write_class(name: str, parts: Sequence[_Part], text: str) -> str:
    bases = "".join(f"{fold(f'{part}[', types, ']', 4, ',')}\n" for part, types in parts)
    head = f"class {name}(\n{bases}):" if parts else f"class {name}:"
    return f"{head}\n    {write_docstring(text)}"


def _write_pairs(pairs: Mapping[str, str]) -> Sequence[str]:
    return [f"{write_literal(name)}: {write_literal(value)}" for name, value in pairs.items()]


def _write_tuple(name: str, values: Iterable[str]) -> str:
    """Write an argument that is a tuple of texts."""
    items = [write_literal(value) for value in values]
    return fold(f"{name}=(", items, ",)" if len(items) == 1 else ")", 8, ",")


_CLIENT = '''class Client(connection.Connection):
    """The service.

    Args:
        base_url: Where it is, such as `https://api.example.com`.
        options: How it is asked.
    """

    def __init__(self, base_url: str, **options: _t.Unpack[connection.Options]) -> None:
        super().__init__(base_url, RESOURCES, problems.PROBLEMS, options)'''
