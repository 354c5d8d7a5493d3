"""`watcher catalogue`: proposed out of what exists, reviewed, put in place, and the same again."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import Result

from tests.cli.given import SECRETS, Desk
from tests.monitors.test_zabbix_estate import found, interface
from tests.monitors.zabbix_api import TOKEN, StandIn, zabbix_api
from tests.policy.test_netbox import DEVICE, running
from tests.policy.test_netbox import TOKEN as NETBOX_TOKEN
from tests.policy.test_netbox import StandIn as NetBox
from watcher.model.catalogue import Catalogue
from watcher.settings import load

TABLE = """\
name,customer,address,service,criticality,Rack
db01,acme,10.0.0.5,billing,3,A
web01,acme,10.0.0.7,,,
b1,initech,,,,
"""


@dataclass(frozen=True)
class Proposer:
    """Somebody with a table, whose configuration reads folders, too."""

    at: Desk

    @property
    def out(self) -> Path:
        return self.at.folder / "out"

    def propose(self, *words: str, expected: int = 0) -> str:
        result = self.at.run("catalogue", "propose", *words, "--out", str(self.out))
        assert expected == result.exit_code, result.output
        return result.output

    def from_table(self, *words: str) -> str:
        table = str(self.at.folder / "hosts.csv")
        return self.propose("csv", table, "--customer-from", "column", *words)

    def apply(self) -> Result:
        return self.at.run("catalogue", "apply", str(self.out))

    def catalogue(self) -> Catalogue:
        return load(self.at.config, SECRETS, brief=True).catalogue

    def files(self) -> dict[str, bytes]:
        """All that stands beside the configuration, but for what was proposed."""
        paths = [path for path in self.at.folder.rglob("*") if path.is_file()]
        return {
            str(path.relative_to(self.at.folder)): path.read_bytes()
            for path in paths
            if self.out not in path.parents
        }


@pytest.fixture
def proposer(at: Desk) -> Proposer:
    """The folders are there."""
    (at.folder / "hosts.csv").write_text(TABLE)
    config = at.config.read_text().replace("catalogue.yaml", "[catalogue.yaml, catalogue]")
    at.config.write_text(config.replace("inventory.yaml", "[inventory.yaml, inventory]"))
    (at.folder / "catalogue").mkdir()
    (at.folder / "inventory").mkdir()
    return Proposer(at)


@pytest.fixture
def zabbix(proposer: Proposer) -> Iterator[StandIn]:
    """The Zabbix behind the source zbx, with one host."""
    with zabbix_api() as stand_in:
        monitor = f"monitor: {{url: {stand_in.url}, token: {{file: token}}}}"
        config = proposer.at.config.read_text()
        proposer.at.config.write_text(config.replace("kind: zabbix", f"kind: zabbix, {monitor}"))
        (proposer.at.folder / "token").write_text(TOKEN)
        host = found(stand_in, "1", "db01", interfaces=[interface(ip="10.0.0.5")])
        stand_in.spoil["host.get"] = lambda _: [host]
        yield stand_in


def test_what_is_proposed_is_used_once_it_is_in_place(proposer: Proposer) -> None:
    """What is written by hand wins; the same again changes nothing."""
    said = proposer.from_table()
    told = (proposer.out / "changes.txt").read_text()
    applied = proposer.apply()
    again = proposer.from_table()
    nothing = proposer.apply()
    catalogue = proposer.catalogue()

    assert said.startswith(told)
    assert "  + acme: host db01: at 10.0.0.5\n" in told
    assert "  + initech: customer initech: 1 of the entries is of this customer\n" in told
    assert "Worth knowing\n  ! columns that say nothing to Watcher: Rack\n" in told
    assert 2 == applied.output.count("in place: ")
    assert again.endswith("Nothing to change.\n")
    assert "it changes nothing" in nothing.output
    assert "10.0.0.5" == catalogue.by_alias["acme", "db01"].address
    assert (3, ("db01",)) == (
        catalogue.services["acme", "billing"].criticality,
        catalogue.services["acme", "billing"].hosts,
    )


def test_the_same_table_gives_the_same_bytes(proposer: Proposer) -> None:
    """Whether something was proposed before or not."""
    proposer.from_table()
    first = {path.name: path.read_bytes() for path in proposer.out.rglob("*.*")}
    proposer.from_table()

    assert first == {path.name: path.read_bytes() for path in proposer.out.rglob("*.*")}


def test_what_was_added_to_a_generated_file_is_kept(proposer: Proposer) -> None:
    """How one logs in, for one."""
    proposer.from_table()
    proposer.apply()
    file = proposer.at.folder / "inventory/csv-hosts.yaml"
    file.write_text(
        file.read_text().replace("address: 10.0.0.5", "address: 10.0.0.5\n  port: 2222")
    )
    (proposer.at.folder / "hosts.csv").write_text(TABLE.replace("10.0.0.5", "10.0.0.6"))
    said = proposer.from_table()
    proposer.apply()

    assert "  ~ acme: host db01: address 10.0.0.5 -> 10.0.0.6" in said
    host = proposer.catalogue().by_alias["acme", "db01"]
    assert (2222, "10.0.0.6") == (host.port, host.address)


def test_what_would_break_the_configuration_is_taken_back(proposer: Proposer) -> None:
    """Byte for byte; with every problem, by file and line."""
    proposer.from_table()
    proposer.apply()
    with (proposer.at.folder / "catalogue.yaml").open("a") as file:
        file.write("  - {name: mail, customer: acme, criticality: 1, depends_on: billing}\n")
    text = (
        (proposer.at.folder / "catalogue.yaml")
        .read_text()
        .replace(", hosts: [web01]}]", ", hosts: [web01]}")
    )
    text = text.replace("services: [{name: shop", "services:\n  - {name: shop")
    (proposer.at.folder / "catalogue.yaml").write_text(text)
    (proposer.at.folder / "hosts.csv").write_text("name,customer\ndb01,acme\n")
    proposer.from_table()
    before = proposer.files()
    refused = proposer.apply()

    assert 1 == refused.exit_code
    assert "'mail' depends on 'billing', which is no service" in refused.output
    assert "nothing was changed" in refused.output
    assert before == proposer.files()


def test_folders_that_are_not_read_are_named(at: Desk) -> None:
    """Nothing stays where nobody would read it."""
    (at.folder / "hosts.csv").write_text(TABLE)
    proposer = Proposer(at)
    proposer.from_table()
    before = proposer.files()
    refused = proposer.apply()

    assert "`catalogue: [catalogue.yaml, catalogue]` and `inventory: [inventory.yaml" in (
        refused.output
    )
    assert before == proposer.files()
    assert not (at.folder / "inventory").exists()


def test_what_cannot_be_written_changes_nothing(proposer: Proposer) -> None:
    """The first file is taken back where the second cannot be written."""
    proposer.from_table()
    (proposer.at.folder / "inventory/csv-hosts.yaml").mkdir()
    before = proposer.files()
    refused = proposer.apply()

    assert 1 == refused.exit_code
    assert "Is a directory; nothing was changed" in refused.output
    assert before == proposer.files()


def test_a_folder_without_a_proposal_is_refused(proposer: Proposer) -> None:
    """So is a configuration that cannot be read."""
    nothing = proposer.apply()
    proposer.at.config.write_text("nonsense: [")
    broken = proposer.apply()

    assert "this is no proposal" in nothing.output
    assert "the configuration cannot be used" in broken.output


def test_a_zabbix_is_asked_over_its_source(proposer: Proposer, zabbix: StandIn) -> None:
    """Its hosts are the customer's of the source; the file bears its name."""
    said = proposer.propose("zabbix", "zbx")
    proposer.apply()
    assert "From Zabbix: 1 new." in said
    assert "10.0.0.5" == proposer.catalogue().by_alias["acme", "db01"].address
    assert (proposer.at.folder / "inventory/zabbix-zbx.yaml").exists()

    zabbix.spoil["host.get"] = lambda _: []
    assert "names no hosts at all" in proposer.propose("zabbix", "zbx", expected=1)
    zabbix.status = 503
    assert "nothing was written" in proposer.propose("zabbix", "zbx", expected=1)


