"""The catalogue: what it reads, what it looks up, and what it says of mistakes."""

from pathlib import Path
from textwrap import dedent

import pytest

from watcher.model.catalogue import Catalogue, Customer
from watcher.policy.catalogue import load_catalogue, load_topology
from watcher.policy.problems import Problems

INVENTORY = """\
hosts:
  - {name: db01, customer: acme, aliases: [10.0.0.5, DB01.acme.example]}
"""


def written(folder: Path, name: str, text: str) -> Path:
    """A file of that name with this content."""
    path = folder / name
    path.write_text(dedent(text))
    return path


def read(folder: Path, text: str, inventory: str = "") -> tuple[Catalogue, list[str]]:
    """The catalogue, and all complaints without the folder."""
    problems = Problems()
    catalogue = load_catalogue(
        [written(folder, "catalogue.yaml", text)],
        [written(folder, "inventory.yaml", inventory)],
        problems,
    )
    return catalogue, [str(problem).replace(f"{folder}/", "") for problem in problems]


def test_an_empty_catalogue_knows_the_default_customer(tmp_path: Path) -> None:
    """Whoever has no customers need not name one."""
    catalogue, complaints = read(tmp_path, "")

    assert complaints == []
    assert {"default": Customer("default")} == catalogue.customers


def test_services_are_found_by_name_and_by_host(tmp_path: Path) -> None:
    """A host leads to its services, most critical first, then the one with the fewest hosts."""
    text = """\
        customers:
          - {name: acme, title: Acme Corporation}
        services:
          - {name: wide, customer: acme, criticality: 4, hosts: [db01, web01]}
          - {name: low, customer: acme, criticality: 1, hosts: [db01]}
          - {name: b, customer: acme, criticality: 4, hosts: [db01], owners: [dba]}
          - {name: a, customer: acme, criticality: 4, hosts: [db01], depends_on: [b]}
          - {name: a, criticality: 2, hosts: [db01]}
        """
    catalogue, complaints = read(tmp_path, text)

    assert complaints == []
    assert catalogue.customers["acme"] == Customer("acme", "Acme Corporation")
    assert [one.name for one in catalogue.by_host["acme", "db01"]] == ["a", "b", "wide", "low"]
    assert [one.name for one in catalogue.by_host["default", "db01"]] == ["a"]
    assert catalogue.services["acme", "b"].owners == ("dba",)
    assert catalogue.services["acme", "a"].depends_on == ("b",)


def test_hosts_of_a_service_go_by_their_identity(tmp_path: Path) -> None:
    """A service may use any alias of a host; a host outside the inventory keeps its name."""
    text = """\
        customers: [{name: acme}]
        services:
          - {name: a, customer: acme, criticality: 1, hosts: [db01.ACME.example, 10.0.0.5, Box]}
        """
    catalogue, complaints = read(tmp_path, text, INVENTORY)

    assert complaints == []
    assert catalogue.services["acme", "a"].hosts == ("db01", "Box")
    assert {("acme", "db01"), ("acme", "Box")} == set(catalogue.by_host)
    assert ("acme", "box") not in catalogue.by_alias


def test_every_mistake_is_named_at_its_line(tmp_path: Path) -> None:
    """One bad entry hides no other, and is not itself taken for missing."""
    text = """\
        customers:
          - {name: acme}
          - {name: acme}
          - {name: globex, titel: Globex}
        services:
          - {name: a, customer: acme, criticality: 9}
          - {name: b, customer: acme, criticality: 2, depends_on: [a, bb, c]}
          - {name: c, customer: acm, criticality: 2}
          - {name: b, customer: acme, criticality: 3}
          - {name: d, customer: globex, criticality: 3, depends_on: [b]}
          - {nam: e, criticality: 3}
          - 7
        """
    _, complaints = read(tmp_path, text)

    assert complaints == [
        "catalogue.yaml:3: customer 'acme' is described twice",
        "catalogue.yaml:4: unknown key 'titel' in customers.2; did you mean 'title'?",
        "catalogue.yaml:6: services.0.criticality: should be less than or equal to 4",
        "catalogue.yaml:8: there is no customer 'acm'; did you mean 'acme'?",
        "catalogue.yaml:9: service 'b' is described twice (see catalogue.yaml:7)",
        "catalogue.yaml:10: 'd' depends on 'b', which is no service",
        "catalogue.yaml:11: 'name' is missing in services.5",
        "catalogue.yaml:11: unknown key 'nam' in services.5; did you mean 'name'?",
        "catalogue.yaml:12: services.6: should be a mapping of keys to values",
    ]


