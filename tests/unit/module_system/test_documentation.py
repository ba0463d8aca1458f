"""`osconf option` and the reference: what is told about options."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

import pytest

from osconf.errors import OptionError
from osconf.lang.evaluator import Evaluator, run_deep
from osconf.lang.values import Value
from osconf.lang.world import PureWorld
from osconf.module_system.documentation import (
    describe_option,
    documents_of,
    list_options,
    root_of,
    search_options,
)
from osconf.module_system.finding import complete_path
from osconf.module_system.primops import MODULE_PRIMOPS
from osconf.module_system.reports import OptionDocument, OptionReport, first_sentence

CONFIGURATION = """
let lib = import <osconf/lib>; in lib.evalModules { modules = [
  {
    options.users.users = lib.mkOption {
      default = { };
      description = "The users.\\n\\nAll of them.";
      type = lib.types.attrsOf (lib.types.submodule ({ name, ... }: {
        options.shell = lib.mkOption { type = lib.types.str; default = "/bin/sh"; description = "Login shell."; };
        options.name = lib.mkOption { type = lib.types.str; default = name;
          defaultText = lib.literalExpression "name"; };
      }));
    };
    options.level = lib.mkOption { type = lib.types.int; default = 1; example = 3; };
    options.secret = lib.mkOption { internal = true; default = 1; };
    options.settings = lib.mkOption { default = { }; type = lib.types.submodule {
      freeformType = lib.types.attrsOf (lib.types.either lib.types.int lib.types.str);
      options.port = lib.mkOption { type = lib.types.port; default = 80; description = "The port."; };
    }; };
    options.environment = lib.mkOption { type = lib.types.attrsOf lib.types.str; default = { }; };
    options.data = lib.mkOption { type = lib.types.anything; default = { }; };
    options.broken = lib.mkOption { type = lib.types.int; default = throw "needs something"; };
  }
  { users.users.alice.shell = "/bin/zsh"; level = lib.mkDefault 4; }
  { users.users.alice = { shell = lib.mkForce "/bin/fish"; }; level = 7; }
  { settings.host = "a"; environment = lib.mkIf true { A = lib.mkDefault "1"; }; data.a.b = [ 1 ]; }
  { settings.host = lib.mkForce "b"; environment.A = "2"; }
]; }
"""


T = TypeVar("T")


def with_configuration(use: Callable[[Value], T]) -> T:
    def work() -> T:
        return use(Evaluator(PureWorld(), internal=MODULE_PRIMOPS).eval_text(CONFIGURATION))

    return run_deep(work)


def describe(path: str) -> OptionReport:
    return with_configuration(lambda result: describe_option(result, path))


def test_report_has_value_type_and_default() -> None:
    report = describe("level")
    assert (report.value, report.type, report.default, report.example) == ("7", "signed integer", "1", "3")


def test_report_lists_definitions_with_places_strongest_first() -> None:
    used, unused = describe("level").definitions
    assert (used.value, used.priority, used.is_used, used.line) == ("7", 100, True, 24)
    assert (unused.value, unused.priority, unused.is_used) == ("4", 1000, False)
    assert "mkDefault, does not count" in describe("level").as_text()


def test_report_reaches_into_submodules() -> None:
    report = describe("users.users.alice.shell")
    assert report.value == '"/bin/fish"'
    assert [(d.value, d.is_used) for d in report.definitions] == [('"/bin/fish"', True), ('"/bin/zsh"', False)]


def test_member_that_nobody_defined_has_its_defaults() -> None:
    assert describe("users.users.bob.name").value == '"bob"'
    assert describe("users.users.bob.name").default == "name"


def test_option_that_nobody_sets_has_the_empty_value_of_its_type() -> None:
    text = """
    let lib = import <osconf/lib>; in lib.evalModules { modules = [
      { options.unset = lib.mkOption { type = lib.types.listOf lib.types.int; }; }
    ]; }
    """

    def work() -> OptionReport:
        return describe_option(Evaluator(PureWorld(), internal=MODULE_PRIMOPS).eval_text(text), "unset")

    report = run_deep(work)
    assert (report.value, report.is_defined, report.definitions) == ("[ ]", False, ())


def test_value_that_fails_is_said_so() -> None:
    assert describe("broken").value == "<error: needs something>"


def test_prefix_lists_options() -> None:
    assert [child.path for child in describe("users").children] == ["users.users"]
    assert [child.path for child in describe("users.users.alice").children] == [
        "users.users.alice.name",
        "users.users.alice.shell",
    ]


def test_internal_options_are_not_listed() -> None:
    listed = with_configuration(list_options)
    assert [summary.path for summary in listed] == ["broken", "data", "environment", "level", "settings", "users.users"]


def test_report_reaches_freeform_members() -> None:
    report = describe("settings.host")
    assert (report.value, report.type) == ('"b"', "signed integer or string")
    assert [(d.value, d.priority, d.is_used) for d in report.definitions] == [('"b"', 50, True), ('"a"', 100, False)]
    assert describe("settings.port").description == "The port."
    unset = describe("settings.workers")
    assert (unset.is_defined, unset.type, unset.definitions) == (False, "signed integer or string", ())


def test_report_reaches_members_of_sets() -> None:
    report = describe("environment.A")
    assert (report.value, report.type) == ('"2"', "string")
    assert [(d.value, d.is_used) for d in report.definitions] == [('"2"', True), ('"1"', False)]
    assert describe("data.a.b").value == "[ 1 ]"
    assert not describe("environment.B").is_defined


def test_path_below_a_plain_value_is_explained() -> None:
    with pytest.raises(OptionError) as raised:
        describe("level.more")
    assert "there are no options in it" in raised.value.message


@pytest.mark.parametrize(
    ("begun", "offered"),
    [
        ("le", ["level"]),
        ("users", ["users.users.alice.name", "users.users.alice.shell"]),
        ("users.users.alice.", ["users.users.alice.name", "users.users.alice.shell"]),
        ("settings.p", ["settings.port"]),
        ("secr", []),
        ("level.", []),
        ("nothing.at", []),
    ],
)
def test_paths_are_completed(begun: str, offered: list[str]) -> None:
    found = with_configuration(lambda result: complete_path(root_of(result), begun))
    assert found == offered


def test_suggestion_keeps_the_rest_of_the_path() -> None:
    with pytest.raises(OptionError) as raised:
        describe("user.users.alice.shell")
    assert raised.value.hint == "did you mean `users.users.alice.shell'?"


def test_unknown_path_has_a_suggestion() -> None:
    with pytest.raises(OptionError) as raised:
        describe("users.usres")
    assert raised.value.hint == "did you mean `users.users'?"


def test_reference_documents_submodules_too() -> None:
    documents: dict[str, OptionDocument] = {document.path: document for document in with_configuration(documents_of)}
    assert sorted(documents) == [
        "broken", "data", "environment", "level", "settings", "settings.port",
        "users.users", "users.users.<name>.name", "users.users.<name>.shell",
    ]  # fmt: skip
    assert documents["users.users.<name>.shell"].description == "Login shell."
    assert documents["users.users"].type == "attribute set of (submodule)"


def test_report_is_plain_data() -> None:
    assert describe("level").as_json()["definitions"][0]["value"] == 7


def test_report_has_values_as_json_and_texts_only_where_json_ends() -> None:
    text = """
    let lib = import <osconf/lib>; in lib.evalModules { modules = [ {
      options.mixed = lib.mkOption {
        default = { number = 1; list = [ true null 1.5 "ä" ]; path = /etc/motd; };
        example = lib.literalExpression "pkgs.hello";
      };
      options.function = lib.mkOption { default = x: x; };
      options.merged = lib.mkOption { type = lib.types.functionTo lib.types.int; default = { a, ... }: a; };
      options.broken = lib.mkOption { default = throw "no"; };
    } { mixed.package = { type = "derivation"; name = "hello"; }; } ]; }
    """

    def report(path: str) -> dict[str, Any]:
        def work() -> dict[str, Any]:
            value = Evaluator(PureWorld(), internal=MODULE_PRIMOPS).eval_text(text)
            return json.loads(json.dumps(describe_option(value, path).as_json()))  # type: ignore[no-any-return]

        return run_deep(work)

    mixed = report("mixed")
    assert mixed["value"] == {"package": "<derivation hello>"}
    assert mixed["value_has_texts"] is True
    assert mixed["default"] == {"number": 1, "list": [True, None, 1.5, "ä"], "path": "/etc/motd"}
    assert mixed["default_has_texts"] is False
    assert (mixed["example"], mixed["example_has_texts"]) == ("pkgs.hello", True)
    assert mixed["definitions"][0]["value"] == {"package": "<derivation hello>"}
    assert report("function")["value"] == "<function>"
    assert report("merged")["value"] == "<function of { a }>"
    assert report("broken")["value"] == "<error: no>"


def test_submodule_that_contains_itself_is_described_once() -> None:
    text = """
    let lib = import <osconf/lib>; tree = lib.types.submodule {
      options.children = lib.mkOption { type = lib.types.attrsOf tree; };
    }; in lib.evalModules { modules = [ { options.root = lib.mkOption { type = tree; }; } ]; }
    """

    def work() -> list[str]:
        result = Evaluator(PureWorld(), internal=MODULE_PRIMOPS).eval_text(text)
        return [document.path for document in documents_of(result)]

    assert run_deep(work) == ["root", "root.children"]


def test_search_ranks_names_before_descriptions() -> None:
    text = """
    let lib = import <osconf/lib>; option = description: lib.mkOption { inherit description; type = lib.types.int; };
    in lib.evalModules { modules = [ {
      options.services.web.port = option "Where it listens.";
      options.services.web.portRange = option "More of them.";
      options.services.web.transport = option "How.";
      options.services.mail.enable = option "A port is opened.";
      options.services.mail.port = option "Where mail arrives.";
      options.port.forward.list = option "What is forwarded.";
    } ]; }
    """

    def search(*words: str) -> list[str]:
        def work() -> list[str]:
            result = Evaluator(PureWorld(), internal=MODULE_PRIMOPS).eval_text(text)
            return [document.path for document in search_options(result, words)]

        return run_deep(work)

    assert search("Port") == [
        "services.mail.port", "services.web.port", "port.forward.list", "services.web.portRange",
        "services.web.transport", "services.mail.enable",
    ]  # fmt: skip
    assert search("services") == [
        "services.mail.enable", "services.mail.port", "services.web.port", "services.web.portRange",
        "services.web.transport",
    ]  # fmt: skip
    assert search("mail", "port") == ["services.mail.port", "services.mail.enable"]
    assert search("web.port") == ["services.web.port", "services.web.portRange"]
    assert search("nothing") == []


def test_first_sentence() -> None:
    assert first_sentence("What it is. More of it.") == "What it is."
    assert first_sentence("What it\nis, e.g. `x`. `y` is more.\n\nAnother.") == "What it is, e.g. `x`. `y` is more."
    assert first_sentence("Of version 1.2") == "Of version 1.2"
    assert first_sentence("") == ""