def test_a_netbox_is_asked_with_a_token_of_the_environment(
    proposer: Proposer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its tenants are customers, if that is said."""
    stand_in = NetBox({"dcim/devices/": [DEVICE]})
    with running(stand_in):
        words = ("netbox", "--url", stand_in.url, "--customer-from", "tenant", "--hosts-only")
        said = proposer.propose(*words, "--token", NETBOX_TOKEN)
        monkeypatch.setenv("NETBOX_TOKEN", "wrong")
        refused = proposer.propose(*words, expected=1)

    assert "  + acme: host hv01: at 10.0.0.5, also called 2001:db8::5, os linux\n" in said
    assert "NetBox refuses the token (HTTP 403)" in refused


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("zabbix", "zbz"), "there is no source 'zbz'"),
        (("zabbix", "gra"), "source 'gra' has no `monitor`"),
        (("csv", "none.csv"), "none.csv: cannot be read"),
        (("csv", "x", "--customer-from", "group:Acme"), "--customer-from is one of"),
        (("csv", "x", "--customer-from", "groups:*"), "--customer-from is one of"),
        (("csv", "x", "--column", "nmae=Host"), "write one of name, customer"),
        (("csv", "x", "--name", "../x"), "--name is one of up to 64 letters"),
    ],
)
def test_what_is_not_understood_is_said(
    proposer: Proposer, words: tuple[str, ...], said: str
) -> None:
    """Before anything is asked."""
    assert said in proposer.propose(*words, expected=1)


def test_whose_it_is_can_be_read_from_groups_and_tags(proposer: Proposer, zabbix: StandIn) -> None:
    """And what they do not say is somebody's only if that is said."""
    host = found(zabbix, "1", "db01", groups=[{"name": "Customers/Globex/db"}])
    other = found(zabbix, "2", "db02", tags=[{"tag": "customer", "value": "globex"}])
    zabbix.spoil["host.get"] = lambda _: [host, other]
    by_group = proposer.propose("zabbix", "zbx", "--customer-from", "group:Customers/*")
    by_tag = proposer.propose(
        "zabbix", "zbx", "--customer-from", "tag:customer", "--customer", "acme"
    )

    assert "+ globex: host db01" in by_group
    assert "x host db02: nothing says whose it is" in by_group
    assert "+ acme: host db01" in by_tag
    assert "+ globex: host db02" in by_tag


def test_a_source_that_knows_no_hosts_is_refused(proposer: Proposer) -> None:
    """A Grafana cannot say which there are."""
    monitor = "monitor: {url: http://127.0.0.1:1, token: {file: token}}"
    config = proposer.at.config.read_text()
    proposer.at.config.write_text(config.replace("kind: grafana", f"kind: grafana\n    {monitor}"))
    (proposer.at.folder / "token").write_text("t")

    assert "a source of kind grafana knows no hosts" in (
        proposer.propose("zabbix", "gra", expected=1)
    )


def test_a_proposal_that_cannot_be_written_is_refused(proposer: Proposer) -> None:
    """With the name of the file."""
    proposer.out.write_text("a file")

    assert "out/" in proposer.propose("csv", f"{proposer.at.folder}/hosts.csv", expected=1)
