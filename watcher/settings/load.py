"""Puts the configuration together: file, environment, secrets, catalogue, inventory and policy."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import ValidationError

from watcher.kit.shipped import shipped
from watcher.model.catalogue import Catalogue
from watcher.model.policy import Policy
from watcher.model.runbook import Runbook
from watcher.policy.catalogue import load_catalogue
from watcher.policy.endpoints import Notifier, Source
from watcher.policy.logins import Logins
from watcher.policy.problems import Place, Problem, Problems, checked
from watcher.policy.references import Secrets
from watcher.policy.rules import load_policy
from watcher.policy.runbooks import load_runbooks, triggers
from watcher.policy.suggest import did_you_mean
from watcher.policy.yamlfile import Document, YamlError
from watcher.policy.yamlfile import load as load_yaml
from watcher.settings.channels import read_channels
from watcher.settings.database import passwords, sqlite_url
from watcher.settings.environment import CONFIG, overlay
from watcher.settings.schema import ConfigFile, LogEntry, RetentionEntry
from watcher.settings.sources import Surroundings, read_sources
from watcher.settings.trackers import read_trackers
from watcher.trackers.base import Tracker


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that is configured, checked; `secrets` are all values to keep out of any output.

    `rules` are the folders that the policy was read from; `warnings` are worth telling.
    """

    listen: tuple[str, int]
    public_url: str
    data_dir: Path
    database_url: str = field(repr=False)
    sources: tuple[Source, ...]
    channels: Mapping[str, Notifier]
    trackers: tuple[Tracker, ...]
    catalogue: Catalogue
    policy: Policy
    rules: tuple[Path, ...]
    runbooks: Mapping[str, Runbook]
    retention: RetentionEntry
    log: LogEntry
    secrets: tuple[str, ...] = field(repr=False)
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Described:
    """Where services and hosts are described: the folders for it and every file that is read."""

    catalogue: tuple[Path, ...]
    inventory: tuple[Path, ...]
    folders: tuple[Path, Path]


