"""Commands are no configuration: they are refused, and the error says what to give instead."""

import pytest

from murenger.dialects import dialect, parse
from murenger.errors import ParseError

JUNOS = dialect("junos")


@pytest.mark.parametrize(
    "text",
    [
        "set system host-name srx1\nset system services ssh\n",
        "# exported\n\nset version 21.4R3\ndeactivate interfaces ge-0/0/0\n",
        'annotate system "by hand"\nset system host-name srx1\n',
        "system {\n    host-name srx1;\n}\ndelete snmp\n",
    ],
)
def test_junos_set_commands_are_refused_with_what_to_give_instead(text: str) -> None:
    with pytest.raises(ParseError, match="commands are not a configuration") as refused:
        parse(text, JUNOS)
    assert "show configuration" in refused.value.hint
    assert "srx1" not in str(refused.value)


def test_a_statement_that_is_not_ended_is_called_so() -> None:
    with pytest.raises(ParseError, match="line 2: statement is not ended"):
        parse("version 21.4R3;\nsnmp community\n", JUNOS)
