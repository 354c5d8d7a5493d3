"""The inventory: one identity for each host, and how one logs in."""

from pathlib import Path
from textwrap import dedent

from watcher.model.catalogue import Host, SshProfile
from watcher.policy.inventory import Inventory, Logins, load_inventory
from watcher.policy.problems import Problems
from watcher.policy.yamlfile import Document

LOGIN = {"user": "watcher", "key_file": "/etc/hostname", "known_hosts": "/etc/hosts"}
GIVEN = SshProfile("given", "watcher", "/etc/hostname", "/etc/hosts")


def read(folder: Path, text: str) -> tuple[Inventory, list[str]]:
    """The inventory with one profile given, and all complaints without the folder."""
    path = folder / "inventory.yaml"
    path.write_text(dedent(text))
    problems = Problems()
    given = Document(Path("watcher.yaml"), {"ssh": {"given": LOGIN}}, {})
    logins = Logins(given, "ssh", {"base": folder})
    inventory = load_inventory([path], {"default", "acme"}, problems, logins)
    return inventory, [str(problem).replace(f"{folder}/", "") for problem in problems]


def test_a_host_is_found_by_all_its_names(tmp_path: Path) -> None:
    """Every alias leads to the same host, whatever its case, and so does the name itself."""
    text = """\
        hosts:
          - name: db01
            customer: acme
            aliases: ["10.0.0.5:9100", DB01.acme.example, DB01]
            address: 10.0.0.5
            port: 2222
            ssh: given
            tags: {os: linux, floor: 3}
        """
    inventory, complaints = read(tmp_path, text)
    host = Host(
        "acme",
        "db01",
        aliases=("10.0.0.5:9100", "DB01.acme.example", "DB01"),
        address="10.0.0.5",
        port=2222,
        ssh="given",
        tags={"os": "linux", "floor": "3"},
    )

    assert complaints == []
    assert inventory.by_alias == {
        ("acme", "db01"): host,
        ("acme", "10.0.0.5:9100"): host,
        ("acme", "db01.acme.example"): host,
    }


def test_a_profile_names_files_relative_to_its_own(tmp_path: Path) -> None:
    """Paths start at the folder of the file that names them, unless they are absolute."""
    (tmp_path / "key").write_text("")
    (tmp_path / "known_hosts").write_text("")
    text = f"""\
        profiles:
          linux:
            user: watcher
            key_file: key
            known_hosts: {tmp_path}/known_hosts
            port: 2200
            connect_timeout: 1500ms
        """
    inventory, complaints = read(tmp_path, text)

    assert complaints == []
    assert inventory.profiles == {
        "given": GIVEN,
        "linux": SshProfile(
            "linux", "watcher", f"{tmp_path}/key", f"{tmp_path}/known_hosts", 2200, 1.5
        ),
    }


def test_files_that_cannot_be_read_now_are_warned_of(tmp_path: Path) -> None:
    """A key may be mounted later, so its absence keeps nothing from starting."""
    text = """\
        profiles:
          linux:
            user: watcher
            key_file: key
            known_hosts: known_hosts
        """
    _, complaints = read(tmp_path, text)

    assert complaints == [
        "inventory.yaml:4: warning: key cannot be read, so no login will succeed",
        "inventory.yaml:5: warning: known_hosts cannot be read, so no login will succeed",
    ]


def test_an_alias_means_one_host_of_a_customer(tmp_path: Path) -> None:
    """An ambiguous name is an error that names both hosts; another customer's is no concern."""
    text = """\
        hosts:
          - {name: db1, customer: acme, aliases: [db]}
          - {name: db2, customer: acme, aliases: [DB]}
          - {name: db1, customer: default}
          - {name: db1, customer: acme}
        """
    _, complaints = read(tmp_path, text)

    assert complaints == [
        "inventory.yaml:3: 'db' means both 'db2' and 'db1' (see inventory.yaml:2)",
        "inventory.yaml:5: host 'db1' is described twice (see inventory.yaml:2)",
    ]


def test_a_missing_inventory_is_an_error(tmp_path: Path) -> None:
    """A file that is named must be there; without it nothing is known."""
    problems = Problems()
    inventory = load_inventory([tmp_path / "none.yaml"], {"default"}, problems)

    assert inventory.by_alias == {}
    assert ["cannot be read: No such file or directory"] == [one.message for one in problems]


def test_every_mistake_is_named_at_its_line(tmp_path: Path) -> None:
    """What a host refers to must exist, and a login needs an address."""
    text = """\
        hosts:
          - {name: a, customer: acmee}
          - {name: b, ssh: gven, address: 10.0.0.1}
          - {name: c, ssh: given}
          - {name: d, port: 0}
        profiles:
          given: {user: x, key_file: /dev/null, known_hosts: /etc/hostname}
          bad: {user: x, key_file: 1, known_hosts: ""}
        """
    _, complaints = read(tmp_path, text)

    assert complaints == [
        "inventory.yaml:2: there is no customer 'acmee'; did you mean 'acme'?",
        "inventory.yaml:3: there is no SSH profile 'gven'; did you mean 'given'?",
        "inventory.yaml:4: host 'c' has an SSH profile but no address",
        "inventory.yaml:5: hosts.3.port: should be greater than or equal to 1",
        "inventory.yaml:7: warning: /dev/null cannot be read, so no login will succeed",
        "inventory.yaml:7: there is another SSH profile 'given'",
        "inventory.yaml:8: profiles.bad.key_file: should be a path",
        "inventory.yaml:8: profiles.bad.known_hosts: should be a path",
    ]
