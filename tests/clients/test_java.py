"""A client in Java: it is generated, compiles, and asks what the page says."""

from pathlib import Path

from .page import SERVER, read_printed, read_sections
from .tools import generate, require_java, run

# The jar of OpenAPI Generator has the libraries that its clients need, but for this.
GENERATED = """
package javax.annotation;

public @interface Generated {
  String[] value();
  String date() default "";
  String comments() default "";
}
"""


def test_client_in_java(tmp_path: Path, league_url: str, zoo_url: str) -> None:
    """It is generated without a warning, compiles, and finds what it asks for."""
    require_java()
    section = read_sections()["openapi-generator, Java"]
    (command,) = section.commands
    for name, url in (("league", league_url), ("zoo", zoo_url)):
        directory = tmp_path / name
        section.write(directory, url)
        if name == "zoo":
            (directory / "Ask.java").unlink()
        generate(command.replace(SERVER, url), directory)
        (directory / "Generated.java").write_text(GENERATED)
        sources = [*directory.glob("*.java"), *(directory / "league" / "src/main").rglob("*.java")]
        (directory / "sources").write_text("\n".join(map(str, sources)))
        run("javac -proc:none -nowarn -d classes @sources", directory)
    assert run("java Ask", tmp_path / "league").strip() == read_printed()
