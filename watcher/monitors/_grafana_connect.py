"""Connects one Grafana to Watcher as an administrator of its organisation."""

from base64 import urlsafe_b64encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from watcher.kit.clock import Clock
from watcher.kit.secrets import Secret
from watcher.model.survey import Held
from watcher.monitors._grafana_organisation import check_own, organisation
from watcher.monitors._grafana_setup import (
    ACCOUNTS,
    POINTS,
    POLICIES,
    Found,
    Step,
    Wish,
    check,
    connecting,
    disconnecting,
    settings,
    with_routes,
    without_routes,
)
from watcher.monitors._json_api import ApiError, JsonApi, elements, members, strange, text
from watcher.monitors.base import MonitorError, Trouble
from watcher.monitors.grafana import ALERTS

_PROVISIONING = "alert.provisioning:write (role Admin)"
_ACCOUNT = "serviceaccounts:write (role Admin)"
_OLD_TEST = "/api/alertmanager/grafana/config/api/v1/receivers/test"
_NEW_TEST = "/apis/notifications.alerting.grafana.app/v1beta1/namespaces/{}/receivers/{}/test"
_NOT_THERE = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)


class Admin:
    """What an administrator can do there; `authorization` is the value of that header."""

    def __init__(self, url: str, authorization: str, ca_file: str, clock: Clock) -> None:
        self._api = JsonApi(url, authorization, ca_file, clock)

    def check(self, wish: Wish) -> None:
        """Raises MonitorError unless this Grafana can be connected so, and by us."""
        check(self._found(wish), wish)

    def check_own(self, held: Iterable[Held], before: str) -> None:
        """Raises MonitorError where the source is one of another organisation than ours."""
        check_own(organisation(self._api), held, before)

    def connect(self, wish: Wish, *, dry_run: bool) -> Iterator[Step]:
        """Makes and puts right what is not as wanted; yields each change. Raises MonitorError."""
        found = self._found(wish)
        for step in connecting(found, wish):
            if not dry_run:
                self._do(step, found, wish)
            yield step

    def disconnect(self, wish: Wish, *, dry_run: bool) -> Iterator[Step]:
        """Takes away what `connect` made; yields each change. Raises MonitorError."""
        found = self._found(wish)
        for step in disconnecting(found, wish):
            if not dry_run:
                self._do(step, found, wish)
            yield step

    def rejects(self, token: Secret) -> str:
        """Why our alerts cannot be read with this token, "" where they can. Raises MonitorError."""
        asked = replace(self._api, authorization=f"Bearer {token.reveal()}")
        try:
            asked.get(ALERTS)
            theirs = organisation(asked)
        except ApiError as error:
            if error.trouble in {Trouble.TOKEN, Trouble.RIGHTS}:
                return str(error)
            raise
        ours = organisation(self._api)
        return "" if theirs == ours else f"it is of {theirs}, not of {ours}"

    def new_token(self, wish: Wish) -> Secret:
        """A token of the service account, which Grafana shows this once. Raises MonitorError."""
        account = self._account(wish)
        if account is None:
            raise strange(ACCOUNTS, f"no service account {wish.account}")
        name = f"watcher {self._api.clock.now():%Y-%m-%d %H:%M:%S.%f}"
        path = f"{ACCOUNTS}/{account['id']}/tokens"
        made = members(self._api.call("POST", path, {"name": name}, needs=_ACCOUNT), path)
        return Secret(text(made.get("key")))

    def send_test(self, wish: Wish, mark: str) -> None:
        """Has the contact point post a test alert with this summary. Raises MonitorError, also
        with what it got for an answer.
        """
        found = self._found(wish)
        point = found.point(wish)
        if point is None:
            raise strange(POINTS, f"no contact point {wish.contact}")
        alert = {
            "labels": {"alertname": "TestAlert", "instance": "Grafana"},
            "annotations": {"summary": mark},
        }
        try:
            failed = self._test_of_old(wish, point, alert)
        except ApiError as error:
            if error.status not in _NOT_THERE:
                raise
            failed = self._test_of_new(wish, point, alert)
        if failed:
            raise MonitorError(f"the contact point could not post: {failed}", Trouble.STRANGE)

    def _test_of_old(self, wish: Wish, point: Mapping[str, Any], alert: object) -> str:
        """The test as it was until Grafana 12; returns what went wrong."""
        config = {
            "uid": point["uid"],
            "name": wish.contact,
            "type": "webhook",
            "settings": settings(wish),
            "disableResolveMessage": False,
        }
        receiver = {"name": wish.contact, "grafana_managed_receiver_configs": [config]}
        body = {"receivers": [receiver], "alert": alert}
        said = members(self._api.call("POST", _OLD_TEST, body), _OLD_TEST)
        for each in elements(said.get("receivers"), _OLD_TEST):
            parts = members(each, _OLD_TEST).get("grafana_managed_receiver_configs")
            for part in elements(parts, _OLD_TEST):
                result = members(part, _OLD_TEST)
                if result.get("status") != "ok":
                    return text(result.get("error")) or "for reasons that Grafana does not say"
        return ""

    def _test_of_new(self, wish: Wish, point: Mapping[str, Any], alert: object) -> str:
        """The test as it is since Grafana 13; returns what went wrong."""
        where = "/api/frontend/settings"
        namespace = text(members(self._api.get(where), where).get("namespace")) or "default"
        name = urlsafe_b64encode(wish.contact.encode()).decode().rstrip("=")
        path = _NEW_TEST.format(namespace, name)
        body = {"integrationRef": {"uid": point["uid"]}, "alert": alert}
        said = members(self._api.call("POST", path, body, needs=_PROVISIONING), path)
        if said.get("status") == "success":
            return ""
        return text(said.get("error")) or "for reasons that Grafana does not say"

    def _found(self, wish: Wish) -> Found:
        health = members(self._api.get("/api/health"), "/api/health")
        points = elements(self._api.get(POINTS, needs=_PROVISIONING), POINTS)
        return Found(
            text(health.get("version")),
            [members(each, POINTS) for each in points],
            self._tree(),
            self._account(wish),
        )

    def _tree(self) -> Mapping[str, Any]:
        return members(self._api.get(POLICIES, needs=_PROVISIONING), POLICIES)

    def _account(self, wish: Wish) -> Mapping[str, Any] | None:
        path = f"{ACCOUNTS}/search"
        found = members(self._api.get(path, [("query", wish.account)], needs=_ACCOUNT), path)
        accounts = (members(each, path) for each in elements(found.get("serviceAccounts"), path))
        return next((one for one in accounts if one.get("name") == wish.account), None)

    def _do(self, step: Step, found: Found, wish: Wish) -> None:
        # The tree is put back as a whole: whoever changed it meanwhile would lose that.
        if step.path == POLICIES and self._tree() != found.tree:
            raise _changed("somebody changes the notification policies just now: run this again")
        needs = _ACCOUNT if step.path.startswith(ACCOUNTS) else _PROVISIONING
        self._api.call(step.method, step.path, step.body, headers=step.headers, needs=needs)
        if step.path == POLICIES:
            self._check_kept(found, wish)

    def _check_kept(self, found: Found, wish: Wish) -> None:
        """Raises MonitorError unless the tree has nothing but our routes more or less."""
        tree = self._tree()
        before, after = (_bare(without_routes(each, wish.contact)) for each in (found.tree, tree))
        settled = (with_routes(tree, wish.contact), without_routes(tree, wish.contact))
        if before != after or tree not in settled:
            raise _changed("Grafana did not keep the notification policies as they were put there")


def _bare(tree: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in tree.items() if name != "provenance"}


def _changed(message: str) -> MonitorError:
    return MonitorError(message, Trouble.STRANGE)