class SettingsError(Exception):
    """The configuration cannot be used; `problems` is everything wrong with it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


def load(
    path: Path | None,
    env: Mapping[str, str],
    *,
    thorough: bool = False,
    brief: bool = False,
    awaited: Collection[Path] = (),
) -> Settings:
    """The settings of this file, else of the one in WATCHER_CONFIG, else the defaults.

    The rules and runbooks that come with Watcher are proven by its own tests, which need not be
    done again at every start: `thorough` does. `brief` settings are still without these runbooks:
    see `complete`. Files of secrets that are `awaited` may be missing. Raises SettingsError with
    everything that is wrong, in all files.
    """
    problems, secrets = Problems(), Secrets(env, awaited)
    document, config, context = _read(path, env, secrets, problems)
    logins = Logins(document, "ssh", context)
    catalogue = _catalogue(config, logins, problems)
    around = Surroundings(catalogue.customers, config.listen[0])
    sources = read_sources(document, context, around, problems)
    channels, notifiers = read_channels(document, context, catalogue.customers, problems)
    trackers = read_trackers(document, context, catalogue.customers, problems)
    books = config.runbooks if brief else _runbook_folders(config)
    runbooks = load_runbooks(books, problems, () if thorough else (shipped("runbooks"),))
    _check_profiles(runbooks, catalogue, problems)
    folders = _rule_folders(config)
    proven = () if thorough else (shipped("rules"),)
    policy = load_policy(folders, triggers(runbooks.values()), channels, problems, proven)

    if problems.errors or policy is None:
        raise SettingsError(tuple(problems))
    data_dir, url = _stored(config)
    return Settings(
        listen=config.listen,
        public_url=config.public_url or _own_address(*config.listen),
        data_dir=data_dir,
        database_url=url,
        sources=sources,
        channels=notifiers,
        trackers=trackers,
        catalogue=catalogue,
        policy=policy,
        rules=tuple(folders),
        runbooks=runbooks,
        retention=config.retention,
        log=config.log,
        secrets=tuple(sorted(secrets.found | passwords(url))),
        warnings=tuple(problems),
    )


def _check_profiles(
    runbooks: Mapping[str, Runbook], catalogue: Catalogue, problems: Problems
) -> None:
    """Warns of runbooks that want to log in as nobody knows how: they would run nowhere."""
    for each in runbooks.values():
        if each.profile and each.profile not in catalogue.profiles:
            hint = did_you_mean(each.profile, catalogue.profiles)
            message = f"it runs nowhere: there is no SSH profile {each.profile!r}{hint}"
            problems.add(Problem(each.origin, 0, message, warning=True))


def complete(brief: Settings) -> Settings:
    """These settings with the runbooks that come with Watcher.

    Raises SettingsError where one of them cannot be read.
    """
    problems, folder = Problems(), shipped("runbooks")
    runbooks = {**load_runbooks([folder], problems, [folder]), **brief.runbooks}
    if problems.errors:
        raise SettingsError(tuple(problems))
    policy = replace(brief.policy, runbooks=triggers(runbooks.values()))
    return replace(brief, policy=policy, runbooks=runbooks)


def token_files(path: Path | None, env: Mapping[str, str]) -> dict[str, Path]:
    """By source the file in which the token of its monitor is, or is to be.

    They are found whatever else may be wrong with the configuration.
    """
    named = _named(path, env)
    document = _document(named, Problems())
    found = document.data.get("sources") if isinstance(document.data, dict) else None
    files = {}
    for entry in found if isinstance(found, list) else ():
        match entry:
            case {"name": str(name), "monitor": {"token": {"file": str(file)}}}:
                files[str(name)] = _base(named) / Path(file).expanduser()
    return files


def rule_folders(path: Path | None, env: Mapping[str, str]) -> list[Path]:
    """The folders of rules that `load` would read, whatever may be wrong with them.

    Raises SettingsError where the configuration does not even say which.
    """
    return _rule_folders(_config_of(path, env))


def runbook_folders(path: Path | None, env: Mapping[str, str]) -> list[Path]:
    """The folders of runbooks that `load` would read, whatever may be wrong with them.

    Raises SettingsError where the configuration does not even say which.
    """
    return _runbook_folders(_config_of(path, env))


def described_in(path: Path | None, env: Mapping[str, str]) -> Described:
    """The files of catalogue and inventory that `load` would read, whatever may be wrong with them.

    Raises SettingsError where the configuration does not even say which.
    """
    return _described(_config_of(path, env))


def reload_policy(settings: Settings, problems: Problems) -> Policy | None:
    """The policy as its folders say now; None where they cannot be used, which is noted."""
    policy = settings.policy
    proven = [shipped("rules")]
    return load_policy(settings.rules, policy.runbooks, policy.channels, problems, proven)


def _read(
    path: Path | None, env: Mapping[str, str], secrets: Secrets, problems: Problems
) -> tuple[Document, ConfigFile, Mapping[str, object]]:
    """The configuration with what the environment says, and the context to check it in."""
    named = _named(path, env)
    context = {"base": _base(named), "secrets": secrets}
    document = overlay(_document(named, problems), env, ConfigFile.model_fields, problems)
    return document, _config(document, context, problems), context


def _named(path: Path | None, env: Mapping[str, str]) -> Path | None:
    return path or (Path(env[CONFIG]) if env.get(CONFIG) else None)


def _base(named: Path | None) -> Path:
    return named.absolute().parent if named else Path.cwd()


def _config_of(path: Path | None, env: Mapping[str, str]) -> ConfigFile:
    problems = Problems()
    _, config, _ = _read(path, env, Secrets(env), problems)
    if problems.errors:
        raise SettingsError(tuple(problems))
    return config


def _described(config: ConfigFile) -> Described:
    """Where no folder is named, one beside the first file is where it would be."""
    named = (config.catalogue, config.inventory)
    beside = next((path.parent for paths in named for path in paths), Path.cwd())
    folders = (
        next((path for path in paths if path.is_dir()), beside / name)
        for paths, name in zip(named, ("catalogue", "inventory"), strict=True)
    )
    catalogue, inventory = folders
    return Described(_files(config.catalogue), _files(config.inventory), (catalogue, inventory))


def _catalogue(config: ConfigFile, logins: Logins, problems: Problems) -> Catalogue:
    described = _described(config)
    return load_catalogue(described.catalogue, described.inventory, problems, logins)


def _stored(config: ConfigFile) -> tuple[Path, str]:
    """The folder for data, and the URL of the database."""
    data_dir = config.data_dir or Path.cwd() / "var"
    return data_dir, config.database_url or sqlite_url(data_dir / "watcher.db")


def _files(paths: Sequence[Path]) -> tuple[Path, ...]:
    """Every file, those of a folder in the order of their names."""
    each = (sorted(path.glob("*.yaml")) if path.is_dir() else [path] for path in paths)
    return tuple(file for files in each for file in files)


def _rule_folders(config: ConfigFile) -> list[Path]:
    return [shipped("rules"), *config.rules]


def _runbook_folders(config: ConfigFile) -> list[Path]:
    return [shipped("runbooks"), *config.runbooks]


def _document(path: Path | None, problems: Problems) -> Document:
    """The file as it stands; nothing where there is none, or none that can be read."""
    empty = Document(path or Path("configuration"), {}, {})
    if path is None:
        return empty
    try:
        found = load_yaml(path)
    except YamlError as error:
        problems.take(error)
        return empty
    if found.data is None:
        return empty
    if not isinstance(found.data, dict):
        problems.error(Place(found), "should be a mapping of keys to values")
        return empty
    return found


def _config(document: Document, context: Mapping[str, object], problems: Problems) -> ConfigFile:
    """The configuration; what is unsound is noted and counts as left out."""
    data = document.data if isinstance(document.data, dict) else {}
    checked(document, ConfigFile, problems, context)
    try:
        return ConfigFile.model_validate(data, context=context)
    except ValidationError as error:
        unsound = {str(details["loc"][0]) for details in error.errors()}
        sound = {key: value for key, value in data.items() if str(key) not in unsound}
        return ConfigFile.model_validate(sound, context=context)


def _own_address(host: str, port: int) -> str:
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - not bound here
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"
