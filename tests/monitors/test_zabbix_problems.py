"""What a trigger watches: as macros name it, with what only Zabbix can resolve left out."""

from collections.abc import Sequence

import pytest

from watcher.monitors._zabbix_problems import Row, watched

AGENT = {"interfaceid": "1", "ip": "10.0.0.1", "type": "1", "main": "1"}
SNMP = {"interfaceid": "2", "ip": "10.0.0.2", "type": "2", "main": "1"}
SECOND = {"interfaceid": "3", "ip": "10.0.0.3", "type": "2", "main": "0"}


def address(interfaces: Sequence[Row], interface: str = "0") -> str:
    """The address of a host with these interfaces, of whose item one is named."""
    item = {"itemid": "5", "hostid": "7", "key_": "icmpping", "interfaceid": interface}
    trigger = {
        "triggerid": "9",
        "expression": "{4}=0",
        "functions": [{"functionid": "4", "itemid": "5"}],
        "items": [item],
        "url": "https://wiki.example.org/{HOST.ID}",
        "comments": "",
    }
    host = {"hostid": "7", "host": "sw1", "name": "sw1", "interfaces": interfaces}
    fields = watched(trigger, {"7": host})
    assert (fields["trigger_url"], fields["item_key"]) == ("", "icmpping")
    return fields["host_ip"]


@pytest.mark.parametrize(
    ("expected", "interfaces", "interface"),
    [
        ("10.0.0.1", [SNMP, AGENT], "0"),
        ("10.0.0.2", [SECOND, SNMP], "0"),
        ("10.0.0.3", [AGENT, SNMP, SECOND], "3"),
        ("", [SECOND], "0"),
        ("", [], "0"),
    ],
)
def test_the_address_is_that_of_the_item_or_else_of_the_first_main_interface(
    expected: str, interfaces: Sequence[Row], interface: str
) -> None:
    """Agent before SNMP; a host may have none at all."""
    assert expected == address(interfaces, interface)
