"""The form in which people open a problem that nobody knew of."""

import re
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi import Query as Parameter
from fastapi.responses import RedirectResponse, Response

from watcher.decide.lifecycle import RefusedError
from watcher.engine.command import NotThereError
from watcher.engine.problems import Draft, ProblemDesk
from watcher.model.person import Principal
from watcher.web.deps import Deps, Parts
from watcher.web.guard import Operator
from watcher.web.pages.render import Frame

router = APIRouter(include_in_schema=False)

Line = Annotated[str, Form(max_length=200)]
# 0 is of no incident.
Of = Annotated[int, Parameter(ge=0, le=2**63 - 1)]

_NUMBER = re.compile(r"#?([0-9]{1,18})")


@dataclass(frozen=True, slots=True)
class ProblemForm:
    """The fields of that form; `incidents` are numbers with anything between them."""

    title: Line = ""
    customer: Line = ""
    service: Line = ""
    incidents: Annotated[str, Form(max_length=10_000)] = ""
    text: Annotated[str, Form(max_length=10_000)] = ""

    def draft(self) -> Draft:
        """What the fields say. Raises RefusedError for incidents that are no numbers."""
        words = self.incidents.replace(",", " ").split()
        found = [_NUMBER.fullmatch(each) for each in words]
        if not all(found):
            raise RefusedError("name incidents by their numbers, as 41 43")
        numbers = tuple(int(each[1]) for each in found if each)
        return Draft(self.title, self.customer.strip(), self.service.strip() or None, numbers)


@router.get("/problems/new")
def new_problem(request: Request, parts: Parts, by: Operator, incident: Of = 0) -> Response:
    """The form; of an incident it has what that says."""
    if not incident:
        return _form(request, parts, by, ProblemForm(customer=by.customer or ""))
    with parts.store.view() as view:
        found = view.incident(incident, by.customer)
    if found is None:
        raise NotThereError(f"there is no incident {incident}")
    form = ProblemForm(found.title, found.customer, found.service or "", str(incident))
    return _form(request, parts, by, form)


@router.post("/problems/new")
def open_problem(
    request: Request, parts: Parts, by: Operator, form: Annotated[ProblemForm, Depends()]
) -> Response:
    """Opens it, or shows the form again with what is wrong."""
    try:
        opened = ProblemDesk(parts.desk).open(form.draft(), by, form.text.strip())
    except (RefusedError, NotThereError) as error:
        return _form(request, parts, by, form, str(error))
    return RedirectResponse(f"/problems/{opened.number}", 303)


def _form(
    request: Request, parts: Deps, by: Principal, form: ProblemForm, wrong: str = ""
) -> Response:
    known = sorted(parts.catalogue.customers)
    customers = [by.customer] if by.customer else known
    mine = {name for customer, name in parts.catalogue.services if customer in customers}
    with parts.store.view() as view:
        return Frame(request, parts, by, view).page(
            "problem_new.html",
            status=409 if wrong else 200,
            form=form,
            wrong=wrong,
            customers=customers,
            services=sorted(mine),
        )