def test_a_dependency_on_nothing_is_an_error_with_a_suggestion(tmp_path: Path) -> None:
    """A misspelt dependency would keep an outage from being understood."""
    text = "services:\n- {name: billing, criticality: 1}\n- name: shop\n  criticality: 1\n"
    _, complaints = read(tmp_path, text + "  depends_on:\n  - biling\n")

    assert complaints == [
        "catalogue.yaml:6: 'shop' depends on 'biling', which is no service; did you mean 'billing'?"
    ]


def test_circles_are_facts_of_life_worth_knowing(tmp_path: Path) -> None:
    """Each circle of dependencies is one warning; a service that depends on itself is none."""
    text = """\
        services:
          - {name: a, criticality: 1, depends_on: [b, a]}
          - {name: b, criticality: 1, depends_on: [c]}
          - {name: c, criticality: 1, depends_on: [a]}
          - {name: d, criticality: 1, depends_on: [a, e]}
          - {name: e, criticality: 1, depends_on: [d]}
        """
    catalogue, complaints = read(tmp_path, text)

    assert len(catalogue.services) == 5
    assert len(complaints) == 2
    assert all("depend on each other in a circle" in complaint for complaint in complaints)
    assert [set("abc"), set("de")] == sorted(
        (set(complaint.rpartition(": ")[2].split(" -> ")) for complaint in complaints), key=min
    )


def test_large_files_are_read_in_time(tmp_path: Path) -> None:
    """Where hundreds of services are wrong, neither guesses nor circles are sought for all."""
    services = "\n".join(
        f"- {{name: s{number}, criticality: 1, depends_on: [s{(number + 1) % 600}, t{number}]}}"
        for number in range(600)
    )
    _, complaints = read(tmp_path, f"services:\n{services}\n")

    assert len([one for one in complaints if "which is no service" in one]) == 600
    assert not [one for one in complaints if "did you mean" in one]


def test_a_topology_may_depend_on_devices_that_it_does_not_describe(tmp_path: Path) -> None:
    """For a replay such a dependency is only a warning, and the customer is the default one."""
    problems = Problems()
    path = written(
        tmp_path,
        "topology.yaml",
        """\
        services:
          - name: shop
            criticality: 3
            hosts: [web01]
            depends_on: [switch7]
        """,
    )
    catalogue = load_topology(path, problems)

    assert problems.errors == ()
    assert [f"{path}:5: warning: 'shop' depends on 'switch7', which is no service"] == [
        str(problem) for problem in problems
    ]
    assert catalogue.by_host["default", "web01"][0].depends_on == ("switch7",)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("- 1", "catalogue.yaml:1: should be a mapping of keys to values"),
        ("services: {a: b", "catalogue.yaml:2: did not find expected ',' or '}'"),
        ("services: 1", "catalogue.yaml:1: services: should be a list"),
    ],
)
def test_a_file_that_is_no_catalogue_is_one_complaint(
    tmp_path: Path, text: str, complaint: str
) -> None:
    """What cannot be read at all is said once."""
    assert [complaint] == read(tmp_path, text)[1]


def test_a_missing_file_is_a_complaint(tmp_path: Path) -> None:
    """A catalogue that is named must be there."""
    problems = Problems()
    load_catalogue([tmp_path / "none.yaml"], [], problems)

    assert [f"{tmp_path}/none.yaml:1: cannot be read: No such file or directory"] == [
        str(problem) for problem in problems
    ]
