"""Rendering templates: one jinja environment, strict about missing data, with a filter for each target syntax.

A template is responsible for choosing the right filter; no format is escaped by itself, because one template may mix
several (a shell command in a unit file).
"""

from __future__ import annotations

import json
import re
import shlex
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jinja2
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from osconf.errors import BuildError, OsconfError

_MAX_BITS = 10_000


class RenderError(BuildError):
    """A template is wrong, or the data do not fit it."""

    code = "render-failed"


def unit_value(value: object) -> str:
    """A value in a unit file, specifiers and continued lines as they are; refuses a line break that is not continued.

    Otherwise the rest of the value would be read as the next setting. See systemd.syntax(7).
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value).rstrip("\n")
    if any(not line.endswith("\\") for line in text.split("\n")[:-1]):
        raise RenderError(f"a unit value cannot hold a line break: {text!r}", hint="end the line with a backslash")
    return text


def unit_text(value: object) -> str:
    """A value of several lines in a unit file: every line but the last is continued, empty ones are dropped."""
    if isinstance(value, bool):
        return "true" if value else "false"
    lines = [line.strip().removesuffix("\\").rstrip() for line in str(value).splitlines()]
    return " \\\n  ".join(line for line in lines if line)


def specifier_free(value: object) -> str:
    """A value of a unit file in which `%` means itself."""
    return unit_value(value).replace("%", "%%")


def systemd_quote(value: object) -> str:
    """One word of a command line or an `Environment=` assignment, in double quotes, nothing expanded.

    See "Quoting" in systemd.syntax(7) and "Command lines" in systemd.service(5).
    """
    text = str(value).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    text = text.replace("\n", "\\n").replace("\t", "\\t")
    return f'"{text}"'


def systemd_exec_quote(value: object) -> str:
    """One argument of an Exec line: as `systemd_quote`, and `$` is not expanded either."""
    return systemd_quote(value).replace("$", "$$")


def systemd_environment(values: Mapping[str, object]) -> list[str]:
    """Assignments for `Environment=`, each quoted, sorted by name."""
    return [systemd_quote(f"{name}={value}") for name, value in sorted(values.items())]


def systemd_escape(text: str) -> str:
    """A string as part of a unit name, as systemd-escape(1) does."""
    return _escape_unit(text.encode())


def systemd_escape_path(path: str) -> str:
    """A path as a unit name, as `systemd-escape --path` does."""
    cleaned = "/".join(part for part in path.split("/") if part not in ("", "."))
    return _escape_unit(cleaned.encode()) if cleaned else "-"


def _escape_unit(data: bytes) -> str:
    result = []
    for index, byte in enumerate(data):
        character = chr(byte)
        if character == "/":
            result.append("-")
        elif (character.isascii() and character.isalnum()) or character in ":_" or (character == "." and index):
            result.append(character)
        else:
            result.append(f"\\x{byte:02x}")
    return "".join(result)


_FSTAB_SPECIAL = re.compile(r"[\s\\#]")


def fstab_octal(value: object) -> str:
    """A field of fstab(5): white space, backslash and `#` as octal escapes."""
    return _FSTAB_SPECIAL.sub(lambda match: "".join(f"\\{byte:03o}" for byte in match[0].encode()), str(value))


def shell_quote(value: object) -> str:
    """One word of a POSIX shell command."""
    return shlex.quote(str(value))


def shell_join(values: list[object]) -> str:
    """Words of a POSIX shell command."""
    return shlex.join(map(str, values))


def grub_quote(value: object) -> str:
    """A string of GRUB's script language in single quotes."""
    return "'" + str(value).replace("'", "'\\''").replace("\n", " ") + "'"


def shell_double_quote(value: object) -> str:
    """One word of a POSIX shell command in double quotes: variables are still expanded."""
    text = str(value).replace("\\", "\\\\").replace('"', '\\"').replace("`", "\\`")
    return f'"{text}"'


