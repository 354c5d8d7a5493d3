"""What the API says of changes: as they are, and as suspects of an incident."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel, ConfigDict

from watcher.decide.deployments import Near, is_known
from watcher.model.catalogue import Catalogue
from watcher.model.deployment import Deployment, DeploymentStatus


class Reason(BaseModel):
    """Why a decision fell as it did."""

    model_config = ConfigDict(from_attributes=True)

    rule: str
    text: str
    keys: list[str]
    edge: tuple[str, str] | None
    gap: float | None


class ChangeItem(BaseModel):
    """What was deployed or altered. It is `known` where its service is in the catalogue, or its
    host in the inventory.
    """

    model_config = ConfigDict(from_attributes=True)

    id: int
    customer: str
    source: str
    key: str
    what: str
    status: DeploymentStatus
    service: str | None
    host: str | None
    known: bool
    environment: str
    revision: str
    author: str
    url: str
    at: datetime
    ended_at: datetime | None

    @classmethod
    def of(cls, change: Deployment, catalogue: Catalogue) -> Self:
        """The change as it is listed."""
        named = {name: getattr(change, name, None) for name in cls.model_fields}
        return cls.model_validate(named | {"known": is_known(change, catalogue)})


class ChangeRate(BaseModel):
    """How many of the `changes` like it were `followed` by an incident within so many seconds."""

    changes: int
    followed: int
    within: float


class ChangeBefore(ChangeItem):
    """A change before an incident, as a suspect and no more. It touched the `node`, so many `hops`
    from what the incident is about, `age` seconds before the first alert. It is `strong` where the
    timeline tells of it.
    """

    node: str
    hops: int
    age: float
    under_way: bool
    strong: bool
    rate: ChangeRate | None
    reason: Reason

    @classmethod
    def near(cls, near: Near, catalogue: Catalogue) -> Self:
        """The suspect with all that speaks for and against it."""
        rate = near.rate
        said = {
            "node": near.node,
            "hops": near.hops,
            "age": near.age.total_seconds(),
            "under_way": near.under_way,
            "strong": near.strong,
            "rate": rate
            and ChangeRate(
                changes=rate.changes,
                followed=rate.followed,
                within=rate.within.total_seconds(),
            ),
            "reason": near.reason,
        }
        return cls.model_validate(ChangeItem.of(near.deployment, catalogue).model_dump() | said)
