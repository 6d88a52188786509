"""Files that commands write, from templates in this package."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from string import Template

_TEMPLATES = Path(__file__).parent / "templates"
_SUFFIX = ".tmpl"


class _Filled(Template):
    """Template with placeholders `@@{name}`, since make, shells and YAML use `$` themselves."""

    delimiter = "@@"


def fill_templates(*names: str, values: Mapping[str, str]) -> Mapping[str, str]:
    """Fill in templates.

    Args:
        names: The folders of the templates; a file of a later one replaces that of an earlier one.
        values: The value of each placeholder, in paths too.

    Returns:
        The content of each file, by its path.
    """
    return {
        _Filled(str(path.relative_to(_TEMPLATES / name)).removesuffix(_SUFFIX)).substitute(
            values
        ): _Filled(path.read_text(encoding="utf-8")).substitute(values)
        for name in names
        for path in sorted((_TEMPLATES / name).rglob(f"*{_SUFFIX}"))
    }


def write_folder(folder: Path, files: Mapping[str, str]) -> None:
    """Write a folder with all of its files, or not at all.

    Args:
        folder: The folder, which must not exist.
        files: The content of each file, by its path in it.

    Raises:
        OSError: It can't be written, or its name is taken.
    """
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as beside:
        made = Path(beside) / folder.name
        made.mkdir()
        for path, text in files.items():
            file = made / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        if folder.exists() or folder.is_symlink():
            raise FileExistsError(f"{folder} exists already")
        os.rename(made, folder)
