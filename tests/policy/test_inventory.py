"""The inventory: one identity for each host, and how one logs in."""

from pathlib import Path
from textwrap import dedent

import pytest

from watcher.model.catalogue import Bastion, Host, HostKeys, SshProfile
from watcher.policy.inventory import Inventory, load_inventory
from watcher.policy.logins import Logins
from watcher.policy.problems import Problems
from watcher.policy.yamlfile import Document

LOGIN = {"user": "watcher", "key_file": "/etc/hostname", "known_hosts": "/etc/hosts"}
GIVEN = SshProfile("given", "watcher", "/etc/hostname", "/etc/hosts")


def read(folder: Path, text: str) -> tuple[Inventory, list[str]]:
    """The inventory with one profile given, and all complaints without the folder. What stands for
    a key can be read by everybody.
    """
    path = folder / "inventory.yaml"
    path.write_text(dedent(text))
    problems = Problems()
    given = Document(Path("watcher.yaml"), {"ssh": {"given": LOGIN}}, {})
    logins = Logins(given, "ssh", {"base": folder})
    inventory = load_inventory([path], {"default", "acme"}, problems, logins)
    complaints = [str(problem).replace(f"{folder}/", "") for problem in problems]
    return inventory, [one for one in complaints if "/etc/hostname can be read" not in one]


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
    (tmp_path / "key").chmod(0o600)
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


def test_a_profile_can_have_all_that_a_login_needs(tmp_path: Path) -> None:
    """Certificate, signing key, the way to treat new host keys, and the way there."""
    for name in ("key", "cert", "sign", "known_hosts"):
        (tmp_path / name).write_text("")
        (tmp_path / name).chmod(0o600)
    text = """\
        hosts:
          - {name: gate, address: 10.0.0.1, ssh: given}
        profiles:
          linux:
            user: watcher
            key_file: key
            certificate_file: cert
            signing_key_file: sign
            known_hosts: known_hosts
            host_keys: accept-new
            pins: pins
            via: gate
        """
    inventory, complaints = read(tmp_path, text)

    assert complaints == []
    assert inventory.profiles["linux"] == SshProfile(
        "linux",
        user="watcher",
        key_file=f"{tmp_path}/key",
        known_hosts=f"{tmp_path}/known_hosts",
        certificate_file=f"{tmp_path}/cert",
        signing_key_file=f"{tmp_path}/sign",
        host_keys=HostKeys.ACCEPT_NEW,
        pins=f"{tmp_path}/pins",
        via=Bastion(inventory.by_alias["default", "gate"], GIVEN),
    )


def test_a_key_that_others_can_read_is_warned_of(tmp_path: Path) -> None:
    """As OpenSSH does, where the file is ours."""
    for name in ("key", "known_hosts"):
        (tmp_path / name).write_text("")
        (tmp_path / name).chmod(0o644)
    _, complaints = read(
        tmp_path, "profiles: {a: {user: x, key_file: key, known_hosts: known_hosts}}"
    )

    warning = "key can be read by others than its owner; chmod 600 it"
    assert complaints == [f"inventory.yaml:1: warning: {warning}"]


def test_new_host_keys_need_a_place(tmp_path: Path) -> None:
    """`accept-new` without a file, and a file without `accept-new`, are mistakes."""
    text = """\
        profiles:
          a: {user: x, key_file: /dev/null, known_hosts: /etc/hosts, host_keys: accept-new}
          b: {user: x, key_file: /dev/null, known_hosts: /etc/hosts, pins: pins}
        """
    _, complaints = read(tmp_path, text)

    problem = "`host_keys: accept-new` and `pins`, the file for them, go together"
    assert [problem, problem] == [one.split(": ", 2)[-1] for one in complaints]


BASTIONS = """\
    hosts:
      - {name: a, address: 10.0.0.1, ssh: to-a}
      - {name: b, address: 10.0.0.2, ssh: to-b}
      - {name: c, address: 10.0.0.3, ssh: to-c}
      - {name: d, address: 10.0.0.4, ssh: to-d}
      - {name: two, customer: acme, address: 10.0.0.5, ssh: to-a}
      - {name: two, address: 10.0.0.6, ssh: to-a}
      - {name: closed, address: 10.0.0.7}
    profiles:
"""
FILES = "user: x, key_file: /etc/hostname, known_hosts: /etc/hosts"


def bastions(folder: Path, **via: str) -> tuple[Inventory, list[str]]:
    """Profiles by name, each with its bastion, "" for none."""
    lines = []
    for name, bastion in via.items():
        way = f", via: {bastion}" if bastion else ""
        lines.append(f"      {name.replace('_', '-')}: {{{FILES}{way}}}\n")
    inventory, complaints = read(folder, BASTIONS + "".join(lines))
    return inventory, [one for one in complaints if "there is no SSH profile" not in one]


def test_bastions_can_stand_one_behind_the_other(tmp_path: Path) -> None:
    """The way to a host behind three bastions is known at load."""
    inventory, complaints = bastions(tmp_path, to_a="", to_b="a", to_c="b", to_d="default/c")
    names = []
    bastion = inventory.profiles["to-d"].via
    while bastion is not None:
        names.append(bastion.host.name)
        bastion = bastion.profile.via

    assert complaints == []
    assert names == ["c", "b", "a"]


@pytest.mark.parametrize(
    ("via", "problem"),
    [
        ({"to_a": "bb"}, "there is no host 'bb' to go through; did you mean 'b'?"),
        ({"to_a": "closed"}, "host 'closed' has no SSH profile, so nobody gets through"),
        (
            {"to_b": "two", "to_a": ""},
            "there are several hosts 'two'; write acme/two or default/two",
        ),
        ({"to_a": "a"}, "the way through 'a' goes in a circle: to-a -> to-a"),
        (
            {"to_a": "b", "to_b": "c", "to_c": "d", "to_d": "e", "to_e": ""},
            "there is no host 'e' to go through",
        ),
        (
            {"last": "d", "to_d": "c", "to_c": "b", "to_b": "a", "to_a": ""},
            "there are more than 3 bastions in last -> to-d -> to-c -> to-b -> to-a",
        ),
    ],
    ids=["unknown", "no way in", "ambiguous", "circle", "unknown later", "too many"],
)
def test_a_way_that_leads_nowhere_is_a_mistake(
    tmp_path: Path, via: dict[str, str], problem: str
) -> None:
    """Each is found before anybody is connected to."""
    _, complaints = bastions(tmp_path, **via)

    assert [problem] == [one.split(": ", 1)[1] for one in complaints]


def test_a_bastion_without_a_profile_is_told_at_the_host(tmp_path: Path) -> None:
    """The host's own mistake is not told twice."""
    _, complaints = read(tmp_path, BASTIONS + f"      only: {{{FILES}, via: d}}\n")

    assert not [one for one in complaints if "via" in one or "through" in one]
