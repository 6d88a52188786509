"""Undocumented parts of Pydantic that modelwire uses."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, cast

import pytest
from pydantic import (
    BaseModel,
    Field,
    GetCoreSchemaHandler,
    PrivateAttr,
    SecretStr,
    TypeAdapter,
    ValidationError,
    computed_field,
    create_model,
    field_serializer,
    field_validator,
    model_serializer,
    model_validator,
)
from pydantic.dataclasses import dataclass
from pydantic_core import CoreSchema, PydanticSerializationError
from pydantic_core.core_schema import (
    no_info_after_validator_function,
    plain_serializer_function_ser_schema,
    str_schema,
)

from modelwire.compat import pydantic as compat

from .canary import missing_from

ATTRIBUTES = (
    "__pydantic_decorators__",
    "__pydantic_complete__",
    "__pydantic_core_schema__",
    "__pydantic_validator__",
    "__class_vars__",
)


class Decorated(BaseModel):
    LIMIT: ClassVar[int] = 5
    n: int = 1
    _seen: int = PrivateAttr(default=0)

    @field_validator("n", mode="before", json_schema_input_type=int)
    @classmethod
    def check(cls, n: Any) -> Any:
        return n

    @model_validator(mode="after")
    def check_all(self) -> Decorated:
        return self

    @field_serializer("n", when_used="json")
    def write(self, n: int) -> str:
        return str(n)

    @computed_field(alias="double", description="Twice")  # type: ignore[prop-decorator]
    @property
    def twice(self) -> int:
        return 2 * self.n


class Whole(BaseModel):
    n: int = 1

    @model_serializer
    def write(self) -> dict[str, Any]:
        return {}


def test_models_have_their_parts() -> None:
    assert missing_from(Decorated, ATTRIBUTES) == []
    assert list(compat.class_variables_of(Decorated)) == ["LIMIT"], "__class_vars__"
    assert compat.is_complete(Decorated), "__pydantic_complete__"


def test_decorators_are_kept_by_kind_with_what_they_were_given() -> None:
    found = compat.decorators_of(Decorated)
    check = found.field_validators["check"]
    info = check.info
    assert callable(check.func), "Decorator.func"
    assert (info.fields, info.mode, info.json_schema_input_type) == (("n",), "before", int)
    assert [*found.model_validators] == ["check_all"], "model_validators"
    assert (found.root_validators, found.validators) == ({}, {}), "root_validators, validators"
    written = found.field_serializers["write"].info
    assert (written.fields, written.mode, written.when_used) == (("n",), "plain", "json")
    computed = found.computed_fields["twice"].info
    assert (computed.alias, computed.description) == ("double", "Twice"), "ComputedFieldInfo"
    assert isinstance(computed.wrapped_property, property), "wrapped_property"
    assert [*compat.decorators_of(Whole).model_serializers] == ["write"], "model_serializers"


def test_core_schema_of_a_model_has_its_fields_and_its_configuration() -> None:
    class Plain(BaseModel):
        n: int = 1

    schema = compat.core_schema_of(Plain)
    assert schema["type"] == "model", "__pydantic_core_schema__"
    assert schema["schema"]["type"] == "model-fields", "the schema of a model"
    assert "config" in schema, "config"
    assert schema["schema"]["fields"]["n"]["type"] == "model-field", "fields"
    assert schema["schema"]["fields"]["n"]["schema"]["type"] == "default", "the schema of a field"


def test_values_are_validated_into_an_instance() -> None:
    class Plain(BaseModel):
        n: int

    row = Plain.__new__(Plain)
    compat.validate_into(row, {"n": "5"})
    assert row.n == 5, "self_instance"


def test_configuration_has_names() -> None:
    assert {"title", "extra", "alias_generator", "strict"} <= compat.CONFIG_KEYS, "ConfigDict"


def test_fields_of_models_and_dataclasses_are_known() -> None:
    @dataclass
    class Kept:
        shown: int
        hidden: Annotated[int, Field(exclude=True)] = 0

    fields = compat.declared_fields_of(Kept)
    assert fields is not None, "__pydantic_fields__ of a dataclass"
    assert {name: bool(field.exclude) for name, field in fields.items()} == {
        "shown": False,
        "hidden": True,
    }
    assert set(compat.declared_fields_of(Decorated) or ()) == set(Decorated.model_fields)
    assert compat.declared_fields_of(dict) is None


def test_private_attributes_are_set_up_by_a_function_of_a_known_name() -> None:
    post_init = vars(Decorated)["model_post_init"]
    assert compat.prepares_attributes(post_init), f"{post_init.__name__} prepares them"


def test_what_hides_a_secret_stands_beside_its_type() -> None:
    schema: Any = TypeAdapter(SecretStr).core_schema
    if schema["type"] == "lax-or-strict":
        schema = schema["strict_schema"]
    assert compat.is_of_types(schema["serialization"]["function"]), "the serializer of SecretStr"


def test_core_schema_of_a_model_can_be_changed() -> None:
    class Plain(BaseModel):
        n: int = Field(ge=3)

    def loosen(schema: Any) -> Any:
        if not isinstance(schema, dict):
            return schema
        return {key: loosen(part) for key, part in schema.items() if key != "ge"}

    changed = compat.change_core_schema(Plain, loosen)
    assert changed.model_validate({"n": 1}).model_dump() == {"n": 1}, "__get_pydantic_core_schema__"
    below = create_model("Below", __base__=changed, more=(list[changed], ...))  # type: ignore[valid-type]
    given = {"n": 1, "more": [{"n": 2}]}
    assert below.model_validate(given).model_dump() == given, "inherited"
    with pytest.raises(ValidationError):
        Plain.model_validate({"n": 1})


def test_model_with_a_core_schema_of_its_own_keeps_it() -> None:
    class Own(BaseModel):
        @classmethod
        def __get_pydantic_core_schema__(
            cls, source: Any, handler: GetCoreSchemaHandler
        ) -> CoreSchema:
            return handler(source)

    assert compat.change_core_schema(Own, lambda schema: schema) is Own


def test_bound_of_a_type_that_has_none_is_known() -> None:
    class Letters:
        @classmethod
        def __get_pydantic_core_schema__(
            cls, _source: Any, _handler: GetCoreSchemaHandler
        ) -> CoreSchema:
            return no_info_after_validator_function(str.strip, str_schema())

    schema = TypeAdapter(Annotated[Letters, Field(max_length=3)]).core_schema
    assert compat.is_bound(cast("Any", schema)), "what is told of a length"
    assert not compat.is_bound(cast("Any", schema)["schema"]), "a validator"


@pytest.mark.skipif(not compat.GOES_BY_SCHEMA, reason="before Pydantic 2.13 there is no such way")
def test_serializer_of_schema() -> None:
    """A serializer goes by a schema, and not by what its classes have made."""

    class Part(BaseModel):
        n: int

    class Whole(BaseModel):
        part: Part

    def change(schema: Any) -> Any:
        if isinstance(schema, dict):
            if schema.get("type") == "int":
                serialization = plain_serializer_function_ser_schema(lambda n: n + 1)
                return {**schema, "serialization": serialization}
            return {k: v if k == "metadata" else change(v) for k, v in schema.items()}
        return [*map(change, schema)] if isinstance(schema, list) else schema

    serializer = compat.serializer_of(change(TypeAdapter(Whole).core_schema))
    assert serializer.to_json(Whole(part=Part(n=1))) == b'{"part":{"n":2}}'


def test_failed_function_is_named() -> None:
    """An error of a serializer says in which function, and of which class it was."""

    class Odd(BaseModel):
        n: int

        @field_serializer("n")
        def show(self, n: int) -> str:
            return {1: "one"}[n]

    with pytest.raises(PydanticSerializationError) as failed:
        Odd(n=2).model_dump_json()
    assert compat.find_failed(failed.value) == ("show", "KeyError")
    assert compat.find_failed(PydanticSerializationError("invalid utf-8 sequence")) is None
