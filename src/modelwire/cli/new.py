"""`modelwire new`: create a project."""

from __future__ import annotations

import json
import keyword
import re
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit

from .. import __version__
from ..errors import ConfigurationError
from .ask import Failed
from .template import fill_templates, write_folder

_NAME = re.compile(r"[A-Za-z](?:[A-Za-z0-9_]*[A-Za-z0-9])?")
"""Names of modules that are names of distributions too (PyPA, Names and normalization)."""

_MAX_NAME = 50
"""Maximum length of a name: PostgreSQL, whose database and user have it, keeps 63 characters."""

_TAKEN = {"tests", "migrations", "migrate", "postgres"}
"""Names that a project or its compose file uses itself, and that are no Python modules."""


def create_project(name: str, *, auth: bool, postgres: bool) -> Mapping[str, str]:
    """Write a project into a new folder, which is created as a whole or not at all.

    Args:
        name: The name of the folder, and of the package in it.
        auth: Whether users sign up and log in.
        postgres: Whether the service is deployed with PostgreSQL.

    Returns:
        The content of each file, by its path.

    Raises:
        ConfigurationError: The name is none for a package, or is taken by a file or folder.
        Failed: The folder can't be written.
    """
    _check_name(name)
    folder = Path(name)
    if folder.exists() or folder.is_symlink():
        raise ConfigurationError(f"{name} exists already; choose another name, or move it away")
    values = _write_values(name, auth=auth, postgres=postgres)
    kinds = ("auth" if auth else "open", "postgres" if postgres else "sqlite")
    steps = fill_templates("migrations", values=values)
    files = {
        **{f"migrations/{path}": text for path, text in steps.items()},
        **fill_templates("base", *kinds, values=values),
    }
    try:
        write_folder(folder, files)
    except OSError as exc:
        raise Failed(f"{name} can't be written: {exc.strerror or exc}") from exc
    return files


def _check_name(name: str) -> None:
    if keyword.iskeyword(name):
        raise ConfigurationError(
            f"{name} is a keyword of Python; choose another name, as in {name}_service"
        )
    if not _NAME.fullmatch(name):
        raise ConfigurationError(
            f"{name!r} is no name for a Python package: it takes letters, digits and underscores"
            f"{_suggest(name)}"
        )
    if len(name) > _MAX_NAME:
        raise ConfigurationError(f"A name has {_MAX_NAME} characters at most")
    if name in sys.stdlib_module_names or name in _TAKEN or _is_installed(name):
        raise ConfigurationError(
            f"{name} is the name of something else that the project has or needs; choose another, "
            f"as in {name}_service"
        )


def _suggest(name: str) -> str:
    better = re.sub(r"[^A-Za-z0-9]+", "_", Path(name).name).strip("_").lower()
    fits = _NAME.fullmatch(better) and not keyword.iskeyword(better)
    return f" (did you mean `{better}`?)" if fits else ", and begins with a letter"


def _is_installed(name: str) -> bool:
    """Whether a module of this name is installed beside modelwire."""
    spec = find_spec(name)
    here = str(Path.cwd())
    return spec is not None and not (spec.origin or here).startswith(here)


def _write_values(name: str, *, auth: bool, postgres: bool) -> Mapping[str, str]:
    """Return the values of the placeholders in the templates."""
    source = _find_source()
    prefix = name.upper()
    return {
        "name": name,
        "name_lower": name.lower(),
        "image": re.sub(r"_+", "-", name.lower()),
        "title": name.replace("_", " ").capitalize(),
        "prefix": prefix,
        "version": __version__,
        "imports": f"from {name}.main import database",
        "database": "database",
        **_write_auth(name, prefix, auth=auth),
        "phony": " postgres" if postgres else "",
        "postgres_rule": _POSTGRES if postgres else "",
        **_write_source(source),
    }


def _write_auth(name: str, prefix: str, *, auth: bool) -> Mapping[str, str]:
    marks = {"name": name, "prefix": prefix}
    return {key: text.format(**marks) if auth else "" for key, text in _AUTH.items()}


def _find_source() -> str | None:
    """Return the source that modelwire was installed from, if that was no index (PEP 610)."""
    try:
        text = distribution("modelwire").read_text("direct_url.json")
    except PackageNotFoundError:
        text = None
    if text is None:
        return None
    url = str(json.loads(text)["url"])
    return unquote(urlsplit(url).path) if url.startswith("file:") else url


def _write_source(source: str | None) -> Mapping[str, str]:
    """Return the values on modelwire's source: an index, or a wheel that the project keeps."""
    if source is None:
        return dict.fromkeys(("wheel", "wheel_rule", "wheel_needed", "wheel_note"), "")
    return {
        "wheel": "wheels/*.whl ",
        "wheel_rule": _WHEEL.replace("SOURCE", source.replace("$", "$$")),
        "wheel_needed": " | wheels",
        "wheel_note": _WHEEL_NOTE.replace("SOURCE", source),
    }


_AUTH = {
    "dependencies": """\
    "argon2-cffi>=23.1",
    "pyjwt>=2.10",
    "python-multipart>=0.0.20",
""",
    "login": """
## Sign up and log in

Both take a form, with the email address as `username` and a password of at least 12 characters:

```console
$ curl http://127.0.0.1:8000/sign-up -d username=ann@example.com -d 'password=correct horse battery'
$ curl http://127.0.0.1:8000/token -d username=ann@example.com -d 'password=correct horse battery'
```

The second responds with an `access_token`, which is valid for 8 hours. Send it with every other
request:

```console
$ TOKEN=eyJ…
$ curl http://127.0.0.1:8000/items/ -H "Authorization: Bearer $TOKEN" \\
    --json '{{"name": "Fern", "price": "9.50"}}'
$ curl http://127.0.0.1:8000/items/ -H "Authorization: Bearer $TOKEN"
```
""",
    "file_rows": "| `src/{name}/accounts.py` | sign-up, login, and the caller of a request |\n",
    "settings": """
`{prefix}_SECRET` signs the tokens of users who have logged in. Without it, they are valid
only until the process ends.
""",
    "secret_lines": """
# Signs tokens: python3 -c 'import secrets; print(secrets.token_urlsafe())'
{prefix}_SECRET=
""",
    "compose_secret": "    {prefix}_SECRET: ${{{prefix}_SECRET:?set it in .env}}\n",
}
"""Values of placeholders in files of every project, with authentication."""

_POSTGRES = """
postgres: ## Start PostgreSQL for development, by Docker; .env says where it is
	docker compose up --detach --wait postgres

"""

_WHEEL = """\
# modelwire was installed from here. Its wheel is kept with the project, for the image and for CI.
MODELWIRE ?= SOURCE
wheels:
	$(PYTHON) -m pip wheel --quiet --no-deps --wheel-dir wheels '$(MODELWIRE)'

"""

_WHEEL_NOTE = """
## Update modelwire

modelwire was installed from `SOURCE`, not from a package index. The first `make` builds
a wheel of it in `wheels/`. Put that folder under version control: the image and CI install it. For
a newer version, remove the folder and run `make clean test`.
"""
