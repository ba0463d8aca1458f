from osconf.system.unit_file import expand_name, parse_unit, read_installation, split_name, template_of


def test_empty_value_drops_those_before_it():
    unit = parse_unit("[Service]\nExecStart=/bin/a\nExecStart=\nExecStart=/bin/b\n")
    assert unit.values("Service", "ExecStart") == ["/bin/b"]


def test_continued_lines_are_joined_and_comments_dropped():
    unit = parse_unit("# head\n[Unit]\nAfter=a.service \\\n; note\n  b.service\n")
    assert unit.words("Unit", "After") == ["a.service", "b.service"]


def test_installation_expands_parts_of_the_name():
    unit = parse_unit("[Install]\nWantedBy=multi-user.target\nAlias=x-%i.service\nDefaultInstance=tty1\n")
    installation = read_installation(unit, "getty@tty2.service")
    assert installation.wanted_by == ("multi-user.target",)
    assert installation.aliases == ("x-tty2.service",)
    assert installation.default_instance == "tty1"


def test_names_of_templates_and_instances():
    assert split_name("getty@tty1.service") == ("getty", "tty1", "service")
    assert split_name("dbus.socket") == ("dbus", None, "socket")
    assert template_of("getty@tty1.service") == "getty@.service"
    assert template_of("getty@.service") is None
    assert expand_name("a-%p-%i-%%", "x@1.service") == "a-x-1-%"
