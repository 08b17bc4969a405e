"""Types of hera (Argo), botocore (Batch), kfp (Kubeflow) and Kubernetes -> schemas of what may be passed through.

``python -m export.make_schemas`` writes them.
"""

from __future__ import annotations

import enum
import json
import re
import types
import typing
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "soorgeon_clone" / "export" / "schemas"
Fields = dict[str, dict[str, str]]


def argo() -> Fields:
    """The types that a workflow's spec consists of."""
    from hera.workflows import models

    found: Fields = {}
    _model(models.WorkflowSpec, found)
    return dict(sorted(found.items()))


def _model(model: Any, found: Fields) -> str:
    name: str = model.__name__
    if name not in found:
        found[name] = {}
        for field_name, field in model.model_fields.items():
            found[name][field.alias or field_name] = _kind(field.annotation, found)
    return name


def _kind(annotation: Any, found: Fields) -> str:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _kind(arguments[0], found)
    if origin in (typing.Union, types.UnionType):
        kinds = {_kind(one, found) for one in arguments if one is not type(None)}
        return kinds.pop() if len(kinds) == 1 else "any"
    if origin is list:
        return f"[{_kind(arguments[0], found)}]"
    if origin is dict:
        return f"{{{_kind(arguments[1], found)}}}"
    if not isinstance(annotation, type):
        return "any"
    if hasattr(annotation, "model_fields"):
        fields = annotation.model_fields
        # IntOrString, Quantity, Time and their like stand for one value.
        return "any" if set(fields) <= {"root", "__root__"} else _model(annotation, found)
    if issubclass(annotation, enum.Enum) or annotation is str:
        return "str"
    return {bool: "bool", int: "int", float: "num"}.get(annotation, "any")


def batch() -> Fields:
    """What RegisterJobDefinition and SubmitJob take."""
    import botocore.session

    model = botocore.session.get_session().get_service_model("batch")
    found: Fields = {}
    for name in ("RegisterJobDefinition", "SubmitJob"):
        _shape(model.operation_model(name).input_shape, found)
    return dict(sorted(found.items()))


def _shape(shape: Any, found: Fields) -> str:
    if shape.type_name == "structure":
        if shape.name not in found:
            found[shape.name] = {}
            for name, member in shape.members.items():
                found[shape.name][name] = _shape(member, found)
        return str(shape.name)
    if shape.type_name == "list":
        return f"[{_shape(shape.member, found)}]"
    if shape.type_name == "map":
        return f"{{{_shape(shape.value, found)}}}"
    plain = {"string": "str", "integer": "int", "long": "int", "float": "num", "double": "num", "boolean": "bool"}
    return plain.get(shape.type_name, "any")


def pods() -> Fields:
    """What a pod consists of."""
    from kubernetes.client import V1PodTemplateSpec

    found: Fields = {}
    _part(V1PodTemplateSpec, found)
    return dict(sorted(found.items()))


def _part(model: Any, found: Fields) -> str:
    name: str = model.__name__.removeprefix("V1")
    if name not in found:
        found[name] = {}
        for field, kind in model.openapi_types.items():
            found[name][model.attribute_map[field]] = _of_client(kind, found)
    return name


def _of_client(kind: str, found: Fields) -> str:
    """The kind of a field, as Kubernetes' client writes it: ``List[V1Toleration]``, ``Dict[str, str]``."""
    from kubernetes.client import models

    if match := re.fullmatch(r"[Ll]ist\[(.*)\]", kind):
        return f"[{_of_client(match[1], found)}]"
    if match := re.fullmatch(r"[Dd]ict[\[(]str, (.*)[\])]", kind):
        return f"{{{_of_client(match[1], found)}}}"
    if hasattr(models, kind):
        return _part(getattr(models, kind), found)
    return {"str": "str", "bool": "bool", "int": "int", "float": "num"}.get(kind, "any")


def kubeflow() -> Fields:
    """What Kubeflow takes for Kubernetes alone."""
    from kfp.kubernetes.kubernetes_executor_config_pb2 import KubernetesExecutorConfig

    found: Fields = {}
    _message(KubernetesExecutorConfig.DESCRIPTOR, found)
    return dict(sorted(found.items()))


def _message(message: Any, found: Fields) -> str:
    name: str = message.name
    if name == "InputParameterSpec":  # a reference to an input, or a constant
        return "any"
    if name not in found:
        found[name] = {}
        for field in message.fields:
            inner = field.message_type
            if inner is not None and inner.GetOptions().map_entry:
                kind = f"{{{_of_proto(inner.fields_by_name['value'], found)}}}"
            else:
                kind = _of_proto(field, found)
                kind = f"[{kind}]" if field.is_repeated else kind
            found[name][field.json_name] = kind
    return name


def _of_proto(field: Any, found: Fields) -> str:
    if field.message_type is not None:
        return _message(field.message_type, found)
    plain = {field.CPPTYPE_STRING: "str", field.CPPTYPE_BOOL: "bool", field.CPPTYPE_INT32: "int"}
    plain |= {field.CPPTYPE_INT64: "int", field.CPPTYPE_DOUBLE: "num", field.CPPTYPE_FLOAT: "num"}
    return plain.get(field.cpp_type, "any")


# Schema -> the library that it is made of, and how.
MAKERS = {
    "argo": ("hera", argo),
    "aws-batch": ("botocore", batch),
    "kubeflow": ("kfp.kubernetes", kubeflow),
    "kubernetes": ("kubernetes", pods),
}


def text_of(found: Fields) -> str:
    """One type a line."""
    return "{\n" + ",\n".join(f"{json.dumps(name)}: {json.dumps(fields)}" for name, fields in found.items()) + "\n}\n"


if __name__ == "__main__":
    for name, (_, make) in MAKERS.items():
        (FOLDER / f"{name}.json").write_text(text_of(make()), encoding="utf-8")