def pam_env_value(value: object) -> str:
    """A value in pam_env.conf(5) or /etc/environment, in double quotes; refuses line breaks."""
    text = single_line(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def tmpfiles_path(value: object) -> str:
    """A path in a tmpfiles.d(5) line, quoted where it must be; specifiers are expanded."""
    text = single_line(value)
    if not re.search(r"[\s\"'\\]", text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def single_line(value: object) -> str:
    """Text that may not hold a line break, because the format has no way to write one."""
    text = str(value)
    if "\n" in text or "\r" in text:
        raise RenderError(f"a line break cannot be written here: {text!r}")
    return text


_IPTABLES_SAFE = re.compile(r"[0-9A-Za-z._:/,!+*@-]+\Z")


def iptables_safe(value: object) -> str:
    """A word of an iptables-restore file, which has no quoting that is safe; refuses anything unusual."""
    text = str(value)
    if not _IPTABLES_SAFE.match(text):
        raise RenderError(f"'{text}' cannot stand in a firewall rule")
    return text


def iptables_comment(value: object) -> str:
    """A comment of an iptables-restore rule, in double quotes."""
    text = re.sub(r"[\s\"\\]+", " ", str(value)).strip()
    return f'"{text[:255]}"'


def one_line(value: object) -> str:
    """Text without line ends, for formats of one entry per line."""
    return " ".join(str(value).split("\n")).strip()


def ini_value(value: object) -> str:
    """A value of a plain key=value file: booleans as words, lists with spaces, one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return " ".join(ini_value(item) for item in value)
    return one_line(value)


def yes_no(value: object) -> str:
    """`yes` or `no`."""
    return "yes" if value else "no"


def to_json(value: object) -> str:
    """JSON with sorted keys."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


FILTERS: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        unit_value,
        unit_text,
        specifier_free,
        shell_double_quote,
        pam_env_value,
        tmpfiles_path,
        single_line,
        systemd_quote,
        systemd_exec_quote,
        systemd_environment,
        systemd_escape,
        systemd_escape_path,
        fstab_octal,
        shell_quote,
        shell_join,
        grub_quote,
        iptables_safe,
        iptables_comment,
        one_line,
        ini_value,
        yes_no,
        to_json,
    )
}


class _Environment(ImmutableSandboxedEnvironment):
    """Refuses sums that would never end: nothing stops the interpreter in the middle of one operation."""

    intercepted_binops = frozenset({"*", "**"})

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Compute a product or a power."""
        if isinstance(left, int) and isinstance(right, int):
            size, other = left.bit_length(), right.bit_length()
            if (size * right if operator == "**" else size + other) > _MAX_BITS:
                raise RenderError(f"a number of more than {_MAX_BITS} bits cannot be computed here")
        return super().call_binop(context, operator, left, right)


def render_template(
    template: str, context: Mapping[str, Any], *, label: str, find: Callable[[str], Path | None] = lambda _name: None
) -> str:
    """Render a template text; `find` finds the files that it may include or import. Raises `RenderError`.

    `label` names the template in errors.
    """

    def load(name: str) -> tuple[str, str, Callable[[], bool]] | None:
        place = find(name)
        return None if place is None else (place.read_text("utf-8"), str(place), lambda: True)

    loader = jinja2.ChoiceLoader([jinja2.DictLoader({label: template}), jinja2.FunctionLoader(load)])
    environment = _Environment(
        loader=loader,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    environment.filters.update(FILTERS)
    try:
        return environment.get_template(label).render(context)
    except jinja2.TemplateSyntaxError as error:
        raise RenderError(f"template '{error.name or label}', line {error.lineno}: {error.message}") from error
    except jinja2.TemplateError as error:
        raise RenderError(f"template '{label}': {error.message or error}", hint=_hint(error)) from error
    except RenderError as error:
        raise RenderError(f"template '{label}'{_line(error)}: {error.message}", hint=error.hint) from error
    except OsconfError:
        raise
    except Exception as error:
        # What the template computes or calls fails as Python does.
        what = f"{error}" if isinstance(error, TypeError | ValueError) else f"{type(error).__name__}: {error}"
        raise RenderError(f"template '{label}'{_line(error)}: {what}") from error


def _line(error: Exception) -> str:
    """Where in the template's own text it happened, if it did there."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == "<template>"]
    return f", line {lines[-1]}" if lines else ""


def _hint(error: jinja2.TemplateError) -> str | None:
    if isinstance(error, jinja2.UndefinedError):
        return "give it in the context, or use the 'default' filter"
    return None
