"""Is everything well? Asked by orchestrators, and said above every page when it is not."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from watcher.engine.digest import LEASE
from watcher.kit.log import logger
from watcher.model.matcher import Matcher, Operator
from watcher.model.person import Principal, Role
from watcher.policy.problems import Problem
from watcher.store.base import StoreUnavailable
from watcher.store.query import Query
from watcher.store.views import View
from watcher.web.deps import Deps

_log = logger("health")


class Check(BaseModel):
    """One thing that Watcher depends on."""

    ok: bool
    text: str


@dataclass(frozen=True, slots=True)
class Banner:
    """Something that people should know before they trust what they see."""

    text: str
    path: str = ""
    tone: str = ""


def checks(parts: Deps) -> dict[str, Check]:
    """Each thing that Watcher depends on, with what is found of it."""
    try:
        present, wanted = parts.store.revision()
        schema = Check(ok=present == wanted, text=f"{present or 'empty'}; needed: {wanted}")
        found = {"store": Check(ok=True, text="answers"), "schema": schema}
        if schema.ok:
            with parts.store.view() as view:
                found["worker"] = _worker(parts, view)
    except StoreUnavailable as error:
        # Anybody may ask, and a database's own words tell where it stands and who logs in.
        _log.error("the store does not answer", reason=str(error))
        return {"store": Check(ok=False, text="does not answer")}
    return found


def banners(parts: Deps, view: View, by: Principal) -> Iterator[Banner]:
    """What is amiss, as far as it concerns the one who looks."""
    worker = _worker(parts, view)
    if not worker.ok:
        yield Banner(f"What you see may be old: the worker {worker.text}.", tone="bad")
    if parts.rules.problems:
        yield Banner(_broken_rules(parts.rules.problems, by), tone="bad")
    if by.role.rank < Role.OPERATOR.rank:
        return
    given_up = view.action_list(_counted("gave_up", by)).total
    if given_up:
        yield Banner(f"{_many(given_up, 'action')} gave up", "/actions?match=status%3Dgave_up")
    dead = view.delivery_list(_counted("dead", by)).total
    if dead:
        text = f"{_many(dead, 'delivery', 'deliveries')} could not be understood"
        yield Banner(text, "/deliveries?match=status%3Ddead")


def _broken_rules(problems: Sequence[Problem], by: Principal) -> str:
    text = "The rules have changed and cannot be used; the old ones stay in force"
    # Rules are about all customers, and files are nobody's business but an operator's.
    if by.customer is not None or by.role.rank < Role.OPERATOR.rank:
        return f"{text}."
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"{text}: {problems[0]}{more}"


def _worker(parts: Deps, view: View) -> Check:
    """Whether some worker holds the lease of the digest, as every working one tries to."""
    until = view.leased_until(LEASE)
    if until is None:
        return Check(ok=False, text="was never seen")
    if until < parts.clock.now():
        late = int((parts.clock.now() - until).total_seconds())
        return Check(ok=False, text=f"has not been seen for more than {late} s")
    return Check(ok=True, text="is at work")


def _counted(status: str, by: Principal) -> Query:
    only = (Matcher("status", Operator.EQUAL, status),)
    return Query(only, by.customer, limit=1, total=True)


def _many(count: int, one: str, several: str = "") -> str:
    return f"{count} {one}" if count == 1 else f"{count} {several or one + 's'}"
